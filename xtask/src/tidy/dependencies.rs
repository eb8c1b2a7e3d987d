//! Crates from outside: what must not be in the build at all, and who alone may name what.

use anyhow::Result;
use cargo_metadata::Metadata;

use crate::command::{self, cargo};

/// Crates that need more than gcc to build, bring a second TLS provider, or fetch at build time.
const BANNED: &[&str] = &[
    "aws-lc-sys",
    "aws-lc-rs",
    "openssl-sys",
    "native-tls",
    "cmake",
    "bindgen",
    "v8",
    "libz-ng-sys",
];

/// A crate from outside and the only crates of ours that may name it.
const ROOMS: &[(&str, &[&str])] = &[
    ("rquickjs", &["plimsoll-script"]),
    ("corosensei", &["plimsoll-script"]),
    ("oxc", &["plimsoll-script"]),
    // Samples are servers of their own; among the crates of the measurer only runtime names rustls.
    ("rustls", &["plimsoll-runtime", "plimsoll-samples"]),
    ("tokio-rustls", &["plimsoll-runtime", "plimsoll-samples"]),
    ("h2", &["plimsoll-clients"]),
    ("axum", &["plimsoll-outputs", "plimsoll-samples"]),
];

/// Crates of ours that others build into programs of theirs, and what must not come with them.
const LIBRARIES: &[(&str, &[&str])] =
    &[("plimsoll-cache", &["hyper", "mio", "ring", "rustls", "socket2"])];

/// Licences that go with ours without further thought.
const LICENCES: &[&str] = &[
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "Unlicense",
    "CC0-1.0",
    "BSL-1.0",
    "Unicode-3.0",
    "CDLA-Permissive-2.0",
    "MPL-2.0",
];

pub(super) fn check(metadata: &Metadata) -> Vec<String> {
    let mut findings = Vec::new();
    for package in &metadata.packages {
        if BANNED.contains(&package.name.as_str()) {
            findings.push(format!("{} must not be in the build", package.name));
        }
        if package.source.is_some() && !package.license.as_deref().is_some_and(is_allowed) {
            let licence = package.license.as_deref().unwrap_or("none stated");
            findings.push(format!("licence of {} is not on the list: {licence}", package.name));
        }
    }
    for package in metadata.workspace_packages() {
        for dependency in &package.dependencies {
            let room = ROOMS.iter().find(|(name, _)| *name == dependency.name);
            let normal = dependency.kind == cargo_metadata::DependencyKind::Normal;
            if normal && room.is_some_and(|(_, ours)| !ours.contains(&package.name.as_str())) {
                findings.push(format!("{} may not depend on {}", package.name, dependency.name));
            }
        }
    }
    findings
}

/// What comes with libraries and must not. Asked of cargo for each of them by itself: in a build of the
/// whole workspace all features are on that anybody wants.
pub(super) fn check_libraries() -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for (library, without) in LIBRARIES {
        let mut tree = cargo();
        tree.args(["tree", "--package", library, "--edges", "normal", "--prefix", "none"]);
        let listed = command::capture(&mut tree)?;
        let names: Vec<&str> =
            listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
        for name in without.iter().filter(|name| names.contains(name)) {
            findings.push(format!("{library} must do without {name}"));
        }
    }
    Ok(findings)
}

/// Whether one alternative of an SPDX expression is made of allowed licences only.
fn is_allowed(expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], " ").replace('/', " OR ");
    plain
        .split(" OR ")
        .any(|choice| choice.split(" AND ").all(|one| LICENCES.contains(&one.trim())))
}

#[cfg(test)]
mod tests {
    use super::is_allowed;

    #[test]
    fn reads_licence_expressions() {
        assert!(is_allowed("MIT OR Apache-2.0"));
        assert!(is_allowed("Apache-2.0/MIT"));
        assert!(is_allowed("(MIT OR GPL-3.0-only) AND BSD-3-Clause"));
        assert!(!is_allowed("GPL-3.0-only"));
        assert!(!is_allowed("MIT AND AGPL-3.0-only"));
    }
}
