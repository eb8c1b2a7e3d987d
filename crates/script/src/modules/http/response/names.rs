//! Which property of a response a name stands for; a table per VU, so that responses need no
//! properties of their own.

use rquickjs::{Atom, Ctx, Error, Function, JsLifetime, Result, Value};

use super::{FIELDS, json, page};

/// Atoms of the fields, in their order, and of the methods.
struct Names<'js> {
    fields: Vec<Atom<'js>>,
    methods: Vec<(Atom<'js>, Function<'js>)>,
}

#[expect(unsafe_code, reason = "a contract of rquickjs")]
// SAFETY: only the lifetime differs.
unsafe impl<'js> JsLifetime<'js> for Names<'js> {
    type Changed<'to> = Names<'to>;
}

/// What a name stands for.
pub(super) enum Slot<'js> {
    /// Index in [`FIELDS`].
    Field(usize),
    Method(Value<'js>),
}

/// Makes the table of the VU.
pub(super) fn prepare<'js>(ctx: &Ctx<'js>) -> Result<()> {
    let atom = |name: &str| Atom::from_str(ctx.clone(), name);
    let fields = FIELDS.iter().map(|field| atom(field.name)).collect::<Result<_>>()?;
    let method = |name: &str, function: Function<'js>| -> Result<(Atom<'js>, Function<'js>)> {
        Ok((atom(name)?, function.with_name(name)?))
    };
    let methods = vec![
        method("clickLink", Function::new(ctx.clone(), page::click_link)?)?,
        method("html", Function::new(ctx.clone(), page::html)?)?,
        method("json", Function::new(ctx.clone(), json::json)?)?,
        method("submitForm", Function::new(ctx.clone(), page::submit_form)?)?,
    ];
    ctx.store_userdata(Names { fields, methods }).map(drop).map_err(|_| Error::Unknown)
}

/// What `name` stands for; `None` when responses have no such property.
pub(super) fn find<'js>(ctx: &Ctx<'js>, name: &Atom<'js>) -> Result<Option<Slot<'js>>> {
    let names = ctx.userdata::<Names<'js>>().ok_or(Error::Unknown)?;
    if let Some(index) = names.fields.iter().position(|field| field == name) {
        return Ok(Some(Slot::Field(index)));
    }
    let method = names.methods.iter().find(|(known, _)| known == name);
    Ok(method.map(|(_, function)| Slot::Method(function.clone().into_value())))
}

/// All names, in k6's order.
pub(super) fn all<'js>(ctx: &Ctx<'js>) -> Result<Vec<Atom<'js>>> {
    let names = ctx.userdata::<Names<'js>>().ok_or(Error::Unknown)?;
    Ok(names.fields.iter().chain(names.methods.iter().map(|(name, _)| name)).cloned().collect())
}
