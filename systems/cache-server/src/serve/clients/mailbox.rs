//! What other threads have for a connection: messages of channels, invalidations, and orders.
//!
//! A connection looks at one flag per batch and takes the lock only when there is mail.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    task::Waker,
};

use bytes::Bytes;

use super::limits::ClassLimit;
use crate::{serve::locked, store::Millis};

/// Cost of a message besides its bytes: its place in the queue.
const MESSAGE_OVERHEAD: usize = 32;

/// What a connection is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Close after what is in the output has been sent.
    Close,
    /// Close at once: its peer does not read what it is sent.
    CloseUnsent,
    /// End the wait of a blocking command: as if its time were over, or with an error.
    Unblock { with_error: bool },
}

/// The receiving end belongs to the connection's thread, the sending ends to everybody.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    has_mail: AtomicBool,
    mail: Mutex<Mail>,
}

/// Small while there is none.
#[derive(Debug, Default)]
struct Mail {
    letters: Option<Box<Letters>>,
    order: Option<Order>,
    waker: Option<Waker>,
}

#[derive(Debug, Default)]
struct Letters {
    messages: VecDeque<Bytes>,
    /// Of the messages, their overhead included.
    bytes: usize,
    /// Since when `bytes` is over the soft limit.
    over_soft_since: Option<Millis>,
}

/// What was in a mailbox.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) messages: VecDeque<Bytes>,
    pub(crate) order: Option<Order>,
}

impl Mailbox {
    /// Whom to wake when mail comes. Mail that came before has set the flag already.
    pub(crate) fn set_waker(&self, waker: &Waker) {
        locked(&self.mail).waker = Some(waker.clone());
    }

    /// One message: a RESP aggregate without its first byte, which depends on the receiver's
    /// protocol, or a whole simple string, with its `+`. `false` when that was too much for a receiver that
    /// does not read: it is closed.
    pub(crate) fn post(&self, message: &Bytes, limit: &ClassLimit, now: Millis) -> bool {
        let mut mail = locked(&self.mail);
        if mail.order == Some(Order::CloseUnsent) {
            return true;
        }
        let letters = mail.letters.get_or_insert_default();
        let bytes = letters.bytes.saturating_add(message.len() + MESSAGE_OVERHEAD);
        if limit.is_over(bytes, &mut letters.over_soft_since, now) {
            mail.letters = None;
            mail.order = Some(Order::CloseUnsent);
            self.wake(mail);
            return false;
        }
        letters.bytes = bytes;
        letters.messages.push_back(message.clone());
        self.wake(mail);
        true
    }

    /// An order to close is not taken back by one to go on.
    pub(crate) fn order(&self, order: Order) {
        let mut mail = locked(&self.mail);
        let is_closing = matches!(mail.order, Some(Order::Close | Order::CloseUnsent));
        if !(is_closing && matches!(order, Order::Unblock { .. })) {
            mail.order = Some(order);
        }
        self.wake(mail);
    }

    /// Makes the connection look at what it waits for.
    pub(crate) fn nudge(&self) {
        self.wake(locked(&self.mail));
    }

    fn wake(&self, mail: MutexGuard<'_, Mail>) {
        self.has_mail.store(true, Ordering::Release);
        let waker = mail.waker.clone();
        drop(mail);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Whether [`Mailbox::take`] would find something.
    pub(crate) fn has_mail(&self) -> bool {
        self.has_mail.load(Ordering::Acquire)
    }

    pub(crate) fn take(&self) -> Taken {
        let mut mail = locked(&self.mail);
        // Under the lock: what is posted later sets it again.
        self.has_mail.store(false, Ordering::Release);
        let messages = mail.letters.take().map_or_else(VecDeque::new, |letters| letters.messages);
        Taken { messages, order: mail.order.take() }
    }

    /// Bytes that wait, for `CLIENT LIST`.
    pub(crate) fn bytes(&self) -> usize {
        locked(&self.mail).letters.as_ref().map_or(0, |letters| letters.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: ClassLimit = ClassLimit { hard: 200, soft: 100, seconds: 2 };

    fn message(bytes: usize) -> Bytes {
        Bytes::from(vec![b'x'; bytes])
    }

    #[test]
    fn messages_come_in_order_and_once() {
        let mailbox = Mailbox::default();
        assert!(!mailbox.has_mail());
        for bytes in [1, 2, 3] {
            assert!(mailbox.post(&message(bytes), &LIMIT, Millis(0)));
        }
        assert!(mailbox.has_mail());
        let lengths: Vec<usize> = mailbox.take().messages.iter().map(Bytes::len).collect();
        assert_eq!(lengths, [1, 2, 3]);
        assert!(!mailbox.has_mail());
        assert_eq!(mailbox.bytes(), 0);
    }

    #[test]
    fn a_receiver_that_does_not_read_is_closed() {
        let mailbox = Mailbox::default();
        assert!(mailbox.post(&message(100), &LIMIT, Millis(0)));
        assert!(!mailbox.post(&message(100), &LIMIT, Millis(0)));
        let taken = mailbox.take();
        assert!(taken.messages.is_empty());
        assert_eq!(taken.order, Some(Order::CloseUnsent));
    }

    #[test]
    fn the_soft_limit_counts_from_when_it_was_passed() {
        let mailbox = Mailbox::default();
        assert!(mailbox.post(&message(80), &LIMIT, Millis(0)));
        assert!(mailbox.post(&message(1), &LIMIT, Millis(1_999)));
        assert!(!mailbox.post(&message(1), &LIMIT, Millis(2_000)));
    }

    #[test]
    fn closing_stands() {
        let mailbox = Mailbox::default();
        mailbox.order(Order::Close);
        mailbox.order(Order::Unblock { with_error: false });
        assert_eq!(mailbox.take().order, Some(Order::Close));
    }
}
