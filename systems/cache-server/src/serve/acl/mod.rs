//! Access control: users, what they may run, read, write and listen to, and what was refused.

mod log;
mod rules;
mod user;

use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::Path,
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

pub(crate) use log::{Context, Denial, DenialLog, Reason};
pub(crate) use rules::RuleError;
pub(crate) use user::{Access, User};

use super::{
    exclusive,
    settings::{SettingError, Settings, UserLine, quoted, user_lines},
    shared,
};

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

    /// Those that the parameters, the configuration file and the file of users tell of.
    ///
    /// # Errors
    /// When the file cannot be read, or a user cannot be so.
    pub(crate) fn configured(settings: &Settings) -> Result<Users, SettingError> {
        let users = Users::new();
        let password = settings.parameters.text("requirepass");
        match settings.parameters.text("aclfile").as_str() {
            "" => users.load(&settings.users, &password)?,
            path => users.load(&user_lines(Path::new(path))?, &password)?,
        }
        Ok(users)
    }

    /// Has these users and no others; the default user, unless it is one of them, may do everything with
    /// that password, or without one when it is empty.
    ///
    /// # Errors
    /// When a user cannot be so, is there twice, or there are too many; all are then as they were.
    pub(crate) fn load(&self, lines: &[UserLine], password: &str) -> Result<(), SettingError> {
        let mut table = BTreeMap::new();
        for UserLine { place, name, rules } in lines {
            if !is_name(name) {
                return Err(SettingError::new(place.clone(), BAD_NAME));
            }
            if table.len() >= USERS_MAX {
                return Err(SettingError::new(place.clone(), RuleError::too_many(name)));
            }
            let mut user = User::powerless(name);
            for rule in rules {
                let applied = user.apply(rule.as_bytes());
                applied.map_err(|error| SettingError::new(place.clone(), error))?;
            }
            match table.entry(name.clone()) {
                Entry::Vacant(entry) => _ = entry.insert(Arc::new(user)),
                Entry::Occupied(_) => {
                    let reason = format!("the user '{name}' is there twice");
                    return Err(SettingError::new(place.clone(), reason));
                }
            }
        }
        let default = || Arc::new(User::usual(password));
        table.entry(DEFAULT.to_owned()).or_insert_with(default);
        *exclusive(&self.table) = table;
        self.epoch.fetch_add(1, Ordering::Release);
        Ok(())
    }

    /// All users as lines of a file.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.list().iter().map(|user| line(user)).collect()
    }

    /// As [`Users::lines`], without a default user that has this password and is otherwise as it always is.
    pub(crate) fn lines_beside(&self, password: &str) -> Vec<String> {
        let usual = User::usual(password).rules_text();
        let is_told = |user: &&Arc<User>| user.name != DEFAULT || user.rules_text() != usual;
        self.list().iter().filter(is_told).map(|user| line(user)).collect()
    }

    /// As long as this is the same, so are all users.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    pub(crate) fn find(&self, name: &str) -> Option<Arc<User>> {
        shared(&self.table).get(name).cloned()
    }

    pub(crate) fn list(&self) -> Vec<Arc<User>> {
        let table = shared(&self.table);
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
        let mut table = exclusive(&self.table);
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
        let mut table = exclusive(&self.table);
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

/// What ACL SETUSER says of a name that cannot be one.
pub(crate) const BAD_NAME: &str = "Usernames can't contain spaces or null characters";

/// Whether a user may be called so.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '\0')
}

/// No rule has blanks in it.
fn line(user: &User) -> String {
    user.rules_text().split(' ').map(quoted).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
