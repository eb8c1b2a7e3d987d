//! Whether a node fits a selector.

use super::{Chain, Combinator, Compound, Nth, Operation, Selector, Test};
use crate::modules::html::document::{Document, Element, NodeId, NodeKind};

impl Selector {
    pub(crate) fn matches(&self, document: &Document, id: NodeId) -> bool {
        self.0.iter().any(|chain| chain.matches(document, id))
    }

    /// Matching nodes below `root`, in document order.
    pub(crate) fn below<'a>(
        &'a self,
        document: &'a Document,
        root: NodeId,
    ) -> impl Iterator<Item = NodeId> + 'a {
        document.descendants(root).filter(|id| self.matches(document, *id))
    }
}

impl Chain {
    fn matches(&self, document: &Document, id: NodeId) -> bool {
        self.subject.matches(document, id)
            && matches_before(&self.before, document, id) == Verdict::Match
    }
}

/// What one node says of the rest of a chain: without the kinds of no, each combinator would try
/// every node for every node, and a long selector would take forever.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Match,
    /// Another sibling or ancestor may do.
    NotHere,
    /// No sibling before will do either, an ancestor may.
    NotAmongSiblings,
    /// Nothing before or above will do.
    Nowhere,
}

/// Recursion is as deep as the selector is long, which its parser limits.
fn matches_before(before: &[(Combinator, Compound)], document: &Document, id: NodeId) -> Verdict {
    let Some(((combinator, compound), rest)) = before.split_first() else { return Verdict::Match };
    let fits = |at: NodeId| match compound.matches(document, at) {
        true => matches_before(rest, document, at),
        false => Verdict::NotHere,
    };
    let is_element = |at: &NodeId| document.element(*at).is_some();
    match combinator {
        Combinator::Descendant => {
            for at in document.ancestors(id) {
                let verdict = fits(at);
                if matches!(verdict, Verdict::Match | Verdict::Nowhere) {
                    return verdict;
                }
            }
            Verdict::Nowhere
        }
        Combinator::Child => match document.parent(id).map(fits) {
            Some(Verdict::Match) => Verdict::Match,
            Some(Verdict::NotHere | Verdict::NotAmongSiblings) => Verdict::NotAmongSiblings,
            Some(Verdict::Nowhere) | None => Verdict::Nowhere,
        },
        Combinator::NextSibling => {
            let nearest = document.preceding(id).find(is_element);
            nearest.map_or(Verdict::NotAmongSiblings, fits)
        }
        Combinator::LaterSibling => {
            for at in document.preceding(id) {
                let verdict = fits(at);
                if verdict != Verdict::NotHere {
                    return verdict;
                }
            }
            Verdict::NotAmongSiblings
        }
    }
}

impl Compound {
    fn matches(&self, document: &Document, id: NodeId) -> bool {
        match self.0.as_slice() {
            [] => document.element(id).is_some(),
            tests => tests.iter().all(|test| test.matches(document, id)),
        }
    }
}

impl Test {
    fn matches(&self, document: &Document, id: NodeId) -> bool {
        // These also find texts, as in k6.
        match self {
            Test::Lang(lang) => return has_lang(document, id, lang),
            Test::Contains { text, own: false } => {
                return document.text(id).to_lowercase().contains(text);
            }
            Test::Matches { pattern, own: false } => return pattern.is_match(&document.text(id)),
            _ => {}
        }
        let Some(element) = document.element(id) else { return false };
        match self {
            Test::Tag(tag) => element.tag() == tag,
            Test::Id(value) => element.attribute("id") == Some(value),
            Test::Class(class) => element
                .attribute("class")
                .is_some_and(|all| all.split_ascii_whitespace().any(|c| c == class)),
            Test::Attribute { name, operation, ignore_case } => {
                operation.matches(element.attribute(name), *ignore_case)
            }
            Test::Not(selector) => !selector.matches(document, id),
            Test::Has(selector) => selector.below(document, id).next().is_some(),
            Test::HasChild(selector) => {
                document.children(id).any(|child| selector.matches(document, child))
            }
            Test::Contains { text, .. } => own_text(document, id).to_lowercase().contains(text),
            Test::Matches { pattern, .. } => pattern.is_match(&own_text(document, id)),
            Test::Nth(nth) => nth.matches(document, id),
            Test::OnlyChild { of_type } => is_only_child(document, id, *of_type),
            Test::Input => matches!(element.tag(), "input" | "select" | "textarea" | "button"),
            Test::Empty => document.children(id).all(|child| is_blank(document, child)),
            Test::Root => document.parent_element(id).is_none(),
            Test::Link => is_link(element),
            Test::Enabled => {
                is_link(element)
                    || is_control(element.tag()) && element.attribute("disabled").is_none()
            }
            Test::Disabled => is_control(element.tag()) && element.attribute("disabled").is_some(),
            Test::Checked => match element.tag() {
                "input" => {
                    matches!(element.attribute("type"), Some("checkbox" | "radio"))
                        && element.attribute("checked").is_some()
                }
                "option" => element.attribute("selected").is_some(),
                _ => false,
            },
            Test::Never | Test::Lang(_) => false,
        }
    }
}

impl Operation {
    fn matches(&self, value: Option<&str>, ignore_case: bool) -> bool {
        let Some(value) = value else { return matches!(self, Operation::Differs(_)) };
        let folded;
        let value = if ignore_case {
            folded = value.to_lowercase();
            &folded
        } else {
            value
        };
        match self {
            Operation::Exists => true,
            Operation::Equals(wanted) => value == wanted,
            Operation::Differs(other) => value != other,
            Operation::Word(word) => value.split_ascii_whitespace().any(|part| part == word),
            Operation::Dash(wanted) => value
                .strip_prefix(wanted.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('-')),
            Operation::Prefix(part) => value.starts_with(part.as_str()),
            Operation::Suffix(part) => value.ends_with(part.as_str()),
            Operation::Substring(part) => value.contains(part.as_str()),
            Operation::Pattern(pattern) => pattern.is_match(value),
        }
    }
}

impl Nth {
    fn matches(self, document: &Document, id: NodeId) -> bool {
        let tag = document.element(id).map(|element| &element.name);
        let counts = |at: &NodeId| {
            document.element(*at).is_some_and(|element| !self.of_type || Some(&element.name) == tag)
        };
        // Without a growing step no position behind the offset fits: no need to count further, or
        // `:first-child` would take time that grows with the square of a list.
        let limit =
            if self.step > 0 { usize::MAX } else { usize::try_from(self.offset).unwrap_or(0) };
        let before = if self.from_end {
            document.following(id).filter(counts).take(limit).count()
        } else {
            document.preceding(id).filter(counts).take(limit).count()
        };
        let position = i64::try_from(before).unwrap_or(i64::MAX - 1) + 1;
        let distance = position - self.offset;
        match self.step {
            0 => distance == 0,
            step => distance % step == 0 && distance / step >= 0,
        }
    }
}

fn is_only_child(document: &Document, id: NodeId, of_type: bool) -> bool {
    let tag = document.element(id).map(|element| &element.name);
    document
        .preceding(id)
        .chain(document.following(id))
        .filter_map(|sibling| document.element(sibling))
        .all(|sibling| of_type && Some(&sibling.name) != tag)
}

fn is_link(element: &Element) -> bool {
    matches!(element.tag(), "a" | "area" | "link") && element.attribute("href").is_some()
}

fn is_control(tag: &str) -> bool {
    matches!(
        tag,
        "optgroup"
            | "option"
            | "menuitem"
            | "fieldset"
            | "button"
            | "input"
            | "select"
            | "textarea"
    )
}

fn is_blank(document: &Document, id: NodeId) -> bool {
    match &document.node(id).kind {
        NodeKind::Element(_) => false,
        NodeKind::Text(text) => text.trim().is_empty(),
        NodeKind::Document | NodeKind::Doctype { .. } | NodeKind::Comment(_) => true,
    }
}

/// By the nearest `lang` attribute, of texts too.
fn has_lang(document: &Document, id: NodeId, lang: &str) -> bool {
    std::iter::once(id)
        .chain(document.ancestors(id))
        .filter_map(|at| document.attribute(at, "lang"))
        .any(|value| {
            value.strip_prefix(lang).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        })
}

/// The text directly inside a node, without that of its child elements.
fn own_text(document: &Document, id: NodeId) -> String {
    let mut text = String::new();
    for child in document.children(id) {
        if let NodeKind::Text(part) = &document.node(child).kind {
            text.push_str(part);
        }
    }
    text
}
