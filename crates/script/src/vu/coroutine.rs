//! A virtual user's coroutine, and the handle by which code on it suspends itself.

use std::{
    cell::Cell,
    io,
    mem::ManuallyDrop,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use corosensei::{Coroutine, CoroutineResult, Yielder};
use plimsoll_runtime::clock::Instant;

use super::stack::{SlabStack, release_pages};

/// What a coroutine gets when it is resumed: the context of the task that polls it.
#[derive(Clone, Copy)]
struct Resume(*mut Context<'static>);

/// Times a coroutine is resumed to end in order before it is unwound by force.
const KILL_RESUMES: usize = 1000;

/// The inside view of a coroutine, for code that runs on it.
pub(crate) struct Fiber {
    yielder: Cell<*const Yielder<Resume, ()>>,
    task: Cell<Resume>,
    resumed: Cell<Instant>,
    killed: Cell<bool>,
    interrupted: Cell<bool>,
    bottom: Cell<usize>,
}

impl Fiber {
    pub(crate) fn new() -> Fiber {
        Fiber {
            yielder: Cell::new(std::ptr::null()),
            task: Cell::new(Resume(std::ptr::null_mut())),
            resumed: Cell::new(Instant::default()),
            killed: Cell::new(false),
            interrupted: Cell::new(false),
            bottom: Cell::new(0),
        }
    }

    /// Whether the VU is being dropped: everything on the coroutine has to return.
    pub(crate) fn is_killed(&self) -> bool {
        self.killed.get()
    }

    /// Whether nobody waits for the current command any more.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupted.get()
    }

    pub(crate) fn set_interrupted(&self, interrupted: bool) {
        self.interrupted.set(interrupted);
    }

    /// When the coroutine got the thread.
    pub(crate) fn resumed_at(&self) -> Instant {
        self.resumed.get()
    }

    /// Whether the caller is on the coroutine.
    pub(crate) fn is_running(&self) -> bool {
        !self.task.get().0.is_null()
    }

    /// Gives the thread back until the task is polled again. Only on the coroutine.
    pub(crate) fn suspend(&self) {
        debug_assert!(self.is_running(), "suspended from outside of the coroutine");
        let yielder = self.yielder.get();
        self.task.set(Resume(std::ptr::null_mut()));
        #[expect(unsafe_code, reason = "the yielder lives on the coroutine's own stack")]
        // SAFETY: set at the coroutine's entry, valid as long as it runs; we run on it.
        let resume = unsafe { (*yielder).suspend(()) };
        self.task.set(resume);
    }

    /// Gives other VUs of the thread a turn, and comes back soon.
    pub(crate) fn yield_now(&self) {
        self.with_task(|task| task.waker().wake_by_ref());
        self.suspend();
    }

    /// Polls `future`'s like on the worker's own stack, which is large, with the task's context.
    pub(crate) fn poll_outside<T>(
        &self,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.outside(|| self.with_task(poll))
    }

    /// Runs `work` on the worker's own stack: for code that needs more than a VU's stack has.
    pub(crate) fn outside<T>(&self, work: impl FnOnce() -> T) -> T {
        struct SameThread<F>(F);
        #[expect(
            unsafe_code,
            reason = "corosensei asks for `Send` to keep yielders on their stack"
        )]
        // SAFETY: the closure runs on this very thread before `on_parent_stack` returns, and has
        // no access to the yielder but through `Fiber::suspend`, which `work` must not call.
        unsafe impl<F> Send for SameThread<F> {}
        impl<T, F: FnOnce() -> T> SameThread<F> {
            fn call(self) -> T {
                (self.0)()
            }
        }
        debug_assert!(self.is_running(), "left a coroutine that was not running");
        let work = SameThread(work);
        #[expect(unsafe_code, reason = "the yielder lives on the coroutine's own stack")]
        // SAFETY: as in `suspend`.
        unsafe {
            (*self.yielder.get()).on_parent_stack(move || work.call())
        }
    }

    fn with_task<T>(&self, body: impl FnOnce(&mut Context<'_>) -> T) -> T {
        #[expect(unsafe_code, reason = "the task's context outlives the resume that brought it")]
        // SAFETY: not null while the coroutine runs; `resume` borrows the context until we yield.
        body(unsafe { &mut *self.task.get().0 })
    }

    /// Gives back the pages of the coroutine's stack below the caller's frame.
    #[inline(never)]
    pub(crate) fn release_unused_stack(&self) {
        /// Below `here`: the rest of this frame, those of the system call, and the red zone.
        const MARGIN: usize = 1024;
        let here = 0u8;
        let top = (&raw const here as usize).saturating_sub(MARGIN);
        #[expect(unsafe_code, reason = "the stack grows down: what is below us is dead")]
        // SAFETY: we run on this stack, so nothing below the current frame is in use.
        unsafe {
            release_pages(self.bottom.get(), top);
        }
    }
}

/// A coroutine of one VU; polled as part of a task on its thread.
pub(crate) struct VuCoroutine {
    coroutine: ManuallyDrop<Coroutine<Resume, (), (), SlabStack>>,
    fiber: Rc<Fiber>,
}

thread_local! {
    static ABANDONS: Cell<bool> = const { Cell::new(false) };
}

/// From now on, dropping a coroutine on this thread leaves all that it holds as it is.
///
/// Freeing some thousand JavaScript heaps object by object takes a good part of the time that it
/// took to build them, and when the process ends the kernel does it at once.
pub(crate) fn abandon_from_now_on() {
    ABANDONS.set(true);
}

impl VuCoroutine {
    /// Prepares `main` to run on a stack of its own; it starts at the first [`VuCoroutine::resume`].
    pub(crate) fn new(fiber: Rc<Fiber>, main: impl FnOnce() + 'static) -> io::Result<VuCoroutine> {
        let stack = SlabStack::take()?;
        fiber.bottom.set(stack.usable_from());
        let inner = fiber.clone();
        let coroutine = Coroutine::with_stack(stack, move |yielder, resume| {
            inner.yielder.set(yielder);
            inner.task.set(resume);
            main();
            inner.task.set(Resume(std::ptr::null_mut()));
        });
        Ok(VuCoroutine { coroutine: ManuallyDrop::new(coroutine), fiber })
    }

    /// Runs it until it suspends itself or ends; true when it ended.
    pub(crate) fn resume(&mut self, task: &mut Context<'_>) -> bool {
        if self.coroutine.done() {
            return true;
        }
        self.fiber.resumed.set(Instant::coarse());
        let resume = Resume((&raw mut *task).cast());
        matches!(self.coroutine.resume(resume), CoroutineResult::Return(()))
    }
}

impl Drop for VuCoroutine {
    fn drop(&mut self) {
        if ABANDONS.get() {
            return;
        }
        self.fiber.killed.set(true);
        let mut task = Context::from_waker(Waker::noop());
        for _ in 0..KILL_RESUMES {
            if !self.coroutine.started() || self.resume(&mut task) {
                break;
            }
        }
        #[expect(unsafe_code, reason = "a coroutine that may be left undropped")]
        // SAFETY: dropped here only, and not used again.
        unsafe {
            ManuallyDrop::drop(&mut self.coroutine);
        }
    }
}
