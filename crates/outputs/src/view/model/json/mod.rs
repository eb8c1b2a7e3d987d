//! A model as the JSON that pages get, whole or from a point on.
//!
//! Written straight from the model, column by column. A column has one value for each of `t`, `null`
//! where nothing was recorded; rates are per second, times in milliseconds.

mod heat;
mod load;
mod number;
mod rows;
mod things;

use std::ops::Range;

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{Model, point::Point};
use crate::view::digest::{CHECKS_LIMIT, ERRORS_LIMIT, URLS_LIMIT};
use heat::Heat;
use load::{LatencyColumns, LoadColumns, Totals};
use number::{Column, Number, list};
use rows::{Check, End, Errors, Event, Url, Verdict};
use things::Things;

/// The points of a run from one on, with everything that is no column.
pub(in crate::view) struct Part<'a> {
    model: &'a Model,
    range: Range<usize>,
}

impl<'a> Part<'a> {
    pub(super) fn new(model: &'a Model, from: usize) -> Part<'a> {
        let end = model.points();
        Part { model, range: from.min(end)..end }
    }

    /// As bytes of JSON.
    pub(in crate::view) fn to_json(&self) -> Vec<u8> {
        // Into memory and with string keys nothing can fail.
        let bytes = serde_json::to_vec(self);
        debug_assert!(bytes.is_ok(), "{bytes:?}");
        bytes.unwrap_or_default()
    }

    fn points(&self) -> &'a [Point] {
        self.model.timeline.points().get(self.range.clone()).unwrap_or_default()
    }

    /// Nanoseconds since the Unix epoch that are 0 on the axis of time.
    fn start(&self) -> u64 {
        let started = self.model.meta.started_unix_ms.saturating_mul(1_000_000);
        self.model.timeline.start().unwrap_or(started)
    }

    fn of_points<F: Fn(&Point) -> Option<f64>>(&self, value: F) -> Column<'a, F> {
        Column { points: self.points(), value }
    }
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Part { model, .. } = self;
        let start = self.start();
        let seconds = |nanos: u64| (nanos as f64 - start as f64) / 1e9;
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("id", &model.meta.id)?;
        map.serialize_entry("name", &model.meta.name)?;
        map.serialize_entry("started", &(start / 1_000_000))?;
        map.serialize_entry("tool", &model.meta.tool)?;
        map.serialize_entry("layer", model.meta.layer.name())?;
        map.serialize_entry("live", &model.live)?;
        map.serialize_entry("end", &model.end.as_ref().map(End))?;
        map.serialize_entry("interval", &Number(model.timeline.width_seconds()))?;
        let is_open = model.timeline.is_open_model();
        map.serialize_entry("model", if is_open { "open" } else { "closed" })?;
        map.serialize_entry("totals", &Totals(model))?;
        map.serialize_entry("t", &self.of_points(|point| Some(seconds(point.to))))?;
        map.serialize_entry("load", &LoadColumns(self))?;
        map.serialize_entry("latency", &LatencyColumns(self))?;
        map.serialize_entry("heat", &Heat(self))?;
        map.serialize_entry("errors", &Errors(self))?;
        map.serialize_entry("checks", &list(&model.checks.0, Check))?;
        map.serialize_entry("thresholds", &list(&model.thresholds, Verdict))?;
        let elapsed = model.timeline.seconds();
        map.serialize_entry("urls", &list(&model.urls.0, |url| Url { url, elapsed }))?;
        map.serialize_entry("watched", &Things(self))?;
        map.serialize_entry("events", &list(&model.events, |event| Event { event, start }))?;
        map.serialize_entry("warnings", &warnings(model))?;
        map.end()
    }
}

/// What was said, and what the page leaves out.
fn warnings(model: &Model) -> Vec<String> {
    let mut warnings = model.warnings.clone();
    let mut add = |is_so: bool, text: String| warnings.extend(is_so.then_some(text));
    let (urls, errors) = (model.urls.0.len(), model.errors.len());
    add(urls >= URLS_LIMIT, format!("URLs after the first {} share one row", URLS_LIMIT - 1));
    add(errors >= ERRORS_LIMIT, format!("errors after {} classes share one", ERRORS_LIMIT - 1));
    let checks = model.checks.0.len();
    add(
        checks >= CHECKS_LIMIT,
        format!("checks after the first {} share one row", CHECKS_LIMIT - 1),
    );
    let unwatched = model.unwatched;
    add(unwatched > 0, format!("{unwatched} watched series are too many and not shown"));
    let events = model.events_left_out;
    add(events > 0, format!("{events} events are too many and not shown"));
    warnings
}
