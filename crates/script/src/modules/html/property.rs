//! What elements tell about themselves: one reader per property, the same for all of its kind.

use super::document::{Document, Element, NodeId};

/// What a property may be; turned to JavaScript at the border.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PropertyValue {
    Undefined,
    Text(String),
    Flag(bool),
    Integer(i64),
    Float(f64),
    Texts(Vec<String>),
    Node(Option<NodeId>),
    Nodes(Vec<NodeId>),
}

/// How a property is read.
#[derive(Clone, Copy)]
pub(crate) enum Reader {
    /// An attribute, empty when missing.
    Text(&'static str),
    /// An attribute with a default.
    TextOr(&'static str, &'static str),
    /// Whether the attribute is there, whatever its value.
    Flag(&'static str),
    /// A whole number with a default for anything else.
    Integer(&'static str, i64),
    /// One of the listed values, else the default.
    Choice(&'static str, &'static [&'static str], Option<&'static str>),
    Computed(fn(&Document, NodeId) -> PropertyValue),
}

/// A getter method of an element.
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) reader: Reader,
}

impl Reader {
    pub(crate) fn read(self, document: &Document, id: NodeId) -> PropertyValue {
        let attribute =
            |name| document.element(id).and_then(|element: &Element| element.attribute(name));
        match self {
            Reader::Text(name) => {
                PropertyValue::Text(attribute(name).unwrap_or_default().to_string())
            }
            Reader::TextOr(name, default) => {
                PropertyValue::Text(attribute(name).unwrap_or(default).to_string())
            }
            Reader::Flag(name) => PropertyValue::Flag(attribute(name).is_some()),
            Reader::Integer(name, default) => PropertyValue::Integer(
                attribute(name).and_then(|value| value.parse().ok()).unwrap_or(default),
            ),
            Reader::Choice(name, choices, default) => {
                let known = attribute(name)
                    .and_then(|value| choices.iter().copied().find(|choice| *choice == value));
                known.or(default).map_or(PropertyValue::Undefined, |value| {
                    PropertyValue::Text(value.to_string())
                })
            }
            Reader::Computed(read) => read(document, id),
        }
    }
}
