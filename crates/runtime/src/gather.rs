//! Gathering: a busy worker sleeps a moment before it asks the system for events, so that more of them come
//! at once.
//!
//! Waking a thread costs both sides more than a small request does. A thread that waits for each event is
//! woken for one or two of many clients' requests; one that sleeps for some ten microseconds first finds as
//! many more, and those who sent them woke nobody. It is what network cards do with their interrupts.
//!
//! How long is decided by what was seen last. Nobody gains where few events come, and clients that send their
//! next request when they have the last reply would be slowed down if most of them were waiting. While a thread
//! that is busy for a share `b` of its time sleeps for `t` and then works off what came, and what came
//! meanwhile, `t / ((1 - b) * e)` events come, where `e` is the time from one to the next: a sleep is so
//! long that these are at most one in [`SHARE`] of the sources. And it is worth its timer only where it
//! gathers at least [`EVENTS_MIN`].

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use crate::clock::{Instant, thread_cpu_time};

/// Times that a thread runs out of work between two looks at the clock.
const PARKS: u32 = 16;
/// Events are counted for at least so long.
const WINDOW: Duration = Duration::from_millis(10);
/// A sleep that brings fewer is not worth its timer.
const EVENTS_MIN: f64 = 2.0;
/// Of so many sources, at most one waits for the end of a sleep and of the work that it leaves.
const SHARE: f64 = 4.0;
/// A shorter sleep costs more than it saves.
const NAP_MIN: Duration = Duration::from_micros(20);
/// Bits of the set of sources: as many sources as that are as good as any number.
const SOURCE_BITS: u64 = 256;

thread_local! {
    static HERE: RefCell<Option<Rc<Gather>>> = const { RefCell::new(None) };
}

/// Both clocks of a thread.
#[derive(Clone, Copy, Debug)]
struct Now {
    at: Instant,
    /// CPU time that the thread has used.
    used: Duration,
}

impl Now {
    fn read() -> Now {
        Now { at: Instant::now(), used: thread_cpu_time() }
    }
}

/// What one thread has seen, and how long it sleeps for more.
#[derive(Debug)]
pub struct Gather {
    /// The longest sleep; none for zero.
    limit: Cell<Duration>,
    nap: Cell<Duration>,
    began: Cell<Now>,
    parks: Cell<u32>,
    events: Cell<u32>,
    sources: [Cell<u64>; (SOURCE_BITS / 64) as usize],
}

impl Gather {
    /// From now on the calling thread gathers, if it is a worker ([`crate::workers`]). It sleeps for nothing
    /// until a limit is set. Called again, it begins anew.
    pub fn on_this_thread() -> Rc<Gather> {
        let gather = Rc::new(Gather::new(Now::read()));
        HERE.with(|here| *here.borrow_mut() = Some(Rc::clone(&gather)));
        gather
    }

    fn new(now: Now) -> Gather {
        Gather {
            limit: Cell::new(Duration::ZERO),
            nap: Cell::new(Duration::ZERO),
            began: Cell::new(now),
            parks: Cell::new(0),
            events: Cell::new(0),
            sources: Default::default(),
        }
    }

    /// The longest sleep; zero for none at all.
    pub fn set_limit(&self, limit: Duration) {
        self.limit.set(limit);
        self.nap.set(self.nap.get().min(limit));
    }

    /// An event came, from the source of that number.
    #[inline]
    pub fn note(&self, source: u64) {
        self.events.set(self.events.get().saturating_add(1));
        let bit = source % SOURCE_BITS;
        if let Some(word) = self.sources.get((bit / 64) as usize) {
            word.set(word.get() | 1 << (bit % 64));
        }
    }

    /// The thread has run out of work: how long it sleeps before it waits.
    fn park(&self, now: impl FnOnce() -> Now) -> Duration {
        self.parks.set(self.parks.get() + 1);
        if self.parks.get() >= PARKS {
            self.parks.set(0);
            let now = now();
            let began = self.began.get();
            let seen = now.at.since(began.at);
            if seen >= WINDOW {
                self.decide(seen, now.used.saturating_sub(began.used));
                self.began.set(now);
            }
        }
        self.nap.get()
    }

    /// From what came in the window that ends now; the next one begins.
    fn decide(&self, seen: Duration, used: Duration) {
        let events = self.events.take();
        let sources: u32 = self.sources.iter().map(|word| word.take().count_ones()).sum();
        self.nap.set(nap(seen, used, events, sources, self.limit.get()));
    }
}

/// How long to sleep where so many events of so many sources came in the time `seen`, of which the thread
/// `used` so much.
fn nap(seen: Duration, used: Duration, events: u32, sources: u32, limit: Duration) -> Duration {
    if events == 0 || limit.is_zero() {
        return Duration::ZERO;
    }
    let each = seen.as_secs_f64() / f64::from(events);
    let idle = (1.0 - used.as_secs_f64() / seen.as_secs_f64()).max(0.0);
    let longest = each * idle * f64::from(sources) / SHARE;
    let nap = Duration::from_secs_f64(longest).min(limit);
    if nap < NAP_MIN || nap.as_secs_f64() / each < EVENTS_MIN { Duration::ZERO } else { nap }
}

/// Called by a worker's runtime when no task of it can go on.
pub(crate) fn before_park() {
    let found = HERE.try_with(|here| {
        here.try_borrow().ok().and_then(|here| Some(here.as_ref()?.park(Now::read)))
    });
    // Neither for a thread that does not gather, nor for one that ends.
    if let Ok(Some(nap)) = found
        && !nap.is_zero()
    {
        #[expect(
            clippy::disallowed_methods,
            reason = "the thread is to do nothing, timers included"
        )]
        std::thread::sleep(nap);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_micros(40);
    const START: Now = Now { at: Instant::from_nanos(1), used: Duration::ZERO };

    fn after(now: Now, passed: Duration, used: Duration) -> Now {
        Now { at: now.at + passed, used: now.used + used }
    }

    /// Microseconds of sleep where so many sources send so many events per second, each of which takes the
    /// thread `work` microseconds.
    #[track_caller]
    fn check(per_second: u32, sources: u64, work: u64, expected: u128) {
        let mut now = START;
        let gather = Gather::new(now);
        gather.set_limit(LIMIT);
        let mut nap = Duration::ZERO;
        for number in 0..per_second / 10 {
            gather.note(u64::from(number) % sources);
            now = after(now, Duration::from_secs(1) / per_second, Duration::from_micros(work));
            nap = gather.park(|| now);
        }
        assert_eq!(nap.as_micros(), expected, "{per_second}/s of {sources}, {work} us each");
    }

    #[test]
    fn many_events_of_many_sources_are_gathered() {
        check(80_000, 50, 6, 40);
        check(80_000, 1_000, 6, 40);
        check(100_000, 100, 8, 40);
        check(60_000, 100, 1, 40);
    }

    #[test]
    fn most_sources_never_wait() {
        // A quarter of 40 in 300 us; then 30 of them while it works off what came.
        check(100_000, 40, 7, 30);
        check(125_000, 48, 6, 24);
    }

    #[test]
    fn few_sources_few_events_or_no_time_are_not_gathered() {
        for sources in [1, 2, 8, 12] {
            check(100_000, sources, 6, 0);
        }
        check(30_000, 1_000, 8, 0);
        check(100, 100, 8, 0);
        check(125_000, 50, 8, 0);
        check(125_000, 50, 9, 0);
    }

    #[test]
    fn without_a_limit_nothing_is_gathered() {
        let seen = Duration::from_secs(1);
        assert_eq!(nap(seen, seen / 2, 100_000, 256, Duration::ZERO), Duration::ZERO);
        assert_eq!(nap(seen, seen / 2, 0, 0, LIMIT), Duration::ZERO);
        let gather = Gather::new(START);
        gather.nap.set(LIMIT);
        gather.set_limit(Duration::ZERO);
        assert_eq!(gather.park(|| START), Duration::ZERO);
    }

    #[test]
    fn a_load_that_ends_is_forgotten() {
        let mut now = START;
        let gather = Gather::new(now);
        gather.set_limit(LIMIT);
        let mut send = |number, passed| {
            gather.note(number);
            now = after(now, passed, Duration::from_micros(5));
            gather.park(|| now)
        };
        let busy = (0..10_000).map(|number| send(number, Duration::from_micros(10))).last();
        assert_eq!(busy, Some(LIMIT));
        let quiet = (0..PARKS).map(|_| send(1, Duration::from_millis(1))).last();
        assert_eq!(quiet, Some(Duration::ZERO));
    }
}
