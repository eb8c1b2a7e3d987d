//! `setTimeout` and its like, as globals and as `k6/timers`.

use std::time::Duration;

use rquickjs::{
    Coerced, Ctx, Function, Object, Result, Value,
    function::{Opt, Rest},
};

use crate::vu::{VuState, error};

/// The four functions by name.
pub(crate) const NAMES: [&str; 4] = ["setTimeout", "clearTimeout", "setInterval", "clearInterval"];

/// Longest delay: ten years, so that sums of times cannot overflow.
const DELAY_LIMIT: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Puts the four functions into the global object.
pub(super) fn install(ctx: &Ctx<'_>) -> Result<()> {
    add_to(ctx, &ctx.globals())
}

/// Sets the four functions on `target`.
pub(crate) fn add_to<'js>(ctx: &Ctx<'js>, target: &Object<'js>) -> Result<()> {
    target.set("setTimeout", Function::new(ctx.clone(), set_timeout)?.with_name("setTimeout")?)?;
    target
        .set("setInterval", Function::new(ctx.clone(), set_interval)?.with_name("setInterval")?)?;
    target.set("clearTimeout", Function::new(ctx.clone(), clear)?.with_name("clearTimeout")?)?;
    target.set("clearInterval", Function::new(ctx.clone(), clear)?.with_name("clearInterval")?)
}

fn set_timeout<'js>(
    ctx: Ctx<'js>,
    callback: Value<'js>,
    delay: Opt<Coerced<f64>>,
    arguments: Rest<Value<'js>>,
) -> Result<u64> {
    set(&ctx, callback, delay, arguments, "setTimeout")
}

fn set_interval<'js>(
    ctx: Ctx<'js>,
    callback: Value<'js>,
    delay: Opt<Coerced<f64>>,
    arguments: Rest<Value<'js>>,
) -> Result<u64> {
    set(&ctx, callback, delay, arguments, "setInterval")
}

fn set<'js>(
    ctx: &Ctx<'js>,
    callback: Value<'js>,
    delay: Opt<Coerced<f64>>,
    arguments: Rest<Value<'js>>,
    name: &str,
) -> Result<u64> {
    let Some(callback) = callback.into_function() else {
        return Err(error::throw(ctx, &format!("{name}'s callback isn't a callable function")));
    };
    let milliseconds = delay.0.map_or(0.0, |delay| delay.0);
    let delay = Duration::try_from_secs_f64(milliseconds.max(0.0) / 1e3).unwrap_or_default();
    let repeat = name == "setInterval";
    let delay = if repeat { delay.max(Duration::from_millis(1)) } else { delay };
    VuState::of(ctx)?.events.set_timer(ctx, callback, arguments.0, delay.min(DELAY_LIMIT), repeat)
}

fn clear(ctx: Ctx<'_>, id: Opt<Coerced<f64>>) -> Result<()> {
    if let Some(Coerced(id)) = id.0 {
        VuState::of(&ctx)?.events.clear_timer(id as u64);
    }
    Ok(())
}
