//! CONFIG: the parameters, and what follows when one changes.

use std::sync::{Arc, atomic::Ordering};

use plimsoll_wire::resp::Command;

use super::{
    Handlers, ServerCall,
    files::{self, File},
};
use crate::{
    commands::{Error, Flags, Group, KeyRule, Outcome, Spec},
    serve::{locked, node::Node, notify, origin, parameters, secure, settings},
    store::Policy,
};

const ADMIN: Flags = Flags::ADMIN.and(Flags::NOSCRIPT).and(Flags::LOADING).and(Flags::STALE);
const NONE: KeyRule = KeyRule::None;
const GROUP: Group = Group::Server;

#[rustfmt::skip]
pub(crate) const TABLE: &[Spec] = &[
    Spec::server("config", -2, Flags::NONE, NONE, GROUP, "A container for the server's parameters.").since("2.0.0").containing(CONFIG),
];

#[rustfmt::skip]
const CONFIG: &[Spec] = &[
    Spec::server("config|get", -3, ADMIN, NONE, GROUP, "Gives the parameters that match patterns.").since("2.0.0").complexity("O(N)"),
    Spec::server("config|set", -4, ADMIN, NONE, GROUP, "Changes parameters, all of them or none.").since("2.0.0").complexity("O(N)").hiding(is_secret_value),
    Spec::server("config|resetstat", 2, ADMIN, NONE, GROUP, "Sets the statistics of INFO to zero.").since("2.0.0"),
    Spec::server("config|rewrite", 2, ADMIN, NONE, GROUP, "Writes what CONFIG SET has changed into the configuration file.").since("2.8.0"),
    Spec::server("config|help", 2, Flags::LOADING.and(Flags::STALE), NONE, GROUP, "Lists the subcommands.").since("5.0.0"),
];

pub(super) const HANDLERS: Handlers = &[
    ("config|get", get),
    ("config|set", set),
    ("config|resetstat", resetstat),
    ("config|rewrite", rewrite),
];

fn get(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let patterns: Vec<&[u8]> = call.arguments.iter().skip(2).collect();
    let pairs = call.node.parameters.matching(&patterns);
    call.out.map(pairs.len());
    for (name, value) in pairs {
        call.out.bulk(name.as_bytes());
        call.out.bulk(value.as_bytes());
    }
    Ok(())
}

/// Whether an argument of CONFIG SET is the value of a parameter that nobody logs.
fn is_secret_value(command: Command<'_>, index: usize) -> bool {
    let is_value = index > 2 && !index.is_multiple_of(2);
    is_value && command.get(index - 1).is_some_and(parameters::is_secret)
}

fn set(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    if !call.arguments.len().is_multiple_of(2) {
        return Err(Error::Arity(call.spec.name));
    }
    let texts: Vec<String> = call
        .arguments
        .iter()
        .skip(2)
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .collect();
    let pairs: Vec<(&str, &str)> = texts
        .chunks_exact(2)
        .filter_map(|pair| Some((pair.first()?.as_str(), pair.get(1)?.as_str())))
        .collect();
    let parameters = &call.node.parameters;
    let saves = |(name, value): &(&str, &str)| {
        name.eq_ignore_ascii_case("save") && !value.trim().is_empty()
    };
    if pairs.iter().any(saves) && !call.node.saving.has_place() {
        return Err(Error::text(
            "ERR CONFIG SET failed (possibly related to argument 'save') - there is no dbfilename \
             to save to",
        ));
    }
    call.node.secure.check(parameters, &pairs).map_err(|reason| {
        Error::Text(format!("ERR CONFIG SET failed - Unable to update TLS: {reason}").into())
    })?;
    let changed = parameters.set(&pairs);
    let changed = changed.map_err(|error| Error::Text(error.to_string().into()))?;
    // Its locks are taken one by one.
    call.held.release();
    let who = call.who();
    for name in changed {
        apply(call.node, name);
        let shown = call.node.parameters.shown(name);
        let fields = [("name", name), ("value", &*shown), ("by", &*who)];
        call.node.journal.info("parameter changed", &fields);
    }
    call.out.ok();
    Ok(())
}

/// What a changed parameter means to the rest of the server. No shard is locked.
pub(crate) fn apply(node: &Arc<Node>, name: &str) {
    // Of two that change it at a time, the one that comes last here applies the last value.
    let _turn = locked(&node.parameters.applying);
    let text = node.parameters.text(name);
    match name {
        "maxmemory" => {
            let bytes = usize::try_from(node.parameters.number(name)).unwrap_or(usize::MAX);
            node.keyspace.store().set_max_bytes(bytes);
        }
        "maxmemory-policy" => {
            if let Some(policy) = Policy::by_name(&text) {
                node.keyspace.store().set_policy(policy);
            }
        }
        // Whether it can be so was checked before; what was there stays if that has changed since.
        name if secure::is_about_tls(name) && node.secure.is_on() => {
            node.secure.load(&node.parameters).ok();
        }
        "requirepass" => node.users.set_default_password(text.as_bytes()),
        "loglevel" => node.journal.set_level(&text),
        "notify-keyspace-events" => notify::configure(node, &text),
        name if name.starts_with("origin") => origin::configure(node, name),
        _ => {}
    }
}

fn resetstat(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    call.node.workers.iter().for_each(crate::serve::telemetry::statistics::WorkerCounters::reset);
    call.node.events.reset();
    call.node.origin.counts.reset();
    call.node.keyspace.fills().counts.reset();
    locked(&call.node.errors).clear();
    call.held.each(|_, shard| shard.reset_stats());
    let clients = call.node.clients.count() as u64;
    call.node.events.peak_clients.store(clients, Ordering::Relaxed);
    call.out.ok();
    Ok(())
}

fn rewrite(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let Some(path) = call.node.config_file.clone() else {
        return Err(Error::text("ERR The server is running without a config file"));
    };
    let old = path.clone();
    let file = File {
        path,
        done: "configuration written",
        failed: "configuration not written",
        refusal: "ERR Rewriting config file",
    };
    files::write(call, file, move |node| {
        // Otherwise they have a file of their own.
        let are_here = node.parameters.text("aclfile").is_empty();
        let users = are_here.then(|| node.users.lines_beside(&node.parameters.text("requirepass")));
        let old = settings::read(&old)?;
        Ok(settings::rewrite(&old, &node.parameters.changed(), users.as_deref()))
    })
}

#[cfg(test)]
mod tests {
    use crate::serve::{
        origin::Figures,
        testing::{check, connect, serve},
    };

    /// In whichever order several clients come.
    #[test]
    fn what_is_set_last_is_what_holds() {
        let server = serve(&[]);
        std::thread::scope(|scope| {
            for rules in 1..=4 {
                let server = &server;
                scope.spawn(move || {
                    let mut client = connect(server);
                    let text = "k:*=http://127.0.0.1:1/ ".repeat(rules);
                    for _ in 0..100 {
                        check(&mut client, &format!("CONFIG SET origin \"{text}\"\r\n"), "+OK\r\n");
                    }
                });
            }
        });
        let node = server.node();
        let text = node.parameters.text("origin");
        assert_eq!(Figures::of(node).rules, text.split(' ').count(), "{text}");
    }
}
