//! SAVE, BGSAVE, LASTSAVE and SHUTDOWN.

use std::sync::Arc;

use super::{Handlers, ServerCall};
use crate::{
    commands::{Error, Flags, Group, KeyRule, Outcome, Spec, is},
    serve::{
        node::Node,
        saving::{self, Job, Points, Refusal},
        settings::Written,
    },
    store::Millis,
};

const NONE: KeyRule = KeyRule::None;
const GROUP: Group = Group::Server;
const ADMIN: Flags = Flags::ADMIN.and(Flags::NOSCRIPT);
const ALONE: Flags = ADMIN.and(Flags::NO_MULTI);

#[rustfmt::skip]
pub(crate) const TABLE: &[Spec] = &[
    Spec::server("save", 1, ALONE, NONE, GROUP, "Saves all items to the file and answers when they are on the disk.").complexity("O(N)"),
    Spec::server("bgsave", -1, ADMIN, NONE, GROUP, "Begins to save all items to the file.").complexity("O(1)"),
    Spec::server("lastsave", 1, Flags::LOADING.and(Flags::STALE).and(Flags::FAST).and(Flags::DANGEROUS).and(Flags::ADMIN), NONE, GROUP, "Gives the Unix time of the last save that was made."),
    Spec::server("shutdown", -1, ALONE.and(Flags::LOADING).and(Flags::STALE).and(Flags::ALLOW_BUSY), NONE, GROUP, "Ends the server, and saves all items first if so asked or set.").complexity("O(N)"),
];

pub(super) const HANDLERS: Handlers =
    &[("save", save), ("bgsave", bgsave), ("lastsave", lastsave), ("shutdown", shutdown)];

const FAILED: Error = Error::text("ERR Errors trying to SHUTDOWN. Check logs.");

/// What a connection waits for that has sent SAVE, SHUTDOWN, CONFIG REWRITE or ACL SAVE: the command runs again
/// until it is over.
#[derive(Debug)]
pub(crate) enum Errand {
    Save(Arc<Job>),
    /// Another file is being written; then it is this one's turn.
    Turn,
    Write(Written),
    /// Writers are held back; the batches that were under way end.
    Quiet,
    /// Its save is made, and nobody writes.
    Stop(Arc<Job>),
}

impl Errand {
    /// The connection has ended before.
    pub(crate) fn abandon(self, node: &Node) {
        match self {
            Errand::Save(_) | Errand::Turn | Errand::Write(_) => {}
            Errand::Quiet | Errand::Stop(_) => give_up(node),
        }
    }
}

/// A SHUTDOWN that was waiting does no longer: those who write are served again.
fn give_up(node: &Node) {
    node.saving.abort_stop();
    node.pause.end();
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        Error::Text(refusal.to_string().into())
    }
}

fn save(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let job = match call.session.errand.take().map(|errand| *errand) {
        Some(Errand::Save(job)) => job,
        _ => saving::start(call.node)?,
    };
    match job.outcome() {
        None => call.session.errand = Some(Box::new(Errand::Save(job))),
        Some(Ok(_)) => call.out.ok(),
        Some(Err(error)) => return Err(Error::Text(format!("ERR {error}").into())),
    }
    Ok(())
}

fn bgsave(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    match call.arguments.len() {
        1 => {}
        2 if is(call.argument(1)?, "schedule") => {}
        _ => return Err(Error::Syntax),
    }
    saving::start(call.node)?;
    call.out.simple("Background saving started");
    Ok(())
}

fn lastsave(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let Millis(millis) = call.node.saving.facts().last_saved;
    call.out.integer(i64::try_from(millis / 1_000).unwrap_or(i64::MAX));
    Ok(())
}

/// What SHUTDOWN was told.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    /// SAVE or NOSAVE; `None` leaves it to the parameter `save`.
    saves: Option<bool>,
    aborts: bool,
    /// Goes on to the end though the save failed.
    is_forced: bool,
}

fn options(call: &ServerCall<'_, '_, '_>) -> Result<Options, Error> {
    let mut options = Options::default();
    for word in call.arguments.iter().skip(1) {
        if is(word, "save") && options.saves.is_none() {
            options.saves = Some(true);
        } else if is(word, "nosave") && options.saves.is_none() {
            options.saves = Some(false);
        } else if is(word, "abort") {
            options.aborts = true;
        } else if is(word, "force") {
            options.is_forced = true;
        } else if !is(word, "now") {
            // Replicas that NOW would not wait for: there are none.
            return Err(Error::Syntax);
        }
    }
    let is_alone = call.arguments.len() == 2;
    if options.aborts && !is_alone { Err(Error::Syntax) } else { Ok(options) }
}

fn shutdown(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let options = options(call)?;
    if options.aborts {
        return abort(call);
    }
    let errand = call.session.errand.take().map(|errand| *errand);
    if matches!(errand, Some(Errand::Quiet | Errand::Stop(_))) && !call.node.saving.is_stopping() {
        // SHUTDOWN ABORT.
        call.node.saving.cancel();
        call.node.pause.end();
        return Err(FAILED);
    }
    match errand {
        Some(Errand::Quiet) => match saving::start(call.node) {
            Ok(job) => wait(call, Errand::Stop(job)),
            // It would be of before; it ends soon, and then it is this one's turn.
            Err(Refusal::Busy) => {
                call.node.saving.cancel();
                wait(call, Errand::Quiet)
            }
            Err(refusal) => {
                give_up(call.node);
                Err(refusal.into())
            }
        },
        Some(Errand::Stop(job)) => match job.outcome() {
            None => wait(call, Errand::Stop(job)),
            Some(Err(_)) if !options.is_forced => {
                give_up(call.node);
                Err(FAILED)
            }
            Some(_) => end(call),
        },
        Some(Errand::Save(_) | Errand::Turn | Errand::Write(_)) | None => begin(call, &options),
    }
}

fn begin(call: &mut ServerCall<'_, '_, '_>, options: &Options) -> Outcome {
    let is_set = || {
        let points = Points::read(&call.node.parameters.text("save"));
        points.is_some_and(|points| points.is_on())
    };
    if !options.saves.unwrap_or_else(is_set) {
        return end(call);
    }
    if !call.node.saving.has_place() {
        return Err(Refusal::Nowhere.into());
    }
    if !call.node.saving.begin_stop() {
        return Err(FAILED);
    }
    // Until it is ended: what is saved is to be all there was.
    call.node.pause.start(Millis(u64::MAX), true, call.now);
    wait(call, Errand::Quiet)
}

fn abort(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    if !call.node.saving.abort_stop() {
        return Err(Error::text("ERR No shutdown in progress."));
    }
    call.out.ok();
    Ok(())
}

fn wait(call: &mut ServerCall<'_, '_, '_>, errand: Errand) -> Outcome {
    call.session.errand = Some(Box::new(errand));
    Ok(())
}

/// As in Redis, the reply is that the connection ends.
fn end(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    call.node.saving.settle();
    call.session.is_closing = true;
    call.node.lifecycle.ask("SHUTDOWN");
    Ok(())
}
