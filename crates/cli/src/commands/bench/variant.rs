//! What is run, from the words on the command line.

use crate::exit::{Exit, Failure};

/// Variants of one bench.
const VARIANTS_MAX: usize = 8;

/// Verbs that leave a run record.
const VERBS: [&str; 2] = ["run", "attack"];

/// One thing to run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Variant {
    /// Also of its folder.
    pub(super) name: String,
    /// What stands behind `plimsoll`.
    pub(super) words: Vec<String>,
}

/// Those in quotes, or the one that stands as it is.
pub(super) fn all(texts: &[String], command: &[String]) -> Result<Vec<Variant>, Failure> {
    let failed = |message: String| Failure::new(Exit::Other, message);
    if texts.len() > VARIANTS_MAX {
        return Err(failed(format!("{} variants are more than {VARIANTS_MAX}", texts.len())));
    }
    let mut variants = Vec::new();
    for (number, text) in (1..).zip(texts) {
        let variant = parse(text, number).map_err(failed)?;
        if variants.iter().any(|other: &Variant| other.name == variant.name) {
            return Err(failed(format!("two variants are called {}", variant.name)));
        }
        variants.push(variant);
    }
    if !command.is_empty() {
        let name = "run".to_owned();
        variants.push(checked(Variant { name, words: command.to_vec() }).map_err(failed)?);
    }
    Ok(variants)
}

/// `[NAME=]WORD WORD ...`
fn parse(text: &str, number: usize) -> Result<Variant, String> {
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    let (name, rest) = match text.split_once('=') {
        Some((name, rest)) if is_name(name) && name != "." && name != ".." => {
            (name.to_owned(), rest)
        }
        _ => (format!("variant{number}"), text),
    };
    let words = split(rest).ok_or_else(|| format!("{text:?}: a quote is not closed"))?;
    checked(Variant { name, words })
}

fn checked(variant: Variant) -> Result<Variant, String> {
    let verb = variant.words.first().map(String::as_str).unwrap_or_default();
    if !VERBS.contains(&verb) {
        let (name, verbs) = (&variant.name, VERBS.join(" or "));
        return Err(format!("{name}: a variant starts with {verbs}, not with {verb:?}"));
    }
    let is_record = |word: &String| word.trim_start_matches('-').starts_with("record");
    if variant.words.iter().any(|word| word.starts_with('-') && is_record(word)) {
        return Err(format!("{}: --record is bench's own", variant.name));
    }
    Ok(variant)
}

/// Words as a shell splits them, with quotes and backslashes and nothing else. `None` when a quote is open.
fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(chars.next()),
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_by_a_shell() {
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(split(text).unwrap(), expected, "{text}");
        };
        check("run  -u 3 s.js", &["run", "-u", "3", "s.js"]);
        check(r#"run -e 'A=b c' "d \" e" f\ g ''"#, &["run", "-e", "A=b c", "d \" e", "f g", ""]);
        check(r"'a\b'", &[r"a\b"]);
        check("", &[]);
        assert_eq!(split("run 'x"), None);
    }

    #[test]
    fn variants_have_names_of_folders() {
        let check = |text: &str, name: &str, words: &[&str]| {
            let found = parse(text, 2).unwrap();
            assert_eq!(
                (found.name.as_str(), found.words),
                (name, words.iter().map(|w| (*w).to_owned()).collect())
            );
        };
        check("old=run s.js", "old", &["run", "s.js"]);
        check("run -e A=b s.js", "variant2", &["run", "-e", "A=b", "s.js"]);
        for wrong in ["watch", "old=", "old=run --record x s.js", "run 's.js"] {
            assert!(parse(wrong, 1).is_err(), "{wrong}");
        }
        let twice = ["a=run x.js".to_owned(), "a=run y.js".to_owned()];
        assert!(all(&twice, &[]).is_err());
    }
}
