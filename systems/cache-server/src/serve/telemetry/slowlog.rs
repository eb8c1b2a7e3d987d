//! Commands that took long, for SLOWLOG: the newest ones, shortened.

use std::collections::VecDeque;

use plimsoll_wire::resp::Command;

use crate::store::Millis;

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
        command: Command<'_>,
        micros: u64,
        when: Millis,
        (peer, name): (String, String),
        length_max: usize,
    ) {
        let arguments = shortened(command);
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

fn shortened(command: Command<'_>) -> Vec<Vec<u8>> {
    let shown = if command.len() > ARGUMENTS_MAX { ARGUMENTS_MAX - 1 } else { command.len() };
    let mut arguments: Vec<Vec<u8>> = command
        .iter()
        .take(shown)
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

    fn add(log: &mut SlowLog, arguments: &[Vec<u8>]) {
        let mut bytes = Vec::new();
        resp::write_command(&mut bytes, arguments);
        let mut decoder = CommandDecoder::default();
        let command = decoder.decode(&bytes).unwrap().1.unwrap();
        log.add(command, 7, Millis(1), (String::new(), String::new()), 2);
    }

    #[test]
    fn the_newest_are_kept_and_are_short() {
        let mut log = SlowLog::default();
        add(&mut log, &[b"first".to_vec()]);
        add(&mut log, &vec![b"x".to_vec(); 40]);
        add(&mut log, &[b"set".to_vec(), vec![b'v'; 200]]);
        let entries: Vec<&Slow> = log.entries().collect();
        assert_eq!((entries.len(), entries[0].id, entries[1].id), (2, 2, 1));
        assert!(entries[0].arguments[1].ends_with(b"v... (72 more bytes)"));
        assert_eq!(entries[1].arguments.len(), 32);
        assert_eq!(entries[1].arguments[31], b"... (9 more arguments)");
        log.clear();
        assert_eq!(log.len(), 0);
    }
}
