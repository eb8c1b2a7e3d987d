//! Patterns as Redis has them: `*`, `?`, `[a-c]`, `[^x]`, and `\` before what is meant as it is.

/// Whether `pattern` covers all of `text`. Takes at most the product of both lengths in steps: of several
/// stars only the last one met is tried again, which is enough.
pub(crate) fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut pattern_at, mut text_at) = (0, 0);
    // Behind the last star, and the first byte of the text that it does not cover.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let rest = pattern.get(pattern_at..).unwrap_or_default();
        if let [b'*', ..] = rest {
            pattern_at += 1;
            retry = Some((pattern_at, text_at));
            continue;
        }
        let byte = text.get(text_at);
        let step = match byte {
            None if rest.is_empty() => return true,
            // A star can only cover more, and nothing is left.
            None => return false,
            Some(byte) => one(rest, *byte),
        };
        match (step, &mut retry) {
            (Some(length), _) => {
                pattern_at += length;
                text_at += 1;
            }
            (None, Some((behind, covered))) => {
                *covered += 1;
                (pattern_at, text_at) = (*behind, *covered);
            }
            (None, None) => return false,
        }
    }
}

/// The length of the pattern's first element when it covers `byte`.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [] => None,
        [b'?', ..] => Some(1),
        [b'\\', escaped, ..] => (*escaped == byte).then_some(2),
        [b'[', class @ ..] => {
            let (is_in, length) = class_covers(class, byte);
            is_in.then_some(length + 1)
        }
        [literal, ..] => (*literal == byte).then_some(1),
    }
}

/// Whether a class covers `byte`, and its length up to behind its `]`; one that is not closed ends
/// with the pattern.
fn class_covers(class: &[u8], byte: u8) -> (bool, usize) {
    let is_negated = class.first() == Some(&b'^');
    let mut at = usize::from(is_negated);
    let mut is_in = false;
    loop {
        match class.get(at..).unwrap_or_default() {
            [] => return (is_in != is_negated, at),
            [b']', ..] => return (is_in != is_negated, at + 1),
            [b'\\', escaped, ..] => {
                is_in |= *escaped == byte;
                at += 2;
            }
            [low, b'-', high, ..] => {
                let (low, high) = if low <= high { (low, high) } else { (high, low) };
                is_in |= (low..=high).contains(&&byte);
                at += 3;
            }
            [literal, ..] => {
                is_in |= *literal == byte;
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, text: &str, expected: bool) {
        assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
    }

    #[test]
    fn elements() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "anything", true),
            ("h?llo", "hello", true),
            ("h?llo", "hllo", false),
            ("h*llo", "heeeello", true),
            ("h[ae]llo", "hallo", true),
            ("h[ae]llo", "hillo", false),
            ("h[^e]llo", "hallo", true),
            ("h[^e]llo", "hello", false),
            ("h[a-c]llo", "hbllo", true),
            ("h[c-a]llo", "hbllo", true),
            (r"h\*llo", "h*llo", true),
            (r"h\*llo", "hello", false),
            (r"[\]]", "]", true),
            ("[abc", "c", true),
            ("a**b", "ab", true),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
            ("user:*:name", "user:1:2:name", true),
        ] {
            check(pattern, text, expected);
        }
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        let pattern = "a*".repeat(200) + "b";
        check(&pattern, &"a".repeat(2_000), false);
    }
}
