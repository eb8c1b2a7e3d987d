//! What of a VU's world the modules can ask for, judged by their text.
//!
//! The process's environment and the consolidated options cost some kilobytes in every VU, and most
//! scripts read two variables of the one and nothing of the other. When in doubt, all.

use std::collections::BTreeSet;

use crate::vu::intrinsics::reaches_by_any_name;

/// The environment's object, to scripts.
const ENVIRONMENT: &str = "__ENV";

const OPTIONS: &str = "options";

/// What code may ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mentions {
    environment: Variables,
    /// Whether code may see what the exported `options` became.
    pub(crate) options: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Variables {
    All,
    Named(BTreeSet<String>),
}

impl Default for Variables {
    fn default() -> Variables {
        Variables::Named(BTreeSet::new())
    }
}

impl Mentions {
    /// Of a module's text. `entry_file`: the last part of the entry script's URL; `is_entry`: whether
    /// this is its text. What stands in comments and strings counts too: too much is safe.
    pub(super) fn of_code(code: &str, entry_file: &str, is_entry: bool) -> Mentions {
        // An escape may be part of a name.
        if reaches_by_any_name(code) || code.contains("\\u") {
            return Mentions { environment: Variables::All, options: true };
        }
        let exports = if is_entry { 1 } else { 0 };
        let imports_entry = !entry_file.is_empty() && code.contains(entry_file);
        Mentions {
            environment: variables(code).map_or(Variables::All, Variables::Named),
            options: imports_entry || code.matches(OPTIONS).count() > exports,
        }
    }

    /// Whether code may ask for an environment variable.
    pub(crate) fn variable(&self, name: &str) -> bool {
        match &self.environment {
            Variables::All => true,
            Variables::Named(names) => names.contains(name),
        }
    }

    /// What either may ask for.
    pub(super) fn with(&self, other: &Mentions) -> Mentions {
        let environment = match (&self.environment, &other.environment) {
            (Variables::Named(one), Variables::Named(two)) => {
                Variables::Named(one.union(two).cloned().collect())
            }
            _ => Variables::All,
        };
        Mentions { environment, options: self.options || other.options }
    }
}

/// The names after each `__ENV`; `None` when something else is done with it.
fn variables(code: &str) -> Option<BTreeSet<String>> {
    let after = code.match_indices(ENVIRONMENT).map(|(at, _)| &code[at + ENVIRONMENT.len()..]);
    after.filter(|rest| !rest.starts_with(is_name_part)).map(member).collect()
}

/// The name in `.NAME`, `?.NAME` or `['NAME']` at the start of `rest`.
fn member(rest: &str) -> Option<String> {
    let rest = rest.trim_start();
    if let Some(inside) = rest.strip_prefix('[') {
        let inside = inside.trim_start();
        let quote = inside.chars().next().filter(|first| matches!(first, '\'' | '"'))?;
        let (name, after) = inside[1..].split_once(quote)?;
        let plain = !name.contains(['\\', '\n']) && after.trim_start().starts_with(']');
        return plain.then(|| name.to_string());
    }
    let rest = rest.strip_prefix("?.").or_else(|| rest.strip_prefix('.'))?.trim_start();
    let end = rest.find(|c| !is_name_part(c)).unwrap_or(rest.len());
    (end > 0).then(|| rest[..end].to_string())
}

fn is_name_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_variables_decide() {
        let check = |code: &str, expected: Option<&[&str]>| {
            let expected = match expected {
                Some(names) => Variables::Named(names.iter().map(|n| n.to_string()).collect()),
                None => Variables::All,
            };
            assert_eq!(Mentions::of_code(code, "script.js", true).environment, expected, "{code}");
        };
        check("export default function () {}", Some(&[]));
        check(
            "get(__ENV.A); `${__ENV.B_1}/x`; __ENV?.C; __ENV\n  .D",
            Some(&["A", "B_1", "C", "D"]),
        );
        check("__ENV['A b'] + __ENV[ \"C\" ]", Some(&["A b", "C"]));
        check("__ENVIRONMENT", Some(&[]));
        for code in [
            "const { A } = __ENV;",
            "'A' in __ENV",
            "__ENV[name]",
            "__ENV['a' + 'b']",
            "Object.keys(__ENV)",
            "__ENV[`A`]",
            "__ENV",
            "globalThis['__E' + 'NV'].A",
            "__EN\\u0056.A",
            "__ENV /* */ .A",
        ] {
            check(code, None);
        }
    }

    #[test]
    fn options_are_seen_when_named_again() {
        let check = |code: &str, is_entry: bool, expected: bool| {
            assert_eq!(Mentions::of_code(code, "script.js", is_entry).options, expected, "{code}")
        };
        check("export const options = { vus: 1 };", true, false);
        check("export const options = { vus: 1 }; options.vus", true, true);
        check("import { options } from './script.js'", false, true);
        check("import * as all from './script.js'", false, true);
        check("export const x = 1", false, false);
        check("export default () => eval('opt' + 'ions')", true, true);
    }
}
