//! From what the hub hands over to bodies that can be sent.

use bytes::Bytes;

/// What is sent at once: the body of a request, or a datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    pub body: Bytes,
    /// Points in it: what is counted as delivered or lost.
    pub points: u64,
}

/// Makes payloads. Lives on the delivery's thread, so it may take its time.
pub trait Encoder: Send + 'static {
    type Item: Send + 'static;

    /// Takes `item` up; payloads that are full go out.
    fn encode(&mut self, item: Self::Item, outbox: &mut Outbox);

    /// A push interval is over, or the run is: what is gathered goes out.
    fn flush(&mut self, outbox: &mut Outbox);
}

/// Where an encoder puts what it made.
#[derive(Debug, Default)]
pub struct Outbox {
    pub(super) payloads: Vec<Payload>,
    pub(super) lost: Vec<(u64, &'static str)>,
}

impl Outbox {
    pub fn push(&mut self, payload: Payload) {
        self.payloads.push(payload);
    }

    /// What was put in so far.
    #[cfg(test)]
    pub(crate) fn payloads(&self) -> &[Payload] {
        &self.payloads
    }

    /// Counts points that cannot be sent; `reason` as in "3 are not finite".
    pub fn lose(&mut self, points: u64, reason: &'static str) {
        if points > 0 {
            self.lost.push((points, reason));
        }
    }
}
