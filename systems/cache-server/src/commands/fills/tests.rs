//! Fills without an origin: what reads wait for, and who wins.

mod memory;
mod parts;
mod terms;

use std::sync::Mutex;

use bytes::Bytes;
use plimsoll_runtime::random::Random;
use plimsoll_wire::resp::CommandDecoder;

use super::{reads::KEYS_LIMIT, *};
use crate::{
    commands::{Batch, Changes, Keyspace, Ran, Reply, resolve},
    persist::{self, Walk},
    store::{Config, Policy, Store},
};

const NOW: u64 = 1_000_000;
/// How long a fill may take.
const LONGEST: u64 = 5_000;

/// Begins whatever is asked for, or refuses it.
#[derive(Default)]
struct Orders {
    begun: Mutex<Vec<(Vec<u8>, u64)>>,
    /// Of the last one that was begun.
    validator: Mutex<Option<Validator>>,
    refusal: Mutex<Option<Failure>>,
}

impl Source for Orders {
    fn begin(&self, request: &FillRequest<'_>, now: Millis) -> Begun {
        if request.key.starts_with(b"own") {
            return Begun::NoRule;
        }
        if let Some(why) = *self.refusal.lock().unwrap() {
            return Begun::Refused(why);
        }
        self.begun.lock().unwrap().push((request.key.to_vec(), request.id));
        *self.validator.lock().unwrap() = request.validator.cloned();
        Begun::Until(Millis(now.0 + LONGEST))
    }
}

struct Node {
    keyspace: Keyspace,
    orders: Arc<Orders>,
    now: u64,
}

impl Node {
    fn new() -> Node {
        let policy = Policy::NO_EVICTION;
        let store = Store::new(&Config { shards: 4, max_bytes: 32 << 20, policy, seed: 7 });
        let (keyspace, orders) = (Keyspace::new(store), Arc::new(Orders::default()));
        keyspace.fills().set_source(Some(Arc::<Orders>::clone(&orders)));
        Node { keyspace, orders, now: NOW }
    }

    /// The reply to a command, `waits` when there is none yet.
    fn run(&self, line: &str, may_block: bool) -> String {
        let mut decoder = CommandDecoder::default();
        let line = format!("{line}\n");
        let (_, command) = decoder.decode(line.as_bytes()).unwrap();
        let command = command.unwrap();
        let (mut random, mut changes) = (Random::seeded(7), Changes::default());
        let mut batch = Batch::new(&self.keyspace, Millis(self.now), &mut random, &mut changes);
        let mut reply = Reply::default();
        match batch.run(resolve(command).unwrap(), command, may_block, &mut reply) {
            Ran::Blocked(_) => "waits".to_owned(),
            Ran::Replied | Ran::Failed | Ran::Later => {
                String::from_utf8_lossy(reply.buffer()).replace("\r\n", " ").trim_end().to_owned()
            }
        }
    }

    fn check(&self, line: &str, expected: &str) {
        assert_eq!(self.run(line, true), expected, "{line}");
    }

    /// The keys that were ordered since the last look.
    fn begun(&self) -> Vec<(String, u64)> {
        let begun = std::mem::take(&mut *self.orders.begun.lock().unwrap());
        begun.into_iter().map(|(key, id)| (String::from_utf8(key).unwrap(), id)).collect()
    }

    /// The only fill that was ordered since the last look.
    fn only(&self, key: &str) -> u64 {
        let begun = self.begun();
        assert_eq!(begun.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), [key]);
        begun[0].1
    }

    fn finish(&self, key: &str, id: u64, fetched: Fetched) -> bool {
        let mut changes = Changes::default();
        self.keyspace.finish(key.as_bytes(), id, fetched, Millis(self.now), &mut changes)
    }

    /// Fresh for 10 seconds, served for 10 more, kept for errors for 10 more, and for the origin to look at for
    /// 10 more if there is a validator.
    fn terms(&self, validator: Option<&str>) -> Terms {
        let at = |seconds: u64| Millis(self.now + seconds * 1_000);
        let fresh = Fresh {
            until: at(10),
            served_until: at(20),
            kept_for_errors_until: at(30),
            early_millis: 0,
        };
        let validator = validator.and_then(|text| Validator::new(text.as_bytes()));
        let deadline = if validator.is_some() { at(40) } else { at(30) };
        Terms { fresh, deadline, validator }
    }

    fn value(&self, text: &str) -> Fetched {
        Fetched::Value { bytes: Bytes::from(text.to_owned()), terms: self.terms(None) }
    }

    fn failed(&self) -> Fetched {
        Fetched::Failed { until: Millis(self.now + 1_000), why: Failure::Status(503) }
    }
}

#[test]
fn ten_thousand_reads_make_one_fill() {
    let node = Node::new();
    for _ in 0..10_000 {
        node.check("GET k", "waits");
    }
    let id = node.only("k");
    assert!(node.finish("k", id, node.value("v")));
    for _ in 0..10_000 {
        node.check("GET k", "$1 v");
    }
    assert_eq!(node.begun(), []);
    assert_eq!(node.keyspace.store().stats().misses, 1);
}

/// It is refused at its first key that has to be waited for, so it does not ask for all of them.
#[test]
fn a_command_waits_for_so_many_keys_at_most() {
    let node = Node::new();
    let mget = |name: &str| format!("MGET{}", format!(" {name}").repeat(KEYS_LIMIT + 1));
    node.check(&mget("k"), "-ORIGIN is asked for 1024 keys of one command at most");
    let id = node.only("k");
    assert!(node.finish("k", id, node.value("v")));
    assert!(node.run(&mget("k"), true).starts_with("*1025 $1 v"));
    assert!(node.run(&mget("own"), true).starts_with("*1025 $-1"));
}

#[test]
fn each_read_of_a_string_fetches_and_nothing_else_does() {
    let node = Node::new();
    for read in ["GET a", "STRLEN b", "GETRANGE c 0 1", "SUBSTR d 0 1", "GETEX e", "MGET f own"] {
        node.check(read, "waits");
        assert_eq!(node.begun().len(), 1, "{read}");
    }
    for (line, reply) in [
        ("EXISTS g", ":0"),
        ("GETDEL g", "$-1"),
        ("APPEND g x", ":1"),
        ("LLEN g2", ":0"),
        ("GET own", "$-1"),
        ("LPUSH l 1", ":1"),
        ("GET l", "-WRONGTYPE Operation against a key holding the wrong kind of value"),
    ] {
        node.check(line, reply);
    }
    assert_eq!(node.run("GET h", false), "$-1");
    assert_eq!(node.begun(), []);
}

#[test]
fn several_keys_are_fetched_at_once() {
    let node = Node::new();
    node.check("MGET a b own", "waits");
    let begun = node.begun();
    assert_eq!(begun.len(), 2);
    assert!(node.finish("a", begun[0].1, node.value("1")));
    node.check("MGET a b own", "waits");
    *node.orders.refusal.lock().unwrap() = Some(Failure::Busy);
    // One of it is under way, so there will be room.
    node.check("MGET a b c", "waits");
    assert!(node.finish("b", begun[1].1, Fetched::Absent { until: Millis(NOW + 1) }));
    node.check("MGET a b own", "*3 $1 1 $-1 $-1");
    node.check("MGET a b c", &format!("-{}", Failure::Busy));
}

/// Whoever writes or removes a key while it is fetched has the last word.
#[test]
fn clients_overtake_fills() {
    for (change, reply) in [
        ("SET k new", "$3 new"),
        ("DEL k", "waits"),
        ("FLUSHALL", "waits"),
        ("APPEND k x", "$1 x"),
        ("RENAME other k", "$5 other"),
        ("UNLINK k", "waits"),
        ("GETDEL k", "waits"),
    ] {
        let node = Node::new();
        node.check("SET own 1", "+OK");
        node.check("SET other other", "+OK");
        node.check("GET k", "waits");
        let id = node.only("k");
        node.run(change, true);
        assert!(!node.finish("k", id, node.value("old")), "{change}");
        node.check("GET k", reply);
    }
}

#[test]
fn there_is_one_fill_per_key_however_often_it_is_overtaken() {
    let node = Node::new();
    node.check("GET k", "waits");
    let id = node.only("k");
    for _ in 0..10 {
        node.check("SET k v", "+OK");
        node.check("DEL k", ":1");
        node.check("GET k", "waits");
    }
    assert_eq!(node.begun(), []);
    assert!(!node.finish("k", id, node.value("old")));
    node.check("GET k", "waits");
    let second = node.only("k");
    assert!(second > id);
    assert!(!node.finish("k", id, node.value("old")), "it has ended already");
    assert!(node.finish("k", second, node.value("v")));
    node.check("GET k", "$1 v");
}

#[test]
fn stale_items_are_served_while_they_are_fetched_and_when_that_fails() {
    let mut node = Node::new();
    node.check("GET k", "waits");
    assert!(node.finish("k", node.only("k"), node.value("1")));
    node.now += 9_999;
    node.check("GET k", "$1 1");
    assert_eq!(node.begun(), []);
    node.now += 1;
    node.check("GET k", "$1 1");
    node.check("GET k", "$1 1");
    let id = node.only("k");
    assert!(node.finish("k", id, node.failed()));
    node.check("GET k", "$1 1");
    assert_eq!(node.begun(), [], "it has just failed");
    node.now += 1_000;
    node.check("GET k", "$1 1");
    assert!(node.finish("k", node.only("k"), node.value("2")));
    node.check("GET k", "$1 2");
    // Too old to be served before the origin was asked.
    node.now += 20_000;
    node.check("GET k", "waits");
    assert!(node.finish("k", node.only("k"), node.failed()));
    node.check("GET k", "$1 2");
    *node.orders.refusal.lock().unwrap() = Some(Failure::Open);
    node.now += 2_000;
    node.check("GET k", "$1 2");
    // Too old for everything.
    node.now += 8_000;
    node.check("GET k", &format!("-{}", Failure::Open));
}

#[test]
fn what_a_client_wrote_does_not_grow_stale() {
    let mut node = Node::new();
    node.check("GET k", "waits");
    assert!(node.finish("k", node.only("k"), node.value("1")));
    node.check("SET k mine EX 60", "+OK");
    node.now += 15_000;
    node.check("GET k", "$4 mine");
    assert_eq!(node.begun(), []);
    assert_eq!(node.keyspace.fills().entries(), 0);
}

#[test]
fn absence_and_failure_are_remembered_for_a_while() {
    let mut node = Node::new();
    node.check("GET k", "waits");
    let until = Millis(node.now + 5_000);
    assert!(node.finish("k", node.only("k"), Fetched::Absent { until }));
    node.check("GET k", "$-1");
    node.check("EXISTS k", ":0");
    node.now += 5_000;
    node.check("GET k", "waits");
    assert!(node.finish("k", node.only("k"), node.failed()));
    node.check("GET k", "-ORIGIN answered with status 503");
    node.check("SET k v", "+OK");
    node.check("GET k", "$1 v");
    node.check("DEL k", ":1");
    node.check("GET k", "waits");
    node.only("k");
    // A fill that never ends is begun again.
    node.now += LONGEST;
    node.check("GET k", "waits");
    node.only("k");
}

#[test]
fn what_the_origin_no_longer_has_is_removed() {
    let mut node = Node::new();
    node.check("GET k", "waits");
    assert!(node.finish("k", node.only("k"), node.value("1")));
    node.now += 10_000;
    node.check("GET k", "$1 1");
    let until = Millis(node.now + 5_000);
    assert!(node.finish("k", node.only("k"), Fetched::Absent { until }));
    node.check("GET k", "$-1");
    node.check("DBSIZE", ":0");
}

#[test]
fn no_room_is_an_error_that_passes() {
    let mut node = Node::new();
    node.check("GET k", "waits");
    let mut large = node.value("");
    if let Fetched::Value { bytes, .. } = &mut large {
        *bytes = Bytes::from(vec![0; 40 << 20]);
    }
    assert!(node.finish("k", node.only("k"), large));
    node.check("GET k", "-OOM command not allowed when used memory > 'maxmemory'.");
    node.now += 1_000;
    node.check("GET k", "waits");
}

#[test]
fn a_large_value_takes_the_room_of_many_small_ones() {
    let node = Node::new();
    node.keyspace.store().set_policy(Policy::S3_FIFO);
    let value = "v".repeat(100);
    for number in 0..40_000 {
        node.run(&format!("SET own{number} {value}"), true);
    }
    node.keyspace.store().set_max_bytes(6 << 20);
    node.check("GET k", "waits");
    let mut large = node.value("");
    if let Fetched::Value { bytes, .. } = &mut large {
        *bytes = Bytes::from(vec![0; 1 << 20]);
    }
    assert!(node.finish("k", node.only("k"), large));
    node.check("STRLEN k", ":1048576");
    assert!(node.keyspace.store().stats().used_bytes <= 6 << 20);
}

#[test]
fn fetch_begins_anew() {
    let node = Node::new();
    node.check("SET k mine", "+OK");
    node.check("FETCH k own k", ":2");
    let id = node.only("k");
    node.check("GET k", "$4 mine");
    assert!(node.finish("k", id, node.value("theirs")));
    node.check("GET k", "$6 theirs");
    *node.orders.refusal.lock().unwrap() = Some(Failure::Open);
    node.check("FETCH k", &format!("-{}", Failure::Open));
    node.keyspace.fills().set_source(None);
    node.check("FETCH k", "-ERR there is no origin: set the parameter 'origin'");
    node.check("GET other", "$-1");
}

/// What is known of freshness is not saved, so stale items do not outlive a restart unwatched.
#[test]
fn items_are_saved_while_they_are_fresh() {
    let node = Node::new();
    node.check("SET own 1 PX 60000", "+OK");
    node.check("GET k", "waits");
    assert!(node.finish("k", node.only("k"), node.value("1")));
    let (mut file, walk) = (Vec::new(), Walk::default());
    persist::write(&node.keyspace, &mut file, Millis(node.now), &walk).unwrap();
    let loaded = Node::new();
    let store = loaded.keyspace.store();
    persist::read(store, &file[..], file.len() as u64, Millis(node.now), |_| true).unwrap();
    loaded.check("PTTL own", ":60000");
    loaded.check("PTTL k", ":10000");
    node.check("PTTL k", ":30000");
}
