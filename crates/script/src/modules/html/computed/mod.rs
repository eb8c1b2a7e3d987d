//! Properties of elements that are more than one attribute. `fn(document, node) -> value` each.

pub(crate) mod field;
pub(crate) mod link;
pub(crate) mod table;

use super::{
    document::{Document, Element, NodeId, NodeKind},
    property::PropertyValue as Value,
    render,
};

const HTML_NAMESPACE: &str = "http://www.w3.org/1999/xhtml";

/// DOM's numbers of the types of nodes.
fn type_number(kind: &NodeKind) -> i64 {
    match kind {
        NodeKind::Element(_) => 1,
        NodeKind::Text(_) => 3,
        NodeKind::Comment(_) => 8,
        NodeKind::Document => 9,
        NodeKind::Doctype { .. } => 10,
    }
}

fn name_of(kind: &NodeKind) -> &str {
    match kind {
        NodeKind::Element(element) => element.tag(),
        NodeKind::Text(_) => "#text",
        NodeKind::Comment(_) => "#comment",
        NodeKind::Document => "#document",
        NodeKind::Doctype { name, .. } => name,
    }
}

fn count(nodes: impl Iterator<Item = NodeId>) -> Value {
    Value::Integer(i64::try_from(nodes.count()).unwrap_or(i64::MAX))
}

fn position(id: NodeId, mut nodes: impl Iterator<Item = NodeId>) -> Value {
    Value::Integer(nodes.position(|at| at == id).and_then(|at| i64::try_from(at).ok()).unwrap_or(0))
}

fn attribute<'a>(document: &'a Document, id: NodeId, name: &str) -> &'a str {
    document.attribute(id, name).unwrap_or_default()
}

fn tagged<'a>(
    document: &'a Document,
    root: NodeId,
    tags: &'a [&str],
) -> impl Iterator<Item = NodeId> + 'a {
    let fits = |element: &Element| tags.contains(&element.tag());
    document.descendants(root).filter(move |id| document.element(*id).is_some_and(fits))
}

fn closest(document: &Document, id: NodeId, tag: &str) -> Option<NodeId> {
    document.ancestors(id).find(|at| document.is_tag(*at, tag))
}

/// The element of that id in the document of `of`.
fn by_id(document: &Document, of: NodeId, wanted: &str) -> Option<NodeId> {
    let mut all = document.descendants(document.root(of));
    all.find(|id| document.attribute(*id, "id") == Some(wanted))
}

pub(crate) fn node_name(document: &Document, id: NodeId) -> Value {
    Value::Text(name_of(&document.node(id).kind).to_string())
}

pub(crate) fn node_type(document: &Document, id: NodeId) -> Value {
    Value::Integer(type_number(&document.node(id).kind))
}

pub(crate) fn node_value(document: &Document, id: NodeId) -> Value {
    match &document.node(id).kind {
        NodeKind::Text(text) => Value::Text(text.to_string()),
        // k6 takes the text inside of a comment, which has none.
        NodeKind::Comment(_) => Value::Text(String::new()),
        _ => Value::Undefined,
    }
}

pub(crate) fn describe(document: &Document, id: NodeId) -> Value {
    Value::Text(match &document.node(id).kind {
        NodeKind::Element(_) => "[object html.Node]".to_string(),
        kind => format!("[object {}]", name_of(kind)),
    })
}

pub(crate) fn text(document: &Document, id: NodeId) -> Value {
    Value::Text(document.text(id))
}

pub(crate) fn inner_html(document: &Document, id: NodeId) -> Value {
    Value::Text(render::inner_html(document, id))
}

pub(crate) fn child_element_count(document: &Document, id: NodeId) -> Value {
    count(document.element_children(id))
}

pub(crate) fn child_nodes(document: &Document, id: NodeId) -> Value {
    Value::Nodes(document.children(id).collect())
}

pub(crate) fn children(document: &Document, id: NodeId) -> Value {
    Value::Nodes(document.element_children(id).collect())
}

pub(crate) fn first_child(document: &Document, id: NodeId) -> Value {
    Value::Node(document.first_child(id))
}

pub(crate) fn last_child(document: &Document, id: NodeId) -> Value {
    Value::Node(document.last_child(id))
}

pub(crate) fn first_element_child(document: &Document, id: NodeId) -> Value {
    Value::Node(document.element_children(id).next())
}

pub(crate) fn last_element_child(document: &Document, id: NodeId) -> Value {
    Value::Node(document.element_children(id).last())
}

pub(crate) fn next_sibling(document: &Document, id: NodeId) -> Value {
    Value::Node(document.next(id))
}

pub(crate) fn previous_sibling(document: &Document, id: NodeId) -> Value {
    Value::Node(document.previous(id))
}

pub(crate) fn next_element_sibling(document: &Document, id: NodeId) -> Value {
    Value::Node(document.following(id).find(|at| document.element(*at).is_some()))
}

pub(crate) fn previous_element_sibling(document: &Document, id: NodeId) -> Value {
    Value::Node(document.preceding(id).find(|at| document.element(*at).is_some()))
}

pub(crate) fn parent_node(document: &Document, id: NodeId) -> Value {
    Value::Node(document.parent(id))
}

pub(crate) fn parent_element(document: &Document, id: NodeId) -> Value {
    Value::Node(document.parent_element(id))
}

pub(crate) fn owner_document(document: &Document, id: NodeId) -> Value {
    Value::Node(Some(document.root(id)))
}

pub(crate) fn has_child_nodes(document: &Document, id: NodeId) -> Value {
    Value::Flag(document.first_child(id).is_some())
}

pub(crate) fn has_attributes(document: &Document, id: NodeId) -> Value {
    Value::Flag(document.element(id).is_some_and(|element| !element.attributes.is_empty()))
}

pub(crate) fn class_list(document: &Document, id: NodeId) -> Value {
    Value::Texts(
        attribute(document, id, "class").split_ascii_whitespace().map(String::from).collect(),
    )
}

pub(crate) fn class_name(document: &Document, id: NodeId) -> Value {
    optional(document, id, "class")
}

pub(crate) fn lang(document: &Document, id: NodeId) -> Value {
    optional(document, id, "lang")
}

fn optional(document: &Document, id: NodeId, name: &str) -> Value {
    document.attribute(id, name).map_or(Value::Undefined, |value| Value::Text(value.to_string()))
}

pub(crate) fn namespace_uri(document: &Document, id: NodeId) -> Value {
    let namespace = document.element(id).map_or(HTML_NAMESPACE, |element| &*element.name.ns);
    Value::Text(namespace.to_string())
}

pub(crate) fn is_default_namespace(document: &Document, id: NodeId) -> Value {
    Value::Flag(document.element(id).is_none_or(Element::is_html))
}

pub(crate) fn text_tracks(document: &Document, id: NodeId) -> Value {
    Value::Nodes(tagged(document, id, &["track"]).collect())
}

pub(crate) fn areas(document: &Document, id: NodeId) -> Value {
    Value::Nodes(tagged(document, id, &["area"]).collect())
}

/// Images and objects whose `usemap` names this map.
pub(crate) fn images(document: &Document, id: NodeId) -> Value {
    let name = format!("#{}", attribute(document, id, "name"));
    let candidates = tagged(document, document.root(id), &["img", "object"]);
    Value::Nodes(
        candidates.filter(|image| document.attribute(*image, "usemap") == Some(&name)).collect(),
    )
}
