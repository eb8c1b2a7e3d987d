//! ACL: users and what they may do.

use super::{Handlers, ServerCall, users_file};
use crate::{
    commands::{self, Categories, Error, Flags, Group, KeyRule, Outcome, Spec, is},
    serve::{
        acl::{BAD_NAME, is_name},
        clients::{Client, mailbox::Order},
        locked,
    },
};

/// Bytes of randomness of GENPASS unless told: Redis's own.
const PASSWORD_BITS: i64 = 256;
const PASSWORD_BITS_MAX: i64 = 4_096;
/// Entries of ACL LOG unless told: Redis's own.
const LOG_COUNT: usize = 10;

const ADMIN: Flags = Flags::ADMIN.and(Flags::NOSCRIPT).and(Flags::LOADING).and(Flags::STALE);
const EASY: Flags = Flags::NOSCRIPT.and(Flags::LOADING).and(Flags::STALE);
const NONE: KeyRule = KeyRule::None;
const GROUP: Group = Group::Server;

#[rustfmt::skip]
pub(crate) const TABLE: &[Spec] = &[
    Spec::server("acl", -2, Flags::NONE, NONE, GROUP, "A container for access control.").since("6.0.0").containing(ACL),
];

#[rustfmt::skip]
const ACL: &[Spec] = &[
    Spec::server("acl|cat", -2, EASY, NONE, GROUP, "Lists the categories, or the commands of one.").since("6.0.0"),
    Spec::server("acl|deluser", -3, ADMIN, NONE, GROUP, "Removes users and closes their connections.").since("6.0.0"),
    Spec::server("acl|dryrun", -4, ADMIN, NONE, GROUP, "Says whether a user may run a command.").since("7.0.0"),
    Spec::server("acl|genpass", -2, EASY, NONE, GROUP, "Gives a random password.").since("6.0.0"),
    Spec::server("acl|getuser", 3, ADMIN, NONE, GROUP, "Gives the rules of a user.").since("6.0.0"),
    Spec::server("acl|list", 2, ADMIN, NONE, GROUP, "Lists the users with their rules.").since("6.0.0"),
    Spec::server("acl|load", 2, ADMIN, NONE, GROUP, "Reads the users of the ACL file, all of them or none.").since("6.0.0"),
    Spec::server("acl|log", -2, ADMIN, NONE, GROUP, "Gives what was refused, or forgets it.").since("6.0.0"),
    Spec::server("acl|save", 2, ADMIN, NONE, GROUP, "Writes all users into the ACL file.").since("6.0.0"),
    Spec::server("acl|setuser", -3, ADMIN, NONE, GROUP, "Makes or changes a user.").since("6.0.0").hiding(|_, index| index > 1),
    Spec::server("acl|users", 2, ADMIN, NONE, GROUP, "Lists the users' names.").since("6.0.0"),
    Spec::server("acl|whoami", 2, EASY, NONE, GROUP, "Names the user of the connection.").since("6.0.0"),
    Spec::server("acl|help", 2, EASY, NONE, GROUP, "Lists the subcommands.").since("6.0.0"),
];

pub(super) const HANDLERS: Handlers = &[
    ("acl|cat", cat),
    ("acl|deluser", deluser),
    ("acl|dryrun", dryrun),
    ("acl|genpass", genpass),
    ("acl|getuser", getuser),
    ("acl|list", list),
    ("acl|load", users_file::load),
    ("acl|log", log),
    ("acl|save", users_file::save),
    ("acl|setuser", setuser),
    ("acl|users", users),
    ("acl|whoami", whoami),
];

fn cat(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    if call.arguments.len() == 2 {
        let names: Vec<&str> = Categories::NAMES.iter().map(|(name, _)| *name).collect();
        call.out.array(names.len());
        names.iter().for_each(|name| call.out.bulk(name.trim_start_matches('@').as_bytes()));
        return Ok(());
    }
    let wanted = format!("@{}", call.text(2)?.to_ascii_lowercase());
    let category = Categories::NAMES.iter().find(|(name, _)| *name == wanted);
    let Some((_, category)) = category else {
        let name = call.text(2)?;
        return Err(Error::Text(format!("ERR Unknown category '{name}'").into()));
    };
    let all = commands::all().flat_map(|spec| std::iter::once(spec).chain(spec.subcommands));
    let names: Vec<&str> =
        all.filter(|spec| spec.categories().contains(*category)).map(|spec| spec.name).collect();
    call.out.array(names.len());
    names.iter().for_each(|name| call.out.bulk(name.as_bytes()));
    Ok(())
}

fn setuser(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let name = call.text(2)?;
    if !is_name(&name) {
        return Err(Error::Text(format!("ERR {BAD_NAME}").into()));
    }
    let rules: Vec<&[u8]> = call.arguments.iter().skip(3).collect();
    let set = call.node.users.set(&name, &rules);
    set.map_err(|error| Error::Text(error.to_string().into()))?;
    call.node.journal.info("user changed", &[("name", &name), ("by", &call.who())]);
    call.out.ok();
    Ok(())
}

fn deluser(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let names: Vec<String> = call
        .arguments
        .iter()
        .skip(2)
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect();
    if names.iter().any(|name| name == crate::serve::acl::DEFAULT) {
        return Err(Error::text("ERR The 'default' user cannot be removed"));
    }
    let removed: Vec<&String> = names.iter().filter(|name| call.node.users.remove(name)).collect();
    let is_gone = |client: &Client| removed.iter().any(|name| **name == *client.labels().user);
    for client in call.node.clients.list() {
        if client.id != call.session.client.id && is_gone(&client) {
            client.mailbox.order(Order::Close);
        }
    }
    for name in &removed {
        call.node.journal.info("user removed", &[("name", name), ("by", &call.who())]);
    }
    call.out.count(removed.len());
    Ok(())
}

fn getuser(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let Some(user) = call.node.users.find(&call.text(2)?) else {
        call.out.null_array();
        return Ok(());
    };
    let out = &mut *call.out;
    out.map(6);
    for (field, values) in [
        ("flags", user.flags().into_iter().map(str::to_owned).collect::<Vec<_>>()),
        ("passwords", user.passwords()),
    ] {
        out.bulk(field.as_bytes());
        out.array(values.len());
        values.iter().for_each(|value| out.bulk(value.as_bytes()));
    }
    for (field, value) in [
        ("commands", user.commands_text()),
        ("keys", user.keys_text()),
        ("channels", user.channels_text()),
    ] {
        out.bulk(field.as_bytes());
        out.bulk(value.as_bytes());
    }
    out.bulk(b"selectors");
    out.array(0);
    Ok(())
}

fn list(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let users = call.node.users.list();
    call.out.array(users.len());
    users.iter().for_each(|user| call.out.bulk(user.rules_text().as_bytes()));
    Ok(())
}

fn users(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let users = call.node.users.list();
    call.out.array(users.len());
    users.iter().for_each(|user| call.out.bulk(user.name.as_bytes()));
    Ok(())
}

fn whoami(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    call.out.bulk(call.session.user.name.as_bytes());
    Ok(())
}

fn genpass(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let bits = if call.arguments.len() > 2 { call.integer(2)? } else { PASSWORD_BITS };
    if !(1..=PASSWORD_BITS_MAX).contains(&bits) {
        return Err(Error::text(
            "ERR ACL GENPASS argument must be the number of bits for the output password, a \
             positive number up to 4096",
        ));
    }
    let digits = usize::try_from(bits).unwrap_or(0).div_ceil(4);
    let mut bytes = vec![0; digits.div_ceil(2)];
    plimsoll_runtime::random::Random::from_entropy().fill(&mut bytes);
    let mut text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    text.truncate(digits);
    call.out.bulk(text.as_bytes());
    Ok(())
}

fn dryrun(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let name = call.text(2)?;
    let Some(user) = call.node.users.find(&name) else {
        return Err(Error::Text(format!("ERR User '{name}' not found").into()));
    };
    let mut encoded = Vec::new();
    let arguments: Vec<&[u8]> = call.arguments.iter().skip(3).collect();
    plimsoll_wire::resp::write_command(&mut encoded, &arguments);
    let mut decoder = plimsoll_wire::resp::CommandDecoder::default();
    let Ok((_, Some(command))) = decoder.decode(&encoded) else { return Err(Error::Syntax) };
    let spec = commands::resolve(command)?;
    let parent = spec.name.split_once('|').and_then(|(name, _)| commands::find(name.as_bytes()));
    let access = crate::serve::acl::Access::of(spec);
    let mut keys = spec.keys.places(command).filter_map(|place| command.get(place));
    let mut channels = super::channels_of(spec, command);
    let denial = if !user.may_run(spec, parent) {
        Some(format!("User {name} has no permissions to run the '{}' command", spec.name))
    } else if keys.any(|key| !user.may_use_key(key, access)) {
        Some(format!("User {name} has no permissions to access a key"))
    } else if channels.any(|(channel, is_pattern)| !user.may_use_channel(channel, is_pattern)) {
        Some(format!("User {name} has no permissions to access a channel"))
    } else {
        None
    };
    match denial {
        Some(text) => call.out.bulk(text.as_bytes()),
        None => call.out.ok(),
    }
    Ok(())
}

fn log(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    if call.arguments.get(2).is_some_and(|word| is(word, "reset")) {
        locked(&call.node.users.denials).clear();
        call.out.ok();
        return Ok(());
    }
    let count = match call.arguments.len() {
        2 => LOG_COUNT,
        _ => usize::try_from(call.integer(2)?).unwrap_or(0),
    };
    let log = locked(&call.node.users.denials);
    call.out.array(log.len().min(count));
    for denial in log.entries().take(count) {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let out = &mut *call.out;
        out.map(10);
        out.bulk(b"count");
        out.integer(number(denial.count));
        for (field, value) in [
            ("reason", denial.reason.name().as_bytes()),
            ("context", denial.context.name().as_bytes()),
            ("object", denial.object.as_slice()),
            ("username", denial.user.as_bytes()),
        ] {
            out.bulk(field.as_bytes());
            out.bulk(value);
        }
        out.bulk(b"age-seconds");
        out.double(call.now.0.saturating_sub(denial.created.0) as f64 / 1e3);
        out.bulk(b"client-info");
        out.bulk(denial.client.as_bytes());
        for (field, value) in [
            ("entry-id", denial.id),
            ("timestamp-created", denial.created.0),
            ("timestamp-last-updated", denial.updated.0),
        ] {
            out.bulk(field.as_bytes());
            out.integer(number(value));
        }
    }
    Ok(())
}
