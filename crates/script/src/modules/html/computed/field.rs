//! Forms and their fields.

use super::{Value, attribute, by_id, closest, count, inner_html, position, tagged, text};
use crate::modules::html::{
    document::{Document, NodeId},
    form,
};

/// How forms are sent unless they say otherwise.
pub(crate) const DEFAULT_ENCODING: &str = "application/x-www-form-urlencoded";

/// The form around the field or, without one, what its `form` attribute names: k6's order.
fn owning_form(document: &Document, id: NodeId) -> Option<NodeId> {
    let named = || by_id(document, id, document.attribute(id, "form")?);
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
        let named = tagged(document, document.root(id), &["label"]);
        labels.extend(named.filter(|label| {
            document.attribute(*label, "for") == Some(name) && Some(*label) != around
        }));
    }
    Value::Nodes(labels)
}

/// What `for` names; k6 does not look inside of the label.
pub(crate) fn control(document: &Document, id: NodeId) -> Value {
    Value::Node(document.attribute(id, "for").and_then(|name| by_id(document, id, name)))
}

pub(crate) fn list(document: &Document, id: NodeId) -> Value {
    let named = document.attribute(id, "list").and_then(|name| by_id(document, id, name));
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
