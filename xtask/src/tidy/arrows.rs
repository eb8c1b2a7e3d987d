//! Which crate of ours may depend on which: ARCHITECTURE.md's arrows, checked.

use cargo_metadata::{DependencyKind, Metadata};

/// A crate and all crates of ours that it names: none too few, and none to spare. The order is the
/// layering, lowest first.
const ARROWS: &[(&str, &[&str])] = &[
    ("plimsoll-metrics", &[]),
    ("plimsoll-wire", &[]),
    ("plimsoll-runtime", &[]),
    ("plimsoll-analysis", &["metrics"]),
    ("plimsoll-engine", &["metrics", "runtime"]),
    ("plimsoll-clients", &["metrics", "wire", "runtime"]),
    ("plimsoll-monitor", &["metrics", "wire", "runtime"]),
    ("plimsoll-outputs", &["metrics", "runtime"]),
    ("plimsoll-script", &["metrics", "engine", "clients", "runtime"]),
    ("plimsoll-attack", &["metrics", "engine", "clients", "runtime"]),
    ("plimsoll-samples", &["wire", "runtime"]),
    ("plimsoll-cache", &["wire", "runtime"]),
    ("plimsoll-cache-server", &["wire", "runtime", "cache"]),
    (
        "plimsoll",
        &[
            "metrics",
            "runtime",
            "engine",
            "clients",
            "script",
            "attack",
            "monitor",
            "outputs",
            "samples",
            "cache-server",
            "analysis",
        ],
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
        let mut used = Vec::new();
        for dependency in &package.dependencies {
            let Some(ours) = dependency.name.strip_prefix("plimsoll-") else { continue };
            let for_tests = dependency.kind == DependencyKind::Development;
            // Tests may start a sample system in process; the code under test may not know it.
            let is_excused = for_tests && ours == "samples";
            if !allowed.contains(&ours) && !is_excused {
                findings.push(format!("{} may not depend on {}", package.name, dependency.name));
            }
            if !for_tests {
                used.push(ours);
            }
        }
        for spare in allowed.iter().filter(|name| !used.contains(name)) {
            let name = &package.name;
            findings.push(format!("{name} does not depend on plimsoll-{spare}: drop the arrow"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::ARROWS;

    #[test]
    fn arrows_point_down() {
        for (at, (name, allowed)) in ARROWS.iter().enumerate() {
            for ours in *allowed {
                let mut below = ARROWS.iter().take(at);
                assert!(below.any(|(lower, _)| *lower == format!("plimsoll-{ours}")), "{name}");
            }
        }
    }
}
