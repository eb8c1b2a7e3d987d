//! Commands of Redis that this server does not have: said so, instead of as if they were misspelt.

use plimsoll_wire::resp::Command;

use crate::commands::{Error, is};

/// What is not there, and the commands that belong to it; subcommands as `script|load`.
pub(crate) const ABSENT: &[(&str, &[&str])] = &[
    (
        "streams",
        &[
            "xack",
            "xadd",
            "xautoclaim",
            "xclaim",
            "xdel",
            "xgroup",
            "xinfo",
            "xlen",
            "xpending",
            "xrange",
            "xread",
            "xreadgroup",
            "xrevrange",
            "xsetid",
            "xtrim",
        ],
    ),
    (
        "scripting",
        &[
            "eval",
            "eval_ro",
            "evalsha",
            "evalsha_ro",
            "fcall",
            "fcall_ro",
            "function|delete",
            "function|dump",
            "function|kill",
            "function|load",
            "function|restore",
            "function|stats",
            "script|debug",
            "script|kill",
            "script|load",
        ],
    ),
    (
        "deadlines of fields",
        &[
            "hexpire",
            "hexpireat",
            "hexpiretime",
            "hgetdel",
            "hgetex",
            "hpersist",
            "hpexpire",
            "hpexpireat",
            "hpexpiretime",
            "hpttl",
            "hsetex",
            "httl",
        ],
    ),
    (
        "geospatial commands",
        &[
            "geoadd",
            "geodist",
            "geohash",
            "geopos",
            "georadius",
            "georadius_ro",
            "georadiusbymember",
            "georadiusbymember_ro",
            "geosearch",
            "geosearchstore",
        ],
    ),
    ("debugging of HyperLogLog", &["pfdebug", "pfselftest"]),
    ("histograms of latency", &["latency|graph", "latency|histogram"]),
    ("modules", &["module"]),
    (
        "replication",
        &["failover", "migrate", "psync", "replconf", "replicaof", "slaveof", "sync", "waitaof"],
    ),
    ("cluster", CLUSTER),
    ("append-only files", &["bgrewriteaof"]),
];

/// Redis has these without a cluster too, and refuses them by a text that clients know.
const CLUSTER: &[&str] = &["asking", "cluster", "readonly", "readwrite"];

/// The error for a command, or a subcommand, that only others have. It begins as clients know it.
pub(super) fn explain(command: Command<'_>) -> Option<Error> {
    let found = |(what, names): &(&'static str, &[&'static str])| {
        let name = names.iter().copied().find(|name| is_called(command, name))?;
        Some((*what, name))
    };
    let (what, name) = ABSENT.iter().find_map(found)?;
    if what == "cluster" {
        return Some(Error::text("ERR This instance has cluster support disabled"));
    }
    Some(Error::Text(format!("ERR unknown command '{name}', this server has no {what}").into()))
}

fn is_called(command: Command<'_>, name: &str) -> bool {
    let is_word = |index, word| command.get(index).is_some_and(|own| is(own, word));
    match name.split_once('|') {
        None => is_word(0, name),
        Some((name, own)) => is_word(0, name) && is_word(1, own),
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_wire::resp::CommandDecoder;

    use super::*;
    use crate::commands;

    /// Whoever adds a command takes it out of here.
    #[test]
    fn what_is_absent_is_not_there() {
        for name in ABSENT.iter().flat_map(|(_, names)| *names) {
            let known = match name.split_once('|') {
                None => commands::find(name.as_bytes()),
                Some((name, own)) => {
                    let container = commands::find(name.as_bytes()).unwrap();
                    commands::find_subcommand(container, own.as_bytes())
                }
            };
            assert!(known.is_none(), "{name}");
        }
    }

    #[test]
    fn what_is_absent_is_named() {
        for (line, expected) in [
            ("EVAL x 0", Some("ERR unknown command 'eval', this server has no scripting")),
            (
                "script LOAD x",
                Some("ERR unknown command 'script|load', this server has no scripting"),
            ),
            (
                "HExpire h",
                Some("ERR unknown command 'hexpire', this server has no deadlines of fields"),
            ),
            ("CLUSTER info", Some("ERR This instance has cluster support disabled")),
            ("script", None),
            ("script none", None),
            ("load script", None),
        ] {
            let mut decoder = CommandDecoder::default();
            let line = format!("{line}\r\n");
            let (_, command) = decoder.decode(line.as_bytes()).unwrap();
            let found = explain(command.unwrap()).map(|error| error.to_string());
            assert_eq!(found.as_deref(), expected, "{line}");
        }
    }
}
