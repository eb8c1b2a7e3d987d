//! Connections that end: a few are closed in one turn. To close one takes the kernel several microseconds, and
//! when thousands of clients leave in one moment, those that stay would wait for all of it.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    task::Waker,
};

use tokio::{sync::Notify, task::yield_now};

/// Connections that are closed before others of the thread get their turn.
const CLOSED_PER_TURN: usize = 16;

/// Of one thread.
#[derive(Debug, Default)]
pub(crate) struct Departures {
    /// Connections closed since the last time that any had to wait.
    closed: Cell<usize>,
    waiting: RefCell<VecDeque<Waker>>,
    is_wanted: Notify,
}

impl Departures {
    /// Whether a connection may be closed now. If not, its task is woken when it may, and need not ask again.
    pub(crate) fn may_close(&self, waker: &Waker) -> bool {
        if self.closed.get() < CLOSED_PER_TURN {
            self.closed.set(self.closed.get() + 1);
            return true;
        }
        self.waiting.borrow_mut().push_back(waker.clone());
        self.is_wanted.notify_one();
        false
    }

    /// Lets those that wait go, as long as it is polled.
    pub(crate) async fn run(&self) {
        loop {
            self.is_wanted.notified().await;
            while self.let_some_go() {
                yield_now().await;
            }
            self.closed.set(0);
        }
    }

    fn let_some_go(&self) -> bool {
        let mut waiting = self.waiting.borrow_mut();
        let count = waiting.len().min(CLOSED_PER_TURN);
        waiting.drain(..count).for_each(Waker::wake);
        if waiting.is_empty() {
            // The memory of a large crowd is given back.
            waiting.shrink_to_fit();
        }
        count > 0
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, rc::Rc, task::Poll};

    use plimsoll_runtime::workers;
    use tokio::task::spawn_local;

    use super::*;

    /// All of a crowd go, in order, and others have their turns in between.
    #[test]
    fn a_crowd_leaves_bit_by_bit() {
        const CROWD: usize = 10 * CLOSED_PER_TURN;
        let (order, turns) = workers::block_on(async {
            let departures = Rc::new(Departures::default());
            let gone = Rc::new(RefCell::new(Vec::new()));
            for number in 0..CROWD {
                let (departures, gone) = (Rc::clone(&departures), Rc::clone(&gone));
                drop(spawn_local(async move {
                    let mut has_asked = false;
                    poll_fn(|context| {
                        if has_asked || departures.may_close(context.waker()) {
                            return Poll::Ready(());
                        }
                        has_asked = true;
                        Poll::Pending
                    })
                    .await;
                    gone.borrow_mut().push(number);
                }));
            }
            let clerk = Rc::clone(&departures);
            drop(spawn_local(async move { clerk.run().await }));
            let mut turns = 0;
            while gone.borrow().len() < CROWD {
                turns += 1;
                yield_now().await;
            }
            let order = gone.take();
            (order, turns)
        })
        .unwrap();
        assert!(order.is_sorted());
        assert!(turns >= 5, "{turns}");
    }
}
