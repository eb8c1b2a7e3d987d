//! The page that shows runs: dashboard, view and report are one, by where their data come from.
//!
//! It is written as ES modules in `js/`, each with its imports, and put together into one script without
//! any tool: [`MODULES`] are in order of use, each becomes a function that gives its exports.

use std::{
    fmt::Write as _,
    io::{self, Write},
    sync::OnceLock,
};

use crate::html;

const TEMPLATE: &str = include_str!("index.html");

const STYLES: [&str; 5] = [
    include_str!("css/tokens.css"),
    include_str!("css/layout.css"),
    include_str!("css/parts.css"),
    include_str!("css/tables.css"),
    include_str!("css/print.css"),
];

macro_rules! modules {
    ($($name:literal)*) => { [$(($name, include_str!(concat!("js/", $name, ".js"))),)*] };
}

/// Name and source; a module imports from those before it.
const MODULES: [(&str, &str); 21] = modules![
    "format" "dom" "store" "source" "theme" "timeline" "lines" "marks" "tooltip" "axes" "chart" "heat"
    "panel" "load" "figures" "tables" "watched" "compare" "overview" "keys" "main"
];

/// The page that asks the program it came from for its runs: `api/runs`, and `events` while one goes on.
pub fn served(title: &str) -> Vec<u8> {
    let mut page = Vec::new();
    let written = write(title, b"", &mut page);
    debug_assert!(written.is_ok(), "nothing fails in memory: {written:?}");
    page
}

/// Writes the page with its runs in it, as [`super::runs_json`] gives them.
///
/// # Errors
/// Those of `out`.
pub fn write_whole(title: &str, runs_json: &[u8], out: &mut dyn Write) -> io::Result<()> {
    write(title, runs_json, out)
}

fn write(title: &str, data: &[u8], out: &mut dyn Write) -> io::Result<()> {
    html::fill(TEMPLATE, out, |name, out| match name {
        "title" => out.write_all(html::escape(title).as_bytes()),
        "style" => write!(out, "{}\n{}", html::CHARTS_STYLE, STYLES.join("\n")),
        "charts" => html::write_charts(out),
        "data" => html::write_json(data, out),
        "script" => out.write_all(script().as_bytes()),
        other => {
            debug_assert!(false, "the template has no {other}");
            Ok(())
        }
    })
}

/// All modules as one script.
fn script() -> &'static str {
    static SCRIPT: OnceLock<String> = OnceLock::new();
    SCRIPT.get_or_init(|| {
        let mut script = String::new();
        for (name, source) in MODULES {
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
    })
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
mod tests {
    use super::*;

    #[test]
    fn modules_use_what_those_before_them_export() {
        let mut known: Vec<(&str, Vec<&str>)> = Vec::new();
        for (name, source) in MODULES {
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
        assert!(!script().contains("\nexport ") && !script().contains("\nimport "));
    }

    #[test]
    fn exports_are_found() {
        let check = |line, expected| assert_eq!(Module::parse(line).exports, [expected], "{line}");
        check("export function amount(value, unit) {", "amount");
        check("export async function startSource(then) {", "startSource");
        check("export const ICONS = {", "ICONS");
        check("export class Chart {", "Chart");
    }

    #[test]
    fn a_page_asks_nobody_else() {
        let page = String::from_utf8(served("a <b>")).unwrap();
        assert!(page.contains("<title>a &lt;b&gt;</title>"));
        assert!(page.contains("uPlot") && page.contains("MIT"), "the licence goes along");
        let ours: String = STYLES
            .iter()
            .copied()
            .chain(MODULES.map(|(_, source)| source))
            .chain([TEMPLATE])
            .collect();
        let foreign = |text: &str| text.replace("http://www.w3.org/2000/svg", "").contains("://");
        assert!(!foreign(&ours), "no other host is named");
    }

    #[test]
    fn runs_stand_in_the_page() {
        let mut page = Vec::new();
        write_whole("x", br#"{"runs":[{"name":"</script>"}]}"#, &mut page).unwrap();
        let page = String::from_utf8(page).unwrap();
        assert!(page.contains(r#"{"runs":[{"name":"\u003c/script>"}]}"#));
    }
}
