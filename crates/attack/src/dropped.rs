//! What is to be done when a future is dropped before its end.

/// Calls a function when dropped, unless it is forgotten first.
pub(crate) struct Dropped<F: FnMut()> {
    call: F,
    is_forgotten: bool,
}

impl<F: FnMut()> Dropped<F> {
    pub(crate) fn new(call: F) -> Dropped<F> {
        Dropped { call, is_forgotten: false }
    }

    /// What was waited for has come.
    pub(crate) fn forget(mut self) {
        self.is_forgotten = true;
    }
}

impl<F: FnMut()> Drop for Dropped<F> {
    fn drop(&mut self) {
        if !self.is_forgotten {
            (self.call)();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        cell::Cell,
        future::{pending, ready},
        pin::pin,
        task::{Context, Waker},
    };

    use super::Dropped;

    /// A future that is polled once and then dropped: whether it ended, and how often the function
    /// was called.
    fn check(waits: impl Future<Output = ()>, expected: (bool, u32)) {
        let calls = Cell::new(0);
        let has_ended = {
            let mut future = pin!(async {
                let dropped = Dropped::new(|| calls.set(calls.get() + 1));
                waits.await;
                dropped.forget();
            });
            future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
        };
        assert_eq!((has_ended, calls.get()), expected);
    }

    #[test]
    fn only_what_does_not_end_is_told() {
        check(pending(), (false, 1));
        check(ready(()), (true, 0));
    }
}
