//! Which crate of ours may depend on which: ARCHITECTURE.md's arrows, checked.

use cargo_metadata::{DependencyKind, Metadata};

/// A crate and all crates of ours that it may name. The order is the layering, lowest first.
const ARROWS: &[(&str, &[&str])] = &[
    ("plimsoll-metrics", &[]),
    ("plimsoll-wire", &[]),
    ("plimsoll-runtime", &[]),
    ("plimsoll-engine", &["metrics", "runtime"]),
    ("plimsoll-clients", &["metrics", "wire", "runtime"]),
    ("plimsoll-monitor", &["metrics", "runtime"]),
    ("plimsoll-outputs", &["metrics", "runtime"]),
    ("plimsoll-script", &["metrics", "engine", "clients", "runtime"]),
    ("plimsoll-attack", &["metrics", "engine", "clients", "runtime"]),
    ("plimsoll-samples", &["metrics", "wire", "runtime", "clients"]),
    (
        "plimsoll",
        &["metrics", "runtime", "engine", "clients", "script", "monitor", "outputs", "samples"],
    ),
    ("plimsoll-e2e", &[]),
    ("xtask", &[]),
];

pub(super) fn check(metadata: &Metadata) -> Vec<String> {
    let mut findings = Vec::new();
    for package in metadata.workspace_packages() {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == package.name.as_str())
        else {
            findings.push(format!("crate {} is not in the table of arrows", package.name));
            continue;
        };
        for dependency in &package.dependencies {
            let Some(ours) = dependency.name.strip_prefix("plimsoll-") else { continue };
            // Tests may start a sample system in process; the code under test may not know it.
            let for_tests = dependency.kind == DependencyKind::Development && ours == "samples";
            if !allowed.contains(&ours) && !for_tests {
                findings.push(format!("{} may not depend on {}", package.name, dependency.name));
            }
        }
    }
    findings
}
