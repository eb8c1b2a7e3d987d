//! Name servers asked directly (RFC 1035), where the system's are not to be.
//!
//! One question per datagram, for addresses only; the servers are expected to resolve recursively.
//! An answer that does not fit a datagram is used as far as it came. Blocks: called on the pool's
//! threads.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    time::Duration,
};

use super::{Answer, DnsError};
use crate::{clock::Instant, random::Random};

/// How long a server may take.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How often all servers are tried.
const ROUNDS: usize = 2;
/// Without extensions a datagram is no longer.
const DATAGRAM_MAX: usize = 512;
const NAME_MAX: usize = 253;
const LABEL_MAX: usize = 63;

/// Types of records.
const A: u16 = 1;
const AAAA: u16 = 28;
/// The class of the internet.
const IN: u16 = 1;

/// Codes of responses.
const NO_ERROR: u8 = 0;
const NO_SUCH_NAME: u8 = 3;

/// All addresses of a name, from the first server that tells.
pub(super) fn lookup(servers: &[SocketAddr], host: &str) -> Answer {
    let failed = |reason: String| DnsError::Failed { host: host.to_owned(), reason };
    let name = encode(host).ok_or_else(|| failed("this is no name".to_owned()))?;
    let mut reason = "no name server is given".to_owned();
    for server in servers.iter().cycle().take(servers.len() * ROUNDS) {
        match [A, AAAA].map(|kind| ask(*server, &name, kind)) {
            [Ok(Reply::Addresses(mut found)), Ok(Reply::Addresses(more))] => {
                found.extend(more);
                if found.is_empty() {
                    return Err(DnsError::NoSuchHost(host.to_owned()));
                }
                return Ok(found.into());
            }
            [Ok(Reply::NoSuchName), _] | [_, Ok(Reply::NoSuchName)] => {
                return Err(DnsError::NoSuchHost(host.to_owned()));
            }
            [Ok(Reply::Refused(code)), _] | [_, Ok(Reply::Refused(code))] => {
                reason = format!("the name server {server} answered with code {code}");
            }
            [Err(error), _] | [_, Err(error)] => {
                reason = format!("the name server {server} did not answer: {error}");
            }
        }
    }
    Err(failed(reason))
}

#[derive(Debug, PartialEq, Eq)]
enum Reply {
    /// Of the kind asked for; none when the name has others only.
    Addresses(Vec<IpAddr>),
    NoSuchName,
    Refused(u8),
}

fn ask(server: SocketAddr, name: &[u8], kind: u16) -> io::Result<Reply> {
    let local: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(local)?;
    // From here on the kernel drops what others send.
    socket.connect(server)?;
    let id = (Random::from_entropy().next_u64() & 0xffff) as u16;
    let question = question(id, name, kind);
    socket.send(&question)?;
    let deadline = Instant::now() + TIMEOUT;
    let mut datagram = [0; DATAGRAM_MAX];
    loop {
        let left = deadline.since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        socket.set_read_timeout(Some(left))?;
        let length = socket.recv(&mut datagram)?;
        // Whatever is no answer to this question is of no interest.
        if let Some(reply) = parse(datagram.get(..length).unwrap_or_default(), &question, kind) {
            return Ok(reply);
        }
    }
}

/// A name as its labels, each behind its length; `None` when it cannot be one.
fn encode(host: &str) -> Option<Vec<u8>> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let mut name = Vec::with_capacity(host.len() + 2);
    for label in host.split('.') {
        if label.is_empty() || label.len() > LABEL_MAX {
            return None;
        }
        name.push(u8::try_from(label.len()).ok()?);
        name.extend_from_slice(label.as_bytes());
    }
    name.push(0);
    (host.len() <= NAME_MAX).then_some(name)
}

/// With recursion desired.
fn question(id: u16, name: &[u8], kind: u16) -> Vec<u8> {
    let mut question = Vec::new();
    for number in [id, 0x0100, 1, 0, 0, 0] {
        question.extend_from_slice(&number.to_be_bytes());
    }
    question.extend_from_slice(name);
    question.extend_from_slice(&kind.to_be_bytes());
    question.extend_from_slice(&IN.to_be_bytes());
    question
}

/// `None` for what is no whole answer to `question`.
fn parse(datagram: &[u8], question: &[u8], kind: u16) -> Option<Reply> {
    const HEADER: usize = 12;
    let header = datagram.first_chunk::<HEADER>()?;
    let [_, _, flags, more, .., a0, a1, _, _, _, _] = *header;
    let is_answer = flags & 0x80 != 0 && datagram.get(..2) == question.get(..2);
    let asked = question.get(HEADER..)?;
    let echoed = datagram.get(HEADER..question.len())?;
    if !is_answer || !echoed.eq_ignore_ascii_case(asked) {
        return None;
    }
    match more & 0x0f {
        NO_ERROR => {}
        NO_SUCH_NAME => return Some(Reply::NoSuchName),
        code => return Some(Reply::Refused(code)),
    }
    let mut addresses = Vec::new();
    let mut rest = datagram.get(question.len()..)?;
    for _ in 0..u16::from_be_bytes([a0, a1]) {
        // The tail of an answer that was cut.
        let Some((found, behind)) = record(rest, kind) else { break };
        addresses.extend(found);
        rest = behind;
    }
    Some(Reply::Addresses(addresses))
}

/// The address in the first record, if it has one of that kind, and what follows it.
fn record(bytes: &[u8], kind: u16) -> Option<(Option<IpAddr>, &[u8])> {
    let rest = behind_name(bytes)?;
    let ([k0, k1, c0, c1, _, _, _, _, l0, l1], rest) = rest.split_first_chunk::<10>()?;
    let (data, behind) = rest.split_at_checked(usize::from(u16::from_be_bytes([*l0, *l1])))?;
    let is_asked_for = u16::from_be_bytes([*k0, *k1]) == kind && [*c0, *c1] == IN.to_be_bytes();
    let address = match kind {
        A => <[u8; 4]>::try_from(data).ok().map(IpAddr::from),
        _ => <[u8; 16]>::try_from(data).ok().map(IpAddr::from),
    };
    Some((address.filter(|_| is_asked_for), behind))
}

/// What follows a name, which ends with an empty label or points to where the rest of it is.
fn behind_name(mut bytes: &[u8]) -> Option<&[u8]> {
    loop {
        let (&length, rest) = bytes.split_first()?;
        match length {
            0 => return Some(rest),
            0xc0.. => return rest.get(1..),
            _ => bytes = rest.get(usize::from(length)..)?,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// A name server that answers each question by its last label and kind, `times` times.
    fn server(times: usize) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        thread::spawn(move || {
            for _ in 0..times {
                let mut datagram = [0; DATAGRAM_MAX];
                let (length, from) = socket.recv_from(&mut datagram).unwrap();
                let question = &datagram[..length];
                // Nobody asked for this one.
                socket.send_to(&[0; 40], from).unwrap();
                socket.send_to(&answer(question), from).unwrap();
            }
        });
        address
    }

    fn answer(question: &[u8]) -> Vec<u8> {
        let mut answer = question.to_vec();
        answer[2] |= 0x80;
        let is = |name: &str| question.windows(name.len()).any(|part| part == name.as_bytes());
        let kind = question[question.len() - 3];
        if is("none") {
            answer[3] |= NO_SUCH_NAME;
        } else if is("broken") {
            answer[3] |= 2;
        } else if kind == A as u8 && !is("empty") {
            answer[7] = 2;
            // An alias, then its address, both by a pointer to the question's name.
            answer.extend_from_slice(&[0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 3, 1, b'x', 0]);
            answer.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 127, 0, 0, 9]);
        } else if kind == AAAA as u8 && is("both") {
            answer[7] = 1;
            answer.extend_from_slice(&[0xc0, 12, 0, 28, 0, 1, 0, 0, 0, 9, 0, 16]);
            answer.extend_from_slice(&Ipv6Addr::LOCALHOST.octets());
        }
        answer
    }

    #[test]
    fn servers_are_asked() {
        let check = |host: &str, rounds: usize, expected: Result<&[&str], &str>| {
            let found = lookup(&[server(2 * rounds)], host);
            let found = found.map(|all| all.iter().map(IpAddr::to_string).collect::<Vec<_>>());
            match expected {
                Ok(expected) => assert_eq!(found.unwrap(), expected, "{host}"),
                Err(part) => {
                    let error = found.unwrap_err().to_string();
                    assert!(error.contains(part), "{error}");
                }
            }
        };
        check("one.test", 1, Ok(&["127.0.0.9"]));
        check("both.test.", 1, Ok(&["127.0.0.9", "::1"]));
        check("none.test", 1, Err("no such host"));
        check("empty.test", 1, Err("no such host"));
        check("broken.test", ROUNDS, Err("answered with code 2"));
        check("a..b", 0, Err("this is no name"));
    }

    #[test]
    fn a_server_that_is_not_there_is_passed_over() {
        let gone = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let found = lookup(&[gone, server(2)], "one.test").unwrap();
        assert_eq!(*found, ["127.0.0.9".parse::<IpAddr>().unwrap()]);
        let error = lookup(&[gone], "one.test").unwrap_err().to_string();
        assert!(error.contains("did not answer"), "{error}");
    }

    #[test]
    fn damaged_answers_do_no_harm() {
        let question = question(7, &encode("both.test").unwrap(), A);
        let whole = answer(&question);
        for length in 0..whole.len() {
            let cut = &whole[..length];
            for at in 0..length {
                let mut changed = cut.to_vec();
                changed[at] ^= 0xff;
                drop(parse(&changed, &question, A));
            }
            assert!(!matches!(parse(cut, &question, A), Some(Reply::NoSuchName)));
        }
        let address = "127.0.0.9".parse().unwrap();
        assert_eq!(parse(&whole, &question, A), Some(Reply::Addresses(vec![address])));
    }
}
