//! Laws that hold for all formats: round trips, cuts, and the order of merges.

use std::{borrow::Cow, io::Read};

use proptest::{collection::vec, prelude::*};

use super::{
    binary::{BlockEncoder, End, Start},
    testing::{self, plain},
    *,
};

/// Gives pieces of a few bytes.
struct Trickle(Vec<u8>, usize);

impl Read for Trickle {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.1.min(self.0.len()).min(buffer.len());
        buffer[..length].copy_from_slice(&self.0[..length]);
        self.0.drain(..length);
        Ok(length)
    }
}

/// All hits and all else that a source gives.
fn drain(source: &mut dyn Source) -> (Vec<Hit<'static>>, Vec<Step>) {
    let (mut hits, mut others) = (Vec::new(), Vec::new());
    loop {
        match source.advance().unwrap() {
            Step::Hit => hits.push(source.hit().into_owned()),
            Step::Over => return (hits, others),
            step => others.push(step),
        }
    }
}

fn read(bytes: &[u8], piece: usize, expected: Format) -> (Vec<Hit<'static>>, Vec<Step>) {
    match open(Box::new(Trickle(bytes.to_vec(), piece))) {
        Ok(Opened::Results(format, mut source)) => {
            if !bytes.is_empty() {
                assert_eq!(format, expected);
            }
            drain(&mut *source)
        }
        _ => panic!("not opened: {}", bytes.escape_ascii()),
    }
}

fn write(hits: &[Hit<'_>], write: fn(&Hit<'_>, &mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    hits.iter().for_each(|hit| write(hit, &mut out));
    out
}

fn binary(hits: &[Hit<'_>]) -> Vec<u8> {
    let mut encoder = BlockEncoder::new();
    let mut out = Start::default().to_block();
    for block in hits.chunks(3) {
        block.iter().for_each(|hit| encoder.push(hit));
        out.extend(encoder.finish_block(Vec::new()));
    }
    out.extend(End::default().to_block());
    out
}

/// Headers with the same name next to each other, as JSON has them.
fn by_name(hit: &mut Hit<'static>) {
    let mut names: Vec<Vec<u8>> = Vec::new();
    for (name, _) in hit.headers.iter() {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let place = |name: &Vec<u8>| names.iter().position(|one| one == name);
    hit.headers.to_mut().sort_by_key(|(name, _)| place(name));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn json_and_back(hits in vec(testing::hit(), 0..10), piece in 1_usize..200) {
        let (found, others) = read(&write(&hits, json::write), piece, Format::Json);
        let mut expected = hits;
        expected.iter_mut().for_each(by_name);
        prop_assert_eq!(found, expected);
        prop_assert_eq!(others, vec![]);
    }

    #[test]
    fn csv_and_back(hits in vec(testing::hit(), 0..10), piece in 1_usize..200) {
        let (found, others) = read(&write(&hits, csv::write), piece, Format::Csv);
        let mut expected = hits;
        expected.iter_mut().for_each(|hit| hit.lateness = None);
        prop_assert_eq!(found, expected);
        prop_assert_eq!(others, vec![]);
    }

    #[test]
    fn binary_and_back(hits in vec(testing::hit(), 0..10), piece in 1_usize..200) {
        let (found, others) = read(&binary(&hits), piece, Format::Binary);
        prop_assert_eq!(found, hits);
        prop_assert_eq!(others.len(), 2);
    }

    #[test]
    fn a_cut_text_gives_all_whole_lines(
        hits in vec(testing::hit(), 1..6),
        at in any::<prop::sample::Index>(),
        is_csv: bool,
    ) {
        let (format, whole) = if is_csv {
            (Format::Csv, write(&hits, csv::write))
        } else {
            (Format::Json, write(&hits, json::write))
        };
        let cut = &whole[..at.index(whole.len()) + 1];
        let (found, others) = read(cut, 1_000, format);
        prop_assert!(found.len() + others.len() >= 1);
        for (found, expected) in found.iter().zip(&hits) {
            prop_assert_eq!((found.seq, &found.url), (expected.seq, &expected.url));
        }
        prop_assert!(others.iter().all(|step| matches!(step, Step::Damage(_))));
    }

    #[test]
    fn garbage_never_panics(garbage in vec(any::<u8>(), 0..300), format in 0_u8..4) {
        let first: &[u8] = match format {
            0 => b"{",
            1 => b"1,",
            2 => b"\x05\xff\x81",
            _ => b"",
        };
        let bytes = [first, &garbage].concat();
        if let Ok(Opened::Results(_, mut source)) = open(Box::new(Trickle(bytes, 50))) {
            drain(&mut *source);
        }
    }

    #[test]
    fn merged_inputs_are_in_order(
        times in vec(vec(0_u64..1_000, 0..30), 0..5),
        late in 0_u64..40,
    ) {
        let mut all: Vec<u64> = times.iter().flatten().copied().collect();
        let sources = times.iter().map(|times| {
            // Written when they end, some later than others.
            let mut hits: Vec<Hit<'static>> = times.iter().map(|&time| plain(time)).collect();
            hits.sort_by_key(|hit| hit.seq + hit.seq * 31 % (late + 1));
            match open(Box::new(Trickle(binary(&hits), 100))) {
                Ok(Opened::Results(_, source)) => Ordered::new(source),
                _ => panic!("what was written can be opened"),
            }
        });
        let (found, others) = drain(&mut Merged::new(sources.collect()));
        let found: Vec<u64> = found.iter().map(|hit| hit.seq).collect();
        all.sort_unstable();
        prop_assert_eq!(found, all);
        prop_assert_eq!(others.len(), 2 * times.len());
    }
}

#[test]
fn lines_as_vegeta_writes_them() {
    let hit = plain(7);
    insta::assert_snapshot!(
        String::from_utf8(write(std::slice::from_ref(&hit), json::write)).unwrap()
    );
    let mut failed = hit;
    failed.error = Cow::Borrowed("said \"no\", twice");
    failed.body = Cow::Borrowed(b"body");
    failed.headers = Cow::Owned(vec![(b"Server".to_vec(), b"x".to_vec())]);
    insta::assert_snapshot!(String::from_utf8(write(&[failed], csv::write)).unwrap());
}

#[test]
fn lines_of_other_versions() {
    let (hits, others) = read(
        br#"{"timestamp":"2021-01-01T01:00:00.5+01:00","latency":5,"headers":{"A":["1","2"]},"new":1}
{"attack":"","seq":1,"code":200,"latency":5}

{"timestamp":"yesterday","latency":5}
{"timestamp":"2021-01-01T01:00:00Z","latency":-5}
{"timestamp":"2021-01-01T01:00:00Z","lat"#,
        1_000,
        Format::Json,
    );
    let [hit] = &hits[..] else { panic!("{hits:?}") };
    assert_eq!(hit.scheduled.0, 1_609_459_200_500_000_000);
    assert_eq!(hit.headers.len(), 2);
    insta::assert_snapshot!(damages(&others));
    let (hits, others) = read(
        b"1,200,5,0,0,,,a,0\n1,x,5,0,0,,,a,0\n1,200,5,0,0,\"a\nb\",,a,3,GET,u,\n1,200,\"5\n1,2,3\n1,200,5,0,0,,,a,4,GET,http://127",
        1_000,
        Format::Csv,
    );
    assert_eq!(hits.iter().map(|hit| hit.seq).collect::<Vec<_>>(), [0, 3]);
    assert_eq!(hits[1].error, "a\nb");
    insta::assert_snapshot!(damages(&others));
}

fn damages(others: &[Step]) -> String {
    let lines = others.iter().map(|step| match step {
        Step::Damage(damage) => format!("{damage}\n"),
        other => format!("{other:?}\n"),
    });
    lines.collect()
}

#[test]
fn joined_streams_are_one() {
    let hits: Vec<Hit<'static>> = (0..10).map(plain).collect();
    let joined = [binary(&hits[..4]), binary(&hits[4..])].concat();
    let (found, others) = read(&joined, 64, Format::Binary);
    assert_eq!(found, hits);
    assert!(matches!(&others[..], [Step::Start(_), Step::End(_), Step::Start(_), Step::End(_)]));
}

#[test]
fn the_order_of_hits_reaches_as_far_as_the_window() {
    // The first one due comes last.
    let mut hits: Vec<Hit<'static>> = (1..WINDOW_HITS as u64).map(plain).collect();
    hits.push(plain(0));
    let source = || match open(Box::new(Trickle(binary(&hits), 1_000_000))) {
        Ok(Opened::Results(_, source)) => Ordered::new(source),
        _ => panic!("what was written can be opened"),
    };
    assert_eq!(drain(&mut source()).0[0].seq, 0);
    hits.insert(0, plain(1));
    let source = match open(Box::new(Trickle(binary(&hits), 1_000_000))) {
        Ok(Opened::Results(_, source)) => source,
        _ => panic!("what was written can be opened"),
    };
    assert_eq!(drain(&mut Ordered::new(source)).0[0].seq, 1);
}
