//! `check(value, conditions, tags)`: each condition is one sample of `checks`.

use std::rc::Rc;

use plimsoll_metrics::{Builtin, SeriesHandle, TagSet, Timestamp};
use plimsoll_runtime::clock::Instant;
use rquickjs::{Coerced, Ctx, Error, Exception, Function, Object, Result, Value, function::Opt};

use crate::{
    modules::{is_async_function, tags},
    options::SystemTag,
    vu::{VuState, error},
};

/// What may not be in the name of a check or a group: it separates groups in paths.
pub(super) const GROUP_SEPARATOR: &str = "::";

pub(super) fn function<'js>(ctx: &Ctx<'js>, vu: &Rc<VuState>) -> Result<Function<'js>> {
    let vu = Rc::downgrade(vu);
    Function::new(
        ctx.clone(),
        move |ctx: Ctx<'js>,
              value: Value<'js>,
              conditions: Opt<Value<'js>>,
              extra: Opt<Value<'js>>| {
            let vu = vu.upgrade().ok_or(Error::Unknown)?;
            check(&ctx, &vu, value, conditions.0, extra.0)
        },
    )?
    .with_name("check")
}

fn check<'js>(
    ctx: &Ctx<'js>,
    vu: &VuState,
    value: Value<'js>,
    conditions: Option<Value<'js>>,
    extra: Option<Value<'js>>,
) -> Result<bool> {
    if vu.is_init() {
        return Err(error::throw(ctx, "Using check() in the init context is not supported"));
    }
    let Some(conditions) = conditions.filter(|value| !value.is_undefined()) else {
        return Err(error::throw(ctx, "no checks provided to `check`"));
    };
    if conditions.is_null() {
        return Err(Exception::throw_type(ctx, "Cannot convert undefined or null to object"));
    }
    let mut base = vu.tags.borrow().clone();
    if let Some(extra) = extra {
        base = tags::extend(ctx, &base, &extra)?;
    }
    let mut all = true;
    for property in to_object(ctx, conditions)?.props::<String, Value<'js>>() {
        let (name, condition) = property?;
        all &= one(ctx, vu, &base, &value, &name, condition)?;
    }
    Ok(all)
}

/// Evaluates one condition and records its outcome.
fn one<'js>(
    ctx: &Ctx<'js>,
    vu: &VuState,
    base: &TagSet,
    value: &Value<'js>,
    name: &str,
    condition: Value<'js>,
) -> Result<bool> {
    if name.contains(GROUP_SEPARATOR) {
        return Err(error::throw(ctx, "group and check names may not contain '::'"));
    }
    let outcome = match condition.as_function() {
        Some(function) if is_async_function(function) => {
            return Err(error::throw(ctx, ASYNC_MESSAGE));
        }
        Some(function) => function.call::<_, Value<'js>>((value.clone(),)),
        None => Ok(condition),
    };
    if outcome.is_err() && vu.stop_cause().is_some() {
        // An interrupted check says nothing about the target.
        return outcome.map(|_| false);
    }
    let passed = match &outcome {
        Ok(outcome) => outcome.get::<Coerced<bool>>()?.0,
        Err(_) => false,
    };
    vu.record_check(base, name, passed);
    // Recorded as failed, then thrown again, as in k6.
    outcome.map(|_| passed)
}

/// JavaScript's conversion: the characters of a string are its properties.
fn to_object<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Object<'js>> {
    match value.into_object() {
        Some(object) => Ok(object),
        None => Object::new(ctx.clone()),
    }
}

const ASYNC_MESSAGE: &str = "the built-in check() does not support async functions as arguments. Use the \
     JavaScript utils library as a replacement. Refer to \
     https://grafana.com/docs/k6/latest/javascript-api/jslib/utils/check/ for more info";

/// Checks whose series a VU remembers; further ones are looked up each time.
const REMEMBERED_LIMIT: usize = 64;

/// Series of a VU's checks.
#[derive(Default)]
pub(crate) struct CheckSeries(Vec<(TagSet, Box<str>, SeriesHandle)>);

impl VuState {
    fn record_check(&self, base: &TagSet, name: &str, passed: bool) {
        let Some(worker) = &self.worker else { return };
        let mut known = self.check_series.borrow_mut();
        let mut recorder = worker.recorder.borrow_mut();
        let found = known.0.iter().find(|(tags, known, _)| &**known == name && tags == base);
        let series = match found {
            Some((_, _, series)) => *series,
            None => {
                let wanted = self.test.system_tags().contains(SystemTag::Check);
                let tags = if wanted { base.with("check", name) } else { base.clone() };
                let series = recorder.handle(Builtin::Checks.id(), &tags);
                if known.0.len() < REMEMBERED_LIMIT {
                    known.0.push((base.clone(), name.into(), series));
                }
                series
            }
        };
        let now = || Timestamp(Instant::now().unix_nanos());
        let value = f64::from(u8::from(passed));
        recorder.record_at(series, value, self.metadata.borrow().as_ref(), now);
    }
}
