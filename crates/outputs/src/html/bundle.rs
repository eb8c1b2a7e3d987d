//! ES modules put together into one script without any tool: each becomes a function that gives its
//! exports.

use std::fmt::Write as _;

/// A module's name and its text. In a list each imports from those before it.
pub(crate) type Source = (&'static str, &'static str);

/// All of them as one script.
pub(crate) fn bundle(modules: &[Source]) -> String {
    let mut script = String::new();
    for (name, source) in modules {
        let module = Module::parse(source);
        let exports = module.exports.join(", ");
        // Writing to a string does not fail.
        _ = writeln!(
            script,
            "const {name}Module = (() => {{\n{}return {{ {exports} }};\n}})();",
            module.body
        );
    }
    script
}

/// A module without the words that only modules know.
struct Module<'a> {
    body: String,
    exports: Vec<&'a str>,
}

impl<'a> Module<'a> {
    fn parse(source: &'a str) -> Module<'a> {
        let mut module = Module { body: String::new(), exports: Vec::new() };
        for line in source.lines() {
            if let Some((names, from)) = import(line) {
                module.body += &format!("const {names} = {from}Module;");
            } else if let Some(rest) = line.strip_prefix("export ") {
                module.exports.extend(declared(rest));
                module.body += rest;
            } else {
                module.body += line;
            }
            module.body.push('\n');
        }
        module
    }
}

/// `{ names }` and the module of `import { names } from "./module.js";`.
fn import(line: &str) -> Option<(&str, &str)> {
    let (names, from) = line.strip_prefix("import ")?.split_once(" from \"./")?;
    Some((names, from.strip_suffix(".js\";")?))
}

/// What `function name(`, `const name =` or `class Name {` declares.
fn declared(text: &str) -> Option<&str> {
    let text = text.strip_prefix("async ").unwrap_or(text);
    let (_, rest) = text.split_once(' ')?;
    rest.split(|char: char| !char.is_alphanumeric() && char != '_').next()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Each uses what it imports, from modules before it that export it.
    #[track_caller]
    pub(crate) fn check_modules(modules: &[Source]) {
        let mut known: Vec<(&str, Vec<&str>)> = Vec::new();
        for (name, source) in modules {
            for line in source.lines().filter(|line| line.starts_with("import")) {
                let (names, from) = import(line).unwrap_or_else(|| panic!("{name}: {line}"));
                let exports = &known.iter().find(|(module, _)| *module == from);
                let exports = &exports.unwrap_or_else(|| panic!("{name}: {from} comes later")).1;
                for one in names.trim_matches(['{', '}', ' ']).split(", ") {
                    assert!(exports.contains(&one), "{name}: {from} exports no {one}");
                    let uses = source.matches(one).count();
                    assert!(uses > 1, "{name} imports {one} and does not use it");
                }
            }
            known.push((name, Module::parse(source).exports));
        }
        let script = bundle(modules);
        assert!(!script.contains("\nexport ") && !script.contains("\nimport "));
    }

    #[test]
    fn exports_are_found() {
        let check = |line, expected| assert_eq!(Module::parse(line).exports, [expected], "{line}");
        check("export function amount(value, unit) {", "amount");
        check("export async function startSource(then) {", "startSource");
        check("export const ICONS = {", "ICONS");
        check("export class Chart {", "Chart");
    }
}
