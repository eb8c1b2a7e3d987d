//! The built-in samples of one exchange, with k6's names and tags.

use std::{hash::BuildHasher, net::IpAddr, rc::Rc};

use hashbrown::{DefaultHashBuilder, HashTable};
use plimsoll_metrics::{Builtin, Recorder, SeriesHandle, TagSet, Timestamp};

use super::{
    config::SystemTags,
    error::ErrorCode,
    request::Scope,
    response::Proto,
    timings::{Timings, millis},
    url::Url,
};

/// Combinations of tags whose handles are kept; past it the table starts anew.
const CACHE_LIMIT: usize = 8192;

/// What one exchange's samples say of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'a> {
    pub(super) url: &'a Url,
    /// Given by the caller.
    pub(super) name: Option<&'a Rc<str>>,
    pub(super) method: &'a Rc<str>,
    pub(super) tags: &'a [(Rc<str>, Rc<str>)],
    pub(super) status: u16,
    pub(super) proto: Proto,
    pub(super) tls_version: &'static str,
    pub(super) error_code: ErrorCode,
    pub(super) error: &'a str,
    pub(super) expected: Option<bool>,
    pub(super) ip: Option<IpAddr>,
}

/// Finds the series of an exchange: one hash look-up when its like was seen before.
pub(super) struct Emitter {
    system: SystemTags,
    known: HashTable<Known>,
    hasher: DefaultHashBuilder,
}

struct Known {
    hash: u64,
    base: TagSet,
    url: Rc<str>,
    name: Option<Rc<str>>,
    method: Rc<str>,
    tags: Box<[(Rc<str>, Rc<str>)]>,
    error: Box<str>,
    plain: Plain,
    series: Series,
}

/// The parts of [`Facts`] that are compared as they are.
#[derive(Clone, Copy, Hash)]
struct Plain {
    status: u16,
    proto: Proto,
    tls_version: &'static str,
    error_code: ErrorCode,
    expected: Option<bool>,
    ip: Option<IpAddr>,
}

impl Plain {
    fn is(&self, other: &Plain) -> bool {
        self.status == other.status
            && self.proto == other.proto
            && self.error_code == other.error_code
            && self.expected == other.expected
            && self.ip == other.ip
            && same(self.tls_version, other.tls_version)
    }
}

/// Whether two texts are equal. Nearly always they are one text or both empty, which is seen without
/// a call to compare bytes: a good part of what finding the series costs.
fn same(one: &str, other: &str) -> bool {
    one.len() == other.len() && (one.is_empty() || std::ptr::eq(one, other) || one == other)
}

/// Handles in the order of k6's samples.
#[derive(Clone, Copy)]
struct Series {
    reqs: SeriesHandle,
    duration: SeriesHandle,
    blocked: SeriesHandle,
    connecting: SeriesHandle,
    tls_handshaking: SeriesHandle,
    sending: SeriesHandle,
    waiting: SeriesHandle,
    receiving: SeriesHandle,
    failed: SeriesHandle,
}

impl Emitter {
    pub(super) fn new(system: SystemTags) -> Emitter {
        Emitter { system, known: HashTable::new(), hasher: DefaultHashBuilder::default() }
    }

    /// Records the samples of one exchange at its end.
    pub(super) fn emit(
        &mut self,
        recorder: &mut Recorder,
        scope: &Scope,
        facts: &Facts<'_>,
        timings: &Timings,
    ) {
        let series = self.series(recorder, &scope.tags, facts);
        let at = Timestamp(timings.finished.unix_nanos());
        let metadata = scope.metadata.as_ref();
        let mut record = |series, value| recorder.record_with(series, value, at, metadata);
        record(series.reqs, 1.0);
        record(series.duration, millis(timings.duration()));
        record(series.blocked, millis(timings.blocked));
        record(series.connecting, millis(timings.connecting));
        record(series.tls_handshaking, millis(timings.tls_handshaking));
        record(series.sending, millis(timings.sending));
        record(series.waiting, millis(timings.waiting));
        record(series.receiving, millis(timings.receiving));
        if let Some(expected) = facts.expected {
            record(series.failed, if expected { 0.0 } else { 1.0 });
        }
    }

    fn series(&mut self, recorder: &mut Recorder, base: &TagSet, facts: &Facts<'_>) -> Series {
        let plain = Plain {
            status: facts.status,
            proto: facts.proto,
            tls_version: facts.tls_version,
            error_code: facts.error_code,
            expected: facts.expected,
            ip: facts.ip.filter(|_| self.system.ip),
        };
        let url = facts.url.tag();
        let key = (base, url, facts.name, facts.method, facts.tags, facts.error, plain);
        let hash = self.hasher.hash_one(key);
        let is_known = |known: &Known| {
            known.hash == hash
                && known.plain.is(&plain)
                && known.base == *base
                && known.url == *url
                && known.name.as_ref() == facts.name
                && same(&known.method, facts.method)
                && (known.tags.is_empty() && facts.tags.is_empty() || *known.tags == *facts.tags)
                && same(&known.error, facts.error)
        };
        if let Some(known) = self.known.find(hash, is_known) {
            return known.series;
        }
        let series = Series::new(recorder, &self.tags(base, facts));
        if self.known.len() >= CACHE_LIMIT {
            self.known.clear();
        }
        let known = Known {
            hash,
            base: base.clone(),
            url: url.clone(),
            name: facts.name.cloned(),
            method: facts.method.clone(),
            tags: facts.tags.into(),
            error: facts.error.into(),
            plain,
            series,
        };
        self.known.insert_unique(hash, known, |known| known.hash);
        series
    }

    /// All tags of the samples, by k6's rules: a name that was given replaces the URL too.
    fn tags(&self, base: &TagSet, facts: &Facts<'_>) -> TagSet {
        let system = &self.system;
        let status = facts.status.to_string();
        let error_code = facts.error_code.0.to_string();
        let ip = facts.ip.map(|ip| ip.to_string());
        let given = facts.name.map(|name| &**name).or_else(|| base.get("name"));
        let name: &str = given.unwrap_or(facts.url.tag());
        let expected = match facts.expected {
            Some(true) => "true",
            Some(false) => "false",
            None => "",
        };
        // Names may be empty; the rest is left out when there is nothing to say.
        let tags = [
            (system.name, "name", Some(name)),
            (system.url, "url", Some(name)),
            (system.method, "method", Some(facts.method)),
            (system.status, "status", Some(&*status)),
            (system.proto, "proto", Some(facts.proto.as_str()).filter(|proto| !proto.is_empty())),
            (system.error, "error", Some(facts.error).filter(|error| !error.is_empty())),
            (
                system.error_code,
                "error_code",
                Some(&*error_code).filter(|_| facts.error_code != ErrorCode::NONE),
            ),
            (
                system.tls_version,
                "tls_version",
                Some(facts.tls_version).filter(|version| !version.is_empty()),
            ),
            (
                system.expected_response,
                "expected_response",
                Some(expected).filter(|expected| !expected.is_empty()),
            ),
            (system.ip, "ip", ip.as_deref()),
        ];
        let extra = facts.tags.iter().map(|(key, value)| (&**key, &**value));
        let system =
            tags.into_iter().filter_map(|(on, key, value)| Some((key, value.filter(|_| on)?)));
        base.extended(extra.chain(system))
    }
}

impl Series {
    fn new(recorder: &mut Recorder, tags: &TagSet) -> Series {
        let mut handle = |builtin: Builtin| recorder.handle(builtin.id(), tags);
        Series {
            reqs: handle(Builtin::HttpReqs),
            duration: handle(Builtin::HttpReqDuration),
            blocked: handle(Builtin::HttpReqBlocked),
            connecting: handle(Builtin::HttpReqConnecting),
            tls_handshaking: handle(Builtin::HttpReqTlsHandshaking),
            sending: handle(Builtin::HttpReqSending),
            waiting: handle(Builtin::HttpReqWaiting),
            receiving: handle(Builtin::HttpReqReceiving),
            failed: handle(Builtin::HttpReqFailed),
        }
    }
}
