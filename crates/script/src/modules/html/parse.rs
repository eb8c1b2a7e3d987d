//! HTML text to a [`Document`], with html5ever as the parser.

use std::{
    borrow::Cow,
    cell::{Cell, Ref, RefCell},
};

use html5ever::{
    Attribute, QualName,
    buffer_queue::BufferQueue,
    tendril::StrTendril,
    tokenizer::{Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts},
    tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeBuilder, TreeBuilderOpts, TreeSink},
};

use super::document::{Document, Element, NodeId, NodeKind};

/// How deep elements may nest. The parser looks through its open elements at each tag, so the time
/// for a document grows with size times depth; pages nest some dozens deep.
pub(crate) const DEPTH_LIMIT: u32 = 4096;

/// Why a text is not a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParseError {
    #[error("html: elements are nested more than {DEPTH_LIMIT} deep")]
    TooDeep,
}

/// Parses as a browser does, scripting on: any text is some document, with `html`, `head` and `body`.
pub(crate) fn parse(text: &str) -> Result<Document, ParseError> {
    let builder = TreeBuilder::new(Builder::default(), TreeBuilderOpts::default());
    let tokenizer = Tokenizer::new(DepthGuard { builder }, TokenizerOpts::default());
    let queue = BufferQueue::default();
    queue.push_back(StrTendril::from_slice(text));
    // It also stops behind each finished `<script>`, which nobody here runs.
    while !queue.is_empty() {
        drop(tokenizer.feed(&queue));
    }
    tokenizer.end();
    let builder = tokenizer.sink.builder.sink;
    if builder.too_deep.get() {
        Err(ParseError::TooDeep)
    } else {
        Ok(builder.document.into_inner())
    }
}

/// Passes tokens on until the tree is too deep.
struct DepthGuard {
    builder: TreeBuilder<NodeId, Builder>,
}

impl TokenSink for DepthGuard {
    type Handle = NodeId;

    fn process_token(&self, token: Token, line_number: u64) -> TokenSinkResult<NodeId> {
        if self.builder.sink.too_deep.get() {
            return TokenSinkResult::Continue;
        }
        self.builder.process_token(token, line_number)
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder.adjusted_current_node_present_but_not_in_html_namespace()
    }
}

/// Carries the tree builder's commands out on the arena.
struct Builder {
    document: RefCell<Document>,
    too_deep: Cell<bool>,
}

impl Default for Builder {
    fn default() -> Builder {
        Builder { document: RefCell::new(Document::empty()), too_deep: Cell::new(false) }
    }
}

impl Builder {
    fn create(&self, kind: NodeKind) -> NodeId {
        self.document.borrow_mut().create(kind)
    }

    fn check_depth(&self, id: NodeId) {
        if self.document.borrow().depth(id) > DEPTH_LIMIT {
            self.too_deep.set(true);
        }
    }
}

/// Adds to `last` when that is a text, as adjacent texts are one node.
fn merge_text(document: &mut Document, last: Option<NodeId>, text: &StrTendril) -> bool {
    match last.map(|last| document.kind_mut(last)) {
        Some(NodeKind::Text(before)) => {
            before.push_tendril(text);
            true
        }
        _ => false,
    }
}

impl TreeSink for Builder {
    type Handle = NodeId;
    type Output = Builder;
    type ElemName<'a> = Ref<'a, QualName>;

    fn finish(self) -> Builder {
        self
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> NodeId {
        NodeId::DOCUMENT
    }

    fn elem_name<'a>(&'a self, target: &'a NodeId) -> Ref<'a, QualName> {
        Ref::map(self.document.borrow(), |document| {
            &document.element(*target).expect("asked for elements only").name
        })
    }

    fn create_element(
        &self,
        name: QualName,
        attributes: Vec<Attribute>,
        _: ElementFlags,
    ) -> NodeId {
        self.create(NodeKind::Element(Element { name, attributes }))
    }

    fn create_comment(&self, text: StrTendril) -> NodeId {
        self.create(NodeKind::Comment(text))
    }

    fn create_pi(&self, _: StrTendril, data: StrTendril) -> NodeId {
        self.create(NodeKind::Comment(data))
    }

    fn append(&self, parent: &NodeId, child: NodeOrText<NodeId>) {
        match child {
            NodeOrText::AppendNode(node) => {
                self.document.borrow_mut().append(*parent, node);
                self.check_depth(node);
            }
            NodeOrText::AppendText(text) => {
                let mut document = self.document.borrow_mut();
                let last = document.last_child(*parent);
                if !merge_text(&mut document, last, &text) {
                    let node = document.create(NodeKind::Text(text));
                    document.append(*parent, node);
                }
            }
        }
    }

    fn append_before_sibling(&self, sibling: &NodeId, child: NodeOrText<NodeId>) {
        let mut document = self.document.borrow_mut();
        match child {
            NodeOrText::AppendNode(node) => document.insert_before(*sibling, node),
            NodeOrText::AppendText(text) => {
                let previous = document.previous(*sibling);
                if !merge_text(&mut document, previous, &text) {
                    let node = document.create(NodeKind::Text(text));
                    document.insert_before(*sibling, node);
                }
            }
        }
    }

    fn append_based_on_parent_node(
        &self,
        element: &NodeId,
        previous: &NodeId,
        child: NodeOrText<NodeId>,
    ) {
        let has_parent = self.document.borrow().parent(*element).is_some();
        if has_parent {
            self.append_before_sibling(element, child);
        } else {
            self.append(previous, child);
        }
    }

    fn append_doctype_to_document(
        &self,
        name: StrTendril,
        public_id: StrTendril,
        system_id: StrTendril,
    ) {
        let mut document = self.document.borrow_mut();
        let node = document.create(NodeKind::Doctype { name, public_id, system_id });
        document.append(NodeId::DOCUMENT, node);
    }

    /// A template's contents are its children here, as in k6.
    fn get_template_contents(&self, target: &NodeId) -> NodeId {
        *target
    }

    fn same_node(&self, x: &NodeId, y: &NodeId) -> bool {
        x == y
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn add_attrs_if_missing(&self, target: &NodeId, attributes: Vec<Attribute>) {
        if let NodeKind::Element(element) = self.document.borrow_mut().kind_mut(*target) {
            for attribute in attributes {
                if !element.attributes.iter().any(|known| known.name == attribute.name) {
                    element.attributes.push(attribute);
                }
            }
        }
    }

    fn remove_from_parent(&self, target: &NodeId) {
        self.document.borrow_mut().detach(*target);
    }

    fn reparent_children(&self, node: &NodeId, new_parent: &NodeId) {
        let mut document = self.document.borrow_mut();
        while let Some(child) = document.first_child(*node) {
            document.append(*new_parent, child);
        }
    }
}
