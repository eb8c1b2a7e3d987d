//! Tags as scripts give them: objects whose values are strings, numbers or booleans.

use plimsoll_metrics::TagSet;
use rquickjs::{Coerced, Ctx, Result, Value};

use crate::vu::error;

/// Tags that one call may give.
const TAGS_LIMIT: usize = 1000;

/// `base` with the tags of a script's object; `null` and `undefined` add none.
pub(crate) fn extend<'js>(ctx: &Ctx<'js>, base: &TagSet, extra: &Value<'js>) -> Result<TagSet> {
    extend_with(ctx, base, extra, String::new)
}

/// As [`extend`], with what stands before an error's text.
pub(crate) fn extend_with<'js>(
    ctx: &Ctx<'js>,
    base: &TagSet,
    extra: &Value<'js>,
    context: impl Fn() -> String,
) -> Result<TagSet> {
    let Some(object) = extra.as_object() else { return Ok(base.clone()) };
    let mut pairs = Vec::new();
    for property in object.props::<String, Value<'js>>().take(TAGS_LIMIT) {
        let (key, value) = property?;
        let text = to_text(&value)?
            .ok_or_else(|| error::throw(ctx, &format!("{}{}", context(), invalid(&key))))?;
        pairs.push((key, text));
    }
    if pairs.is_empty() {
        return Ok(base.clone());
    }
    Ok(base.extended(pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()))))
}

/// k6's complaint about a tag's value.
pub(crate) fn invalid(key: &str) -> String {
    format!(
        "invalid value for metric tag '{key}': only String, Boolean and Number types are accepted as a \
         metric tag values"
    )
}

/// A tag's value as text; `None` for types that cannot be one.
pub(crate) fn to_text(value: &Value<'_>) -> Result<Option<String>> {
    if value.is_string() || value.is_number() || value.is_bool() {
        return Ok(Some(value.get::<Coerced<String>>()?.0));
    }
    Ok(None)
}
