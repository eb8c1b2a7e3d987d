//! One file or folder per importable module.
//!
//! A module is an object built by a host function, once per VU that imports it; its properties are
//! its named exports and the object itself its default export, for `import` and `require` alike.
//!
//! To add one: write `pub const MODULE: Module` in its own file and name it in [`MODULES`]. Host
//! functions capture the `Rc<VuState>` that `build` gets, or call [`VuState::of`]; they wait with
//! [`crate::vu::suspend::wait`], return promises made by [`crate::vu::events::spawn`], and throw
//! with [`crate::vu::error::throw`], which makes the `GoError` that k6's scripts know. State per VU
//! goes into a field of [`VuState`]; what must be reset between iterations registers
//! [`VuState::on_iteration_end`].
//!
//! Tests run scripts through [`crate::testing::eval_script`]: it runs a whole script (init, then
//! `default` once when there is one) on a VU of its own and returns its console lines and error.

use std::rc::Rc;

use rquickjs::{Ctx, Function, Object, atom::PredefinedAtom};

use crate::vu::VuState;

pub(crate) mod arguments;
pub mod crypto;
pub mod csv;
pub mod data;
pub mod encoding;
pub mod execution;
pub mod fs;
pub mod html;
pub mod http;
pub mod k6;
pub mod metrics;
pub mod redis;
pub(crate) mod settled;
pub(crate) mod tags;
pub mod timers;
pub(crate) mod unsupported;

/// How the loader finds a built-in module.
pub struct Module {
    /// As imported, e.g. `k6/http`.
    pub name: &'static str,
    /// Names that `import { name }` may take.
    pub exports: &'static [&'static str],
    pub build: Build,
    /// Where `import { name }` finds its values when properties of the module's object cannot be
    /// read at the import.
    pub named: Option<Build>,
}

/// Makes an object with a module's exports.
pub type Build = for<'js> fn(&Ctx<'js>, &Rc<VuState>) -> rquickjs::Result<Object<'js>>;

/// All built-in modules.
pub const MODULES: &[Module] = &[
    crypto::MODULE,
    crypto::x509::MODULE,
    csv::MODULE,
    data::MODULE,
    encoding::MODULE,
    execution::MODULE,
    fs::MODULE,
    html::MODULE,
    http::MODULE,
    k6::MODULE,
    metrics::MODULE,
    redis::MODULE,
    timers::MODULE,
];

/// The built-in module of that name.
pub fn find(name: &str) -> Option<&'static Module> {
    MODULES.iter().find(|module| module.name == name)
}

/// Makes a host function one that `new` and `instanceof` take.
pub(crate) fn constructor<'js>(
    ctx: &Ctx<'js>,
    name: &str,
    function: Function<'js>,
) -> rquickjs::Result<Function<'js>> {
    function.set("prototype", Object::new(ctx.clone())?)?;
    Ok(function.with_name(name)?.with_constructor(true))
}

/// Whether a function was declared `async`.
pub(crate) fn is_async_function(function: &Function<'_>) -> bool {
    let tag = function.get::<_, Option<String>>(PredefinedAtom::SymbolToStringTag);
    tag.is_ok_and(|tag| tag.as_deref() == Some("AsyncFunction"))
}
