//! Access control: users, what they may run, read, write and listen to, and what was refused.

mod log;
mod rules;
mod user;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

pub(crate) use log::{Context, Denial, DenialLog, Reason};
pub(crate) use rules::RuleError;
pub(crate) use user::{Access, User};

/// The user of those who have not said who they are.
pub(crate) const DEFAULT: &str = "default";
/// Most users.
const USERS_MAX: usize = 10_000;

/// All users. A connection keeps its own and looks here only after a change.
#[derive(Debug)]
pub(crate) struct Users {
    table: RwLock<BTreeMap<String, Arc<User>>>,
    /// Grows with each change.
    epoch: AtomicU64,
    pub(crate) denials: Mutex<DenialLog>,
}

impl Users {
    /// With the default user alone, who may do everything, without a password.
    pub(crate) fn new() -> Users {
        let default = Arc::new(User::all_powerful(DEFAULT));
        Users {
            table: RwLock::new(BTreeMap::from([(DEFAULT.to_owned(), default)])),
            epoch: AtomicU64::new(0),
            denials: Mutex::default(),
        }
    }

    /// As long as this is the same, so are all users.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    pub(crate) fn find(&self, name: &str) -> Option<Arc<User>> {
        self.table.read().unwrap_or_else(|error| error.into_inner()).get(name).cloned()
    }

    pub(crate) fn list(&self) -> Vec<Arc<User>> {
        let table = self.table.read().unwrap_or_else(|error| error.into_inner());
        table.values().cloned().collect()
    }

    /// The user with that name and password, unless it is switched off.
    pub(crate) fn authenticate(&self, name: &[u8], password: &[u8]) -> Option<Arc<User>> {
        let user = self.find(std::str::from_utf8(name).ok()?)?;
        user.is_opened_by(password).then_some(user)
    }

    /// Changes or makes a user: all of the rules or none.
    ///
    /// # Errors
    /// When a rule cannot be, or there are too many users.
    pub(crate) fn set(&self, name: &str, rules: &[&[u8]]) -> Result<(), RuleError> {
        let mut table = self.table.write().unwrap_or_else(|error| error.into_inner());
        if !table.contains_key(name) && table.len() >= USERS_MAX {
            return Err(RuleError::too_many(name));
        }
        let mut user =
            table.get(name).map_or_else(|| User::powerless(name), |user| user.as_ref().clone());
        for rule in rules {
            user.apply(rule)?;
        }
        table.insert(name.to_owned(), Arc::new(user));
        self.epoch.fetch_add(1, Ordering::Release);
        Ok(())
    }

    /// Whether there was one; the default user stays.
    pub(crate) fn remove(&self, name: &str) -> bool {
        let mut table = self.table.write().unwrap_or_else(|error| error.into_inner());
        let is_removed = name != DEFAULT && table.remove(name).is_some();
        if is_removed {
            self.epoch.fetch_add(1, Ordering::Release);
        }
        is_removed
    }

    /// What `requirepass` means: the default user's only password, or none.
    pub(crate) fn set_default_password(&self, password: &[u8]) {
        let with_password = [b">", password].concat();
        let rules: &[&[u8]] =
            if password.is_empty() { &[b"nopass"] } else { &[b"resetpass", &with_password] };
        // Neither rule can fail, and the user is there already.
        self.set(DEFAULT, rules).ok();
    }
}

#[cfg(test)]
mod tests;
