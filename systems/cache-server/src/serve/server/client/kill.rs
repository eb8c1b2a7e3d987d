//! CLIENT KILL, in its old form by address and its new one by filters.

use std::sync::Arc;

use super::super::ServerCall;
use crate::{
    commands::{Error, Outcome, is},
    serve::clients::{Client, flag, mailbox::Order},
};

/// What kind of connection is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Normal,
    Pubsub,
    /// There are none of these.
    Replication,
}

impl Wanted {
    pub(super) fn is_met_by(self, client: &Client) -> bool {
        match self {
            Wanted::Normal => !client.has(flag::PUBSUB),
            Wanted::Pubsub => client.has(flag::PUBSUB),
            Wanted::Replication => false,
        }
    }
}

pub(super) fn kind(word: &[u8]) -> Result<Wanted, Error> {
    match word.to_ascii_lowercase().as_slice() {
        b"normal" => Ok(Wanted::Normal),
        b"pubsub" => Ok(Wanted::Pubsub),
        b"master" | b"primary" | b"slave" | b"replica" => Ok(Wanted::Replication),
        _ => {
            let word = String::from_utf8_lossy(word).into_owned();
            Err(Error::Text(format!("ERR Unknown client type '{word}'").into()))
        }
    }
}

/// All that are given have to be met.
#[derive(Default)]
struct Filter {
    id: Option<u64>,
    addr: Option<String>,
    laddr: Option<String>,
    user: Option<String>,
    kind: Option<Wanted>,
    /// In seconds.
    age: Option<u64>,
    spares_self: bool,
}

impl Filter {
    fn is_met_by(&self, client: &Client, call: &ServerCall<'_, '_, '_>) -> bool {
        let age = client.age(call.now);
        self.id.is_none_or(|id| client.id == id)
            && self.addr.as_ref().is_none_or(|addr| client.peer.to_string() == *addr)
            && self.laddr.as_ref().is_none_or(|addr| client.local.to_string() == *addr)
            && self.user.as_ref().is_none_or(|user| *client.labels().user == **user)
            && self.kind.is_none_or(|kind| kind.is_met_by(client))
            && self.age.is_none_or(|least| age >= least)
            && !(self.spares_self && client.id == call.session.client.id)
    }
}

pub(super) fn kill(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    if call.arguments.len() == 3 {
        let addr = call.text(2)?;
        let filter = Filter { addr: Some(addr), ..Filter::default() };
        return match close(call, &filter) {
            0 => Err(Error::text("ERR No such client")),
            _ => {
                call.out.ok();
                Ok(())
            }
        };
    }
    let filter = filter(call)?;
    let count = close(call, &filter);
    call.out.count(count);
    Ok(())
}

fn filter(call: &ServerCall<'_, '_, '_>) -> Result<Filter, Error> {
    let mut filter = Filter { spares_self: true, ..Filter::default() };
    let mut at = 2;
    while at < call.arguments.len() {
        let word = call.argument(at)?;
        let value = call.argument(at + 1)?;
        let number = || {
            let number = call.integer(at + 1).ok().and_then(|number| u64::try_from(number).ok());
            number.filter(|number| *number > 0)
        };
        if is(word, "id") {
            let wrong = Error::text("ERR client-id should be greater than 0");
            filter.id = Some(number().ok_or(wrong)?);
        } else if is(word, "addr") {
            filter.addr = Some(call.text(at + 1)?);
        } else if is(word, "laddr") {
            filter.laddr = Some(call.text(at + 1)?);
        } else if is(word, "user") {
            let name = call.text(at + 1)?;
            if call.node.users.find(&name).is_none() {
                return Err(Error::Text(format!("ERR No such user '{name}'").into()));
            }
            filter.user = Some(name);
        } else if is(word, "type") {
            filter.kind = Some(kind(value)?);
        } else if is(word, "maxage") {
            let wrong = Error::text("ERR maxage is not an integer or out of range");
            filter.age = Some(number().ok_or(wrong)?);
        } else if is(word, "skipme") {
            filter.spares_self = match value {
                value if is(value, "yes") => true,
                value if is(value, "no") => false,
                _ => return Err(Error::Syntax),
            };
        } else {
            return Err(Error::Syntax);
        }
        at += 2;
    }
    Ok(filter)
}

/// How many are closed. Who closes itself gets its reply first.
fn close(call: &mut ServerCall<'_, '_, '_>, filter: &Filter) -> usize {
    let clients: Vec<Arc<Client>> = call.node.clients.list();
    let mut count = 0;
    for client in clients.iter().filter(|client| filter.is_met_by(client, call)) {
        client.set(flag::CLOSING, true);
        client.mailbox.order(Order::Close);
        count += 1;
    }
    count
}
