//! Reads of a pipeline whose first one has to wait for an origin: what those behind it lack is fetched
//! meanwhile, instead of one after the other.

use plimsoll_wire::resp::{CommandDecoder, Limits};

use crate::{
    commands::{self, Flags},
    serve::dispatch::Dispatch,
};

/// Reads that are looked at.
const READS_MAX: usize = 128;

/// Begins the fills of the reads that `data` begins with, behind a command that waits. They come to their
/// replies when it is their turn, whatever has become of the fills.
pub(super) fn place(dispatch: &mut Dispatch<'_, '_>, data: &[u8], limits: Limits) {
    let waits = dispatch.node.index.spec(dispatch.last);
    let is_read = waits.is_some_and(|spec| spec.has(Flags::READ_THROUGH));
    // Others may not be allowed to read all.
    if !is_read || !dispatch.session.is_plain {
        return;
    }
    let mut decoder = CommandDecoder::default();
    decoder.set_limits(limits);
    let mut done = 0;
    for _ in 0..READS_MAX {
        let rest = data.get(done..).unwrap_or_default();
        let Ok((taken, Some(command))) = decoder.decode(rest) else { break };
        match commands::resolve(command) {
            // What comes behind a write is not known yet.
            Ok(spec) if spec.has(Flags::READ_THROUGH) => dispatch.batch.order(spec, command),
            _ => break,
        }
        done += taken;
    }
    dispatch.batch.release();
}
