//! `docs/cache.md` tells of every command and parameter there is, and of no other: checked against the
//! tables that the server itself works with.

use std::{fmt::Write as _, fs, path::Path};

use super::{
    absent::ABSENT,
    parameters::{Change, PARAMETERS},
};
use crate::commands::{self, Group, Spec};

/// Families in the order of the document.
const GROUPS: [Group; 13] = [
    Group::String,
    Group::Bitmap,
    Group::Generic,
    Group::Hash,
    Group::List,
    Group::Set,
    Group::SortedSet,
    Group::HyperLogLog,
    Group::PubSub,
    Group::Transactions,
    Group::Connection,
    Group::Server,
    Group::Scripting,
];

/// What stands in the document between `<!-- name -->` and `<!-- end -->`.
fn section(document: &str, name: &str) -> String {
    let begin = format!("<!-- {name} -->\n");
    let (_, rest) = document.split_once(&begin).unwrap_or_else(|| panic!("no {begin}"));
    rest.split_once("<!-- end -->").unwrap().0.to_owned()
}

fn check(name: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cache.md");
    let found = section(&fs::read_to_string(path).unwrap(), name);
    assert!(found == expected, "docs/cache.md, {name}, should be:\n{expected}");
}

fn row(out: &mut String, spec: &Spec) {
    let name = spec.name.to_ascii_uppercase().replace('|', " ");
    writeln!(out, "| `{name}` | {} |", spec.summary).unwrap();
}

#[test]
fn the_table_of_commands_is_that_of_the_server() {
    let mut expected = String::new();
    for group in GROUPS {
        let mut specs: Vec<&Spec> = commands::all().filter(|spec| spec.group == group).collect();
        specs.sort_by_key(|spec| spec.name);
        writeln!(expected, "\n**{}**\n\n| command | what it does |\n|---|---|", group.name())
            .unwrap();
        for spec in specs {
            if spec.subcommands.is_empty() {
                row(&mut expected, spec);
            }
            let told = spec.subcommands.iter().filter(|spec| !spec.name.ends_with("|help"));
            told.for_each(|spec| row(&mut expected, spec));
        }
    }
    expected.push('\n');
    check("commands", &expected);
}

#[test]
fn what_is_absent_is_told() {
    let mut expected = "\n| what | commands |\n|---|---|\n".to_owned();
    for (what, names) in ABSENT {
        let names: Vec<String> = names
            .iter()
            .map(|name| format!("`{}`", name.to_ascii_uppercase().replace('|', " ")))
            .collect();
        let what = what.split(';').next().unwrap();
        writeln!(expected, "| {what} | {} |", names.join(", ")).unwrap();
    }
    expected.push('\n');
    check("absent", &expected);
}

#[test]
fn parameters_that_can_be_set_are_told() {
    let mut expected = "\n| parameter | default | can be set |\n|---|---|---|\n".to_owned();
    for parameter in PARAMETERS {
        let when = match parameter.change {
            Change::Always => "any time",
            Change::AtStart => "at the start",
            Change::Never => continue,
        };
        let default = match parameter.default {
            "" => String::new(),
            default => format!("`{default}`"),
        };
        writeln!(expected, "| `{}` | {default} | {when} |", parameter.name).unwrap();
    }
    expected.push('\n');
    check("parameters", &expected);
}
