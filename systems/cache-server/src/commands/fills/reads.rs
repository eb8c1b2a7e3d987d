//! What a read of keys has to do first: nothing, wait for a fill, or be refused.

use std::sync::{PoisonError, atomic::Ordering};

use plimsoll_runtime::random::Random;

use super::{
    Begun, Failure, FillRequest, Fills, Urgency,
    entry::{Entry, Fill},
    table::Table,
};
use crate::{
    commands::{call::Block, error::Error, held::Held},
    store::{Key, Millis},
};

/// Most keys of a command that waits for some of them: it looks at all of them each time that one has come.
pub(super) const KEYS_LIMIT: usize = 1 << 10;

/// Whether the origin has to send the value in any case, or may say that it is the one that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whole {
    Yes,
    No,
}

/// What a read of one key has to do first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Nothing: what is there is served, or that nothing is.
    Ready,
    Wait {
        until: Millis,
        is_new: bool,
    },
    Refused(Failure),
}

impl Fills {
    /// What a read of a key has to do, whose shard is locked.
    fn step(
        &self,
        shard: usize,
        key: &Key<'_>,
        exists: bool,
        urgency: Urgency,
        now: Millis,
        random: &mut Random,
    ) -> Step {
        let Some(shard) = self.shards.get(shard) else { return Step::Ready };
        shard.with(|table| {
            let Entry { fresh, fill } = table.get(key.hash());
            if !exists {
                return self.fill(table, fill, key, Whole::Yes, urgency, now);
            }
            match fresh {
                // It has come from a client, or is there only as long as it is fresh.
                None => Step::Ready,
                Some(fresh) if now < fresh.until => {
                    if fresh.is_due(now, random) {
                        let step = self.fill(table, fill, key, Whole::No, Urgency::Later, now);
                        let is_begun = matches!(step, Step::Wait { is_new: true, .. });
                        self.counts.early.fetch_add(u64::from(is_begun), Ordering::Relaxed);
                    }
                    Step::Ready
                }
                Some(fresh) => {
                    let is_served = now < fresh.served_until;
                    let urgency = if is_served { Urgency::Later } else { urgency };
                    let step = match self.fill(table, fill, key, Whole::No, urgency, now) {
                        Step::Wait { .. } if is_served => Step::Ready,
                        // Better than an error.
                        Step::Refused(_) if now < fresh.kept_for_errors_until => Step::Ready,
                        step => step,
                    };
                    let is_stale = step == Step::Ready;
                    self.counts.stale.fetch_add(u64::from(is_stale), Ordering::Relaxed);
                    step
                }
            }
        })
    }

    /// Joins the fill that runs, gives the answer that the last one had, or begins one. `fill` is what there is
    /// of that.
    fn fill(
        &self,
        table: &mut Table,
        fill: Fill,
        key: &Key<'_>,
        whole: Whole,
        urgency: Urgency,
        now: Millis,
    ) -> Step {
        match fill {
            Fill::Running { until, .. } if now < until => Step::Wait { until, is_new: false },
            Fill::Failed { until, why } if now < until => Step::Refused(why),
            Fill::Absent { until } if now < until => Step::Ready,
            // One that runs for too long is a lost one.
            Fill::None | Fill::Running { .. } | Fill::Failed { .. } | Fill::Absent { .. } => {
                let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
                let validator = match whole {
                    Whole::Yes => None,
                    Whole::No => table.validator(key.hash()),
                };
                let request = FillRequest { key: key.bytes(), id, urgency, validator };
                match self.begin(&request, now) {
                    Begun::NoRule => Step::Ready,
                    Begun::Refused(why) => Step::Refused(why),
                    Begun::Until(until) => {
                        let fill = Fill::Running { id, until, is_overtaken: false };
                        table.set_fill(key.hash(), fill);
                        Step::Wait { until, is_new: true }
                    }
                }
            }
        }
    }

    fn begin(&self, request: &FillRequest<'_>, now: Millis) -> Begun {
        let source = self.source.read().unwrap_or_else(PoisonError::into_inner);
        source.as_ref().map_or(Begun::NoRule, |source| source.begin(request, now))
    }

    /// Begins to fetch a key whatever is there; whether it is being fetched now.
    pub(super) fn fetch(&self, shard: usize, key: &Key<'_>, now: Millis) -> Result<bool, Failure> {
        let Some(shard) = self.shards.get(shard) else { return Ok(false) };
        shard.with(|table| {
            let fill = match table.get(key.hash()).fill {
                running @ Fill::Running { .. } => running,
                _ => Fill::None,
            };
            match self.fill(table, fill, key, Whole::Yes, Urgency::Now, now) {
                Step::Ready | Step::Refused(Failure::Busy) => Ok(false),
                Step::Wait { .. } => Ok(true),
                Step::Refused(why) => Err(why),
            }
        })
    }
}

/// Before a command reads keys, whose shards are locked: whether it has to wait for some of them. They may be a
/// part of all that it has, which are `total`.
///
/// # Errors
/// When one cannot be fetched, or has to be waited for and there are too many.
pub(in crate::commands) fn prepare(
    held: &mut Held<'_>,
    keys: &[Key<'_>],
    total: usize,
    mut urgency: Urgency,
    now: Millis,
    random: &mut Random,
) -> Result<Option<Block>, Error> {
    let fills = held.fills();
    let (mut wait, mut is_busy) = (None, false);
    for key in keys {
        let exists = match held.of(key).peek(key, now).map(|item| item.deadline) {
            // A client's: what the origin gives has a deadline.
            Some(None) => continue,
            deadline => deadline.is_some(),
        };
        match fills.step(held.index(key), key, exists, urgency, now, random) {
            Step::Ready => {}
            Step::Wait { until, is_new } => {
                if total > KEYS_LIMIT {
                    let text =
                        format!("ORIGIN is asked for {KEYS_LIMIT} keys of one command at most");
                    return Err(Error::Text(text.into()));
                }
                if is_new && !exists {
                    // For the statistics: when the command runs, it finds the key.
                    held.of(key).find(key, now);
                }
                wait = wait.max(Some(until));
                urgency = Urgency::Later;
            }
            // The others of this command make room when they end.
            Step::Refused(Failure::Busy) => is_busy = true,
            Step::Refused(why) => return Err(why.into()),
        }
    }
    match wait {
        Some(until) => Ok(Some(Block { until: Some(until) })),
        None if is_busy => Err(Failure::Busy.into()),
        None => Ok(None),
    }
}
