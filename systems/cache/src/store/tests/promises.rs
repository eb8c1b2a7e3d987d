//! What holds over many writes: the cap, the policies, exact expiry, bounded bookkeeping.

use std::{
    ops::Range,
    sync::{Arc, Mutex},
};

use super::model::Bag;
use crate::store::{Config, Deadline, Gone, Key, Millis, NewValue, Policy, Seed, Shard, Store};

const NOW: Millis = Millis(1_700_000_000_000);

/// A shard that is written to by number.
struct Rig {
    shard: Shard<Bag>,
    seed: Seed,
}

impl Rig {
    fn new(max_bytes: usize, policy: Policy) -> Rig {
        let seed = Seed::new(3);
        Rig { shard: Shard::new(max_bytes, policy, seed.clone()), seed }
    }

    fn set(&mut self, number: u64, len: usize, deadline: Deadline) -> bool {
        let name = format!("key:{number}");
        let value = vec![b'v'; len];
        let key = Key::new(name.as_bytes(), &self.seed);
        self.shard.set(&key, NewValue::Bytes(&value), deadline, NOW).is_ok()
    }

    fn get(&mut self, number: u64, now: Millis) -> bool {
        let name = format!("key:{number}");
        self.shard.find(&Key::new(name.as_bytes(), &self.seed), now).is_some()
    }

    fn remove(&mut self, number: u64) -> bool {
        let name = format!("key:{number}");
        self.shard.remove(&Key::new(name.as_bytes(), &self.seed), NOW)
    }
}

fn mixed(number: u64) -> u64 {
    number
        .wrapping_add(1)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .rotate_left(31)
        .wrapping_mul(0xd6e8_feb8_6659_fd93)
        >> 20
}

#[test]
fn a_cap_holds_through_a_churn_of_mixed_sizes() {
    for policy in [Policy::S3_FIFO, Policy::SIEVE] {
        let cap = 2 << 20;
        let mut rig = Rig::new(cap, policy);
        let mut refused = 0;
        for number in 0..60_000 {
            let len = match mixed(number) % 100 {
                0 => 30_000,
                1..10 => 2_000,
                chance => chance as usize,
            };
            refused += u64::from(!rig.set(mixed(number * 7) % 40_000, len, Deadline::None));
            let stats = rig.shard.stats();
            assert!(stats.used_bytes as usize <= cap, "{stats:?}");
        }
        let stats = rig.shard.stats();
        assert_eq!(refused, 0, "{policy:?}");
        assert!(stats.used_bytes as usize > cap / 10 * 9, "{policy:?} {stats:?}");
        let live = stats.live_bytes + stats.boxed_bytes + stats.index_bytes;
        assert!(live as usize > cap / 10 * 8, "{policy:?} {stats:?}");
    }
}

#[test]
fn what_is_hit_survives_a_scan() {
    let mut rig = Rig::new(1 << 20, Policy::S3_FIFO);
    for number in 0..2_000 {
        rig.set(number, 100, Deadline::None);
    }
    for _ in 0..3 {
        assert!((0..2_000).all(|number| rig.get(number, NOW)));
    }
    for number in 10_000..40_000 {
        rig.set(number, 100, Deadline::None);
    }
    let kept = (0..2_000).filter(|number| rig.get(*number, NOW)).count();
    assert!(kept > 1_950, "{kept}");
}

#[test]
fn what_comes_back_stays_when_nothing_else_ever_did() {
    let mut rig = Rig::new(1 << 20, Policy::S3_FIFO);
    for number in (0..12_000).chain(3_000..4_500).chain(20_000..60_000) {
        rig.set(number, 100, Deadline::None);
    }
    let kept = (3_000..4_500).filter(|number| rig.get(*number, NOW)).count();
    assert!(kept > 1_400, "{kept}");
}

#[test]
fn without_eviction_a_write_fails_and_room_that_is_made_is_found() {
    let mut rig = Rig::new(1 << 20, Policy::NO_EVICTION);
    let mut count = 0;
    while rig.set(count, 100, Deadline::None) {
        count += 1;
    }
    assert!(count > 6_500, "{count}");
    assert!((0..count).all(|number| rig.get(number, NOW)));
    // Every other one, so that no segment becomes free by itself.
    assert!((0..count).step_by(2).all(|number| rig.remove(number)));
    let again = (count..).take_while(|number| rig.set(*number, 100, Deadline::None)).count();
    assert!(again as u64 > count * 4 / 10, "{again} of {count}");
    assert!((1..count).step_by(2).all(|number| rig.get(number, NOW)));
    assert!(rig.shard.stats().used_bytes <= 1 << 20);
}

#[test]
fn volatile_policies_spare_what_has_no_deadline() {
    let mut rig = Rig::new(1 << 20, Policy::by_name("volatile-lru").unwrap());
    let later = Deadline::At(Millis(NOW.0 + 1_000_000));
    assert!((0..2_000).all(|number| rig.set(number, 100, Deadline::None)));
    assert!((2_000..30_000).all(|number| rig.set(number, 100, later)));
    assert!((0..2_000).all(|number| rig.get(number, NOW)));
    let mut count = 30_000;
    while rig.set(count, 100, Deadline::None) {
        count += 1;
        assert!(count < 60_000, "more than fits");
    }
    assert!((30_000..count).all(|number| rig.get(number, NOW)));
}

#[test]
fn expiry_is_exact_and_told() {
    let mut rig = Rig::new(0, Policy::S3_FIFO);
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&told);
    rig.shard.set_listener(Some(Box::new(move |key, why| {
        listener.lock().unwrap().push((key.to_vec(), why));
    })));
    rig.set(1, 10, Deadline::At(Millis(NOW.0 + 5)));
    rig.set(2, 10, Deadline::At(Millis(NOW.0 + 5)));
    assert!(rig.get(1, Millis(NOW.0 + 4)));
    assert!(!rig.get(1, Millis(NOW.0 + 5)));
    assert_eq!(rig.shard.len(), 1);
    assert_eq!(rig.shard.tick(Millis(NOW.0 + 30), 10), 1);
    assert!(rig.shard.is_empty());
    let expected = [(b"key:1".to_vec(), Gone::Expired), (b"key:2".to_vec(), Gone::Expired)];
    assert_eq!(*told.lock().unwrap(), expected);
}

#[test]
fn the_wheel_is_bounded_however_often_deadlines_change() {
    let mut rig = Rig::new(0, Policy::S3_FIFO);
    for round in 0..200_u64 {
        for number in 0..1_000 {
            let ahead = 1_000 + mixed(round * 1_000 + number) % 10_000_000;
            rig.set(number, 10, Deadline::At(Millis(NOW.0 + ahead)));
        }
    }
    let stats = rig.shard.stats();
    assert!(stats.expiry_bytes < 64 << 10, "{stats:?}");
    let mut left = 1_000;
    while left > 0 {
        let expired = rig.shard.tick(Millis(NOW.0 + 20_000_000), 100_000);
        assert!(expired > 0, "{left} were never found");
        left -= expired;
    }
}

#[test]
fn memory_of_what_expires_is_given_back() {
    // All at once; and between items that stay.
    for stays in [0, 3] {
        let mut rig = Rig::new(0, Policy::S3_FIFO);
        for number in 0..100_000 {
            let is_kept = stays != 0 && number % stays == 0;
            let deadline = Deadline::At(Millis(NOW.0 + 1_000 + mixed(number) % 1_000));
            rig.set(number, 40, if is_kept { Deadline::None } else { deadline });
        }
        let before = rig.shard.stats().log_bytes;
        for tick in 1..2_000 {
            rig.shard.tick(Millis(NOW.0 + 2_000 + tick), 200);
        }
        let stats = rig.shard.stats();
        let live = stats.live_bytes + (3 << 20);
        assert!(stats.log_bytes <= live, "{stats:?} {before}");
        assert!((0..100_000).all(|n| rig.get(n, NOW) == (stays != 0 && n % stays == 0)));
    }
}

#[test]
fn a_scan_of_all_shards_sees_all_items() {
    let store: Store<Bag> =
        Store::new(&Config { shards: 8, max_bytes: 0, policy: Policy::S3_FIFO, seed: 1 });
    for number in 0..5_000 {
        let name = format!("key:{number}");
        let key = store.key(name.as_bytes());
        store.lock_for(&key).set(&key, NewValue::Bytes(b"v"), Deadline::None, NOW).unwrap();
    }
    let mut seen = std::collections::BTreeSet::new();
    let mut cursor = 0;
    loop {
        cursor = store.scan(cursor, 10, NOW, |item| {
            seen.insert(item.key.to_vec());
        });
        if cursor == 0 {
            break;
        }
    }
    assert_eq!(seen.len(), 5_000);
    assert_eq!(store.len(), 5_000);
}

fn bag(len: usize) -> NewValue<'static, Bag> {
    NewValue::Object(Box::new(Bag(vec![b'b'; len])))
}

#[test]
fn what_is_large_is_freed_bit_by_bit_and_counts_until_then() {
    let mut rig = Rig::new(0, Policy::S3_FIFO);
    let key = Key::new(b"bag", &rig.seed);
    let empty = rig.shard.stats().used_bytes;
    rig.shard.set(&key, bag(1 << 20), Deadline::None, NOW).unwrap();
    rig.shard.set(&key, bag(1 << 20), Deadline::None, NOW).unwrap();
    assert!(rig.shard.remove(&key, NOW));
    let stats = rig.shard.stats();
    assert!(stats.garbage_bytes > 2_000_000 && stats.boxed_bytes == 0, "{stats:?}");
    assert!(stats.used_bytes > 2_000_000, "{stats:?}");
    let mut steps = 0;
    while rig.shard.tidy(10_000) {
        steps += 1;
    }
    assert!((200..=220).contains(&steps), "{steps}");
    let left = rig.shard.stats();
    assert_eq!(left.garbage_bytes, 0);
    assert!(left.used_bytes < empty + (2 << 20), "{left:?}");
}

#[test]
fn all_is_gone_at_once_and_its_memory_soon() {
    let cap = 4 << 20;
    let mut rig = Rig::new(cap, Policy::S3_FIFO);
    for number in 0..60_000 {
        rig.set(number, if number % 100 == 0 { 20_000 } else { 30 }, Deadline::None);
    }
    let before = rig.shard.stats().used_bytes;
    rig.shard.clear();
    let stats = rig.shard.stats();
    assert!(rig.shard.is_empty() && stats.live_bytes == 0);
    assert!(stats.garbage_bytes > before / 10 * 8, "{stats:?}");
    // Writes find the room although it is not free yet.
    for number in 0..20_000 {
        assert!(rig.set(number, 30, Deadline::None));
        assert!(rig.shard.stats().used_bytes as usize <= cap);
    }
    assert!((0..20_000).all(|number| rig.get(number, NOW)), "nothing had to leave for it");
    while rig.shard.tidy(100) {}
    assert_eq!(rig.shard.stats().garbage_bytes, 0);
}

#[test]
fn room_for_a_large_value_is_made_in_steps() {
    for policy in [Policy::S3_FIFO, Policy::SIEVE] {
        let cap = 16 << 20;
        let mut rig = Rig::new(cap, policy);
        for number in 0..200_000 {
            rig.set(number, 40, Deadline::None);
        }
        // What was hit is no obstacle.
        for number in 0..200_000 {
            rig.get(number, NOW);
        }
        let (size, mut steps) = (6 << 20, 1);
        let mut evicted = rig.shard.stats().evicted;
        while !rig.shard.prepare(size, 2_000, NOW) {
            let now = rig.shard.stats().evicted;
            assert!(now - evicted <= 2_000, "{policy:?}");
            (evicted, steps) = (now, steps + 1);
            assert!(steps < 400, "{policy:?}");
        }
        assert!(steps > 10, "{steps} {policy:?}");
        let evicted = rig.shard.stats().evicted;
        assert!(rig.set(1 << 40, size, Deadline::None));
        assert!(rig.shard.stats().evicted - evicted < 100, "{policy:?}: the room was there");
        assert!(rig.get(1 << 40, NOW));
    }
    let mut rig = Rig::new(1 << 20, Policy::S3_FIFO);
    for size in (0..20).map(|part| part << 16) {
        let is_refused = rig.shard.refuses(size);
        assert_eq!(rig.set(1, size, Deadline::None), !is_refused, "{size}");
    }
    assert!(!Rig::new(0, Policy::S3_FIFO).shard.refuses(1 << 40), "there is no cap");
    let mut rig = Rig::new(1 << 20, Policy::NO_EVICTION);
    while rig.set(rig.shard.len() as u64, 100, Deadline::None) {}
    assert!(rig.shard.prepare(300_000, 2_000, NOW), "no room is to be made");
}

#[test]
fn no_room_is_looked_for_without_end() {
    let mut rig = Rig::new(4 << 20, Policy::by_name("volatile-lru").unwrap());
    let later = Deadline::At(Millis(NOW.0 + 1_000_000));
    assert!(rig.set(1 << 40, 40, later));
    let mut count = 0;
    while rig.set(count, 40, Deadline::None) {
        count += 1;
    }
    let mut steps = 0;
    while !rig.shard.prepare(1 << 20, 500, NOW) {
        steps += 1;
        assert!(steps < 10);
    }
    assert!((0..count).all(|number| rig.get(number, NOW)));
}

#[test]
fn a_store_is_large_by_what_it_holds() {
    let config = Config { shards: 64, max_bytes: 1 << 30, policy: Policy::S3_FIFO, seed: 1 };
    let store: Store<Bag> = Store::new(&config);
    let set = |numbers: Range<u32>| {
        for number in numbers {
            let name = number.to_be_bytes();
            let key = store.key(&name);
            let value = NewValue::Bytes(&[b'v'; 100]);
            store.lock_for(&key).set(&key, value, Deadline::None, NOW).unwrap();
        }
    };
    let is_large = || {
        store.weigh();
        store.is_large()
    };
    set(0..1_000);
    assert!(store.stats().used_bytes > 1 << 20, "shards begin with more than that");
    assert!(!is_large());
    set(0..20_000);
    assert!(is_large());
    store.clear();
    assert!(!is_large());
}
