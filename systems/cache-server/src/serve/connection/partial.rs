//! What a connection keeps of its input between two reads.

use bytes::Bytes;
use plimsoll_wire::resp::CommandDecoder;

use crate::{
    commands::{self, Flags, KEPT_BYTES, Walk},
    store::Store,
};

/// Room for a large command grows by doubling, from this on.
const PARTIAL_MIN: usize = 16 << 10;
/// Whoever has sent so much gets room for all that is to come at once: it is so much that the system
/// gives memory only where something is written to, and a copy would keep others waiting.
const TRUSTED_MIN: usize = 1 << 20;
/// Room for what may stand behind a value, such as its deadline: to grow for that would copy all of it.
const TAIL_BYTES: usize = 4 << 10;
/// Arguments of which so much has not come yet are passed over where no memory could hold them.
const PASSED_OVER_MIN: usize = 1 << 20;

/// A command of which the end has not come yet, and what came behind one that waits.
#[derive(Default)]
pub(super) struct Partial {
    pub(super) input: Vec<u8>,
    /// In place of `input`, while a command that takes most of it is put off: a value in it can then be
    /// kept as it is.
    pub(super) whole: Option<Bytes>,
    pub(super) decoder: CommandDecoder,
    /// There may be a whole command in it: it is looked at before more is read.
    pub(super) is_ready: bool,
    /// What the command that comes first is to store was passed over: no memory could hold it.
    pub(super) has_no_room: bool,
    /// How often the command that comes first was put off.
    pub(super) delays: u32,
    /// How far it is.
    pub(super) walk: Option<Box<Walk>>,
    /// Nanoseconds that its steps have taken.
    pub(super) spent: u64,
}

impl Partial {
    /// What came behind it. Room for what is known to come is made, but not for more than as much again
    /// as has come: who only claims to send much takes no memory.
    pub(super) fn take_in(&mut self, more: &[u8]) {
        let more = self.decoder.skip(more);
        if more.is_empty() {
            return;
        }
        if let Some(whole) = self.whole.take() {
            self.input = Vec::from(whole);
        }
        if self.input.capacity() - self.input.len() < more.len() {
            // Of very many arguments it is not known what is to come.
            let len = self.input.len();
            let wanted = self.decoder.missing().max(len / 2);
            let room = match len {
                TRUSTED_MIN.. => wanted + TAIL_BYTES,
                _ => wanted.min(len.max(PARTIAL_MIN)),
            };
            self.input.reserve_exact(room.max(more.len()));
        }
        self.input.extend_from_slice(more);
    }

    pub(super) fn len(&self) -> usize {
        self.input.len() + self.whole.as_ref().map_or(0, Bytes::len)
    }

    /// Bytes of memory: what has come, and where its arguments are, which is more than they are when they are
    /// very short.
    pub(super) fn bytes(&self) -> usize {
        let input = if self.len() < TRUSTED_MIN { self.input.capacity() } else { self.len() };
        input + self.decoder.bytes()
    }

    /// The first `done` bytes are not needed any more. `whole` is taken back. The next command was put
    /// off, or not.
    pub(super) fn pass(&mut self, whole: Option<Bytes>, done: usize, is_put_off: bool) {
        match whole {
            Some(whole) if done == 0 => self.whole = Some(whole),
            Some(whole) => self.input = whole.slice(done..).to_vec(),
            None => {
                self.input.drain(..done);
            }
        }
        self.has_no_room &= done == 0;
        self.delays = if is_put_off { self.delays + 1 } else { 0 };
        if is_put_off && self.whole.is_none() && self.input.len() >= KEPT_BYTES {
            self.whole = Some(Bytes::from(std::mem::take(&mut self.input)));
        }
    }

    /// What is to be stored and is larger than all memory there is for it is not kept while it comes: its
    /// command is refused when it is whole.
    pub(super) fn pass_over_what_has_no_room(&mut self, store: &Store) {
        let missing = self.decoder.missing();
        if missing < PASSED_OVER_MIN {
            return;
        }
        let Some(command) = self.decoder.begun(&self.input) else { return };
        let spec = command.get(0).and_then(commands::find);
        let Some(spec) = spec.filter(|spec| spec.has(Flags::DENYOOM)) else { return };
        let key = spec.keys.places(command).next().and_then(|place| command.get(place));
        let Some(key) = key.map(|bytes| store.key(bytes)) else { return };
        if store.lock_for(&key).refuses(missing)
            && let Some(kept) = self.decoder.pass_over()
        {
            self.input.truncate(kept);
            self.has_no_room = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often room is made while so many bytes come, and how much there is in the end.
    fn grow(partial: &mut Partial, bytes: usize) -> (usize, usize) {
        const PIECE: usize = 16 << 10;
        let piece = [b'x'; PIECE];
        let (mut growths, mut left) = (0, bytes);
        while left > 0 {
            let before = partial.input.capacity();
            let some = left.min(PIECE);
            partial.take_in(&piece[..some]);
            // It looks for more, as a connection does.
            assert!(partial.decoder.decode(&partial.input).is_ok_and(|(_, whole)| whole.is_none()));
            growths += usize::from(partial.input.capacity() != before);
            left -= some;
        }
        (growths, partial.input.capacity())
    }

    #[test]
    fn a_value_is_copied_while_it_is_short() {
        const VALUE: usize = 20 << 20;
        let mut partial = Partial::default();
        partial.take_in(format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${VALUE}\r\n").as_bytes());
        assert!(partial.decoder.decode(&partial.input).is_ok());
        let (growths, _) = grow(&mut partial, TRUSTED_MIN + 1);
        assert!(growths <= 8, "{growths}");
        let (growths, room) = grow(&mut partial, VALUE - TRUSTED_MIN - 1);
        assert!(growths <= 1, "{growths}");
        partial.take_in(b"\r\n$2\r\nEX\r\n$2\r\n10\r\n");
        assert_eq!(partial.input.capacity(), room, "what stands behind it has room");
        assert!(room < VALUE + VALUE / 100, "{room}");
    }

    #[test]
    fn room_for_very_many_arguments_is_made_seldom() {
        let mut partial = Partial::default();
        let one = b"$1\r\na\r\n".repeat(4 << 10);
        partial.take_in(b"*1000000\r\n");
        let mut growths = 0;
        while partial.len() < 6 << 20 {
            let before = partial.input.capacity();
            partial.take_in(&one);
            assert!(partial.decoder.decode(&partial.input).is_ok_and(|(_, whole)| whole.is_none()));
            let is_long = partial.len() > TRUSTED_MIN + one.len();
            growths += usize::from(is_long && partial.input.capacity() != before);
        }
        assert!(growths <= 6, "{growths}");
        let arguments = partial.len() / "$1\r\na\r\n".len();
        assert!(partial.bytes() > partial.len() + arguments * size_of::<(usize, usize)>());
    }
}
