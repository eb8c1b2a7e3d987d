//! The whole of it on two threads' states over one store.

use plimsoll_wire::resp::Protocol;
use proptest::prelude::*;

use super::{reports::HotKey, *};
use crate::{
    commands::Reply,
    serve::parameters::Parameters as AllParameters,
    store::{Config, Deadline, NewValue, Policy, Store},
};

const NOW: Millis = Millis(1_000_000);

fn store(max_bytes: usize, policy: Policy) -> Store {
    Store::new(&Config { shards: 4, max_bytes, policy, seed: 1 })
}

fn set(store: &Store, key: &str, value: &[u8], deadline: Deadline, now: Millis) {
    let key = store.key(key.as_bytes());
    store.lock_for(&key).set(&key, NewValue::Bytes(value), deadline, now).unwrap();
}

/// What GET would reply, by a copy if there is one; and whether there was.
fn get(copies: &mut Copies, store: &Store, key: &str, now: Millis) -> (Vec<u8>, bool) {
    let key = store.key(key.as_bytes());
    let mut out = Reply::new(Protocol::Resp2);
    let answer = copies.answer(&key, store, now, &mut out);
    if answer != Answer::Given {
        let mut shard = store.lock_for(&key);
        match shard.find(&key, now) {
            Some(item) => out.string(item.value).unwrap(),
            None => out.null(),
        }
        if answer == Answer::Wanted {
            copies.take(&key, &shard, None, now);
        }
    }
    (out.buffer().to_vec(), answer == Answer::Given)
}

fn copies_of(store: &Store, names: &[&str]) -> Copies {
    let mut copies = Copies::default();
    let keys = names.iter().map(|name| (name.as_bytes(), store.key(name.as_bytes()).hash()));
    copies.choose(keys.collect());
    copies
}

#[test]
fn a_copy_is_used_until_its_key_changes_or_it_is_old() {
    let store = store(0, Policy::NO_EVICTION);
    set(&store, "hot", b"1", Deadline::None, NOW);
    let mut copies = copies_of(&store, &["hot"]);
    let mut at = |now: Millis| get(&mut copies, &store, "hot", now);
    assert_eq!(at(NOW), (b"$1\r\n1\r\n".to_vec(), false));
    assert_eq!(at(NOW), (b"$1\r\n1\r\n".to_vec(), true));
    set(&store, "hot", b"2", Deadline::None, NOW);
    assert_eq!(at(NOW), (b"$1\r\n2\r\n".to_vec(), false));
    assert_eq!(at(NOW), (b"$1\r\n2\r\n".to_vec(), false), "it rests after a change");
    let later = Millis(NOW.0 + 50);
    assert_eq!((at(later).1, at(later).1), (false, true));
    let much_later = Millis(later.0 + 100);
    assert_eq!((at(much_later).1, at(much_later).1), (false, true));
}

#[test]
fn a_copy_expires_with_its_item() {
    let store = store(0, Policy::NO_EVICTION);
    set(&store, "hot", b"1", Deadline::At(Millis(NOW.0 + 20)), NOW);
    let mut copies = copies_of(&store, &["hot"]);
    get(&mut copies, &store, "hot", NOW);
    let before = Millis(NOW.0 + 19);
    assert!(get(&mut copies, &store, "hot", before).1);
    assert_eq!(get(&mut copies, &store, "hot", Millis(NOW.0 + 20)), (b"$-1\r\n".to_vec(), false));
}

/// Whether it may still be served then is for the origin to say.
#[test]
fn a_copy_is_used_while_its_item_is_fresh() {
    let store = store(0, Policy::NO_EVICTION);
    set(&store, "hot", b"1", Deadline::At(Millis(NOW.0 + 1_000)), NOW);
    let mut copies = copies_of(&store, &["hot"]);
    let key = store.key(b"hot");
    let mut taken = |fresh_until, at| {
        copies.take(&key, &store.lock_for(&key), Some(fresh_until), NOW);
        copies.answer(&key, &store, at, &mut Reply::default()) == Answer::Given
    };
    let end = Millis(NOW.0 + 10);
    assert!(taken(end, Millis(NOW.0 + 9)));
    assert!(!taken(end, end));
    assert!(!taken(NOW, NOW));
}

#[test]
fn what_is_long_or_missing_is_not_copied() {
    let store = store(0, Policy::NO_EVICTION);
    set(&store, "long", &vec![b'x'; 5_000], Deadline::None, NOW);
    set(&store, "large", &vec![b'x'; 50_000], Deadline::None, NOW);
    let mut copies = copies_of(&store, &["long", "large", "missing"]);
    for name in ["long", "large", "missing", "other"] {
        assert!((0..3).all(|_| !get(&mut copies, &store, name, NOW).1), "{name}");
    }
}

/// All that can happen to a key while somebody has a copy of it.
#[derive(Clone, Copy, Debug)]
enum Event {
    Set(u8, u8),
    /// Of another length, so that the record moves.
    SetLonger(u8, u8),
    Remove(u8),
    Expire(u8, u64),
    Append(u8),
    /// To another key.
    Move(u8, u8),
    Fill(u16),
    /// The most that the store may hold, so that it evicts.
    Cap(u8),
    Policy(bool),
    /// What is done beside the commands: room is made, and what has expired is removed.
    Housekeeping(u16),
    Clear,
    Read(u8),
    Wait(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let key = 0..3_u8;
    prop_oneof![
        (key.clone(), any::<u8>()).prop_map(|(key, value)| Event::Set(key, value)),
        (key.clone(), any::<u8>()).prop_map(|(key, value)| Event::SetLonger(key, value)),
        key.clone().prop_map(Event::Remove),
        (key.clone(), 0..40_u64).prop_map(|(key, after)| Event::Expire(key, after)),
        key.clone().prop_map(Event::Append),
        (key.clone(), key.clone()).prop_map(|(from, to)| Event::Move(from, to)),
        any::<u8>().prop_map(Event::Cap),
        any::<bool>().prop_map(Event::Policy),
        any::<u16>().prop_map(Event::Housekeeping),
        any::<u16>().prop_map(Event::Fill),
        Just(Event::Clear),
        (0..30_u64).prop_map(Event::Wait),
        key.clone().prop_map(Event::Read),
        key.prop_map(Event::Read),
    ]
}

proptest! {
    /// Whatever is done to the store, a read with copies gives what one without them does.
    #[test]
    fn copies_never_differ_from_the_store(events in prop::collection::vec(event(), 0..200)) {
        // Small enough for items to be evicted.
        let store = store(256 << 10, Policy::by_name("s3-fifo").unwrap());
        let names = ["a", "b", "c"];
        let mut copies = copies_of(&store, &names);
        let mut now = NOW;
        let name = |index: u8| names[usize::from(index) % names.len()];
        for event in events {
            match event {
                Event::Set(key, value) => set(&store, name(key), &[value], Deadline::None, now),
                Event::SetLonger(key, value) => {
                    let value = vec![value; 2 + usize::from(value)];
                    set(&store, name(key), &value, Deadline::Keep, now);
                }
                Event::Remove(key) => {
                    let key = store.key(name(key).as_bytes());
                    store.lock_for(&key).remove(&key, now);
                }
                Event::Expire(key, after) => {
                    let key = store.key(name(key).as_bytes());
                    let at = Deadline::At(Millis(now.0 + after));
                    store.lock_for(&key).set_deadline(&key, at, now);
                }
                Event::Append(key) => {
                    let key = store.key(name(key).as_bytes());
                    let add = |bytes: &mut bytes::BytesMut| bytes.extend_from_slice(b"+");
                    store.lock_for(&key).edit(&key, 1, now, add).unwrap();
                }
                Event::Move(from, to) => {
                    let key = store.key(name(from).as_bytes());
                    let Some(taken) = store.lock_for(&key).take(&key, now) else { continue };
                    let key = store.key(name(to).as_bytes());
                    let deadline = taken.deadline.map_or(Deadline::None, Deadline::At);
                    store.lock_for(&key).set(&key, taken.value.into(), deadline, now).unwrap();
                }
                Event::Cap(kib) => store.set_max_bytes((256 + usize::from(kib)) << 10),
                Event::Policy(is_sieve) => {
                    let name = if is_sieve { "sieve" } else { "s3-fifo" };
                    store.set_policy(Policy::by_name(name).unwrap());
                }
                Event::Housekeeping(bytes) => {
                    for shard in 0..store.shards() {
                        let mut shard = store.lock(shard);
                        shard.prepare(usize::from(bytes), 100, now);
                        shard.tick(now, 100);
                        shard.tidy(100);
                    }
                }
                Event::Fill(number) => {
                    for index in 0..40 {
                        set(&store, &format!("{number}-{index}"), &[0; 100], Deadline::None, now);
                    }
                }
                Event::Clear => store.clear(),
                Event::Wait(millis) => now = Millis(now.0 + millis),
                Event::Read(key) => {
                    let (found, _) = get(&mut copies, &store, name(key), now);
                    let (expected, _) = get(&mut Copies::default(), &store, name(key), now);
                    prop_assert_eq!(found, expected);
                }
            }
        }
    }
}

/// A reader on another thread that learns of a write's end never gets what was there before.
#[test]
fn no_read_after_a_write_gives_the_old_value() {
    let store = store(0, Policy::NO_EVICTION);
    set(&store, "hot", b"0", Deadline::None, NOW);
    let written = std::sync::atomic::AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut copies = copies_of(&store, &["hot"]);
                let mut now = NOW.0;
                loop {
                    let known = written.load(Ordering::Acquire);
                    now += 1;
                    let (reply, _) = get(&mut copies, &store, "hot", Millis(now));
                    let text = String::from_utf8(reply).unwrap();
                    let found: u64 = text.lines().nth(1).unwrap().parse().unwrap();
                    assert!(found >= known, "{found} after {known}");
                    if known == 2_000 {
                        return;
                    }
                }
            });
        }
        for number in 1..=2_000_u64 {
            set(&store, "hot", number.to_string().as_bytes(), Deadline::None, NOW);
            written.store(number, Ordering::Release);
            // Some copies live for a while.
            (0..number % 7 * 100).for_each(|_| std::hint::spin_loop());
        }
    });
}

struct Thread {
    hot: HotKeys,
    random: Random,
    index: usize,
}

impl Thread {
    fn new(index: usize) -> Thread {
        Thread { hot: HotKeys::default(), random: Random::seeded(7), index }
    }

    fn tick(&mut self, parameters: &AllParameters, reports: &Reports, now: Millis) {
        self.hot.tick((&parameters.hot, reports), self.index, now, &mut self.random);
    }

    /// So many commands on that key, each with a reply of so many bytes.
    fn run(&mut self, store: &Store, key: &str, commands: usize, bytes: usize) {
        for _ in 0..commands {
            if self.hot.is_due() {
                let keys = [store.key(key.as_bytes())];
                self.hot.note(keys.into_iter(), bytes, &mut self.random);
            }
        }
    }
}

fn at(millis: u64) -> Millis {
    Millis(NOW.0 + millis)
}

#[test]
fn windows_of_all_threads_are_told_together() {
    let (parameters, reports) = (AllParameters::new(), Reports::new(2));
    let store = store(0, Policy::NO_EVICTION);
    let mut threads = [Thread::new(0), Thread::new(1)];
    threads.iter_mut().for_each(|thread| thread.tick(&parameters, &reports, at(0)));
    assert!(reports.hottest(Measure::Accesses, 10, NOW).is_empty());
    for thread in &mut threads {
        thread.run(&store, "often", 50_000, 10);
        thread.run(&store, "heavy", 10_000, 1_000);
        thread.run(&store, "seldom", 100, 10);
        thread.tick(&parameters, &reports, at(1_000));
    }
    let hottest = |measure| reports.hottest(measure, 2, NOW);
    let accesses = hottest(Measure::Accesses);
    let names: Vec<&[u8]> = accesses.iter().map(|hot| &*hot.key).collect();
    assert_eq!(names, [&b"often"[..], b"heavy"]);
    // 2 threads; a sample of 6 percent.
    let rate = accesses[0].rate;
    assert!((80_000.0..120_000.0).contains(&rate), "{rate}");
    let bytes = hottest(Measure::Bytes);
    assert_eq!(&*bytes[0].key, b"heavy");
    assert!((16e6..24e6).contains(&bytes[0].rate), "{}", bytes[0].rate);
    assert!(!threads[0].hot.copies.is_empty());
    assert!(reports.hottest(Measure::Accesses, 2, at(1_001)).is_empty(), "too old");
    assert_eq!(reports.evidence().1, 1_000);
    reports.reset();
    assert!(hottest(Measure::Accesses).is_empty());
    threads[0].run(&store, "often", 10_000, 10);
    threads[0].tick(&parameters, &reports, at(2_000));
    assert!(hottest(Measure::Accesses).is_empty(), "it began before the reset");
    assert!(threads[0].hot.copies.is_empty());
}

#[test]
fn it_can_be_turned_off_and_on() {
    let (parameters, reports) = (AllParameters::new(), Reports::new(1));
    let store = store(0, Policy::NO_EVICTION);
    let mut thread = Thread::new(0);
    parameters.set(&[("hotkeys-top-k", "0")]).unwrap();
    thread.tick(&parameters, &reports, at(0));
    thread.run(&store, "key", 1_000, 1);
    thread.tick(&parameters, &reports, at(1_000));
    assert!(reports.hottest(Measure::Accesses, 1, NOW).is_empty());
    let all = [("hotkeys-top-k", "4"), ("hotkeys-sampling-percentage", "100")];
    parameters.set(&all).unwrap();
    parameters.set(&[("hotkeys-copied-percentage", "0")]).unwrap();
    thread.tick(&parameters, &reports, at(2_000));
    thread.run(&store, "key", 1_000, 1);
    thread.tick(&parameters, &reports, at(4_000));
    let found = reports.hottest(Measure::Accesses, 1, NOW);
    assert_eq!(found, [HotKey { key: b"key"[..].into(), rate: 500.0 }]);
    assert!(thread.hot.copies.is_empty());
    thread.run(&store, "key", 1_000, 1);
    thread.tick(&parameters, &reports, at(9_000));
    let since = reports.hottest(Measure::Accesses, 1, at(8_000));
    assert!(since.is_empty(), "a window that took too long");
}
