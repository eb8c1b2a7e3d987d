//! Tags as scripts give them: objects whose values are strings, numbers or booleans.

use plimsoll_metrics::TagSet;
use rquickjs::{Coerced, Ctx, Result, Value};

use crate::vu::error;

/// Tags that one call may give.
const TAGS_LIMIT: usize = 1000;

/// `base` with the tags of a script's object; `null` and `undefined` add none.
pub(crate) fn extend<'js>(ctx: &Ctx<'js>, base: &TagSet, extra: &Value<'js>) -> Result<TagSet> {
    let Some(object) = extra.as_object() else { return Ok(base.clone()) };
    let mut pairs = Vec::new();
    for property in object.props::<String, Value<'js>>().take(TAGS_LIMIT) {
        let (key, value) = property?;
        let text = to_text(&value)?.ok_or_else(|| {
            let message = format!(
                "invalid value for metric tag '{key}': only String, Boolean and Number types are \
                 accepted as a metric tag value"
            );
            error::throw(ctx, &message)
        })?;
        pairs.push((key, text));
    }
    Ok(base.extended(pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()))))
}

/// A tag's value as text; `None` for types that cannot be one.
pub(crate) fn to_text(value: &Value<'_>) -> Result<Option<String>> {
    if value.is_string() || value.is_number() || value.is_bool() {
        return Ok(Some(value.get::<Coerced<String>>()?.0));
    }
    Ok(None)
}
