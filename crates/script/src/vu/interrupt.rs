//! Stopping and preempting scripts: endless loops end at the deadline, on abort and with the VU.

use std::{rc::Rc, time::Duration};

use plimsoll_runtime::clock::Instant;
use rquickjs::{Ctx, Error, Exception, Runtime, qjs};

use super::VuState;

/// How long a script may keep the thread while others wait for it.
const TIME_SLICE: Duration = Duration::from_millis(10);

/// Why a script has to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopCause {
    /// The VU is being dropped.
    Killed,
    /// The run ends at once.
    Aborted,
    /// The iteration's or stage's time is over.
    Deadline,
    /// The script called `test.abort()`.
    ScriptAbort,
}

impl VuState {
    /// Why the script has to stop now, if so.
    pub(crate) fn stop_cause(&self) -> Option<StopCause> {
        self.stop_cause_at(None)
    }

    fn stop_cause_at(&self, now: Option<Instant>) -> Option<StopCause> {
        let order = self.stop_order();
        if order.is_some() {
            return order;
        }
        let deadline = self.deadline.borrow().as_ref().map(|deadline| deadline.get());
        match deadline {
            Some(at) if now.unwrap_or_else(Instant::now) >= at => Some(StopCause::Deadline),
            _ => None,
        }
    }

    /// Why the script has to stop now, whatever the time is.
    pub(super) fn stop_order(&self) -> Option<StopCause> {
        if self.fiber.is_killed() {
            return Some(StopCause::Killed);
        }
        if self.fiber.is_interrupted() {
            return Some(StopCause::Aborted);
        }
        if self.abort_message.borrow().is_some() {
            return Some(StopCause::ScriptAbort);
        }
        if let Some(control) = &self.control {
            let over =
                if self.outlives_stop.get() { control.is_aborted() } else { control.is_stopping() };
            if over {
                return Some(StopCause::Aborted);
            }
        }
        None
    }
}

/// Throws the error that ends a script: no `catch` or `finally` of it runs.
pub(crate) fn throw(ctx: &Ctx<'_>) -> Error {
    let error = Exception::throw_internal(ctx, "interrupted");
    let value = ctx.catch();
    #[expect(unsafe_code, reason = "rquickjs has no safe call for it")]
    // SAFETY: the context and the value are alive; the call only sets a flag of the error object.
    unsafe {
        qjs::JS_SetUncatchableError(ctx.as_raw().as_ptr(), value.as_raw());
    }
    ctx.throw(value);
    error
}

/// Makes QuickJS ask `vu` now and then, while it runs code, whether to go on.
pub(super) fn install(runtime: &Runtime, vu: &Rc<VuState>) {
    let vu = Rc::downgrade(vu);
    runtime.set_interrupt_handler(Some(Box::new(move || {
        let Some(vu) = vu.upgrade() else { return true };
        let now = Instant::now();
        if vu.stop_cause_at(Some(now)).is_some() {
            return true;
        }
        if vu.fiber.is_running() && now.since(vu.fiber.resumed_at()) > TIME_SLICE {
            vu.fiber.yield_now();
            return vu.stop_cause().is_some();
        }
        false
    })));
}
