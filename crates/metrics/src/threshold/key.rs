//! Keys of the `thresholds` option: a metric's name and the tags of a sub-metric.

use super::ThresholdError;
use crate::tags::TagSet;

/// Splits a threshold key into metric name and tags.
///
/// Keys and values of tags lose white space, then quotes, at both ends; of two values for one tag
/// the later wins.
///
/// # Errors
/// With the part of k6's message that follows `unable to validate threshold expressions; reason: `.
pub fn parse_key(key: &str) -> Result<(String, TagSet), ThresholdError> {
    let fail = |metric: &str, what: &str, offset: usize| {
        let message = format!("parsing metric name failed, metric {metric:?} {what}");
        Err(ThresholdError { message, offset })
    };
    let (open, close) = match (key.find('{'), key.find('}')) {
        (None, None) => return Ok((key.to_owned(), TagSet::default())),
        (Some(open), Some(close)) => (open, close),
        (open, close) => {
            let at = open.or(close).unwrap_or(0);
            return fail(key, "has unmatched opening/close curly brace", at);
        }
    };
    if close < open {
        return fail(key, "closing curly brace appears before opening one", close);
    }
    let (name, inside) = key.split_at(open);
    let Some(inside) = inside.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
        return fail(key, "lacks a closing curly brace in its last position", key.len());
    };
    let mut tags = Vec::new();
    let mut offset = open + 1;
    for pair in inside.split(',') {
        // A tag without a key, which k6 crashes on, is no tag either.
        let Some((tag, value)) =
            pair.split_once(':').filter(|(tag, value)| !tag.is_empty() && !value.is_empty())
        else {
            return fail(pair, "tag expression is malformed", offset);
        };
        tags.push((unquoted(tag), unquoted(value)));
        offset += pair.len() + 1;
    }
    Ok((name.to_owned(), TagSet::from_pairs(tags)))
}

fn unquoted(text: &str) -> &str {
    text.trim().trim_matches(['"', '\''])
}
