//! `plimsoll capacity`: the highest rate at which objectives are kept.
//!
//! Which trial comes next is decided by [`plimsoll_analysis::capacity`]; here they are run, stored and
//! told.

mod asked;
pub(super) mod bench;
mod conclusion;
mod diagnosis;
mod gather;
mod hunt;
mod in_flight;
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

use plimsoll_analysis::capacity::{Finding, Search, Settings};
use plimsoll_engine::runner::Runner;
use plimsoll_monitor::own;
use plimsoll_runtime::{clock::Instant, shutdown, workers};

use self::{
    asked::Asked,
    bench::Bench,
    conclusion::Conclusion,
    hunt::Hunt,
    interrupt::{First, Interrupt},
    screen::Screen,
    store::{Range, Store, Subject},
    trial::Laboratory,
};
use crate::{
    Session,
    args::CapacityArgs,
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

impl Asked {
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
            let cores = (if threads == 0 { cores } else { threads.min(cores) }) as f64;
            // A quota may be less than one core.
            own::cpu_quota().map_or(cores, |quota| quota.min(cores))
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
