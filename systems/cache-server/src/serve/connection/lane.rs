//! The lane of connections that move much. A turn of theirs takes a good part of a millisecond, and among a
//! hundred of them whoever asks for little would wait for a hundred turns.
//!
//! They take their turns one after the other, in the order in which they asked, and for [`ROUND`] at most
//! between two looks at the sockets. So who has become ready meanwhile is served first, however many they
//! are. All others know nothing of it.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    pin::pin,
    task::{Context, Waker},
    time::Duration,
};

use plimsoll_runtime::clock::Instant;

/// How long turns are taken before the sockets are looked at. A look takes some two microseconds.
const ROUND: Duration = Duration::from_micros(250);
/// Polls without much to move, after which a connection is one among others again.
const STICKY_POLLS: u8 = 8;
/// Room of the queue that is kept while nobody waits.
const KEPT_WAITING: usize = 64;

/// What a connection is to its thread's lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing: it moves little.
    #[default]
    Light,
    /// It takes its turns in the lane, for so many polls yet.
    Bulk { polls: u8 },
    /// It waits for its turn.
    Waiting { ticket: u32, polls: u8 },
    /// It has its turn.
    Going { polls: u8 },
    /// It has ended, and is closed when it is polled again.
    Leaving,
}

impl Standing {
    /// In this turn.
    pub(super) fn moves_much(&mut self) {
        if let Standing::Going { polls } = self {
            *polls = STICKY_POLLS;
        }
    }
}

/// The lane of one thread.
#[derive(Debug)]
pub(crate) struct Lane {
    /// In the order of their tickets, which have no gaps: `None` for those that have left.
    waiting: RefCell<VecDeque<Option<Waker>>>,
    /// The ticket of the first of them.
    first: Cell<u32>,
    /// Whose turn it is, until it comes for it. While any wait, and nobody has its turn, somebody is called.
    called: Cell<Option<Call>>,
    /// When the sockets were looked at, as far as is known.
    looked: Cell<Instant>,
    round: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Call {
    ticket: u32,
    /// It comes behind a look at the sockets.
    is_behind_look: bool,
}

impl Default for Lane {
    fn default() -> Lane {
        Lane::of_rounds(ROUND)
    }
}

impl Lane {
    pub(super) fn of_rounds(round: Duration) -> Lane {
        Lane {
            waiting: RefCell::default(),
            first: Cell::new(0),
            called: Cell::new(None),
            looked: Cell::new(Instant::from_nanos(0)),
            round,
        }
    }

    /// Takes the turn of a connection that is polled, if it has it or nobody waits. If not, its task is woken
    /// when it has.
    pub(super) fn enter(&self, standing: &mut Standing, waker: &Waker) -> bool {
        match *standing {
            Standing::Light => return true,
            Standing::Waiting { ticket, polls } => {
                if !self.answer(ticket) {
                    self.renew(ticket, waker);
                    return false;
                }
                *standing = Standing::Going { polls: polls.saturating_sub(1) };
            }
            Standing::Bulk { polls } | Standing::Going { polls } => {
                if !self.is_free() {
                    *standing = self.queue(polls, waker);
                    return false;
                }
                *standing = Standing::Going { polls: polls.saturating_sub(1) };
            }
            Standing::Leaving => {}
        }
        true
    }

    /// A connection has been polled. If it has more to do at once, its task is woken for the next turn;
    /// `keeps_much` says that there is much to do whenever it is polled again.
    pub(super) fn leave(
        &self,
        standing: &mut Standing,
        keeps_much: bool,
        has_more: bool,
        waker: &Waker,
    ) {
        *standing = match *standing {
            _ if has_more => self.queue(STICKY_POLLS, waker),
            _ if keeps_much => Standing::Bulk { polls: STICKY_POLLS },
            Standing::Going { polls } if polls > 0 => Standing::Bulk { polls },
            _ => Standing::Light,
        };
        self.call();
    }

    /// A connection ends, whatever it is in the middle of.
    pub(super) fn forget(&self, standing: &mut Standing) {
        let Standing::Waiting { ticket, .. } = *standing else {
            let was_going = matches!(*standing, Standing::Going { .. });
            *standing = Standing::Leaving;
            if was_going {
                self.call();
            }
            return;
        };
        *standing = Standing::Leaving;
        if self.answer(ticket) {
            self.call();
        } else if let Some(place) = self.waiting.borrow_mut().get_mut(self.place(ticket)) {
            *place = None;
        }
    }

    /// Whether a turn can be taken at once.
    fn is_free(&self) -> bool {
        self.called.get().is_none() && self.waiting.borrow().is_empty() && self.has_time()
    }

    fn has_time(&self) -> bool {
        self.looked.get().elapsed() < self.round
    }

    /// Whether it is called; it is not any more then.
    fn answer(&self, ticket: u32) -> bool {
        let Some(call) = self.called.get().filter(|call| call.ticket == ticket) else {
            return false;
        };
        if call.is_behind_look {
            self.looked.set(Instant::now());
        }
        self.called.set(None);
        true
    }

    fn queue(&self, polls: u8, waker: &Waker) -> Standing {
        let mut waiting = self.waiting.borrow_mut();
        // There are not as many connections as tickets.
        let ahead = u32::try_from(waiting.len()).unwrap_or(u32::MAX);
        let ticket = self.first.get().wrapping_add(ahead);
        waiting.push_back(Some(waker.clone()));
        drop(waiting);
        self.call();
        Standing::Waiting { ticket, polls }
    }

    /// A task may be polled by another waker than before.
    fn renew(&self, ticket: u32, waker: &Waker) {
        if let Some(Some(known)) = self.waiting.borrow_mut().get_mut(self.place(ticket)) {
            known.clone_from(waker);
        }
    }

    /// Among those that wait; behind all of them for a ticket that was called.
    fn place(&self, ticket: u32) -> usize {
        usize::try_from(ticket.wrapping_sub(self.first.get())).unwrap_or(usize::MAX)
    }

    /// Calls the next one, unless somebody is called already.
    fn call(&self) {
        if self.called.get().is_some() {
            return;
        }
        let Some((ticket, next)) = self.take_first() else { return };
        let is_behind_look = !self.has_time();
        self.called.set(Some(Call { ticket, is_behind_look }));
        if is_behind_look {
            // The runtime wakes whoever yields when it has looked at the sockets, behind those that it found
            // ready: a mere wake would not look. It is never ready the first time.
            let yielded = pin!(tokio::task::yield_now()).poll(&mut Context::from_waker(&next));
            debug_assert!(yielded.is_pending(), "yielding takes a turn");
        } else {
            next.wake();
        }
    }

    fn take_first(&self) -> Option<(u32, Waker)> {
        let mut waiting = self.waiting.borrow_mut();
        while let Some(first) = waiting.pop_front() {
            let ticket = self.first.get();
            self.first.set(ticket.wrapping_add(1));
            if waiting.is_empty() && waiting.capacity() > KEPT_WAITING {
                // The memory of a large crowd is given back.
                *waiting = VecDeque::new();
            }
            if let Some(waker) = first {
                return Some((ticket, waker));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicBool, Ordering},
        },
        task::Wake,
    };

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Default)]
    struct Bell(AtomicBool);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    /// Connections of one thread. Outside of a runtime who yields is woken at once.
    struct Crowd {
        lane: Lane,
        bells: Vec<Arc<Bell>>,
        standings: Vec<Standing>,
        /// Those that have asked for a turn, as it is to be.
        expected: VecDeque<usize>,
    }

    impl Crowd {
        fn new(round: Duration, count: usize) -> Crowd {
            let lane = Lane::of_rounds(round);
            lane.first.set(u32::MAX - 2);
            let bells = (0..count).map(|_| Arc::default()).collect();
            let standings = vec![Standing::Light; count];
            Crowd { lane, bells, standings, expected: VecDeque::new() }
        }

        /// Whether it had a turn.
        fn poll(&mut self, index: usize, keeps_much: bool, has_more: bool) -> bool {
            let bell = &self.bells[index];
            bell.0.store(false, Ordering::Relaxed);
            let waker = Waker::from(Arc::clone(bell));
            let standing = &mut self.standings[index];
            let (before, was_waiting) = (*standing, self.expected.contains(&index));
            if !self.lane.enter(standing, &waker) {
                assert!(before != Standing::Light && self.expected.front() != Some(&index));
                if !was_waiting {
                    self.expected.push_back(index);
                }
                return false;
            }
            if was_waiting {
                assert_eq!(self.expected.pop_front(), Some(index), "it is another one's turn");
            }
            self.lane.leave(standing, keeps_much, has_more, &waker);
            if has_more {
                self.expected.push_back(index);
            }
            true
        }

        fn end(&mut self, index: usize) {
            self.lane.forget(&mut self.standings[index]);
            self.expected.retain(|waiting| *waiting != index);
        }

        /// Who waits is woken when it is its turn.
        fn check(&self) {
            let Some(first) = self.expected.front() else {
                assert!(self.lane.called.get().is_none());
                return;
            };
            assert!(self.bells[*first].0.load(Ordering::Relaxed), "nobody wakes {first}");
        }
    }

    #[test]
    fn turns_come_in_order_and_end() {
        let mut crowd = Crowd::new(Duration::ZERO, 3);
        for index in 0..3 {
            assert!(crowd.poll(index, false, true));
        }
        for round in 0..4 {
            for index in 0..3 {
                crowd.check();
                if round < 3 {
                    assert!(!crowd.poll((index + 1) % 3, false, false), "it is not its turn");
                }
                assert!(crowd.poll(index, false, round < 3));
            }
        }
        assert!(crowd.expected.is_empty());
        // They are not forgotten at once, but soon.
        assert_ne!(crowd.standings[0], Standing::Light);
        for _ in 0..3 * STICKY_POLLS {
            crowd.poll(0, false, false);
        }
        assert_eq!(crowd.standings[0], Standing::Light);
        // Whoever keeps much is not forgotten.
        for _ in 0..3 * STICKY_POLLS {
            crowd.poll(0, true, false);
        }
        assert_ne!(crowd.standings[0], Standing::Light);
    }

    proptest! {
        /// Whatever they do, each has its turn when those before it had theirs or have ended.
        #[test]
        fn nobody_is_passed_over(
            has_time in any::<bool>(),
            acts in prop::collection::vec((0..6_usize, 0..8_u8), 1..200),
        ) {
            let round = if has_time { Duration::MAX } else { Duration::ZERO };
            let mut crowd = Crowd::new(round, 6);
            for (index, act) in acts {
                match act {
                    0 => crowd.end(index),
                    _ if crowd.standings[index] == Standing::Leaving => {
                        // Another one in its place.
                        crowd.standings[index] = Standing::Light;
                    }
                    _ => {
                        crowd.poll(index, act == 1, act % 2 == 0);
                    }
                }
                crowd.check();
            }
            while let Some(first) = crowd.expected.front().copied() {
                prop_assert!(crowd.poll(first, false, false));
                crowd.check();
            }
        }
    }
}
