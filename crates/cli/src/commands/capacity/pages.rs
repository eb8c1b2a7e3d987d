//! Where a search is shown beside the terminal: its live page and its reports.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use plimsoll_analysis::capacity::{Finding, Order, Settings};
use plimsoll_outputs::{
    OutputError,
    search::{self, Now, Progress, Search, SearchPage, SearchReport, Second, Side},
};
use plimsoll_runtime::log::Log;

use super::{
    conclusion::Conclusion,
    record::Entry,
    screen::Screen,
    shown::{self, Story},
    words,
};
use crate::{
    Session,
    args::CapacityArgs,
    exit::{Exit, Failure},
};

/// The open reports, and the page.
pub(super) struct Pages {
    reports: Vec<SearchReport>,
    live: Option<Arc<Live>>,
}

/// The page, and how far the search is.
pub(super) struct Live {
    page: SearchPage,
    progress: Mutex<Progress>,
}

impl Live {
    /// A second of the trial that goes on.
    pub(super) fn second(&self, second: Second) {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.elapsed_s += 1.0;
        if let Some(now) = &mut progress.now {
            now.seconds.push(second);
            self.page.advance(&progress);
        }
    }
}

impl Pages {
    /// Before the search, so that what cannot be written is told at once.
    pub(super) fn open(args: &CapacityArgs, begun: Search, log: &Log) -> Result<Pages, Failure> {
        let see = &args.sent.attack.see;
        let report = |path: &PathBuf| {
            SearchReport::open(path).map_err(|error| {
                Failure::new(Exit::Other, error.message)
                    .with_hint("name a file .html or .md in a folder that exists")
            })
        };
        let reports = see.report.iter().map(report).collect::<Result<_, _>>()?;
        let failed = |error: OutputError| {
            Failure::new(Exit::Other, format!("--dashboard: {}", error.message))
                .with_hint("name another port, --dashboard=8000, or any free one, --dashboard=0")
        };
        let probing = Progress {
            phase: "probing the target".to_owned(),
            budget_s: args.budget.as_secs_f64(),
            ..Progress::default()
        };
        let begun = Search { progress: Some(probing), ..begun };
        let serve = |address| {
            let page = search::start(address, begun, log).map_err(failed)?;
            if page.server().is_public() {
                let address = page.server().address();
                log.warn(&format!("whoever reaches {address} can see the dashboard"));
            }
            Ok::<_, Failure>(Arc::new(Live { page, progress: Mutex::default() }))
        };
        Ok(Pages { reports, live: see.dashboard.map(serve).transpose()? })
    }

    /// The terminal, which says where the page is and tells it of seconds too.
    pub(super) fn screen(&self, session: &Session) -> Screen {
        let screen = Screen::new(session).with_page(self.live());
        if let Some(live) = &self.live {
            screen.line(&format!("the search is on {}", live.page.server().url()));
        }
        screen
    }

    pub(super) fn live(&self) -> Option<Arc<Live>> {
        self.live.clone()
    }

    /// The search is over: shows it and writes the reports. Returns a line for each.
    pub(super) fn end(self, search: &Search) -> Result<Vec<String>, Failure> {
        if let Some(live) = &self.live {
            live.page.show(search.clone());
            live.page.flush();
        }
        let write = |report: SearchReport| {
            report.write(search).map_err(|error| Failure::new(Exit::Other, error.message))
        };
        self.reports.into_iter().map(write).collect()
    }
}

/// Follows a search for its page.
pub(super) struct Following<'a> {
    pub(super) story: Story<'a>,
    pub(super) live: Option<Arc<Live>>,
    /// After each trial.
    sides: Vec<Side>,
}

impl<'a> Following<'a> {
    pub(super) fn new(story: Story<'a>, live: Option<Arc<Live>>) -> Following<'a> {
        Following { story, live, sides: Vec::new() }
    }

    /// Takes in trials that there were before.
    pub(super) fn begin(&mut self, settings: &Settings, entries: &[Entry]) {
        self.sides = shown::sides(settings, entries);
    }

    /// After a trial, or before the next one. `elapsed`: seconds of the search.
    pub(super) fn tell(
        &mut self,
        entries: &[Entry],
        finding: &Finding,
        next: Option<Order>,
        elapsed: f64,
    ) {
        if self.sides.len() < entries.len() {
            self.sides.resize(entries.len(), shown::side(finding));
        }
        let Some(live) = &self.live else { return };
        let phase = match next {
            Some(order) => words::doing(order.kind),
            None => "at rest",
        };
        let progress = Progress {
            phase: phase.to_owned(),
            elapsed_s: elapsed,
            budget_s: self.story.circumstances.budget.as_secs_f64(),
            now: next.map(|order| Now {
                phase: words::phase(order.kind).to_owned(),
                rate: order.rate,
                length_s: order.length.as_secs_f64(),
                seconds: Vec::new(),
            }),
        };
        *live.progress.lock().unwrap_or_else(PoisonError::into_inner) = progress.clone();
        if next.is_some() && !entries.is_empty() {
            // All else is as it was.
            live.page.advance(&progress);
            return;
        }
        let shown = match entries {
            [] => self.story.begun(),
            entries => self.story.so_far(finding.clone(), entries, &self.sides),
        };
        live.page.show(Search { progress: Some(progress), ..shown });
    }

    /// When it is over.
    pub(super) fn end(&self, conclusion: &Conclusion, entries: &[Entry]) -> Search {
        self.story.told(conclusion, entries, &self.sides)
    }
}
