//! Values of form fields, and forms as a browser would send them.

use super::{
    document::{Document, NodeId},
    render,
    selection::Selection,
};

/// A field's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FieldValue {
    One(String),
    /// Of a `<select multiple>`.
    Many(Vec<String>),
}

/// Value of a form field or option; `None` for any other node.
pub(crate) fn value(document: &Document, id: NodeId) -> Option<FieldValue> {
    let element = document.element(id)?;
    Some(match element.tag() {
        "input" | "button" => {
            FieldValue::One(match (element.attribute("value"), element.attribute("type")) {
                (Some(value), _) => value.to_string(),
                (None, Some("checkbox" | "radio")) => "on".to_string(),
                (None, _) => String::new(),
            })
        }
        "textarea" => FieldValue::One(render::inner_html(document, id)),
        "option" => FieldValue::One(option_value(document, id)),
        "select" => {
            let mut selected =
                selected_options(document, id).map(|option| option_value(document, option));
            if element.attribute("multiple").is_some() {
                FieldValue::Many(selected.collect())
            } else {
                FieldValue::One(selected.next().unwrap_or_default())
            }
        }
        _ => return None,
    })
}

/// The `value` attribute, else what is inside.
pub(crate) fn option_value(document: &Document, id: NodeId) -> String {
    match document.attribute(id, "value") {
        Some(value) => value.to_string(),
        None => render::inner_html(document, id),
    }
}

pub(crate) fn selected_options(
    document: &Document,
    select: NodeId,
) -> impl Iterator<Item = NodeId> + '_ {
    let below = document.descendants(select).filter(|id| document.is_tag(*id, "option"));
    below.filter(|id| document.attribute(*id, "selected").is_some())
}

/// Names and values of the fields in the list or, when there are forms in it, of the forms' fields.
pub(crate) fn fields(selection: &Selection) -> Vec<(String, FieldValue)> {
    let document = &selection.document;
    let forms: Vec<NodeId> =
        selection.nodes.iter().copied().filter(|id| document.is_tag(*id, "form")).collect();
    if forms.is_empty() {
        return selection.nodes.iter().filter_map(|id| field(document, *id)).collect();
    }
    let below = forms.into_iter().flat_map(|form| document.descendants(form));
    below.filter_map(|id| field(document, id)).collect()
}

fn field(document: &Document, id: NodeId) -> Option<(String, FieldValue)> {
    let element = document.element(id)?;
    let name = element.attribute("name").filter(|name| !name.is_empty())?;
    // k6 compares these attributes to the letter: `disabled` alone does not count.
    let is_sent = match element.tag() {
        _ if element.attribute("disabled") == Some("disabled") => false,
        "select" | "textarea" => true,
        "input" => match element.attribute("type") {
            Some("submit" | "button" | "reset" | "image" | "file") => false,
            Some("checkbox" | "radio") => element.attribute("checked") == Some("checked"),
            _ => true,
        },
        _ => false,
    };
    if !is_sent {
        return None;
    }
    Some((name.to_string(), value(document, id)?))
}

/// Fields by name, the last of a name; sorted by name.
pub(crate) fn fields_by_name(
    selection: &Selection,
) -> std::collections::BTreeMap<String, FieldValue> {
    fields(selection).into_iter().collect()
}

/// As `application/x-www-form-urlencoded`, sorted by name.
pub(crate) fn url_encoded(selection: &Selection) -> String {
    let mut text = String::new();
    for (name, value) in fields_by_name(selection) {
        let values = match value {
            FieldValue::One(value) => vec![value],
            FieldValue::Many(values) => values,
        };
        for value in values {
            if !text.is_empty() {
                text.push('&');
            }
            push_encoded(&name, &mut text);
            text.push('=');
            push_encoded(&value, &mut text);
        }
    }
    text
}

fn push_encoded(value: &str, text: &mut String) {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const ENCODED: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    for (index, part) in value.split(' ').enumerate() {
        if index > 0 {
            text.push('+');
        }
        text.extend(utf8_percent_encode(part, ENCODED));
    }
}
