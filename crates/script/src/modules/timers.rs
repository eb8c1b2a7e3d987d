//! `k6/timers`: the timer globals as a module.

use std::rc::Rc;

use rquickjs::{Ctx, Object, Result};

use super::Module;
use crate::{globals::timers, vu::VuState};

pub const MODULE: Module =
    Module { name: "k6/timers", exports: &timers::NAMES, build, named: None };

fn build<'js>(ctx: &Ctx<'js>, _vu: &Rc<VuState>) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    timers::add_to(ctx, &object)?;
    Ok(object)
}
