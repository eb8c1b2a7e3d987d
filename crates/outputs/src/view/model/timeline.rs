//! Points in order of time, the last of which may still grow.

use super::point::{Latency, Point};
use crate::view::{
    digest::{Cell, ITERATION, LATENCIES, Load, RESPONSE, SERVICE},
    sparse::Sparse,
};

/// At first each interval of the hub makes a point.
const WIDTH_NANOS: u64 = 1_000_000_000;

/// A point is complete when so little is missing: intervals are not exact to the nanosecond.
const SLACK: u64 = 20;

#[derive(Debug)]
pub(super) struct Timeline {
    points: Vec<Point>,
    /// Whether the last point still grows.
    is_open: bool,
    /// How much time a point stands for; more where nothing reported.
    width: u64,
    limit: usize,
    /// Of the whole run.
    totals: [Sparse; LATENCIES.len()],
    load: Load,
}

impl Timeline {
    pub(super) fn new(limit: usize) -> Timeline {
        Timeline {
            points: Vec::new(),
            is_open: false,
            width: WIDTH_NANOS,
            limit,
            totals: Default::default(),
            load: Load::default(),
        }
    }

    /// Adds an interval and says to which point.
    pub(super) fn add(
        &mut self,
        from: u64,
        to: u64,
        load: &Load,
        latency: &[Sparse; LATENCIES.len()],
    ) -> usize {
        if !self.is_open {
            self.points.push(Point::new(from));
            self.is_open = true;
        }
        for (total, more) in self.totals.iter_mut().zip(latency) {
            total.merge(more);
        }
        self.load.add_counts(load);
        if let Some(point) = self.points.last_mut() {
            point.add(to, load, latency);
            if point.nanos().saturating_add(self.width / SLACK) >= self.width {
                point.settle();
                self.is_open = false;
            }
        }
        self.points.len().saturating_sub(1)
    }

    pub(super) fn is_full(&self) -> bool {
        self.closed() >= self.limit
    }

    /// Merges neighbours two by two.
    pub(super) fn halve(&mut self) {
        self.width = self.width.saturating_mul(2);
        let mut merged: Vec<Point> = Vec::with_capacity(self.limit);
        for (at, point) in std::mem::take(&mut self.points).into_iter().enumerate() {
            match merged.last_mut() {
                Some(last) if at % 2 == 1 => last.merge(&point),
                _ => merged.push(point),
            }
        }
        merged.iter_mut().for_each(Point::settle);
        // The second half of the last pair may be missing.
        let is_short =
            |point: &Point| point.nanos().saturating_add(self.width / SLACK) < self.width;
        self.is_open = merged.last().is_some_and(is_short);
        self.points = merged;
    }

    /// Ends the last point. A short one becomes part of the one before, whose number is returned: per
    /// second its few samples would make peaks that nobody had.
    pub(super) fn close(&mut self) -> Option<usize> {
        if !std::mem::take(&mut self.is_open) {
            return None;
        }
        let mut last = self.points.pop()?;
        match self.points.last_mut() {
            Some(before) if last.nanos() < self.width / 2 => {
                before.merge(&last);
                before.settle();
                return Some(self.points.len() - 1);
            }
            _ => {
                last.settle();
                self.points.push(last);
            }
        }
        None
    }

    /// Points that are complete.
    pub(super) fn closed(&self) -> usize {
        self.points.len().saturating_sub(usize::from(self.is_open))
    }

    pub(super) fn points(&self) -> &[Point] {
        self.points.get(..self.closed()).unwrap_or_default()
    }

    /// Nanoseconds since the Unix epoch; None before the first interval.
    pub(super) fn start(&self) -> Option<u64> {
        self.points.first().map(|point| point.from)
    }

    /// Seconds from the start to the end of the last point, whether or not it is complete.
    pub(super) fn seconds(&self) -> f64 {
        match (self.points.first(), self.points.last()) {
            (Some(first), Some(last)) => last.to.saturating_sub(first.from) as f64 / 1e9,
            _ => 0.0,
        }
    }

    pub(super) fn width_seconds(&self) -> f64 {
        self.width as f64 / 1e9
    }

    /// Whether something was due at a time of its own: then the response time counts from there.
    pub(super) fn is_open_model(&self) -> bool {
        self.totals[RESPONSE].count() > 0 || self.load.asked.is_some()
    }

    /// Which latency says most of the run.
    pub(super) fn main_latency(&self) -> usize {
        match self.totals[SERVICE].count() {
            _ if self.is_open_model() => RESPONSE,
            0 => ITERATION,
            _ => SERVICE,
        }
    }

    /// Forgets iterations once there are requests, which say more; whether there was anything to forget.
    pub(super) fn drop_iterations(&mut self) -> bool {
        if self.totals[SERVICE].count() == 0 || self.totals[ITERATION].count() == 0 {
            return false;
        }
        self.totals[ITERATION] = Sparse::default();
        self.points.iter_mut().for_each(|point| point.latency[ITERATION] = Latency::default());
        true
    }

    pub(super) fn totals(&self) -> &[Sparse; LATENCIES.len()] {
        &self.totals
    }

    /// Sums over the whole run.
    pub(super) fn load(&self) -> &Load {
        &self.load
    }
}

/// A column beside the points: as long as up to the last point in which something was recorded.
#[derive(Debug)]
pub(super) struct Track<C>(Vec<C>);

impl<C> Default for Track<C> {
    fn default() -> Self {
        Track(Vec::new())
    }
}

impl<C: Default + Copy> Track<C> {
    /// What belongs to a point.
    pub(super) fn at(&mut self, point: usize) -> &mut C {
        if self.0.len() <= point {
            self.0.resize(point + 1, C::default());
        }
        &mut self.0[point]
    }

    pub(super) fn get(&self, point: usize) -> C {
        self.0.get(point).copied().unwrap_or_default()
    }

    pub(super) fn halve(&mut self, merge: impl Fn(&mut C, C)) {
        let mut merged = Vec::with_capacity(self.0.len() / 2 + 1);
        for pair in self.0.chunks(2) {
            let mut cell = pair.first().copied().unwrap_or_default();
            if let Some(second) = pair.get(1) {
                merge(&mut cell, *second);
            }
            merged.push(cell);
        }
        self.0 = merged;
    }

    /// Merges what is behind point `last` into it.
    pub(super) fn fold(&mut self, last: usize, merge: impl Fn(&mut C, C)) {
        if self.0.len() > last + 1 {
            for cell in self.0.split_off(last + 1) {
                merge(self.at(last), cell);
            }
        }
    }
}

impl Track<Cell> {
    pub(super) fn has_several(&self) -> bool {
        self.0.iter().any(|cell| cell.count > 1)
    }

    pub(super) fn has_any(&self) -> bool {
        self.0.iter().any(|cell| cell.count > 0)
    }
}
