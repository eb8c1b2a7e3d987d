//! `k6/metrics`: custom metrics.

use std::{
    cell::RefCell,
    rc::{Rc, Weak},
    sync::Arc,
};

use plimsoll_metrics::{Contains, MetricId, MetricKind, registry::MetricError};
use rquickjs::{
    Coerced, Ctx, Error, Function, Object, Result, Value, function::Opt, object::Property,
};

use super::{Module, tags};
use crate::vu::{VuState, error, state::SeriesCache};

pub const MODULE: Module = Module {
    name: "k6/metrics",
    exports: &["Counter", "Gauge", "Rate", "Trend"],
    build,
    named: None,
};

fn build<'js>(ctx: &Ctx<'js>, vu: &Rc<VuState>) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    for (name, kind) in [
        ("Counter", MetricKind::Counter),
        ("Gauge", MetricKind::Gauge),
        ("Trend", MetricKind::Trend),
        ("Rate", MetricKind::Rate),
    ] {
        let vu = Rc::downgrade(vu);
        let constructor = Function::new(
            ctx.clone(),
            move |ctx: Ctx<'js>, name: Opt<Value<'js>>, is_time: Opt<Coerced<bool>>| {
                construct(&ctx, &vu, kind, name.0, is_time.0.is_some_and(|time| time.0))
            },
        )?;
        object.set(name, super::constructor(ctx, name, constructor)?)?;
    }
    Ok(object)
}

fn construct<'js>(
    ctx: &Ctx<'js>,
    vu: &Weak<VuState>,
    kind: MetricKind,
    name: Option<Value<'js>>,
    is_time: bool,
) -> Result<Object<'js>> {
    let state = vu.upgrade().ok_or(Error::Unknown)?;
    if !state.is_init() {
        return Err(error::throw(ctx, "metrics must be declared in the init context"));
    }
    let name = match name.filter(|name| !name.is_undefined() && !name.is_null()) {
        Some(name) => name.get::<Coerced<String>>()?.0,
        None => String::new(),
    };
    let contains = if is_time { Contains::Time } else { Contains::Default };
    let id = state
        .test
        .registry
        .metric(&name, kind, contains)
        .map_err(|error| error::throw(ctx, &describe(&state, error, contains)))?;
    let name: Arc<str> = name.into();
    let object = Object::new(ctx.clone())?;
    object.prop("name", Property::from(&*name).enumerable())?;
    let metric = Metric { id, kind, name, cache: RefCell::default(), vu: vu.clone() };
    let add = Function::new(
        ctx.clone(),
        move |ctx: Ctx<'js>, value: Opt<Value<'js>>, extra: Opt<Value<'js>>| {
            metric.add(&ctx, value.0, extra.0)
        },
    )?;
    object.set("add", add.with_name("add")?)?;
    Ok(object)
}

/// The registry's complaint in k6's words.
fn describe(vu: &VuState, error: MetricError, asked: Contains) -> String {
    let word = |kind: MetricKind| format!("{kind:?}").to_lowercase();
    match error {
        MetricError::Name(name) => format!(
            "Invalid metric name: '{name}'. Metric names must only include up to 128 ASCII letters, \
             numbers, or underscores and start with a letter or an underscore."
        ),
        MetricError::Kind { name, existing, asked: kind } if existing == kind => {
            let existing =
                vu.test.registry.find(&name).map_or(Contains::Default, |def| def.contains);
            format!(
                "metric '{name}' already exists but with a value type {}, instead of {}",
                format!("{existing:?}").to_lowercase(),
                format!("{asked:?}").to_lowercase()
            )
        }
        MetricError::Kind { name, existing, asked } => format!(
            "metric '{name}' already exists but with type {}, instead of {}",
            word(existing),
            word(asked)
        ),
        #[allow(unreachable_patterns, reason = "the registry may learn further complaints")]
        other => other.to_string(),
    }
}

/// One metric as one VU sees it.
struct Metric {
    id: MetricId,
    kind: MetricKind,
    name: Arc<str>,
    cache: RefCell<SeriesCache>,
    vu: Weak<VuState>,
}

impl Metric {
    fn add<'js>(
        &self,
        ctx: &Ctx<'js>,
        value: Option<Value<'js>>,
        extra: Option<Value<'js>>,
    ) -> Result<bool> {
        let vu = self.vu.upgrade().ok_or(Error::Unknown)?;
        if vu.is_init() {
            return Err(error::throw(
                ctx,
                "Adding to metrics in the init context is not supported",
            ));
        }
        let Some(value) = value else {
            let message = format!(
                "no value was provided for metric '{}', a number or a boolean value is expected",
                self.name
            );
            return self.refuse(ctx, &vu, &message);
        };
        let number = if value.is_null() { f64::NAN } else { value.get::<Coerced<f64>>()?.0 };
        if number.is_nan() {
            let shown = value.get::<Coerced<String>>()?.0;
            let message = format!(
                "'{shown}' is an invalid value for metric '{}', a number or a boolean value is expected",
                self.name
            );
            return self.refuse(ctx, &vu, &message);
        }
        let number =
            if self.kind == MetricKind::Rate { f64::from(u8::from(number != 0.0)) } else { number };
        let base = vu.tags.borrow().clone();
        let tags = match extra {
            Some(extra) => tags::extend_with(ctx, &base, &extra, || {
                format!("cannot add tags for the '{}' custom metric: ", self.name)
            })?,
            None => base,
        };
        self.cache.borrow_mut().record(&vu, self.id, &tags, number);
        Ok(true)
    }

    /// A warning, or an exception with the option `throw`.
    fn refuse(&self, ctx: &Ctx<'_>, vu: &VuState, message: &str) -> Result<bool> {
        if vu.test.options.get().is_some_and(|options| options.throw == Some(true)) {
            return Err(error::throw(ctx, message));
        }
        vu.test.log.warn(message);
        Ok(false)
    }
}

#[cfg(test)]
mod tests;
