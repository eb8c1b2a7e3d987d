//! Names of metrics and series, shared by all workers. Taken once per series and worker, never per sample.

mod definition;

use std::{
    fmt,
    hash::BuildHasher,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use crate::{builtin::Builtin, tags::TagSet};
pub use definition::{Contains, MetricDef, MetricId, MetricKind, Origin, SeriesDef, SeriesId};

/// Why a metric could not be registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetricError {
    #[error(
        "Invalid metric name: '{0}'. Metric names must only include up to 128 ASCII letters, numbers, \
         or underscores and start with a letter or an underscore."
    )]
    Name(String),
    #[error("metric '{name}' already exists but with type {existing}, instead of {asked}")]
    Kind { name: String, existing: MetricKind, asked: MetricKind },
    #[error("metric '{name}' already exists but with a value type {existing}, instead of {asked}")]
    Contains { name: String, existing: Contains, asked: Contains },
    #[error("cannot make metric '{0}': there are {METRICS_LIMIT} already")]
    Limit(String),
}

/// Metrics of one run. Scripts name them one by one; more come from a loop that names them from data.
pub const METRICS_LIMIT: usize = 1 << 16;

/// Limit on the number of series, see [`Registry::new`].
pub const SERIES_LIMIT: usize = 100_000;

/// Past the series limit, one more series for every so many is kept for sets that lost `url` and `name`.
const FOLDED_SHARE: usize = 10;

/// Longest name of a metric, in bytes: k6 takes 128 after the first.
pub const NAME_LIMIT: usize = 129;

/// Metrics and series of one run; a clone is a handle to the same registry.
#[derive(Clone)]
pub struct Registry(Arc<Mutex<Inner>>);

struct Inner {
    metrics: Vec<MetricDef>,
    by_name: HashMap<Arc<str>, MetricId>,
    series: Vec<SeriesDef>,
    /// Positions in `series`, by metric and tags.
    by_tags: HashTable<u32>,
    hasher: DefaultHashBuilder,
    limit: usize,
    folded: u64,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.lock();
        f.debug_struct("Registry")
            .field("metrics", &inner.metrics.len())
            .field("series", &inner.series.len())
            .finish_non_exhaustive()
    }
}

impl Registry {
    /// `series_limit`: past it, new tag sets lose `url` and `name` first, then (a tenth later) every
    /// tag, and [`Registry::folded`] counts them. Series with no tag are always made.
    pub fn new(series_limit: usize) -> Registry {
        let mut inner = Inner {
            metrics: Vec::new(),
            by_name: HashMap::new(),
            series: Vec::new(),
            by_tags: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            limit: series_limit,
            folded: 0,
        };
        for &builtin in Builtin::ALL {
            let origin = if builtin.is_k6() { Origin::Load } else { Origin::Own };
            inner.add_metric(builtin.name(), builtin.kind(), builtin.contains(), origin);
        }
        Registry(Arc::new(Mutex::new(inner)))
    }

    /// A thread that panicked with the lock held left whole entries behind, so its poison is no news.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a metric, or returns the id of the one of that name, kind and content.
    ///
    /// # Errors
    /// When the name is none that k6 takes, belongs to a metric of another kind or content, or is one too many.
    pub fn metric(
        &self,
        name: &str,
        kind: MetricKind,
        contains: Contains,
    ) -> Result<MetricId, MetricError> {
        self.metric_from(Origin::Custom, name, kind, contains)
    }

    /// As [`Registry::metric`], for one that a monitor records.
    ///
    /// # Errors
    /// As [`Registry::metric`].
    pub fn watched_metric(
        &self,
        name: &str,
        kind: MetricKind,
        contains: Contains,
    ) -> Result<MetricId, MetricError> {
        self.metric_from(Origin::Watched, name, kind, contains)
    }

    fn metric_from(
        &self,
        origin: Origin,
        name: &str,
        kind: MetricKind,
        contains: Contains,
    ) -> Result<MetricId, MetricError> {
        if !is_valid_name(name) {
            return Err(MetricError::Name(name.to_owned()));
        }
        let mut inner = self.lock();
        let Some(existing) = inner.find(name) else {
            if inner.metrics.len() >= METRICS_LIMIT {
                return Err(MetricError::Limit(name.to_owned()));
            }
            return Ok(inner.add_metric(name, kind, contains, origin));
        };
        if existing.kind != kind {
            return Err(MetricError::Kind {
                name: name.to_owned(),
                existing: existing.kind,
                asked: kind,
            });
        }
        if existing.contains != contains {
            let (name, existing) = (name.to_owned(), existing.contains);
            return Err(MetricError::Contains { name, existing, asked: contains });
        }
        Ok(existing.id)
    }

    pub fn find(&self, name: &str) -> Option<MetricDef> {
        self.lock().find(name).cloned()
    }

    /// The definition of a registered metric.
    ///
    /// # Panics
    /// With the id of another registry.
    pub fn def(&self, id: MetricId) -> MetricDef {
        self.lock().metrics.get(id.0 as usize).expect("a metric id comes from its registry").clone()
    }

    /// All metrics, in order of registration.
    pub fn metrics(&self) -> Vec<MetricDef> {
        self.lock().metrics.clone()
    }

    /// Metrics registered so far.
    pub fn metrics_len(&self) -> usize {
        self.lock().metrics.len()
    }

    /// The series of `metric` with `tags`, made when it is new and the limit allows it. Locks.
    pub fn series(&self, metric: MetricId, tags: &TagSet) -> SeriesId {
        self.series_or_coarser(metric, tags).0
    }

    /// As [`Registry::series`], and whether it was made coarser.
    pub(crate) fn series_or_coarser(&self, metric: MetricId, tags: &TagSet) -> (SeriesId, bool) {
        let mut inner = self.lock();
        let (limit, folded_limit) =
            (inner.limit, inner.limit.saturating_add(inner.limit / FOLDED_SHARE));
        if let Some(id) = inner.find_or_add_series(metric, tags, limit) {
            return (id, false);
        }
        let coarser = tags.without("url").without("name");
        let (id, is_coarser) = match inner.find_or_add_series(metric, &coarser, folded_limit) {
            Some(id) => (id, coarser != *tags),
            None => (inner.find_or_add_bare(metric), !tags.is_empty()),
        };
        inner.folded += u64::from(is_coarser);
        (id, is_coarser)
    }

    /// The definition of a series.
    ///
    /// # Panics
    /// With the id of another registry.
    pub fn series_def(&self, id: SeriesId) -> SeriesDef {
        self.lock().series.get(id.0 as usize).expect("a series id comes from its registry").clone()
    }

    /// Series made so far.
    pub fn series_len(&self) -> usize {
        self.lock().series.len()
    }

    /// How often a series was asked for and replaced by a coarser one since the limit was reached.
    pub fn folded(&self) -> u64 {
        self.lock().folded
    }
}

impl Inner {
    fn find(&self, name: &str) -> Option<&MetricDef> {
        self.metrics.get(self.by_name.get(name)?.0 as usize)
    }

    fn add_metric(
        &mut self,
        name: &str,
        kind: MetricKind,
        contains: Contains,
        origin: Origin,
    ) -> MetricId {
        let id = MetricId(self.metrics.len() as u32);
        let name: Arc<str> = name.into();
        self.by_name.insert(name.clone(), id);
        self.metrics.push(MetricDef { id, name, kind, contains, origin });
        id
    }

    /// `None` when the series is new and there are `limit` already.
    fn find_or_add_series(
        &mut self,
        metric: MetricId,
        tags: &TagSet,
        limit: usize,
    ) -> Option<SeriesId> {
        let hash = self.hasher.hash_one((metric, tags));
        let series = &self.series;
        let is_it = |&at: &u32| {
            series.get(at as usize).is_some_and(|def| def.metric == metric && def.tags == *tags)
        };
        if let Some(&at) = self.by_tags.find(hash, is_it) {
            return Some(SeriesId(at));
        }
        if self.series.len() >= limit {
            return None;
        }
        let id = SeriesId(self.series.len() as u32);
        self.series.push(SeriesDef { id, metric, tags: tags.clone() });
        let (series, hasher) = (&self.series, &self.hasher);
        self.by_tags.insert_unique(hash, id.0, |&at| {
            series.get(at as usize).map_or(0, |def| hasher.hash_one((def.metric, &def.tags)))
        });
        Some(id)
    }

    /// The series of `metric` without any tag: at most one per metric, so no limit is needed.
    fn find_or_add_bare(&mut self, metric: MetricId) -> SeriesId {
        self.find_or_add_series(metric, &TagSet::default(), usize::MAX)
            .expect("no limit refuses it")
    }
}

/// k6's rule: a letter or `_`, then at least one letter, digit or `_`.
fn is_valid_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    (2..=NAME_LIMIT).contains(&name.len())
        && bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builtins_keep_their_ids() {
        let registry = Registry::new(SERIES_LIMIT);
        for &builtin in Builtin::ALL {
            let def = registry.find(builtin.name()).unwrap();
            assert_eq!((def.id, def.kind), (builtin.id(), builtin.kind()));
            assert_eq!(registry.def(builtin.id()), def);
        }
    }

    #[test]
    fn a_metric_is_registered_once() {
        let registry = Registry::new(SERIES_LIMIT);
        let id = registry.metric("mine", MetricKind::Trend, Contains::Time).unwrap();
        assert_eq!(registry.metric("mine", MetricKind::Trend, Contains::Time), Ok(id));
        let error =
            |kind, contains| registry.metric("mine", kind, contains).unwrap_err().to_string();
        assert_eq!(
            error(MetricKind::Rate, Contains::Time),
            "metric 'mine' already exists but with type trend, instead of rate"
        );
        assert_eq!(
            error(MetricKind::Trend, Contains::Default),
            "metric 'mine' already exists but with a value type time, instead of default"
        );
    }

    #[test]
    fn metrics_have_a_limit() {
        let registry = Registry::new(0);
        let add =
            |at: usize| registry.metric(&format!("m{at}"), MetricKind::Rate, Contains::Default);
        for at in Builtin::ALL.len()..METRICS_LIMIT {
            add(at).unwrap();
        }
        assert_eq!(add(0), Err(MetricError::Limit("m0".into())));
        assert!(add(Builtin::ALL.len()).is_ok(), "one that exists");
    }

    #[test]
    fn names() {
        for (name, valid) in [
            ("ok", true),
            ("_x1", true),
            ("x", false),
            ("9lives", false),
            ("", false),
            ("with-dash", false),
            ("with space", false),
            ("\u{e9}", false),
        ] {
            assert_eq!(is_valid_name(name), valid, "{name}");
        }
        assert!(is_valid_name(&"x".repeat(NAME_LIMIT)));
        assert!(!is_valid_name(&"x".repeat(NAME_LIMIT + 1)));
    }

    #[test]
    fn folds_past_the_limit() {
        let registry = Registry::new(20);
        let metric = Builtin::HttpReqs.id();
        let tags = |url: usize, status: usize| {
            TagSet::from_pairs([
                ("url", format!("http://h/{url}")),
                ("name", format!("http://h/{url}")),
                ("status", status.to_string()),
            ])
        };
        for url in 0..20 {
            registry.series(metric, &tags(url, 200));
        }
        assert_eq!(registry.folded(), 0);

        let folded = registry.series_def(registry.series(metric, &tags(20, 200)));
        assert_eq!(folded.tags, TagSet::from_pairs([("status", "200")]));
        let known = registry.series_def(registry.series(metric, &tags(3, 200)));
        assert_eq!(known.tags, tags(3, 200));
        registry.series(metric, &tags(21, 201));
        let bare = registry.series_def(registry.series(metric, &tags(21, 202)));
        assert!(bare.tags.is_empty());
        assert_eq!(registry.series_len(), 23);
        assert_eq!(registry.folded(), 3);
    }
}
