//! Timers finer than tokio's 1 ms wheel: one absolute timerfd per worker thread.
//!
//! Sleepers wait in a [`queue::Queue`] that belongs to the thread, so nothing is locked. The timerfd
//! is set only when a sleeper becomes the earliest: a timeout behind a shorter one, as nearly every
//! request's is, costs no system call. One task per thread and runtime waits for the timerfd and
//! wakes whoever is due.

mod queue;

use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    marker::PhantomData,
    os::fd::{AsFd, AsRawFd, RawFd},
    pin::{Pin, pin},
    rc::Rc,
    sync::{Arc, Weak},
    task::{Context, Poll, Waker},
    thread::ThreadId,
    time::Duration,
};

use nix::sys::{
    time::TimeSpec,
    timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags},
};
use tokio::{
    io::{Interest, unix::AsyncFd},
    runtime::{Handle, Id, RuntimeFlavor},
};

use crate::clock::Instant;
use queue::{Gone, Key, Queue};

/// Completes at `deadline` and never before it, normally within some tens of microseconds. Works on
/// any thread with a current-thread tokio runtime; the thread's timers are made on first use.
///
/// # Panics
/// Outside a current-thread tokio runtime with its I/O driver on.
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep { deadline, registered: None, not_send: PhantomData }
}

/// As [`sleep_until`], from now.
pub fn sleep(duration: Duration) -> Sleep {
    sleep_until(Instant::now() + duration)
}

/// `None` when `deadline` came first. The future is polled before the clock is looked at, so that
/// one that is ready wins.
pub async fn timeout_at<F: Future>(deadline: Instant, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut sleep = pin!(sleep_until(deadline));
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => sleep.as_mut().poll(context).map(|()| None),
    })
    .await
}

/// Makes the timers of this worker, inside its `LocalSet`. Without this they are made on first use
/// all the same, but each wake-up then goes through the runtime's own queue first, which costs
/// another look at the kernel's events.
///
/// `fd` is made before, where it can be told that no descriptor is left.
pub(crate) fn start_in_local_set(fd: Fd) {
    let timers = Timers::current();
    let mut alarm = timers.alarm.borrow_mut();
    alarm.start(fd, |task| drop(tokio::task::spawn_local(task)), timers.runtime);
}

/// The future of [`sleep_until`]. Dropping it ends the wait.
#[must_use = "a sleep does nothing unless awaited"]
pub struct Sleep {
    deadline: Instant,
    registered: Option<(Rc<Timers>, Key)>,
    /// Bound to its thread from the start, not only once registered.
    not_send: PhantomData<Rc<()>>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.deadline <= Instant::now() {
            self.deregister();
            return Poll::Ready(());
        }
        if let Some((timers, key)) = &self.registered {
            timers.set_waker(*key, context.waker());
        } else {
            let timers = Timers::current();
            let key = timers.register(self.deadline, context.waker().clone());
            self.registered = Some((timers, key));
        }
        Poll::Pending
    }
}

impl Sleep {
    fn deregister(&mut self) {
        if let Some((timers, key)) = self.registered.take() {
            let waker = timers.queue.borrow_mut().remove(key);
            drop(waker);
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.deregister();
    }
}

/// The timers of one runtime on one thread.
struct Timers {
    runtime: Id,
    queue: RefCell<Queue>,
    alarm: RefCell<Alarm>,
}

/// The timerfd and what it is set to. The descriptor belongs to the task that waits for it, which
/// ends with its runtime.
#[derive(Default)]
struct Alarm {
    fd: Weak<AsyncFd<Fd>>,
    state: State,
}

#[derive(Clone, Copy, Default)]
enum State {
    #[default]
    Off,
    SetTo(Instant),
    /// It went off, and its task is about to set it again.
    Unsettled,
}

thread_local! {
    /// One entry per runtime that has slept on this thread and is alive; in a worker just one.
    static TIMERS: RefCell<Vec<Rc<Timers>>> = const { RefCell::new(Vec::new()) };
}

impl Timers {
    /// Those of the runtime that is running on this thread.
    fn current() -> Rc<Timers> {
        let handle = Handle::current();
        let runtime = handle.id();
        TIMERS.with_borrow_mut(|all| {
            if let Some(timers) = all.iter().find(|timers| timers.runtime == runtime) {
                return Rc::clone(timers);
            }
            assert_eq!(
                handle.runtime_flavor(),
                RuntimeFlavor::CurrentThread,
                "timers need a current-thread runtime"
            );
            all.retain(|timers| timers.alarm.borrow().fd.strong_count() > 0);
            let timers =
                Rc::new(Timers { runtime, queue: RefCell::default(), alarm: RefCell::default() });
            all.push(Rc::clone(&timers));
            timers
        })
    }

    fn of(runtime: Id) -> Option<Rc<Timers>> {
        TIMERS.with_borrow(|all| all.iter().find(|timers| timers.runtime == runtime).cloned())
    }

    fn register(&self, deadline: Instant, waker: Waker) -> Key {
        let mut queue = self.queue.borrow_mut();
        let key = queue.insert(deadline, waker);
        self.alarm
            .borrow_mut()
            .bring_forward(queue.next_deadline().unwrap_or(deadline), self.runtime);
        key
    }

    fn set_waker(&self, key: Key, waker: &Waker) {
        let former = self.queue.borrow_mut().set_waker(key, waker);
        match former {
            Ok(former) => drop(former),
            // Woken, yet not due: the clock cannot run backwards, but a loop is better than a hang.
            Err(Gone) => waker.wake_by_ref(),
        }
    }

    /// Wakes the sleepers that are due. [`Timers::settle`] must follow.
    fn fire(&self) {
        let now = Instant::now();
        loop {
            // The waker runs with nothing borrowed: it may drop a task that holds another sleep.
            let due = self.queue.borrow_mut().pop_due(now);
            match due {
                Some(waker) => waker.wake(),
                None => break,
            }
        }
        self.alarm.borrow_mut().state = State::Unsettled;
    }

    /// Sets the alarm for the next sleeper.
    fn settle(&self) {
        let next = self.queue.borrow_mut().next_deadline();
        let mut alarm = self.alarm.borrow_mut();
        alarm.state = State::Off;
        if let Some(next) = next {
            alarm.set(next, self.runtime);
        }
    }
}

impl Alarm {
    /// Sets it to `deadline` unless it goes off before.
    fn bring_forward(&mut self, deadline: Instant, runtime: Id) {
        let is_early_enough = match self.state {
            State::Off => false,
            State::SetTo(set_to) => set_to <= deadline,
            State::Unsettled => true,
        };
        // Without its task the state is of the past.
        if !is_early_enough || self.fd.strong_count() == 0 {
            self.set(deadline, runtime);
        }
    }

    fn set(&mut self, deadline: Instant, runtime: Id) {
        // A plain task needs no LocalSet. In a current-thread runtime it is polled on the thread of
        // its sleepers.
        let fd = self.fd.upgrade().unwrap_or_else(|| {
            // Workers have theirs from the start.
            let fd = Fd::new().expect("a timerfd can be made while descriptors are left");
            self.start(fd, |task| drop(tokio::spawn(task)), runtime)
        });
        // A refused alarm would be a hang; it can only be refused for a malformed time.
        fd.get_ref().set(deadline).expect("a timerfd accepts an absolute time");
        self.state = State::SetTo(deadline);
    }

    /// Makes the task that waits for the timerfd.
    fn start(
        &mut self,
        fd: Fd,
        spawn: impl FnOnce(Pin<Box<dyn Future<Output = ()> + Send>>),
        runtime: Id,
    ) -> Arc<AsyncFd<Fd>> {
        let fd = fd.watched().expect("a runtime with its I/O driver on watches any timerfd");
        let fd = Arc::new(fd);
        self.fd = Arc::downgrade(&fd);
        let home = std::thread::current().id();
        spawn(Box::pin(wait_for_alarms(Arc::clone(&fd), runtime, home)));
        fd
    }
}

/// Runs as long as the runtime stays on this thread.
async fn wait_for_alarms(fd: Arc<AsyncFd<Fd>>, runtime: Id, home: ThreadId) {
    while let Ok(mut ready) = fd.readable().await {
        // The expiry is not read: setting the timer again resets it, and epoll tells every expiry
        // anew. Readiness is cleared first, so that an alarm set below is not lost.
        ready.clear_ready();
        drop(ready);
        // On another thread the sleepers are out of reach; back at home the next one to come sets
        // a new alarm for all.
        match Timers::of(runtime) {
            Some(timers) if std::thread::current().id() == home => timers.fire(),
            _ => break,
        }
        // Those who were woken often sleep again at once, as a pacer does: they go first, so that
        // the alarm is set once, not twice.
        behind_the_woken().await;
        match Timers::of(runtime) {
            Some(timers) if std::thread::current().id() == home => timers.settle(),
            _ => break,
        }
    }
}

/// Goes to the end of the run queue. Tokio's own yield would look at the kernel's events first.
async fn behind_the_woken() {
    let mut is_queued = false;
    poll_fn(|context| {
        if std::mem::replace(&mut is_queued, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A timerfd on the monotonic clock.
pub(crate) struct Fd(TimerFd);

impl Fd {
    /// # Errors
    /// When no descriptor is left.
    pub(crate) fn new() -> io::Result<Fd> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        Ok(Fd(TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?))
    }

    /// Registered with the running runtime.
    fn watched(self) -> io::Result<AsyncFd<Fd>> {
        #[expect(unsafe_code, reason = "registering a descriptor")]
        // SAFETY: `self` owns its descriptor and nothing takes it out while it is registered.
        let fd = unsafe { AsyncFd::register_with_interest(self, Interest::READABLE) };
        Ok(fd?)
    }

    /// Fires at `deadline`, at once when it is past.
    fn set(&self, deadline: Instant) -> io::Result<()> {
        // The kernel refuses negative times, and takes zero for "never".
        let nanos = deadline.nanos().clamp(1, i64::MAX as u64);
        let time = TimeSpec::from_duration(Duration::from_nanos(nanos));
        self.0.set(Expiration::OneShot(time), TimerSetTimeFlags::TFD_TIMER_ABSTIME)?;
        Ok(())
    }
}

impl AsRawFd for Fd {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

#[cfg(test)]
mod tests;
