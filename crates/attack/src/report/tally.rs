//! What is counted of hits; the reports are made from it.

use std::{collections::BTreeMap, time::Duration};

use plimsoll_metrics::Timestamp;

use super::{Buckets, ErrorSet, Latencies, Plan};
use crate::results::{
    Hit,
    binary::{End, Start},
};

/// What run records tell of latencies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Records {
    /// From the due time of each request.
    pub(super) have_response_time: bool,
}

/// An accumulator of hits whose memory does not grow with their number. Each worker thread has its
/// own; merged in any order they say the same, but for which errors are kept beyond the limit.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub(super) requests: u64,
    pub(super) successes: u64,
    /// Of the due times; likewise `latest`. `None` without hits.
    pub(super) earliest: Option<Timestamp>,
    pub(super) latest: Option<Timestamp>,
    /// When the last response was over.
    pub(super) end: Option<Timestamp>,
    pub(super) response_time: Latencies,
    /// Of those hits of which it is known; likewise `lateness`.
    pub(super) service_time: Latencies,
    pub(super) lateness: Latencies,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
    pub(super) status_codes: BTreeMap<u16, u64>,
    /// Requests of protocols without statuses, which are among those of code 0.
    pub(super) without_status: u64,
    pub(super) errors: ErrorSet,
    pub(super) buckets: Option<Buckets>,
    pub(super) plan: Plan,
    /// What of it comes from run records, which know less.
    pub(super) records: Option<Records>,
}

impl Tally {
    pub fn new() -> Tally {
        Tally::default()
    }

    /// One that counts response times in `buckets` too.
    pub fn with_buckets(buckets: Buckets) -> Tally {
        Tally { buckets: Some(buckets), ..Tally::default() }
    }

    /// Adds a hit. Allocates for errors that are new only.
    pub fn add(&mut self, hit: &Hit<'_>) {
        self.requests += 1;
        self.successes += u64::from(hit.is_success());
        *self.status_codes.entry(hit.code).or_default() += 1;
        self.without_status += u64::from(!hit.has_status());
        let end = after(hit.scheduled, hit.response_time);
        self.span(hit.scheduled, hit.scheduled, end);
        self.response_time.record(hit.response_time);
        if let (Some(service_time), Some(lateness)) = (hit.service_time(), hit.lateness) {
            self.service_time.record(service_time);
            self.lateness.record(lateness);
        }
        self.bytes_in = self.bytes_in.saturating_add(hit.bytes_in);
        self.bytes_out = self.bytes_out.saturating_add(hit.bytes_out);
        self.errors.add(&hit.error, 1);
        if let Some(buckets) = &mut self.buckets {
            buckets.add(hit.response_time, 1);
        }
    }

    /// Adds what was asked for, as told before the first hit of a stream.
    pub fn start(&mut self, start: &Start) {
        self.plan.start(start);
    }

    /// Adds what a stream tells after its last hit.
    pub fn end(&mut self, end: &End) {
        self.plan.end(end);
    }

    /// Adds all that `other` counted.
    pub fn merge(&mut self, other: &Tally) {
        self.requests += other.requests;
        self.successes += other.successes;
        if let (Some(earliest), Some(latest), Some(end)) = (other.earliest, other.latest, other.end)
        {
            self.span(earliest, latest, end);
        }
        self.response_time.merge(&other.response_time);
        self.service_time.merge(&other.service_time);
        self.lateness.merge(&other.lateness);
        self.bytes_in = self.bytes_in.saturating_add(other.bytes_in);
        self.bytes_out = self.bytes_out.saturating_add(other.bytes_out);
        for (code, count) in &other.status_codes {
            *self.status_codes.entry(*code).or_default() += count;
        }
        self.without_status += other.without_status;
        self.errors.merge(&other.errors);
        if let (Some(ours), Some(theirs)) = (&mut self.buckets, &other.buckets) {
            ours.merge(theirs);
        }
        self.plan.merge(&other.plan);
        if let Some(theirs) = other.records {
            let both = self.records.is_none_or(|ours| ours.have_response_time);
            let have_response_time = both && theirs.have_response_time;
            self.records = Some(Records { have_response_time });
        }
    }

    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// vegeta's text report, and what we know beyond it.
    pub fn text(&self) -> String {
        super::text(self)
    }

    pub(super) fn span(&mut self, earliest: Timestamp, latest: Timestamp, end: Timestamp) {
        self.earliest = Some(self.earliest.map_or(earliest, |ours| ours.min(earliest)));
        self.latest = self.latest.max(Some(latest));
        self.end = self.end.max(Some(end));
    }

    /// From the first due time to the last.
    pub(super) fn duration(&self) -> Duration {
        between(self.earliest, self.latest)
    }

    /// From the last due time to the end of the last response.
    pub(super) fn wait(&self) -> Duration {
        between(self.latest, self.end)
    }

    /// Requests a second between the first and the last, as vegeta counts it: n requests in n - 1
    /// intervals.
    pub(super) fn rate(&self) -> f64 {
        let seconds = self.duration().as_secs_f64();
        if seconds > 0.0 { self.requests as f64 / seconds } else { self.requests as f64 }
    }

    /// Successful requests a second, up to the last response.
    pub(super) fn throughput(&self) -> f64 {
        let seconds = (self.duration() + self.wait()).as_secs_f64();
        let is_longer = !self.duration().is_zero();
        if is_longer { self.successes as f64 / seconds } else { self.successes as f64 }
    }

    /// Status codes as text, in the order in which vegeta has them.
    pub(super) fn status_codes(&self) -> Vec<(String, u64)> {
        let codes = self.status_codes.iter().map(|(code, count)| (code.to_string(), *count));
        let mut codes: Vec<(String, u64)> = codes.collect();
        codes.sort_unstable();
        codes
    }

    /// Whether there is anything to say of statuses.
    pub(super) fn has_statuses(&self) -> bool {
        self.requests == 0 || self.without_status < self.requests
    }

    /// Whether latencies start when requests were due. Without lateness, they start when requests
    /// were sent.
    pub(super) fn knows_response_time(&self) -> bool {
        !self.lateness.is_empty() && self.records.is_none_or(|records| records.have_response_time)
    }

    /// Whether it is known when the last response came.
    pub(super) fn knows_wait(&self) -> bool {
        self.records.is_none()
    }

    /// What a reader should know of these numbers, in sentences.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.plan.has_closed_model {
            notes.push(
                "closed model: each connection waits for its response before it asks again, so a \
                 slow service is asked less and looks better than to its users"
                    .to_owned(),
            );
        }
        if self.plan.lost > 0 {
            let lost = self.plan.lost;
            notes.push(format!(
                "{lost} requests are missing in the results, which could not be written fast \
                 enough or at all"
            ));
        }
        if let Some(records) = self.records {
            notes.push(
                "from a run record: bytes are those on the wire, with all headers".to_owned(),
            );
            if !records.have_response_time {
                notes.push(
                    "from a run record of iterations: latencies start when requests were sent"
                        .to_owned(),
                );
            }
        }
        notes
    }

    /// From 0 to 1; 0 without requests.
    pub(super) fn success_ratio(&self) -> f64 {
        ratio(self.successes, self.requests)
    }

    /// Requests a second over the time that the load took, which is known when its end is.
    pub(super) fn achieved_rate(&self) -> f64 {
        match self.plan.duration() {
            Some(duration) if !duration.is_zero() => self.requests as f64 / duration.as_secs_f64(),
            _ => self.rate(),
        }
    }
}

/// Whether a status, where there is one, is a success, as vegeta sees it.
pub(super) fn is_success_code(code: u16) -> bool {
    (200..400).contains(&code)
}

/// 0 of nothing.
pub(super) fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn after(start: Timestamp, duration: Duration) -> Timestamp {
    Timestamp(start.0.saturating_add(crate::results::nanos(duration)))
}

fn between(start: Option<Timestamp>, end: Option<Timestamp>) -> Duration {
    let (Some(start), Some(end)) = (start, end) else { return Duration::ZERO };
    Duration::from_nanos(end.0.saturating_sub(start.0))
}
