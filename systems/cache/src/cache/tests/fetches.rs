//! Fetching once, and what happens meanwhile.

use std::{
    io,
    pin::pin,
    sync::{
        Barrier, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    thread,
};

use tokio::sync::oneshot;

use super::{Time, millis};
use crate::{Cache, FetchError, Fetched};

/// The concurrent misses on one key.
const TASKS: usize = 10_000;

fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

type Answer = Result<String, io::ErrorKind>;

/// A fetch that brings what it is sent.
async fn sent(receiver: oneshot::Receiver<Answer>) -> io::Result<String> {
    receiver.await.unwrap_or(Err(io::ErrorKind::BrokenPipe)).map_err(io::Error::from)
}

/// Polls a future once.
fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn ten_thousand_tasks_that_miss_make_one_fetch() {
    let check = |answer: Answer| {
        let cache: Cache<String> = Cache::new(1 << 20);
        let fetches = AtomicUsize::new(0);
        let (send, receive) = oneshot::channel();
        let receive = Mutex::new(Some(receive));
        let fetch = || {
            fetches.fetch_add(1, Ordering::Relaxed);
            sent(receive.lock().unwrap().take().unwrap())
        };
        run(async {
            let asking = (0..TASKS).map(|_| cache.get_or_fetch("key", fetch));
            let mut asking: Vec<_> = asking.map(Box::pin).collect();
            // Everybody asks before the first one gets an answer.
            for one in &mut asking {
                assert!(poll(one.as_mut()).is_pending());
            }
            send.send(answer.clone()).unwrap();
            for one in asking {
                let got = one.await;
                match (&answer, got) {
                    (Ok(value), Ok(got)) => assert_eq!(got, *value),
                    (Err(kind), Err(error)) => assert_eq!(kind_of(&error), *kind),
                    (expected, got) => panic!("{got:?} instead of {expected:?}"),
                }
            }
        });
        assert_eq!(fetches.load(Ordering::Relaxed), 1);
        let statistics = cache.statistics();
        assert_eq!((statistics.fetches, statistics.fetches_joined), (1, TASKS as u64 - 1));
        assert_eq!(statistics.fetches_failed, u64::from(answer.is_err()));
        assert_eq!(cache.get("key"), answer.ok());
    };
    check(Ok("value".to_owned()));
    check(Err(io::ErrorKind::TimedOut));
}

fn kind_of(error: &FetchError) -> io::ErrorKind {
    assert_eq!(error.to_string(), "the value could not be fetched");
    let source = std::error::Error::source(error).unwrap();
    assert!(source.is::<io::Error>());
    error.downcast_ref::<io::Error>().unwrap().kind()
}

#[test]
fn threads_that_miss_make_one_fetch() {
    let cache: Cache<String> = Cache::new(1 << 20);
    let (threads, fetches) = (8, AtomicUsize::new(0));
    let together = Barrier::new(threads);
    let ask = || {
        together.wait();
        let fetched = cache.get_or_fetch_blocking("key", || {
            fetches.fetch_add(1, Ordering::Relaxed);
            // As long as it takes for the others to wait, unless they are late and find the value.
            for _ in 0..1_000 {
                thread::yield_now();
            }
            Ok::<_, io::Error>("value".to_owned())
        });
        assert_eq!(fetched.unwrap(), "value");
    };
    thread::scope(|scope| {
        (0..threads).for_each(|_| {
            scope.spawn(ask);
        });
    });
    assert_eq!(fetches.load(Ordering::Relaxed), 1);
}

#[test]
fn a_thread_waits_for_the_fetch_of_a_task() {
    let cache: Cache<String> = Cache::new(1 << 20);
    let (send, receive) = oneshot::channel();
    let mut task = pin!(cache.get_or_fetch("key", || sent(receive)));
    assert!(poll(task.as_mut()).is_pending());
    let fetch = || -> io::Result<String> { panic!("there is a fetch already") };
    thread::scope(|scope| {
        let waiting = scope.spawn(|| cache.get_or_fetch_blocking("key", fetch));
        while cache.statistics().fetches_joined == 0 {
            thread::yield_now();
        }
        send.send(Ok("value".to_owned())).unwrap();
        assert_eq!(run(task).unwrap(), "value");
        assert_eq!(waiting.join().unwrap().unwrap(), "value");
    });
}

#[test]
fn whoever_waits_goes_on_where_the_first_one_leaves() {
    let cache: Cache<String> = Cache::new(1 << 20);
    let (_kept, receive) = oneshot::channel();
    let mut first = Box::pin(cache.get_or_fetch("key", || sent(receive)));
    assert!(poll(first.as_mut()).is_pending());
    let fetched = || async { Ok::<_, io::Error>("second's".to_owned()) };
    let mut second = pin!(cache.get_or_fetch("key", fetched));
    let mut third = pin!(cache.get_or_fetch("key", || async { Err::<String, _>("never asked") }));
    assert!(poll(second.as_mut()).is_pending() && poll(third.as_mut()).is_pending());
    drop(first);
    run(async {
        assert_eq!(second.await.unwrap(), "second's");
        assert_eq!(third.await.unwrap(), "second's");
    });
}

#[test]
fn whoever_makes_a_value_does_so_where_a_fetch_has_failed() {
    let cache: Cache<String> = Cache::new(1 << 20);
    let (send, receive) = oneshot::channel();
    let mut failing = pin!(cache.get_or_fetch("key", || sent(receive)));
    assert!(poll(failing.as_mut()).is_pending());
    thread::scope(|scope| {
        let making = scope.spawn(|| cache.get_or_insert_with("key", || "made".to_owned()));
        while cache.statistics().fetches_joined == 0 {
            thread::yield_now();
        }
        send.send(Err(io::ErrorKind::TimedOut)).unwrap();
        assert_eq!(kind_of(&run(failing).unwrap_err()), io::ErrorKind::TimedOut);
        assert_eq!(making.join().unwrap(), "made");
    });
    let unkept = || Fetched::unkept("not kept".to_owned());
    assert_eq!(cache.get_or_insert_with("key", unkept), "made");
    assert_eq!(cache.get_or_insert_with("other", unkept), "not kept");
    assert!(!cache.contains("other"));
}

#[test]
fn a_panic_leaves_nobody_waiting() {
    let cache: Cache<String> = Cache::new(1 << 20);
    thread::scope(|scope| {
        let failing = scope.spawn(|| {
            cache.get_or_fetch_blocking("key", || -> io::Result<String> {
                while cache.statistics().fetches_joined == 0 {
                    thread::yield_now();
                }
                panic!("while fetching")
            })
        });
        while cache.statistics().fetches == 0 {
            thread::yield_now();
        }
        let fetch = || Ok::<_, io::Error>("value".to_owned());
        assert_eq!(cache.get_or_fetch_blocking("key", fetch).unwrap(), "value");
        assert!(failing.join().is_err());
        let making = || cache.get_or_insert_with("other", || -> String { panic!("while making") });
        assert!(scope.spawn(making).join().is_err());
    });
    assert_eq!(cache.get("key").as_deref(), Some("value"));
    assert_eq!(cache.get_or_insert_with("other", || "made".to_owned()), "made");
}

/// What a fetch that was under way during `meanwhile` leaves in the cache.
fn after(meanwhile: impl FnOnce(&Cache<String>)) -> Option<String> {
    let cache: Cache<String> = Cache::new(1 << 20);
    let (send, receive) = oneshot::channel();
    let mut fetching = pin!(cache.get_or_fetch("user:7", || sent(receive)));
    assert!(poll(fetching.as_mut()).is_pending());
    meanwhile(&cache);
    send.send(Ok("fetched".to_owned())).unwrap();
    assert_eq!(run(fetching).unwrap(), "fetched");
    cache.get("user:7")
}

#[test]
fn a_write_during_a_fetch_wins() {
    let fetched = Some("fetched".to_owned());
    assert_eq!(after(|_| {}), fetched);
    assert_eq!(after(|cache| assert_eq!(cache.get("user:7"), None)), fetched);
    assert_eq!(after(|cache| assert!(cache.insert("user:8", String::new()))), fetched);
    assert_eq!(after(|cache| assert_eq!(cache.invalidate_prefix("user:8"), 0)), fetched);

    let written = Some("written".to_owned());
    assert_eq!(after(|cache| assert!(cache.insert("user:7", "written".to_owned()))), written);
    assert_eq!(after(|cache| assert!(!cache.invalidate("user:7"))), None);
    assert_eq!(after(|cache| assert_eq!(cache.take("user:7"), None)), None);
    assert_eq!(after(|cache| assert_eq!(cache.invalidate_prefix("user:"), 0)), None);
    assert_eq!(after(|cache| assert_eq!(cache.invalidate_where(|_, _| false), 0)), None);
    assert_eq!(after(Cache::clear), None);
}

#[test]
fn nobody_sees_what_was_fetched_before_an_invalidation() {
    let cache: Cache<String> = Cache::new(1 << 20);
    let (send_old, receive_old) = oneshot::channel();
    let (send_new, receive_new) = oneshot::channel();
    let mut old = pin!(cache.get_or_fetch("key", || sent(receive_old)));
    assert!(poll(old.as_mut()).is_pending());
    cache.invalidate("key");
    let mut new = pin!(cache.get_or_fetch("key", || sent(receive_new)));
    assert!(poll(new.as_mut()).is_pending());
    send_old.send(Ok("old".to_owned())).unwrap();
    assert_eq!(run(old).unwrap(), "old");
    assert!(poll(new.as_mut()).is_pending());
    send_new.send(Ok("new".to_owned())).unwrap();
    assert_eq!(run(new).unwrap(), "new");
    assert_eq!(cache.get("key").as_deref(), Some("new"));
}

/// The same, with threads in each other's way.
#[test]
fn threads_never_get_what_was_there_before_an_invalidation() {
    const WRITES: u64 = 2_000;
    let cache: Cache<String> = Cache::new(1 << 20);
    let (database, invalidated) = (AtomicU64::new(0), AtomicU64::new(0));
    let read = || {
        while invalidated.load(Ordering::Acquire) < WRITES {
            let least = invalidated.load(Ordering::Acquire);
            let got = cache.get_or_fetch_blocking("key", || {
                let value = database.load(Ordering::Acquire);
                thread::yield_now();
                Ok::<_, io::Error>(value.to_string())
            });
            let got: u64 = got.unwrap().parse().unwrap();
            assert!(got >= least, "{got} after {least} was written");
        }
    };
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(read);
        }
        for value in 1..=WRITES {
            database.store(value, Ordering::Release);
            cache.invalidate("key");
            invalidated.store(value, Ordering::Release);
            thread::yield_now();
        }
    });
}

#[test]
fn a_fetch_says_how_long_its_value_is_kept() {
    let time = Time::new();
    let cache: Cache<String> = time.builder().time_to_live(millis(100)).build();
    let value = || "value".to_owned();
    let fetch = |key: &str, fetched: Fetched<String>| {
        let got = cache.get_or_fetch_blocking(key, || Ok::<_, io::Error>(fetched));
        assert_eq!(got.unwrap(), "value");
    };
    fetch("default", value().into());
    fetch("longer", Fetched::with_ttl(value(), millis(200)));
    fetch("forever", Fetched::with_ttl(value(), None));
    fetch("unkept", Fetched::unkept(value()));
    let keys = || ["default", "longer", "forever", "unkept"].map(|key| cache.contains(key));
    assert_eq!(keys(), [true, true, true, false]);
    time.pass(100);
    assert_eq!(keys(), [false, true, true, false]);
    time.pass(100);
    assert_eq!(keys(), [false, false, true, false]);
}

#[test]
fn fetches_can_move_between_threads() {
    fn check<T: Send>(_: &T) {}
    let cache: Cache<String> = Cache::new(1 << 20);
    check(&&cache);
    check(&cache.get_or_fetch("key", || async { Ok::<_, io::Error>("value".to_owned()) }));
}
