//! From totals of processes that come and go to what they used together.

use std::time::Duration;

use super::member::Totals;

/// What was used between two looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) cpu: Duration,
    pub(super) user: Duration,
    pub(super) system: Duration,
    pub(super) major_faults: u64,
    pub(super) read_bytes: u64,
    pub(super) written_bytes: u64,
}

/// Adds up the looks of one tick.
///
/// A process that has ended takes its totals away; whoever waited for it gets them as one lump. What of
/// the lump was counted at earlier ticks is taken off again, so that just the rest is added.
#[derive(Debug, Default)]
pub(super) struct Tally {
    usage: Usage,
    /// Lumps, of user and system time.
    children: (Duration, Duration),
    /// Counted before, of processes that ended as children of others that are watched with them.
    counted: Usage,
}

impl Tally {
    /// A process that is there. `before`: at the last look, or zero when all of it is new.
    pub(super) fn alive(&mut self, before: &Totals, now: &Totals) {
        let usage = &mut self.usage;
        usage.cpu += now.cpu.saturating_sub(before.cpu);
        usage.user += now.user.saturating_sub(before.user);
        usage.system += now.system.saturating_sub(before.system);
        usage.major_faults += now.major_faults.saturating_sub(before.major_faults);
        usage.read_bytes += now.read_bytes.saturating_sub(before.read_bytes);
        usage.written_bytes += now.written_bytes.saturating_sub(before.written_bytes);
        self.children.0 += now.children_user.saturating_sub(before.children_user);
        self.children.1 += now.children_system.saturating_sub(before.children_system);
    }

    /// A process that is gone, and was a child of another that is watched.
    pub(super) fn ended(&mut self, last: &Totals) {
        let (user, system) = (last.children_user, last.children_system);
        let counted = &mut self.counted;
        counted.cpu += last.cpu.saturating_add(user).saturating_add(system);
        counted.user += last.user.saturating_add(user);
        counted.system += last.system.saturating_add(system);
        counted.read_bytes += last.read_bytes;
        counted.written_bytes += last.written_bytes;
    }

    /// What all used; never less than nothing.
    pub(super) fn usage(&self) -> Usage {
        let (usage, counted) = (&self.usage, &self.counted);
        let (user, system) = self.children;
        let rest = |lump: Duration, counted| lump.saturating_sub(counted);
        Usage {
            cpu: usage.cpu.saturating_add(rest(user.saturating_add(system), counted.cpu)),
            user: usage.user.saturating_add(rest(user, counted.user)),
            system: usage.system.saturating_add(rest(system, counted.system)),
            major_faults: usage.major_faults,
            read_bytes: usage.read_bytes.saturating_sub(counted.read_bytes),
            written_bytes: usage.written_bytes.saturating_sub(counted.written_bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn totals(cpu_ms: u64, children_ms: u64, read_bytes: u64) -> Totals {
        Totals {
            cpu: Duration::from_millis(cpu_ms),
            user: Duration::from_millis(cpu_ms),
            children_user: Duration::from_millis(children_ms),
            read_bytes,
            ..Totals::default()
        }
    }

    fn check(tally: &Tally, cpu_ms: u64, read_bytes: u64) {
        let usage = tally.usage();
        assert_eq!((usage.cpu.as_millis(), usage.read_bytes), (u128::from(cpu_ms), read_bytes));
        assert_eq!((usage.user, usage.system), (usage.cpu, Duration::ZERO));
    }

    #[test]
    fn a_child_that_ended_counts_once() {
        let mut tally = Tally::default();
        // It had used 700 ms at the last look and ended at 900, which its parent got.
        tally.alive(&totals(100, 0, 10), &totals(150, 900, 60));
        tally.ended(&totals(700, 0, 40));
        check(&tally, 250, 10);
    }

    #[test]
    fn a_child_nobody_waited_for_takes_nothing_away() {
        let mut tally = Tally::default();
        tally.alive(&totals(100, 0, 0), &totals(150, 0, 0));
        tally.ended(&totals(700, 0, 0));
        check(&tally, 50, 0);
    }

    #[test]
    fn children_too_short_to_be_seen_count() {
        let mut tally = Tally::default();
        tally.alive(&totals(0, 100, 0), &totals(0, 380, 0));
        check(&tally, 280, 0);
    }

    proptest! {
        /// A parent and children that begin, work, and end at any ticks: the usages of all ticks add up
        /// to all that was worked.
        #[test]
        fn all_work_is_counted_once(
            // Per child: ticks until its end, and work per tick.
            children in vec((1_usize..6, 0_u64..50), 0..6),
            parent_ms in 0_u64..50,
        ) {
            let (mut parent, mut sum) = (Totals::default(), Duration::ZERO);
            let mut looks: Vec<Option<Totals>> = vec![None; children.len()];
            for tick in 0..8 {
                let mut tally = Tally::default();
                let before = parent;
                parent.cpu += Duration::from_millis(parent_ms);
                parent.user = parent.cpu;
                for (&(end, work_ms), look) in children.iter().zip(&mut looks) {
                    let so_far = |ticks: usize| totals(work_ms * ticks as u64, 0, 0);
                    if tick + 1 < end {
                        let now = so_far(tick + 1);
                        tally.alive(&look.replace(now).unwrap_or_default(), &now);
                    } else if tick + 1 == end {
                        parent.children_user += so_far(end).cpu;
                        if let Some(last) = look.take() {
                            tally.ended(&last);
                        }
                    }
                }
                tally.alive(&before, &parent);
                let usage = tally.usage();
                prop_assert_eq!(usage.user, usage.cpu);
                sum += usage.cpu;
            }
            let worked: u64 = children.iter().map(|(end, work_ms)| *end as u64 * work_ms).sum();
            prop_assert_eq!(sum, Duration::from_millis(worked + 8 * parent_ms));
        }

        /// Whatever the kernel tells, also of processes that begin anew.
        #[test]
        fn no_usage_is_negative(looks in vec((any::<u32>(), any::<u32>(), any::<bool>()), 0..20)) {
            let mut tally = Tally::default();
            let mut possible = Duration::ZERO;
            for (before, now, has_ended) in looks {
                let (before, now) = (u64::from(before), u64::from(now));
                if has_ended {
                    tally.ended(&totals(before, now, before));
                } else {
                    tally.alive(&totals(before, before, before), &totals(now, now, now));
                    possible += Duration::from_millis(2 * now);
                }
            }
            prop_assert!(tally.usage().cpu <= possible);
        }
    }
}
