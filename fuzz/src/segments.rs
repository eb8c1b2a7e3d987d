//! Execution segments and their sequences.

use bolero::{check, produce};
use plimsoll_engine::segment::Segment;

use crate::near::Corpus;

const SEGMENTS: &[&str] = &["", "0:1/3", "25%", "0.25:0.5", "1/3:1", "20%:70%"];
const SEQUENCES: &[&str] = &["", "0,1/3,1", "0,0.2,70%,1", "1/3,1", "0,25%,0.25,1"];

const WORDS: &[&str] = &[
    ":",
    ",",
    "/",
    "%",
    ".",
    "-",
    "0",
    "1",
    "1/2",
    "2/4",
    "1/0",
    "0/0",
    "1/-2",
    "9223372036854775807",
    "-9223372036854775808",
    "0.000000000000001",
    "100%",
    "1e3",
    " ",
    "\u{663}",
    "1/999983",
];

/// Own numbers that are looked at.
const NUMBERS_MAX: u64 = 50;

#[test]
fn segments() {
    let segment = Corpus::of_texts(SEGMENTS, WORDS).text();
    let sequence = Corpus::of_texts(SEQUENCES, WORDS).text();
    let inputs = (segment, sequence, produce::<u16>(), produce::<u64>());
    check!().with_generator(inputs).for_each(|(segment, sequence, vus, whole)| {
        let Ok(segment) = Segment::parse(segment, sequence) else { return };
        let again = Segment::parse(&segment.to_string(), sequence).expect("its own text parses");
        assert_eq!(again, segment);
        let own = segment.striping();
        for striping in [own.clone(), own.by_vus(u64::from(*vus))] {
            assert!((0.0..=1.0).contains(&striping.share()), "{}", striping.share());
            let count = striping.count(*whole);
            assert!(count <= *whole, "{count} of {whole}");
            let numbers: Vec<u64> =
                (0..count.min(NUMBERS_MAX)).map(|n| striping.global(n)).collect();
            assert!(numbers.iter().all(|number| number < whole), "{numbers:?} of {whole}");
            assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
        }
    });
}
