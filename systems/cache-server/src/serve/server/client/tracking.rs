//! CLIENT TRACKING, CACHING, GETREDIR and TRACKINGINFO.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use plimsoll_wire::resp::Protocol;

use super::super::ServerCall;
use crate::{
    commands::{Error, Outcome, is},
    serve::clients::{flag, session::TrackingMode},
};

/// Most prefixes of one client.
const PREFIXES_MAX: usize = 1_000;

/// What a CLIENT TRACKING asks for.
#[derive(Default)]
struct Asked {
    mode: TrackingMode,
    redirect: u64,
    no_loop: bool,
}

pub(super) fn tracking(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let is_on = match call.argument(2)? {
        word if is(word, "on") => true,
        word if is(word, "off") => false,
        _ => return Err(Error::Syntax),
    };
    let asked = asked(call)?;
    if !is_on {
        call.session.stop_tracking(call.node);
        call.out.ok();
        return Ok(());
    }
    check(call, &asked)?;
    let Asked { mut mode, redirect, no_loop } = asked;
    // Prefixes add up as long as the kind stays.
    if let Some(old) = call.session.tracking.as_deref().filter(|old| old.is_broadcast) {
        let kept = old.prefixes.iter().filter(|prefix| !mode.prefixes.contains(prefix));
        let kept: Vec<Bytes> = kept.cloned().collect();
        mode.prefixes.extend(kept);
    }
    if mode.prefixes.len() > PREFIXES_MAX {
        return Err(Error::text("ERR too many prefixes"));
    }
    call.session.stop_tracking(call.node);
    let client = &call.session.client;
    client.redirect.store(redirect, Ordering::Relaxed);
    client.set(flag::TRACKING, true);
    client.set(flag::TRACKING_BROADCAST, mode.is_broadcast);
    client.set(flag::TRACKING_NOLOOP, no_loop);
    // Whoever changes a key after this knows that it is wanted.
    call.node.wanted.listen();
    call.node.tracking.start(client, &mode.prefixes);
    call.session.tracking = Some(Box::new(mode));
    call.session.settle();
    call.out.ok();
    Ok(())
}

fn asked(call: &ServerCall<'_, '_, '_>) -> Result<Asked, Error> {
    let mut asked = Asked::default();
    let mut at = 3;
    while let Some(word) = call.arguments.get(at) {
        at += 1;
        match word.to_ascii_lowercase().as_slice() {
            b"redirect" => {
                if asked.redirect != 0 {
                    return Err(Error::text(
                        "ERR A client can only redirect to a single other client",
                    ));
                }
                let id = call.integer(at)?;
                at += 1;
                asked.redirect = u64::try_from(id).unwrap_or(0);
                if call.node.clients.find(asked.redirect).is_none() {
                    return Err(Error::text(
                        "ERR The client ID you want redirect to does not exist",
                    ));
                }
            }
            b"bcast" => asked.mode.is_broadcast = true,
            b"optin" => asked.mode.is_opt_in = true,
            b"optout" => asked.mode.is_opt_out = true,
            b"noloop" => asked.no_loop = true,
            b"prefix" => {
                asked.mode.prefixes.push(Bytes::copy_from_slice(call.argument(at)?));
                at += 1;
            }
            _ => return Err(Error::Syntax),
        }
    }
    Ok(asked)
}

fn check(call: &ServerCall<'_, '_, '_>, asked: &Asked) -> Result<(), Error> {
    let mode = &asked.mode;
    if !mode.is_broadcast && !mode.prefixes.is_empty() {
        return Err(Error::text("ERR PREFIX option requires BCAST mode to be enabled"));
    }
    if let Some(old) = &call.session.tracking {
        if old.is_broadcast != mode.is_broadcast {
            return Err(Error::text(
                "ERR You can't switch BCAST mode on/off before disabling tracking for this client, \
                 and then re-enabling it with a different mode.",
            ));
        }
        let switches = |was: bool, now: bool| was != now;
        if (old.is_opt_in || old.is_opt_out || mode.is_opt_in || mode.is_opt_out)
            && (switches(old.is_opt_in, mode.is_opt_in)
                || switches(old.is_opt_out, mode.is_opt_out))
        {
            return Err(Error::text(
                "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, \
                 and then re-enabling it with a different mode.",
            ));
        }
    }
    if mode.is_broadcast && (mode.is_opt_in || mode.is_opt_out) {
        return Err(Error::text("ERR OPTIN and OPTOUT are not compatible with BCAST"));
    }
    if mode.is_opt_in && mode.is_opt_out {
        return Err(Error::text("ERR You can't specify both OPTIN mode and OPTOUT mode"));
    }
    for (index, prefix) in mode.prefixes.iter().enumerate() {
        let others = mode.prefixes.iter().skip(index + 1);
        let own = call.session.tracking.iter().flat_map(|old| &old.prefixes);
        for other in others.chain(own.filter(|own| *own != prefix)) {
            if prefix.starts_with(other) || other.starts_with(prefix) {
                return Err(Error::Text(
                    format!(
                        "ERR Prefix '{}' overlaps with an existing prefix '{}'. Prefixes for a \
                         single client must not overlap.",
                        String::from_utf8_lossy(prefix),
                        String::from_utf8_lossy(other)
                    )
                    .into(),
                ));
            }
        }
    }
    // Redis lets a client of RESP2 track without a redirection, and tells it nothing.
    Ok(())
}

pub(super) fn caching(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let Some(mode) = &mut call.session.tracking else {
        return Err(Error::text(
            "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN \
             or OPTOUT mode enabled",
        ));
    };
    let word = call.arguments.get(2).unwrap_or_default();
    if is(word, "yes") {
        if !mode.is_opt_in {
            return Err(Error::text(
                "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.",
            ));
        }
        mode.caching = Some(true);
    } else if is(word, "no") {
        if !mode.is_opt_out {
            return Err(Error::text(
                "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.",
            ));
        }
        mode.caching = Some(false);
    } else {
        return Err(Error::Syntax);
    }
    call.out.ok();
    Ok(())
}

/// -1 without tracking, 0 without redirection.
fn redirect(call: &ServerCall<'_, '_, '_>) -> i64 {
    if call.session.tracking.is_none() {
        return -1;
    }
    let id = call.session.client.redirect.load(Ordering::Relaxed);
    i64::try_from(id).unwrap_or(i64::MAX)
}

pub(super) fn getredir(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    call.out.integer(redirect(call));
    Ok(())
}

pub(super) fn trackinginfo(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let client = &call.session.client;
    let mut flags = Vec::new();
    match call.session.tracking.as_deref() {
        None => flags.push("off"),
        Some(mode) => {
            flags.push("on");
            let caching_no = mode.is_opt_out && mode.caching == Some(false);
            let caching_yes = mode.is_opt_in && mode.caching == Some(true);
            for (is_set, name) in [
                (mode.is_broadcast, "bcast"),
                (mode.is_opt_in, "optin"),
                (caching_yes, "caching-yes"),
                (mode.is_opt_out, "optout"),
                (caching_no, "caching-no"),
                (client.has(flag::TRACKING_NOLOOP), "noloop"),
                (client.has(flag::TRACKING_BROKEN), "broken_redirect"),
            ] {
                if is_set {
                    flags.push(name);
                }
            }
        }
    }
    let redirect = redirect(call);
    let prefixes = call.session.tracking.as_deref().map_or(&[][..], |mode| &mode.prefixes);
    call.out.map(3);
    call.out.bulk(b"flags");
    match call.session.protocol {
        Protocol::Resp3 => call.out.set(flags.len()),
        Protocol::Resp2 => call.out.array(flags.len()),
    }
    flags.iter().for_each(|flag| call.out.bulk(flag.as_bytes()));
    call.out.bulk(b"redirect");
    call.out.integer(redirect);
    call.out.bulk(b"prefixes");
    call.out.array(prefixes.len());
    prefixes.iter().for_each(|prefix| call.out.bulk(prefix));
    Ok(())
}
