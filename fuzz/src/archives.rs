//! Archives.

use std::{collections::BTreeMap, sync::Arc};

use bolero::{check, produce};
use plimsoll_script::archive::Archive;
use serde_json::json;
use url::Url;

use crate::near::Corpus;

const WORDS: &[&str] = &[
    "file/",
    "https/",
    "metadata.json",
    "data",
    "../",
    "/",
    "\0",
    "ustar",
    "0000000",
    "77777777777",
    "\"",
    "null",
    "{}",
    "file:///",
    "x:",
    "%00",
    "\u{e9}",
];

/// Bytes of a block of the tar format, and where its header's checksum is.
const BLOCK: usize = 512;
const CHECKSUM: std::ops::Range<usize> = 148..156;

fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let file = |(url, text): &(&str, &str)| ((*url).to_owned(), Arc::from(text.as_bytes()));
    let archive = Archive {
        entry: Url::parse("file:///home/me/script.js").expect("a valid URL"),
        env: BTreeMap::from([("A".to_owned(), "b".to_owned())]),
        options: json!({ "vus": 3 }),
        compatibility_mode: "base".to_owned(),
        files: files.iter().map(file).collect(),
    };
    let mut bytes = Vec::new();
    archive.write(&mut bytes).expect("memory takes it");
    bytes
}

/// Makes the checksum of every block right: else hardly a changed header is looked at.
fn repair(bytes: &mut [u8]) {
    for block in bytes.chunks_exact_mut(BLOCK) {
        if block.get(257..262) == Some(b"ustar") {
            block[CHECKSUM].fill(b' ');
            let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
            block[CHECKSUM].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
    }
}

#[test]
fn archives() {
    let script = ("file:///home/me/script.js", "export default () => {}");
    let seeds = vec![
        archive(&[script]),
        archive(&[script, ("https://a.test/b.js", ""), ("file:///home/me/my%20data.csv", "a,b\n")]),
    ];
    let inputs = (Corpus { seeds, words: WORDS }.bytes(), produce::<bool>());
    check!().with_generator(inputs).for_each(|(bytes, repaired)| {
        let mut bytes = bytes.0.clone();
        if *repaired {
            repair(&mut bytes);
        }
        let Ok(archive) = Archive::read(bytes.as_slice()) else { return };
        let mut written = Vec::new();
        if archive.write(&mut written).is_ok() {
            let again = Archive::read(written.as_slice()).expect("what was written");
            // Names of files are not compared: strange ones are written as what they mean.
            assert_eq!((again.entry, again.env), (archive.entry, archive.env));
            assert_eq!(again.options, archive.options);
            assert_eq!(again.compatibility_mode, archive.compatibility_mode);
        }
    });
}
