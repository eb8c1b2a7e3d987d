//! Payloads that wait to be sent, on one thread.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
};

use tokio::sync::Notify;

use super::Payload;

/// Between the one that encodes and those that send.
pub(super) struct Queue {
    payloads: RefCell<VecDeque<Payload>>,
    bytes: Cell<usize>,
    points: Cell<u64>,
    bytes_limit: usize,
    points_limit: u64,
    is_closed: Cell<bool>,
    filled: Notify,
    emptied: Notify,
}

impl Queue {
    pub(super) fn new(bytes_limit: usize, points_limit: u64) -> Queue {
        Queue {
            payloads: RefCell::default(),
            bytes: Cell::new(0),
            points: Cell::new(0),
            bytes_limit,
            points_limit,
            is_closed: Cell::new(false),
            filled: Notify::new(),
            emptied: Notify::new(),
        }
    }

    /// Takes it whatever the limits are: whoever encodes waits for [`Queue::room`] before, so that
    /// the limits are passed by what one item makes at most.
    pub(super) fn push(&self, payload: Payload) {
        self.bytes.set(self.bytes.get() + payload.body.len());
        self.points.set(self.points.get() + payload.points);
        self.payloads.borrow_mut().push_back(payload);
        self.filled.notify_one();
    }

    /// The oldest; `None` when there is none and will be none.
    pub(super) async fn pop(&self) -> Option<Payload> {
        loop {
            let oldest = self.payloads.borrow_mut().pop_front();
            if let Some(payload) = oldest {
                self.bytes.set(self.bytes.get() - payload.body.len());
                self.points.set(self.points.get() - payload.points);
                self.emptied.notify_one();
                return Some(payload);
            }
            if self.is_closed.get() {
                return None;
            }
            self.filled.notified().await;
        }
    }

    pub(super) fn has_room(&self) -> bool {
        self.bytes.get() < self.bytes_limit && self.points.get() < self.points_limit
    }

    /// Completes when there is room for more.
    pub(super) async fn room(&self) {
        while !self.has_room() {
            self.emptied.notified().await;
        }
    }

    /// Nothing more will be pushed.
    pub(super) fn close(&self) {
        self.is_closed.set(true);
        self.filled.notify_waiters();
    }

    /// Points of all that waits.
    pub(super) fn points(&self) -> u64 {
        self.points.get()
    }
}
