//! Saving everything while others use it: no fork, so no second copy of the items.

use super::{Hostile, peak_mb, peer::Peer};
use crate::cache::Cache;

const KEYS: usize = 200_000;
const MEMBERS: usize = 200_000;
const VALUE: [u8; 300] = [b'v'; 300];
/// What a save may take beside the items, which are some 70 MB.
const SAVE_MB: u64 = 16;

fn fill(cache: &Cache) {
    let mut peer = Peer::connect(cache);
    for number in 0..KEYS {
        peer.push(&[b"SET", format!("key:{number}").as_bytes(), &VALUE]);
    }
    for number in 0..MEMBERS {
        let member = format!("member:{number}");
        peer.push(&[b"HSET", b"hash", member.as_bytes(), b"1"]);
        peer.push(&[b"RPUSH", b"list", member.as_bytes()]);
    }
    peer.finish();
    assert_eq!(peer.errors, Vec::<String>::new());
}

#[test]
fn everything_is_saved() {
    let folder = tempfile::tempdir().unwrap();
    let hostile = Hostile {
        name: "200,000 keys and two large collections are saved",
        flags: &["--dir", folder.path().to_str().unwrap(), "--dbfilename", "items.plimsoll"],
        memory_mb: 160,
    };
    hostile.check(fill, |cache| {
        let before = peak_mb(cache);
        let mut peer = Peer::connect(cache);
        for _ in 0..3 {
            assert_eq!(peer.ask("SAVE"), "+OK");
        }
        let more = peak_mb(cache).saturating_sub(before);
        assert!(more <= SAVE_MB, "a save took {more} MB");
    });
}
