//! One pipeline after the other.

use std::{borrow::Cow, cell::Cell, future::poll_fn, pin::pin, rc::Rc, task::Poll};

use plimsoll_clients::redis::{Answer, Client, Command, Pipeline, Scope};
use plimsoll_engine::{
    control::Control,
    runner::{Iteration, Outcome, Vu, VuId},
};
use plimsoll_metrics::{TagSet, Timestamp};
use plimsoll_runtime::clock::Instant;

use super::place::Place;
use crate::{hits::Hits, results::Hit};

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
        let running = self.client.run(&mut self.pipeline, iteration.scheduled, &self.scope);
        let control = &self.place.worker.control;
        let timings = in_time(running, control, &iteration.deadline).await;
        let finished = timings.map_or_else(Instant::now, |timings| timings.finished);
        self.record(&iteration, finished);
        if self.place.config.hold {
            self.client.emit_traffic(&self.scope);
        }
        if timings.is_some() { Outcome::Completed } else { Outcome::Interrupted }
    }

    fn tags(&self) -> TagSet {
        self.scope.tags.clone()
    }

    fn metadata(&self) -> Option<TagSet> {
        None
    }
}

/// `None` when the deadline or the run's stop came first. The engine polls at both.
async fn in_time<F: Future>(
    future: F,
    control: &Control,
    deadline: &Cell<Instant>,
) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if control.is_stopping() || deadline.get() <= Instant::now() => {
            Poll::Ready(None)
        }
        Poll::Pending => Poll::Pending,
    })
    .await
}
