//! A client in a cluster: which node a command goes to, and when the layout is asked for.

use std::time::Duration;

use plimsoll_runtime::clock::Instant;
use plimsoll_wire::resp::{Redirect, RedirectKind, Value};

use super::{
    client::Client,
    cluster::NodeId,
    connection::ConnectTimes,
    error::{RedisError, RedisErrorKind},
    exchange::{self, Reply, Stamps},
    pipeline::Pipeline,
    rounds::Errand,
};

/// How often a thread asks for a cluster's layout at most, however many redirects it sees.
const REFRESH_INTERVAL: Duration = Duration::from_secs(1);

impl Client {
    /// The node of all commands; `None` when they have several.
    pub(super) fn only_node(&self, pipeline: &Pipeline) -> Option<NodeId> {
        let topology = self.worker.topology.borrow();
        let turn = self.next_turn();
        let mut nodes =
            pipeline.commands.iter().map(|command| topology.node_for(command.slot, turn));
        let first = nodes.next()?;
        nodes.all(|node| node == first).then_some(first)
    }

    pub(super) fn errand(&self, pipeline: &Pipeline, command: usize) -> Errand {
        let slot = pipeline.commands.get(command).and_then(|command| command.slot);
        let node = self.worker.topology.borrow().node_for(slot, self.next_turn());
        Errand { command, node, asking: false }
    }

    fn next_turn(&self) -> usize {
        let turn = self.worker.turn.get();
        self.worker.turn.set(turn.wrapping_add(1));
        turn
    }

    pub(super) fn redirect(&self, message: &[u8], from: NodeId) -> Option<(RedirectKind, NodeId)> {
        if !self.worker.config.cluster {
            return None;
        }
        if message.starts_with(b"CLUSTERDOWN") {
            self.doubt();
        }
        let redirect = Redirect::parse(message)?;
        let mut topology = self.worker.topology.borrow_mut();
        let node = if redirect.host.is_empty() {
            let host = topology.host_of(from);
            topology.node(&host, redirect.port)
        } else {
            topology.node(redirect.host, redirect.port)
        }?;
        if redirect.kind == RedirectKind::Moved {
            topology.moved(redirect.slot, node);
        }
        Some((redirect.kind, node))
    }

    pub(super) fn doubt(&self) {
        self.worker.topology.borrow_mut().is_doubtful = true;
    }

    /// Whether the layout is not known, or something spoke against it and the last time that it was
    /// asked for is long enough ago.
    pub(super) fn is_refresh_due(&self) -> bool {
        let topology = self.worker.topology.borrow();
        match topology.refreshed {
            None => true,
            Some(refreshed) if topology.is_doubtful => {
                Instant::coarse().since(refreshed) >= REFRESH_INTERVAL
            }
            Some(_) => false,
        }
    }

    /// Asks for the layout, one pipeline of the thread at a time.
    pub(super) async fn refresh_in_turn(&self) -> Result<(), RedisError> {
        let is_known = self.worker.topology.borrow().refreshed.is_some();
        if !is_known {
            let _turn = self.worker.refreshing.lock().await;
            // Whoever had the lock before may have brought it.
            let is_known = self.worker.topology.borrow().refreshed.is_some();
            return if is_known { Ok(()) } else { self.refresh().await };
        }
        if let Ok(_turn) = self.worker.refreshing.try_lock() {
            self.worker.topology.borrow_mut().refreshed = Some(Instant::coarse());
            // The old layout has to serve when none of the nodes answers.
            self.refresh().await.ok();
        }
        Ok(())
    }

    async fn refresh(&self) -> Result<(), RedisError> {
        let mut last = RedisError::new(RedisErrorKind::Cluster, "no server is known");
        let nodes = self.worker.topology.borrow().all();
        for node in nodes {
            match self.layout(node).await {
                Ok(layout) => {
                    let mut topology = self.worker.topology.borrow_mut();
                    if topology.take_slots(&layout, node) {
                        topology.refreshed = Some(Instant::coarse());
                        topology.is_doubtful = false;
                        return Ok(());
                    }
                    last = RedisError::new(RedisErrorKind::Cluster, "the cluster has no slots");
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn layout(&self, node: NodeId) -> Result<Value, RedisError> {
        let mut connection = self.lease(node, &mut ConnectTimes::default()).await?;
        let mut question = Pipeline::with_values();
        question.push("CLUSTER".into(), &["CLUSTER", "SLOTS"]);
        let mut layout = Value::Null;
        let mut sink = |_, _, reply: Reply<'_>| {
            if let Reply::Decoded(value) = reply {
                layout = value;
            }
        };
        let (worker, mut stamps) = (&self.worker, Stamps::default());
        let sent = (&*question.bytes, 1);
        exchange::exchange(&mut connection, worker, sent, true, &mut stamps, &mut sink).await?;
        self.give_back(node, connection);
        match layout {
            Value::Error(message) => {
                let message = String::from_utf8_lossy(&message);
                Err(RedisError::new(RedisErrorKind::Cluster, message))
            }
            layout => Ok(layout),
        }
    }
}
