//! What the connections of one thread use in turn, so that none keeps it while it is idle.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use plimsoll_runtime::{gather::Gather, random::Random};
use plimsoll_wire::resp::CommandDecoder;

use super::{
    clients::departures::Departures,
    connection::{ahead::Ahead, lane::Lane},
    hot::HotKeys,
    node::Node,
    telemetry::statistics::WorkerCounters,
};
use crate::commands::{Changes, Reply};

/// Most bytes of one read.
pub(super) const READ_BYTES: usize = 128 << 10;
/// Memory that the buffer of replies keeps from one batch to the next.
const REPLY_KEPT: usize = 512 << 10;

/// One thread's part of the server.
#[derive(Debug)]
pub(crate) struct Worker {
    index: usize,
    /// Connections that it serves.
    pub(crate) open: Cell<usize>,
    pub(crate) departures: Departures,
    pub(crate) lane: Lane,
    /// Counts what is read.
    pub(crate) gather: Rc<Gather>,
    pub(crate) scratch: RefCell<Scratch>,
}

/// Used from one read to the write that follows it, with nothing awaited between.
#[derive(Debug)]
pub(crate) struct Scratch {
    pub(crate) input: Box<[u8]>,
    pub(crate) reply: Reply,
    pub(crate) decoder: CommandDecoder,
    pub(crate) random: Random,
    pub(crate) changes: Changes,
    /// Commands since the start, to time some of them.
    pub(crate) tick: u32,
    pub(crate) hot: HotKeys,
    /// Commands that were decoded and have not run.
    pub(crate) ahead: Ahead,
}

impl Worker {
    pub(crate) fn new(index: usize, random: Random, node: &Node) -> Worker {
        let scratch = Scratch {
            input: vec![0; READ_BYTES].into_boxed_slice(),
            reply: Reply::default(),
            decoder: CommandDecoder::default(),
            random,
            changes: Changes::wanted_by(Arc::clone(&node.wanted)),
            tick: 0,
            hot: HotKeys::default(),
            ahead: Ahead::default(),
        };
        Worker {
            index,
            open: Cell::new(0),
            departures: Departures::default(),
            lane: Lane::default(),
            gather: Gather::on_this_thread(),
            scratch: RefCell::new(scratch),
        }
    }

    pub(crate) fn counters<'n>(&self, node: &'n Arc<Node>) -> Option<&'n WorkerCounters> {
        node.workers.get(self.index)
    }
}

impl Worker {
    /// To be called by the thread itself, a few times per second.
    pub(crate) fn look_for_hot_keys(&self, node: &Node) {
        let Scratch { hot, random, .. } = &mut *self.scratch.borrow_mut();
        hot.tick((&node.parameters.hot, &node.hot_keys), self.index, Node::now(), random);
    }

    /// To be called by the thread itself, a few times per second: how long it may sleep for more to come.
    pub(crate) fn learn_how_to_gather(&self, node: &Node) {
        let limit = node.parameters.hot.gather.load(Ordering::Relaxed);
        self.gather.set_limit(Duration::from_micros(limit));
    }
}

impl Scratch {
    /// Between batches.
    pub(crate) fn clear(&mut self) {
        self.reply.clear();
        self.reply.shrink_to(REPLY_KEPT);
    }
}
