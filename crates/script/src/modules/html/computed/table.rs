//! Tables, their rows and cells.

use super::{Value, attribute, closest, position, tagged};
use crate::modules::html::document::{Document, NodeId};

pub(crate) fn caption(document: &Document, id: NodeId) -> Value {
    child(document, id, "caption")
}

pub(crate) fn head(document: &Document, id: NodeId) -> Value {
    child(document, id, "thead")
}

pub(crate) fn foot(document: &Document, id: NodeId) -> Value {
    child(document, id, "tfoot")
}

fn child(document: &Document, id: NodeId, tag: &str) -> Value {
    Value::Node(document.children(id).find(|child| document.is_tag(*child, tag)))
}

pub(crate) fn bodies(document: &Document, id: NodeId) -> Value {
    Value::Nodes(document.children(id).filter(|child| document.is_tag(*child, "tbody")).collect())
}

pub(crate) fn rows(document: &Document, id: NodeId) -> Value {
    Value::Nodes(tagged(document, id, &["tr"]).collect())
}

pub(crate) fn cells(document: &Document, id: NodeId) -> Value {
    Value::Nodes(cells_of(document, id).collect())
}

fn cells_of(document: &Document, row: NodeId) -> impl Iterator<Item = NodeId> + '_ {
    document.children(row).filter(|id| document.is_tag(*id, "td") || document.is_tag(*id, "th"))
}

pub(crate) fn cell_index(document: &Document, id: NodeId) -> Value {
    document.parent(id).map_or(Value::Integer(0), |row| position(id, cells_of(document, row)))
}

pub(crate) fn row_index(document: &Document, id: NodeId) -> Value {
    let table = closest(document, id, "table");
    table.map_or(Value::Integer(0), |table| position(id, tagged(document, table, &["tr"])))
}

pub(crate) fn section_row_index(document: &Document, id: NodeId) -> Value {
    let section = document.parent(id);
    section.map_or(Value::Integer(0), |section| position(id, tagged(document, section, &["tr"])))
}

/// At least one.
pub(crate) fn span(document: &Document, id: NodeId) -> Value {
    Value::Integer(
        attribute(document, id, "span").parse().ok().filter(|span| *span > 0).unwrap_or(1),
    )
}
