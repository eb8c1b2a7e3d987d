//! Lines that end in CRLF, and the numbers in them.

use super::{LINE_LIMIT, ReplyError};

/// The first line of `input` without its end, and the length with it; `None` when it is not whole.
#[inline]
pub(super) fn line(input: &[u8]) -> Result<Option<(&[u8], usize)>, ReplyError> {
    let Some(end) = memchr::memchr2(b'\r', b'\n', input) else {
        return if input.len() > LINE_LIMIT { Err(ReplyError::LineTooLong) } else { Ok(None) };
    };
    if end > LINE_LIMIT {
        return Err(ReplyError::LineTooLong);
    }
    match input.get(end..) {
        Some([b'\r', b'\n', ..]) => Ok(input.get(..end).map(|text| (text, end + 2))),
        Some([b'\r']) => Ok(None),
        _ => Err(ReplyError::LineEnd),
    }
}

/// A decimal number with an optional sign; `None` when it is none or does not fit.
#[inline]
pub(super) fn integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() {
        return None;
    }
    // Summed below zero, where the smallest number has room.
    let mut sum = 0_i64;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        sum = sum.checked_mul(10)?.checked_sub(i64::from(digit - b'0'))?;
    }
    if negative { Some(sum) } else { sum.checked_neg() }
}

/// The length of a string or an aggregate; `Ok(None)` for -1, RESP2's null.
#[inline]
pub(super) fn length(text: &[u8]) -> Result<Option<u64>, ReplyError> {
    if text == b"?" {
        return Err(ReplyError::Streamed);
    }
    match integer(text) {
        Some(-1) => Ok(None),
        Some(length) => u64::try_from(length).map(Some).map_err(|_| ReplyError::Length),
        None => Err(ReplyError::Length),
    }
}
