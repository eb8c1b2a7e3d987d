//! A document's nodes back to HTML text, escaped as k6's parser library does it.

use html5ever::Attribute;

use super::document::{Document, Element, NodeId, NodeKind};

const VOID_TAGS: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "keygen", "link", "meta", "param",
    "source", "track", "wbr",
];

/// Text directly inside these is markup or code of its own and stays as it is.
const RAW_TEXT_TAGS: &[&str] =
    &["iframe", "noembed", "noframes", "noscript", "plaintext", "script", "style", "xmp"];

/// Parsers drop one line break at the start of these.
const LINE_BREAK_TAGS: &[&str] = &["pre", "listing", "textarea"];

/// The HTML of all that is inside the node.
pub(crate) fn inner_html(document: &Document, id: NodeId) -> String {
    let mut html = String::new();
    for child in document.children(id) {
        render(document, child, &mut html);
    }
    html
}

/// The HTML of the node itself.
pub(crate) fn outer_html(document: &Document, id: NodeId) -> String {
    let mut html = String::new();
    render(document, id, &mut html);
    html
}

fn render(document: &Document, root: NodeId, html: &mut String) {
    let mut at = root;
    loop {
        open(document, at, at == root, html);
        let mut next = document.first_child(at);
        while next.is_none() {
            close(document, at, html);
            if at == root {
                return;
            }
            next = document.next(at);
            if next.is_none() {
                let Some(parent) = document.parent(at) else { return };
                at = parent;
            }
        }
        match next {
            Some(next) => at = next,
            None => return,
        }
    }
}

fn open(document: &Document, id: NodeId, is_root: bool, html: &mut String) {
    match &document.node(id).kind {
        NodeKind::Document => {}
        NodeKind::Doctype { name, public_id, system_id } => {
            doctype(name, public_id, system_id, html)
        }
        NodeKind::Comment(text) => {
            html.push_str("<!--");
            html.push_str(text);
            html.push_str("-->");
        }
        NodeKind::Text(text) => {
            let parent = document
                .parent(id)
                .filter(|_| !is_root)
                .and_then(|parent| document.element(parent));
            if parent.is_some_and(|parent| RAW_TEXT_TAGS.contains(&parent.tag())) {
                html.push_str(text);
            } else {
                escape(text, html);
            }
        }
        NodeKind::Element(element) => start_tag(document, id, element, html),
    }
}

fn start_tag(document: &Document, id: NodeId, element: &Element, html: &mut String) {
    html.push('<');
    html.push_str(element.tag());
    for attribute in &element.attributes {
        html.push(' ');
        qualified_name(attribute, html);
        html.push_str("=\"");
        escape(&attribute.value, html);
        html.push('"');
    }
    html.push_str(if VOID_TAGS.contains(&element.tag()) { "/>" } else { ">" });
    if LINE_BREAK_TAGS.contains(&element.tag())
        && let Some(first) = document.first_child(id)
        && let NodeKind::Text(text) = &document.node(first).kind
        && text.starts_with('\n')
    {
        html.push('\n');
    }
}

fn qualified_name(attribute: &Attribute, html: &mut String) {
    if let Some(prefix) = &attribute.name.prefix
        && !prefix.is_empty()
    {
        html.push_str(prefix);
        html.push(':');
    }
    html.push_str(&attribute.name.local);
}

fn close(document: &Document, id: NodeId, html: &mut String) {
    if let Some(element) = document.element(id)
        && !VOID_TAGS.contains(&element.tag())
    {
        html.push_str("</");
        html.push_str(element.tag());
        html.push('>');
    }
}

fn doctype(name: &str, public_id: &str, system_id: &str, html: &mut String) {
    html.push_str("<!DOCTYPE ");
    html.push_str(name);
    if !public_id.is_empty() {
        html.push_str(" PUBLIC \"");
        html.push_str(public_id);
        html.push('"');
        if !system_id.is_empty() {
            html.push_str(" \"");
            html.push_str(system_id);
            html.push('"');
        }
    } else if !system_id.is_empty() {
        html.push_str(" SYSTEM \"");
        html.push_str(system_id);
        html.push('"');
    }
    html.push('>');
}

fn escape(text: &str, html: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'', '\r']) {
        let (before, from) = rest.split_at(at);
        html.push_str(before);
        html.push_str(match from.as_bytes().first() {
            Some(b'&') => "&amp;",
            Some(b'<') => "&lt;",
            Some(b'>') => "&gt;",
            Some(b'"') => "&#34;",
            Some(b'\'') => "&#39;",
            _ => "&#13;",
        });
        rest = from.get(1..).unwrap_or_default();
    }
    html.push_str(rest);
}
