//! Results of attacks, in all formats that are read.

use std::{borrow::Cow, io::Cursor, time::Duration};

use bolero::{check, produce};
use plimsoll_attack::{
    report::{self, Tally},
    results::{
        Hit, Opened, Source, Step,
        binary::{BlockEncoder, Decoder, End, Next, Start},
        csv, json, open,
    },
};
use plimsoll_metrics::Timestamp;

use crate::near::{Corpus, Split};

const WORDS: &[&str] = &[
    "PLIMHITS",
    "\u{1}\u{2}",
    "\0\0\0\0",
    "\u{7f}\u{7f}\u{7f}\u{7f}",
    "\n",
    "\"",
    ",",
    "{}",
    "null",
    "-1",
    "18446744073709551616",
    "2026-11-21T11:20:04Z",
    "=",
];

fn hit(seq: u64) -> Hit<'static> {
    Hit {
        attack: Cow::Borrowed("a"),
        seq,
        code: 200 + (seq % 3 * 100) as u16,
        scheduled: Timestamp(1_795_260_004_000_000_000 + seq * 1_000_000),
        lateness: (seq % 2 == 0).then(|| Duration::from_nanos(seq * 77)),
        response_time: Duration::from_micros(900 + seq),
        bytes_out: 0,
        bytes_in: seq * 1_000,
        error: Cow::Borrowed(if seq % 3 == 0 { "" } else { "said \"no\", twice" }),
        method: Cow::Borrowed("GET"),
        url: Cow::Owned(format!("http://127.0.0.1/{}", seq % 4)),
        body: Cow::Borrowed(if seq % 5 == 0 { b"body" } else { b"" }),
        headers: Cow::Owned(vec![(b"A".to_vec(), b"b".to_vec()); (seq % 3) as usize]),
    }
}

fn binary(hits: std::ops::Range<u64>) -> Vec<u8> {
    let mut encoder = BlockEncoder::new();
    let mut bytes = Start { planned_hits: Some(3), ..Start::default() }.to_block();
    for seq in hits {
        encoder.push(&hit(seq));
        if seq % 4 == 3 {
            bytes.extend(encoder.finish_block(Vec::new()));
        }
    }
    bytes.extend(encoder.finish_block(Vec::new()));
    bytes.extend(End { invalid: vec!["CPU".to_owned()], ..End::default() }.to_block());
    bytes
}

fn lines(write: fn(&Hit<'_>, &mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    (0..6).for_each(|seq| write(&hit(seq), &mut bytes));
    bytes
}

/// One result of vegeta: the definitions of its types, and a value.
fn gob() -> Vec<u8> {
    let common = |name: &str, id: u8| [&[1, name.len() as u8], name.as_bytes(), &[2, id, 0]].concat();
    let definition = |id: u8, kind: u8, content: Vec<u8>| {
        // Ids are from 65 on, so that an int takes two bytes; -65 is 129.
        let content = [&[0xff, id * 2 - 1, kind][..], &content, &[0]].concat();
        [&[content.len() as u8][..], &content].concat()
    };
    let own_id = [1, 4, b'T', b'i', b'm', b'e', 2, 0xff, 132, 0];
    let fields = [common("Code", 6), [&[1, 9][..], b"Timestamp", &[2, 0xff, 132, 0]].concat()];
    let name = [&[1, 6][..], b"Result", &[2, 0xff, 130, 0]].concat();
    let result = [&[1][..], &name, &[1, 2], &fields.concat(), &[0]].concat();
    let time = [&[1][..], &own_id, &[0]].concat();
    let stamp = [1, 0, 0, 0, 14, 0xe1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let value = [&[0xff, 130, 1, 100, 1, 15][..], &stamp, &[0]].concat();
    let value = [&[value.len() as u8][..], &value].concat();
    [definition(65, 3, result), definition(66, 5, time), value.clone(), value].concat()
}

#[test]
fn results() {
    let seeds = vec![binary(0..10), binary(0..1), lines(json::write), lines(csv::write), gob()];
    check!().with_generator(Corpus { seeds, words: WORDS }.bytes()).for_each(|bytes| {
        let Ok(Opened::Results(_, mut source)) = open(Box::new(Cursor::new(bytes.0.clone()))) else {
            return;
        };
        let mut tally = Tally::new();
        loop {
            match source.advance().expect("memory can be read") {
                Step::Hit => {
                    let hit = source.hit();
                    tally.add(&hit);
                    written_again(&hit);
                }
                Step::Start(start) => tally.start(&start),
                Step::End(end) => tally.end(&end),
                Step::Damage(damage) => {
                    let end = damage.offset.checked_add(damage.skipped).expect("within the input");
                    assert!(end <= bytes.0.len() as u64, "{damage}");
                }
                Step::Over => break,
            }
        }
        report::text(&tally);
        report::json(&tally);
        report::hdrplot(&tally);
    });
}

/// A hit that was read can be written and read again in our own format.
fn written_again(hit: &Hit<'_>) {
    let mut encoder = BlockEncoder::new();
    encoder.push(hit);
    let mut decoder = Decoder::new();
    decoder.feed(&encoder.finish_block(Vec::new()));
    assert_eq!(decoder.advance(), Next::Hit);
    assert_eq!(&decoder.hit(), hit);
}

fn steps(pieces: &[&[u8]]) -> Vec<String> {
    let mut decoder = Decoder::new();
    let mut steps = Vec::new();
    let mut take = |decoder: &mut Decoder| {
        loop {
            match decoder.advance() {
                Next::Hungry => return,
                Next::Hit => steps.push(format!("{:?}", decoder.hit())),
                next => steps.push(format!("{next:?}")),
            }
        }
    };
    for piece in pieces {
        decoder.feed(piece);
        take(&mut decoder);
    }
    decoder.finish();
    take(&mut decoder);
    steps
}

#[test]
fn blocks_of_results() {
    let corpus = Corpus { seeds: vec![binary(0..10), binary(3..4)], words: WORDS };
    let inputs = (corpus.bytes(), produce::<Split>());
    check!().with_generator(inputs).for_each(|(bytes, split)| {
        assert_eq!(steps(&split.pieces(&bytes.0)), steps(&[&bytes.0]));
    });
}
