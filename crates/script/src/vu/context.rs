//! A JavaScript runtime with the intrinsics that a script needs.

use std::rc::Rc;

use rquickjs::{Context, Runtime, context::intrinsic};

use super::{VuState, heap::SharedHeap, interrupt, stack};
use crate::loader::vu_loader::{VuLoader, VuResolver};

/// Live heap at which cycles are collected for the first time; QuickJS moves it to 1.5 times what
/// is left after each collection.
const GC_THRESHOLD: usize = 1024 * 1024;

/// What every context has from the start; the rest is [`super::intrinsics`]' to add.
type Basic = (
    intrinsic::Promise,
    intrinsic::Json,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Eval,
);

/// Makes the VU's runtime and context. Must run on the VU's own stack.
pub(super) fn new(vu: &Rc<VuState>) -> rquickjs::Result<(Runtime, Context)> {
    let runtime = Runtime::new_with_alloc(SharedHeap::of_thread())?;
    runtime.set_max_stack_size(stack::SCRIPT_STACK_LIMIT);
    runtime.set_gc_threshold(GC_THRESHOLD);
    runtime.set_loader(VuResolver(Rc::downgrade(vu)), VuLoader(Rc::downgrade(vu)));
    let tracked = Rc::downgrade(vu);
    runtime.set_host_promise_rejection_tracker(Some(Box::new(
        move |ctx, promise, reason, handled| {
            if let Some(vu) = tracked.upgrade() {
                vu.events.track_rejection(&ctx, promise, reason, handled);
            }
        },
    )));
    let context = Context::custom::<Basic>(&runtime)?;
    interrupt::install(&runtime, vu);
    Ok((runtime, context))
}
