//! Checks by name, and the tree of groups that they are in.

use plimsoll_metrics::{TagSet, Totals, totals::GroupTotals};

/// How often a check held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) name: String,
    pub(super) passes: u64,
    pub(super) fails: u64,
}

/// All checks by name, whatever their groups, in order of first sight.
pub(super) fn list(totals: &Totals) -> Vec<Check> {
    let mut checks = Vec::new();
    for (tags, passes, fails) in totals.checks() {
        add(&mut checks, &tags, passes, fails);
    }
    checks
}

/// Counts towards the check that `tags` name.
pub(super) fn add(checks: &mut Vec<Check>, tags: &TagSet, passes: u64, fails: u64) {
    // Without the `check` tag nobody can say which check it was.
    let Some(name) = tags.get("check") else { return };
    match checks.iter_mut().find(|check| check.name == name) {
        Some(check) => {
            check.passes += passes;
            check.fails += fails;
        }
        None => checks.push(Check { name: name.to_owned(), passes, fails }),
    }
}

/// The groups that a script made, with their checks; setup and teardown are among them only when
/// something is in them.
pub(super) fn tree(totals: &Totals) -> GroupTotals {
    let mut root = totals.root_group();
    root.groups.retain(|group| {
        let is_life_cycle = group.path == "::setup" || group.path == "::teardown";
        !is_life_cycle || !group.groups.is_empty() || !group.checks.is_empty()
    });
    root
}
