//! `k6/execution`: what the script may know about its run, and how it ends it.
//!
//! The four objects are made once; their properties are getters that look when asked, and throw
//! where k6 has nothing to tell.

mod tags;
mod test;

use std::rc::Rc;

use plimsoll_engine::runner::Iteration;
use plimsoll_runtime::clock::Instant;
use rquickjs::{Ctx, IntoJs, Object, Result, Value, object::Accessor};

use super::Module;
use crate::vu::{Phase, VuState, error};

pub const MODULE: Module =
    Module { name: "k6/execution", exports: &["instance", "scenario", "test", "vu"], build };

const NANOS_PER_MILLISECOND: f64 = 1e6;

fn build<'js>(ctx: &Ctx<'js>, _vu: &Rc<VuState>) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    object.prop("scenario", rquickjs::object::Property::from(scenario(ctx)?).enumerable())?;
    object.prop("instance", rquickjs::object::Property::from(instance(ctx)?).enumerable())?;
    object.prop("vu", rquickjs::object::Property::from(vu(ctx)?).enumerable())?;
    object.prop("test", rquickjs::object::Property::from(test::object(ctx)?).enumerable())?;
    Ok(object)
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
            None => {
                let message =
                    "getting scenario information outside of the VU context is not supported";
                Err(error::throw(ctx, message))
            }
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
        Some(worker) if !vu.is_init() => Ok(read(&worker.control)),
        _ => {
            let message = "getting instance information in the init context is not supported";
            Err(error::throw(ctx, message))
        }
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
        return Err(error::throw(
            ctx,
            "getting VU information in the init context is not supported",
        ));
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
