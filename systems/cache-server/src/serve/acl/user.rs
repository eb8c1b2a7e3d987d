//! One user: an immutable value, replaced as a whole when it is changed.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use crate::{
    commands::{Flags, Spec},
    glob,
};

/// SHA-256 of a password.
pub(super) type Hash = [u8; 32];

/// Which keys one pattern opens, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyPattern {
    pub(super) pattern: Vec<u8>,
    pub(super) read: bool,
    pub(super) write: bool,
}

/// What a rule about commands is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    All,
    Category(&'static str),
    /// `get`, or `config|get`.
    Command(String),
}

/// The last one that is about a command decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CommandRule {
    pub(super) allows: bool,
    pub(super) subject: Subject,
}

/// How a command means to use a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) read: bool,
    pub(crate) write: bool,
}

impl Access {
    pub(crate) fn of(spec: &Spec) -> Access {
        let write = spec.has(Flags::WRITE);
        Access { read: !write || spec.has(Flags::READONLY), write }
    }
}

/// Who may do what.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(super) is_on: bool,
    pub(super) needs_no_password: bool,
    pub(super) passwords: BTreeSet<Hash>,
    pub(super) commands: Vec<CommandRule>,
    pub(super) keys: Vec<KeyPattern>,
    pub(super) channels: Vec<Vec<u8>>,
    pub(super) sanitizes: bool,
}

impl Default for User {
    fn default() -> User {
        User::powerless("")
    }
}

impl User {
    /// May do everything, without a password.
    pub(super) fn all_powerful(name: &str) -> User {
        User {
            is_on: true,
            needs_no_password: true,
            commands: vec![CommandRule { allows: true, subject: Subject::All }],
            keys: vec![KeyPattern { pattern: b"*".to_vec(), read: true, write: true }],
            channels: vec![b"*".to_vec()],
            ..User::powerless(name)
        }
    }

    /// The default user as the parameter `requirepass` makes it.
    pub(super) fn usual(password: &str) -> User {
        let mut user = User::all_powerful(super::DEFAULT);
        if !password.is_empty() {
            user.needs_no_password = false;
            user.passwords.insert(Sha256::digest(password).into());
        }
        user
    }

    /// What a new user is: switched off, with no password and no permission.
    pub(super) fn powerless(name: &str) -> User {
        User {
            name: name.to_owned(),
            is_on: false,
            needs_no_password: false,
            passwords: BTreeSet::new(),
            commands: Vec::new(),
            keys: Vec::new(),
            channels: Vec::new(),
            sanitizes: true,
        }
    }

    pub(crate) fn is_opened_by(&self, password: &[u8]) -> bool {
        let hash: Hash = Sha256::digest(password).into();
        self.is_on && (self.needs_no_password || self.passwords.contains(&hash))
    }

    /// Whether a new connection is this user without saying anything.
    pub(crate) fn is_open(&self) -> bool {
        self.is_on && self.needs_no_password
    }

    pub(crate) fn needs_no_password(&self) -> bool {
        self.needs_no_password
    }

    /// Whether nothing has to be looked at, as for the default user unless configured otherwise.
    pub(crate) fn may_do_all(&self) -> bool {
        let all_commands = [CommandRule { allows: true, subject: Subject::All }];
        self.commands == all_commands
            && self.has_all_keys()
            && self.channels.iter().any(|pattern| pattern == b"*")
    }

    pub(super) fn has_all_keys(&self) -> bool {
        self.keys.iter().any(|key| key.pattern == b"*" && key.read && key.write)
    }

    /// `spec` is the command's, or its subcommand's when it has one; `parent` the command's then.
    pub(crate) fn may_run(&self, spec: &Spec, parent: Option<&Spec>) -> bool {
        let is_about = |rule: &&CommandRule| match &rule.subject {
            Subject::All => true,
            Subject::Category(category) => spec.categories().names().any(|name| name == *category),
            Subject::Command(name) => {
                name == spec.name || parent.is_some_and(|parent| name == parent.name)
            }
        };
        self.commands.iter().rev().find(is_about).is_some_and(|rule| rule.allows)
    }

    pub(crate) fn may_use_key(&self, key: &[u8], access: Access) -> bool {
        let opens = |pattern: &KeyPattern, access: Access| {
            (pattern.read || !access.read)
                && (pattern.write || !access.write)
                && glob::matches(&pattern.pattern, key)
        };
        self.keys.iter().any(|pattern| opens(pattern, access))
    }

    /// A subscription by pattern is allowed by that very pattern alone, as in Redis.
    pub(crate) fn may_use_channel(&self, channel: &[u8], is_pattern: bool) -> bool {
        self.channels.iter().any(|pattern| {
            if is_pattern {
                pattern == b"*" || pattern == channel
            } else {
                glob::matches(pattern, channel)
            }
        })
    }
}
