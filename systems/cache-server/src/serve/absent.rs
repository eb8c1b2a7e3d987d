//! Commands of Redis that this server does not have: said so, instead of as if they were misspelt.

use plimsoll_wire::resp::Command;

use crate::commands::Error;

/// What is not there, and the commands that belong to it.
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
    ("scripting", &["eval", "eval_ro", "evalsha", "evalsha_ro", "fcall", "fcall_ro"]),
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

/// The error for a command that only others have. It begins as clients know it.
pub(super) fn explain(command: Command<'_>) -> Option<Error> {
    let name = command.get(0)?.to_ascii_lowercase();
    let is_it = |(_, names): &&(&str, &[&str])| names.iter().any(|own| own.as_bytes() == name);
    let (what, _) = ABSENT.iter().find(is_it)?;
    if *what == "cluster" {
        return Some(Error::text("ERR This instance has cluster support disabled"));
    }
    let name = String::from_utf8_lossy(&name).into_owned();
    Some(Error::Text(format!("ERR unknown command '{name}', this server has no {what}").into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands;

    /// Whoever adds a command takes it out of here.
    #[test]
    fn what_is_absent_is_not_there() {
        for name in ABSENT.iter().flat_map(|(_, names)| *names) {
            assert!(commands::find(name.as_bytes()).is_none(), "{name}");
        }
    }
}
