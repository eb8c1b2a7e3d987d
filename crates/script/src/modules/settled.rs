//! Promises whose outcome is known at once, and errors with names of their own.

use rquickjs::{Ctx, Error, Exception, Promise, Result, Value};

use crate::vu::VuState;

/// A promise resolved with the value, or rejected with what was thrown. Never for what must stop
/// the script: that is passed on.
pub(crate) fn settled<'js>(ctx: &Ctx<'js>, outcome: Result<Value<'js>>) -> Result<Promise<'js>> {
    let (promise, resolve, reject) = ctx.promise()?;
    match outcome {
        Ok(value) => resolve.call::<_, ()>((value,))?,
        Err(Error::Exception) if VuState::of(ctx)?.stop_cause().is_none() => {
            reject.call::<_, ()>((ctx.catch(),))?;
        }
        Err(error) => return Err(error),
    }
    Ok(promise)
}

/// Throws an error of that name, as `name` tells scripts.
pub(crate) fn throw_named(ctx: &Ctx<'_>, name: &str, message: &str) -> Error {
    let error = Exception::from_message(ctx.clone(), message).and_then(|error| {
        error.set("name", name)?;
        Ok(error)
    });
    match error {
        Ok(error) => error.throw(),
        Err(error) => error,
    }
}
