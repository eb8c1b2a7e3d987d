//! The samples of commands. k6 has none, so they are in a run only when its clients are told to
//! record them.

use std::rc::Rc;

use plimsoll_metrics::{
    Contains, MetricId, MetricKind, Recorder, Registry, SeriesHandle, TagSet, Timestamp,
    registry::MetricError,
};

use super::pipeline::{Answer, Command};
use crate::http::{Scope, Timings, timings::millis};

/// Combinations of tags whose handles are kept; past it the table starts anew.
const KNOWN_LIMIT: usize = 64;

/// The metrics of Redis clients in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedisMetrics {
    reqs: MetricId,
    duration: MetricId,
    failed: MetricId,
}

impl RedisMetrics {
    /// Names them in the run's registry: `redis_reqs`, `redis_req_duration` and `redis_req_failed`.
    /// Their tags are those of the scope, `command`, and of a failed command `error`: the first word
    /// of the server's message, or what broke.
    ///
    /// # Errors
    /// When one of the names is taken by a metric of another kind.
    pub fn register(registry: &Registry) -> Result<RedisMetrics, MetricError> {
        Ok(RedisMetrics {
            reqs: registry.metric("redis_reqs", MetricKind::Counter, Contains::Default)?,
            duration: registry.metric("redis_req_duration", MetricKind::Trend, Contains::Time)?,
            failed: registry.metric("redis_req_failed", MetricKind::Rate, Contains::Default)?,
        })
    }
}

/// Finds the series of a command.
#[derive(Default)]
pub(super) struct Emitter {
    known: Vec<Known>,
}

struct Known {
    base: TagSet,
    command: Rc<str>,
    error: Box<str>,
    series: Series,
}

#[derive(Clone, Copy)]
struct Series {
    reqs: SeriesHandle,
    duration: SeriesHandle,
    failed: SeriesHandle,
}

impl Emitter {
    /// Records each command with the times of its pipeline.
    pub(super) fn emit(
        &mut self,
        recorder: &mut Recorder,
        metrics: RedisMetrics,
        scope: &Scope,
        commands: &[Command],
        timings: &Timings,
    ) {
        let at = Timestamp(timings.finished.unix_nanos());
        let duration = millis(timings.duration());
        let metadata = scope.metadata.as_ref();
        for command in commands {
            let series = self.series(recorder, metrics, &scope.tags, command);
            let failed = if command.answer.is_success() { 0.0 } else { 1.0 };
            recorder.record_with(series.reqs, 1.0, at, metadata);
            recorder.record_with(series.duration, duration, at, metadata);
            recorder.record_with(series.failed, failed, at, metadata);
        }
    }

    fn series(
        &mut self,
        recorder: &mut Recorder,
        metrics: RedisMetrics,
        base: &TagSet,
        command: &Command,
    ) -> Series {
        let error = class(&command.answer);
        // A run has few commands and fewer errors: looking at each is quicker than hashing.
        let known = self.known.iter().find(|known| {
            (Rc::ptr_eq(&known.command, &command.name) || known.command == command.name)
                && known.base == *base
                && known.error.len() == error.len()
                && (error.is_empty() || *known.error == *error)
        });
        if let Some(known) = known {
            return known.series;
        }
        let tags = [("command", &*command.name), ("error", error)];
        let tags = tags.into_iter().filter(|(_, value)| !value.is_empty());
        let tags = base.extended(tags);
        let series = Series {
            reqs: recorder.handle(metrics.reqs, &tags),
            duration: recorder.handle(metrics.duration, &tags),
            failed: recorder.handle(metrics.failed, &tags),
        };
        if self.known.len() >= KNOWN_LIMIT {
            self.known.clear();
        }
        let (base, command, error) = (base.clone(), command.name.clone(), error.into());
        self.known.push(Known { base, command, error, series });
        series
    }
}

/// What of an error may be a tag: few different texts.
fn class(answer: &Answer) -> &str {
    match answer {
        Answer::Error(message) => message.split(' ').next().unwrap_or_default(),
        Answer::Lost(error) => &error.message,
        _ => "",
    }
}
