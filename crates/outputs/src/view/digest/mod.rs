//! From what a run recorded in one interval to what a page shows of it.
//!
//! The first of two steps, done where the interval is (the hub's thread, or whoever reads a record):
//! it looks at each series once and passes on a [`Digest`], so that no other thread needs the
//! interval. The second is [`super::model`].

mod errors;
mod route;
mod watched;

use plimsoll_metrics::{
    Event, Interval, Registry, SeriesId, Sink, Timestamp, Totals,
    record::{End, ThresholdResult},
};

use super::sparse::Sparse;
pub(super) use route::{CHECKS_LIMIT, ERRORS_LIMIT, URLS_LIMIT};
use route::{Counter, Gauge, Route, Router};
pub(super) use watched::{Cell, Signal, Thing};

/// The latencies, in the order in which they are kept. Iterations stand in for requests where there are
/// none.
pub(super) const LATENCIES: [&str; 4] = ["service", "response", "lateness", "iteration"];
pub(super) const SERVICE: usize = 0;
pub(super) const RESPONSE: usize = 1;
pub(super) const LATENESS: usize = 2;
pub(super) const ITERATION: usize = 3;

/// The first interval is at most so long: what is before it was preparation.
const FIRST_NANOS: u64 = 1_000_000_000;

/// What one interval adds to a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Digest {
    /// Nanoseconds since the Unix epoch.
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) load: Load,
    pub(super) latency: [Sparse; LATENCIES.len()],
    /// By number of the URL.
    pub(super) requests: Vec<(u32, Requests)>,
    /// By number of the class.
    pub(super) errors: Vec<(u32, u64)>,
    /// By number of the check: passes and fails.
    pub(super) checks: Vec<(u32, u64, u64)>,
    /// By number of the signal.
    pub(super) watched: Vec<(u32, Cell)>,
    pub(super) limits: Vec<(u32, f64)>,
    pub(super) thresholds: Vec<Verdict>,
    /// What is new, in the order of its numbers.
    pub(super) new: Vec<Definition>,
    /// Watched series that are too many to be shown.
    pub(super) unwatched: u64,
}

/// Sums and last values of the load.
#[derive(Clone, Debug, Default)]
pub(super) struct Load {
    pub(super) done: f64,
    pub(super) failed: f64,
    pub(super) dropped: f64,
    pub(super) iterations: f64,
    pub(super) checks_passed: f64,
    pub(super) checks_failed: f64,
    pub(super) data_sent: f64,
    pub(super) data_received: f64,
    pub(super) asked: Option<f64>,
    pub(super) vus: Option<f64>,
    pub(super) vus_max: Option<f64>,
}

/// Of one URL.
#[derive(Clone, Debug, Default)]
pub(super) struct Requests {
    pub(super) count: u64,
    pub(super) failed: u64,
    pub(super) times: Sparse,
}

/// A threshold as it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Verdict {
    pub(super) key: String,
    pub(super) expression: String,
    pub(super) ok: bool,
    /// None before the first sample.
    pub(super) value: Option<f64>,
}

impl From<&ThresholdResult> for Verdict {
    fn from(result: &ThresholdResult) -> Verdict {
        let ThresholdResult { key, expression, ok } = result.clone();
        Verdict { key, expression, ok, value: None }
    }
}

/// Something that has a number from now on, the next of its kind.
#[derive(Clone, Debug)]
pub(super) enum Definition {
    Url { name: String, method: String },
    Error(String),
    Check(String),
    Signal(Thing, Signal),
}

/// What changes a model.
#[derive(Clone, Debug)]
pub(super) enum News {
    Interval(Box<Digest>),
    Event(Event),
    End(End),
    /// There is no more, and no end: why.
    Cut(String),
}

/// Makes digests of one run's intervals.
pub(super) struct Digester {
    registry: Registry,
    /// By series.
    routes: Vec<Option<Route>>,
    router: Router,
    /// Whether there are requests, so that iterations are of no interest.
    has_requests: bool,
    started: u64,
    /// The end of the interval before.
    last: Option<u64>,
    first: u64,
}

impl Digester {
    /// `started_unix_ms`: what the run's header says.
    pub(super) fn new(registry: Registry, started_unix_ms: u64) -> Digester {
        Digester {
            registry,
            routes: Vec::new(),
            router: Router::default(),
            has_requests: false,
            started: started_unix_ms.saturating_mul(1_000_000),
            last: None,
            first: 0,
        }
    }

    /// What was recorded up to `at`.
    pub(super) fn digest(&mut self, at: Timestamp, interval: &Interval, totals: &Totals) -> Digest {
        let (from, to) = self.span(at.0);
        let mut digest = Digest { from, to, ..Digest::default() };
        for (series, sink) in &interval.sinks {
            let route = self.route(*series, sink);
            self.has_requests |= matches!(route, Route::Service { .. });
            if !(self.has_requests && matches!(route, Route::Iteration)) {
                add(&mut digest, route, sink);
            }
        }
        digest.thresholds = thresholds(totals, to.saturating_sub(self.first));
        self.router.take_new(&mut digest);
        digest
    }

    /// Where an interval begins and ends, in order whatever the record says.
    fn span(&mut self, at: u64) -> (u64, u64) {
        let from = self.last.unwrap_or_else(|| {
            let since_start = at.saturating_sub(self.started);
            let length = if since_start == 0 { FIRST_NANOS } else { since_start.min(FIRST_NANOS) };
            self.first = at.saturating_sub(length);
            self.first
        });
        let to = at.max(from);
        self.last = Some(to);
        (from, to)
    }

    /// Decided once for each series; the class of its failures with the first of them.
    fn route(&mut self, series: SeriesId, sink: &Sink) -> Route {
        let at = series.0 as usize;
        let has_failed = matches!(sink, Sink::Rate { trues: 1.., .. });
        match self.routes.get(at) {
            Some(Some(Route::Failures { error: None, .. })) if has_failed => {}
            Some(Some(route)) => return *route,
            _ => {}
        }
        let def = self.registry.series_def(series);
        let route = self.router.route(&self.registry.def(def.metric), &def.tags, has_failed);
        if self.routes.len() <= at {
            self.routes.resize(at + 1, None);
        }
        if let Some(slot) = self.routes.get_mut(at) {
            *slot = Some(route);
        }
        route
    }
}

fn add(digest: &mut Digest, route: Route, sink: &Sink) {
    match (route, sink) {
        (Route::Requests { url }, Sink::Counter { sum }) => {
            digest.load.done += sum;
            requests(digest, url).count += *sum as u64;
        }
        (Route::Service { url }, Sink::Trend(histogram)) => {
            let mut times = Sparse::default();
            times.add(histogram);
            digest.latency[SERVICE].merge(&times);
            requests(digest, url).times.merge(&times);
        }
        (Route::Failures { url, error: Some(error) }, &Sink::Rate { trues, .. }) if trues > 0 => {
            digest.load.failed += trues as f64;
            requests(digest, url).failed += trues;
            match digest.errors.iter_mut().find(|(known, _)| *known == error) {
                Some((_, count)) => *count += trues,
                None => digest.errors.push((error, trues)),
            }
        }
        (Route::Response, Sink::Trend(histogram)) => digest.latency[RESPONSE].add(histogram),
        (Route::Lateness, Sink::Trend(histogram)) => digest.latency[LATENESS].add(histogram),
        (Route::Iteration, Sink::Trend(histogram)) => digest.latency[ITERATION].add(histogram),
        (Route::Check(number), &Sink::Rate { trues, total }) => {
            let fails = total.saturating_sub(trues);
            digest.load.checks_passed += trues as f64;
            digest.load.checks_failed += fails as f64;
            digest.checks.push((number, trues, fails));
        }
        (Route::Counter(counter), Sink::Counter { sum }) => {
            *match counter {
                Counter::Iterations => &mut digest.load.iterations,
                Counter::Dropped => &mut digest.load.dropped,
                Counter::Sent => &mut digest.load.data_sent,
                Counter::Received => &mut digest.load.data_received,
            } += sum;
        }
        (Route::Gauge(gauge), Sink::Gauge { value, .. }) => {
            let gauge = match gauge {
                Gauge::Asked => &mut digest.load.asked,
                Gauge::Vus => &mut digest.load.vus,
                Gauge::VusMax => &mut digest.load.vus_max,
            };
            *gauge = Some(gauge.unwrap_or(0.0) + value);
        }
        (Route::Signal(number), sink) => {
            digest.watched.extend(Cell::of(sink).map(|cell| (number, cell)));
        }
        (Route::Limit(number), sink) => {
            let limit = Cell::of(sink).and_then(|cell| cell.mean());
            digest.limits.extend(limit.map(|limit| (number, limit)));
        }
        // A series of a metric that is of another kind than its name says.
        _ => {}
    }
}

/// What this interval has of a URL. Series come in no order, and a URL has few.
fn requests(digest: &mut Digest, url: u32) -> &mut Requests {
    let at = match digest.requests.binary_search_by_key(&url, |(number, _)| *number) {
        Ok(at) => at,
        Err(at) => {
            digest.requests.insert(at, (url, Requests::default()));
            at
        }
    };
    &mut digest.requests[at].1
}

fn thresholds(totals: &Totals, elapsed_nanos: u64) -> Vec<Verdict> {
    let elapsed = std::time::Duration::from_nanos(elapsed_nanos);
    let entries = totals.entries().iter();
    entries
        .flat_map(|entry| {
            entry.thresholds.iter().map(move |state| Verdict {
                key: entry.name.clone(),
                expression: state.threshold.source.clone(),
                ok: !state.last_failed,
                value: match entry.seen {
                    true => state.value(&entry.sink, elapsed),
                    false => None,
                },
            })
        })
        .collect()
}
