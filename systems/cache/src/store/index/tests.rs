//! Entries are found whatever else comes and goes, and a scan misses none that stays.

use std::collections::BTreeSet;

use super::*;

fn place(number: u64) -> Place {
    Place::from_bits(number + 1)
}

/// Well mixed and without a collision of the known bits for small numbers.
fn hash(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29).wrapping_mul(0xd6e8_feb8_6659_fd93)
}

fn filled(numbers: std::ops::Range<u64>) -> Index {
    let mut index = Index::new();
    numbers.for_each(|number| index.insert(hash(number), place(number), 0));
    index
}

fn check_holds(index: &Index, numbers: std::ops::Range<u64>) {
    assert_eq!(index.len() as u64, numbers.end - numbers.start);
    for number in numbers {
        let cell = index.find_place(hash(number), place(number)).expect("an entry that is there");
        assert_eq!(index.entry(cell).place(), place(number));
    }
}

#[test]
fn grows_and_shrinks_without_loss() {
    let mut index = filled(0..20_000);
    check_holds(&index, 0..20_000);
    let bytes = index.bytes();
    for number in 0..19_000 {
        let cell = index.find_place(hash(number), place(number)).unwrap();
        index.remove(cell);
    }
    check_holds(&index, 19_000..20_000);
    assert!(index.buckets.bytes() * 4 < bytes, "{} of {bytes}", index.buckets.bytes());
}

/// At all sizes of a doubling: buckets that wait for their split are the fullest.
#[test]
fn takes_few_bytes_per_entry() {
    let mut index = Index::new();
    let mut worst: f64 = 0.0;
    for number in 0..100_000 {
        index.insert(hash(number), place(number), 0);
        if number > 20_000 {
            worst = worst.max(index.bytes() as f64 / index.len() as f64);
        }
    }
    assert!(worst < 18.5, "{worst} bytes per entry");
}

#[test]
fn counts_hits_up_to_three() {
    let mut index = filled(0..10);
    let cell = index.find_place(hash(3), place(3)).unwrap();
    for frequency in [1, 2, 3, 3] {
        index.touch(cell);
        assert_eq!(index.entry(cell).frequency(), frequency);
    }
    index.update(cell, place(77), 1);
    assert_eq!((index.entry(cell).place(), index.entry(cell).frequency()), (place(77), 1));
}

#[test]
fn what_is_found_is_hit_and_nothing_else() {
    let mut index = filled(0..1_000);
    for hits in [1, 2, 3, 3] {
        let hit = index.hit(hash(3), |other| (other == place(3)).then_some("it"));
        assert_eq!(hit, Some((hits, "it")));
    }
    assert_eq!(index.hit(hash(4), |_| None::<()>), None);
    for number in (0..1_000).filter(|number| *number != 3) {
        let cell = index.find_place(hash(number), place(number)).unwrap();
        assert_eq!(index.entry(cell).frequency(), 0, "{number}");
    }
}

/// Hashes of which all known bits but a few are none, so that empty entries look like theirs; more of
/// them than fit into a bucket.
#[test]
fn empty_entries_are_never_picked() {
    let mut index = Index::new();
    for number in 0..10 {
        assert_eq!(index.hit(5, |_| Some(())), None);
        index.insert(0, place(number), 0);
    }
    let mut picked = Vec::new();
    assert_eq!(
        index.hit(0, |place| -> Option<()> {
            picked.extend([place]);
            None
        }),
        None
    );
    picked.sort_by_key(|place| place.bits());
    assert_eq!(picked, (0..10).map(place).collect::<Vec<_>>());
}

#[test]
fn a_scan_sees_what_stays_while_the_table_changes() {
    for (before, after) in [(100, 5_000), (5_000, 100), (1_000, 1_100)] {
        let mut index = filled(0..before);
        let mut seen = BTreeSet::new();
        let mut cursor = 0;
        let mut step = 0;
        loop {
            cursor = index.scan(cursor, |entry| {
                seen.insert(entry.place().bits());
            });
            if cursor == 0 {
                break;
            }
            step += 1;
            if step == 10 {
                (before..after).for_each(|number| index.insert(hash(number), place(number), 0));
                for number in after..before {
                    let cell = index.find_place(hash(number), place(number)).unwrap();
                    index.remove(cell);
                }
            }
        }
        for number in 0..before.min(after) {
            assert!(seen.contains(&place(number).bits()), "{number} of {before} to {after}");
        }
    }
}

#[test]
fn a_random_entry_is_any() {
    let index = filled(0..30);
    let picks: BTreeSet<u64> =
        (0..2_000).filter_map(|n| index.random(hash(n), |e| Some(e.place().bits()))).collect();
    assert_eq!(picks.len(), 30);
    assert_eq!(Index::new().random(5, Some), None);
}
