//! Checks and groups, told apart by the tags of their samples.

use std::sync::Arc;

use hashbrown::HashMap;
use md5::{Digest, Md5};

use crate::{
    registry::{SeriesDef, SeriesId},
    sink::Sink,
    tags::TagSet,
};

/// Checks told apart; further ones are only in the `checks` metric.
pub const CHECKS_LIMIT: usize = 10_000;

/// Groups told apart; further ones are not listed.
pub const GROUPS_LIMIT: usize = 10_000;

/// Groups inside of each other; what is deeper is one name, since trees are walked by recursion.
const DEPTH_LIMIT: usize = 64;

/// What separates the names in a path.
const SEPARATOR: &str = "::";

/// A group with its checks and groups, as the end-of-test summary shows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupTotals {
    /// Empty at the root.
    pub name: String,
    /// `::outer::inner`, empty at the root.
    pub path: String,
    /// MD5 of the path, as k6 has it.
    pub id: String,
    pub groups: Vec<GroupTotals>,
    pub checks: Vec<CheckTotal>,
}

/// How often a check passed and failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckTotal {
    pub name: String,
    pub path: String,
    /// MD5 of the path, as k6 has it.
    pub id: String,
    pub passes: u64,
    pub fails: u64,
}

/// Both lists are given in order of the first series: intervals come worker by worker, but series are
/// numbered in the order in which scripts first use them.
#[derive(Debug, Default)]
pub(super) struct Checks {
    /// Tags are `group` and `check` alone.
    totals: Vec<(TagSet, u64, u64)>,
    /// By position in `totals`.
    first: Vec<SeriesId>,
    positions: HashMap<TagSet, u32>,
    /// Paths with their first series.
    groups: HashMap<Arc<str>, SeriesId>,
}

impl Checks {
    /// Notes the group of a series.
    pub(super) fn see_group(&mut self, def: &SeriesDef) {
        let Some(path) = def.tags.get("group") else { return };
        let ends = path.match_indices(SEPARATOR).map(|(at, _)| at).skip(1);
        let ends = ends.take(DEPTH_LIMIT - 1).chain([path.len()]);
        for outer in ends.filter_map(|end| path.get(..end)).filter(|outer| !outer.is_empty()) {
            if let Some(first) = self.groups.get_mut(outer) {
                *first = def.id.min(*first);
            } else if self.groups.len() < GROUPS_LIMIT {
                self.groups.insert(outer.into(), def.id);
            }
        }
    }

    /// The position of the check that a series' tags name; `None` when there are too many.
    pub(super) fn position(&mut self, def: &SeriesDef) -> Option<u32> {
        let pair = |key| Some((key, def.tags.get(key)?));
        let own = TagSet::from_pairs(["check", "group"].into_iter().filter_map(pair));
        if let Some(&at) = self.positions.get(&own) {
            if let Some(first) = self.first.get_mut(at as usize) {
                *first = def.id.min(*first);
            }
            return Some(at);
        }
        if self.totals.len() >= CHECKS_LIMIT {
            return None;
        }
        let at = self.totals.len() as u32;
        self.positions.insert(own.clone(), at);
        self.totals.push((own, 0, 0));
        self.first.push(def.id);
        Some(at)
    }

    pub(super) fn add(&mut self, position: u32, sink: &Sink) {
        let (Some((_, passes, fails)), &Sink::Rate { trues, total }) =
            (self.totals.get_mut(position as usize), sink)
        else {
            return;
        };
        *passes += trues;
        *fails += total - trues;
    }

    pub(super) fn list(&self) -> Vec<(TagSet, u64, u64)> {
        let mut sorted: Vec<_> = self.totals.iter().zip(&self.first).collect();
        sorted.sort_by_key(|(_, first)| **first);
        sorted.into_iter().map(|(check, _)| check.clone()).collect()
    }

    pub(super) fn tree(&self) -> GroupTotals {
        let mut root = GroupTotals { id: id(""), ..GroupTotals::default() };
        let mut groups: Vec<_> = self.groups.iter().collect();
        // Of groups with the same first series the outer one comes first.
        groups.sort_by_key(|(path, first)| (**first, path.len()));
        for (path, _) in groups {
            group_at(&mut root, path);
        }
        for (tags, passes, fails) in &self.list() {
            let group = tags.get("group").unwrap_or_default();
            let name = tags.get("check").unwrap_or_default().to_owned();
            let path = format!("{group}{SEPARATOR}{name}");
            let check = CheckTotal { id: id(&path), name, path, passes: *passes, fails: *fails };
            group_at(&mut root, group).checks.push(check);
        }
        root
    }
}

/// The group with that path below `root`, made with those around it when it is not there.
fn group_at<'a>(root: &'a mut GroupTotals, path: &str) -> &'a mut GroupTotals {
    let mut at = root;
    for name in path.splitn(DEPTH_LIMIT + 1, SEPARATOR).skip(1) {
        let position = at.groups.iter().position(|group| group.name == name);
        let position = position.unwrap_or_else(|| {
            let path = format!("{}{SEPARATOR}{name}", at.path);
            let (id, name) = (id(&path), name.to_owned());
            at.groups.push(GroupTotals { name, path, id, ..GroupTotals::default() });
            at.groups.len() - 1
        });
        at = &mut at.groups[position];
    }
    at
}

fn id(path: &str) -> String {
    Md5::digest(path.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
