//! HOTKEYS: the keys that are asked for most, by accesses or by bytes of the replies.

use super::{Handlers, ServerCall};
use crate::{
    commands::{Error, Flags, Group, KeyRule, Outcome, Spec, is},
    serve::hot::Measure,
    store::Millis,
};

/// Windows that may have passed since one that is still told.
const WINDOWS: u64 = 2;
/// What a window's end may be late by, and the next one's too.
const LATE_MILLIS: u64 = 500;

const ADMIN: Flags = Flags::ADMIN.and(Flags::LOADING).and(Flags::STALE);
const NONE: KeyRule = KeyRule::None;
const GROUP: Group = Group::Server;

#[rustfmt::skip]
pub(crate) const TABLE: &[Spec] = &[
    Spec::server("hotkeys", -2, Flags::NONE, NONE, GROUP, "A container for the keys that are asked for most.").since("7.2.0").containing(HOTKEYS),
];

#[rustfmt::skip]
const HOTKEYS: &[Spec] = &[
    Spec::server("hotkeys|get", -2, ADMIN, NONE, GROUP, "Gives the hottest keys of the last window, by accesses or BY BYTES of their replies.").since("7.2.0").complexity("O(K log K)"),
    Spec::server("hotkeys|reset", 2, ADMIN, NONE, GROUP, "Forgets which keys were hot.").since("7.2.0").complexity("O(K)"),
    Spec::server("hotkeys|help", 2, Flags::LOADING.and(Flags::STALE), NONE, GROUP, "Lists the subcommands.").since("7.2.0"),
];

pub(super) const HANDLERS: Handlers = &[("hotkeys|get", get), ("hotkeys|reset", reset)];

/// `HOTKEYS GET [BY ACCESSES | BY BYTES]`
fn measure(call: &ServerCall<'_, '_, '_>) -> Result<Measure, Error> {
    if call.arguments.len() == 2 {
        return Ok(Measure::Accesses);
    }
    let what = call.argument(3)?;
    if call.arguments.len() > 4 || !is(call.argument(2)?, "by") {
        return Err(Error::Syntax);
    }
    match what {
        _ if is(what, "accesses") => Ok(Measure::Accesses),
        _ if is(what, "bytes") => Ok(Measure::Bytes),
        _ => Err(Error::Syntax),
    }
}

fn get(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let measure = measure(call)?;
    let parameters = &call.node.parameters;
    let count = usize::try_from(parameters.number("hotkeys-top-k")).unwrap_or(0);
    let window = parameters.number("hotkeys-window-seconds").cast_unsigned() * 1_000;
    let since = Millis(call.now.0.saturating_sub(WINDOWS * (window + LATE_MILLIS)));
    let keys = call.node.hot_keys.hottest(measure, count, since);
    let name: &[u8] = match measure {
        Measure::Accesses => b"qps",
        Measure::Bytes => b"bytes-per-second",
    };
    call.out.array(keys.len());
    for hot in keys {
        call.out.map(3);
        call.out.bulk(b"key");
        call.out.bulk(&hot.key);
        call.out.bulk(b"db");
        call.out.integer(0);
        call.out.bulk(name);
        // A rate is positive and far below the largest integer; `as` would hold it there.
        call.out.integer(hot.rate.round() as i64);
    }
    Ok(())
}

fn reset(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    call.node.hot_keys.reset();
    call.out.ok();
    Ok(())
}
