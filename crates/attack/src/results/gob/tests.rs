//! A small encoder of gob, written from its specification, and results made with it.

use std::{borrow::Cow, io::Cursor};

use proptest::prelude::*;

use super::*;
use crate::results::testing;

fn uint(value: u64, out: &mut Vec<u8>) {
    if value < 0x80 {
        out.push(value as u8);
        return;
    }
    let bytes = value.to_be_bytes();
    let bytes = &bytes[bytes.iter().position(|&byte| byte != 0).unwrap_or(7)..];
    out.push((bytes.len() as u8).wrapping_neg());
    out.extend_from_slice(bytes);
}

fn int(value: i64, out: &mut Vec<u8>) {
    let bits = (value << 1) as u64;
    uint(if value < 0 { !bits } else { bits }, out);
}

fn bytes(value: &[u8], out: &mut Vec<u8>) {
    uint(value.len() as u64, out);
    out.extend_from_slice(value);
}

fn message(content: &[u8], out: &mut Vec<u8>) {
    bytes(content, out);
}

/// Fields of a struct that are not zero, by their number.
#[derive(Default)]
struct Struct {
    out: Vec<u8>,
    last: u64,
}

impl Struct {
    fn field(&mut self, number: u64, is_zero: bool, write: impl FnOnce(&mut Vec<u8>)) {
        if !is_zero {
            uint(number + 1 - self.last, &mut self.out);
            self.last = number + 1;
            write(&mut self.out);
        }
    }

    fn end(mut self) -> Vec<u8> {
        self.out.push(0);
        self.out
    }
}

const RESULT: i64 = 65;
const TIME: i64 = 66;
const HEADER: i64 = 67;
const STRINGS: i64 = 68;

const FIELDS: [(&str, i64); 12] = [
    ("Attack", 6),
    ("Seq", 3),
    ("Code", 3),
    ("Timestamp", TIME),
    ("Latency", 2),
    ("BytesOut", 3),
    ("BytesIn", 3),
    ("Error", 6),
    ("Body", 5),
    ("Method", 6),
    ("URL", 6),
    ("Headers", HEADER),
];

fn common(name: &str, id: i64) -> Vec<u8> {
    let mut common = Struct::default();
    common.field(0, name.is_empty(), |out| bytes(name.as_bytes(), out));
    common.field(1, false, |out| int(id, out));
    common.end()
}

/// Defines `id` by the `kind`th form of a type.
fn definition(id: i64, kind: u64, content: &[u8]) -> Vec<u8> {
    let mut wire = Struct::default();
    wire.field(kind, false, |out| out.extend_from_slice(content));
    let mut content = Vec::new();
    int(-id, &mut content);
    content.extend(wire.end());
    let mut out = Vec::new();
    message(&content, &mut out);
    out
}

/// The types of vegeta's `Result`, as its encoder sends them before the first.
fn definitions(own_kind: u64) -> Vec<u8> {
    let mut result = Struct::default();
    result.field(0, false, |out| out.extend(common("Result", RESULT)));
    result.field(1, false, |out| {
        uint(FIELDS.len() as u64, out);
        for (name, id) in FIELDS {
            out.extend(common(name, id));
        }
    });
    let mut time = Struct::default();
    time.field(0, false, |out| out.extend(common("Time", TIME)));
    let mut header = Struct::default();
    header.field(0, false, |out| out.extend(common("Header", HEADER)));
    header.field(1, false, |out| int(6, out));
    header.field(2, false, |out| int(STRINGS, out));
    let mut strings = Struct::default();
    strings.field(0, false, |out| out.extend(common("[]string", STRINGS)));
    strings.field(1, false, |out| int(6, out));
    [
        definition(RESULT, 2, &result.end()),
        definition(TIME, own_kind, &time.end()),
        definition(HEADER, 3, &header.end()),
        definition(STRINGS, 1, &strings.end()),
    ]
    .concat()
}

fn time(unix_nanos: u64) -> Vec<u8> {
    let seconds = (unix_nanos / NANOS_PER_SECOND) as i64 + GO_EPOCH;
    let nanos = (unix_nanos % NANOS_PER_SECOND) as u32;
    // One hour ahead of UTC.
    [&[1][..], &seconds.to_be_bytes(), &nanos.to_be_bytes(), &60_i16.to_be_bytes()].concat()
}

fn result(hit: &Hit<'_>) -> Vec<u8> {
    let mut fields = Struct::default();
    fields.field(0, hit.attack.is_empty(), |out| bytes(hit.attack.as_bytes(), out));
    fields.field(1, hit.seq == 0, |out| uint(hit.seq, out));
    fields.field(2, hit.code == 0, |out| uint(u64::from(hit.code), out));
    fields.field(3, false, |out| bytes(&time(hit.scheduled.0), out));
    let latency = hit.response_time.as_nanos() as i64;
    fields.field(4, latency == 0, |out| int(latency, out));
    fields.field(5, hit.bytes_out == 0, |out| uint(hit.bytes_out, out));
    fields.field(6, hit.bytes_in == 0, |out| uint(hit.bytes_in, out));
    fields.field(7, hit.error.is_empty(), |out| bytes(hit.error.as_bytes(), out));
    fields.field(8, hit.body.is_empty(), |out| bytes(&hit.body, out));
    fields.field(9, hit.method.is_empty(), |out| bytes(hit.method.as_bytes(), out));
    fields.field(10, hit.url.is_empty(), |out| bytes(hit.url.as_bytes(), out));
    fields.field(11, hit.headers.is_empty(), |out| {
        uint(hit.headers.len() as u64, out);
        for (name, value) in hit.headers.iter() {
            bytes(name, out);
            uint(1, out);
            bytes(value, out);
        }
    });
    let mut content = Vec::new();
    int(RESULT, &mut content);
    content.extend(fields.end());
    let mut out = Vec::new();
    message(&content, &mut out);
    out
}

fn stream(hits: &[Hit<'_>], own_kind: u64) -> Vec<u8> {
    let results: Vec<u8> = hits.iter().flat_map(result).collect();
    [definitions(own_kind), results].concat()
}

fn read_all(bytes: Vec<u8>) -> (Vec<Hit<'static>>, Vec<Step>) {
    let mut gob = Gob::new(Input::new(Box::new(Cursor::new(bytes))));
    let (mut hits, mut others) = (Vec::new(), Vec::new());
    loop {
        match gob.advance().unwrap() {
            Step::Hit => hits.push(gob.hit().into_owned()),
            Step::Over => return (hits, others),
            step => others.push(step),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn results_of_vegeta(
        hits in proptest::collection::vec(testing::hit(), 1..8),
        own_kind in 4_u64..7,
    ) {
        let bytes = stream(&hits, own_kind);
        prop_assert!(is_start(&bytes));
        let (found, others) = read_all(bytes);
        let mut expected = hits;
        expected.iter_mut().for_each(|hit| hit.lateness = None);
        prop_assert_eq!(found, expected);
        prop_assert_eq!(others, vec![]);
    }

    #[test]
    fn a_cut_stream_gives_whole_results(
        hits in proptest::collection::vec(testing::hit(), 1..8),
        at in any::<prop::sample::Index>(),
    ) {
        let mut bytes = stream(&hits, 4);
        let length = bytes.len();
        bytes.truncate(at.index(length));
        let cut = bytes.len();
        let (found, others) = read_all(bytes);
        prop_assert!(found.len() < hits.len());
        let told = others.iter().map(|step| match step {
            Step::Damage(damage) => damage.offset + damage.skipped,
            _ => 0,
        });
        prop_assert!(told.into_iter().all(|end| end == cut as u64));
    }

    #[test]
    fn damage_never_panics(
        hits in proptest::collection::vec(testing::hit(), 1..4),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = stream(&hits, 4);
        damage.iter().for_each(|(at, to)| *at.get_mut(&mut bytes) = *to);
        read_all(bytes);
    }
}

#[test]
fn numbers_of_the_specification() {
    // Examples from the documentation of Go's encoding/gob.
    for (bytes, value) in
        [(&[7][..], 7), (&[0xfe, 1, 0][..], 256), (&[0xf8; 9][..], 0xf8f8_f8f8_f8f8_f8f8)]
    {
        assert_eq!(Reader::new(bytes).uint(), Some(value));
    }
    assert_eq!(Reader::new(&[0xfe, 0x01, 0x01]).int(), Some(-129));
    assert_eq!(Reader::new(&[0x0e]).int(), Some(7));
    assert_eq!(Reader::new(&[0xfe, 1]).uint(), None);
}

#[test]
fn the_point_of_the_specification() {
    let definition = b"\xff\x81\x03\x01\x01\x05Point\x01\xff\x82\0\x01\x02\x01\x01X\x01\x04\0\x01\x01Y\x01\x04\0\0\0";
    assert_eq!(definition.len(), 0x1f);
    let mut types = Types::default();
    assert_eq!(read(&mut types, definition), Ok(None));
    let mut value = Reader::new(&[0xff, 0x82, 0x01, 0x2c, 0x01, 0x42, 0x00]);
    assert_eq!(value.int(), Some(65));
    let point = types.value(65, &mut value).unwrap();
    assert_eq!((point.int("X"), point.int("Y")), (22, 33));
}

#[test]
fn joined_streams_define_their_types_again() {
    let hits: Vec<Hit<'static>> = (0..6)
        .map(|seq| {
            let mut hit = testing::plain(seq);
            hit.lateness = None;
            hit.error = Cow::Borrowed("");
            hit
        })
        .collect();
    let (found, others) = read_all([stream(&hits[..2], 4), stream(&hits[2..], 4)].concat());
    assert_eq!((found, others), (hits, vec![]));
}

#[test]
fn other_structs_are_no_results() {
    let mut content = Vec::new();
    int(6, &mut content);
    content.push(0);
    bytes(b"text", &mut content);
    let mut stream = Vec::new();
    message(&content, &mut stream);
    let (hits, others) = read_all(stream);
    assert!(hits.is_empty() && others.len() == 1, "{others:?}");
}
