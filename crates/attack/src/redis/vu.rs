//! One pipeline after the other.

use std::{borrow::Cow, pin::pin, rc::Rc};

use plimsoll_clients::redis::{Answer, Client, Command, Pipeline, Scope};
use plimsoll_engine::runner::{Iteration, Outcome, Vu, VuId};
use plimsoll_metrics::{TagSet, Timestamp};
use plimsoll_runtime::clock::Instant;

use super::place::Place;
use crate::{hits::Hits, in_time::in_time, opening, results::Hit};

/// The error of a command that was under way when the attack was ended at once.
const CUT_OFF: &str = "the attack was ended before the reply";

/// A sender of commands.
pub struct RedisVu {
    place: Rc<Place>,
    client: Rc<Client>,
    scope: Scope,
    pipeline: Pipeline,
}

impl RedisVu {
    pub(super) fn new(place: Rc<Place>, id: VuId) -> RedisVu {
        let client = match place.config.hold {
            true => Rc::new(Client::new(Rc::clone(&place.redis), id.in_instance)),
            false => Rc::clone(&place.client),
        };
        RedisVu { place, client, scope: Scope::default(), pipeline: Pipeline::default() }
    }

    /// Opens its connection, where all are to be open before the attack.
    pub(super) async fn open(&self) {
        if !self.place.config.opens_first {
            return;
        }
        let mut ping = Pipeline::default();
        ping.push::<&[u8]>("PING".into(), &[]);
        let exchange = self.client.run(&mut ping, Instant::now(), &self.scope);
        opening::open(&self.place.is_silent, exchange).await;
    }

    fn fill(&mut self) {
        let Place { config, names, dice, .. } = &*self.place;
        let mut dice = dice.borrow_mut();
        self.pipeline.clear();
        for _ in 0..config.pipeline {
            config.commands.render(names, &mut self.pipeline, &mut dice);
        }
    }

    fn record(&self, iteration: &Iteration, finished: Instant) {
        let mut hits = self.place.hits.borrow_mut();
        let attack = std::sync::Arc::clone(hits.attack());
        let (scheduled, started) = (iteration.scheduled, iteration.started);
        let first = iteration.in_instance.saturating_mul(self.place.config.pipeline as u64);
        for (index, command) in self.pipeline.commands().iter().enumerate() {
            let hit = Hit {
                attack: Cow::Borrowed(&attack),
                seq: first + index as u64,
                code: 0,
                scheduled: Timestamp(scheduled.unix_nanos()),
                lateness: Some(started.since(scheduled)),
                response_time: finished.since(scheduled),
                bytes_out: command.length() as u64,
                bytes_in: command.reply_bytes,
                error: Cow::Borrowed(error(command)),
                method: Cow::Borrowed(&command.name),
                url: Cow::Borrowed(&self.place.url),
                body: Cow::default(),
                headers: Cow::default(),
            };
            hits.record(&hit, finished);
        }
        self.record_shortage(&mut hits);
    }

    /// All commands of a pipeline lack the same connection.
    fn record_shortage(&self, hits: &mut Hits) {
        if let Some(Answer::Lost(error)) = self.pipeline.commands().first().map(|c| &c.answer)
            && let Some(number) = error.os_error
        {
            hits.record_shortage(number);
        }
    }
}

/// Without the local end of a connection, which would make each error a kind of its own.
fn error(command: &Command) -> &str {
    match &command.answer {
        Answer::None => CUT_OFF,
        Answer::Lost(error) => error.stable_detail(),
        answer => answer.error().unwrap_or_default(),
    }
}

impl Vu for RedisVu {
    async fn iterate(&mut self, iteration: Iteration) -> Outcome {
        let tags = &iteration.scenario.context.tags;
        if self.scope.tags != *tags {
            self.scope.tags = tags.clone();
            self.place.scope.borrow_mut().tags = tags.clone();
        }
        self.fill();
        let finished = {
            let scheduled = iteration.scheduled;
            // Pinned here, so that it is not moved into what waits for it.
            let running = pin!(self.client.run(&mut self.pipeline, scheduled, &self.scope));
            in_time(running, &self.place.worker.control, &iteration.deadline).await
        };
        let is_whole = finished.is_some();
        let finished = finished.map_or_else(Instant::now, |timings| timings.finished);
        self.record(&iteration, finished);
        if self.place.config.hold {
            self.client.emit_traffic(&self.scope);
        }
        if is_whole { Outcome::Completed } else { Outcome::Interrupted }
    }

    fn tags(&self) -> TagSet {
        self.scope.tags.clone()
    }

    fn metadata(&self) -> Option<TagSet> {
        None
    }
}
