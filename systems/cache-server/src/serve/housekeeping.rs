//! What is done beside the commands: removing what has expired, closing connections that say nothing, and
//! saving when it is time.

use std::{
    rc::Rc,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use plimsoll_runtime::{clock::Instant, timer};

use super::{
    clients::{Client, flag, mailbox::Order},
    locked,
    node::Node,
    saving,
    telemetry::{latency::Event, refusals::Refusals, statistics::Events},
    worker::Worker,
};

/// How often expired items are removed.
const TICK: Duration = Duration::from_millis(100);
/// Items of one shard that one tick removes under one lock. What it leaves comes with the next one.
const EXPIRE_BUDGET: usize = 256;
/// Rounds of that over one shard in one tick, with the lock given up in between.
const EXPIRE_ROUNDS: usize = 40;
/// Entries of large values that have left that are freed under one lock: some tenths of a
/// millisecond.
const TIDY_BUDGET: usize = 4096;
/// Ticks from one look at idle connections to the next.
const IDLE_TICKS: u32 = 10;

/// For as long as the thread serves. Each thread has its own part of the shards; the first one also looks
/// after connections, rates and saves.
pub(super) async fn run(node: Arc<Node>, worker: Rc<Worker>, index: usize) {
    let mut ticks = 0_u32;
    let mut refusals = Refusals::default();
    loop {
        if let Some(counters) = node.workers.get(index) {
            counters.heartbeat.set(Node::now().0);
        }
        timer::sleep(TICK).await;
        ticks = ticks.wrapping_add(1);
        worker.look_for_hot_keys(&node);
        worker.learn_how_to_gather(&node);
        expire(&node, index).await;
        if index == 0 && ticks.is_multiple_of(IDLE_TICKS) {
            node.rates.look(&node.workers, Instant::now());
            close_idle(&node);
            node.keyspace.store().weigh();
            saving::look(&node);
            refusals.look(&node, Node::now());
        }
    }
}

async fn expire(node: &Node, index: usize) {
    let store = node.keyspace.store();
    let threads = node.workers.len().max(1);
    for shard in (index..store.shards()).step_by(threads) {
        let started = Instant::now();
        for _ in 0..EXPIRE_ROUNDS {
            let expired = store.lock(shard).tick(Node::now(), EXPIRE_BUDGET);
            node.events.keys_expired_actively.fetch_add(expired as u64, Ordering::Relaxed);
            if expired < EXPIRE_BUDGET {
                break;
            }
            // Commands first.
            tokio::task::yield_now().await;
        }
        while store.lock(shard).tidy(TIDY_BUDGET) {
            tokio::task::yield_now().await;
        }
        let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let threshold = node.parameters.hot.latency_threshold.load(Ordering::Relaxed);
        if threshold > 0 && millis >= threshold {
            locked(&node.latencies).add(Event::ExpireCycle, Node::now().0 / 1_000, millis);
        }
    }
}

/// `timeout`: not for those who listen or wait, as in Redis.
fn close_idle(node: &Node) {
    let seconds = node.parameters.hot.idle_timeout.load(Ordering::Relaxed);
    if seconds == 0 {
        return;
    }
    let now = Node::now();
    let is_idle = |client: &&Arc<Client>| {
        let last = client.last_active.load(Ordering::Relaxed);
        now.0.saturating_sub(last) / 1_000 > seconds
            && !client.has(flag::PUBSUB)
            && !client.has(flag::BLOCKED)
    };
    for client in node.clients.list().iter().filter(is_idle) {
        Events::count(&node.events.idle_closed);
        client.mailbox.order(Order::Close);
    }
}
