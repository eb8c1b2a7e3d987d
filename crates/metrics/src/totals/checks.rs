//! Checks and groups, told apart by the tags of their samples.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use md5::{Digest, Md5};

use crate::{sink::Sink, tags::TagSet};

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

#[derive(Debug, Default)]
pub(super) struct Checks {
    /// In order of first sight; tags are `group` and `check` alone.
    totals: Vec<(TagSet, u64, u64)>,
    positions: HashMap<TagSet, u32>,
    /// Paths of groups in order of first sight, an outer one before its inner ones.
    groups: Vec<Arc<str>>,
    known_groups: HashSet<Arc<str>>,
}

impl Checks {
    /// Notes the group of a series.
    pub(super) fn see_group(&mut self, tags: &TagSet) {
        let Some(path) = tags.get("group") else { return };
        if self.known_groups.contains(path) {
            return;
        }
        let ends = path.match_indices(SEPARATOR).map(|(at, _)| at).skip(1);
        let ends = ends.take(DEPTH_LIMIT - 1).chain([path.len()]);
        for outer in ends.filter_map(|end| path.get(..end)) {
            let is_new = !outer.is_empty() && !self.known_groups.contains(outer);
            if is_new && self.groups.len() < GROUPS_LIMIT {
                let outer: Arc<str> = outer.into();
                self.known_groups.insert(outer.clone());
                self.groups.push(outer);
            }
        }
    }

    /// The position of the check that `tags` name; `None` when there are too many.
    pub(super) fn position(&mut self, tags: &TagSet) -> Option<u32> {
        let pairs = ["check", "group"].into_iter().filter_map(|key| Some((key, tags.get(key)?)));
        let own = TagSet::from_pairs(pairs);
        if let Some(&at) = self.positions.get(&own) {
            return Some(at);
        }
        if self.totals.len() >= CHECKS_LIMIT {
            return None;
        }
        let at = self.totals.len() as u32;
        self.positions.insert(own.clone(), at);
        self.totals.push((own, 0, 0));
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
        self.totals.clone()
    }

    pub(super) fn tree(&self) -> GroupTotals {
        let mut root = GroupTotals { id: id(""), ..GroupTotals::default() };
        for path in &self.groups {
            group_at(&mut root, path);
        }
        for (tags, passes, fails) in &self.totals {
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
