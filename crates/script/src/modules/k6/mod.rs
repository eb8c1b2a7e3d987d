//! `k6`: check, fail, group, sleep, randomSeed.

pub(crate) mod check;
mod group;

use std::{rc::Rc, time::Duration};

use plimsoll_runtime::timer;
use rquickjs::{Coerced, Ctx, Function, Object, Result, function::Opt};

use super::Module;
use crate::vu::{VuState, error, suspend};

pub const MODULE: Module = Module {
    name: "k6",
    exports: &["check", "fail", "group", "randomSeed", "sleep"],
    build,
    named: None,
};

fn build<'js>(ctx: &Ctx<'js>, vu: &Rc<VuState>) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    object.set("check", check::function(ctx, vu)?)?;
    object.set("group", group::function(ctx, vu)?)?;
    object.set("fail", Function::new(ctx.clone(), fail)?.with_name("fail")?)?;
    object.set("sleep", Function::new(ctx.clone(), sleep)?.with_name("sleep")?)?;
    object.set("randomSeed", Function::new(ctx.clone(), random_seed)?.with_name("randomSeed")?)?;
    Ok(object)
}

fn fail(ctx: Ctx<'_>, message: Opt<Coerced<String>>) -> Result<()> {
    let message = message.0.map(|message| message.0).unwrap_or_default();
    Err(error::throw(&ctx, &message))
}

/// A sleep for which it is worth to give unused memory back.
const LONG: Duration = Duration::from_secs(1);

fn sleep(ctx: Ctx<'_>, seconds: Opt<Coerced<f64>>) -> Result<()> {
    let seconds = seconds.0.map_or(f64::NAN, |seconds| seconds.0);
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if duration >= LONG => suspend::rest(&ctx, timer::sleep(duration)),
        Ok(duration) if !duration.is_zero() => suspend::wait(&ctx, timer::sleep(duration)),
        _ => Ok(()),
    }
}

/// Makes `Math.random` of this VU a sequence that depends only on `seed`.
fn random_seed(ctx: Ctx<'_>, seed: Coerced<f64>) -> Result<()> {
    // xorshift64*: fast, and good enough for test data; zero is its one bad state.
    let state =
        std::cell::Cell::new((seed.0 as i64 as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let random = Function::new(ctx.clone(), move || {
        let mut x = state.get();
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        state.set(x);
        let bits = x.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11;
        bits as f64 / (1u64 << 53) as f64
    })?;
    ctx.globals().get::<_, Object<'_>>("Math")?.set("random", random.with_name("random")?)
}
