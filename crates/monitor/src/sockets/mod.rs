//! TCP sockets of the network namespace that the monitor is in.
//!
//! The kernel is asked through `sock_diag`, which hands out only what is wanted; where it may not be
//! asked, `/proc/net/tcp` has the same in a text of all sockets.

mod diag;
mod table;

use std::{cell::RefCell, io, rc::Rc};

use plimsoll_runtime::clock::Instant;

use crate::kernel_file::{Buffer, KernelFile};
use diag::Diag;

/// A socket that waits for connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Listener {
    pub(crate) port: u16,
    /// By which its holder is found.
    pub(crate) inode: u64,
    /// Connections that have come and wait to be accepted.
    pub(crate) queue: u32,
    /// More than this may not wait; `None` when that is not known.
    pub(crate) queue_limit: Option<u32>,
}

/// States of a TCP socket, numbered as the kernel does from 1.
pub(crate) const STATES: [&str; 11] = [
    "established",
    "syn_sent",
    "syn_recv",
    "fin_wait1",
    "fin_wait2",
    "time_wait",
    "close",
    "close_wait",
    "last_ack",
    "listen",
    "closing",
];

pub(crate) const ESTABLISHED: u8 = 1;
pub(crate) const TIME_WAIT: u8 = 6;
const CLOSE: u8 = 7;
const LISTEN: u8 = 10;

/// States that are counted one by one: those that are many are counted by the kernel itself, and
/// closed sockets are not in its tables.
const COUNTED: u32 = {
    let all = (1_u32 << (STATES.len() + 1)) - 2;
    all & !(1 << ESTABLISHED | 1 << TIME_WAIT | 1 << CLOSE)
};

/// The two address families, with their texts.
const FAMILIES: [(u8, &str); 2] = [(2, "/proc/net/tcp"), (10, "/proc/net/tcp6")];

/// Asks about sockets.
pub(crate) struct Sockets {
    /// `None` when it may not be asked.
    diag: Option<Diag>,
    texts: [KernelFile; 2],
    buffer: Buffer,
}

impl Sockets {
    pub(crate) fn new() -> Sockets {
        let texts = FAMILIES.map(|(_, path)| KernelFile::new(path));
        Sockets { diag: Diag::open().ok(), texts, buffer: Buffer::default() }
    }

    /// Who listens, in order of the inodes; IPv4 and IPv6.
    ///
    /// # Errors
    /// When neither way is open.
    fn listeners(&mut self) -> io::Result<Vec<Listener>> {
        let mut found = Vec::new();
        for (at, (family, _)) in FAMILIES.into_iter().enumerate() {
            if let Some(diag) = &mut self.diag {
                // Without IPv6 the kernel knows no such family.
                let outcome = diag.dump(family, 1 << LISTEN, |_, listener| found.push(listener));
                if outcome.is_ok() || at > 0 {
                    continue;
                }
                self.diag = None;
            }
            let Some(file) = self.texts.get_mut(at) else { continue };
            match file.read(&mut self.buffer) {
                Ok(text) => found.extend(table::listeners(&text)),
                Err(error) if at == 0 => return Err(error),
                Err(_) => {}
            }
        }
        found.sort_unstable_by_key(|listener| listener.inode);
        found.dedup_by_key(|listener| listener.inode);
        Ok(found)
    }

    /// How many sockets there are in each of the states that are seldom many, by the number of the
    /// state; `None` when the kernel may not be asked.
    pub(crate) fn count_rare_states(&mut self) -> Option<[u64; STATES.len() + 1]> {
        let diag = self.diag.as_mut()?;
        let mut counts = [0; STATES.len() + 1];
        for (family, _) in FAMILIES {
            let count = |state: u8, _| {
                if let Some(count) = counts.get_mut(usize::from(state)) {
                    *count += 1;
                }
            };
            // Without IPv6 the kernel knows no such family.
            if diag.dump(family, COUNTED, count).is_err() && family == FAMILIES[0].0 {
                return None;
            }
        }
        Some(counts)
    }
}

/// What all watched processes share.
struct Shared {
    sockets: Sockets,
    /// The tick that the answer is of.
    at: Option<Instant>,
    listeners: Rc<[Listener]>,
}

thread_local! {
    static SHARED: RefCell<Shared> =
        RefCell::new(Shared { sockets: Sockets::new(), at: None, listeners: Rc::default() });
}

/// Who listens as of the tick `at`, in order of the inodes. The kernel is asked once per tick, whoever
/// wants to know: it looks through a large table.
///
/// # Errors
/// When it cannot be found out.
pub(crate) fn listeners_at(at: Instant) -> io::Result<Rc<[Listener]>> {
    SHARED.with_borrow_mut(|shared| {
        if shared.at != Some(at) {
            shared.listeners = shared.sockets.listeners()?.into();
            shared.at = Some(at);
        }
        Ok(Rc::clone(&shared.listeners))
    })
}

/// Whether [`Sockets::count_rare_states`] counts the state of that number.
pub(crate) fn is_rare(state: usize) -> bool {
    COUNTED >> state & 1 == 1
}

#[cfg(test)]
mod tests {
    use std::{net::SocketAddr, os::fd::AsRawFd};

    use plimsoll_runtime::{
        listen::{self, ListenOptions},
        workers,
    };

    use super::*;

    /// The inode of a descriptor of this process, as its link tells.
    fn inode_of(descriptor: i32) -> u64 {
        let link = std::fs::read_link(format!("/proc/self/fd/{descriptor}")).unwrap();
        let text = link.to_string_lossy();
        text.strip_prefix("socket:[").unwrap().strip_suffix(']').unwrap().parse().unwrap()
    }

    fn check(address: &str, asks: impl Fn() -> Sockets) {
        let address: SocketAddr = address.parse().unwrap();
        workers::block_on(async {
            let Ok(listener) = listen::tcp(address, ListenOptions::default()) else {
                assert!(address.is_ipv6(), "only IPv6 may be missing");
                return;
            };
            let port = listener.local_addr().unwrap().port();
            let inode = inode_of(listener.as_raw_fd());
            let find = || {
                let mut found = asks().listeners().unwrap();
                assert!(found.is_sorted_by_key(|listener| listener.inode));
                found.retain(|listener| listener.inode == inode);
                found
            };
            let found = find();
            let [only] = found[..] else { panic!("{found:?}") };
            assert_eq!((only.port, only.inode, only.queue), (port, inode, 0));
            let _waits = std::net::TcpStream::connect((address.ip(), port)).unwrap();
            assert_eq!(find()[0].queue, 1);
            drop(listener);
            assert_eq!(find(), []);
        })
        .unwrap();
    }

    #[test]
    fn who_listens_is_found_both_ways() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            check(address, Sockets::new);
            check(address, || Sockets { diag: None, ..Sockets::new() });
        }
    }

    #[test]
    fn within_a_tick_the_answer_stays() {
        workers::block_on(async {
            let tick = Instant::now();
            let before = listeners_at(tick).unwrap();
            let any = "127.0.0.1:0".parse().unwrap();
            let listener = listen::tcp(any, ListenOptions::default()).unwrap();
            let inode = inode_of(listener.as_raw_fd());
            assert_eq!(listeners_at(tick).unwrap(), before);
            let after = listeners_at(Instant::now()).unwrap();
            assert!(after.iter().any(|listener| listener.inode == inode));
        })
        .unwrap();
    }

    #[test]
    fn states_are_counted() {
        let rare: Vec<_> = (1..=STATES.len()).filter(|state| is_rare(*state)).collect();
        assert_eq!(rare, [2, 3, 4, 5, 8, 9, 10, 11]);
        workers::block_on(async {
            let any = "127.0.0.1:0".parse().unwrap();
            let _listener = listen::tcp(any, ListenOptions::default()).unwrap();
            let counts = Sockets::new().count_rare_states().unwrap();
            assert!(counts[usize::from(LISTEN)] >= 1);
        })
        .unwrap();
    }
}
