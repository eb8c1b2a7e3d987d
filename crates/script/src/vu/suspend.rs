//! Waiting inside a script: a blocking call from JavaScript becomes a suspended coroutine.

use std::{pin::pin, task::Poll};

use rquickjs::{Ctx, Result};

use super::{VuState, interrupt};

/// Runs `future` to its end while the VU's coroutine is suspended; the worker's other VUs go on.
///
/// Only from host functions called on a VU's own stack. `Err` when the iteration was interrupted
/// or the run aborted meanwhile: pass it on with `?`, the script cannot catch it. The future is
/// polled on the worker's own stack, so it may go deep.
pub fn wait<F: Future>(ctx: &Ctx<'_>, future: F) -> Result<F::Output> {
    let vu = VuState::of(ctx)?;
    let mut future = pin!(future);
    if vu.stop_cause().is_some() {
        return Err(interrupt::throw(ctx));
    }
    let mut was_woken = false;
    loop {
        match vu.fiber.poll_outside(|task| future.as_mut().poll(task)) {
            // Most often so; the clock is not read for it.
            Poll::Ready(output) => return Ok(output),
            // Woken for something else, perhaps the deadline.
            Poll::Pending if was_woken && vu.stop_cause().is_some() => {
                return Err(interrupt::throw(ctx));
            }
            Poll::Pending => vu.fiber.suspend(),
        }
        was_woken = true;
        if vu.stop_order().is_some() {
            return Err(interrupt::throw(ctx));
        }
    }
}

/// As [`wait`], for waits of about a second and more: the stack below the caller goes back to the
/// kernel meanwhile, so that of many VUs that rest, each keeps the one page that it stands on.
pub fn rest<F: Future>(ctx: &Ctx<'_>, future: F) -> Result<F::Output> {
    VuState::of(ctx)?.fiber.release_unused_stack();
    wait(ctx, future)
}

/// Runs `work` on the worker's own stack: for parsers and ciphers that need more stack than a VU
/// has to spare. `work` must not call into JavaScript or wait.
pub fn on_worker_stack<T>(ctx: &Ctx<'_>, work: impl FnOnce() -> T) -> Result<T> {
    Ok(VuState::of(ctx)?.fiber.outside(work))
}
