//! From a key to a path: patterns with stars, and paths with places for what the stars stood for.

use std::fmt::Write as _;

use memchr::memmem;

/// Longest key that is looked up at an origin, in bytes: with every byte escaped it makes a URL that servers
/// still take.
const KEY_BYTES_MAX: usize = 2_048;

/// `user:*:page:*`: a star stands for one byte or more, for as few as possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    /// What is between the stars; empty at the ends where the pattern begins or ends with one.
    literals: Vec<Box<[u8]>>,
}

impl Pattern {
    pub(super) fn new(text: &str) -> Pattern {
        Pattern { literals: text.split('*').map(|literal| literal.as_bytes().into()).collect() }
    }

    /// How many stars there are.
    pub(super) fn stars(&self) -> usize {
        self.literals.len() - 1
    }

    /// What the stars stand for in a key; `None` when it is not covered.
    pub(super) fn captures<'k>(&self, key: &'k [u8]) -> Option<Vec<&'k [u8]>> {
        if key.len() > KEY_BYTES_MAX {
            return None;
        }
        let (first, others) = self.literals.split_first()?;
        let mut rest = key.strip_prefix(&**first)?;
        let Some((last, middle)) = others.split_last() else {
            return rest.is_empty().then(Vec::new);
        };
        let mut captures = Vec::with_capacity(others.len());
        for literal in middle {
            let end = 1 + memmem::find(rest.get(1..)?, literal)?;
            let (capture, behind) = rest.split_at_checked(end)?;
            captures.push(capture);
            rest = behind.get(literal.len()..)?;
        }
        let capture = rest.strip_suffix(&**last).filter(|capture| !capture.is_empty())?;
        captures.push(capture);
        Some(captures)
    }
}

/// A path with `{1}` for what the first star stood for and `{0}` for the whole key. In `{1:path}`
/// slashes stay as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Box<str>),
    Capture { number: usize, keeps_slashes: bool },
}

impl Template {
    /// # Errors
    /// For a place that no star fills, and for braces that are none.
    pub(super) fn new(text: &str, stars: usize) -> Result<Template, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('{') {
            let (place, after) = behind.split_once('}').ok_or("a '{' is not closed")?;
            let (number, keeps_slashes) = match place.strip_suffix(":path") {
                Some(number) => (number, true),
                None => (place, false),
            };
            let number = number.parse().ok().filter(|number| *number <= stars);
            let number = number.ok_or_else(|| format!("no '*' for {{{place}}}"))?;
            pieces.push(Piece::Text(before.into()));
            pieces.push(Piece::Capture { number, keeps_slashes });
            rest = after;
        }
        if rest.contains('}') {
            return Err("a '}' has no '{'".to_owned());
        }
        pieces.push(Piece::Text(rest.into()));
        Ok(Template { pieces })
    }

    /// The path for a key. `None` when it would lead out of its directory, by `..` or the like.
    pub(super) fn fill(&self, key: &[u8], captures: &[&[u8]]) -> Option<String> {
        let mut path = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => path.push_str(text),
                Piece::Capture { number, keeps_slashes } => {
                    let value = match number.checked_sub(1) {
                        None => key,
                        Some(index) => captures.get(index)?,
                    };
                    let is_dots = |segment: &[u8]| matches!(segment, b"." | b"..");
                    let mut segments = value.split(|byte| *byte == b'/' && *keeps_slashes);
                    if segments.any(is_dots) {
                        return None;
                    }
                    escape(&mut path, value, *keeps_slashes);
                }
            }
        }
        Some(path)
    }
}

/// All but what a URL has no other use for (RFC 3986, section 2.3).
fn escape(out: &mut String, bytes: &[u8], keeps_slashes: bool) {
    for byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(*byte));
            }
            b'/' if keeps_slashes => out.push('/'),
            // Writing to a string cannot fail.
            byte => {
                write!(out, "%{byte:02X}").ok();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn check(pattern: &str, template: &str, key: &str, expected: Option<&str>) {
        let pattern = Pattern::new(pattern);
        let template = Template::new(template, pattern.stars()).unwrap();
        let captures = pattern.captures(key.as_bytes());
        let path = captures.and_then(|captures| template.fill(key.as_bytes(), &captures));
        assert_eq!(path.as_deref(), expected, "{key}");
    }

    #[test]
    fn keys_become_paths() {
        check("user:*", "/users/{1}", "user:7", Some("/users/7"));
        check("user:*", "/users/{1}", "user:", None);
        check("user:*", "/users/{1}", "users:7", None);
        check("user:*", "/users/{1}", "user:a/b c?", Some("/users/a%2Fb%20c%3F"));
        check("page:*", "/{1:path}", "page:a/b c", Some("/a/b%20c"));
        check("*:*", "/{2}/{1}?key={0}", "a:b:c", Some("/b%3Ac/a?key=a%3Ab%3Ac"));
        check("a*b*c", "/{1}-{2}", "axbxbxc", Some("/x-xbx"));
        check("a*b*c", "/{1}-{2}", "abbbc", Some("/b-b"));
        check("a**c", "/{1}-{2}", "axyc", Some("/x-y"));
        check("a*c", "/", "ac", None);
        check("motd", "/motd.txt", "motd", Some("/motd.txt"));
        check("motd", "/motd.txt", "motd2", None);
        check("*", "/{1}", &"x".repeat(KEY_BYTES_MAX + 1), None);
    }

    #[test]
    fn no_key_leads_out_of_its_directory() {
        check("f:*", "/f/{1}", "f:..", None);
        check("f:*", "/f/{1}", "f:../x", Some("/f/..%2Fx"));
        check("f:*", "/f/{1:path}", "f:a/../../x", None);
        check("f:*", "/f/{1:path}", "f:./x", None);
        check("f:*", "/f/{1:path}", "f:..x/y", Some("/f/..x/y"));
    }

    /// The bytes that an escaped text stands for.
    fn unescape(text: &str) -> Vec<u8> {
        let mut parts = text.split('%');
        let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
        for part in parts {
            let (escaped, rest) = part.split_at(2);
            bytes.push(u8::from_str_radix(escaped, 16).unwrap());
            bytes.extend_from_slice(rest.as_bytes());
        }
        bytes
    }

    proptest! {
        /// Whatever clients call their keys, the origin is asked for just that.
        #[test]
        fn any_key_makes_a_path(key in vec(any::<u8>(), 1..40), keeps_slashes: bool) {
            let pattern = Pattern::new("*");
            let text = if keeps_slashes { "/k/{1:path}" } else { "/k/{1}" };
            let template = Template::new(text, 1).unwrap();
            let captures = pattern.captures(&key).unwrap();
            if let Some(path) = template.fill(&key, &captures) {
                prop_assert!(path.parse::<http::Uri>().is_ok_and(|uri| uri.path() == path));
                let behind = path.strip_prefix("/k/").unwrap();
                prop_assert_eq!(unescape(behind), &*key);
                prop_assert!(keeps_slashes || !behind.contains('/'));
                prop_assert!(!path.split('/').any(|segment| matches!(segment, "." | "..")));
            }
        }
    }

    #[test]
    fn templates_that_cannot_be_filled() {
        for template in ["/{2}", "/{x}", "/{1", "/1}", "/{}", "/{-1}"] {
            assert!(Template::new(template, 1).is_err(), "{template}");
        }
    }
}
