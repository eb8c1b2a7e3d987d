//! A search under way: the next trial is run, stored and told, until there is no next one.

use std::time::Duration;

use plimsoll_analysis::capacity::{Finding, Order, Search, Step};
use plimsoll_engine::runner::Runner;
use plimsoll_runtime::clock::Instant;

use super::{
    plan,
    record::Entry,
    store::{Range, Store, Subject},
    trial::Laboratory,
    words,
};
use crate::exit::Failure;

/// A search under way.
pub(super) struct Hunt<'a, R: Runner> {
    pub(super) laboratory: Laboratory<'a, R>,
    pub(super) store: Store,
    pub(super) search: Search,
    pub(super) entries: Vec<Entry>,
    pub(super) budget: Duration,
    /// What a search that goes on took before.
    pub(super) before: Duration,
    pub(super) began: Instant,
}

impl<R: Runner> Hunt<'_, R> {
    /// Takes in the trials that there are already.
    pub(super) fn begin(
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
    pub(super) fn run(&mut self) -> Result<Finding, Failure> {
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
