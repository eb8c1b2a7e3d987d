//! Publish and subscribe: channels of the whole server, and sharded ones.

use std::collections::BTreeSet;

use bytes::Bytes;
use plimsoll_wire::resp::Command;

use super::{Handlers, ServerCall};
use crate::{
    commands::{Error, Flags, Group, KeyRule, Outcome, Spec},
    serve::{
        clients::session::{Session, Subscriptions},
        notify::pubsub::Kind,
    },
};

/// Most channels and patterns of one client.
const SUBSCRIPTIONS_MAX: usize = 1 << 18;

const LISTEN: Flags =
    Flags::PUBSUB.and(Flags::NOSCRIPT).and(Flags::LOADING).and(Flags::STALE).and(Flags::LISTENING);
const TELL: Flags =
    Flags::PUBSUB.and(Flags::LOADING).and(Flags::STALE).and(Flags::FAST).and(Flags::MAY_REPLICATE);
const ASK: Flags = Flags::PUBSUB.and(Flags::LOADING).and(Flags::STALE);
const NONE: KeyRule = KeyRule::None;
const GROUP: Group = Group::PubSub;

#[rustfmt::skip]
pub(crate) const TABLE: &[Spec] = &[
    Spec::server("publish", 3, TELL, NONE, GROUP, "Sends a message to all who listen to a channel.").since("2.0.0").complexity("O(N+M)"),
    Spec::server("spublish", 3, TELL, NONE, GROUP, "Sends a message to all who listen to a sharded channel.").since("7.0.0").complexity("O(N)"),
    Spec::server("subscribe", -2, LISTEN, NONE, GROUP, "Listens to channels.").since("2.0.0").complexity("O(N)"),
    Spec::server("psubscribe", -2, LISTEN, NONE, GROUP, "Listens to all channels that match patterns.").since("2.0.0").complexity("O(N)"),
    Spec::server("ssubscribe", -2, LISTEN, NONE, GROUP, "Listens to sharded channels.").since("7.0.0").complexity("O(N)"),
    Spec::server("unsubscribe", -1, LISTEN, NONE, GROUP, "No longer listens to channels.").since("2.0.0").complexity("O(N)"),
    Spec::server("punsubscribe", -1, LISTEN, NONE, GROUP, "No longer listens to patterns.").since("2.0.0").complexity("O(N)"),
    Spec::server("sunsubscribe", -1, LISTEN, NONE, GROUP, "No longer listens to sharded channels.").since("7.0.0").complexity("O(N)"),
    Spec::server("pubsub", -2, Flags::NONE, NONE, GROUP, "A container for questions about channels.").since("2.8.0").containing(PUBSUB),
];

#[rustfmt::skip]
const PUBSUB: &[Spec] = &[
    Spec::server("pubsub|channels", -2, ASK, NONE, GROUP, "Lists the channels that anybody listens to.").since("2.8.0").complexity("O(N)"),
    Spec::server("pubsub|numsub", -2, ASK, NONE, GROUP, "Counts who listens to channels.").since("2.8.0").complexity("O(N)"),
    Spec::server("pubsub|numpat", 2, ASK, NONE, GROUP, "Counts the patterns that anybody listens to.").since("2.8.0"),
    Spec::server("pubsub|shardchannels", -2, ASK, NONE, GROUP, "Lists the sharded channels that anybody listens to.").since("7.0.0").complexity("O(N)"),
    Spec::server("pubsub|shardnumsub", -2, ASK, NONE, GROUP, "Counts who listens to sharded channels.").since("7.0.0").complexity("O(N)"),
    Spec::server("pubsub|help", 2, Flags::LOADING.and(Flags::STALE), NONE, GROUP, "Lists the subcommands.").since("6.2.0"),
];

pub(super) const HANDLERS: Handlers = &[
    ("publish", publish),
    ("spublish", publish),
    ("subscribe", subscribe),
    ("psubscribe", subscribe),
    ("ssubscribe", subscribe),
    ("unsubscribe", unsubscribe),
    ("punsubscribe", unsubscribe),
    ("sunsubscribe", unsubscribe),
    ("pubsub|channels", channels),
    ("pubsub|shardchannels", channels),
    ("pubsub|numsub", numsub),
    ("pubsub|shardnumsub", numsub),
    ("pubsub|numpat", numpat),
];

/// What kind of subscription a command is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Channel,
    Pattern,
    Shard,
}

impl Target {
    fn of(spec: &Spec) -> Target {
        match spec.name.as_bytes() {
            [b'p', b's' | b'u', ..] => Target::Pattern,
            [b's', b's' | b'u', b'n' | b'u', ..] if spec.name != "subscribe" => Target::Shard,
            _ => Target::Channel,
        }
    }

    fn set(self, subscriptions: &mut Subscriptions) -> &mut BTreeSet<Bytes> {
        match self {
            Target::Channel => &mut subscriptions.channels,
            Target::Pattern => &mut subscriptions.patterns,
            Target::Shard => &mut subscriptions.shard_channels,
        }
    }

    fn count(self, session: &Session) -> usize {
        let Some(subscriptions) = &session.subscriptions else { return 0 };
        match self {
            Target::Shard => subscriptions.shard_channels.len(),
            _ => subscriptions.count(),
        }
    }
}

/// The channels that a command names, and whether as patterns, for permissions.
pub(in crate::serve) fn channels_of<'c>(
    spec: &Spec,
    command: Command<'c>,
) -> impl Iterator<Item = (&'c [u8], bool)> {
    let (count, is_pattern) = match spec.name {
        "publish" | "spublish" => (1, false),
        "subscribe" | "ssubscribe" => (usize::MAX, false),
        "psubscribe" => (usize::MAX, true),
        _ => (0, false),
    };
    command.iter().skip(1).take(count).map(move |channel| (channel, is_pattern))
}

fn publish(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let kind = if call.spec.name == "publish" { Kind::Global } else { Kind::Sharded };
    let (channel, message) = (call.argument(1)?, call.argument(2)?);
    let limits = call.node.parameters.limits();
    let told = call.node.channels.publish(kind, channel, message, &limits, call.now);
    call.out.count(told.receivers);
    Ok(())
}

fn subscribe(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let target = Target::of(call.spec);
    let adds = call.arguments.len().saturating_sub(1);
    if call.session.client.subscriptions() as usize + adds > SUBSCRIPTIONS_MAX {
        return Err(Error::text("ERR too many subscriptions"));
    }
    for name in call.arguments.iter().skip(1) {
        let name = Bytes::copy_from_slice(name);
        let subscriptions = call.session.subscriptions.get_or_insert_default();
        if target.set(subscriptions).insert(name.clone()) {
            let client = &call.session.client;
            match target {
                Target::Channel => call.node.channels.subscribe(Kind::Global, &name, client),
                Target::Pattern => call.node.channels.subscribe_pattern(&name, client),
                Target::Shard => call.node.channels.subscribe(Kind::Sharded, &name, client),
            }
        }
        confirm(call, target, Some(&name));
    }
    call.session.show_subscriptions();
    Ok(())
}

fn unsubscribe(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let target = Target::of(call.spec);
    let named: Vec<Bytes> = if call.arguments.len() > 1 {
        call.arguments.iter().skip(1).map(Bytes::copy_from_slice).collect()
    } else {
        let subscriptions = call.session.subscriptions.as_deref_mut();
        subscriptions.map_or_else(Vec::new, |all| target.set(all).iter().cloned().collect())
    };
    for name in &named {
        let subscriptions = call.session.subscriptions.as_deref_mut();
        if subscriptions.is_some_and(|all| target.set(all).remove(name)) {
            let (channels, id) = (&call.node.channels, call.session.client.id);
            match target {
                Target::Channel => channels.unsubscribe(Kind::Global, name, id),
                Target::Pattern => channels.unsubscribe_pattern(name, id),
                Target::Shard => channels.unsubscribe(Kind::Sharded, name, id),
            }
        }
        confirm(call, target, Some(name));
    }
    if named.is_empty() {
        confirm(call, target, None);
    }
    call.session.show_subscriptions();
    Ok(())
}

fn confirm(call: &mut ServerCall<'_, '_, '_>, target: Target, name: Option<&[u8]>) {
    call.out.push(3);
    call.out.bulk(call.spec.name.as_bytes());
    match name {
        Some(name) => call.out.bulk(name),
        None => call.out.null(),
    }
    call.out.count(target.count(call.session));
}

fn kind(call: &ServerCall<'_, '_, '_>) -> Kind {
    if call.spec.name.starts_with("pubsub|shard") { Kind::Sharded } else { Kind::Global }
}

fn channels(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    if call.arguments.len() > 3 {
        return Err(Error::Arity(call.spec.name));
    }
    let active = call.node.channels.active(kind(call), call.arguments.get(2));
    call.out.array(active.len());
    active.iter().for_each(|name| call.out.bulk(name));
    Ok(())
}

fn numsub(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let kind = kind(call);
    call.out.array(call.arguments.len().saturating_sub(2) * 2);
    for name in call.arguments.iter().skip(2) {
        call.out.bulk(name);
        call.out.count(call.node.channels.listeners(kind, name));
    }
    Ok(())
}

fn numpat(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    call.out.count(call.node.channels.pattern_count());
    Ok(())
}
