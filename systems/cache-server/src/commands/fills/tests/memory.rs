//! What is remembered of keys is bounded.

use super::*;
use crate::commands::fills::{
    entry::{Entry, Fill},
    known::Known,
    table::{Table, TableLimits},
};

/// The memory of the tables, counted anew.
fn table_bytes(node: &Node) -> usize {
    let fills = node.keyspace.fills();
    fills.shards.iter().map(|shard| shard.table.lock().unwrap().bytes()).sum()
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut table = Table::default();
    let limits = |answers| TableLimits { answers, bytes: usize::MAX };
    let absent = |until| Fill::Absent { until: Millis(until) };
    for hash in 0..1_000 {
        table.put_answer(hash, absent(10_000 + hash), Millis(0), &limits(100));
    }
    assert_eq!(table.len(), 100);
    assert_eq!(table.get(899), Entry::default());
    assert_ne!(table.get(900), Entry::default());
    for hash in 1_000..1_100 {
        table.put_answer(hash, absent(100_000), Millis(90_000), &limits(1_000));
    }
    assert_eq!(table.len(), 100, "two that are over leave for each that comes");
    let limits = TableLimits { answers: 1_000_000, bytes: 32 << 10 };
    let mut table = Table::default();
    for hash in 0..100_000 {
        table.put_answer(hash, absent(10_000), Millis(0), &limits);
        assert_ne!(table.get(hash), Entry::default(), "the newest is always there");
        assert!(table.bytes() <= limits.bytes);
    }
    assert!(table.len() > 100);
}

/// Items take no room from the origin's other answers.
#[test]
fn absence_is_remembered_beside_many_items() {
    let limits = TableLimits { answers: 1_000, bytes: 64 << 10 };
    let at = Millis(10_000);
    let fresh = Fresh { until: at, served_until: at, kept_for_errors_until: at, early_millis: 1 };
    let known = Known { fresh, validator: Validator::new(&[b'v'; 100]) };
    let mut table = Table::default();
    let items = (0..).take_while(|hash| {
        let has_room = table.has_room(*hash, &known, &limits);
        if has_room {
            table.set_known(*hash, Some(known.clone()));
        }
        has_room
    });
    assert!(items.count() > 100);
    let answers = 1_000_000..1_000_050;
    for hash in answers.clone() {
        table.put_answer(hash, Fill::Absent { until: at }, Millis(0), &limits);
    }
    assert!(table.bytes() <= limits.bytes, "{}", table.bytes());
    for hash in answers {
        assert_eq!(table.get(hash).fill, Fill::Absent { until: at }, "{hash}");
    }
}

/// What was remembered of many keys makes way when less may be, and does not stand in the way for ever.
#[test]
fn a_limit_may_become_a_lower_one() {
    let at = Millis(10_000);
    let fresh = Fresh { until: at, served_until: at, kept_for_errors_until: at, early_millis: 1 };
    let known = Known { fresh, validator: None };
    let mut table = Table::default();
    let high = TableLimits { answers: 100_000, bytes: usize::MAX };
    for hash in 0..50_000 {
        table.set_known(hash, Some(known.clone()));
        table.put_answer(1_000_000 + hash, Fill::Absent { until: at }, Millis(0), &high);
    }
    let low = TableLimits { answers: 100_000, bytes: 64 << 10 };
    assert!(table.bytes() > 10 * low.bytes);
    (0..50_000).for_each(|hash| table.set_known(hash, None));
    for hash in 0..100 {
        table.put_answer(hash, Fill::Absent { until: at }, Millis(0), &low);
    }
    assert!(table.bytes() <= low.bytes, "{}", table.bytes());
    assert!(table.len() >= 99, "{}", table.len());
    assert!(table.has_room(7, &known, &low));
}

/// Where there is no room to know more of it, a value is there only while it is fresh.
#[test]
fn what_cannot_be_remembered_is_not_kept() {
    let node = Node::new();
    node.keyspace.fills().set_bytes_max(200 << 10);
    for number in 0..10_000 {
        let key = format!("k{number}");
        node.check(&format!("GET {key}"), "waits");
        let terms = node.terms(Some("v1"));
        let bytes = Bytes::from("v");
        assert!(node.finish(&key, node.only(&key), Fetched::Value { bytes, terms }));
    }
    let (bytes, bytes_max) = node.keyspace.fills().bytes();
    assert!(bytes <= bytes_max, "{bytes}");
    assert_eq!(bytes, table_bytes(&node));
    node.check("PTTL k0", ":40000");
    node.check("PTTL k9999", ":10000");
    let forgotten = node.keyspace.fills().counts.forgotten.load(Ordering::Relaxed);
    assert_eq!(node.keyspace.fills().entries() as u64, 10_000 - forgotten);
    node.check("FLUSHALL", "+OK");
    assert_eq!(node.keyspace.fills().bytes().0, 0);
}
