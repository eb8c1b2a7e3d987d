//! Whether two runs asked the same.

use plimsoll_metrics::record::Header;
use serde_json::Value;

use super::Run;

/// Parts of the options that may differ between runs that are compared: labels.
const LABELS: [&str; 2] = ["tags", "name"];

/// Members of the options that are digests: of what was read, and of variables.
const FILES: &str = "files";
const ENVIRONMENT: &str = "environment";

/// Something that two runs have different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `script`, `tool version`, `file data.csv`, `environment URL`, a limit of what was watched
    /// (`cgroup_cpu_quota`), or the path of an option: `options.scenarios.default.vus`.
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
    let (files, others) = (part(a, FILES), part(b, FILES));
    // The same script in another folder is the same script.
    if files.is_some() && files == others {
        found.iter_mut().for_each(|script| script.is_harmless = true);
    }
    entries(&mut found, "file", files, others, false);
    entries(&mut found, "environment", part(a, ENVIRONMENT), part(b, ENVIRONMENT), true);
    let (old, new) = (a.tool_version.clone().into(), b.tool_version.clone().into());
    note(&mut found, "tool version", Some(&old), Some(&new));
    let (old, new) = (without_parts(&a.options), without_parts(&b.options));
    walk(&mut found, "options", Some(&old), Some(&new));
    for (metric, old) in &left.limits {
        if let Some(new) = right.limits.get(metric).filter(|new| *new != old) {
            note(&mut found, metric, Some(&old.clone().into()), Some(&new.clone().into()));
        }
    }
    found
}

fn part<'a>(header: &'a Header, name: &str) -> Option<&'a Value> {
    header.options.get(name)
}

fn without_parts(options: &Value) -> Value {
    let mut options = options.clone();
    if let Some(members) = options.as_object_mut() {
        members.remove(FILES);
        members.remove(ENVIRONMENT);
    }
    options
}

/// Members of two objects of digests, by their names, which may have dots. A record that has none is of a
/// version that kept none.
fn entries(
    found: &mut Vec<Difference>,
    what: &str,
    left: Option<&Value>,
    right: Option<&Value>,
    is_harmless: bool,
) {
    let (Some(left), Some(right)) =
        (left.and_then(Value::as_object), right.and_then(Value::as_object))
    else {
        return;
    };
    let more = right.keys().filter(|name| !left.contains_key(*name));
    for name in left.keys().chain(more) {
        let before = found.len();
        note(found, &format!("{what} {name}"), left.get(name), right.get(name));
        found.iter_mut().skip(before).for_each(|one| one.is_harmless = is_harmless);
    }
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
