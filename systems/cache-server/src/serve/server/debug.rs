//! DEBUG as far as clients and tests use it, and commands about replicas, of which there are none.

use std::time::Duration;

use super::{Handlers, ServerCall};
use crate::commands::{Call, Error, Flags, Group, KeyRule, Outcome, Spec, number};

/// Longest DEBUG SLEEP, in seconds: the whole thread sleeps.
const SLEEP_MAX: f64 = 30.0;

const NONE: KeyRule = KeyRule::None;
const ADMIN: Flags = Flags::ADMIN.and(Flags::NOSCRIPT).and(Flags::LOADING).and(Flags::STALE);
const GROUP: Group = Group::Server;

#[rustfmt::skip]
pub(crate) const TABLE: &[Spec] = &[
    Spec::server("debug", -2, Flags::NONE, NONE, GROUP, "A container for what tests of clients need.").containing(DEBUG),
    Spec::server("wait", 3, Flags::BLOCKING, NONE, Group::Generic, "Gives 0: there are no replicas to wait for.").since("3.0.0"),
    Spec::server("role", 1, Flags::NOSCRIPT.and(Flags::LOADING).and(Flags::STALE).and(Flags::FAST), NONE, GROUP, "Says that this is a primary without replicas.").since("2.8.12"),
    Spec::server("lolwut", -1, Flags::READ_FAST, NONE, GROUP, "Draws a ship with its load line.").since("5.0.0"),
];

#[rustfmt::skip]
const DEBUG: &[Spec] = &[
    Spec::server("debug|sleep", 3, ADMIN, NONE, GROUP, "Lets the connection's thread sleep some seconds.").complexity("O(N)"),
    Spec::new("debug|object", 3, ADMIN.and(Flags::READONLY), KeyRule::SECOND, GROUP, "Tells how a value is kept.", object),
    Spec::server("debug|set-active-expire", 3, ADMIN, NONE, GROUP, "Accepted: reads never see what has expired."),
    Spec::server("debug|jmap", 2, ADMIN, NONE, GROUP, "Accepted, does nothing."),
    Spec::server("debug|help", 2, Flags::LOADING.and(Flags::STALE), NONE, GROUP, "Lists the subcommands."),
];

pub(super) const HANDLERS: Handlers = &[
    ("debug|sleep", sleep),
    ("debug|set-active-expire", accept),
    ("debug|jmap", accept),
    ("wait", wait),
    ("role", role),
    ("lolwut", lolwut),
];

fn sleep(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let seconds = number::float(call.argument(2)?).ok_or(Error::NotFloat)?;
    let time = Duration::from_secs_f64(seconds.clamp(0.0, SLEEP_MAX));
    #[expect(clippy::disallowed_methods, reason = "to block the thread is what is asked for")]
    std::thread::sleep(time);
    call.out.ok();
    Ok(())
}

fn object(call: &mut Call<'_, '_>) -> Outcome {
    let (key, now) = (call.key(), call.now);
    // The arity demands it.
    let Some(item) = call.shards.of(&key).peek(&key, now) else {
        return Err(Error::NoSuchKey);
    };
    let (kind, bytes) = match item.value {
        crate::store::ValueRef::Bytes(bytes) => ("string", bytes.len()),
        crate::store::ValueRef::Large(bytes) => ("string", bytes.len()),
        crate::store::ValueRef::Object(object) => (object.type_name(), object.bytes()),
    };
    let text = format!(
        "Value at:0x0 refcount:1 encoding:{kind} serializedlength:{bytes} lru:{} \
         lru_seconds_idle:0",
        item.frequency
    );
    call.out.simple(&text);
    Ok(())
}

fn accept(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    call.out.ok();
    Ok(())
}

fn wait(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    call.integer(1)?;
    let timeout = call
        .integer(2)
        .map_err(|_| Error::text("ERR timeout is not an integer or out of range"))?;
    if timeout < 0 {
        return Err(Error::TimeoutNegative);
    }
    call.out.integer(0);
    Ok(())
}

fn role(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    call.out.array(3);
    call.out.bulk(b"master");
    call.out.integer(0);
    call.out.array(0);
    Ok(())
}

fn lolwut(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let art = concat!(
        "            |>\n",
        "        ____|____\n",
        "        \\       /\n",
        "   ______\\__(-)_/______\n",
        "  ~~~~~~~~~~~~~~~~~~~~~~~\n",
        "\n",
        "plimsoll ver. ",
        env!("CARGO_PKG_VERSION"),
        "\n"
    );
    call.out.verbatim(*b"txt", art.as_bytes());
    Ok(())
}
