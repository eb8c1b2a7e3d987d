//! A parsed HTML document: one arena of nodes, linked by index.
//!
//! Every walk is a loop over links, never a recursion: scripts run on small stacks, and the depth
//! of a document is its author's choice.

use std::rc::Rc;

use html5ever::{Attribute, QualName, ns, tendril::StrTendril};

/// Names a node within its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NodeId(u32);

impl NodeId {
    /// The document node, parent of everything.
    pub(crate) const DOCUMENT: NodeId = NodeId(0);

    fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a node is.
#[derive(Clone)]
pub(crate) enum NodeKind {
    Document,
    Doctype { name: StrTendril, public_id: StrTendril, system_id: StrTendril },
    Text(StrTendril),
    Comment(StrTendril),
    Element(Element),
}

#[derive(Clone)]
pub(crate) struct Element {
    pub(crate) name: QualName,
    /// In source order, names unique.
    pub(crate) attributes: Vec<Attribute>,
}

impl Element {
    /// Tag name; lower case, but for SVG's mixed-case names.
    pub(crate) fn tag(&self) -> &str {
        &self.name.local
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|a| &*a.name.local == name).map(|a| &*a.value)
    }

    /// Whether in the HTML namespace, as opposed to SVG and MathML.
    pub(crate) fn is_html(&self) -> bool {
        self.name.ns == ns!(html)
    }
}

#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    parent: Option<NodeId>,
    previous: Option<NodeId>,
    next: Option<NodeId>,
    first_child: Option<NodeId>,
    last_child: Option<NodeId>,
    /// Of the document node 0; exact but for nodes that the parser moved together with others.
    depth: u32,
}

/// The arena. Node ids are meant for their own document.
pub(crate) struct Document {
    nodes: Vec<Node>,
    /// The parsed documents that this one was joined from, with the place of each one's first node.
    parts: Vec<(Rc<Document>, u32)>,
}

impl Document {
    /// With the document node only.
    pub(crate) fn empty() -> Document {
        let mut document = Document { nodes: Vec::new(), parts: Vec::new() };
        document.create(NodeKind::Document);
        document
    }

    /// All parsed documents of both, each once, so that one list can have nodes of all of them. The
    /// ids of `first` stay.
    pub(crate) fn joined(first: &Rc<Document>, second: &Rc<Document>) -> Document {
        let mut joined = Document { nodes: Vec::new(), parts: Vec::new() };
        for document in [first, second] {
            if document.parts.is_empty() {
                joined.take(document);
            }
            document.parts.iter().for_each(|(part, _)| joined.take(part));
        }
        joined
    }

    fn take(&mut self, part: &Rc<Document>) {
        if self.parts.iter().any(|(known, _)| Rc::ptr_eq(known, part)) {
            return;
        }
        let base = u32::try_from(self.nodes.len()).expect("fewer nodes than bytes of memory");
        let moved = |id: &mut Option<NodeId>| *id = id.map(|id| NodeId(id.0 + base));
        self.nodes.extend(part.nodes.iter().cloned().map(|mut node| {
            for link in [
                &mut node.parent,
                &mut node.previous,
                &mut node.next,
                &mut node.first_child,
                &mut node.last_child,
            ] {
                moved(link);
            }
            node
        }));
        self.parts.push((Rc::clone(part), base));
    }

    /// The id here of the node that `other` calls `id`; `None` when it is not in this document.
    pub(crate) fn translate(&self, other: &Document, id: NodeId) -> Option<NodeId> {
        if std::ptr::eq(self, other) {
            return Some(id);
        }
        let holder = other.parts.iter().rev().find(|(_, base)| *base <= id.0);
        let (part, id) = match holder {
            Some((part, base)) => (&**part, NodeId(id.0 - base)),
            None => (other, id),
        };
        if std::ptr::eq(self, part) {
            return Some(id);
        }
        let (_, base) = self.parts.iter().find(|(known, _)| std::ptr::eq(&**known, part))?;
        Some(NodeId(id.0 + base))
    }

    /// The document node above `id`.
    pub(crate) fn root(&self, id: NodeId) -> NodeId {
        self.ancestors(id).last().unwrap_or(id)
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id.index()]
    }

    pub(crate) fn kind_mut(&mut self, id: NodeId) -> &mut NodeKind {
        &mut self.node_mut(id).kind
    }

    /// A node without parent.
    pub(crate) fn create(&mut self, kind: NodeKind) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).expect("fewer nodes than bytes of input"));
        self.nodes.push(Node {
            kind,
            parent: None,
            previous: None,
            next: None,
            first_child: None,
            last_child: None,
            depth: 0,
        });
        id
    }

    pub(crate) fn element(&self, id: NodeId) -> Option<&Element> {
        match &self.node(id).kind {
            NodeKind::Element(element) => Some(element),
            _ => None,
        }
    }

    pub(crate) fn attribute(&self, id: NodeId, name: &str) -> Option<&str> {
        self.element(id)?.attribute(name)
    }

    /// Whether an element of that tag, in any namespace.
    pub(crate) fn is_tag(&self, id: NodeId, tag: &str) -> bool {
        self.element(id).is_some_and(|element| element.tag() == tag)
    }

    pub(crate) fn parent(&self, id: NodeId) -> Option<NodeId> {
        self.node(id).parent
    }

    /// The parent if it is an element.
    pub(crate) fn parent_element(&self, id: NodeId) -> Option<NodeId> {
        self.parent(id).filter(|parent| self.element(*parent).is_some())
    }

    pub(crate) fn first_child(&self, id: NodeId) -> Option<NodeId> {
        self.node(id).first_child
    }

    pub(crate) fn last_child(&self, id: NodeId) -> Option<NodeId> {
        self.node(id).last_child
    }

    pub(crate) fn next(&self, id: NodeId) -> Option<NodeId> {
        self.node(id).next
    }

    pub(crate) fn previous(&self, id: NodeId) -> Option<NodeId> {
        self.node(id).previous
    }

    pub(crate) fn depth(&self, id: NodeId) -> u32 {
        self.node(id).depth
    }

    pub(crate) fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(self.first_child(id), |child| self.next(*child))
    }

    pub(crate) fn element_children(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.children(id).filter(|child| self.element(*child).is_some())
    }

    /// Following siblings, nearest first.
    pub(crate) fn following(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(self.next(id), |node| self.next(*node))
    }

    /// Preceding siblings, nearest first.
    pub(crate) fn preceding(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(self.previous(id), |node| self.previous(*node))
    }

    /// Parent, its parent, and so on up to the document node.
    pub(crate) fn ancestors(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(self.parent(id), |node| self.parent(*node))
    }

    /// All nodes below `root` in document order, without `root`.
    pub(crate) fn descendants(&self, root: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(self.first_child(root), move |node| self.after(*node, root))
    }

    fn after(&self, node: NodeId, root: NodeId) -> Option<NodeId> {
        if let Some(child) = self.first_child(node) {
            return Some(child);
        }
        let mut at = node;
        loop {
            if let Some(next) = self.next(at) {
                return Some(next);
            }
            at = self.parent(at).filter(|parent| *parent != root)?;
        }
    }

    /// Whether `node` lies strictly below `ancestor`.
    pub(crate) fn contains(&self, ancestor: NodeId, node: NodeId) -> bool {
        self.ancestors(node).any(|above| above == ancestor)
    }

    /// The text of the node and of all below it, in document order.
    pub(crate) fn text(&self, id: NodeId) -> String {
        let mut text = String::new();
        self.push_text(id, &mut text);
        text
    }

    pub(crate) fn push_text(&self, id: NodeId, text: &mut String) {
        for node in std::iter::once(id).chain(self.descendants(id)) {
            if let NodeKind::Text(part) = &self.node(node).kind {
                text.push_str(part);
            }
        }
    }

    pub(crate) fn detach(&mut self, id: NodeId) {
        let Node { parent, previous, next, .. } = *self.node(id);
        let Some(parent) = parent else { return };
        match previous {
            Some(previous) => self.node_mut(previous).next = next,
            None => self.node_mut(parent).first_child = next,
        }
        match next {
            Some(next) => self.node_mut(next).previous = previous,
            None => self.node_mut(parent).last_child = previous,
        }
        let node = self.node_mut(id);
        (node.parent, node.previous, node.next) = (None, None, None);
    }

    pub(crate) fn append(&mut self, parent: NodeId, child: NodeId) {
        self.detach(child);
        let last = self.node(parent).last_child;
        let depth = self.node(parent).depth + 1;
        let node = self.node_mut(child);
        (node.parent, node.previous, node.depth) = (Some(parent), last, depth);
        match last {
            Some(last) => self.node_mut(last).next = Some(child),
            None => self.node_mut(parent).first_child = Some(child),
        }
        self.node_mut(parent).last_child = Some(child);
    }

    /// Nothing happens when `sibling` has no parent.
    pub(crate) fn insert_before(&mut self, sibling: NodeId, child: NodeId) {
        self.detach(child);
        let Node { parent, previous, depth, .. } = *self.node(sibling);
        let Some(parent) = parent else { return };
        let node = self.node_mut(child);
        (node.parent, node.previous, node.next, node.depth) =
            (Some(parent), previous, Some(sibling), depth);
        self.node_mut(sibling).previous = Some(child);
        match previous {
            Some(previous) => self.node_mut(previous).next = Some(child),
            None => self.node_mut(parent).first_child = Some(child),
        }
    }
}
