//! How a cluster says that a key lives elsewhere.

use super::slot::SLOTS;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectKind {
    /// The slot belongs to that node from now on.
    Moved,
    /// This one command belongs to that node, behind `ASKING`: the slot is on its way there.
    Ask,
}

/// `MOVED 3999 127.0.0.1:6381` or `ASK ..`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redirect<'a> {
    pub kind: RedirectKind,
    pub slot: u16,
    /// Empty: the host of the node that says so.
    pub host: &'a str,
    pub port: u16,
}

impl<'a> Redirect<'a> {
    /// Reads the message of an error; `None` when it is another one.
    pub fn parse(message: &'a [u8]) -> Option<Redirect<'a>> {
        let (kind, rest) = match message {
            [b'M', b'O', b'V', b'E', b'D', b' ', rest @ ..] => (RedirectKind::Moved, rest),
            [b'A', b'S', b'K', b' ', rest @ ..] => (RedirectKind::Ask, rest),
            _ => return None,
        };
        let (slot, address) = std::str::from_utf8(rest).ok()?.split_once(' ')?;
        let slot = slot.parse().ok().filter(|slot| *slot < SLOTS)?;
        // An IPv6 address has colons of its own. Newer servers add ` hostname` and the like.
        let address = address.split([' ', ',']).next().unwrap_or_default();
        let (host, port) = address.rsplit_once(':')?;
        let port = port.parse().ok()?;
        // A server that does not know its own name says `?`.
        let host = if host == "?" { "" } else { host };
        Some(Redirect { kind, slot, host, port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects() {
        let parse = |text: &'static str| {
            let redirect = Redirect::parse(text.as_bytes())?;
            Some((redirect.kind, redirect.slot, redirect.host, redirect.port))
        };
        let (moved, ask) = (RedirectKind::Moved, RedirectKind::Ask);
        assert_eq!(parse("MOVED 3999 127.0.0.1:6381"), Some((moved, 3999, "127.0.0.1", 6381)));
        assert_eq!(parse("ASK 0 ::1:6381"), Some((ask, 0, "::1", 6381)));
        assert_eq!(parse("MOVED 1 :7000"), Some((moved, 1, "", 7000)));
        assert_eq!(parse("MOVED 1 ?:7000"), Some((moved, 1, "", 7000)));
        for text in ["MOVED 16384 h:1", "MOVED 1 h", "MOVED", "ASKING 1 h:1", "MOVED 1 h:99999"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
