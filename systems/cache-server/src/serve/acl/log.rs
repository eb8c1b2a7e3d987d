//! What was refused, for `ACL LOG`: the newest entries, equal ones counted together.

use std::collections::VecDeque;

use crate::store::Millis;

/// Within that time an equal refusal is counted with the last one, in milliseconds: Redis's own.
const GROUPING: u64 = 60_000;

/// What was not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Command,
    Key,
    Channel,
    Auth,
}

impl Reason {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Reason::Command => "command",
            Reason::Key => "key",
            Reason::Channel => "channel",
            Reason::Auth => "auth",
        }
    }
}

/// Where it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Context {
    TopLevel,
    Multi,
}

impl Context {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Context::TopLevel => "toplevel",
            Context::Multi => "multi",
        }
    }
}

/// One entry.
#[derive(Clone, Debug)]
pub(crate) struct Denial {
    pub(crate) id: u64,
    pub(crate) count: u64,
    pub(crate) reason: Reason,
    pub(crate) context: Context,
    /// The command, key or channel.
    pub(crate) object: Vec<u8>,
    pub(crate) user: String,
    /// The connection as `CLIENT LIST` shows it.
    pub(crate) client: String,
    pub(crate) created: Millis,
    pub(crate) updated: Millis,
}

/// Newest first.
#[derive(Debug, Default)]
pub(crate) struct DenialLog {
    entries: VecDeque<Denial>,
    last_id: u64,
}

impl DenialLog {
    /// `id` and `count` of `denial` are given here.
    pub(crate) fn add(&mut self, mut denial: Denial, length_max: usize) {
        let is_same = |entry: &&mut Denial| {
            (entry.reason, entry.context) == (denial.reason, denial.context)
                && entry.object == denial.object
                && entry.user == denial.user
                && denial.created.0.saturating_sub(entry.updated.0) <= GROUPING
        };
        if let Some(entry) = self.entries.iter_mut().find(is_same) {
            entry.count += 1;
            entry.updated = denial.created;
            entry.client = denial.client;
            return;
        }
        denial.id = self.last_id;
        denial.count = 1;
        self.last_id += 1;
        self.entries.push_front(denial);
        self.entries.truncate(length_max);
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Denial> {
        self.entries.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }
}
