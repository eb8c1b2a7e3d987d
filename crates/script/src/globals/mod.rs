//! Globals beside the modules: console, timers, open, text encoding.

pub mod console;
pub(crate) mod timers;

use std::rc::Rc;

use rquickjs::{Ctx, Object};

use crate::vu::VuState;

/// Puts all globals into a new context.
pub(crate) fn install(ctx: &Ctx<'_>, vu: &Rc<VuState>) -> rquickjs::Result<()> {
    let globals = ctx.globals();
    globals.set("global", globals.clone())?;
    globals.set("__VU", vu.id.in_instance)?;
    let env = Object::new(ctx.clone())?;
    for (key, value) in &vu.test.env {
        env.set(key, value)?;
    }
    globals.set("__ENV", env)?;
    console::install(ctx, vu)?;
    timers::install(ctx)
}
