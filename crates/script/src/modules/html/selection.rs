//! A list of nodes and the jQuery-like ways from one list to the next. No JavaScript here.

use std::{collections::HashSet, rc::Rc};

use super::{
    document::{Document, NodeId},
    parse::{ParseError, parse},
    render,
    selector::Selector,
};

/// Nodes of one document, in the order in which they were found, each once.
#[derive(Clone)]
pub(crate) struct Selection {
    pub(crate) document: Rc<Document>,
    pub(crate) nodes: Vec<NodeId>,
    /// What [`Selection::end`] returns to.
    previous: Option<Rc<Selection>>,
    /// Where the document came from; empty for a parsed string.
    pub(crate) url: Rc<str>,
}

/// What a filter looks for.
pub(crate) enum Filter {
    /// `None`: text that is no selector, fits nothing.
    Selector(Option<Selector>),
    Nodes(Selection),
}

impl Filter {
    pub(crate) fn matches(&self, document: &Document, id: NodeId) -> bool {
        match self {
            Filter::Selector(Some(selector)) => selector.matches(document, id),
            Filter::Selector(None) => false,
            Filter::Nodes(selection) => {
                let id = selection.document.translate(document, id);
                id.is_some_and(|id| selection.nodes.contains(&id))
            }
        }
    }
}

/// Which neighbours of a node a step goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Next,
    NextAll,
    Previous,
    PreviousAll,
    Parent,
    Parents,
    Siblings,
    Children,
    Contents,
}

impl Step {
    fn nodes(self, document: &Document, id: NodeId) -> Vec<NodeId> {
        let element = |at: &NodeId| document.element(*at).is_some();
        match self {
            Step::Next => document.following(id).find(element).into_iter().collect(),
            Step::NextAll => document.following(id).filter(element).collect(),
            Step::Previous => document.preceding(id).find(element).into_iter().collect(),
            Step::PreviousAll => document.preceding(id).filter(element).collect(),
            Step::Parent => document.parent_element(id).into_iter().collect(),
            Step::Parents => document.ancestors(id).filter(element).collect(),
            Step::Siblings => match document.parent(id) {
                Some(parent) => {
                    document.element_children(parent).filter(|sibling| *sibling != id).collect()
                }
                None => Vec::new(),
            },
            Step::Children => document.element_children(id).collect(),
            Step::Contents => document.children(id).collect(),
        }
    }
}

impl Selection {
    /// The document node of a freshly parsed text.
    pub(crate) fn parse(text: &str, url: &str) -> Result<Selection, ParseError> {
        let document = Rc::new(parse(text)?);
        Ok(Selection { document, nodes: vec![NodeId::DOCUMENT], previous: None, url: url.into() })
    }

    /// One node by itself, with nothing to return to.
    pub(crate) fn of_node(document: Rc<Document>, id: NodeId, url: Rc<str>) -> Selection {
        Selection { document, nodes: vec![id], previous: None, url }
    }

    /// As [`Selection::of_node`], of the same document.
    pub(crate) fn single(&self, id: NodeId) -> Selection {
        Selection::of_node(self.document.clone(), id, self.url.clone())
    }

    /// Another list that remembers this one.
    pub(crate) fn derive(&self, nodes: Vec<NodeId>) -> Selection {
        Selection::behind(&Rc::new(self.clone()), nodes)
    }

    fn behind(previous: &Rc<Selection>, nodes: Vec<NodeId>) -> Selection {
        Selection {
            document: previous.document.clone(),
            nodes,
            previous: Some(previous.clone()),
            url: previous.url.clone(),
        }
    }

    /// A list for each node; they share what they remember.
    pub(crate) fn split(&self) -> impl Iterator<Item = Selection> + '_ {
        let previous = Rc::new(self.clone());
        self.nodes.iter().map(move |id| Selection::behind(&previous, vec![*id]))
    }

    fn unique(&self, nodes: impl Iterator<Item = NodeId>) -> Selection {
        let mut seen = HashSet::new();
        self.derive(nodes.filter(|id| seen.insert(*id)).collect())
    }

    /// The list that this one was made from; empty for the first one.
    pub(crate) fn end(&self) -> Selection {
        match &self.previous {
            Some(previous) => Selection::clone(previous),
            None => self.derive(Vec::new()),
        }
    }

    pub(crate) fn first(&self) -> Option<NodeId> {
        self.nodes.first().copied()
    }

    pub(crate) fn find(&self, filter: &Filter) -> Selection {
        let document = &self.document;
        match filter {
            Filter::Selector(None) => self.derive(Vec::new()),
            Filter::Selector(Some(selector)) => {
                self.unique(self.nodes.iter().flat_map(|root| selector.below(document, *root)))
            }
            Filter::Nodes(wanted) => {
                let inside =
                    |id: &NodeId| self.nodes.iter().any(|root| document.contains(*root, *id));
                let here = |id: &NodeId| document.translate(&wanted.document, *id);
                self.unique(wanted.nodes.iter().filter_map(here).filter(inside))
            }
        }
    }

    /// The neighbours, those that pass `filter` if there is one.
    pub(crate) fn step(&self, step: Step, filter: Option<&Filter>) -> Selection {
        let found = self.nodes.iter().flat_map(|id| step.nodes(&self.document, *id));
        self.unique(
            found.filter(|id| filter.is_none_or(|filter| filter.matches(&self.document, *id))),
        )
    }

    /// As [`Selection::step`], but no further than the first node that `until` fits.
    pub(crate) fn step_until(
        &self,
        step: Step,
        until: Option<&Filter>,
        filter: Option<&Filter>,
    ) -> Selection {
        let document = &*self.document;
        let goes_on = |id: &NodeId| until.is_none_or(|until| !until.matches(document, *id));
        let found = self
            .nodes
            .iter()
            .flat_map(|id| step.nodes(document, *id).into_iter().take_while(goes_on));
        self.unique(found.filter(|id| filter.is_none_or(|filter| filter.matches(document, *id))))
    }

    pub(crate) fn filter(&self, filter: &Filter) -> Selection {
        self.derive(
            self.nodes.iter().copied().filter(|id| filter.matches(&self.document, *id)).collect(),
        )
    }

    pub(crate) fn not(&self, filter: &Filter) -> Selection {
        self.derive(
            self.nodes.iter().copied().filter(|id| !filter.matches(&self.document, *id)).collect(),
        )
    }

    pub(crate) fn is(&self, filter: &Filter) -> bool {
        self.nodes.iter().any(|id| filter.matches(&self.document, *id))
    }

    /// Those with a fitting node somewhere below them.
    pub(crate) fn has(&self, filter: &Filter) -> Selection {
        let document = &self.document;
        let has =
            |id: &NodeId| document.descendants(*id).any(|below| filter.matches(document, below));
        self.derive(self.nodes.iter().copied().filter(has).collect())
    }

    /// For each node the nearest fitting one among itself and its ancestors.
    pub(crate) fn closest(&self, filter: &Filter) -> Selection {
        let document = &self.document;
        let nearest = |id: &NodeId| {
            std::iter::once(*id)
                .chain(document.ancestors(*id))
                .find(|at| filter.matches(document, *at))
        };
        self.unique(self.nodes.iter().filter_map(nearest))
    }

    /// This list and what `filter` names: nodes, also of other documents, or a selector over the whole
    /// document.
    pub(crate) fn add(&self, filter: &Filter) -> Selection {
        let more: Vec<NodeId> = match filter {
            Filter::Selector(Some(selector)) => {
                selector.below(&self.document, NodeId::DOCUMENT).collect()
            }
            Filter::Selector(None) => Vec::new(),
            Filter::Nodes(other) => match other.nodes_in(&self.document) {
                Some(nodes) => nodes,
                None => return self.join(other),
            },
        };
        self.unique(self.nodes.iter().copied().chain(more))
    }

    /// The nodes as `document` calls them; `None` when one is not in it.
    fn nodes_in(&self, document: &Document) -> Option<Vec<NodeId>> {
        self.nodes.iter().map(|id| document.translate(&self.document, *id)).collect()
    }

    /// This list and another one with nodes of other documents.
    fn join(&self, other: &Selection) -> Selection {
        let document = Rc::new(Document::joined(&self.document, &other.document));
        let lists = [self, other].map(|list| list.nodes_in(&document).unwrap_or_default());
        let joined = Selection {
            document,
            nodes: Vec::new(),
            previous: Some(Rc::new(self.clone())),
            url: self.url.clone(),
        };
        let nodes = joined.unique(lists.into_iter().flatten()).nodes;
        Selection { nodes, ..joined }
    }

    /// Position counted from the end when negative; `None` when there is no such node.
    pub(crate) fn at(&self, index: i64) -> Option<NodeId> {
        let index = if index < 0 { index + self.count() } else { index };
        self.nodes.get(usize::try_from(index).ok()?).copied()
    }

    pub(crate) fn eq(&self, index: i64) -> Selection {
        self.derive(self.at(index).into_iter().collect())
    }

    /// From `start` up to, not including, `end`; both counted from the end when negative.
    pub(crate) fn slice(&self, start: i64, end: Option<i64>) -> Selection {
        let count = self.count();
        let place = |at: i64| if at < 0 { (at + count).max(0) } else { at.min(count) };
        let (start, end) = (place(start), place(end.unwrap_or(count)));
        let nodes = self.nodes.iter().zip(0..).filter(|(_, at)| (start..end).contains(at));
        self.derive(nodes.map(|(id, _)| *id).collect())
    }

    pub(crate) fn count(&self) -> i64 {
        i64::try_from(self.nodes.len()).unwrap_or(i64::MAX)
    }

    /// Position of the first node among its sibling elements; -1 for an empty list.
    pub(crate) fn index_among_siblings(&self) -> i64 {
        match self.first() {
            Some(first) => count(Step::PreviousAll.nodes(&self.document, first).len()),
            None => -1,
        }
    }

    /// Position in this list of the first node of `other`; -1 when it is not in it.
    pub(crate) fn index_of(&self, other: &Selection) -> i64 {
        let first = other.first().and_then(|id| self.document.translate(&other.document, id));
        let position = first.and_then(|first| self.nodes.iter().position(|id| *id == first));
        position.map_or(-1, count)
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for id in &self.nodes {
            self.document.push_text(*id, &mut text);
        }
        text
    }

    /// HTML inside the first node; empty for an empty list.
    pub(crate) fn html(&self) -> String {
        self.first().map(|first| render::inner_html(&self.document, first)).unwrap_or_default()
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.document.attribute(self.first()?, name)
    }
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
