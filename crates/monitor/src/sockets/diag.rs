//! Questions to the kernel over a netlink socket, sock_diag(7).

use std::{io, os::fd::OwnedFd};

use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket,
};

use super::{LISTEN, Listener};

/// Of one answer; the kernel fills what it is given.
const ANSWER_BYTES: usize = 32 << 10;

/// Answers taken to one question: some 100,000 sockets.
const ANSWERS_LIMIT: usize = 256;

const HEADER_BYTES: usize = 16;
const REQUEST_BYTES: usize = HEADER_BYTES + 56;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
/// A request for all that match.
const FLAGS: u16 = 0x301;
const ERROR: u16 = 2;
const DONE: u16 = 3;
const TCP: u8 = 6;

pub(super) struct Diag {
    socket: OwnedFd,
    buffer: Vec<u8>,
    sequence: u32,
}

impl Diag {
    pub(super) fn open() -> io::Result<Diag> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let kind = (AddressFamily::Netlink, SockType::Datagram);
        let socket = socket(kind.0, kind.1, flags, SockProtocol::NetlinkSockDiag)?;
        Ok(Diag { socket, buffer: vec![0; ANSWER_BYTES], sequence: 0 })
    }

    /// Calls `found` with the state and the queue of each socket of `family` in one of `states` (a bit
    /// per number).
    pub(super) fn dump(
        &mut self,
        family: u8,
        states: u32,
        mut found: impl FnMut(u8, Listener),
    ) -> io::Result<()> {
        use std::os::fd::AsRawFd;
        self.sequence = self.sequence.wrapping_add(1);
        let socket = self.socket.as_raw_fd();
        send(socket, &request(self.sequence, family, states), MsgFlags::empty())?;
        for _ in 0..ANSWERS_LIMIT {
            let length = recv(socket, &mut self.buffer, MsgFlags::empty())?;
            let mut rest = self.buffer.get(..length).unwrap_or_default();
            while let Some(message) = Message::first(rest) {
                rest = message.rest;
                if message.sequence != self.sequence {
                    continue;
                }
                match message.kind {
                    DONE => return Ok(()),
                    ERROR => return Err(refusal(message.body)),
                    _ => {
                        if let Some((state, listener)) = parse(message.body) {
                            found(state, listener);
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// The question's bytes: a netlink header, and what the kernel calls `inet_diag_req_v2`.
fn request(sequence: u32, family: u8, states: u32) -> [u8; REQUEST_BYTES] {
    let mut bytes = [0; REQUEST_BYTES];
    let fields: [(usize, &[u8]); 7] = [
        (0, &(REQUEST_BYTES as u32).to_ne_bytes()),
        (4, &SOCK_DIAG_BY_FAMILY.to_ne_bytes()),
        (6, &FLAGS.to_ne_bytes()),
        (8, &sequence.to_ne_bytes()),
        (16, &[family, TCP]),
        (20, &states.to_ne_bytes()),
        // No cookie of a certain socket.
        (64, &[0xff; 8]),
    ];
    for (at, field) in fields {
        bytes[at..at + field.len()].copy_from_slice(field);
    }
    bytes
}

/// One message of an answer.
struct Message<'a> {
    kind: u16,
    sequence: u32,
    body: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Message<'a> {
    fn first(bytes: &'a [u8]) -> Option<Message<'a>> {
        let length = u32_at(bytes, 0)? as usize;
        let body = bytes.get(HEADER_BYTES..length)?;
        // Messages begin at multiples of four bytes.
        let rest = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        let kind = u16::from_ne_bytes(*bytes.get(4..)?.first_chunk()?);
        Some(Message { kind, sequence: u32_at(bytes, 8)?, body, rest })
    }
}

/// What the kernel calls `inet_diag_msg`.
fn parse(body: &[u8]) -> Option<(u8, Listener)> {
    let state = *body.get(1)?;
    let listener = Listener {
        port: u16::from_be_bytes(*body.get(4..)?.first_chunk()?),
        queue: u32_at(body, 56)?,
        queue_limit: u32_at(body, 60).filter(|_| state == LISTEN),
        inode: u64::from(u32_at(body, 68)?),
    };
    Some((state, listener))
}

fn refusal(body: &[u8]) -> io::Error {
    let code = u32_at(body, 0).map_or(0, |code| code as i32);
    io::Error::from_raw_os_error(code.saturating_neg())
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn messages_are_taken_apart_and_cut_ones_left() {
        let mut bytes = request(7, 2, 1 << 10).to_vec();
        let message = Message::first(&bytes).unwrap();
        assert_eq!((message.kind, message.sequence), (SOCK_DIAG_BY_FAMILY, 7));
        assert_eq!((message.body.len(), message.rest.len()), (56, 0));
        assert_eq!(message.body[..2], [2, TCP]);
        for length in [0, 3, 15, 20, 71] {
            bytes.truncate(REQUEST_BYTES);
            assert!(Message::first(&bytes[..length]).is_none(), "{length}");
        }
        bytes[..4].copy_from_slice(&3_u32.to_ne_bytes());
        assert!(Message::first(&bytes).is_none(), "shorter than its header");
        assert_eq!(parse(&[0; 71]), None);
        assert_eq!(refusal(&(-13_i32).to_ne_bytes()).kind(), io::ErrorKind::PermissionDenied);
    }

    #[test]
    fn an_unknown_family_is_refused() {
        let mut diag = Diag::open().unwrap();
        assert!(diag.dump(200, 1 << 10, |_, _| {}).is_err());
        assert!(diag.dump(2, 1 << 10, |_, _| {}).is_ok(), "and the next question answered");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some(message) = Message::first(&bytes) {
                prop_assert!(message.body.len() + message.rest.len() < bytes.len());
                parse(message.body);
                refusal(message.body);
            }
        }
    }
}
