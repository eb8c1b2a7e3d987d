//! Properties of elements that are more than one attribute. `fn(document, node) -> value` each.

use super::{
    document::{Document, Element, NodeId, NodeKind},
    form,
    links::Link,
    property::PropertyValue as Value,
    render,
};

pub(crate) const DEFAULT_ENCODING: &str = "application/x-www-form-urlencoded";

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

fn by_id(document: &Document, wanted: &str) -> Option<NodeId> {
    document.descendants(NodeId::DOCUMENT).find(|id| document.attribute(*id, "id") == Some(wanted))
}

// Every node.

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

pub(crate) fn owner_document(_: &Document, _: NodeId) -> Value {
    Value::Node(Some(NodeId::DOCUMENT))
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

// Links.

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

// Forms and their fields.

/// The form around the field or, without one, what its `form` attribute names: k6's order.
fn owning_form(document: &Document, id: NodeId) -> Option<NodeId> {
    let named = || by_id(document, document.attribute(id, "form")?);
    closest(document, id, "form").or_else(named)
}

/// The field's own attribute, else the one of its form.
fn form_attribute<'a>(document: &'a Document, id: NodeId, own: &str, of_form: &str) -> &'a str {
    match document.attribute(id, own) {
        Some(value) => value,
        None => owning_form(document, id)
            .map(|form| attribute(document, form, of_form))
            .unwrap_or_default(),
    }
}

pub(crate) fn form(document: &Document, id: NodeId) -> Value {
    Value::Node(owning_form(document, id))
}

pub(crate) fn form_action(document: &Document, id: NodeId) -> Value {
    Value::Text(form_attribute(document, id, "formaction", "action").to_string())
}

pub(crate) fn form_encoding(document: &Document, id: NodeId) -> Value {
    let encoding = form_attribute(document, id, "formenctype", "enctype");
    let known = matches!(encoding, "multipart/form-data" | "text/plain");
    Value::Text(if known { encoding } else { DEFAULT_ENCODING }.to_string())
}

pub(crate) fn form_method(document: &Document, id: NodeId) -> Value {
    let method = form_attribute(document, id, "formmethod", "method");
    Value::Text(if method.eq_ignore_ascii_case("post") { "post" } else { "get" }.to_string())
}

pub(crate) fn form_target(document: &Document, id: NodeId) -> Value {
    Value::Text(form_attribute(document, id, "formtarget", "target").to_string())
}

pub(crate) fn form_no_validate(document: &Document, id: NodeId) -> Value {
    let of_form = |form| document.attribute(form, "novalidate").is_some();
    let own = document.attribute(id, "formnovalidate").is_some();
    Value::Flag(own || owning_form(document, id).is_some_and(of_form))
}

const FIELD_TAGS: &[&str] = &["input", "select", "button", "textarea", "fieldset"];

pub(crate) fn elements(document: &Document, id: NodeId) -> Value {
    Value::Nodes(tagged(document, id, FIELD_TAGS).collect())
}

pub(crate) fn elements_count(document: &Document, id: NodeId) -> Value {
    count(tagged(document, id, FIELD_TAGS))
}

/// The label around the field, then those that name its id.
pub(crate) fn labels(document: &Document, id: NodeId) -> Value {
    let around = closest(document, id, "label");
    let mut labels: Vec<NodeId> = around.into_iter().collect();
    if let Some(name) = document.attribute(id, "id") {
        let named = tagged(document, NodeId::DOCUMENT, &["label"]);
        labels.extend(named.filter(|label| {
            document.attribute(*label, "for") == Some(name) && Some(*label) != around
        }));
    }
    Value::Nodes(labels)
}

/// What `for` names; k6 does not look inside of the label.
pub(crate) fn control(document: &Document, id: NodeId) -> Value {
    Value::Node(document.attribute(id, "for").and_then(|name| by_id(document, name)))
}

pub(crate) fn list(document: &Document, id: NodeId) -> Value {
    let named = document.attribute(id, "list").and_then(|name| by_id(document, name));
    Value::Node(named.filter(|id| document.is_tag(*id, "datalist")))
}

pub(crate) fn button_value(document: &Document, id: NodeId) -> Value {
    match document.attribute(id, "value") {
        Some(value) => Value::Text(value.to_string()),
        None => inner_html(document, id),
    }
}

/// In bytes.
pub(crate) fn value_length(document: &Document, id: NodeId) -> Value {
    Value::Integer(i64::try_from(attribute(document, id, "value").len()).unwrap_or(i64::MAX))
}

pub(crate) fn options(document: &Document, id: NodeId) -> Value {
    Value::Nodes(tagged(document, id, &["option"]).collect())
}

pub(crate) fn options_count(document: &Document, id: NodeId) -> Value {
    count(tagged(document, id, &["option"]))
}

pub(crate) fn selected_options(document: &Document, id: NodeId) -> Value {
    Value::Nodes(form::selected_options(document, id).collect())
}

pub(crate) fn selected_index(document: &Document, id: NodeId) -> Value {
    match form::selected_options(document, id).next() {
        Some(selected) => position(selected, tagged(document, id, &["option"])),
        None => Value::Integer(-1),
    }
}

pub(crate) fn select_value(document: &Document, id: NodeId) -> Value {
    match form::selected_options(document, id).next() {
        Some(selected) => option_value(document, selected),
        None => Value::Text(String::new()),
    }
}

/// k6 knows the defaults only.
pub(crate) fn select_size(document: &Document, id: NodeId) -> Value {
    Value::Integer(if document.attribute(id, "multiple").is_some() { 4 } else { 1 })
}

pub(crate) fn select_type(document: &Document, id: NodeId) -> Value {
    let multiple = document.attribute(id, "multiple").is_some();
    Value::Text(if multiple { "select-multiple" } else { "select" }.to_string())
}

pub(crate) fn option_disabled(document: &Document, id: NodeId) -> Value {
    let group = closest(document, id, "optgroup");
    let disabled = |id| document.attribute(id, "disabled").is_some();
    Value::Flag(disabled(id) || group.is_some_and(disabled))
}

pub(crate) fn option_index(document: &Document, id: NodeId) -> Value {
    let list = closest(document, id, "select").or_else(|| closest(document, id, "datalist"));
    match list {
        Some(list) => position(id, tagged(document, list, &["option"])),
        None => Value::Integer(0),
    }
}

pub(crate) fn option_label(document: &Document, id: NodeId) -> Value {
    match document.attribute(id, "label") {
        Some(label) => Value::Text(label.to_string()),
        None => text(document, id),
    }
}

pub(crate) fn option_value(document: &Document, id: NodeId) -> Value {
    match document.attribute(id, "value") {
        Some(value) => Value::Text(value.to_string()),
        None => text(document, id),
    }
}

fn number(document: &Document, id: NodeId, name: &str) -> Option<f64> {
    document
        .attribute(id, name)?
        .parse()
        .ok()
        .filter(|number: &f64| number.is_nan() || *number >= 0.0)
}

pub(crate) fn progress_max(document: &Document, id: NodeId) -> Value {
    Value::Float(number(document, id, "max").unwrap_or(1.0))
}

fn progress(document: &Document, id: NodeId) -> Option<f64> {
    let value = number(document, id, "value")?;
    Some(value / number(document, id, "max").unwrap_or(1.0))
}

pub(crate) fn progress_position(document: &Document, id: NodeId) -> Value {
    Value::Float(progress(document, id).unwrap_or(-1.0))
}

/// A share of the maximum, as in k6, not the attribute.
pub(crate) fn progress_value(document: &Document, id: NodeId) -> Value {
    Value::Float(progress(document, id).unwrap_or(0.0))
}

// Tables.

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

// Others.

pub(crate) fn text_tracks(document: &Document, id: NodeId) -> Value {
    Value::Nodes(tagged(document, id, &["track"]).collect())
}

pub(crate) fn areas(document: &Document, id: NodeId) -> Value {
    Value::Nodes(tagged(document, id, &["area"]).collect())
}

/// Images and objects whose `usemap` names this map.
pub(crate) fn images(document: &Document, id: NodeId) -> Value {
    let name = format!("#{}", attribute(document, id, "name"));
    let candidates = tagged(document, NodeId::DOCUMENT, &["img", "object"]);
    Value::Nodes(
        candidates.filter(|image| document.attribute(*image, "usemap") == Some(&name)).collect(),
    )
}
