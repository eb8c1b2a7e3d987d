//! One hit after the other.

use std::{borrow::Cow, pin::pin, rc::Rc};

use plimsoll_clients::http::{Client, Response, Scope};
use plimsoll_engine::{
    control::StopReason,
    runner::{Iteration, Outcome, Vu, VuId},
};
use plimsoll_metrics::{TagSet, Timestamp};
use plimsoll_runtime::clock::Instant;

use super::{
    Redirects, of_stream,
    place::{Place, Source},
    prepared::Prepared,
};
use crate::{dropped::Dropped, in_time::in_time, opening, results::Hit};

/// The error of a hit that was under way when the attack was ended at once.
const CUT_OFF: &str = "the attack was ended before the response";

/// A sender of hits.
pub struct HttpVu {
    place: Rc<Place>,
    client: Rc<Client>,
    scope: Scope,
}

/// When a hit was due, started and ended.
#[derive(Clone, Copy)]
struct Moments {
    scheduled: Instant,
    started: Instant,
    finished: Instant,
}

impl HttpVu {
    pub(super) fn new(place: Rc<Place>, id: VuId) -> HttpVu {
        let client = match place.config.hold {
            true => Rc::new(Client::new(Rc::clone(&place.http), id.in_instance)),
            false => Rc::clone(&place.client),
        };
        HttpVu { place, client, scope: Scope::default() }
    }

    /// Opens its connection, where all are to be open before the attack.
    pub(super) async fn open(&self) {
        let Place { config, source: Source::List(list), is_silent, .. } = &*self.place else {
            return;
        };
        if !config.opens_first {
            return;
        }
        let Some(prepared) = list.of_hit(0) else { return };
        opening::open(is_silent, self.client.send(prepared.request(config), &self.scope)).await;
    }

    /// The next target and its number. `None`: there are no more, and the attack ends.
    async fn next(&self, seq: u64) -> Option<(Rc<Prepared>, u64)> {
        match &self.place.source {
            Source::List(list) => Some((list.of_hit(seq)?, seq)),
            Source::Stream(stream) => {
                let Some((number, target)) = stream.next().await else {
                    let reason = match stream.error() {
                        Some(error) => StopReason::Error(of_stream(&error)),
                        None => StopReason::Exhausted,
                    };
                    self.place.worker.control.drain(reason);
                    return None;
                };
                Some((Prepared::new(target)?, number))
            }
        }
    }

    async fn hit(&self, iteration: &Iteration) -> Outcome {
        let control = &self.place.worker.control;
        let next = {
            let next = pin!(self.next(iteration.in_instance));
            in_time(next, control, &iteration.deadline).await
        };
        let Some(Some((prepared, seq))) = next else { return Outcome::Interrupted };
        // A target of a stream may have come late: then sending starts now.
        let started = match &self.place.source {
            Source::List(_) => iteration.started,
            Source::Stream(_) => Instant::now(),
        };
        let request = prepared.request(&self.place.config);
        let scheduled = iteration.scheduled;
        // With very many senders not all may be cut off in order: the engine then drops the rest.
        let cut_off = Dropped::new(|| {
            let moments = Moments { scheduled, started, finished: Instant::now() };
            self.record(&prepared.target, seq, moments, None);
        });
        let response = {
            // Lent, so that its state is kept once only: each sender has room for one.
            let exchange = pin!(self.client.send(request, &self.scope));
            in_time(exchange, control, &iteration.deadline).await
        };
        let finished =
            response.as_ref().map_or_else(Instant::now, |response| response.timings.finished);
        cut_off.forget();
        let moments = Moments { scheduled, started, finished };
        self.record(&prepared.target, seq, moments, response.as_ref());
        if self.place.config.hold {
            self.client.emit_traffic(&self.scope);
        }
        if response.is_some() { Outcome::Completed } else { Outcome::Interrupted }
    }

    fn record(
        &self,
        target: &crate::targets::Target,
        seq: u64,
        moments: Moments,
        response: Option<&Response>,
    ) {
        let Moments { scheduled, started, finished } = moments;
        let mut hits = self.place.hits.borrow_mut();
        let (code, error) = self.outcome(response);
        let keep = self.place.config.keep_body;
        let (mut body, mut headers) = (Cow::default(), Cow::default());
        if let (Some(most), Some(response)) = (keep, response) {
            let kept = response.body.as_deref().unwrap_or_default();
            body = Cow::Borrowed(kept.get(..most).unwrap_or(kept));
            let pairs = response.headers.iter_bytes();
            headers = Cow::Owned(pairs.map(|(n, v)| (n.to_vec(), v.to_vec())).collect());
        }
        let hit = Hit {
            attack: Cow::Borrowed(&self.place.attack),
            seq,
            code,
            scheduled: Timestamp(scheduled.unix_nanos()),
            lateness: Some(started.since(scheduled)),
            response_time: finished.since(scheduled),
            bytes_out: target.body.as_ref().map_or(0, |body| body.len() as u64),
            bytes_in: response.map_or(0, |response| response.body_bytes),
            error,
            method: Cow::Borrowed(&target.method),
            url: Cow::Borrowed(&target.url),
            body,
            headers,
        };
        hits.record(&hit, finished);
        let error = response.and_then(|response| response.error.as_deref());
        if let Some(number) = error.and_then(|error| error.os_error) {
            hits.record_shortage(number);
        }
    }

    /// Status and error of a hit: a response that is no success has its status as the error.
    fn outcome<'r>(&self, response: Option<&'r Response>) -> (u16, Cow<'r, str>) {
        let Some(response) = response else { return (0, Cow::Borrowed(CUT_OFF)) };
        if let Some(error) = &response.error {
            return (0, without_local_port(&error.full));
        }
        let code = response.status;
        if let Redirects::Follow(most) = self.place.config.redirects
            && matches!(code, 301..=303 | 307 | 308)
            && response.headers.get_bytes("Location").is_some_and(|location| !location.is_empty())
        {
            return (0, Cow::Owned(format!("stopped after {most} redirects")));
        }
        match code {
            200..400 => (code, Cow::Borrowed("")),
            _ => (code, Cow::Borrowed(&*response.status_text)),
        }
    }
}

impl Vu for HttpVu {
    async fn iterate(&mut self, iteration: Iteration) -> Outcome {
        let tags = &iteration.scenario.context.tags;
        if self.scope.tags != *tags {
            self.scope.tags = tags.clone();
            self.place.scope.borrow_mut().tags = tags.clone();
        }
        self.hit(&iteration).await
    }

    fn tags(&self) -> TagSet {
        self.scope.tags.clone()
    }

    fn metadata(&self) -> Option<TagSet> {
        None
    }
}

/// Leaves our end of a connection out: it is another one each time, which would make each error a
/// kind of its own.
fn without_local_port(error: &str) -> Cow<'_, str> {
    let Some((before, remote)) = error.split_once("->") else { return Cow::Borrowed(error) };
    match before.rsplit_once(' ') {
        Some((before, _)) => Cow::Owned(format!("{before} {remote}")),
        None => Cow::Borrowed(error),
    }
}
