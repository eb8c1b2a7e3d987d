//! `response.json([path])`

use rquickjs::{Ctx, Result, Value, function::Opt};

use super::{
    super::{gjson, syntax},
    Own, PARSED,
};
use crate::{
    modules::arguments,
    vu::{error, suspend},
};

const NO_BODY: &str = "the body is null so we can't transform it to JSON - \
    this likely was because of a request error getting the response";

/// The body as a value, or what `path` (in gjson's syntax) finds in it; `undefined` when nothing.
pub(super) fn json<'js>(
    ctx: Ctx<'js>,
    this: Own<'js>,
    path: Opt<Value<'js>>,
) -> Result<Value<'js>> {
    if let (None, Some(parsed)) = (&path.0, this.borrow().parsed()) {
        return Ok(parsed);
    }
    let Some(body) = this.borrow().body_bytes() else {
        return Err(error::throw(&ctx, NO_BODY));
    };
    let Some(path) = path.0 else {
        let parsed = whole(&ctx, &body)?;
        this.borrow().set(PARSED, parsed.clone());
        return Ok(parsed);
    };
    let path = arguments::text(&path)?;
    // Paths and documents nest, and a VU's own stack is small.
    let found = suspend::on_worker_stack(&ctx, || {
        let text = String::from_utf8_lossy(&body);
        syntax::check(text.as_bytes()).ok()?;
        gjson::get(&text, &path).map(|found| found.into_owned())
    })?;
    match found {
        Some(found) => ctx.json_parse(found),
        None => Ok(Value::new_undefined(ctx)),
    }
}

fn whole<'js>(ctx: &Ctx<'js>, body: &[u8]) -> Result<Value<'js>> {
    let parsed = ctx.json_parse(body);
    if parsed.is_ok() {
        return parsed;
    }
    let message = match syntax::check(body) {
        Err(error) => error.describe(body),
        Ok(()) => return parsed,
    };
    ctx.catch();
    Err(error::throw(ctx, &message))
}
