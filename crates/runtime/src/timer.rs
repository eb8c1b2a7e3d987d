//! Timers finer than tokio's 1 ms wheel: one absolute timerfd per worker thread.

use crate::clock::Instant;

/// Completes at `deadline`, normally within some tens of microseconds. Works on any thread with a
/// current-thread tokio runtime; the thread's wheel is made on first use.
pub async fn sleep_until(deadline: Instant) {
    todo!("{deadline:?}")
}

/// As [`sleep_until`], from now.
pub async fn sleep(duration: std::time::Duration) {
    sleep_until(Instant::now() + duration).await
}

/// `None` when `deadline` came first.
pub async fn timeout_at<F: Future>(deadline: Instant, future: F) -> Option<F::Output> {
    todo!("{deadline:?}{}", size_of_val(&future))
}
