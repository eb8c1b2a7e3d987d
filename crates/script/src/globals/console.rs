//! `console`: log lines from scripts, with `source=console`.

use std::{
    rc::Rc,
    sync::{Arc, Mutex},
};

use plimsoll_runtime::log::{Level, Log};
use rquickjs::{Ctx, Function, Object, Result, Value, function::Rest};

use super::format::format_value;
use crate::vu::VuState;

/// Where the lines go.
#[derive(Clone)]
pub enum Console {
    Log(Log),
    /// Kept for whoever asked, e.g. a test.
    Memory(Arc<Mutex<Vec<(Level, String)>>>),
}

impl Console {
    /// One line from a script.
    pub fn write(&self, level: Level, message: &str) {
        match self {
            Console::Log(log) => log.write(level, message, &[("source", "console")]),
            Console::Memory(lines) => {
                if let Ok(mut lines) = lines.lock() {
                    lines.push((level, message.to_string()));
                }
            }
        }
    }
}

/// Puts `console` into the global object.
pub(super) fn install<'js>(ctx: &Ctx<'js>, vu: &Rc<VuState>) -> Result<()> {
    let console = Object::new(ctx.clone())?;
    for (name, level) in [
        ("log", Level::Info),
        ("debug", Level::Debug),
        ("info", Level::Info),
        ("warn", Level::Warning),
        ("error", Level::Error),
    ] {
        let sink = vu.test.console.clone();
        let write = Function::new(ctx.clone(), move |ctx: Ctx<'js>, values: Rest<Value<'js>>| {
            let mut line = String::new();
            for (index, value) in values.0.iter().enumerate() {
                if index > 0 {
                    line.push(' ');
                }
                line.push_str(&format_value(&ctx, value)?);
            }
            sink.write(level, &line);
            Result::Ok(())
        })?;
        console.set(name, write.with_name(name)?)?;
    }
    ctx.globals().set("console", console)
}

#[cfg(test)]
mod tests;
