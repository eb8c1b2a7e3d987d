//! Nodes of the service, started by a command of the person's and ended with its process group.

use std::{
    fs::File,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use plimsoll_runtime::clock::Instant;

use crate::{
    commands::trials::shell,
    exit::{Exit, Failure},
};

/// Nodes that are asked to end have this long; then they are killed.
const END_MAX: Duration = Duration::from_secs(10);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// What stands for the number in the command, either way.
const NUMBER: [&str; 2] = ["{n}", "{N}"];

/// Running nodes; dropped, they end.
pub(super) struct Nodes {
    child: Child,
    said: File,
    command: String,
    has_ended: bool,
}

/// Whether the command says how many nodes.
pub(super) fn check(command: &str) -> Result<(), Failure> {
    if NUMBER.iter().any(|number| command.contains(number)) {
        return Ok(());
    }
    let [number, _] = NUMBER;
    let message =
        format!("--start-nodes {command:?}: without {number} it starts the same each time");
    Err(Failure::new(Exit::BadConfiguration, message)
        .with_hint("write --start-nodes './cluster.sh {n}'"))
}

impl Nodes {
    /// In a process group of its own: Ctrl-C on a terminal does not reach it.
    pub(super) fn start(command: &str, number: u64) -> Result<Nodes, Failure> {
        let command = NUMBER
            .iter()
            .fold(command.to_owned(), |command, name| command.replace(name, &number.to_string()));
        let failed =
            |error: std::io::Error| failure(&command, &format!("cannot be started: {error}"));
        let said = shell::scratch().map_err(failed)?;
        let child = Command::new("sh")
            .args(["-c", &command])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said.try_clone().map_err(failed)?)
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        Ok(Nodes { child, said, command, has_ended: false })
    }

    /// An error when the command has failed. One that ended well may have left nodes in its group.
    pub(super) fn check(&mut self) -> Result<(), Failure> {
        match self.child.try_wait() {
            Ok(Some(status)) if !status.success() => {
                self.has_ended = true;
                let why = format!("{}{}", shell::how(status), shell::tail(&mut self.said));
                Err(failure(&self.command, &why))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn not_ready(&mut self, subject: &str, within: Duration) -> Failure {
        let seconds = within.as_secs();
        let said = shell::tail(&mut self.said);
        failure(&self.command, &format!("{subject} did not answer within {seconds} s of it{said}"))
            .with_hint(
                "--ready-within gives it longer; does the command stay, or leave nodes running?",
            )
    }

    /// Asks all of the group to end, and waits; who does not is killed.
    fn end(&mut self) {
        let Ok(group) = i32::try_from(self.child.id()).map(Pid::from_raw) else { return };
        let began = Instant::now();
        // A group that has ended already takes no signal.
        let mut is_there = killpg(group, Signal::SIGTERM).is_ok();
        while is_there && began.elapsed() < END_MAX {
            // Whoever has ended stays in its group until it was waited for.
            self.has_ended |= matches!(self.child.try_wait(), Ok(Some(_)));
            is_there = killpg(group, None).is_ok();
            if is_there {
                std::thread::park_timeout(LOOK);
            }
        }
        if is_there {
            killpg(group, Signal::SIGKILL).ok();
        }
        if !self.has_ended {
            drop(self.child.wait());
        }
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        self.end();
    }
}

fn failure(command: &str, why: &str) -> Failure {
    Failure::new(Exit::Other, format!("--start-nodes {command:?}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_the_group_ends() {
        let mut nodes = Nodes::start("sleep 60 & sleep 60 & wait # {n}", 2).unwrap();
        nodes.check().unwrap();
        let group = Pid::from_raw(i32::try_from(nodes.child.id()).unwrap());
        assert!(killpg(group, None).is_ok());
        drop(nodes);
        assert!(killpg(group, None).is_err(), "nobody is left");
    }

    #[test]
    fn a_command_that_fails_is_named() {
        let mut nodes = Nodes::start("echo no {n} >&2; exit 3", 4).unwrap();
        let failed = (0..500).find_map(|_| {
            std::thread::park_timeout(LOOK);
            nodes.check().err()
        });
        let message = failed.unwrap().message;
        assert!(message.contains("exit 3") && message.contains("no 4"), "{message}");
        assert!(check("true").is_err() && check("run {n}").is_ok() && check("run {N}").is_ok());
    }
}
