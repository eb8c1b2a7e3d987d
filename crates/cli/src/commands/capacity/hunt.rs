//! A search under way: the next trial is run, stored and told, until there is no next one.

use std::time::Duration;

use plimsoll_analysis::{
    capacity::{Finding, Kind, Order, Search, Step},
    stats::Interval,
};
use plimsoll_engine::runner::Runner;
use plimsoll_runtime::clock::Instant;

use super::{
    care::Care,
    record::Entry,
    shown::{following::Following, words},
    store::{Range, Store, Subject},
};
use crate::{
    commands::trials::{REST, figures, trial::Laboratory},
    exit::Failure,
};

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
    pub(super) following: Following<'a>,
    pub(super) care: Care<'a, R>,
    /// Trials of the intervention, of this one and of the search that goes on.
    pub(super) aside: Vec<Entry>,
    /// During an intervention: how many times as much there is of what it changed.
    pub(super) factor: Option<f64>,
}

impl<R: Runner> Hunt<'_, R> {
    /// Takes in the trials that there are already.
    pub(super) fn begin(
        &mut self,
        subject: &Subject,
        range: Range,
        (entries, aside): (Vec<Entry>, Vec<Entry>),
    ) -> Result<(), Failure> {
        let all: Vec<&Entry> = entries.iter().chain(&aside).collect();
        self.store.begin(subject, range, &all)?;
        self.before = all.iter().map(|entry| entry.elapsed).max().unwrap_or_default();
        drop(all);
        self.aside = aside;
        if !entries.is_empty() {
            let text = format!("goes on after {} stored trials", entries.len());
            self.laboratory.screen.line(&text);
        }
        for entry in &entries {
            self.search.record(entry.order, entry.outcome.clone(), entry.score);
        }
        self.following.begin(self.search.settings(), &entries);
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
            let restart = self.prepare(order.kind)?;
            if self.laboratory.interrupt.is_set() {
                return Ok(self.known());
            }
            let words = self.words(order);
            let told = (words.clone(), self.so_far());
            self.follow(Some(order));
            let Some(tried) = self.laboratory.trial(order, told)? else {
                return Ok(self.known());
            };
            let laboratory = &self.laboratory;
            let verdict = words::verdict(&tried.judgement, laboratory.objectives, order.rate);
            let entry = Entry::new(order, tried, laboratory.objectives, self.elapsed())
                .after(restart, self.factor);
            if let Err(error) = self.store.add(&entry) {
                laboratory.log.warn(&error);
            }
            let outcome = entry.outcome.clone();
            self.search.record(order, outcome.clone(), entry.score);
            self.entries.push(entry);
            self.laboratory.screen.trial(&words, &outcome, &verdict, &self.so_far());
            self.follow(None);
            self.laboratory.interrupt.rest(REST);
            if self.laboratory.interrupt.is_set() {
                return Ok(self.known());
            }
        }
    }

    /// Confirmations are of one start each; an intervention changes what runs, so it has to stay.
    fn prepare(&mut self, kind: Kind) -> Result<Option<Duration>, Failure> {
        let is_one = kind == Kind::Confirm && self.factor.is_none();
        if is_one { self.restart() } else { Ok(None) }
    }

    /// After the overload nothing is to be left of it.
    pub(super) fn recover(&mut self) -> Result<(), Failure> {
        let was = self.entries.last().map(|entry| entry.order.kind);
        let is_over = self.laboratory.interrupt.is_set();
        if !is_over && matches!(was, Some(Kind::Overload | Kind::Recover)) {
            self.restart()?;
        }
        Ok(())
    }

    /// Another search of the same service, while there is `factor` times as much of something, as `changed`
    /// says; its trials are kept apart.
    pub(super) fn aside(
        &mut self,
        search: Search,
        factor: f64,
        changed: &str,
    ) -> Result<Finding, Failure> {
        let main = std::mem::replace(&mut self.search, search);
        let entries = std::mem::take(&mut self.entries);
        self.following.intervene(changed);
        for entry in self.aside.iter().filter(|entry| entry.is_of(factor)) {
            self.search.record(entry.order, entry.outcome.clone(), entry.score);
        }
        self.factor = Some(factor);
        let found = self.run();
        self.factor = None;
        self.search = main;
        self.aside.extend(std::mem::replace(&mut self.entries, entries));
        found
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

    /// Of the budget, without what comes after the search; a restart must fit in too.
    pub(super) fn left(&self) -> Duration {
        let after = match self.factor {
            None => self.care.after(self.search.settings()),
            Some(_) => Duration::ZERO,
        };
        let restart = self.care.restart.unwrap_or_default();
        self.budget.saturating_sub(self.elapsed() + after + restart)
    }

    fn words(&self, order: Order) -> String {
        let phase = words::phase(order.kind);
        let level = self.laboratory.bench.unit().level(order.rate);
        let length = figures::length(order.length);
        format!("{phase:<9} {level:>11} {length:>4}")
    }

    /// For the page. `next`: the trial that begins.
    fn follow(&mut self, next: Option<Order>) {
        let elapsed = self.elapsed().as_secs_f64();
        if let Some(factor) = self.factor {
            let before = self.aside.iter().filter(|entry| entry.is_of(factor));
            let entries = before.chain(&self.entries);
            return self.following.tell_aside(entries, next, elapsed);
        }
        let known = self.known();
        self.following.tell(&self.entries, &known, next, elapsed);
    }

    /// `1,700/s .. 1,900/s, 95 % CI 1,710 to 1,880, 1m20s left`
    fn so_far(&self) -> String {
        let Finding { capacity, first_failing, interval, .. } = self.known();
        let unit = self.laboratory.bench.unit();
        let side = |level: Option<f64>| level.map_or_else(|| "?".to_owned(), |at| unit.level(at));
        let interval = interval.map_or_else(String::new, |Interval { low, high }| {
            format!(", 95 % CI {} to {}", figures::number(low), figures::number(high))
        });
        let (low, high) = (side(capacity), side(first_failing));
        format!("{low} .. {high}{interval}, {} left", figures::length(self.left()))
    }
}
