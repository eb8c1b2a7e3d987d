//! One file or folder per importable module.
//!
//! A module is an object built by a host function, once per VU that imports it; its properties are
//! its named exports and the object itself its default export, for `import` and `require` alike.

use std::rc::Rc;

use rquickjs::{Ctx, Object};

use crate::vu::VuState;

/// How the loader finds a built-in module.
pub struct Module {
    /// As imported, e.g. `k6/http`.
    pub name: &'static str,
    /// Names that `import { name }` may take.
    pub exports: &'static [&'static str],
    pub build: for<'js> fn(&Ctx<'js>, &Rc<VuState>) -> rquickjs::Result<Object<'js>>,
}

/// All built-in modules.
pub const MODULES: &[Module] = &[];
