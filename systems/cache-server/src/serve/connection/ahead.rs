//! Looking ahead: commands of a pipeline are decoded some at a time, and the memory that they will read is
//! asked for before the first of them runs.
//!
//! Worth it where the store is larger than the caches of a core: elsewhere commands are decoded one by one.

use std::ops::Range;

use plimsoll_wire::resp::{Command, CommandDecoder};

use crate::commands::{self, Batch, KeyRule};

/// Commands that are decoded before the first of them runs: as many loads as a core has under way at once.
const COMMANDS: usize = 16;
/// Arguments that a command may have to be among them.
const ARGUMENTS_MAX: usize = 8;

/// Commands that are decoded and have not run.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    /// Places in the data, those of all commands in a row.
    arguments: Vec<Range<usize>>,
    /// Each with the end of its arguments in `arguments`, and its length.
    commands: Vec<(usize, usize)>,
    /// Of `commands`.
    next: usize,
}

impl Ahead {
    /// Whether there is a command that has not been taken.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.next == self.commands.len()
    }

    pub(super) fn clear(&mut self) {
        self.arguments.clear();
        self.commands.clear();
        self.next = 0;
    }

    /// The next command of `data`, and how many bytes it has.
    pub(super) fn take<'d>(&'d mut self, data: &'d [u8]) -> Option<(usize, Command<'d>)> {
        let (end, length) = *self.commands.get(self.next)?;
        let before = self.next.checked_sub(1).and_then(|before| self.commands.get(before));
        let start = before.map_or(0, |(end, _)| *end);
        self.next += 1;
        Some((length, Command::kept(data, self.arguments.get(start..end)?)))
    }

    /// Decodes whole commands of `data` from `from` on, and has what they need loaded. The decoder is
    /// left as if it had seen none of them.
    pub(super) fn look(
        &mut self,
        data: &[u8],
        from: usize,
        decoder: &mut CommandDecoder,
        batch: &mut Batch<'_>,
    ) {
        self.clear();
        let mut at = from;
        while self.commands.len() < COMMANDS {
            let rest = data.get(at..).unwrap_or_default();
            let Ok((taken, Some(command))) = decoder.decode(rest) else { break };
            if command.len() > ARGUMENTS_MAX || !command.keep_places(data, &mut self.arguments) {
                break;
            }
            self.commands.push((self.arguments.len(), taken));
            at += taken;
        }
        decoder.forget();
        if self.commands.len() > 1 {
            self.load(data, batch);
        }
    }

    fn load(&self, data: &[u8], batch: &mut Batch<'_>) {
        let store = batch.held.store();
        let mut keys = Vec::with_capacity(self.commands.len());
        let mut start = 0;
        for (end, _) in &self.commands {
            let arguments = self.arguments.get(start..*end).unwrap_or_default();
            start = *end;
            let command = Command::kept(data, arguments);
            let spec = command.get(0).and_then(commands::find);
            // The first key is the only one of most.
            let place = match spec.map(|spec| spec.keys) {
                Some(KeyRule::Range { first, .. }) => usize::from(first),
                _ => continue,
            };
            let key = command.get(place).map(|bytes| store.key(bytes));
            keys.extend(key.map(|key| (store.shard_of(key.slot()), key.hash())));
        }
        batch.prefetch(&mut keys);
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_runtime::random::Random;

    use super::*;
    use crate::{
        commands::{Changes, Keyspace},
        store::{Config, Millis, Policy, Store},
    };

    fn words(command: Command<'_>) -> Vec<Vec<u8>> {
        command.iter().map(<[u8]>::to_vec).collect()
    }

    /// What is taken from the data, and how many bytes of it are done with: looking ahead at each
    /// `stride`-th command, or never.
    fn read(data: &[u8], stride: usize) -> (Vec<Vec<Vec<u8>>>, usize) {
        let policy = Policy::NO_EVICTION;
        let store = Store::new(&Config { shards: 4, max_bytes: 0, policy, seed: 1 });
        let keyspace = Keyspace::new(store);
        let (mut random, mut changes) = (Random::seeded(1), Changes::default());
        let mut batch = Batch::new(&keyspace, Millis(1), &mut random, &mut changes);
        let (mut decoder, mut ahead) = (CommandDecoder::default(), Ahead::default());
        let (mut all, mut done) = (Vec::new(), 0);
        loop {
            if stride > 0 && all.len() % stride == 0 && ahead.is_empty() {
                ahead.look(data, done, &mut decoder, &mut batch);
            }
            let next = match ahead.take(data) {
                Some((taken, command)) => Ok((taken, Some(command))),
                None => decoder.decode(&data[done..]),
            };
            match next.unwrap() {
                (taken, None) => return (all, done + taken),
                (taken, Some(command)) => {
                    all.push(words(command));
                    done += taken;
                }
            }
        }
    }

    #[test]
    fn commands_are_the_same_as_one_by_one() {
        let mut data = Vec::new();
        for index in 0..100 {
            let key = format!("key{index}");
            match index % 7 {
                0 => data.extend_from_slice(format!("GET {key}\r\n").as_bytes()),
                1 => data.extend_from_slice(b"\r\n*0\r\n"),
                2 => plimsoll_wire::resp::write_command(&mut data, vec!["MGET"; 20]),
                3 => plimsoll_wire::resp::write_command(&mut data, ["NOSUCH", &key]),
                _ => plimsoll_wire::resp::write_command(&mut data, ["SET", &key, "value"]),
            }
        }
        for cut in [0, 1, 10, 40] {
            let data = &data[..data.len() - cut];
            let expected = read(data, 0);
            assert!(expected.0.len() > 80);
            for stride in [1, 2, 17] {
                assert_eq!(read(data, stride), expected, "{cut} {stride}");
            }
        }
    }
}
