//! `plimsoll capacity`: the highest rate at which objectives are kept.
//!
//! Which trial comes next is decided by [`plimsoll_analysis::capacity`]; here they are run, stored and
//! told.

mod asked;
mod care;
mod circumstances;
mod conclusion;
mod diagnosis;
mod hunt;
mod plan;
mod record;
mod shown;
mod store;

pub(super) use shown::retell::{is_search, retell};

use std::{sync::Arc, time::Duration};

use plimsoll_analysis::capacity::{Finding, Search, Settings};
use plimsoll_engine::runner::Runner;
use plimsoll_monitor::own;
use plimsoll_outputs::search;
use plimsoll_runtime::{clock::Instant, shutdown, workers};

use self::{
    asked::Asked,
    care::{
        Aftermath, Care,
        noop::{self, Noop},
    },
    circumstances::Circumstances,
    conclusion::Conclusion,
    hunt::Hunt,
    shown::{following::Following, json, pages::Pages, report, sentences::About, story::Story},
    store::{Ended, Range, Store, Subject},
};
use crate::{
    Session,
    args::{CapacityArgs, Dimension},
    commands::{
        attack::parts,
        trials::{
            bench::Bench,
            interrupt::{First, Interrupt},
            probe::Probed,
            scripts, targets,
            trial::Laboratory,
        },
    },
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
        Some(file) if scripts::is_script(file) => {
            let config = session.global.config.as_deref();
            let (sent, dimension) = (&args.sent, args.dimension);
            if dimension == Dimension::Connections {
                let message = "--dimension connections is about a URL, targets or redis; a script has --dimension vus";
                return Err(Failure::new(Exit::BadConfiguration, message));
            }
            let bench = scripts::script(sent, args.senders, dimension, file, config, session.log)?;
            let twin = |addr| noop::script(sent, args.senders, (file, config), addr);
            asked.search(&bench, Noop::At(&twin), args, session)
        }
        Some(_) if parts::is_redis(attack) => {
            let bench = targets::redis_over(
                asked.connections(args)?,
                &args.sent,
                args.senders,
                session.log,
            )?;
            let twin = |addr| noop::redis(&args.sent, args.senders, addr, session.log);
            let noop = noop::redis_reason(&args.sent).map_or(Noop::At(&twin), Noop::None);
            asked.search(&asked.raising(args.dimension, bench), noop, args, session)
        }
        _ => {
            let bench = targets::http_over(
                asked.connections(args)?,
                &args.sent,
                args.senders,
                session.log,
            )?;
            let twin = |addr| noop::http(&args.sent, args.senders, addr, session.log);
            let noop = noop::http_reason(&args.sent).map_or(Noop::At(&twin), Noop::None);
            asked.search(&asked.raising(args.dimension, bench), noop, args, session)
        }
    }
}

impl Asked {
    fn search<R: Runner>(
        &self,
        bench: &Bench<R>,
        noop: Noop<R>,
        args: &CapacityArgs,
        session: &Session,
    ) -> Result<Exit, Failure> {
        let subject = Subject {
            target: bench.subject.clone(),
            dimension: bench.unit().dimension().to_owned(),
            objectives: self.sources.clone(),
        };
        let mut store = Store::new(args.state.as_deref(), &subject);
        let stored = args.resume.then(|| store.read(&subject)).transpose()?;
        let interrupt = Interrupt::listen(First::Drains)?;
        let cores = args.generator_cores.unwrap_or_else(|| cores(args.sent.attack.pace.threads));
        let is_closed = bench.due(1.0).is_none();
        let circumstances = Circumstances::now(args, bench.noun, self.goal, is_closed, cores);
        let story = |needed| Story {
            target: &bench.subject,
            unit: bench.unit(),
            objectives: &self.sources,
            circumstances: &circumstances,
            needed,
        };
        let pages = Pages::open(args, story(0).begun(), session.log)?;
        let screen = pages.screen(session);
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
        let calibration = stored.as_ref().map(|stored| &stored.calibration);
        let begun = Care::begin(&args.care, noop, &laboratory, args.budget, calibration)?;
        let Some((probed, care)) = begun else {
            screen.line("interrupted before the search began");
            return Ok(Exit::Interrupted);
        };
        store.calibration = care.json();
        store.not_calibrated = care.not_calibrated().map(str::to_owned);
        let (range, trials) = match stored {
            Some(stored) => (stored.range, (stored.entries, stored.aside)),
            None => (self.range(&probed, care.ceiling()), Default::default()),
        };
        let for_trials = care.of_budget(args.budget, began.elapsed());
        store.about = circumstances.with_trials(for_trials).json();
        let settings = Settings::within(for_trials, range.start, range.ceiling);
        let settings = if bench.unit().is_whole() { settings.whole(range.floor) } else { settings };
        let budgets = (args.budget, for_trials);
        for line in plan::plan(bench, &self.sources, &probed, &settings, budgets, &care) {
            screen.line(&line);
        }
        let mut hunt = Hunt {
            laboratory,
            store,
            budget: args.budget,
            before: Duration::ZERO,
            began,
            following: Following::new(story(settings.needed), pages.live()),
            search: Search::new(settings),
            entries: Vec::new(),
            care,
            aside: Vec::new(),
            factor: None,
        };
        hunt.begin(&subject, range, trials)?;
        let (finding, aftermath) = hunt.finish(&args.sent.attack.see.watched.watch)?;
        self.tell(hunt, finding, &aftermath, args, (pages, &interrupt))
    }

    /// `calibrated`: no rate above it is worth a trial.
    fn range(&self, probed: &Probed, calibrated: Option<f64>) -> Range {
        let ceiling = calibrated.map_or(probed.ceiling, |most| most.max(probed.start));
        let ceiling = self.max_rate.unwrap_or(ceiling);
        let start = self.start.unwrap_or(probed.start).min(ceiling);
        Range { start, ceiling, floor: probed.floor }
    }

    fn tell<R: Runner>(
        &self,
        hunt: Hunt<R>,
        finding: Finding,
        aftermath: &Aftermath,
        args: &CapacityArgs,
        (pages, interrupt): (Pages, &Arc<Interrupt>),
    ) -> Result<Exit, Failure> {
        let Hunt { laboratory, search, entries, mut store, following, .. } = hunt;
        let (bench, settings) = (laboratory.bench, search.settings());
        let is_interrupted = interrupt.is_set();
        let mut conclusion =
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
                unit: bench.unit(),
                objectives: &self.sources,
                settings,
            };
            let mut result = json::json(&conclusion, &verdict, &asked, &entries);
            aftermath.add_to(&mut result);
            // For the page: machines get both shares.
            aftermath.correct(&mut conclusion);
            format!("{result:#}\n")
        } else {
            let about = About {
                unit: bench.unit(),
                is_closed: bench.due(1.0).is_none(),
                objectives: &self.sources,
            };
            aftermath.correct(&mut conclusion);
            let answer = report::report(&conclusion, &verdict, &about, &entries);
            answer + &lines(&aftermath.notes(&conclusion))
        };
        terminal::print(&text)?;
        let (notes, intervention) = (aftermath.notes(&conclusion), aftermath.shown());
        let ended = Ended {
            is_interrupted,
            generator_share: conclusion.generator_share,
            notes: notes.clone(),
            changed: intervention.as_ref().map(|shown| shown.words.clone()),
        };
        if let Err(error) = store.end(&ended) {
            laboratory.log.warn(&error);
        }
        let shown = following.end(&conclusion, &entries);
        let shown = search::Search { notes, intervention, ..shown };
        let mut written = pages.end(&shown)?;
        if let (true, false, Some(path)) = (written.is_empty(), is_interrupted, store.path()) {
            let path = path.display();
            written.push(format!("a page of it: plimsoll report --html {path} > capacity.html"));
        }
        for line in written {
            laboratory.screen.line(&line);
        }
        if args.linger && !is_interrupted {
            laboratory.screen.line("the search is over; --linger waits for Ctrl-C");
            interrupt.linger();
        }
        match aftermath.left() {
            Some(left) => Err(Failure::new(Exit::Other, left)),
            None => Ok(conclusion.verdict.exit()),
        }
    }
}

fn lines(texts: &[String]) -> String {
    texts.iter().map(|text| format!("{text}\n")).collect()
}

/// That the generator may use.
fn cores(threads: usize) -> f64 {
    let cores = workers::cores();
    let cores = (if threads == 0 { cores } else { threads.min(cores) }) as f64;
    // A quota may be less than one core.
    own::cpu_quota().map_or(cores, |quota| quota.min(cores))
}
