//! COMMAND, COMMAND INFO and COMMAND DOCS.

use super::{arguments, keys::access};
use crate::commands::{
    call::Call,
    error::{Error, Outcome},
    key_rule::KeyRule,
    reply::Reply,
    spec::Spec,
    table,
};

/// What COMMAND INFO gives of a command.
const INFO_FIELDS: usize = 10;
/// Most names that are asked for: what is told of each is long.
const NAMES_MAX: usize = 1_024;

pub(super) fn command(call: &mut Call<'_, '_>) -> Outcome {
    write_all(call.out);
    Ok(())
}

pub(super) fn info(call: &mut Call<'_, '_>) -> Outcome {
    if call.arguments.len() == 2 {
        write_all(call.out);
        return Ok(());
    }
    check_names(call)?;
    call.out.array(call.arguments.len() - 2);
    for name in call.words(2).rest() {
        match named(name) {
            Some(spec) => write_info(call.out, spec),
            None => call.out.null_array(),
        }
    }
    Ok(())
}

pub(super) fn docs(call: &mut Call<'_, '_>) -> Outcome {
    check_names(call)?;
    let specs: Vec<&'static Spec> = match call.arguments.len() {
        2 => table::all().collect(),
        _ => call.words(2).rest().filter_map(named).collect(),
    };
    call.out.map(specs.len());
    specs.iter().for_each(|spec| write_docs(call.out, spec));
    Ok(())
}

/// # Errors
/// For more names than there may be.
fn check_names(call: &Call<'_, '_>) -> Outcome {
    if call.arguments.len() - 2 > NAMES_MAX {
        let text = format!("ERR at most {NAMES_MAX} commands are told of at a time");
        return Err(Error::Text(text.into()));
    }
    Ok(())
}

/// A command by its name, or a subcommand as `container|name`.
fn named(name: &[u8]) -> Option<&'static Spec> {
    let mut parts = name.splitn(2, |byte| *byte == b'|');
    let spec = table::find(parts.next()?)?;
    match parts.next() {
        Some(own) => table::find_subcommand(spec, own),
        None => Some(spec),
    }
}

fn write_all(out: &mut Reply) {
    out.array(table::all().count());
    table::all().for_each(|spec| write_info(out, spec));
}

fn write_info(out: &mut Reply, spec: &Spec) {
    out.array(INFO_FIELDS);
    out.bulk(spec.name.as_bytes());
    out.integer(i64::from(spec.arity));
    write_names(out, spec.flags.names());
    for number in positions(spec.keys) {
        out.integer(i64::from(number));
    }
    write_names(out, spec.categories().names());
    // Hints for routing: none.
    out.array(0);
    write_key_specs(out, spec);
    out.array(spec.subcommands.len());
    spec.subcommands.iter().for_each(|spec| write_info(out, spec));
}

fn write_names(out: &mut Reply, names: impl Iterator<Item = &'static str> + Clone) {
    out.set(names.clone().count());
    names.for_each(|name| out.simple(name));
}

/// The first key, the last one (counted from the end when negative) and the step, as far as fixed
/// places can say it.
fn positions(rule: KeyRule) -> [i8; 3] {
    match rule {
        KeyRule::Range { first, last, step } => [first.cast_signed(), last, step.cast_signed()],
        KeyRule::Sort | KeyRule::Counted { has_destination: true, .. } => [1, 1, 1],
        KeyRule::None | KeyRule::Counted { .. } => [0, 0, 0],
    }
}

/// Key specifications: where a client begins to search for keys, and how it finds the others.
fn write_key_specs(out: &mut Reply, spec: &Spec) {
    match spec.keys {
        KeyRule::None => out.array(0),
        KeyRule::Range { first, last, step } => {
            out.array(1);
            let last = if last > 0 { last - first.cast_signed() } else { last };
            write_range_spec(out, spec, i64::from(first), i64::from(last), i64::from(step));
        }
        KeyRule::Sort => {
            out.array(1);
            write_range_spec(out, spec, 1, 0, 1);
        }
        KeyRule::Counted { at, has_destination } => {
            out.array(1 + usize::from(has_destination));
            if has_destination {
                write_range_spec(out, spec, 1, 0, 1);
            }
            write_search(out, spec, i64::from(at));
            write_method(out, "keynum", &[("keynumidx", 0), ("firstkey", 1), ("keystep", 1)]);
        }
    }
}

fn write_range_spec(out: &mut Reply, spec: &Spec, first: i64, last: i64, step: i64) {
    write_search(out, spec, first);
    write_method(out, "range", &[("lastkey", last), ("keystep", step), ("limit", 0)]);
}

/// The part of a key specification before its last field, the way to find the keys.
fn write_search(out: &mut Reply, spec: &Spec, index: i64) {
    out.map(3);
    out.bulk(b"flags");
    let flags = access(spec);
    out.set(flags.len());
    flags.iter().for_each(|flag| out.simple(flag));
    out.bulk(b"begin_search");
    write_method(out, "index", &[("index", index)]);
    out.bulk(b"find_keys");
}

fn write_method(out: &mut Reply, kind: &str, numbers: &[(&str, i64)]) {
    out.map(2);
    out.bulk(b"type");
    out.bulk(kind.as_bytes());
    out.bulk(b"spec");
    out.map(numbers.len());
    for (name, number) in numbers {
        out.bulk(name.as_bytes());
        out.integer(*number);
    }
}

fn write_docs(out: &mut Reply, spec: &Spec) {
    let arguments = arguments::of(spec.name);
    out.bulk(spec.name.as_bytes());
    out.map(4 + usize::from(!arguments.is_empty()) + usize::from(!spec.subcommands.is_empty()));
    for (field, text) in [
        ("summary", spec.summary),
        ("since", spec.since),
        ("group", spec.group.name()),
        ("complexity", spec.complexity),
    ] {
        out.bulk(field.as_bytes());
        out.bulk(text.as_bytes());
    }
    if !arguments.is_empty() {
        out.bulk(b"arguments");
        arguments::write(out, &arguments);
    }
    if !spec.subcommands.is_empty() {
        out.bulk(b"subcommands");
        out.map(spec.subcommands.len());
        spec.subcommands.iter().for_each(|spec| write_docs(out, spec));
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_wire::resp::Protocol;

    use super::*;
    use crate::commands::check::Rig;

    /// A short command could have a reply of gigabytes otherwise.
    #[test]
    fn so_many_are_told_of_at_a_time() {
        let mut rig = Rig::new(Protocol::Resp2);
        for name in ["docs", "info"] {
            let mut command = format!("command {name}{}", " get".repeat(NAMES_MAX));
            assert!(rig.ask(&command).starts_with('*'), "{name}");
            command.push_str(" get");
            let expected = "-ERR at most 1024 commands are told of at a time";
            assert_eq!(rig.ask(&command), expected, "{name}");
        }
    }
}
