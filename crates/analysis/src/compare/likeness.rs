//! Whether two runs asked the same.

use serde_json::Value;

use super::Run;

/// Parts of the options that may differ between runs that are compared: labels.
const LABELS: [&str; 2] = ["tags", "name"];

/// Something that two runs have different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `script`, `tool version`, or the path of an option: `options.scenarios.default.vus`.
    pub what: String,
    /// As JSON; `-` where it is not there.
    pub left: String,
    pub right: String,
    /// Whether numbers of such runs can be compared all the same.
    pub is_harmless: bool,
}

/// Everything that the two runs were asked differently.
pub fn differences(left: &Run, right: &Run) -> Vec<Difference> {
    let mut found = Vec::new();
    let (a, b) = (&left.header, &right.header);
    note(&mut found, "script", Some(&a.script.clone().into()), Some(&b.script.clone().into()));
    let (old, new) = (a.tool_version.clone().into(), b.tool_version.clone().into());
    note(&mut found, "tool version", Some(&old), Some(&new));
    walk(&mut found, "options", Some(&a.options), Some(&b.options));
    found
}

fn walk(found: &mut Vec<Difference>, path: &str, left: Option<&Value>, right: Option<&Value>) {
    match (left, right) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let more = b.keys().filter(|key| !a.contains_key(*key));
            for key in a.keys().chain(more) {
                walk(found, &format!("{path}.{key}"), a.get(key), b.get(key));
            }
        }
        _ => note(found, path, left, right),
    }
}

fn note(found: &mut Vec<Difference>, what: &str, left: Option<&Value>, right: Option<&Value>) {
    let is_unset = |value: Option<&Value>| value.is_none_or(Value::is_null);
    if left == right || (is_unset(left) && is_unset(right)) {
        return;
    }
    let text = |value: Option<&Value>| value.map_or_else(|| "-".to_owned(), Value::to_string);
    let mut parts = what.strip_prefix("options.").unwrap_or_default().split('.');
    let is_label = parts.any(|part| LABELS.contains(&part));
    let is_harmless = is_label || what == "tool version";
    found.push(Difference {
        what: what.to_owned(),
        left: text(left),
        right: text(right),
        is_harmless,
    });
}
