//! A run's numbers for the page, in bounded memory.

use plimsoll_metrics::{Histogram, Timestamp};

/// Intervals of one run; past it neighbors are joined.
pub(super) const INTERVALS_LIMIT: usize = 1200;

/// More intervals than this are too many for the width of a page.
const DRAWN_LIMIT: usize = 400;

/// Responses that an interval should have, so that its percentiles mean something ...
const RESPONSES_WANTED: u64 = 200;

/// ... unless there would be fewer intervals than this.
const DRAWN_WANTED: usize = 120;

/// Single responses of one run that are drawn as dots unless told otherwise; past it every other one
/// is left out.
pub const DOTS_LIMIT: usize = 4000;

/// Nanoseconds that the first intervals are long. Whole ones, so that evenly spaced responses fall
/// evenly into them.
const FIRST_WIDTH: u64 = 100_000_000;

const NANOS_PER_SECOND: f64 = 1e9;

/// One response.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlotPoint {
    /// When it was due.
    pub at: Timestamp,
    /// Milliseconds from then to its end.
    pub response_ms: f64,
    /// Milliseconds from the start of sending to its end, where known.
    pub service_ms: Option<f64>,
    pub ok: bool,
}

/// Responses of a part of the run.
#[derive(Clone, Debug, Default)]
pub(super) struct Slice {
    pub(super) response: Histogram,
    pub(super) failed: u64,
    /// Seconds since the run's start and milliseconds.
    pub(super) slowest: Option<(f64, f64)>,
    pub(super) slowest_failure: Option<(f64, f64)>,
}

impl Slice {
    fn add(&mut self, seconds: f64, point: &PlotPoint) {
        self.response.record(point.response_ms);
        let dot = Some((seconds, point.response_ms));
        if point.ok {
            self.slowest = slower(self.slowest, dot);
        } else {
            self.failed += 1;
            self.slowest_failure = slower(self.slowest_failure, dot);
        }
    }

    fn join(&mut self, later: &Slice) {
        self.response.merge(&later.response);
        self.failed += later.failed;
        self.slowest = slower(self.slowest, later.slowest);
        self.slowest_failure = slower(self.slowest_failure, later.slowest_failure);
    }
}

/// The first of equals, so that the picture does not depend on how intervals were joined.
fn slower(one: Option<(f64, f64)>, other: Option<(f64, f64)>) -> Option<(f64, f64)> {
    match (one, other) {
        (Some(a), Some(b)) => Some(if b.1 > a.1 { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// One run of the page.
#[derive(Clone, Debug)]
pub struct PlotRun {
    pub(super) name: String,
    /// The first response's time; a little earlier ones count as at the same time.
    first: Option<Timestamp>,
    /// Nanoseconds per slice.
    width: u64,
    pub(super) slices: Vec<Slice>,
    pub(super) response: Histogram,
    pub(super) service: Histogram,
    pub(super) failed: u64,
    /// Every `stride`-th response.
    pub(super) dots: Vec<(f64, f64, bool)>,
    stride: u64,
    dots_limit: usize,
    /// Seconds from the first response's due time to the last one's.
    pub(super) seconds: f64,
}

impl PlotRun {
    pub fn new(name: impl Into<String>) -> PlotRun {
        PlotRun {
            name: name.into(),
            first: None,
            width: FIRST_WIDTH,
            slices: Vec::new(),
            response: Histogram::new(),
            service: Histogram::new(),
            failed: 0,
            dots: Vec::new(),
            stride: 1,
            dots_limit: DOTS_LIMIT,
            seconds: 0.0,
        }
    }

    /// As [`PlotRun::new`], with another limit than [`DOTS_LIMIT`], at least 1.
    pub fn with_dots(name: impl Into<String>, limit: usize) -> PlotRun {
        PlotRun { dots_limit: limit.max(1), ..PlotRun::new(name) }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Responses come about in order of time.
    pub fn add(&mut self, point: &PlotPoint) {
        let first = self.first.get_or_insert(point.at).0;
        let since = point.at.0.saturating_sub(first);
        while since / self.width >= INTERVALS_LIMIT as u64 {
            self.widen();
        }
        let at = (since / self.width) as usize;
        let seconds = since as f64 / NANOS_PER_SECOND;
        if at >= self.slices.len() {
            self.slices.resize_with(at + 1, Slice::default);
        }
        if let Some(slice) = self.slices.get_mut(at) {
            slice.add(seconds, point);
        }
        if self.response.count().is_multiple_of(self.stride) {
            self.keep_dot((seconds, point.response_ms, point.ok));
        }
        self.response.record(point.response_ms);
        if let Some(service) = point.service_ms {
            self.service.record(service);
        }
        self.failed += u64::from(!point.ok);
        self.seconds = self.seconds.max(seconds);
    }

    /// Seconds per slice.
    pub(super) fn width(&self) -> f64 {
        self.width as f64 / NANOS_PER_SECOND
    }

    pub fn is_empty(&self) -> bool {
        self.response.is_empty()
    }

    /// With intervals that are long enough to be drawn.
    pub(super) fn settled(&self) -> PlotRun {
        let mut run = self.clone();
        while run.slices.len() > DRAWN_LIMIT
            || (run.slices.len() > DRAWN_WANTED
                && run.response.count() / (run.slices.len() as u64) < RESPONSES_WANTED)
        {
            run.widen();
        }
        run
    }

    fn keep_dot(&mut self, dot: (f64, f64, bool)) {
        if self.dots.len() >= self.dots_limit {
            let mut odd = true;
            self.dots.retain(|_| {
                odd = !odd;
                !odd
            });
            self.stride *= 2;
            if !self.response.count().is_multiple_of(self.stride) {
                return;
            }
        }
        self.dots.push(dot);
    }

    fn widen(&mut self) {
        self.width *= 2;
        let mut joined = Vec::with_capacity(self.slices.len().div_ceil(2));
        let mut slices = std::mem::take(&mut self.slices).into_iter();
        while let Some(mut earlier) = slices.next() {
            if let Some(later) = slices.next() {
                earlier.join(&later);
            }
            joined.push(earlier);
        }
        self.slices = joined;
    }
}
