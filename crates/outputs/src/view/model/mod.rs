//! A run as a page shows it: points on the axis of time, and tables. The second step behind
//! [`super::digest`].
//!
//! Memory is bounded: by the limits on names that the digests keep to, and by [`POINTS_LIMIT`].

mod json;
mod point;
mod tables;
#[cfg(test)]
mod tests;
mod timeline;

use plimsoll_metrics::{Event, record::End};

use super::digest::{Cell, Definition, Digest, News, Signal, Thing, Verdict};
pub(super) use json::Part;
use tables::{Checks, Urls};
use timeline::{Timeline, Track};

/// Points of the axis of time. With one more, neighbours are merged two by two, so that each stands
/// for twice the time: after 10,000 s, 20,000 s and so on.
pub const POINTS_LIMIT: usize = 10_000;

/// Events that are kept: the first ones, which say how it began, and then the latest.
const EVENTS_LIMIT: usize = 500;

/// Characters of an event's text.
const EVENT_TEXT_LIMIT: usize = 500;

const WARNINGS_LIMIT: usize = 50;

/// Points between two looks at what is watched; with more it was not there in between.
const LOOKS_APART_MAX: usize = 60;

/// The kind of event that says why a run's numbers are not the service's.
const INVALID: &str = "invalid";

/// What is known of a run from its start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunMeta {
    /// Tells it apart from others on the same page.
    pub id: String,
    pub name: String,
    pub started_unix_ms: u64,
    /// The program and its version.
    pub tool: String,
    pub layer: Layer,
}

/// What makes the load, by which its parts are called: a script has VUs and iterations, an attack workers
/// and requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layer {
    #[default]
    Script,
    Attack,
}

impl Layer {
    /// As the JSON of pages has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Layer::Script => "script",
            Layer::Attack => "attack",
        }
    }
}

/// What a page shows of one run.
pub(super) struct Model {
    meta: RunMeta,
    /// Whether more may come.
    live: bool,
    end: Option<End>,
    /// Grows when points that were given out have changed: then the whole run must be given out again.
    epoch: u64,
    timeline: Timeline,
    errors: Vec<(String, Track<u64>)>,
    watched: Vec<Watched>,
    /// Whether anything that is watched was looked at.
    looks: Track<bool>,
    urls: Urls,
    checks: Checks,
    thresholds: Vec<Verdict>,
    events: Vec<Event>,
    /// Events that found no room.
    events_left_out: u64,
    warnings: Vec<String>,
    unwatched: u64,
}

/// A signal with its column.
struct Watched {
    thing: Thing,
    signal: Signal,
    limit: Option<f64>,
    track: Track<Cell>,
    /// Whether the greatest value of a point says more than its mean: some point has several samples.
    has_max: bool,
}

impl Model {
    pub(super) fn new(meta: RunMeta) -> Model {
        Model::with_points_limit(meta, POINTS_LIMIT)
    }

    fn with_points_limit(meta: RunMeta, limit: usize) -> Model {
        Model {
            meta,
            live: true,
            end: None,
            epoch: 0,
            timeline: Timeline::new(limit),
            errors: Vec::new(),
            watched: Vec::new(),
            looks: Track::default(),
            urls: Urls::default(),
            checks: Checks::default(),
            thresholds: Vec::new(),
            events: Vec::new(),
            events_left_out: 0,
            warnings: Vec::new(),
            unwatched: 0,
        }
    }

    pub(super) fn absorb(&mut self, news: News) {
        match news {
            News::Interval(digest) => self.interval(*digest),
            News::Event(event) => self.event(event),
            News::End(end) => self.end(end),
            News::Cut(why) => {
                self.warn(why);
                self.close();
            }
        }
    }

    fn interval(&mut self, digest: Digest) {
        let Digest { from, to, load, latency, requests, errors, checks, .. } = digest;
        digest.new.into_iter().for_each(|definition| self.define(definition));
        let latency_before = self.timeline.main_latency();
        let at = self.timeline.add(from, to, &load, &latency);
        for (number, count) in errors {
            if let Some((_, track)) = self.errors.get_mut(number as usize) {
                *track.at(at) += count;
            }
        }
        if !digest.watched.is_empty() {
            *self.looks.at(at) = true;
        }
        for (number, cell) in digest.watched {
            if let Some(watched) = self.watched.get_mut(number as usize) {
                let of_point = watched.track.at(at);
                of_point.merge(cell);
                if of_point.count > 1 && !watched.has_max && !watched.signal.is_amount {
                    watched.has_max = true;
                    self.epoch += 1;
                }
            }
        }
        for (number, limit) in digest.limits {
            if let Some(watched) = self.watched.get_mut(number as usize) {
                watched.limit = Some(limit);
            }
        }
        self.urls.add(&requests);
        self.checks.add(&checks);
        // Of a record only the last interval of many has them.
        if !digest.thresholds.is_empty() {
            self.thresholds = digest.thresholds;
        }
        self.unwatched = digest.unwatched;
        let has_dropped = self.timeline.drop_iterations();
        // The heat map is of another latency from now on.
        let is_other = latency_before != self.timeline.main_latency();
        self.epoch += u64::from(has_dropped || is_other);
        self.make_room();
    }

    fn make_room(&mut self) {
        if self.timeline.is_full() {
            self.timeline.halve();
            self.errors.iter_mut().for_each(|(_, track)| track.halve(|one, other| *one += other));
            self.looks.halve(|one, other| *one |= other);
            for watched in &mut self.watched {
                watched.track.halve(Cell::merge);
                watched.has_max = !watched.signal.is_amount && watched.track.has_several();
            }
            self.epoch += 1;
        }
    }

    fn define(&mut self, definition: Definition) {
        match definition {
            Definition::Url { name, method } => self.urls.define(name, method),
            Definition::Error(class) => self.errors.push((class, Track::default())),
            Definition::Check(name) => self.checks.define(name),
            Definition::Signal(thing, signal) => {
                let track = Track::default();
                self.watched.push(Watched { thing, signal, limit: None, track, has_max: false });
            }
        }
    }

    fn event(&mut self, mut event: Event) {
        if let Some((end, _)) = event.text.char_indices().nth(EVENT_TEXT_LIMIT) {
            event.text.truncate(end);
            event.text.push('…');
        }
        if event.kind == INVALID {
            self.warn(event.text.clone());
        }
        if self.events.len() >= EVENTS_LIMIT {
            self.events.remove(EVENTS_LIMIT / 2);
            self.events_left_out += 1;
        }
        self.events.push(event);
    }

    /// Says something above everything else, once.
    pub(super) fn warn(&mut self, text: String) {
        if self.warnings.len() < WARNINGS_LIMIT && !self.warnings.contains(&text) {
            self.warnings.push(text);
        }
    }

    fn end(&mut self, end: End) {
        for result in &end.thresholds {
            let same = |known: &&mut Verdict| {
                known.key == result.key && known.expression == result.expression
            };
            match self.thresholds.iter_mut().find(same) {
                Some(known) => known.ok = result.ok,
                None => self.thresholds.push(Verdict::from(result)),
            }
        }
        self.end = Some(end);
        self.close();
    }

    /// Nothing more will come.
    pub(super) fn close(&mut self) {
        self.live = false;
        if let Some(last) = self.timeline.close() {
            // The last one was too short to stand by itself.
            self.errors
                .iter_mut()
                .for_each(|(_, track)| track.fold(last, |one, other| *one += other));
            self.looks.fold(last, |one, other| *one |= other);
            self.watched.iter_mut().for_each(|watched| watched.track.fold(last, Cell::merge));
        }
        self.epoch += 1;
    }

    pub(super) fn is_live(&self) -> bool {
        self.live
    }

    /// See the field.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Seconds that an amount in a point stands for: since it was last looked at, which is further back
    /// than the point where looks are rare. What just appeared was missing until the last look at anything.
    fn covered(&self, track: &Track<Cell>, at: usize) -> Option<f64> {
        let points = self.timeline.points();
        let before = || (0..at).rev().take(LOOKS_APART_MAX);
        let last = before()
            .find(|&earlier| track.get(earlier).count > 0)
            .or_else(|| before().find(|&earlier| self.looks.get(earlier)));
        let since = match last {
            Some(last) => points.get(last)?.to,
            // The first look of all was at what happened since the start.
            None if at < LOOKS_APART_MAX => points.first()?.from,
            None => points.get(at)?.from,
        };
        let seconds = points.get(at)?.to.saturating_sub(since) as f64 / 1e9;
        (seconds > 0.0).then_some(seconds)
    }

    /// Points that are complete.
    pub(super) fn points(&self) -> usize {
        self.timeline.closed()
    }

    pub(super) fn meta(&self) -> &RunMeta {
        &self.meta
    }

    /// What pages get: the whole run.
    pub(super) fn whole(&self) -> Part<'_> {
        Part::new(self, 0)
    }

    /// The same with the points from number `from` on.
    pub(super) fn since(&self, from: usize) -> Part<'_> {
        Part::new(self, from)
    }
}
