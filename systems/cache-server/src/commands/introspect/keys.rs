//! The keys of a command that does not run.

use plimsoll_wire::resp::Command;

use crate::commands::{
    batch::resolve,
    call::Call,
    error::{Error, Outcome},
    key_rule::KeyRule,
    spec::{Flags, Spec},
};

pub(super) fn getkeys(call: &mut Call<'_, '_>) -> Outcome {
    let (_, keys) = found(call)?;
    call.out.array(keys.len());
    keys.iter().for_each(|key| call.out.bulk(key));
    Ok(())
}

pub(super) fn getkeysandflags(call: &mut Call<'_, '_>) -> Outcome {
    let (spec, keys) = found(call)?;
    let flags = access(spec);
    call.out.array(keys.len());
    for key in keys {
        call.out.array(2);
        call.out.bulk(key);
        call.out.set(flags.len());
        flags.iter().for_each(|flag| call.out.simple(flag));
    }
    Ok(())
}

/// What a command does with its keys, in the words of key specifications.
pub(super) fn access(spec: &Spec) -> &'static [&'static str] {
    if !spec.has(Flags::WRITE) {
        &["RO", "ACCESS"]
    } else if spec.name.starts_with("set") || spec.name.starts_with("mset") {
        &["OW", "UPDATE"]
    } else {
        &["RW", "ACCESS", "UPDATE"]
    }
}

fn found<'c>(call: &Call<'c, '_>) -> Result<(&'static Spec, Vec<&'c [u8]>), Error> {
    let command = inner(call)?;
    let spec = resolve(command).map_err(|error| match error {
        Error::Arity(_) => Error::text("ERR Invalid number of arguments specified for command"),
        _ => Error::text("ERR Invalid command specified"),
    })?;
    if spec.keys == KeyRule::None {
        return Err(Error::text("ERR The command has no key arguments"));
    }
    let keys: Vec<&[u8]> = spec.keys.places(command).filter_map(|at| command.get(at)).collect();
    if keys.is_empty() {
        return Err(Error::text("ERR Invalid arguments specified for command"));
    }
    Ok((spec, keys))
}

/// The command behind COMMAND GETKEYS.
fn inner<'c>(call: &Call<'c, '_>) -> Result<Command<'c>, Error> {
    call.arguments.tail(2).ok_or(Error::Arity(call.spec.name))
}
