//! Globals beside the modules: console, timers, open, text encoding.

pub mod console;
mod format;
pub(crate) mod open;
pub(crate) mod text;
pub(crate) mod timers;

use std::{collections::BTreeMap, rc::Rc, sync::Arc};

use rquickjs::{Ctx, Object, Value};

use crate::vu::{VuState, state::Compatibility};

/// Puts all globals into a new context.
pub(crate) fn install(ctx: &Ctx<'_>, vu: &Rc<VuState>) -> rquickjs::Result<()> {
    let globals = ctx.globals();
    if vu.test.compatibility == Compatibility::Extended {
        globals.set("global", globals.clone())?;
    }
    globals.set("__VU", vu.id.in_instance)?;
    set_environment(ctx, vu, None)?;
    console::install(ctx, vu)?;
    open::install(ctx, vu)?;
    text::install(ctx)?;
    timers::install(ctx)
}

fn set_environment(
    ctx: &Ctx<'_>,
    vu: &VuState,
    scenario: Option<&BTreeMap<String, String>>,
) -> rquickjs::Result<()> {
    let environment = Object::new(ctx.clone())?;
    let shown = vu.test.modules.mentions();
    for (key, value) in vu.test.env.iter().chain(scenario.into_iter().flatten()) {
        if shown.variable(key) {
            environment.set(key, value)?;
        }
    }
    vu.shown_environment.replace(shown);
    ctx.globals().set("__ENV", environment)
}

/// Adds to `__ENV` what a module that was read since then may ask for.
pub(crate) fn extend_environment(ctx: &Ctx<'_>, vu: &VuState) -> rquickjs::Result<()> {
    let shown = vu.test.modules.mentions();
    let before = vu.shown_environment.replace(shown.clone());
    if Arc::ptr_eq(&before, &shown) {
        return Ok(());
    }
    let Some(environment) = ctx.globals().get::<_, Value<'_>>("__ENV")?.into_object() else {
        return Ok(());
    };
    let iteration = vu.iteration.borrow();
    let scenario = iteration.as_ref().map(|iteration| &iteration.scenario.context.scenario.env);
    for (key, value) in vu.test.env.iter().chain(scenario.into_iter().flatten()) {
        if shown.variable(key) && !before.variable(key) {
            environment.set(key, value)?;
        }
    }
    Ok(())
}

/// Brings `__ITER`, and `__ENV` when the scenario changed, up to date before an iteration.
pub(crate) fn set_iteration(ctx: &Ctx<'_>, vu: &VuState) -> rquickjs::Result<()> {
    ctx.globals().set("__ITER", vu.iterations.get().saturating_sub(1))?;
    let iteration = vu.iteration.borrow();
    let Some(iteration) = iteration.as_ref() else { return Ok(()) };
    let scenario = &iteration.scenario.context.scenario;
    if *vu.environment_of.borrow() != scenario.name {
        let had_own = vu.has_own_environment.replace(!scenario.env.is_empty());
        if had_own || !scenario.env.is_empty() {
            set_environment(ctx, vu, Some(&scenario.env))?;
        }
        vu.environment_of.replace(scenario.name.clone());
    }
    Ok(())
}

/// Makes the exported `options` show the consolidated ones, as k6 does, where a module may look.
pub(crate) fn overwrite_options<'js>(
    ctx: &Ctx<'js>,
    vu: &VuState,
    exports: &Object<'js>,
) -> rquickjs::Result<()> {
    if !vu.test.modules.mentions().options {
        return Ok(());
    }
    let Some(json) = vu.test.options_json() else { return Ok(()) };
    let Some(options) = exports.get::<_, Value<'js>>("options")?.into_object() else {
        return Ok(());
    };
    let Some(consolidated) = ctx.json_parse(json)?.into_object() else { return Ok(()) };
    for property in consolidated.props::<String, Value<'js>>() {
        let (key, value) = property?;
        // Scenarios stay as written: k6 shows nothing useful there.
        if key != "scenarios" && is_set(&value) {
            options.set(key, value)?;
        }
    }
    Ok(())
}

/// Whether an option has a value: neither null nor an object of nulls.
fn is_set(value: &Value<'_>) -> bool {
    match value.as_object() {
        Some(object) if !object.is_array() => {
            object.values::<Value<'_>>().any(|value| value.is_ok_and(|value| !value.is_null()))
        }
        _ => !value.is_null(),
    }
}
