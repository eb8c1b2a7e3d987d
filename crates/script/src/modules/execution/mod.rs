//! `k6/execution`: what the script may know about its run, and how it ends it.
//!
//! The four objects are made once; their properties are getters that look when asked, and throw
//! where k6 has nothing to tell. The module's own properties throw already, as k6's do; names that
//! are imported are values in this engine, so there the first property throws.

mod tags;
mod test;

use std::rc::Rc;

use plimsoll_engine::runner::Iteration;
use plimsoll_runtime::clock::Instant;
use rquickjs::{Ctx, Error, IntoJs, JsLifetime, Object, Result, Value, object::Accessor};

use super::Module;
use crate::vu::{Phase, VuState, error};

pub const MODULE: Module = Module {
    name: "k6/execution",
    exports: &["instance", "scenario", "test", "vu"],
    build,
    named: Some(objects),
};

const NO_VU: &str = "getting VU information in the init context is not supported";
const NO_SCENARIO: &str = "getting scenario information outside of the VU context is not supported";
const NO_INSTANCE: &str = "getting instance information in the init context is not supported";

const NANOS_PER_MILLISECOND: f64 = 1e6;

/// What the module's properties give; closures must not hold it, for the engine could not free it.
struct Objects<'js>(Object<'js>);

#[expect(unsafe_code, reason = "a contract of rquickjs")]
// SAFETY: only the lifetime differs.
unsafe impl<'js> JsLifetime<'js> for Objects<'js> {
    type Changed<'to> = Objects<'to>;
}

fn build<'js>(ctx: &Ctx<'js>, vu: &Rc<VuState>) -> Result<Object<'js>> {
    objects(ctx, vu)?;
    let object = Object::new(ctx.clone())?;
    for (name, has_any, refusal) in [
        ("instance", has_instance as fn(&VuState) -> bool, NO_INSTANCE),
        ("scenario", |vu| !vu.is_init(), NO_SCENARIO),
        ("test", |_| true, ""),
        ("vu", |vu| !vu.is_init(), NO_VU),
    ] {
        getter(&object, name, move |ctx, vu| {
            if !has_any(vu) {
                return Err(error::throw(ctx, refusal));
            }
            let objects = ctx.userdata::<Objects<'js>>().ok_or(Error::Unknown)?;
            objects.0.get::<_, Value<'js>>(name)
        })?;
    }
    Ok(object)
}

/// The four, made at the first call in this VU.
fn objects<'js>(ctx: &Ctx<'js>, _vu: &Rc<VuState>) -> Result<Object<'js>> {
    if let Some(objects) = ctx.userdata::<Objects<'js>>() {
        return Ok(objects.0.clone());
    }
    let objects = Object::new(ctx.clone())?;
    objects.set("instance", instance(ctx)?)?;
    objects.set("scenario", scenario(ctx)?)?;
    objects.set("test", test::object(ctx)?)?;
    objects.set("vu", vu(ctx)?)?;
    ctx.store_userdata(Objects(objects.clone())).map_err(|_| Error::Unknown)?;
    Ok(objects)
}

/// Once the iterations are over k6 has no instance to tell of.
fn has_instance(vu: &VuState) -> bool {
    matches!(vu.phase.get(), Phase::Setup | Phase::Vu)
}

/// A property that `read` computes each time.
fn getter<'js, V: IntoJs<'js> + 'js>(
    object: &Object<'js>,
    name: &str,
    read: impl Fn(&Ctx<'js>, &VuState) -> Result<V> + 'js,
) -> Result<()> {
    let get = move |ctx: Ctx<'js>| read(&ctx, &*VuState::of(&ctx)?);
    object.prop(name, Accessor::new_get(get).enumerable())
}

/// A getter for something of the running iteration.
fn scenario_getter<'js, V: IntoJs<'js> + 'js>(
    object: &Object<'js>,
    name: &str,
    read: impl Fn(&Iteration) -> V + 'js,
) -> Result<()> {
    getter(object, name, move |ctx, vu| {
        let iteration = vu.iteration.borrow();
        match iteration.as_ref().filter(|_| vu.phase.get() == Phase::Vu) {
            Some(iteration) => Ok(read(iteration)),
            None => Err(error::throw(ctx, NO_SCENARIO)),
        }
    })
}

fn scenario<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    scenario_getter(&object, "name", |iteration| iteration.scenario.context.scenario.name.clone())?;
    scenario_getter(&object, "executor", |iteration| {
        iteration.scenario.context.scenario.executor.name()
    })?;
    scenario_getter(&object, "startTime", |iteration| {
        (iteration.scenario.context.started.unix_nanos() as f64 / NANOS_PER_MILLISECOND).floor()
    })?;
    scenario_getter(&object, "progress", |iteration| {
        (iteration.scenario.context.progress)(Instant::now())
    })?;
    scenario_getter(&object, "iterationInInstance", |iteration| iteration.in_instance)?;
    scenario_getter(&object, "iterationInTest", |iteration| iteration.in_test)?;
    Ok(object)
}

fn instance_getter<'js>(
    object: &Object<'js>,
    name: &str,
    read: impl Fn(&plimsoll_engine::control::Control) -> f64 + 'js,
) -> Result<()> {
    getter(object, name, move |ctx, vu| match &vu.worker {
        Some(worker) if has_instance(vu) => Ok(read(&worker.control)),
        _ => Err(error::throw(ctx, NO_INSTANCE)),
    })
}

fn instance<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    instance_getter(&object, "currentTestRunDuration", |control| {
        control.test_progress().elapsed.as_nanos() as f64 / NANOS_PER_MILLISECOND
    })?;
    instance_getter(&object, "iterationsCompleted", |control| {
        control.figures().iterations_completed as f64
    })?;
    instance_getter(&object, "iterationsInterrupted", |control| {
        control.figures().iterations_interrupted as f64
    })?;
    instance_getter(&object, "vusActive", |control| control.figures().vus_active as f64)?;
    instance_getter(&object, "vusInitialized", |control| control.figures().vus_initialized as f64)?;
    Ok(object)
}

fn vu_getter<'js, V: IntoJs<'js> + 'js>(
    object: &Object<'js>,
    name: &str,
    read: impl Fn(&VuState) -> V + 'js,
) -> Result<()> {
    getter(object, name, move |ctx, vu| {
        check_vu(ctx, vu)?;
        Ok(read(vu))
    })
}

/// Refuses to talk about the VU in init.
fn check_vu(ctx: &Ctx<'_>, vu: &VuState) -> Result<()> {
    if vu.is_init() {
        return Err(error::throw(ctx, NO_VU));
    }
    Ok(())
}

fn vu<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    vu_getter(&object, "idInInstance", |vu| vu.id.in_instance)?;
    vu_getter(&object, "idInTest", |vu| vu.id.in_test)?;
    vu_getter(&object, "iterationInInstance", |vu| vu.iterations.get().saturating_sub(1))?;
    vu_getter(&object, "iterationInScenario", |vu| vu.scenario_iterations.get().saturating_sub(1))?;
    let metrics = Object::new(ctx.clone())?;
    for (target, name, map) in [
        (&object, "tags", tags::Map::Tags),
        (&metrics, "tags", tags::Map::Tags),
        (&metrics, "metadata", tags::Map::Metadata),
    ] {
        let get = move |ctx: Ctx<'js>| -> Result<Value<'js>> {
            check_vu(&ctx, &*VuState::of(&ctx)?)?;
            tags::object(&ctx, map)
        };
        // Assigning another object changes nothing, without a complaint, as in k6.
        target.prop(name, Accessor::new(get, |_: Value<'js>| {}).enumerable())?;
    }
    object.prop("metrics", rquickjs::object::Property::from(metrics).enumerable())?;
    Ok(object)
}

#[cfg(test)]
mod tests;
