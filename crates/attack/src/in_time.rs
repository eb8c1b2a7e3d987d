//! Waiting that the end of a hit's time, or of the run, cuts short.

use std::{cell::Cell, future::poll_fn, pin::pin, task::Poll};

use plimsoll_engine::control::Control;
use plimsoll_runtime::clock::Instant;

/// `None` when the deadline or the run's stop came first. The engine polls at both.
pub(crate) async fn in_time<F: Future>(
    future: F,
    control: &Control,
    deadline: &Cell<Instant>,
) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if control.is_stopping() || deadline.get() <= Instant::now() => {
            Poll::Ready(None)
        }
        Poll::Pending => Poll::Pending,
    })
    .await
}
