//! Prototypes of selections and elements: made when the first object of a kind is, once per VU.

use std::cell::RefCell;

use rquickjs::{
    Class, Ctx, Error, Function, JsLifetime, Object, Result,
    class::{JsClass, Readable, Trace, Tracer},
    function::{Constructor, IntoJsFunc},
};

use super::{element_object, kinds::KINDS, selection_object};

struct Prototypes<'js> {
    selection: Object<'js>,
    element: Object<'js>,
    /// As many as [`KINDS`].
    kinds: RefCell<Vec<Option<Object<'js>>>>,
}

#[expect(unsafe_code, reason = "a contract of rquickjs")]
// SAFETY: the type is the same for each lifetime, and that lifetime is the only one in it.
unsafe impl<'js> JsLifetime<'js> for Prototypes<'js> {
    type Changed<'to> = Prototypes<'to>;
}

fn with<'js, T>(ctx: &Ctx<'js>, read: impl FnOnce(&Prototypes<'js>) -> Result<T>) -> Result<T> {
    if ctx.userdata::<Prototypes<'js>>().is_none() {
        let prototypes = Prototypes {
            selection: selection_object::prototype(ctx)?,
            element: element_object::prototype(ctx)?,
            kinds: RefCell::new(vec![None; KINDS.len()]),
        };
        ctx.store_userdata(prototypes).map_err(|_| Error::Unknown)?;
    }
    read(&*ctx.userdata::<Prototypes<'js>>().ok_or(Error::Unknown)?)
}

pub(super) fn selection<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    with(ctx, |prototypes| Ok(prototypes.selection.clone()))
}

/// For elements of the kind with that place in [`KINDS`], or for plain ones.
pub(super) fn element<'js>(ctx: &Ctx<'js>, kind: Option<usize>) -> Result<Object<'js>> {
    with(ctx, |prototypes| {
        let Some((index, kind)) = kind.and_then(|index| Some((index, KINDS.get(index)?))) else {
            return Ok(prototypes.element.clone());
        };
        if let Some(Some(known)) = prototypes.kinds.borrow().get(index) {
            return Ok(known.clone());
        }
        let object = Object::new(ctx.clone())?;
        object.set_prototype(Some(&prototypes.element))?;
        element_object::define_properties(&object, kind.properties)?;
        if let Some(place) = prototypes.kinds.borrow_mut().get_mut(index) {
            *place = Some(object.clone());
        }
        Ok(object)
    })
}

/// Adds a method to a prototype.
pub(super) fn method<'js, P>(
    prototype: &Object<'js>,
    name: &str,
    function: impl IntoJsFunc<'js, P> + 'js,
) -> Result<()> {
    prototype.set(name, Function::new(prototype.ctx().clone(), function)?.with_name(name)?)
}

/// Implements what rquickjs wants of a class without JavaScript values inside, whose prototype is
/// one of these here.
macro_rules! plain_class {
    ($class:ty, $name:literal) => {
        #[expect(unsafe_code, reason = "a contract of rquickjs")]
        // SAFETY: no JavaScript lifetime inside.
        unsafe impl<'js> JsLifetime<'js> for $class {
            type Changed<'to> = $class;
        }

        impl<'js> Trace<'js> for $class {
            fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
        }

        impl<'js> JsClass<'js> for $class {
            const NAME: &'static str = $name;
            type Mutable = Readable;

            fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
                Ok(None)
            }
        }
    };
}

plain_class!(selection_object::SelectionObject, "Selection");
plain_class!(element_object::ElementObject, "Element");

/// A new object of a class of this module.
pub(super) fn instance<'js, C: JsClass<'js>>(
    value: C,
    prototype: Object<'js>,
) -> Result<rquickjs::Value<'js>> {
    Ok(Class::instance_proto(value, prototype)?.into_value())
}
