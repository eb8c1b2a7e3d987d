//! What is known of a command before it runs.

use plimsoll_wire::resp::Command;

use super::{
    call::Call,
    error::{Error, Outcome},
    key_rule::KeyRule,
};

/// Whether the argument of that index, the name being 0, is nobody's business.
pub type IsSecret = fn(Command<'_>, usize) -> bool;

/// Runs a command on the keys that are locked for it.
pub type Handler = fn(&mut Call<'_, '_>) -> Outcome;

/// Who runs a command.
#[derive(Clone, Copy, Debug)]
pub enum Run {
    /// This module, with nothing but the keyspace.
    Keyspace(Handler),
    /// The server, which knows connections, configuration and users; it finds the command by name.
    Server,
    /// The connection's transaction, with the locks of the batch.
    Transaction(Step),
}

/// What a transaction does itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// WATCH.
    Watch,
    /// EXEC.
    Exec,
}

/// One command, or one subcommand as `object|encoding`.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Lower case.
    pub name: &'static str,
    /// Arguments with the name; at least that many when negative.
    pub arity: i8,
    /// What it may do, and where it is allowed.
    pub flags: Flags,
    /// Which of its arguments are keys.
    pub keys: KeyRule,
    /// What it is about.
    pub group: Group,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// The release of Redis that had it first.
    pub since: &'static str,
    /// How its time grows, in words.
    pub complexity: &'static str,
    /// Its time may grow with what it is given or finds: each call is timed.
    pub may_be_slow: bool,
    /// Who runs it.
    pub run: Run,
    /// Which arguments are shown to nobody, such as passwords.
    pub is_secret: IsSecret,
    /// What it is only a name for: see [`Spec::containing`].
    pub subcommands: &'static [Spec],
}

impl Spec {
    /// A command that needs nothing but the keyspace.
    pub const fn new(
        name: &'static str,
        arity: i8,
        flags: Flags,
        keys: KeyRule,
        group: Group,
        summary: &'static str,
        handler: Handler,
    ) -> Spec {
        Spec::running(name, arity, flags, keys, group, summary, Run::Keyspace(handler))
    }

    /// A command that the server runs.
    pub const fn server(
        name: &'static str,
        arity: i8,
        flags: Flags,
        keys: KeyRule,
        group: Group,
        summary: &'static str,
    ) -> Spec {
        Spec::running(name, arity, flags, keys, group, summary, Run::Server)
    }

    const fn running(
        name: &'static str,
        arity: i8,
        flags: Flags,
        keys: KeyRule,
        group: Group,
        summary: &'static str,
        run: Run,
    ) -> Spec {
        Spec {
            name,
            arity,
            flags,
            keys,
            group,
            summary,
            since: "1.0.0",
            complexity: "O(1)",
            may_be_slow: false,
            run,
            is_secret: |_, _| false,
            subcommands: &[],
        }
    }

    /// A step of the connection's transaction instead of the server's.
    pub const fn step(mut self, step: Step) -> Spec {
        self.run = Run::Transaction(step);
        self
    }

    /// The release of Redis that had it first.
    pub const fn since(mut self, since: &'static str) -> Spec {
        self.since = since;
        self
    }

    /// How its time grows: each call is timed.
    pub const fn complexity(mut self, complexity: &'static str) -> Spec {
        self.complexity = complexity;
        self.may_be_slow = true;
        self
    }

    /// Neither MONITOR nor SLOWLOG shows these arguments.
    pub const fn hiding(mut self, is_secret: IsSecret) -> Spec {
        self.is_secret = is_secret;
        self
    }

    /// The arguments with the name, each as it may be shown: `None` for what is secret.
    pub fn shown<'c>(&self, command: Command<'c>) -> impl Iterator<Item = Option<&'c [u8]>> {
        let is_secret = self.is_secret;
        let arguments = command.iter().enumerate();
        arguments.map(move |(index, argument)| (!is_secret(command, index)).then_some(argument))
    }

    /// The command is only a name for these; alone it is refused unless its arity allows it.
    pub const fn containing(mut self, subcommands: &'static [Spec]) -> Spec {
        self.subcommands = subcommands;
        self
    }

    /// Whether it has all of these.
    pub fn has(&self, flags: Flags) -> bool {
        self.flags.contains(flags)
    }

    /// The ACL categories: those of its group and those that follow from its flags.
    pub fn categories(&self) -> Categories {
        let mut categories = self.group.categories();
        for (flag, category) in [
            (Flags::WRITE, Categories::WRITE),
            (Flags::READONLY, Categories::READ),
            (Flags::ADMIN, Categories::ADMIN.and(Categories::DANGEROUS)),
            (Flags::DANGEROUS, Categories::DANGEROUS),
            (Flags::PUBSUB, Categories::PUBSUB),
            (Flags::BLOCKING, Categories::BLOCKING),
            (Flags::KEYSPACE, Categories::KEYSPACE),
        ] {
            if self.has(flag) {
                categories = categories.and(category);
            }
        }
        let pace = if self.has(Flags::FAST) { Categories::FAST } else { Categories::SLOW };
        categories.and(pace)
    }

    /// Whether a transaction with the command has to lock every shard.
    pub(super) fn needs_whole(&self, command: Command<'_>) -> bool {
        let is_sort = self.keys == KeyRule::Sort;
        self.has(Flags::WHOLE) || (is_sort && super::sort::looks_at_other_keys(command))
    }

    pub(super) fn check_arity(&self, command: Command<'_>) -> Result<(), Error> {
        let wanted = usize::from(self.arity.unsigned_abs());
        let is_met = if self.arity < 0 { command.len() >= wanted } else { command.len() == wanted };
        if is_met { Ok(()) } else { Err(Error::Arity(self.name)) }
    }
}

/// A set of flags with names.
macro_rules! bit_set {
    ($(#[$about:meta])* $name:ident: $($(#[$bit_about:meta])* $bit:ident = $at:literal $text:literal,)*) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name(u32);

        impl $name {
            /// None of them.
            pub const NONE: $name = $name(0);
            $($(#[$bit_about])* pub const $bit: $name = $name(1 << $at);)*

            /// Each with the name that clients know it by; an empty one is not told.
            pub const NAMES: &[(&str, $name)] = &[$(($text, $name::$bit)),*];

            /// One bit each.
            pub const fn bits(self) -> u32 {
                self.0
            }

            /// Of [`Self::bits`].
            pub const fn from_bits(bits: u32) -> $name {
                $name(bits)
            }

            /// Both.
            pub const fn and(self, other: $name) -> $name {
                $name(self.0 | other.0)
            }

            /// Whether all of `other` are among them.
            pub const fn contains(self, other: $name) -> bool {
                self.0 & other.0 == other.0
            }

            /// Whether any of `other` is among them.
            pub const fn intersects(self, other: $name) -> bool {
                self.0 & other.0 != 0
            }

            /// What clients call those that are set.
            pub fn names(self) -> impl Iterator<Item = &'static str> + Clone {
                let told = move |(text, bit): &&(&str, $name)| !text.is_empty() && self.contains(*bit);
                $name::NAMES.iter().filter(told).map(|(text, _)| *text)
            }
        }
    };
}
pub(super) use bit_set;

bit_set! {
    /// What a command may do, as `COMMAND INFO` tells it; those without a name are our own.
    Flags:
    /// Changes keys.
    WRITE = 0 "write",
    /// Reads keys.
    READONLY = 1 "readonly",
    /// Refused when memory is full and nothing may be evicted.
    DENYOOM = 2 "denyoom",
    /// For those who run the server.
    ADMIN = 3 "admin",
    /// About channels.
    PUBSUB = 4 "pubsub",
    /// Not for scripts, which there are none of.
    NOSCRIPT = 5 "noscript",
    /// May wait for a key.
    BLOCKING = 6 "blocking",
    /// Redis allows it while it loads; here nobody is connected then.
    LOADING = 7 "loading",
    /// Redis allows it on a replica that is behind.
    STALE = 8 "stale",
    /// Not shown to monitors.
    SKIP_MONITOR = 9 "skip_monitor",
    /// Not kept as slow.
    SKIP_SLOWLOG = 10 "skip_slowlog",
    /// Its time does not grow with what is stored, or hardly.
    FAST = 11 "fast",
    /// Allowed before AUTH.
    NO_AUTH = 12 "no_auth",
    /// Told to replicas though it changes no key.
    MAY_REPLICATE = 13 "may_replicate",
    /// Refused within a transaction.
    NO_MULTI = 14 "no_multi",
    /// Its keys are at no fixed places.
    MOVABLE_KEYS = 15 "movablekeys",
    /// Redis allows it while a script runs.
    ALLOW_BUSY = 16 "allow_busy",
    /// Looks at every shard, by [`super::Held::each`]; a transaction with it locks them all.
    WHOLE = 24 "",
    /// In the category `@dangerous`.
    DANGEROUS = 25 "",
    /// In the category `@keyspace` though its group is not.
    KEYSPACE = 26 "",
    /// Allowed to who listens to channels by RESP2.
    LISTENING = 27 "",
    /// Runs at once within a transaction.
    IMMEDIATE = 28 "",
    /// Gives nothing but the string of its key: a thread's copy of that does as well.
    COPIED = 29 "",
    /// Reads strings: keys that are not there may come from an origin first.
    READ_THROUGH = 30 "",
    /// Does the same with each of its keys: with very many of them, some at a time. See [`super::parted`].
    PARTED = 31 "",
}

impl Flags {
    /// A read that an origin may answer.
    pub const THROUGH: Flags = Flags::READONLY.and(Flags::READ_THROUGH);
    /// The same in constant time.
    pub const THROUGH_FAST: Flags = Flags::READ_FAST.and(Flags::READ_THROUGH);
    /// A read in constant time.
    pub const READ_FAST: Flags = Flags::READONLY.and(Flags::FAST);
    /// A write in constant time.
    pub const WRITE_FAST: Flags = Flags::WRITE.and(Flags::FAST);
    /// A write that needs memory.
    pub const GROW: Flags = Flags::WRITE.and(Flags::DENYOOM);
    /// The same in constant time.
    pub const GROW_FAST: Flags = Flags::GROW.and(Flags::FAST);
}

bit_set! {
    /// The categories of access control lists.
    Categories:
    KEYSPACE = 0 "@keyspace",
    READ = 1 "@read",
    WRITE = 2 "@write",
    SET = 3 "@set",
    SORTED_SET = 4 "@sortedset",
    LIST = 5 "@list",
    HASH = 6 "@hash",
    STRING = 7 "@string",
    BITMAP = 8 "@bitmap",
    HYPERLOGLOG = 9 "@hyperloglog",
    GEO = 10 "@geo",
    STREAM = 11 "@stream",
    PUBSUB = 12 "@pubsub",
    ADMIN = 13 "@admin",
    FAST = 14 "@fast",
    SLOW = 15 "@slow",
    BLOCKING = 16 "@blocking",
    DANGEROUS = 17 "@dangerous",
    CONNECTION = 18 "@connection",
    TRANSACTION = 19 "@transaction",
    SCRIPTING = 20 "@scripting",
}

/// What a command is about, as `COMMAND DOCS` tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Generic,
    String,
    Bitmap,
    List,
    Set,
    SortedSet,
    Hash,
    HyperLogLog,
    PubSub,
    Transactions,
    Connection,
    Server,
    Scripting,
}

impl Group {
    /// As `COMMAND DOCS` names it.
    pub fn name(self) -> &'static str {
        match self {
            Group::Generic => "generic",
            Group::String => "string",
            Group::Bitmap => "bitmap",
            Group::List => "list",
            Group::Set => "set",
            Group::SortedSet => "sorted-set",
            Group::Hash => "hash",
            Group::HyperLogLog => "hyperloglog",
            Group::PubSub => "pubsub",
            Group::Transactions => "transactions",
            Group::Connection => "connection",
            Group::Server => "server",
            Group::Scripting => "scripting",
        }
    }

    fn categories(self) -> Categories {
        match self {
            Group::Generic => Categories::KEYSPACE,
            Group::String => Categories::STRING,
            Group::Bitmap => Categories::BITMAP,
            Group::List => Categories::LIST,
            Group::Set => Categories::SET,
            Group::SortedSet => Categories::SORTED_SET,
            Group::Hash => Categories::HASH,
            Group::HyperLogLog => Categories::HYPERLOGLOG,
            Group::PubSub => Categories::PUBSUB,
            Group::Transactions => Categories::TRANSACTION,
            Group::Connection => Categories::CONNECTION,
            Group::Server => Categories::NONE,
            Group::Scripting => Categories::SCRIPTING,
        }
    }
}
