//! The JavaScript side of single nodes: Element and Attribute.

use std::rc::Rc;

use html5ever::Attribute;
use rquickjs::{
    Array, Class, Coerced, Ctx, Function, IntoJs, Object, Result, Value,
    function::{Opt, This},
};

use super::{
    document::{Document, NodeId},
    kinds::{self, COMMON},
    property::{Property, PropertyValue},
    prototypes::{self, method},
    render,
    selection::Selection,
    selection_object,
    selector::{self, Selector},
};

pub(crate) struct ElementObject {
    document: Rc<Document>,
    node: NodeId,
    url: Rc<str>,
}

type Me<'js> = This<Class<'js, ElementObject>>;

impl ElementObject {
    /// k6's name for the type of this element.
    pub(super) fn type_name(&self) -> &'static str {
        let kind =
            self.document.element(self.node).and_then(|element| kinds::kind_of(element.tag()));
        kind.map_or("Element", |(_, kind)| kind.name)
    }

    /// Whether no kind of element has more properties.
    pub(super) fn is_plain(&self) -> bool {
        self.type_name() == "Element"
    }

    /// As a list of one.
    pub(super) fn selection(&self) -> Selection {
        Selection::of_node(self.document.clone(), self.node, self.url.clone())
    }
}

/// An object for one node of the selection's document.
pub(super) fn wrap<'js>(ctx: &Ctx<'js>, of: &Selection, node: NodeId) -> Result<Value<'js>> {
    let kind = of.document.element(node).and_then(|element| kinds::kind_of(element.tag()));
    let prototype = prototypes::element(ctx, kind.map(|(index, _)| index))?;
    let element = ElementObject { document: of.document.clone(), node, url: of.url.clone() };
    prototypes::instance(element, prototype)
}

pub(super) fn wrap_optional<'js>(
    ctx: &Ctx<'js>,
    of: &Selection,
    node: Option<NodeId>,
) -> Result<Value<'js>> {
    match node {
        Some(node) => wrap(ctx, of, node),
        None => Ok(Value::new_undefined(ctx.clone())),
    }
}

pub(super) fn wrap_all<'js>(
    ctx: &Ctx<'js>,
    of: &Selection,
    nodes: &[NodeId],
) -> Result<Value<'js>> {
    let array = Array::new(ctx.clone())?;
    for (index, node) in nodes.iter().enumerate() {
        array.set(index, wrap(ctx, of, *node)?)?;
    }
    Ok(array.into_value())
}

/// Adds a getter method for each property.
pub(super) fn define_properties<'js>(
    object: &Object<'js>,
    properties: &'static [Property],
) -> Result<()> {
    for property in properties {
        method(object, property.name, move |ctx: Ctx<'js>, me: Me<'js>| {
            let me = me.0.borrow();
            to_js(&ctx, &me, property.reader.read(&me.document, me.node))
        })?;
    }
    Ok(())
}

fn to_js<'js>(ctx: &Ctx<'js>, me: &ElementObject, value: PropertyValue) -> Result<Value<'js>> {
    match value {
        PropertyValue::Undefined => Ok(Value::new_undefined(ctx.clone())),
        PropertyValue::Text(text) => text.into_js(ctx),
        PropertyValue::Flag(flag) => flag.into_js(ctx),
        PropertyValue::Integer(number) => Ok(Value::new_number(ctx.clone(), number as f64)),
        PropertyValue::Float(number) => Ok(Value::new_number(ctx.clone(), number)),
        PropertyValue::Texts(texts) => texts.into_js(ctx),
        PropertyValue::Node(node) => wrap_optional(ctx, &me.selection(), node),
        PropertyValue::Nodes(nodes) => wrap_all(ctx, &me.selection(), &nodes),
    }
}

pub(super) fn prototype<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    define_properties(&object, COMMON)?;
    define_attributes(&object)?;
    define_searches(&object)?;
    method(&object, "selection", |ctx: Ctx<'js>, me: Me<'js>| {
        selection_object::wrap(&ctx, me.0.borrow().selection())
    })?;
    method(&object, "contains", |me: Me<'js>, other: Opt<Value<'js>>| {
        let me = me.0.borrow();
        other_node(&me, &other).is_some_and(|node| me.document.contains(me.node, node))
    })?;
    method(&object, "isSameNode", |me: Me<'js>, other: Opt<Value<'js>>| {
        let me = me.0.borrow();
        other_node(&me, &other) == Some(me.node)
    })?;
    method(&object, "isEqualNode", |me: Me<'js>, other: Opt<Value<'js>>| {
        let me = me.0.borrow();
        let other = other.0.and_then(|other| Class::<ElementObject>::from_value(&other).ok());
        other.is_some_and(|other| {
            let other = other.borrow();
            render::outer_html(&me.document, me.node)
                == render::outer_html(&other.document, other.node)
        })
    })?;
    Ok(object)
}

/// The argument's node if it is an element of this one's document.
fn other_node(me: &ElementObject, other: &Opt<Value<'_>>) -> Option<NodeId> {
    let other = Class::<ElementObject>::from_value(other.0.as_ref()?).ok()?;
    let other = other.borrow();
    me.document.translate(&other.document, other.node)
}

fn define_attributes<'js>(object: &Object<'js>) -> Result<()> {
    method(object, "getAttribute", |me: Me<'js>, name: Opt<Coerced<String>>| {
        let me = me.0.borrow();
        name.0.and_then(|name| me.document.attribute(me.node, &name.0).map(String::from))
    })?;
    method(object, "hasAttribute", |me: Me<'js>, name: Opt<Coerced<String>>| {
        let me = me.0.borrow();
        name.0.is_some_and(|name| me.document.attribute(me.node, &name.0).is_some())
    })?;
    method(
        object,
        "getAttributeNode",
        |ctx: Ctx<'js>, me: Me<'js>, name: Opt<Coerced<String>>| {
            let found = {
                let me = me.0.borrow();
                let element = me.document.element(me.node);
                name.0.and_then(|name| {
                    element?
                        .attributes
                        .iter()
                        .find(|attribute| *attribute.name.local == *name.0)
                        .cloned()
                })
            };
            match found {
                Some(attribute) => attribute_object(&ctx, me.0, &attribute).map(Object::into_value),
                None => Ok(Value::new_undefined(ctx)),
            }
        },
    )?;
    method(object, "attributes", |ctx: Ctx<'js>, me: Me<'js>| {
        let attributes = {
            let me = me.0.borrow();
            me.document
                .element(me.node)
                .map(|element| element.attributes.clone())
                .unwrap_or_default()
        };
        let object = Object::new(ctx.clone())?;
        for attribute in &attributes {
            object.set(&*attribute.name.local, attribute_object(&ctx, me.0.clone(), attribute)?)?;
        }
        Ok::<_, rquickjs::Error>(object)
    })
}

fn attribute_object<'js>(
    ctx: &Ctx<'js>,
    owner: Class<'js, ElementObject>,
    attribute: &Attribute,
) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    // k6's spelling and order.
    object.set("owner_element", owner.clone())?;
    object.set("name", &*attribute.name.local)?;
    object.set("value", &*attribute.value)?;
    let name = attribute.name.local.to_string();
    object.set("localName", Function::new(ctx.clone(), move || name.clone())?)?;
    let prefix =
        attribute.name.prefix.as_ref().map(|prefix| prefix.to_string()).unwrap_or_default();
    object.set("prefix", Function::new(ctx.clone(), move || prefix.clone())?)?;
    // k6 answers with the element's namespace.
    let namespace: Function<'js> = owner.get("namespaceURI")?;
    let namespace: String = namespace.call((This(owner),))?;
    object.set("namespaceURI", Function::new(ctx.clone(), move || namespace.clone())?)?;
    Ok(object)
}

fn define_searches<'js>(object: &Object<'js>) -> Result<()> {
    method(object, "matches", |me: Me<'js>, text: Opt<Coerced<String>>| {
        let me = me.0.borrow();
        selector_of(text).is_some_and(|selector| selector.matches(&me.document, me.node))
    })?;
    method(object, "querySelector", |ctx: Ctx<'js>, me: Me<'js>, text: Opt<Coerced<String>>| {
        let me = me.0.borrow();
        let found =
            selector_of(text).and_then(|selector| selector.below(&me.document, me.node).next());
        wrap_optional(&ctx, &me.selection(), found)
    })?;
    method(
        object,
        "querySelectorAll",
        |ctx: Ctx<'js>, me: Me<'js>, text: Opt<Coerced<String>>| {
            let me = me.0.borrow();
            let found = selector_of(text)
                .map(|selector| selector.below(&me.document, me.node).collect::<Vec<_>>());
            wrap_all(&ctx, &me.selection(), &found.unwrap_or_default())
        },
    )?;
    method(
        object,
        "getElementsByClassName",
        |ctx: Ctx<'js>, me: Me<'js>, name: Opt<Coerced<String>>| {
            let me = me.0.borrow();
            let name = name.0.map(|name| name.0).unwrap_or_default();
            let has_class = |id: &NodeId| {
                let classes = me.document.attribute(*id, "class").unwrap_or_default();
                classes.split_ascii_whitespace().any(|class| class == name)
            };
            let found: Vec<NodeId> = me.document.descendants(me.node).filter(has_class).collect();
            wrap_all(&ctx, &me.selection(), &found)
        },
    )?;
    method(
        object,
        "getElementsByTagName",
        |ctx: Ctx<'js>, me: Me<'js>, name: Opt<Coerced<String>>| {
            let me = me.0.borrow();
            let name = name.0.map(|name| name.0.to_ascii_lowercase()).unwrap_or_default();
            let is_named = |id: &NodeId| match name.as_str() {
                "*" => me.document.element(*id).is_some(),
                tag => me.document.is_tag(*id, tag),
            };
            let found: Vec<NodeId> = me.document.descendants(me.node).filter(is_named).collect();
            wrap_all(&ctx, &me.selection(), &found)
        },
    )
}

fn selector_of(text: Opt<Coerced<String>>) -> Option<Selector> {
    selector::parse(&text.0?.0)
}
