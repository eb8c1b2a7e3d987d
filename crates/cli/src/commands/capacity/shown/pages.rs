//! Where a search is shown beside the terminal: its live page and its reports.

use std::{path::PathBuf, sync::Arc};

use plimsoll_outputs::{
    OutputError,
    search::{self, Progress, Search, SearchReport},
};
use plimsoll_runtime::log::Log;

use super::live::Live;
use crate::{
    Session,
    args::CapacityArgs,
    commands::trials::screen::{Follower, Screen},
    exit::{Exit, Failure},
};

/// The open reports, and the page.
pub(in crate::commands::capacity) struct Pages {
    reports: Vec<SearchReport>,
    live: Option<Arc<Live>>,
}

impl Pages {
    /// Before the search, so that what cannot be written is told at once.
    pub(in crate::commands::capacity) fn open(
        args: &CapacityArgs,
        begun: Search,
        log: &Log,
    ) -> Result<Pages, Failure> {
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
        let begun = Search { progress: Some(probing.clone()), ..begun };
        let serve = |address| {
            let page = search::start(address, begun, log).map_err(failed)?;
            if page.server().is_public() {
                let address = page.server().address();
                log.warn(&format!("whoever reaches {address} can see the dashboard"));
            }
            Ok::<_, Failure>(Live::start(page, probing))
        };
        Ok(Pages { reports, live: see.dashboard.map(serve).transpose()? })
    }

    /// The terminal, which says where the page is and tells it of seconds too.
    pub(in crate::commands::capacity) fn screen(&self, session: &Session) -> Screen {
        let screen = Screen::new(session).with(self.follower());
        if let Some(live) = &self.live {
            screen.line(&format!("the search is on {}", live.url()));
        }
        screen
    }

    fn follower(&self) -> Option<Arc<dyn Follower>> {
        self.live.clone().map(|live| live as Arc<dyn Follower>)
    }

    pub(in crate::commands::capacity) fn live(&self) -> Option<Arc<Live>> {
        self.live.clone()
    }

    /// The search is over: shows it and writes the reports. Returns a line for each.
    pub(in crate::commands::capacity) fn end(
        self,
        search: &Search,
    ) -> Result<Vec<String>, Failure> {
        if let Some(live) = &self.live {
            live.end(search);
        }
        let write = |report: SearchReport| {
            report.write(search).map_err(|error| Failure::new(Exit::Other, error.message))
        };
        self.reports.into_iter().map(write).collect()
    }
}
