//! The name that somebody may have meant.

/// Mistakes of which a name may have one for each so many of its letters.
const LETTERS_PER_MISTAKE: usize = 3;

/// The candidate that the fewest mistakes (a letter too many, too few, or another one) turn into `name`.
pub(crate) fn nearest<'a>(
    name: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let mistakes_max = name.len().div_ceil(LETTERS_PER_MISTAKE);
    candidates
        // Each letter too many or too few is one. So names that are very long are not looked at.
        .filter(|candidate| candidate.len().abs_diff(name.len()) <= mistakes_max)
        .map(|candidate| (mistakes(name.as_bytes(), candidate.as_bytes()), candidate))
        .filter(|(mistakes, _)| *mistakes <= mistakes_max)
        .min_by_key(|(mistakes, _)| *mistakes)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance, row by row.
fn mistakes(from: &[u8], to: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (done, letter) in from.iter().enumerate() {
        let mut left = done + 1;
        let mut next = vec![left];
        for (other, above) in to.iter().zip(row.windows(2)) {
            let &[diagonal, above] = above else { continue };
            let same = diagonal + usize::from(!letter.eq_ignore_ascii_case(other));
            left = same.min(left + 1).min(above + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fewest_mistakes() {
        let names = ["maxmemory", "maxmemory-policy", "maxclients", "port"];
        for (name, expected) in [
            ("maxmemroy", Some("maxmemory")),
            ("MaxMemory", Some("maxmemory")),
            ("max-clients", Some("maxclients")),
            ("prt", Some("port")),
            ("p", None),
            ("cluster-enabled", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, names.into_iter()), expected, "{name}");
        }
    }
}
