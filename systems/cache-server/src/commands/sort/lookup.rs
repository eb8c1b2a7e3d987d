//! Patterns of BY and GET: the key, or the field of a hash, that belongs to an element.

use crate::{commands::held::Held, store::Millis, values::Object};

/// `before*behind`, or `before*behind->field`.
#[derive(Debug)]
pub(super) struct Pattern<'c> {
    text: &'c [u8],
    star: Option<Star<'c>>,
}

#[derive(Debug)]
struct Star<'c> {
    before: &'c [u8],
    behind: &'c [u8],
    field: Option<&'c [u8]>,
}

impl<'c> Pattern<'c> {
    pub(super) fn new(text: &'c [u8]) -> Pattern<'c> {
        let star = memchr::memchr(b'*', text).and_then(|at| {
            let (before, rest) = (text.get(..at)?, text.get(at + 1..)?);
            let arrow = memchr::memmem::find(rest, b"->");
            let field = arrow.and_then(|arrow| rest.get(arrow + 2..));
            // An arrow to nothing is a part of the key.
            let field = field.filter(|field| !field.is_empty());
            let behind = match (field, arrow) {
                (Some(_), Some(arrow)) => rest.get(..arrow)?,
                _ => rest,
            };
            Some(Star { before, behind, field })
        });
        Pattern { text, star }
    }

    pub(super) fn depends_on_element(&self) -> bool {
        self.star.is_some()
    }

    /// What belongs to `element`.
    pub(super) fn find(&self, held: &mut Held<'_>, element: &[u8], now: Millis) -> Option<Vec<u8>> {
        if self.text == b"#" {
            return Some(element.to_vec());
        }
        let star = self.star.as_ref()?;
        let key = [star.before, element, star.behind].concat();
        let key = held.store().key(&key);
        held.visit(&key, |shard| {
            let item = shard.peek(&key, now)?;
            match (star.field, item.value.as_object()) {
                (None, None) => item.value.as_bytes().map(<[u8]>::to_vec),
                (Some(field), Some(Object::Hash(hash))) => hash.get(field).map(<[u8]>::to_vec),
                _ => None,
            }
        })
    }
}
