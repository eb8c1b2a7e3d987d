//! Commands that go to several nodes of a cluster, or on to another one.
//!
//! Each round sends every command that has no final answer to its node, all nodes at the same time.

use std::{future::poll_fn, pin::Pin, rc::Rc, task::Poll};

use plimsoll_runtime::clock::Instant;
use plimsoll_wire::resp::{RedirectKind, write_command};

use super::{
    client::{Client, Progress},
    cluster::NodeId,
    connection::ConnectTimes,
    error::RedisError,
    exchange::{self, Reply, Stamps},
    pipeline::{Answer, Pipeline},
};

/// One command's way to a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Errand {
    pub(super) command: usize,
    pub(super) node: NodeId,
    /// The slot is on its way there: the node must be told so first.
    pub(super) asking: bool,
}

/// Sends commands until each has an answer that is no redirect, or has been sent on too often; the
/// last redirect is its answer then.
pub(super) async fn follow(
    client: &Client,
    pipeline: &mut Pipeline,
    mut errands: Vec<Errand>,
    progress: &mut Progress,
) {
    let rounds = client.worker.config.redirects.saturating_add(1);
    for _ in 0..rounds {
        progress.ready.get_or_insert_with(Instant::now);
        let groups = by_node(errands);
        let sent = groups.iter().map(|group| run(client, pipeline, group)).collect();
        let outcomes = all(sent).await;
        errands = Vec::new();
        for (group, outcome) in groups.iter().zip(outcomes) {
            progress.note(&outcome.stamps);
            if let Err(error) = outcome.result {
                lose(pipeline, group, &Rc::new(error));
            }
            for (command, size, answer, redirect) in outcome.answers {
                if let Some(command) = pipeline.commands.get_mut(command) {
                    (command.answer, command.reply_bytes) = (answer, size);
                }
                let asking = |kind| kind == RedirectKind::Ask;
                errands.extend(redirect.map(|(kind, node)| Errand {
                    command,
                    node,
                    asking: asking(kind),
                }));
            }
        }
        if errands.is_empty() {
            break;
        }
    }
    progress.stamps.finished = Some(Instant::now());
}

impl Progress {
    /// The pipeline is sent when its last byte is, and answered from the first byte on.
    fn note(&mut self, stamps: &Stamps) {
        self.stamps.sent = self.stamps.sent.max(stamps.sent);
        self.stamps.first_byte = match (self.stamps.first_byte, stamps.first_byte) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
}

/// Groups of one node each, in the order of their first commands.
fn by_node(errands: Vec<Errand>) -> Vec<Vec<Errand>> {
    let mut groups: Vec<Vec<Errand>> = Vec::new();
    for errand in errands {
        let is_it = |group: &&mut Vec<Errand>| group.first().is_some_and(|e| e.node == errand.node);
        match groups.iter_mut().find(is_it) {
            Some(group) => group.push(errand),
            None => groups.push(vec![errand]),
        }
    }
    groups
}

type Told = (usize, u64, Answer, Option<(RedirectKind, NodeId)>);

struct Outcome {
    answers: Vec<Told>,
    stamps: Stamps,
    result: Result<(), RedisError>,
}

type Running<'a> = Pin<Box<dyn Future<Output = Outcome> + 'a>>;

fn run<'a>(client: &'a Client, pipeline: &Pipeline, group: &[Errand]) -> Running<'a> {
    let mut bytes = Vec::new();
    // Which command each reply belongs to; `ASKING` belongs to none.
    let mut owners = Vec::with_capacity(group.len());
    for errand in group {
        if errand.asking {
            write_command(&mut bytes, &["ASKING"]);
            owners.push(None);
        }
        if let Some(command) = pipeline.commands.get(errand.command) {
            let command = pipeline.bytes.get(command.start..command.end);
            bytes.extend_from_slice(command.unwrap_or_default());
            owners.push(Some(errand.command));
        }
    }
    let node = group.first().map_or(super::cluster::Topology::FIRST, |errand| errand.node);
    let wants_values = pipeline.wants_values;
    Box::pin(async move {
        let (mut answers, mut stamps) = (Vec::new(), Stamps::default());
        let result = async {
            let mut connection = client.lease(node, &mut ConnectTimes::default()).await?;
            let mut sink = |at: usize, size, reply: Reply<'_>| {
                if let Some(command) = owners.get(at).copied().flatten() {
                    let (answer, redirect) = client.answer(reply, node);
                    answers.push((command, size, answer, redirect));
                }
            };
            let (worker, sent) = (&client.worker, (&*bytes, owners.len()));
            exchange::exchange(&mut connection, worker, sent, wants_values, &mut stamps, &mut sink)
                .await
                .inspect_err(|_| client.doubt())?;
            client.give_back(node, connection);
            Ok(())
        }
        .await;
        Outcome { answers, stamps, result }
    })
}

/// Runs all to their ends, at the same time.
async fn all(mut running: Vec<Running<'_>>) -> Vec<Outcome> {
    let mut outcomes: Vec<Option<Outcome>> = running.iter().map(|_| None).collect();
    poll_fn(|context| {
        let mut is_done = true;
        for (future, outcome) in running.iter_mut().zip(&mut outcomes) {
            if outcome.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(ended) => *outcome = Some(ended),
                    Poll::Pending => is_done = false,
                }
            }
        }
        if is_done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    outcomes.into_iter().flatten().collect()
}

/// Those of the group without a reply; an earlier redirect is none.
fn lose(pipeline: &mut Pipeline, group: &[Errand], error: &Rc<RedisError>) {
    for errand in group {
        if let Some(command) = pipeline.commands.get_mut(errand.command) {
            command.answer = Answer::Lost(error.clone());
        }
    }
}
