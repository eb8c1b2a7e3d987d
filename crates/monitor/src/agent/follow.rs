//! What is known of an agent, and its answers turned into readings of ours.

use plimsoll_metrics::{Event, MetricId, TagSet, Timestamp};
use plimsoll_runtime::clock::Instant;

use super::{
    answer::{Answer, Series, Tick},
    offset::{Exchange, Offset},
};
use crate::{probe::ProbeError, readings::Readings};

/// Series of one agent.
pub(super) const SERIES_LIMIT: usize = 100_000;

/// Tags of one series, and bytes of a name or a value of them. A longer one is not recorded.
const TAGS_LIMIT: usize = 64;
const TAG_LIMIT: usize = 1024;

/// Bytes of an event's text that are kept.
const TEXT_LIMIT: usize = 1024;

/// One agent as seen from here.
pub struct Follower {
    /// For messages.
    name: String,
    authority: String,
    session: Option<String>,
    /// The last tick that was taken.
    after: u64,
    /// By the agent's number; none for those that cannot be recorded.
    series: Vec<Option<(MetricId, TagSet)>>,
    offset: Offset,
    has_told_name: bool,
}

impl Follower {
    /// `name`: for messages. `authority`: what it is called when its own name cannot be taken.
    pub fn new(name: &str, authority: &str) -> Follower {
        Follower {
            name: name.to_owned(),
            authority: authority.to_owned(),
            session: None,
            after: 0,
            series: Vec::new(),
            offset: Offset::default(),
            has_told_name: false,
        }
    }

    /// Whether the agent has answered before, so that the next answer has readings.
    pub fn has_session(&self) -> bool {
        self.session.is_some()
    }

    /// As a query.
    pub fn question(&self) -> String {
        let session = self.session.as_deref().unwrap_or_default();
        format!("session={session}&after={}&series={}", self.after, self.series.len())
    }

    /// Takes an answer in. `exchange`: the stamps of its way.
    ///
    /// # Errors
    /// When the answer fits no question; the next one then begins anew.
    pub fn follow(
        &mut self,
        answer: &Answer<'_>,
        exchange: Exchange,
        readings: &Readings,
    ) -> Result<(), ProbeError> {
        if self.session.as_deref() != Some(&*answer.session) {
            return self.begin(answer, exchange, readings);
        }
        self.offset.add(exchange);
        if answer.first_series != self.series.len() {
            return Err(self.confused());
        }
        if self.series.len() + answer.series.len() > SERIES_LIMIT {
            return Err(ProbeError::new(format!("it has more than {SERIES_LIMIT} series")));
        }
        let own_name = self.own_name(answer, readings);
        for series in &answer.series {
            let recorded = recorded(series, &answer.host, own_name.as_deref(), readings);
            self.series.push(recorded);
        }
        if answer.missed > 0 {
            let missed = answer.missed;
            readings
                .event("probe", format!("{}: {missed} of its readings came too late", self.name));
        }
        for tick in &answer.ticks {
            if tick.number <= self.after {
                return Err(self.confused());
            }
            self.after = tick.number;
            self.record(tick, readings);
        }
        Ok(())
    }

    /// A new session: nothing that was known holds any more.
    fn begin(
        &mut self,
        answer: &Answer<'_>,
        exchange: Exchange,
        readings: &Readings,
    ) -> Result<(), ProbeError> {
        const SESSION_LIMIT: usize = 64;
        let is_plain = answer.session.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if answer.session.is_empty() || answer.session.len() > SESSION_LIMIT || !is_plain {
            return Err(self.confused());
        }
        if self.session.replace(answer.session.clone().into_owned()).is_some() {
            readings.event("probe", format!("{} was started anew", self.name));
        }
        self.after = answer.newest;
        self.series.clear();
        self.offset = Offset::default();
        self.offset.add(exchange);
        Ok(())
    }

    /// After an answer that does not fit the question: begins anew with the next.
    fn confused(&mut self) -> ProbeError {
        self.session = None;
        self.series.clear();
        ProbeError::new("it answers what it was not asked")
    }

    /// What the agent is called here when it calls itself as this machine does.
    fn own_name(&mut self, answer: &Answer<'_>, readings: &Readings) -> Option<String> {
        if readings.host().get("host") != Some(&answer.host) {
            return None;
        }
        if !self.has_told_name {
            self.has_told_name = true;
            let (name, host, authority) = (&self.name, &answer.host, &self.authority);
            readings.event(
                "probe",
                format!("{name} is called {host}, as this machine: its host tag is {authority} (hint: --name)"),
            );
        }
        Some(self.authority.clone())
    }

    fn record(&self, tick: &Tick<'_>, readings: &Readings) {
        let now = Instant::now();
        let behind = |at: u64| now.unix_nanos().saturating_sub(self.offset.ours(at));
        let at = Instant::from_nanos(now.nanos().saturating_sub(behind(tick.at)));
        let readings = readings.at_tick(at);
        for (series, value) in &tick.values {
            if let Some(Some((metric, tags))) = self.series.get(*series) {
                readings.record_id(*metric, tags, *value);
            }
        }
        for mark in &tick.events {
            let at = Timestamp(now.unix_nanos().saturating_sub(behind(mark.at)));
            let text = format!("{}: {}", self.name, cut(&mark.text));
            readings.forward(Event { at, kind: cut(&mark.kind).to_owned(), text });
        }
    }
}

fn recorded(
    series: &Series<'_>,
    host: &str,
    own_name: Option<&str>,
    readings: &Readings,
) -> Option<(MetricId, TagSet)> {
    let is_long = |(name, value): (&str, &str)| name.len() > TAG_LIMIT || value.len() > TAG_LIMIT;
    let tags = series.tags.iter().map(|(name, value)| (&**name, &**value));
    if series.tags.len() > TAGS_LIMIT || tags.clone().any(is_long) {
        return None;
    }
    let metric = readings.metric(&series.metric, series.kind.into(), series.contains.into())?;
    let mut tags = TagSet::from_pairs(tags);
    match (tags.get("host"), own_name) {
        (None, own_name) => tags = tags.with("host", own_name.unwrap_or(host)),
        (Some(theirs), Some(own_name)) if theirs == host => tags = tags.with("host", own_name),
        _ => {}
    }
    Some((metric, tags))
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(TEXT_LIMIT)).unwrap_or(text)
}
