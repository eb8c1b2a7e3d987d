//! Hits for tests.

use std::{borrow::Cow, time::Duration};

use plimsoll_metrics::Timestamp;
use proptest::{collection::vec, prelude::*};

use super::Hit;

/// Of 2026-11-21T11:20:04Z.
pub(crate) const START: u64 = 1_795_260_004_000_000_000;

/// One of an attack of 1000 hits a second on one URL, all of them fine.
pub(crate) fn plain(seq: u64) -> Hit<'static> {
    let jitter = seq.wrapping_mul(7_919) % 1_000;
    Hit {
        attack: Cow::Borrowed("plain"),
        seq,
        code: 200,
        scheduled: Timestamp(START.wrapping_add(seq.wrapping_mul(1_000_000))),
        lateness: Some(Duration::from_nanos(50_000 + jitter)),
        response_time: Duration::from_nanos(2_000_000 + jitter * 1_000),
        bytes_out: 0,
        bytes_in: 612,
        error: Cow::Borrowed(""),
        method: Cow::Borrowed("GET"),
        url: Cow::Borrowed("http://127.0.0.1:8080/"),
        body: Cow::Borrowed(b""),
        headers: Cow::Borrowed(&[]),
    }
}

/// Any hit that all formats can carry but for the lateness.
pub(crate) fn hit() -> impl Strategy<Value = Hit<'static>> {
    let text = || prop_oneof![Just(String::new()), Just("x".to_owned()), any::<String>()];
    let header = ("[A-Z][a-z]{0,3}", "[!-~]([ -~]{0,5}[!-~])?");
    let header = header.prop_map(|(name, value)| (name.into_bytes(), value.into_bytes()));
    let numbers = (any::<u64>(), 0_u16..1_000, 0..4_000_000_000_000_000_000_u64);
    let times = (proptest::option::of(0..10_000_000_u64), 0..i64::MAX as u64);
    let sizes = (0..3_000_u64, prop_oneof![Just(612), any::<u64>()]);
    let texts = (text(), text(), text(), text());
    let response = (vec(any::<u8>(), 0..50), vec(header, 0..4));
    (numbers, times, sizes, texts, response).prop_map(
        |((seq, code, scheduled), (lateness, response_time), sizes, texts, (body, headers))| Hit {
            attack: Cow::Owned(texts.0),
            seq,
            code,
            scheduled: Timestamp(scheduled),
            lateness: lateness.map(Duration::from_nanos),
            response_time: Duration::from_nanos(response_time),
            bytes_out: sizes.0,
            bytes_in: sizes.1,
            error: Cow::Owned(texts.1),
            method: Cow::Owned(texts.2),
            url: Cow::Owned(texts.3),
            body: Cow::Owned(body),
            headers: Cow::Owned(headers),
        },
    )
}
