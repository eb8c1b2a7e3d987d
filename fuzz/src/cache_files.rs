//! The cache's files: read or refused, whatever they are; what was read is written and read again the same.

use bolero::{check, produce};
use plimsoll_cache_server::{
    commands::Keyspace,
    persist::{self, LoadError, Walk},
    store::{Config, Deadline, Millis, NewValue, Policy, Store},
    values::{Hash, List, Object, Set, SortedSet},
};

use crate::near::Corpus;

const NOW: Millis = Millis(1_700_000_000_000);
/// Of what stands before the first block, and of the length of one.
const HEAD_BYTES: usize = 24;
const LENGTH_BYTES: usize = 4;

fn store() -> Store {
    Store::new(&Config { shards: 2, max_bytes: 0, policy: Policy::NO_EVICTION, seed: 1 })
}

fn write(store: Store) -> Vec<u8> {
    let keyspace = Keyspace::new(store);
    let mut file = Vec::new();
    let saved = persist::write(&keyspace, &mut file, NOW, &Walk::default()).unwrap();
    assert_eq!(saved.items, keyspace.store().len() as u64);
    file
}

fn read(store: &Store, file: &[u8]) -> Result<u64, LoadError> {
    let read = persist::read(store, file, file.len() as u64, NOW, |_| true);
    read.map(|loaded| loaded.items)
}

/// A file with one item; a collection of more than 64 KiB is in parts.
fn file(value: NewValue<'_>, deadline: Deadline) -> Vec<u8> {
    let store = store();
    let key = store.key(b"key");
    store.lock_for(&key).set(&key, value, deadline, NOW).unwrap();
    write(store)
}

fn files() -> Vec<Vec<u8>> {
    let (mut list, mut set, mut hash, mut scores) =
        (List::new(), Set::new(), Hash::new(), SortedSet::new());
    let mut parts = List::new();
    for member in [&b"a"[..], b"17", b"member"] {
        list.push_back(member);
        set.insert(member);
        hash.set(member, b"value");
        scores.insert(member, 1.5);
    }
    (0..3).for_each(|_| parts.push_back(&[b'p'; 30_000]));
    let object = |object| NewValue::Object(Box::new(object));
    vec![
        file(NewValue::Bytes(b"value"), Deadline::None),
        file(NewValue::Bytes(b"value"), Deadline::At(Millis(NOW.0 + 5))),
        file(object(Object::List(list)), Deadline::None),
        file(object(Object::Set(set)), Deadline::None),
        file(object(Object::Hash(hash)), Deadline::None),
        file(object(Object::SortedSet(scores)), Deadline::None),
        file(object(Object::List(parts)), Deadline::None),
    ]
}

/// What the blocks of a file have in them.
fn payload(file: &[u8]) -> Vec<u8> {
    let mut payload = Vec::new();
    let mut rest = &file[HEAD_BYTES..];
    loop {
        let (length, more) = rest.split_first_chunk::<LENGTH_BYTES>().unwrap();
        let length = u32::from_le_bytes(*length) as usize;
        if length == 0 {
            return payload;
        }
        payload.extend_from_slice(&more[..length]);
        rest = &more[length + 4..];
    }
}

/// A file with this in a block, and checksums that are right.
fn wrapped(head: &[u8], payload: &[u8], items: u64) -> Vec<u8> {
    let mut file = head[..HEAD_BYTES].to_vec();
    let mut number = 0_u64;
    let mut add = |bytes: Vec<u8>| {
        let sum = crc32(&[&number.to_le_bytes()[..], &bytes].concat());
        file.extend_from_slice(&bytes);
        file.extend_from_slice(&sum.to_le_bytes());
        number += 1;
    };
    if !payload.is_empty() {
        add([&(payload.len() as u32).to_le_bytes()[..], payload].concat());
    }
    add([&0_u32.to_le_bytes()[..], &items.to_le_bytes()].concat());
    file
}

/// That of zip, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    })
}

/// What is in the store can be written and read again.
fn check_again(first: Store) {
    let items = first.len() as u64;
    let (again, file) = (store(), write(first));
    assert_eq!(read(&again, &file).unwrap(), items);
    assert_eq!(again.len() as u64, items);
}

#[test]
fn cache_files() {
    let corpus = Corpus { seeds: files(), words: &["PLIMCACH", "\u{0}\u{0}\u{0}\u{0}", "\u{1}"] };
    check!().with_generator(corpus.bytes()).for_each(|bytes| {
        let store = store();
        match read(&store, &bytes.0) {
            Ok(_) => check_again(store),
            Err(LoadError::Damaged { offset, .. }) => assert!(offset <= bytes.0.len() as u64),
            Err(_) => {}
        }
    });
}

/// Behind the checksums, where chance alone would never come.
#[test]
fn cache_file_items() {
    let files = files();
    let head = files[0].clone();
    let payloads = files.iter().map(|file| payload(file)).collect();
    let words =
        &["\u{0}", "\u{1}", "\u{2}", "\u{3}", "\u{4}", "\u{8}", "\u{9}", "\u{a}", "@", "key"];
    let inputs = (Corpus { seeds: payloads, words }.bytes(), produce::<u8>());
    check!().with_generator(inputs).for_each(|(bytes, items)| {
        let store = store();
        let file = wrapped(&head, &bytes.0, u64::from(*items % 4));
        if let Err(error) = read(&store, &file) {
            assert!(matches!(error, LoadError::Damaged { .. }), "{error}");
        }
        // Also what came before an error.
        check_again(store);
    });
}
