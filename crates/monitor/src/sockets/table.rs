//! Listening sockets in the texts of `/proc/net/tcp` and `tcp6`.

use super::{LISTEN, Listener};

/// Who listens. The text has no limit of their queues.
pub(super) fn listeners(text: &str) -> impl Iterator<Item = Listener> {
    text.lines().filter_map(parse)
}

/// A line of a listening socket.
fn parse(line: &str) -> Option<Listener> {
    let mut fields = line.split_ascii_whitespace();
    let local = fields.nth(1)?;
    let state = u8::from_str_radix(fields.nth(1)?, 16).ok()?;
    if state != LISTEN {
        return None;
    }
    let (_, queue) = fields.next()?.split_once(':')?;
    Some(Listener {
        port: u16::from_str_radix(local.rsplit_once(':')?.1, 16).ok()?,
        queue: u32::from_str_radix(queue, 16).ok()?,
        queue_limit: None,
        inode: fields.nth(4)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn recorded_texts() {
        let text = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  \
            timeout inode\n   0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000  \
            1000        0 4242 1 00000000aa7e5b1c 100 0 0 10 0\n   1: 0100007F:1F90 0100007F:C350 01 \
            00000000:00000000 02:00000A6B 00000000  1000        0 4250 2 0000000049d6b1c5 20 4 30 10 -1\n";
        let expected = Listener { port: 8080, inode: 4242, queue: 3, queue_limit: None };
        assert_eq!(listeners(text).collect::<Vec<_>>(), [expected]);
        let text = "   0: 00000000000000000000000001000000:0016 00000000000000000000000000000000:0000 0A \
            00000000:00000000 00:00000000 00000000     0        0 77 1 0000000000000000 100 0 0 10 0\n";
        let found: Vec<_> = listeners(text).map(|found| (found.port, found.inode)).collect();
        assert_eq!(found, [(22, 77)]);
        assert_eq!(listeners("cut\n 0: 0:16 0:0 0A\n").count(), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_text_panics(text in "([0-9]: |[0-9A-F]{1,9}:[0-9A-F]{1,5} |0A |[0-9]{1,22} |\\n){0,40}") {
            prop_assert!(listeners(&text).count() <= text.lines().count());
        }
    }
}
