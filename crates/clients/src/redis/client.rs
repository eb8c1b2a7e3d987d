//! One VU's Redis client: connections, and the way of a pipeline.

use std::{cell::RefCell, net::IpAddr, pin::pin, rc::Rc, sync::Arc};

use plimsoll_metrics::{Builtin, Timestamp};
use plimsoll_runtime::{clock::Instant, dial::Traffic, timer};
use plimsoll_wire::resp::{Outcome, RedirectKind, Value};
use tokio::sync::Semaphore;

use super::{
    cluster::{NodeId, Topology},
    connection::{ConnectTimes, Connection, Origin},
    error::{RedisError, RedisErrorKind},
    exchange::{self, Reply, Stamps},
    pipeline::{Answer, Pipeline},
    rounds::{self, Errand},
    worker::Worker,
};
use crate::http::{Scope, Timings};

/// Connections, made when they are needed. Single-threaded; an `Rc<Client>` lets several pipelines
/// run at a time, each over a connection of its own.
pub struct Client {
    pub(super) worker: Rc<Worker>,
    traffic: Arc<Traffic>,
    local_ip: Option<IpAddr>,
    /// By node; the last one used is the next.
    idle: RefCell<Vec<Vec<Connection>>>,
    permits: Semaphore,
}

/// How far one pipeline has come, kept outside of its future so that a timeout does not lose it.
pub(super) struct Progress {
    asked: Instant,
    /// Something came between asking for a connection and having it.
    has_waited: bool,
    times: ConnectTimes,
    /// The connection is at hand.
    pub(super) ready: Option<Instant>,
    pub(super) stamps: Stamps,
}

impl Client {
    /// `index` picks the local address where the run has several: a VU's number, from 0.
    pub fn new(worker: Rc<Worker>, index: u64) -> Client {
        let local_ip = worker.config.network.local_ips.pick(index);
        let permits = worker.config.connections.clamp(1, Semaphore::MAX_PERMITS);
        Client {
            worker,
            traffic: Arc::default(),
            local_ip,
            idle: RefCell::default(),
            permits: Semaphore::new(permits),
        }
    }

    pub fn worker(&self) -> &Rc<Worker> {
        &self.worker
    }

    /// Sends all commands of the pipeline and waits for their replies; each then has its answer.
    /// Records their samples. `scheduled`: when the caller wanted it.
    pub async fn run(&self, pipeline: &mut Pipeline, scheduled: Instant, scope: &Scope) -> Timings {
        let asked = Instant::now();
        let deadline = asked + self.worker.config.timeout;
        let mut progress = Progress::new(asked);
        let outcome = {
            let running = pin!(self.run_within(pipeline, &mut progress));
            timer::timeout_at(deadline, running).await
        };
        if let Err(error) = outcome.unwrap_or_else(|| Err(RedisError::timeout())) {
            pipeline.lose(&Rc::new(error));
        }
        let finished = progress.stamps.finished.unwrap_or_else(Instant::now);
        let timings = progress.timings(scheduled, finished);
        if let Some(metrics) = self.worker.config.metrics {
            let mut recorder = self.worker.recorder.borrow_mut();
            let mut emitter = self.worker.emitter.borrow_mut();
            emitter.emit(&mut recorder, metrics, scope, &pipeline.commands, &timings);
        }
        timings
    }

    /// Emits `data_sent` and `data_received` of all connections since the last call: to be called
    /// at the end of each iteration.
    pub fn emit_traffic(&self, scope: &Scope) {
        let (sent, received) = self.take_traffic();
        let at = Timestamp(Instant::coarse().unix_nanos());
        let mut recorder = self.worker.recorder.borrow_mut();
        for (metric, bytes) in [(Builtin::DataSent, sent), (Builtin::DataReceived, received)] {
            let series = recorder.handle(metric.id(), &scope.tags);
            recorder.record_with(series, bytes as f64, at, scope.metadata.as_ref());
        }
    }

    /// Bytes sent and received by all connections since the last call, for callers that emit them
    /// themselves.
    pub fn take_traffic(&self) -> (u64, u64) {
        self.traffic.take()
    }

    /// Closes idle connections.
    pub fn close_idle(&self) {
        self.idle.borrow_mut().clear();
    }

    async fn run_within(
        &self,
        pipeline: &mut Pipeline,
        progress: &mut Progress,
    ) -> Result<(), RedisError> {
        if pipeline.is_empty() {
            return Ok(());
        }
        let _permit = match self.permits.try_acquire() {
            Ok(permit) => Some(permit),
            Err(_) => {
                progress.has_waited = true;
                // Never closed, so it always comes.
                self.permits.acquire().await.ok()
            }
        };
        if !self.worker.config.cluster {
            return self.run_on(Topology::FIRST, pipeline, progress, &mut Vec::new()).await;
        }
        if self.is_refresh_due() {
            progress.has_waited = true;
            Box::pin(self.refresh_in_turn()).await?;
        }
        let mut errands = Vec::new();
        match self.only_node(pipeline) {
            Some(node) => self.run_on(node, pipeline, progress, &mut errands).await?,
            None => errands.extend((0..pipeline.len()).map(|at| self.errand(pipeline, at))),
        }
        if !errands.is_empty() {
            Box::pin(rounds::follow(self, pipeline, errands, progress)).await;
        }
        Ok(())
    }

    /// The usual case: everything goes to one node, straight from the pipeline's bytes. Commands
    /// that a cluster wants elsewhere end in `errands`.
    async fn run_on(
        &self,
        node: NodeId,
        pipeline: &mut Pipeline,
        progress: &mut Progress,
        errands: &mut Vec<Errand>,
    ) -> Result<(), RedisError> {
        let mut connection = self.lease(node, &mut progress.times).await?;
        progress.connected();
        let Pipeline { bytes, commands, wants_values } = pipeline;
        let count = commands.len();
        let mut sink = |at: usize, size, reply: Reply<'_>| {
            let Some(command) = commands.get_mut(at) else { return };
            command.reply_bytes = size;
            match self.answer(reply, node) {
                (answer, None) => command.answer = answer,
                (answer, Some((kind, node))) => {
                    command.answer = answer;
                    let asking = kind == RedirectKind::Ask;
                    errands.push(Errand { command: at, node, asking });
                }
            }
        };
        let (worker, stamps) = (&self.worker, &mut progress.stamps);
        let sent = (&**bytes, count);
        exchange::exchange(&mut connection, worker, sent, *wants_values, stamps, &mut sink)
            .await
            .inspect_err(|_| self.doubt())?;
        self.give_back(node, connection);
        Ok(())
    }

    /// What a reply means; in a cluster also where the command should have gone.
    pub(super) fn answer(
        &self,
        reply: Reply<'_>,
        from: NodeId,
    ) -> (Answer, Option<(RedirectKind, NodeId)>) {
        let error = |message: &[u8]| {
            let answer = Answer::Error(self.worker.message(message));
            (answer, self.redirect(message, from))
        };
        match reply {
            Reply::Skipped(Outcome::Error(message)) => error(message),
            Reply::Decoded(Value::Error(message)) => error(&message),
            Reply::Skipped(Outcome::Null) => (Answer::Null, None),
            Reply::Skipped(Outcome::Value | Outcome::Push) => (Answer::Ok, None),
            Reply::Decoded(value) => (Answer::Value(value), None),
        }
    }

    /// An idle connection, or a new one.
    pub(super) async fn lease(
        &self,
        node: NodeId,
        times: &mut ConnectTimes,
    ) -> Result<Connection, RedisError> {
        let idle = || self.idle.borrow_mut().get_mut(node.index())?.pop();
        while let Some(mut connection) = idle() {
            if connection.is_usable() {
                return Ok(connection);
            }
        }
        // Boxed, as all that is rare: a pipeline's future is moved more than once, so it is kept small.
        Box::pin(self.connect(node, times)).await
    }

    async fn connect(
        &self,
        node: NodeId,
        times: &mut ConnectTimes,
    ) -> Result<Connection, RedisError> {
        let address = self.worker.topology.borrow().address(node).cloned();
        let target = self.worker.config.targets.first();
        let (Some(address), Some(target)) = (address, target) else {
            return Err(RedisError::new(RedisErrorKind::Cluster, "no server is known"));
        };
        let (worker, traffic) = (&self.worker, &self.traffic);
        let origin = Origin { worker, traffic, local_ip: self.local_ip };
        let connected = origin.connect(&address, target, times).await;
        connected.inspect_err(|_| self.doubt())
    }

    pub(super) fn give_back(&self, node: NodeId, connection: Connection) {
        let mut idle = self.idle.borrow_mut();
        if idle.len() <= node.index() {
            idle.resize_with(node.index() + 1, Vec::new);
        }
        if let Some(idle) = idle.get_mut(node.index())
            && connection.rest.is_empty()
        {
            idle.push(connection);
        }
    }
}

impl Progress {
    fn new(asked: Instant) -> Progress {
        let (times, stamps) = (ConnectTimes::default(), Stamps::default());
        Progress { asked, has_waited: false, times, ready: None, stamps }
    }

    /// The connection is at hand: at once, as a rule, and then one stamp serves both ends.
    fn connected(&mut self) {
        let at_once = !self.has_waited && self.times == ConnectTimes::default();
        self.ready = Some(if at_once { self.asked } else { Instant::now() });
    }

    /// As for an HTTP exchange: without a connection no time was spent, and what ended in a phase
    /// has spent all its time up to the end there.
    fn timings(&self, scheduled: Instant, finished: Instant) -> Timings {
        let asked = self.asked;
        let ConnectTimes { looking_up, connecting, tls_handshaking } = self.times;
        let Some(ready) = self.ready else {
            return Timings {
                scheduled,
                started: asked,
                finished,
                connecting,
                ..Timings::default()
            };
        };
        let sent = self.stamps.sent.unwrap_or(finished);
        let first_byte = self.stamps.first_byte.unwrap_or(finished).max(sent);
        Timings {
            scheduled,
            started: ready,
            finished,
            blocked: ready.since(asked),
            looking_up,
            connecting,
            tls_handshaking,
            sending: sent.since(ready),
            waiting: first_byte.since(sent),
            receiving: finished.since(first_byte),
        }
    }
}
