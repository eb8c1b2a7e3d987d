//! Header lists: ordered, in one buffer, with names as Go writes them.

use std::borrow::Cow;

use plimsoll_wire::http1::{Field, is_field_name};

/// Headers of a request or response in order; names are canonical (`Content-Type`).
///
/// All text lies in one buffer, so that a response's headers cost two allocations however many
/// there are.
#[derive(Clone, Debug, Default)]
pub struct Headers {
    buffer: Vec<u8>,
    entries: Vec<Field>,
}

impl Headers {
    /// Of a response's head: its bytes, and where in them the fields are.
    pub(super) fn from_head(head: &[u8], fields: Vec<Field>) -> Headers {
        let mut buffer = head.to_vec();
        for field in &fields {
            if let Some(name) = range_mut(&mut buffer, field.name) {
                canonicalize(name);
            }
        }
        Headers { buffer, entries: fields }
    }

    /// Appends a header; one of the same name stays.
    pub fn push(&mut self, name: &str, value: &str) {
        self.push_bytes(name.as_bytes(), value.as_bytes());
    }

    /// As [`Headers::push`], for text that may not be UTF-8.
    pub fn push_bytes(&mut self, name: &[u8], value: &[u8]) {
        let name = self.append(name);
        if let Some(bytes) = range_mut(&mut self.buffer, name) {
            canonicalize(bytes);
        }
        let value = self.append(value);
        self.entries.push(Field { name, value });
    }

    /// Replaces every header of that name by one.
    pub fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.push(name, value);
    }

    /// Removes every header of that name.
    pub fn remove(&mut self, name: &str) {
        let buffer = &self.buffer;
        self.entries
            .retain(|entry| !range(buffer, entry.name).eq_ignore_ascii_case(name.as_bytes()));
    }

    /// The first header of that name, in any case.
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get_bytes(name).map(String::from_utf8_lossy)
    }

    /// As [`Headers::get`], as received.
    pub fn get_bytes(&self, name: &str) -> Option<&[u8]> {
        self.entries
            .iter()
            .find(|entry| range(&self.buffer, entry.name).eq_ignore_ascii_case(name.as_bytes()))
            .map(|entry| range(&self.buffer, entry.value))
    }

    /// Every value of that name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Cow<'a, str>> {
        self.entries
            .iter()
            .filter(|entry| range(&self.buffer, entry.name).eq_ignore_ascii_case(name.as_bytes()))
            .map(|entry| String::from_utf8_lossy(range(&self.buffer, entry.value)))
    }

    /// Names and values in order, duplicates apart.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        self.iter_bytes()
            .map(|(name, value)| (String::from_utf8_lossy(name), String::from_utf8_lossy(value)))
    }

    /// As [`Headers::iter`], as received or given.
    pub fn iter_bytes(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        self.entries
            .iter()
            .map(|entry| (range(&self.buffer, entry.name), range(&self.buffer, entry.value)))
    }

    /// One entry per name in order of first appearance, values of duplicates joined by `, `: the
    /// shape of `response.headers` in scripts.
    pub fn joined(&self) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
        let mut joined: Vec<(Cow<'_, str>, Cow<'_, str>)> = Vec::with_capacity(self.len());
        for (name, value) in self.iter() {
            match joined.iter_mut().find(|(known, _)| *known == name) {
                Some((_, values)) => {
                    let values = values.to_mut();
                    values.push_str(", ");
                    values.push_str(&value);
                }
                None => joined.push((name, value)),
            }
        }
        joined
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn append(&mut self, text: &[u8]) -> (u32, u32) {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(text);
        match (u32::try_from(start), u32::try_from(text.len())) {
            (Ok(start), Ok(length)) => (start, length),
            // Past 4 GiB of headers, which no limit of ours lets happen: keep an empty text.
            _ => (0, 0),
        }
    }
}

impl PartialEq for Headers {
    fn eq(&self, other: &Headers) -> bool {
        self.iter_bytes().eq(other.iter_bytes())
    }
}

impl<N: AsRef<str>, V: AsRef<str>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Headers {
        let mut headers = Headers::default();
        for (name, value) in pairs {
            headers.push(name.as_ref(), value.as_ref());
        }
        headers
    }
}

fn range(buffer: &[u8], (start, length): (u32, u32)) -> &[u8] {
    let (start, length) = (start as usize, length as usize);
    buffer.get(start..start.saturating_add(length)).unwrap_or_default()
}

fn range_mut(buffer: &mut [u8], (start, length): (u32, u32)) -> Option<&mut [u8]> {
    let (start, length) = (start as usize, length as usize);
    buffer.get_mut(start..start.checked_add(length)?)
}

/// Go's canonical form: upper case at the start and after `-`, lower case elsewhere. A name with a
/// byte that no header name may have stays as it is.
fn canonicalize(name: &mut [u8]) {
    if !is_field_name(name) {
        return;
    }
    let mut upper = true;
    for byte in name {
        if upper {
            byte.make_ascii_uppercase();
        } else {
            byte.make_ascii_lowercase();
        }
        upper = *byte == b'-';
    }
}

#[cfg(test)]
mod tests {
    use super::Headers;

    fn check(pairs: &[(&str, &str)], expected: &[(&str, &str)]) {
        let headers: Headers = pairs.iter().copied().collect();
        let joined: Vec<(String, String)> =
            headers.joined().into_iter().map(|(n, v)| (n.into_owned(), v.into_owned())).collect();
        let expected: Vec<(String, String)> =
            expected.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        assert_eq!(joined, expected);
    }

    #[test]
    fn names_are_canonical_and_duplicates_join() {
        check(&[("x-foo-BAR", "a"), ("X-Foo-Bar", "b")], &[("X-Foo-Bar", "a, b")]);
        check(&[("content-type", "t"), ("ETag", "e")], &[("Content-Type", "t"), ("Etag", "e")]);
        check(&[("not a token", "v")], &[("not a token", "v")]);
    }

    #[test]
    fn set_replaces_all() {
        let mut headers: Headers = [("a", "1"), ("b", "2"), ("A", "3")].into_iter().collect();
        headers.set("a", "4");
        assert_eq!(headers, [("B", "2"), ("A", "4")].into_iter().collect());
        assert_eq!(headers.get("b").as_deref(), Some("2"));
        assert_eq!(headers.get("c"), None);
    }
}
