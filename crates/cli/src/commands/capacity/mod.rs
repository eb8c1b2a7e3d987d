//! `plimsoll capacity`: the highest rate at which objectives are kept.
//!
//! Which trial comes next is decided by [`plimsoll_analysis::capacity`]; here they are run, stored and
//! told.

pub(super) mod bench;
mod conclusion;
mod diagnosis;
mod gather;
pub(super) mod interrupt;
mod json;
mod plan;
mod probe;
mod record;
mod report;
pub(super) mod screen;
mod store;
pub(super) mod targets;
pub(super) mod trial;
pub(super) mod words;

use std::{sync::Arc, time::Duration};

use plimsoll_analysis::capacity::{Finding, Order, Search, Settings, Step};
use plimsoll_engine::runner::Runner;
use plimsoll_metrics::window::Objective;
use plimsoll_runtime::{clock::Instant, shutdown, workers};

use self::{
    bench::Bench,
    conclusion::Conclusion,
    interrupt::{First, Interrupt},
    record::Entry,
    screen::Screen,
    store::{Range, Store, Subject},
    trial::Laboratory,
};
use crate::{
    Session,
    args::{CapacityArgs, Dimension},
    commands::attack::parts,
    exit::{Exit, Failure},
    terminal,
};

/// Searches; `Ok` is what was found, which may be that nothing is sure.
pub(crate) fn capacity(args: &CapacityArgs, session: &Session) -> Result<Exit, Failure> {
    let asked = Asked::read(args)?;
    if let Err(error) = shutdown::raise_fd_limit() {
        session.log.warn(&format!("cannot raise the limit of open files: {error}"));
    }
    let attack = &args.sent.attack;
    match attack.url.as_deref() {
        Some(file) if targets::is_script(file) => {
            let config = session.global.config.as_deref();
            let bench = targets::script(&args.sent, args.senders, file, config, session.log)?;
            asked.search(&bench, args, session)
        }
        Some(_) if parts::is_redis(attack) => {
            asked.search(&targets::redis(&args.sent, args.senders, session.log)?, args, session)
        }
        _ => asked.search(&targets::http(&args.sent, args.senders, session.log)?, args, session),
    }
}

/// What the flags ask for.
struct Asked {
    objectives: Vec<Objective>,
    /// As written.
    sources: Vec<String>,
    /// Per second.
    goal: Option<f64>,
    start: Option<f64>,
    max_rate: Option<f64>,
}

impl Asked {
    fn read(args: &CapacityArgs) -> Result<Asked, Failure> {
        let bad = |message: String| Failure::new(Exit::BadConfiguration, message);
        if args.dimension != Dimension::Rate {
            return Err(bad("--dimension: only the rate can be raised so far".to_owned()));
        }
        if args.objectives.is_empty() {
            let message = "--slo is missing: what is to be kept while the rate rises?";
            return Err(
                bad(message.to_owned()).with_hint("add --slo 'p(99)<200ms' --slo 'errors<0.1%'")
            );
        }
        let objective = |text: &String| {
            Objective::parse(text).map_err(|error| {
                bad(format!("--slo: {error}").replace("condition ", ""))
                    .with_hint("write 'p(99)<200ms', 'avg<50ms over 10s' or 'errors<0.1%'")
            })
        };
        let objectives = args.objectives.iter().map(objective).collect::<Result<Vec<_>, _>>()?;
        let rate = |flag: &str, text: &Option<String>| {
            let parsed = text.as_ref().map(|text| {
                let rate = parts::constant_rate(text).map_err(|error| {
                    bad(format!("{flag} {text:?}: {error}")).with_hint("write 2000/s or 50/1m")
                });
                rate.map(|rate| rate.value())
            });
            parsed.transpose()
        };
        let asked = Asked {
            sources: objectives.iter().map(|one| one.source.clone()).collect(),
            objectives,
            goal: rate("--goal", &args.goal)?,
            start: rate("--start", &args.start)?,
            max_rate: rate("--max-rate", &args.max_rate)?,
        };
        match (asked.goal, asked.max_rate) {
            (Some(goal), Some(most)) if goal > most => {
                Err(bad("--goal is above --max-rate, so it cannot be reached".to_owned()))
            }
            _ => Ok(asked),
        }
    }

    fn search<R: Runner>(
        &self,
        bench: &Bench<R>,
        args: &CapacityArgs,
        session: &Session,
    ) -> Result<Exit, Failure> {
        let subject = Subject { target: bench.subject.clone(), objectives: self.sources.clone() };
        let store = Store::new(args.state.as_deref(), &subject);
        let stored = args.resume.then(|| store.read(&subject)).transpose()?;
        let interrupt = Interrupt::listen(First::Drains)?;
        let screen = Screen::new(session);
        let cores = args.generator_cores.unwrap_or_else(|| {
            let threads = args.sent.attack.pace.threads;
            let cores = workers::cores();
            (if threads == 0 { cores } else { threads.min(cores) }) as f64
        });
        let laboratory = Laboratory {
            bench,
            objectives: &self.objectives,
            see: &args.sent.attack.see,
            interrupt: &interrupt,
            screen: &screen,
            log: session.log,
            cores,
        };
        let began = Instant::now();
        let Some(probed) = laboratory.probe()? else {
            screen.line("interrupted before the search began");
            return Ok(Exit::Interrupted);
        };
        let (range, entries) = match stored {
            Some(stored) => (stored.range, stored.entries),
            None => (self.range(&probed), Vec::new()),
        };
        let settings = Settings::within(args.budget, range.start, range.ceiling);
        for line in plan::plan(bench, &self.sources, &probed, &settings, args.budget) {
            screen.line(&line);
        }
        let mut hunt = Hunt {
            laboratory,
            store,
            budget: args.budget,
            before: entries.last().map_or(Duration::ZERO, |entry| entry.elapsed),
            began,
            search: Search::new(settings),
            entries: Vec::new(),
        };
        hunt.begin(&subject, range, entries)?;
        let finding = hunt.run()?;
        self.tell(hunt, finding, args, &interrupt)
    }

    fn range(&self, probed: &probe::Probed) -> Range {
        let ceiling = self.max_rate.unwrap_or(probed.ceiling);
        Range { start: self.start.unwrap_or(probed.start).min(ceiling), ceiling }
    }

    fn tell<R: Runner>(
        &self,
        hunt: Hunt<R>,
        finding: Finding,
        args: &CapacityArgs,
        interrupt: &Arc<Interrupt>,
    ) -> Result<Exit, Failure> {
        let Hunt { laboratory, search, entries, store, .. } = hunt;
        let (bench, settings) = (laboratory.bench, search.settings());
        let is_interrupted = interrupt.is_set();
        let conclusion =
            Conclusion::new(finding, &entries, settings.needed, self.goal, is_interrupted);
        if is_interrupted && let Some(path) = store.path() {
            let path = path.display();
            laboratory.screen.line(&format!("stored in {path}; --resume goes on"));
        }
        let watched = &args.sent.attack.see.watched.watch;
        let verdict = diagnosis::diagnose(&entries, &conclusion.finding, watched);
        let text = if args.json {
            let asked = json::Asked {
                target: &bench.subject,
                noun: bench.noun,
                objectives: &self.sources,
                settings,
            };
            format!("{:#}\n", json::json(&conclusion, &verdict, &asked, &entries))
        } else {
            let about = report::About { noun: bench.noun, objectives: &self.sources };
            report::report(&conclusion, &verdict, &about, &entries)
        };
        terminal::print(&text)?;
        Ok(conclusion.verdict.exit())
    }
}

/// A search under way.
struct Hunt<'a, R: Runner> {
    laboratory: Laboratory<'a, R>,
    store: Store,
    search: Search,
    entries: Vec<Entry>,
    budget: Duration,
    /// What a search that goes on took before.
    before: Duration,
    began: Instant,
}

impl<R: Runner> Hunt<'_, R> {
    /// Takes in the trials that there are already.
    fn begin(
        &mut self,
        subject: &Subject,
        range: Range,
        entries: Vec<Entry>,
    ) -> Result<(), Failure> {
        self.store.begin(subject, range, &entries)?;
        if !entries.is_empty() {
            let text = format!("goes on after {} stored trials", entries.len());
            self.laboratory.screen.line(&text);
        }
        for entry in &entries {
            self.search.record(entry.order, entry.outcome.clone(), entry.score);
        }
        self.entries = entries;
        Ok(())
    }

    /// Until the search is done, or the person ends it.
    fn run(&mut self) -> Result<Finding, Failure> {
        loop {
            let order = match self.search.next(self.left()) {
                Step::Run(order) => order,
                Step::Done(finding) => return Ok(finding),
            };
            let words = self.words(order);
            let told = (words.clone(), self.so_far());
            let Some(tried) = self.laboratory.trial(order, told)? else {
                return Ok(self.known());
            };
            let laboratory = &self.laboratory;
            let verdict = words::verdict(&tried.judgement, laboratory.objectives, order.rate);
            let entry = Entry::new(order, tried, laboratory.objectives, self.elapsed());
            if let Err(error) = self.store.add(&entry) {
                laboratory.log.warn(&error);
            }
            self.search.record(order, entry.outcome.clone(), entry.score);
            self.entries.push(entry);
            self.laboratory.screen.line(&format!("{words}  {verdict}{}", self.so_far()));
            self.laboratory.interrupt.rest(plan::REST);
            if self.laboratory.interrupt.is_set() {
                return Ok(self.known());
            }
        }
    }

    /// What the trials so far say.
    fn known(&self) -> Finding {
        match self.search.next(Duration::ZERO) {
            Step::Done(finding) => finding,
            // Nothing can be run in no time.
            Step::Run(order) => unreachable!("{order:?} in no time"),
        }
    }

    fn elapsed(&self) -> Duration {
        self.before + self.began.elapsed()
    }

    fn left(&self) -> Duration {
        self.budget.saturating_sub(self.elapsed())
    }

    fn words(&self, order: Order) -> String {
        let phase = words::phase(order.kind);
        let (rate, length) = (words::rate(order.rate), words::length(order.length));
        format!("{phase:<9} {rate:>11} {length:>4}")
    }

    /// ` [1,700/s .. 1,900/s, 1m20s left]`
    fn so_far(&self) -> String {
        let Finding { capacity, first_failing, .. } = self.known();
        let side = |rate: Option<f64>| rate.map_or_else(|| "?".to_owned(), words::rate);
        let left = words::length(self.left());
        format!("  [{} .. {}, {left} left]", side(capacity), side(first_failing))
    }
}
