//! Commands that took long, for SLOWLOG: the newest ones, shortened.

use std::collections::VecDeque;

use plimsoll_wire::resp::Command;

use super::REDACTED;
use crate::{commands::Spec, store::Millis};

/// Most arguments of an entry: Redis's own.
const ARGUMENTS_MAX: usize = 32;
/// Longest argument of an entry, in bytes: Redis's own.
const ARGUMENT_MAX: usize = 128;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slow {
    pub(crate) id: u64,
    pub(crate) when: Millis,
    pub(crate) micros: u64,
    pub(crate) arguments: Vec<Vec<u8>>,
    pub(crate) peer: String,
    pub(crate) name: String,
}

/// Newest first.
#[derive(Debug, Default)]
pub(crate) struct SlowLog {
    entries: VecDeque<Slow>,
    next_id: u64,
}

impl SlowLog {
    pub(crate) fn add(
        &mut self,
        spec: &Spec,
        command: Command<'_>,
        micros: u64,
        when: Millis,
        (peer, name): (String, String),
        length_max: usize,
    ) {
        let arguments = shortened(spec, command);
        self.entries.push_front(Slow { id: self.next_id, when, micros, arguments, peer, name });
        self.next_id += 1;
        self.entries.truncate(length_max);
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Slow> {
        self.entries.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }
}

fn shortened(spec: &Spec, command: Command<'_>) -> Vec<Vec<u8>> {
    let shown = if command.len() > ARGUMENTS_MAX { ARGUMENTS_MAX - 1 } else { command.len() };
    let mut arguments: Vec<Vec<u8>> = spec
        .shown(command)
        .take(shown)
        .map(|argument| argument.unwrap_or(REDACTED))
        .map(|argument| match argument.get(ARGUMENT_MAX..) {
            None | Some([]) => argument.to_vec(),
            Some(rest) => {
                let mut short = argument.get(..ARGUMENT_MAX).unwrap_or_default().to_vec();
                short.extend_from_slice(format!("... ({} more bytes)", rest.len()).as_bytes());
                short
            }
        })
        .collect();
    if command.len() > shown {
        arguments.push(format!("... ({} more arguments)", command.len() - shown).into_bytes());
    }
    arguments
}

#[cfg(test)]
mod tests {
    use plimsoll_wire::resp::{self, CommandDecoder};

    use super::*;
    use crate::commands;

    fn add(log: &mut SlowLog, arguments: &[Vec<u8>]) {
        let mut bytes = Vec::new();
        resp::write_command(&mut bytes, arguments);
        let mut decoder = CommandDecoder::default();
        let command = decoder.decode(&bytes).unwrap().1.unwrap();
        let spec = commands::resolve(command).unwrap();
        log.add(spec, command, 7, Millis(1), (String::new(), String::new()), 2);
    }

    #[test]
    fn the_newest_are_kept_and_are_short() {
        let mut log = SlowLog::default();
        add(&mut log, &[b"ping".to_vec()]);
        add(&mut log, &vec![b"del".to_vec(); 40]);
        add(&mut log, &[b"get".to_vec(), vec![b'v'; 200]]);
        let entries: Vec<&Slow> = log.entries().collect();
        assert_eq!((entries.len(), entries[0].id, entries[1].id), (2, 2, 1));
        assert!(entries[0].arguments[1].ends_with(b"v... (72 more bytes)"));
        assert_eq!(entries[1].arguments.len(), 32);
        assert_eq!(entries[1].arguments[31], b"... (9 more arguments)");
        log.clear();
        assert_eq!(log.len(), 0);
    }

    #[test]
    fn passwords_are_not_kept() {
        for (words, expected) in [
            ("AUTH ann pw", "AUTH (redacted) (redacted)"),
            ("HELLO 3 AUTH ann pw SETNAME a", "HELLO 3 AUTH (redacted) (redacted) SETNAME a"),
            (
                "CONFIG SET hz 20 RequirePass pw timeout 1",
                "CONFIG SET hz 20 RequirePass (redacted) timeout 1",
            ),
            ("CONFIG SET origin-header x", "CONFIG SET origin-header (redacted)"),
            (
                "ACL SETUSER ann on >pw +@all",
                "ACL SETUSER (redacted) (redacted) (redacted) (redacted)",
            ),
            ("SET auth pw", "SET auth pw"),
        ] {
            let mut log = SlowLog::default();
            let words: Vec<Vec<u8>> =
                words.split(' ').map(|word| word.as_bytes().to_vec()).collect();
            add(&mut log, &words);
            let kept = log.entries().next().unwrap().arguments.join(&b' ');
            assert_eq!(String::from_utf8_lossy(&kept), expected);
        }
    }
}
