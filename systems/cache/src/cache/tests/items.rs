//! Inserting, reading, removing and expiring.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;

use super::{Time, millis};
use crate::{Cache, Shared, Value, store::Policy};

#[test]
fn values_of_all_kinds_and_lengths_come_back() {
    fn check<V: Value + PartialEq + std::fmt::Debug>(make: impl Fn(usize) -> V) {
        let cache: Cache<V> = Cache::builder(16 << 20).shards(2).build();
        for len in [0_usize, 1, 200, 16 << 10, (16 << 10) + 1, 100_000, 2 << 20] {
            assert!(cache.insert(len.to_be_bytes(), make(len)), "{len}");
            assert_eq!(cache.get(len.to_be_bytes()), Some(make(len)), "{len}");
            assert_eq!(cache.take(len.to_be_bytes()), Some(make(len)), "{len}");
            assert_eq!(cache.take(len.to_be_bytes()), None, "{len}");
        }
    }
    check(|len| vec![b'v'; len]);
    check(|len| Bytes::from(vec![b'v'; len]));
    check(|len| "v".repeat(len));
}

#[test]
fn arrays_of_any_length_come_back() {
    fn check<const N: usize>() {
        let cache: Cache<[u8; N]> = Cache::builder(16 << 20).shards(1).build();
        let value = std::array::from_fn(|at| at as u8);
        assert!(cache.insert("key", value), "{N}");
        assert_eq!(cache.read("key", |kept| *kept == value), Some(true), "{N}");
        assert_eq!((cache.get("key"), cache.take("key")), (Some(value), Some(value)), "{N}");
    }
    check::<0>();
    check::<8>();
    check::<{ 20 << 10 }>();
}

#[test]
fn a_shared_value_is_the_same_for_all_and_counted_as_told() {
    let cache: Cache<Shared<Vec<u64>>> = Cache::new(1 << 20);
    let value = Shared::new(vec![1, 2, 3], 50_000);
    cache.insert("key", value.clone());
    let (one, other) = (cache.get("key").unwrap(), cache.get("key").unwrap());
    assert!(std::ptr::eq(&*one, &*other) && std::ptr::eq(&*one, &*value));
    let used = cache.statistics().used_bytes;
    cache.insert("other", Shared::new(Vec::new(), 60_000));
    assert!((60_000..61_000).contains(&(cache.statistics().used_bytes - used)));
    assert_eq!(cache.take("key").map(|value| value.len()), Some(3));
}

#[test]
fn a_shared_value_that_left_is_dropped_once() {
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let cache: Cache<Shared<Counted>> = Cache::builder(1 << 20).shards(1).build();
    for number in 0_u32..1_000 {
        cache.insert(number.to_be_bytes(), Shared::new(Counted(Arc::clone(&drops)), 10_000));
    }
    let kept = cache.len();
    assert!((50..105).contains(&kept), "{kept}");
    assert_eq!(drops.load(Ordering::Relaxed), 1_000 - kept);
    drop(cache);
    assert_eq!(drops.load(Ordering::Relaxed), 1_000);
}

#[test]
fn items_expire_to_the_millisecond() {
    let time = Time::new();
    let cache: Cache<String> = time.builder().time_to_live(millis(100)).build();
    cache.insert("default", "1".to_owned());
    cache.insert_with_ttl("longer", "2".to_owned(), millis(200));
    cache.insert_with_ttl("forever", "3".to_owned(), None);
    time.pass(99);
    assert!(cache.contains("default"));
    time.pass(1);
    assert_eq!((cache.contains("default"), cache.get("default")), (false, None));
    assert!(cache.set_ttl("forever", millis(50)) && !cache.set_ttl("default", None));
    assert!(cache.set_ttl("longer", None));
    time.pass(50);
    assert!(!cache.contains("forever") && cache.contains("longer"));
    time.pass(1 << 40);
    assert!(cache.contains("longer"));
}

#[test]
fn an_item_for_no_time_replaces_what_is_there_by_nothing() {
    let cache: Cache<String> = Cache::new(1 << 20);
    cache.insert("key", "old".to_owned());
    assert!(!cache.insert_with_ttl("key", "new".to_owned(), millis(0)));
    assert_eq!((cache.get("key"), cache.len()), (None, 0));
}

#[test]
fn writes_remove_what_has_expired() {
    let time = Time::new();
    let cache: Cache<String> = time.builder().build();
    for number in 0_u32..1_000 {
        cache.insert_with_ttl(number.to_be_bytes(), "v".to_owned(), millis(1_000));
    }
    time.pass(2_000);
    assert_eq!(cache.len(), 1_000);
    for number in 0..600 {
        cache.insert("one", format!("{number}"));
    }
    assert_eq!(cache.len(), 1);
    assert_eq!(cache.statistics().expired, 1_000);
}

#[test]
fn expired_items_are_removed_on_demand() {
    let time = Time::new();
    let cache: Cache<String> = time.builder().build();
    for number in 0_u32..1_000 {
        cache.insert_with_ttl(number.to_be_bytes(), "v".to_owned(), millis(1_000));
    }
    assert_eq!(cache.remove_expired(), 0);
    time.pass(2_000);
    assert_eq!((cache.remove_expired(), cache.len()), (1_000, 0));
}

#[test]
fn the_cap_holds_and_what_is_too_large_leaves_nothing_behind() {
    let cache: Cache = Cache::builder(2 << 20).shards(2).build();
    for number in 0_u32..100_000 {
        assert!(cache.insert(number.to_be_bytes(), Bytes::from(vec![b'v'; 100])));
    }
    let statistics = cache.statistics();
    assert!(statistics.used_bytes <= statistics.max_bytes && statistics.max_bytes == 2 << 20);
    assert!(statistics.evicted > 50_000 && statistics.items > 10_000, "{statistics:?}");
    cache.insert("key", Bytes::from_static(b"old"));
    assert!(!cache.insert("key", Bytes::from(vec![b'v'; 2 << 20])));
    assert_eq!(cache.get("key"), None);
    assert_eq!(cache.statistics().refused, 1);
}

#[test]
fn without_eviction_inserts_fail_when_it_is_full() {
    let cache: Cache = Cache::builder(1 << 20).shards(1).policy(Policy::NO_EVICTION).build();
    let value = Bytes::from(vec![b'v'; 1_000]);
    let kept =
        (0_u32..2_000).filter(|number| cache.insert(number.to_be_bytes(), value.clone())).count();
    assert!((800..1_050).contains(&kept), "{kept}");
    assert_eq!((cache.len(), cache.statistics().evicted), (kept, 0));
    assert!(cache.invalidate(0_u32.to_be_bytes()));
}

#[test]
fn a_large_value_has_room_made_for_it() {
    let cache: Cache = Cache::builder(8 << 20).shards(1).build();
    for number in 0_u32..200_000 {
        cache.insert(number.to_be_bytes(), Bytes::from_static(b"small"));
    }
    for megabytes in [1, 2, 4, 6] {
        let value = Bytes::from(vec![b'v'; megabytes << 20]);
        assert!(cache.insert("large", value.clone()), "{megabytes}");
        assert_eq!(cache.get("large"), Some(value), "{megabytes}");
        let statistics = cache.statistics();
        assert!(statistics.used_bytes <= statistics.max_bytes, "{statistics:?}");
    }
}

#[test]
fn clearing_frees_the_memory_at_once() {
    let cache: Cache<Shared<Vec<u8>>> = Cache::builder(64 << 20).shards(2).build();
    let before = cache.statistics().used_bytes;
    for number in 0_u32..20_000 {
        cache.insert(number.to_be_bytes(), Shared::new(Vec::new(), 1_000));
    }
    assert!(cache.statistics().used_bytes > 20_000_000);
    cache.clear();
    let after = cache.statistics().used_bytes;
    assert!(after <= before + (1 << 20), "{after} instead of {before}");
}

#[test]
fn walks_meet_every_item() {
    let cache: Cache<String> = Cache::builder(8 << 20).shards(4).build();
    for number in 0_u32..5_000 {
        cache.insert(number.to_be_bytes(), number.to_string());
    }
    let mut found: Vec<u32> =
        (&cache).into_iter().map(|(_, value)| value.parse().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, (0..5_000).collect::<Vec<_>>());
    let is_even = |_: &[u8], value: &str| value.parse::<u32>().unwrap().is_multiple_of(2);
    assert_eq!(cache.invalidate_where(is_even), 2_500);
    assert_eq!(cache.len(), 2_500);
    cache.clear();
    assert!(cache.is_empty() && cache.iter().next().is_none());
}

#[test]
fn prefixes_remove_their_keys_only() {
    let cache: Cache<String> = Cache::new(8 << 20);
    for user in 0..100 {
        for field in 0..20 {
            cache.insert(format!("user:{user}:{field}"), "v".to_owned());
        }
    }
    assert_eq!(cache.invalidate_prefix("user:1:"), 20);
    assert_eq!(cache.invalidate_prefix("user:1"), 200);
    assert_eq!(cache.invalidate_prefix("nobody"), 0);
    assert_eq!((cache.invalidate_prefix(""), cache.len()), (1_780, 0));
}

#[test]
fn statistics_count_what_was_asked() {
    let cache: Cache<String> = Cache::new(1 << 20);
    assert!(cache.statistics().hit_ratio().abs() < f64::EPSILON);
    cache.insert("key", "value".to_owned());
    assert!(cache.get("key").is_some() && cache.read("key", str::len) == Some(5));
    assert!(cache.get("other").is_none() && cache.contains("key") && cache.iter().count() == 1);
    let statistics = cache.statistics();
    assert_eq!((statistics.hits, statistics.misses, statistics.items), (2, 1, 1));
    assert!((statistics.hit_ratio() - 2.0 / 3.0).abs() < 1e-9);
    assert!(format!("{cache:?}").starts_with("Cache { items: 1, used_bytes: "));
}

#[test]
fn threads_share_a_cache() {
    let cache: Cache<String> = Cache::builder(4 << 20).shards(4).build();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let cache = cache.clone();
            scope.spawn(move || {
                for number in 0..2_000 {
                    let key = format!("{thread}:{number}");
                    cache.insert(&key, key.clone());
                    assert_eq!(cache.get(&key).as_ref(), Some(&key));
                    assert!(cache.invalidate(&key));
                }
            });
        }
    });
    assert!(cache.is_empty());
}
