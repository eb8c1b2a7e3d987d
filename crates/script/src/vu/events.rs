//! A VU's event loop: timers, host operations that end in a promise, and promise jobs between them.
//!
//! An iteration is over when nothing is left to wait for. Everything runs on the VU's coroutine;
//! nothing here is shared with another thread.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    future::poll_fn,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use plimsoll_runtime::{clock::Instant, timer};
use rquickjs::{Ctx, Exception, Function, Persistent, Promise, Result, Value, function::Args};

use super::{VuState, interrupt, suspend};

/// Timers that one VU may have set at a time.
const TIMERS_LIMIT: usize = 10_000;

/// Host operations that one VU may have in flight at a time.
const OPERATIONS_LIMIT: usize = 10_000;

/// What a finished host operation does on the VU's stack.
type Completion = Box<dyn for<'js> FnOnce(&Ctx<'js>) -> Result<()>>;

type Operation = Pin<Box<dyn Future<Output = Completion>>>;

struct Timer {
    callback: Persistent<Function<'static>>,
    arguments: Vec<Persistent<Value<'static>>>,
    /// Set again after each call.
    interval: Option<Duration>,
}

struct Rejection {
    promise: Persistent<Value<'static>>,
    reason: Persistent<Value<'static>>,
}

/// What the loop waits for next.
enum Event {
    Timer((Instant, u64)),
    Operation(Completion),
}

/// The loop's state. JavaScript values in it are given up by [`EventLoop::clear`] before their
/// runtime goes.
#[derive(Default)]
pub(crate) struct EventLoop {
    timers: RefCell<BTreeMap<(Instant, u64), Timer>>,
    last_timer: Cell<u64>,
    operations: RefCell<Vec<Operation>>,
    rejections: RefCell<Vec<Rejection>>,
    /// Whether the error that ended the loop is a rejection that nobody handled.
    pub(crate) uncaught_rejection: Cell<bool>,
}

impl EventLoop {
    /// Calls `callback` after `delay`, once or for ever; returns the timer's id.
    pub(crate) fn set_timer<'js>(
        &self,
        ctx: &Ctx<'js>,
        callback: Function<'js>,
        arguments: Vec<Value<'js>>,
        delay: Duration,
        repeat: bool,
    ) -> Result<u64> {
        if self.timers.borrow().len() >= TIMERS_LIMIT {
            return Err(Exception::throw_range(ctx, "too many timers"));
        }
        let id = self.last_timer.get() + 1;
        self.last_timer.set(id);
        let timer = Timer {
            callback: Persistent::save(ctx, callback),
            arguments: arguments.into_iter().map(|value| Persistent::save(ctx, value)).collect(),
            interval: repeat.then_some(delay),
        };
        self.timers.borrow_mut().insert((Instant::now() + delay, id), timer);
        Ok(id)
    }

    /// Forgets a timer; unknown ids are fine.
    pub(crate) fn clear_timer(&self, id: u64) {
        let mut timers = self.timers.borrow_mut();
        let key = timers.keys().find(|(_, timer)| *timer == id).copied();
        let timer = key.and_then(|key| timers.remove(&key));
        drop(timers);
        drop(timer);
    }

    /// Forgets everything that is waiting; returns the ids of the timers that were set.
    pub(crate) fn clear(&self) -> Vec<(u64, bool)> {
        let timers = std::mem::take(&mut *self.timers.borrow_mut());
        let operations = std::mem::take(&mut *self.operations.borrow_mut());
        let rejections = std::mem::take(&mut *self.rejections.borrow_mut());
        drop((operations, rejections));
        timers.iter().map(|((_, id), timer)| (*id, timer.interval.is_some())).collect()
    }

    /// Called by the JavaScript engine when a promise is rejected without a handler, or gets one.
    pub(crate) fn track_rejection<'js>(
        &self,
        ctx: &Ctx<'js>,
        promise: Value<'js>,
        reason: Value<'js>,
        handled: bool,
    ) {
        let promise = Persistent::save(ctx, promise);
        let mut rejections = self.rejections.borrow_mut();
        if !handled {
            rejections.push(Rejection { promise, reason: Persistent::save(ctx, reason) });
        } else if let Some(at) = rejections.iter().position(|known| known.promise == promise) {
            let known = rejections.swap_remove(at);
            drop(rejections);
            drop(known);
        }
    }

    fn poll_next(&self, task: &mut Context<'_>) -> Poll<Option<Event>> {
        let mut operations = self.operations.borrow_mut();
        for index in 0..operations.len() {
            if let Poll::Ready(completion) = operations[index].as_mut().poll(task) {
                drop(operations.swap_remove(index));
                return Poll::Ready(Some(Event::Operation(completion)));
            }
        }
        let idle = operations.is_empty();
        match self.timers.borrow().first_key_value() {
            Some((key, _)) if Instant::now() >= key.0 => Poll::Ready(Some(Event::Timer(*key))),
            None if idle => Poll::Ready(None),
            _ => Poll::Pending,
        }
    }

    async fn next(&self) -> Option<Event> {
        let due = self.timers.borrow().first_key_value().map(|((due, _), _)| *due);
        let mut sleep = pin!(async {
            if let Some(due) = due {
                timer::sleep_until(due).await;
            }
        });
        let mut slept = due.is_none();
        poll_fn(|task| {
            if !slept && sleep.as_mut().poll(task).is_ready() {
                slept = true;
            }
            self.poll_next(task)
        })
        .await
    }

    fn fire(&self, ctx: &Ctx<'_>, key: (Instant, u64)) -> Result<()> {
        let Some(timer) = self.timers.borrow_mut().remove(&key) else { return Ok(()) };
        let callback = timer.callback.clone().restore(ctx)?;
        let mut arguments = Args::new(ctx.clone(), timer.arguments.len());
        for argument in &timer.arguments {
            arguments.push_arg(argument.clone().restore(ctx)?)?;
        }
        if let Some(interval) = timer.interval {
            self.timers.borrow_mut().insert((Instant::now() + interval, key.1), timer);
        }
        callback.call_arg::<()>(arguments)
    }
}

/// Starts a host operation that a script awaits: `finish` turns its output into the promise's
/// value, or throws to reject it, on the VU's own stack. The iteration lasts until it is done.
pub fn spawn<'js, T: 'static>(
    ctx: &Ctx<'js>,
    future: impl Future<Output = T> + 'static,
    finish: impl for<'a> FnOnce(&Ctx<'a>, T) -> Result<Value<'a>> + 'static,
) -> Result<Promise<'js>> {
    let vu = VuState::of(ctx)?;
    if vu.events.operations.borrow().len() >= OPERATIONS_LIMIT {
        return Err(Exception::throw_range(ctx, "too many asynchronous operations in flight"));
    }
    let (promise, resolve, reject) = ctx.promise()?;
    let resolve = Persistent::save(ctx, resolve);
    let reject = Persistent::save(ctx, reject);
    let operation: Operation = Box::pin(async move {
        let output = future.await;
        let completion: Completion =
            Box::new(move |ctx| settle(ctx, resolve, reject, |ctx| finish(ctx, output)));
        completion
    });
    vu.events.operations.borrow_mut().push(operation);
    Ok(promise)
}

fn settle<'js>(
    ctx: &Ctx<'js>,
    resolve: Persistent<Function<'static>>,
    reject: Persistent<Function<'static>>,
    finish: impl FnOnce(&Ctx<'js>) -> Result<Value<'js>>,
) -> Result<()> {
    match finish(ctx) {
        Ok(value) => resolve.restore(ctx)?.call((value,)),
        Err(_) if VuState::of(ctx)?.stop_cause().is_some() => Err(interrupt::throw(ctx)),
        Err(rquickjs::Error::Exception) => reject.restore(ctx)?.call((ctx.catch(),)),
        Err(error) => {
            let message = Exception::from_message(ctx.clone(), &error.to_string())?;
            reject.restore(ctx)?.call((message,))
        }
    }
}

/// Runs promise jobs until none is left.
fn run_jobs(ctx: &Ctx<'_>, vu: &VuState) -> Result<()> {
    loop {
        let ran = ctx.execute_pending_job();
        if vu.stop_cause().is_some() {
            return Err(interrupt::throw(ctx));
        }
        if !ran {
            return Ok(());
        }
    }
}

/// Runs the loop until nothing is left to wait for. A rejection without a handler and an exception
/// in a callback end it as an exception.
pub(crate) fn drain(ctx: &Ctx<'_>, vu: &VuState) -> Result<()> {
    loop {
        run_jobs(ctx, vu)?;
        let rejection = vu.events.rejections.borrow_mut().pop();
        if let Some(rejection) = rejection {
            vu.events.uncaught_rejection.set(true);
            return Err(ctx.throw(rejection.reason.restore(ctx)?));
        }
        if vu.events.timers.borrow().is_empty() && vu.events.operations.borrow().is_empty() {
            return Ok(());
        }
        match suspend::wait(ctx, vu.events.next())? {
            Some(Event::Timer(key)) => vu.events.fire(ctx, key)?,
            Some(Event::Operation(completion)) => completion(ctx)?,
            None => {}
        }
    }
}
