//! Follows a search, trial by trial, for its live page and for what is shown at its end.

use std::sync::Arc;

use plimsoll_analysis::capacity::{Finding, Order, Settings};
use plimsoll_outputs::search::{Intervention, Now, Search, Side};

use super::{
    live::Live,
    story::Story,
    tried::{self, side, sides},
    words,
};
use crate::commands::capacity::{conclusion::Conclusion, record::Entry};

/// Follows a search for its page.
pub(in crate::commands::capacity) struct Following<'a> {
    story: Story<'a>,
    live: Option<Arc<Live>>,
    /// After each trial.
    sides: Vec<Side>,
    /// What the page shows, without its progress.
    shown: Search,
    /// During an intervention: what it changed.
    changed: String,
}

impl<'a> Following<'a> {
    pub(in crate::commands::capacity) fn new(
        story: Story<'a>,
        live: Option<Arc<Live>>,
    ) -> Following<'a> {
        let shown = story.begun();
        Following { story, live, sides: Vec::new(), shown, changed: String::new() }
    }

    /// Takes in trials that there were before.
    pub(in crate::commands::capacity) fn begin(&mut self, settings: &Settings, entries: &[Entry]) {
        self.sides = sides(settings, entries);
    }

    /// After a trial, or before the next one. `elapsed`: seconds of the search.
    pub(in crate::commands::capacity) fn tell(
        &mut self,
        entries: &[Entry],
        finding: &Finding,
        next: Option<Order>,
        elapsed: f64,
    ) {
        if self.sides.len() < entries.len() {
            self.sides.resize(entries.len(), side(finding));
        }
        let Some(live) = &self.live else { return };
        let phase = next.map_or("at rest", |order| words::doing(order.kind));
        let now = next.map(|order| now(order, false));
        if next.is_none() || entries.is_empty() {
            self.shown = match entries {
                [] => self.story.begun(),
                entries => self.story.so_far(finding.clone(), entries, &self.sides),
            };
            live.tell(phase, now, elapsed, Some(self.shown.clone()));
        } else {
            live.tell(phase, now, elapsed, None);
        }
    }

    /// Something is changed from now on, in words, to see whether capacity follows.
    pub(in crate::commands::capacity) fn intervene(&mut self, changed: &str) {
        changed.clone_into(&mut self.changed);
    }

    /// As [`Following::tell`], of trials meanwhile.
    pub(in crate::commands::capacity) fn tell_aside<'e>(
        &mut self,
        entries: impl Iterator<Item = &'e Entry>,
        next: Option<Order>,
        elapsed: f64,
    ) {
        let Some(live) = &self.live else { return };
        let phase = format!("confirming: {}", self.changed);
        let now = next.map(|order| now(order, true));
        let trials = tried::trials(entries, &[]);
        let intervention = Some(Intervention { words: self.changed.clone(), trials });
        self.shown.intervention = intervention;
        let whole = next.is_none().then(|| self.shown.clone());
        live.tell(&phase, now, elapsed, whole);
    }

    /// When it is over.
    pub(in crate::commands::capacity) fn end(
        &self,
        conclusion: &Conclusion,
        entries: &[Entry],
    ) -> Search {
        self.story.told(conclusion, entries, &self.sides)
    }
}

fn now(order: Order, is_aside: bool) -> Now {
    Now {
        phase: words::phase(order.kind).to_owned(),
        is_aside,
        rate: order.rate,
        length_s: order.length.as_secs_f64(),
        seconds: Vec::new(),
    }
}
