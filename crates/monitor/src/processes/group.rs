//! Processes that are watched as one: those found, with their children.

use std::{collections::HashSet, time::Duration};

use plimsoll_runtime::clock::Instant;

use super::{
    find::RESCAN_EVERY,
    member::{Levels, Look, Member, Totals},
    scan,
    threads::Activity,
    usage::{Tally, Usage},
};
use crate::kernel_file::Buffer;

/// Processes of one watched thing; further children are left out.
pub(super) const MEMBERS_LIMIT: usize = 1_024;

/// What a group did since the last look and is now.
#[derive(Default)]
pub(super) struct Together {
    /// `None` at the first look.
    pub(super) passed: Option<Duration>,
    pub(super) usage: Usage,
    pub(super) levels: Levels,
    pub(super) activity: Activity,
    pub(super) processes: u64,
    /// Whether bytes from and to disks are known of any.
    pub(super) has_io: bool,
}

#[derive(Default)]
pub(super) struct Group {
    members: Vec<Member>,
    /// Of the members.
    pids: HashSet<u32>,
    with_children: bool,
    last: Option<Instant>,
    /// When children were looked for where it costs more.
    searched: Option<Instant>,
}

impl Group {
    pub(super) fn new(with_children: bool) -> Group {
        Group { with_children, ..Group::default() }
    }

    /// Takes in `roots` and all children that are there now.
    pub(super) fn follow(&mut self, roots: &[u32], at: Instant, buffer: &mut Buffer) {
        roots.iter().for_each(|pid| self.add(*pid, false));
        if !self.with_children {
            return;
        }
        let searches = self.searched.is_none_or(|searched| at.since(searched) >= RESCAN_EVERY);
        if searches {
            self.searched = Some(at);
        }
        let mut place = 0;
        while let Some(member) = self.members.get_mut(place) {
            for (pid, is_newborn) in children(member, searches, buffer) {
                self.add(pid, is_newborn);
            }
            place += 1;
        }
    }

    fn add(&mut self, pid: u32, is_newborn: bool) {
        if self.members.len() < MEMBERS_LIMIT && self.pids.insert(pid) {
            self.members.push(Member::new(pid, is_newborn));
        }
    }

    /// Looks at all. Those that have ended are let go.
    pub(super) fn look(&mut self, buffer: &mut Buffer) -> Together {
        let at = Instant::now();
        let passed = self.last.replace(at).map(|last| at.since(last));
        let (mut together, mut tally) = (Together::default(), Tally::default());
        together.passed = passed.filter(|passed| *passed > Duration::ZERO);
        let mut gone = Vec::new();
        self.members.retain_mut(|member| match member.look(at, buffer) {
            Ok(look) => {
                let base = if member.is_newborn { Totals::default() } else { look.totals };
                tally.alive(&member.totals.unwrap_or(base), &look.totals);
                member.totals = Some(look.totals);
                together.has_io |= member.has_io();
                // One that nobody has waited for yet still has its totals; then its parent gets them.
                if !look.has_ended {
                    together.add(&look);
                }
                true
            }
            Err(_) => {
                if let Some(last) = member.totals.filter(|_| self.pids.contains(&member.parent)) {
                    tally.ended(&last);
                }
                gone.push(member.pid);
                false
            }
        });
        for pid in gone {
            self.pids.remove(&pid);
        }
        together.usage = tally.usage();
        together
    }

    pub(super) fn has(&self, pid: u32) -> bool {
        self.pids.contains(&pid)
    }

    /// Of all members, in the order in which they came.
    pub(super) fn pids(&self) -> Vec<u32> {
        self.members.iter().map(|member| member.pid).collect()
    }

    /// Forgets all: what comes next is another group.
    pub(super) fn clear(&mut self) {
        self.members.clear();
        self.pids.clear();
        self.last = None;
    }
}

/// The children of a member, each with whether it began since the last look.
fn children(member: &mut Member, searches: bool, buffer: &mut Buffer) -> Vec<(u32, bool)> {
    let is_known = member.totals.is_some();
    let Some(of_main) = member.children(buffer) else {
        if !searches {
            return Vec::new();
        }
        // A kernel that does not list children: all processes are looked through.
        let found = scan::with(RESCAN_EVERY, |all| scan::descendants(&[member.pid], all));
        return found.into_iter().map(|pid| (pid, false)).collect();
    };
    let mut found: Vec<_> = of_main.into_iter().map(|pid| (pid, is_known)).collect();
    if searches {
        let of_threads = member.children_of_threads(buffer);
        found.extend(of_threads.into_iter().map(|pid| (pid, false)));
    }
    found
}

impl Together {
    fn add(&mut self, look: &Look) {
        self.processes += 1;
        self.levels.memory_bytes += look.levels.memory_bytes;
        self.levels.threads += look.levels.threads;
        self.activity.add(look.activity.clone());
        // Of the one that is nearest to its limit.
        let share = |(open, limit): (u64, u64)| open as f64 / limit.max(1) as f64;
        let known = self.levels.descriptors.map_or(-1.0, share);
        if look.levels.descriptors.is_some_and(|descriptors| share(descriptors) > known) {
            self.levels.descriptors = look.levels.descriptors;
        }
    }
}
