//! Reading what LZF compressed, as Redis does with longer strings.

/// The text of `length` bytes; `None` when the input is not that.
pub(super) fn decompress(mut input: &[u8], length: usize) -> Option<Vec<u8>> {
    // What is claimed is believed step by step: a byte of input gives at most some 88 bytes.
    let mut text = Vec::with_capacity(length.min(input.len().saturating_mul(4)));
    while let [control, rest @ ..] = input {
        let control = usize::from(*control);
        if control < 32 {
            let (literal, rest) = rest.split_at_checked(control + 1)?;
            text.extend_from_slice(literal);
            input = rest;
        } else {
            let (more, rest) = match (control >> 5, rest) {
                (7, [more, rest @ ..]) => (7 + usize::from(*more), rest),
                (more, rest) => (more, rest),
            };
            let (low, rest) = rest.split_first()?;
            let distance = (control & 31) << 8 | usize::from(*low);
            let start = text.len().checked_sub(distance + 1)?;
            // It may reach into what it writes.
            for at in start..start + more + 2 {
                text.push(*text.get(at)?);
            }
            input = rest;
        }
        if text.len() > length {
            return None;
        }
    }
    (text.len() == length).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::decompress;

    #[test]
    fn runs_and_references() {
        // "ab" and then 8 bytes from 2 back.
        assert_eq!(
            decompress(&[1, b'a', b'b', 6 << 5, 1], 10).as_deref(),
            Some(&b"ababababab"[..])
        );
        assert_eq!(decompress(&[1, b'a', b'b', 6 << 5, 2], 10), None);
        assert_eq!(decompress(&[1, b'a'], 2), None);
        assert_eq!(decompress(&[0, b'a'], 2), None);
    }
}
