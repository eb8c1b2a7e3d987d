//! Laws of the codec: bytes and back however they come, and damage that stays where it is.

use std::{borrow::Cow, time::Duration};

use plimsoll_metrics::Timestamp;
use proptest::{collection::vec, prelude::*};

use super::*;
use crate::results::{Damage, Hit, testing};

/// Blocks of at most `per_block` hits between a start and an end.
fn stream(hits: &[Hit<'_>], per_block: usize) -> Vec<u8> {
    let mut encoder = BlockEncoder::new();
    let mut bytes = Start { attack: "a".to_owned(), ..Start::default() }.to_block();
    let mut spare = Vec::new();
    for block in hits.chunks(per_block.max(1)) {
        block.iter().for_each(|hit| encoder.push(hit));
        assert_eq!(encoder.hits(), block.len() as u64);
        spare = encoder.finish_block(spare);
        bytes.extend_from_slice(&spare);
    }
    bytes.extend(End { never_sent: 3, ..End::default() }.to_block());
    bytes
}

/// All that a decoder gives when fed these pieces.
fn decode<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Hit<'static>>, Vec<Next>) {
    let (mut decoder, mut hits, mut others) = (Decoder::new(), Vec::new(), Vec::new());
    let mut take = |decoder: &mut Decoder| {
        loop {
            match decoder.advance() {
                Next::Hit => hits.push(decoder.hit().into_owned()),
                Next::Hungry => break,
                other => others.push(other),
            }
        }
    };
    for piece in pieces {
        decoder.feed(piece);
        take(&mut decoder);
    }
    decoder.finish();
    take(&mut decoder);
    (hits, others)
}

fn damages(others: &[Next]) -> Vec<Damage> {
    let damage = |next: &Next| match next {
        Next::Damage(error) => Some(error.clone()),
        _ => None,
    };
    others.iter().filter_map(damage).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn bytes_and_back(hits in vec(testing::hit(), 0..40), per_block in 1_usize..20) {
        let bytes = stream(&hits, per_block);
        let (found, others) = decode(std::iter::once(&bytes[..]));
        prop_assert_eq!(&found, &hits);
        let ends = matches!(&others[..], [Next::Start(_), Next::End(end)] if end.never_sent == 3);
        prop_assert!(ends);
    }

    #[test]
    fn cut_into_pieces_it_is_the_same(
        hits in vec(testing::hit(), 0..12),
        per_block in 1_usize..6,
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        piece in 1_usize..300,
    ) {
        let mut bytes = stream(&hits, per_block);
        damage.iter().for_each(|(at, to)| *at.get_mut(&mut bytes) = *to);
        let whole = decode(std::iter::once(&bytes[..]));
        prop_assert_eq!(decode(bytes.chunks(1)), whole.clone());
        prop_assert_eq!(decode(bytes.chunks(piece)), whole);
    }

    #[test]
    fn a_cut_stream_gives_all_whole_hits(hits in vec(testing::hit(), 1..12), at in 0.0..1.0_f64) {
        let bytes = stream(&hits, 100);
        let cut = (bytes.len() as f64 * at) as usize;
        let (found, others) = decode(std::iter::once(&bytes[..cut]));
        prop_assert_eq!(&found[..], &hits[..found.len()]);
        let told: Vec<Damage> = damages(&others);
        // Hits that are not there are in what is reported, if it is not the cut between two blocks.
        if found.len() < hits.len() && cut > Start::default().to_block().len() + 1 {
            let end = told.last().map_or(0, |error| error.offset + error.skipped);
            prop_assert!(end == cut as u64 || told.is_empty());
        }
        // Joined with a whole stream, nothing of that is lost.
        let mut joined = bytes[..cut].to_vec();
        joined.extend_from_slice(&bytes);
        let (found, _) = decode(std::iter::once(&joined[..]));
        prop_assert_eq!(&found[found.len() - hits.len()..], &hits[..]);
    }

    #[test]
    fn a_damaged_block_costs_no_other(
        hits in vec(testing::hit(), 8..20),
        at in any::<prop::sample::Index>(),
    ) {
        let bytes = stream(&hits, 2);
        let mut damaged = bytes.clone();
        *at.get_mut(&mut damaged) ^= 0x41;
        let (found, others) = decode(std::iter::once(&damaged[..]));
        prop_assert!(found.len() + 2 >= hits.len());
        prop_assert!(found.iter().all(|hit| hits.contains(hit)));
        let told = damages(&others);
        prop_assert!(!told.is_empty());
        let skipped: u64 = told.iter().map(|error| error.skipped).sum();
        prop_assert!(skipped < bytes.len() as u64);
    }

    #[test]
    fn garbage_never_panics(garbage in vec(any::<u8>(), 0..300), kind: u8) {
        let mut block = vec![0; HEAD];
        block.extend_from_slice(&garbage);
        seal(&mut block, kind % 4);
        decode(std::iter::once(&block[..]));
        decode(std::iter::once(&garbage[..]));
    }
}

#[test]
fn a_cut_inside_a_block_keeps_the_hits_before_it() {
    let hits: Vec<Hit<'static>> = (0..100).map(testing::plain).collect();
    let mut encoder = BlockEncoder::new();
    hits.iter().for_each(|hit| encoder.push(hit));
    let block = encoder.finish_block(Vec::new());
    let (found, others) = decode(std::iter::once(&block[..block.len() / 2]));
    assert!((45..55).contains(&found.len()), "{}", found.len());
    assert_eq!(found[..], hits[..found.len()]);
    let [Next::Damage(error)] = &others[..] else { panic!("{others:?}") };
    assert_eq!(error.what, "the stream is cut");
    assert_eq!(error.offset + error.skipped, block.len() as u64 / 2);
}

#[test]
fn a_plain_hit_takes_few_bytes() {
    let mut encoder = BlockEncoder::new();
    (0..1_000).for_each(|at| encoder.push(&testing::plain(at)));
    assert!(encoder.len() < 13_000, "{}", encoder.len());
}

#[test]
fn what_is_too_long_is_cut() {
    let long = "é".repeat(TEXT_LIMIT);
    let mut hit = testing::plain(0);
    hit.error = Cow::Borrowed(&long);
    hit.body = Cow::Owned(vec![1; BODY_LIMIT + 1]);
    hit.headers = Cow::Owned(vec![(b"a".to_vec(), vec![b'x'; HEADERS_LIMIT / 2]); 3]);
    let mut encoder = BlockEncoder::new();
    encoder.push(&hit);
    assert!(encoder.is_full());
    let block = encoder.finish_block(Vec::new());
    assert!(block.len() < BLOCK_LIMIT);
    assert!(encoder.is_empty() && encoder.finish_block(Vec::new()).is_empty());
    let (found, others) = decode(std::iter::once(&block[..]));
    assert!(others.is_empty(), "{others:?}");
    let [found] = &found[..] else { panic!("{}", found.len()) };
    assert_eq!((found.error.len(), found.body.len()), (TEXT_LIMIT, BODY_LIMIT));
    assert_eq!(found.headers.len(), 1);
}

#[test]
fn the_largest_numbers() {
    let mut hit = testing::plain(u64::MAX);
    hit.scheduled = Timestamp(u64::MAX);
    hit.response_time = Duration::from_nanos(u64::MAX);
    let hits = [testing::plain(0), hit, testing::plain(1)];
    assert_eq!(decode(std::iter::once(&stream(&hits, 5)[..])).0, hits);
}
