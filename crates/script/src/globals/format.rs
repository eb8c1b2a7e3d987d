//! Values as `console` prints them, as k6 does: strings as they are, objects as JSON.

use rquickjs::{ArrayBuffer, Coerced, Ctx, Result, Value};

/// The text of one argument of `console.log`.
pub(super) fn format_value<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<String> {
    if let Some(symbol) = value.as_symbol() {
        return symbol.description()?.get::<Coerced<String>>().map(|text| text.0);
    }
    let Some(object) = value.as_object() else {
        return Ok(value.get::<Coerced<String>>()?.0);
    };
    if value.is_function() {
        return Ok("null".to_string());
    }
    if ArrayBuffer::from_object(object.clone()).is_some() {
        return Ok("{}".to_string());
    }
    match ctx.json_stringify(value.clone()) {
        Ok(Some(text)) => text.to_string(),
        Ok(None) => Ok("undefined".to_string()),
        // Circular, a BigInt inside, a `toJSON` that throws.
        Err(_) => {
            ctx.catch();
            Ok("[object Object]".to_string())
        }
    }
}
