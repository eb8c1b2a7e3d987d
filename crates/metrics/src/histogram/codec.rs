//! A histogram as bytes, for the run record. Described in docs/run-record.md, "Histogram".

use super::{
    EXACT_LIMIT, Histogram,
    buckets::{Buckets, KEY_LIMIT, key},
};
use crate::varint::{Reader, put, put_f64, put_signed};

/// No values; likewise the other constants for the first byte.
const EMPTY: u8 = 0;
/// Single values, as whole multiples of 1 / [`SCALE`].
const SCALED: u8 = 1;
/// Single values, as floats.
const FLOATS: u8 = 2;
/// Counts by bucket.
const BUCKETS: u8 = 3;

/// Durations are milliseconds that come from whole nanoseconds, so this makes integers of them.
const SCALE: f64 = 1e6;

/// Above it not every integer is a float.
const SCALED_LIMIT: f64 = 9_007_199_254_740_992.0;

/// Bytes that one encoded histogram may take: more than any takes.
pub const ENCODED_LIMIT: usize = 64 << 20;

/// Bytes that are no histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("corrupt histogram: {0}")]
pub struct DecodeError(&'static str);

impl Histogram {
    /// Appends its compact form to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        if self.is_empty() {
            out.push(EMPTY);
        } else if !self.is_exact() {
            self.encode_buckets(out);
        } else if let Some(scaled) = self.scaled() {
            out.push(SCALED);
            put_f64(out, self.sum);
            put(out, scaled.len() as u64);
            let mut last = 0;
            for value in scaled {
                // Both are below 2^53, so the difference fits.
                put_signed(out, value - last);
                last = value;
            }
        } else {
            out.push(FLOATS);
            put_f64(out, self.sum);
            put(out, self.count);
            for value in self.sorted_exact() {
                put_f64(out, value);
            }
        }
    }

    /// Its values as integers, when none of them loses anything by that.
    fn scaled(&self) -> Option<Vec<i64>> {
        let mut scaled = Vec::with_capacity(self.exact.len());
        for &value in &self.exact {
            let integer = (value * SCALE).round();
            if integer.abs() > SCALED_LIMIT || integer / SCALE != value {
                return None;
            }
            scaled.push(integer as i64);
        }
        scaled.sort_unstable();
        Some(scaled)
    }

    fn encode_buckets(&self, out: &mut Vec<u8>) {
        out.push(BUCKETS);
        put_f64(out, self.sum);
        put_f64(out, self.min);
        put_f64(out, self.max);
        put(out, self.buckets.iter().count() as u64);
        let mut last = 0;
        for (key, count) in self.buckets.iter() {
            put(out, u64::from(key - last));
            put(out, count);
            last = key;
        }
    }

    /// The histogram that `bytes` hold, all of them.
    ///
    /// # Errors
    /// When they are cut, damaged or of no histogram.
    pub fn decode(bytes: &[u8]) -> Result<Histogram, DecodeError> {
        if bytes.len() > ENCODED_LIMIT {
            return Err(DecodeError("too long"));
        }
        let mut reader = Reader::new(bytes);
        let histogram = match reader.byte().ok_or(DecodeError("no bytes"))? {
            EMPTY => Histogram::new(),
            SCALED => decode_scaled(&mut reader)?,
            FLOATS => decode_floats(&mut reader)?,
            BUCKETS => decode_buckets(&mut reader)?,
            _ => return Err(DecodeError("unknown form")),
        };
        if reader.remaining() > 0 {
            return Err(DecodeError("bytes behind its end"));
        }
        Ok(histogram)
    }
}

const TRUNCATED: DecodeError = DecodeError("ends early");

fn finite(value: Option<f64>) -> Result<f64, DecodeError> {
    let value = value.ok_or(TRUNCATED)?;
    if value.is_finite() { Ok(value) } else { Err(DecodeError("not a finite number")) }
}

/// The number of single values.
fn exact_count(reader: &mut Reader<'_>) -> Result<u64, DecodeError> {
    let count = reader.varint().ok_or(TRUNCATED)?;
    if count == 0 || count > EXACT_LIMIT as u64 {
        return Err(DecodeError("impossible number of values"));
    }
    Ok(count)
}

fn decode_scaled(reader: &mut Reader<'_>) -> Result<Histogram, DecodeError> {
    let sum = finite(reader.f64())?;
    let mut histogram = Histogram::new();
    let mut last = 0_i64;
    for _ in 0..exact_count(reader)? {
        let step = reader.signed().ok_or(TRUNCATED)?;
        last = last.checked_add(step).ok_or(DecodeError("value out of range"))?;
        histogram.record(last as f64 / SCALE);
    }
    histogram.sum = sum;
    Ok(histogram)
}

fn decode_floats(reader: &mut Reader<'_>) -> Result<Histogram, DecodeError> {
    let sum = finite(reader.f64())?;
    let mut histogram = Histogram::new();
    for _ in 0..exact_count(reader)? {
        histogram.record(finite(reader.f64())?);
    }
    histogram.sum = sum;
    Ok(histogram)
}

fn decode_buckets(reader: &mut Reader<'_>) -> Result<Histogram, DecodeError> {
    let sum = finite(reader.f64())?;
    let min = finite(reader.f64())?;
    let max = finite(reader.f64())?;
    let len = reader.varint().ok_or(TRUNCATED)?;
    let mut buckets = Buckets::default();
    let mut count = 0_u64;
    let mut last = 0_u64;
    let mut first = None;
    for at in 0..len {
        let step = reader.varint().ok_or(TRUNCATED)?;
        if step == 0 && at > 0 {
            return Err(DecodeError("buckets out of order"));
        }
        last = last
            .checked_add(step)
            .filter(|&key| key < u64::from(KEY_LIMIT))
            .ok_or(DecodeError("unknown bucket"))?;
        let here = reader.varint().filter(|&here| here > 0).ok_or(DecodeError("empty bucket"))?;
        count = count.checked_add(here).ok_or(DecodeError("too many values"))?;
        first.get_or_insert(last);
        buckets.add_key(last as u32, here);
    }
    if count <= EXACT_LIMIT as u64 {
        return Err(DecodeError("buckets of too few values"));
    }
    if first != Some(u64::from(key(min))) || last != u64::from(key(max)) {
        return Err(DecodeError("extremes outside of its buckets"));
    }
    Ok(Histogram { count, sum, min, max, exact: Vec::new(), buckets })
}
