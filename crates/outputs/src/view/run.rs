//! A run on one thread: from intervals to JSON.

use plimsoll_metrics::{
    Event, Interval, Registry, Timestamp, Totals,
    record::{End, Header},
};

use super::{
    digest::{Digester, News},
    model::{Layer, Model, RunMeta},
    replay::Follow,
};

impl RunMeta {
    /// What a record's header says. `id` tells the run apart from others on the page.
    pub fn new(id: impl Into<String>, header: &Header) -> RunMeta {
        let of_attack = |key: &str| header.options.pointer(key).and_then(|name| name.as_str());
        let name = of_attack("/attack/name").filter(|name| !name.is_empty());
        RunMeta {
            id: id.into(),
            name: name.unwrap_or(&header.script).to_owned(),
            started_unix_ms: header.started_unix_ms,
            tool: format!("plimsoll {}", header.tool_version),
            layer: match header.options.get("attack") {
                Some(_) => Layer::Attack,
                None => Layer::Script,
            },
        }
    }
}

/// What a page shows of a run, made from the same calls that an [`crate::Output`] gets.
pub struct RunView {
    pub(super) digester: Digester,
    pub(super) model: Model,
}

impl RunView {
    pub fn new(meta: RunMeta, registry: Registry) -> RunView {
        let digester = Digester::new(registry, meta.started_unix_ms);
        RunView { digester, model: Model::new(meta) }
    }

    /// What the run is called.
    pub fn name(&self) -> &str {
        &self.model.meta().name
    }

    /// See [`crate::Output::interval`].
    pub fn interval(&mut self, at: Timestamp, interval: &Interval, totals: &Totals) {
        let digest = self.digester.digest(at, interval, totals);
        self.model.absorb(News::Interval(Box::new(digest)));
    }

    /// See [`crate::Output::event`].
    pub fn event(&mut self, event: &Event) {
        self.model.absorb(News::Event(event.clone()));
    }

    /// See [`crate::Output::end`].
    pub fn end(&mut self, end: &End) {
        self.model.absorb(News::End(end.clone()));
    }

    /// Says something above everything else on the page.
    pub fn warn(&mut self, text: impl Into<String>) {
        self.model.warn(text.into());
    }

    /// Of a run that was killed: nothing more will come, and nobody knows how it would have ended.
    pub fn close(&mut self) {
        self.model.close();
    }

    /// The run as JSON, one of the `runs` that pages get.
    pub fn json(&self) -> Vec<u8> {
        self.model.whole().to_json()
    }
}

impl Follow for RunView {
    fn interval(&mut self, at: Timestamp, interval: &Interval, totals: &Totals) {
        self.interval(at, interval, totals);
    }

    fn event(&mut self, event: &Event) {
        self.event(event);
    }

    fn end(&mut self, end: &End) {
        self.end(end);
    }
}

/// What pages get: all runs, each as [`RunView::json`] gives it.
pub fn runs_json<'a>(runs: impl IntoIterator<Item = &'a RunView>) -> Vec<u8> {
    join(runs.into_iter().map(RunView::json))
}

pub(super) fn join(runs: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut json = b"{\"runs\":[".to_vec();
    for (at, run) in runs.enumerate() {
        if at > 0 {
            json.push(b',');
        }
        json.extend(run);
    }
    json.extend(b"]}");
    json
}
