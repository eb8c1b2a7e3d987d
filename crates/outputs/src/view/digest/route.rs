//! What a series counts for: decided once, by its metric and tags.

use hashbrown::HashMap;
use plimsoll_metrics::{Builtin, MetricDef, MetricKind, Origin, TagSet};

use super::{
    Definition, Digest, errors,
    watched::{self, Signal, Thing},
};

/// URLs (name and method) with a row of their own. Those that come later share the last row.
pub(crate) const URLS_LIMIT: usize = 500;

/// Classes of errors, of which there are few unless texts have numbers in them; the last is all others.
pub(crate) const ERRORS_LIMIT: usize = 50;

/// Checks with a row of their own; the last is all others.
pub(crate) const CHECKS_LIMIT: usize = 500;

/// Signals (a watched metric with its tags). What is too much is not shown, and said.
const SIGNALS_LIMIT: usize = 500;

/// Characters of a name that are shown.
const NAME_LIMIT: usize = 300;

const OTHERS: &str = "others";

/// Where the samples of a series go. The numbers are those of [`Definition`]s.
#[derive(Clone, Copy, Debug)]
pub(super) enum Route {
    Ignored,
    Counter(Counter),
    Gauge(Gauge),
    Requests {
        url: u32,
    },
    Service {
        url: u32,
    },
    /// `error`: none before it has failed, so that there is no class of errors that nobody saw.
    Failures {
        url: u32,
        error: Option<u32>,
    },
    Response,
    Lateness,
    Iteration,
    Check(u32),
    Signal(u32),
    /// Of that signal.
    Limit(u32),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Counter {
    Iterations,
    Dropped,
    Sent,
    Received,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Gauge {
    Asked,
    Vus,
    VusMax,
}

/// Numbers that were given to names, up to a limit; what is beyond shares the last one.
#[derive(Debug)]
struct Numbers<K> {
    known: HashMap<K, u32>,
    limit: usize,
}

impl<K: std::hash::Hash + Eq> Numbers<K> {
    fn new(limit: usize) -> Numbers<K> {
        Numbers { known: HashMap::new(), limit }
    }

    /// The number, and whether `key` is the one that now defines it; `None` when all are taken.
    fn number(&mut self, key: K) -> Option<(u32, bool)> {
        let next = self.known.len() as u32;
        if let Some(number) = self.known.get(&key) {
            return Some((*number, false));
        }
        if self.known.len() >= self.limit {
            return None;
        }
        self.known.insert(key, next);
        Some((next, true))
    }

    /// As [`Numbers::number`], where what is too much has the number of `others`.
    fn number_or(&mut self, key: K, others: impl FnOnce() -> K) -> (u32, bool) {
        let spare = self.limit.saturating_sub(1);
        if self.known.len() < spare || self.known.contains_key(&key) {
            return self.number(key).unwrap_or((spare as u32, false));
        }
        self.number(others()).unwrap_or((spare as u32, false))
    }
}

pub(super) struct Router {
    urls: Numbers<(String, String)>,
    errors: Numbers<String>,
    checks: Numbers<String>,
    signals: Numbers<(Thing, String)>,
    new: Vec<Definition>,
    unwatched: u64,
}

impl Default for Router {
    fn default() -> Self {
        Router {
            urls: Numbers::new(URLS_LIMIT),
            errors: Numbers::new(ERRORS_LIMIT),
            checks: Numbers::new(CHECKS_LIMIT),
            signals: Numbers::new(SIGNALS_LIMIT),
            new: Vec::new(),
            unwatched: 0,
        }
    }
}

/// The metrics of Redis clients, which no registry has from the start. See the clients' crate.
const REDIS_REQS: &str = "redis_reqs";
const REDIS_DURATION: &str = "redis_req_duration";
const REDIS_FAILED: &str = "redis_req_failed";

impl Router {
    pub(super) fn route(&mut self, metric: &MetricDef, tags: &TagSet, has_failed: bool) -> Route {
        if metric.origin == Origin::Watched {
            return self.watched(metric, tags);
        }
        let builtin = Builtin::ALL.iter().find(|builtin| builtin.id() == metric.id);
        match builtin {
            Some(Builtin::Iterations) => Route::Counter(Counter::Iterations),
            Some(Builtin::DroppedIterations) => Route::Counter(Counter::Dropped),
            Some(Builtin::DataSent) => Route::Counter(Counter::Sent),
            Some(Builtin::DataReceived) => Route::Counter(Counter::Received),
            Some(Builtin::IterationsAsked) => Route::Gauge(Gauge::Asked),
            Some(Builtin::Vus) => Route::Gauge(Gauge::Vus),
            Some(Builtin::VusMax) => Route::Gauge(Gauge::VusMax),
            Some(Builtin::IterationResponseTime) => Route::Response,
            Some(Builtin::IterationLateness) => Route::Lateness,
            Some(Builtin::IterationDuration) => Route::Iteration,
            Some(Builtin::Checks) => Route::Check(self.check(tags)),
            Some(Builtin::HttpReqs) => Route::Requests { url: self.url(tags) },
            Some(Builtin::HttpReqDuration) => Route::Service { url: self.url(tags) },
            Some(Builtin::HttpReqFailed) => Route::Failures {
                url: self.url(tags),
                error: has_failed.then(|| self.error(errors::of_http(tags))),
            },
            Some(_) => Route::Ignored,
            None => self.custom(metric, tags, has_failed),
        }
    }

    /// A script may give its own metrics these names, too: then they are of another kind, or mean the same.
    fn custom(&mut self, metric: &MetricDef, tags: &TagSet, has_failed: bool) -> Route {
        match (&*metric.name, metric.kind) {
            (REDIS_REQS, MetricKind::Counter) => Route::Requests { url: self.command(tags) },
            (REDIS_DURATION, MetricKind::Trend) => Route::Service { url: self.command(tags) },
            (REDIS_FAILED, MetricKind::Rate) => Route::Failures {
                url: self.command(tags),
                error: has_failed.then(|| self.error(errors::of_redis(tags))),
            },
            _ => Route::Ignored,
        }
    }

    fn url(&mut self, tags: &TagSet) -> u32 {
        let name = tags.get("name").or_else(|| tags.get("url")).unwrap_or(OTHERS);
        self.row(cut(name), cut(tags.get("method").unwrap_or_default()))
    }

    fn command(&mut self, tags: &TagSet) -> u32 {
        self.row(cut(tags.get("command").unwrap_or(OTHERS)), "redis".to_owned())
    }

    fn row(&mut self, name: String, method: String) -> u32 {
        let (number, is_new) = self
            .urls
            .number_or((name.clone(), method.clone()), || (OTHERS.to_owned(), String::new()));
        if is_new {
            let is_others = number as usize + 1 == URLS_LIMIT;
            self.new.push(match is_others {
                true => Definition::Url { name: OTHERS.to_owned(), method: String::new() },
                false => Definition::Url { name, method },
            });
        }
        number
    }

    fn error(&mut self, class: String) -> u32 {
        let (number, is_new) = self.errors.number_or(class.clone(), || "other errors".to_owned());
        if is_new {
            let is_others = number as usize + 1 == ERRORS_LIMIT;
            let class = if is_others { "other errors".to_owned() } else { class };
            self.new.push(Definition::Error(class));
        }
        number
    }

    fn check(&mut self, tags: &TagSet) -> u32 {
        let name = cut(tags.get("check").unwrap_or_default());
        let group = tags.get("group").unwrap_or_default().trim_start_matches("::");
        let name = match group {
            "" => name,
            group => cut(&format!("{} › {name}", group.replace("::", " › "))),
        };
        let (number, is_new) = self.checks.number_or(name.clone(), || OTHERS.to_owned());
        if is_new {
            let is_others = number as usize + 1 == CHECKS_LIMIT;
            self.new.push(Definition::Check(if is_others { OTHERS.to_owned() } else { name }));
        }
        number
    }

    fn watched(&mut self, metric: &MetricDef, tags: &TagSet) -> Route {
        let (thing, rest) = Thing::of(metric, tags);
        let limited = watched::limited_by(&metric.name);
        let signal = Signal::new(thing.kind, metric, limited.as_deref(), &rest);
        let Some((number, is_new)) = self.signals.number((thing.clone(), signal.id.clone())) else {
            self.unwatched += 1;
            return Route::Ignored;
        };
        if is_new {
            self.new.push(Definition::Signal(thing, signal));
        }
        if limited.is_some() { Route::Limit(number) } else { Route::Signal(number) }
    }

    /// Hands over what was defined since the last time.
    pub(super) fn take_new(&mut self, digest: &mut Digest) {
        digest.new = std::mem::take(&mut self.new);
        digest.unwatched = self.unwatched;
    }
}

pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(NAME_LIMIT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
