//! The parts of links.

use super::{super::links::Link, Value, attribute};
use crate::modules::html::document::{Document, NodeId};

fn link(document: &Document, id: NodeId) -> Link {
    Link::parse(attribute(document, id, "href"))
}

fn prefixed(prefix: char, part: &str) -> Value {
    Value::Text(if part.is_empty() { String::new() } else { format!("{prefix}{part}") })
}

pub(crate) fn hash(document: &Document, id: NodeId) -> Value {
    prefixed('#', &link(document, id).fragment)
}

pub(crate) fn search(document: &Document, id: NodeId) -> Value {
    prefixed('?', &link(document, id).query)
}

pub(crate) fn host(document: &Document, id: NodeId) -> Value {
    Value::Text(link(document, id).host().to_string())
}

pub(crate) fn hostname(document: &Document, id: NodeId) -> Value {
    Value::Text(link(document, id).hostname)
}

pub(crate) fn origin(document: &Document, id: NodeId) -> Value {
    Value::Text(link(document, id).origin())
}

pub(crate) fn username(document: &Document, id: NodeId) -> Value {
    Value::Text(link(document, id).username)
}

pub(crate) fn password(document: &Document, id: NodeId) -> Value {
    Value::Text(link(document, id).password)
}

pub(crate) fn pathname(document: &Document, id: NodeId) -> Value {
    Value::Text(link(document, id).path)
}

pub(crate) fn port(document: &Document, id: NodeId) -> Value {
    Value::Text(link(document, id).port)
}

/// k6 has no `:` behind a scheme, and nothing else without one.
pub(crate) fn protocol(document: &Document, id: NodeId) -> Value {
    let scheme = link(document, id).scheme;
    Value::Text(if scheme.is_empty() { ":".to_string() } else { scheme })
}

pub(crate) fn rel_list(document: &Document, id: NodeId) -> Value {
    let rel = attribute(document, id, "rel");
    Value::Texts(if rel.is_empty() {
        Vec::new()
    } else {
        rel.split(' ').map(String::from).collect()
    })
}
