//! Commands of the person's own, run by the shell: bounded in time, and with what they said on standard
//! error when they fail.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Seek, SeekFrom},
    os::unix::process::{CommandExt, ExitStatusExt},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use plimsoll_runtime::clock::Instant;

use super::interrupt::Interrupt;

/// A command that takes longer is stuck.
pub(in crate::commands) const TIME_MAX: Duration = Duration::from_secs(60);

/// Between two looks whether it has ended.
const LOOK: Duration = Duration::from_millis(10);

/// Of standard error, the end that is kept.
const TAIL_BYTES: u64 = 4096;
const TAIL_LINES: usize = 5;

/// Runs `command` with `sh -c` in a process group of its own, so that Ctrl-C on a terminal does not reach
/// it: a restart that is cut off half-way leaves a service that is down. It ends it only when asked for
/// twice. What the command leaves running has a file as its standard error, never a pipe that breaks.
///
/// # Errors
/// In words: when it could not be started, took more than [`TIME_MAX`], was ended, or failed, then with
/// the last lines of its standard error.
pub(in crate::commands) fn run(
    command: &str,
    variables: &[(&str, String)],
    interrupt: &Interrupt,
) -> Result<(), String> {
    let not_started = |error: std::io::Error| format!("it could not be started: {error}");
    let mut said = scratch().map_err(not_started)?;
    let mut child = Command::new("sh")
        .args(["-c", command])
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(said.try_clone().map_err(not_started)?)
        .process_group(0)
        .spawn()
        .map_err(not_started)?;
    let status = wait(&mut child, interrupt);
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("it {}{}", how(status), tail(&mut said))),
        Err(why) => Err(format!("{why}{}", tail(&mut said))),
    }
}

fn wait(child: &mut Child, interrupt: &Interrupt) -> Result<ExitStatus, String> {
    let began = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) => {}
            Err(error) => return Err(format!("its end could not be waited for: {error}")),
        }
        let why = if interrupt.signals() > 1 {
            "it was ended by the second Ctrl-C".to_owned()
        } else if began.elapsed() > TIME_MAX {
            format!("it took more than {} s", TIME_MAX.as_secs())
        } else {
            interrupt.pause(LOOK);
            continue;
        };
        end(child);
        return Err(why);
    }
}

/// With all that it has started in its group.
fn end(child: &mut Child) {
    if let Ok(group) = i32::try_from(child.id()) {
        // It may have ended just now.
        killpg(Pid::from_raw(group), Signal::SIGKILL).ok();
    }
    drop(child.wait());
}

pub(in crate::commands) fn how(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

/// A file without a name: nobody else can open it, and nothing is left of it.
pub(in crate::commands) fn scratch() -> std::io::Result<File> {
    let folder = std::env::temp_dir();
    let mut options = OpenOptions::new();
    options.read(true).append(true).create_new(true);
    let mut number = Instant::now().unix_nanos();
    loop {
        let path = folder.join(format!("plimsoll-{}-{number}", std::process::id()));
        match options.open(&path) {
            Ok(file) => {
                std::fs::remove_file(&path)?;
                return Ok(file);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(error),
        }
    }
}

/// `: last line / and the one before`, or nothing.
pub(in crate::commands) fn tail(said: &mut File) -> String {
    let length = said.metadata().map_or(0, |metadata| metadata.len());
    let mut bytes = Vec::new();
    let read = said
        .seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))
        .and_then(|_| said.take(TAIL_BYTES).read_to_end(&mut bytes));
    if read.is_err() {
        return String::new();
    }
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> =
        text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let last = lines.get(lines.len().saturating_sub(TAIL_LINES)..).unwrap_or_default();
    if last.is_empty() { String::new() } else { format!(": {}", last.join(" / ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(command: &str, expected: Result<(), &str>) {
        let variables = [("PLIMSOLL_FACTOR", "1.25".to_owned())];
        let ran = run(command, &variables, &Interrupt::default());
        assert_eq!(ran.as_ref().map_err(String::as_str), expected.as_ref().map_err(|text| *text));
    }

    #[test]
    fn commands_tell_why_they_failed() {
        check("true", Ok(()));
        check("test \"$PLIMSOLL_FACTOR\" = 1.25", Ok(()));
        check("exit 3", Err("it ended with exit code 3"));
        check("echo on stdout; echo no >&2; exit 1", Err("it ended with exit code 1: no"));
        check("seq 1 9 >&2; exit 1", Err("it ended with exit code 1: 5 / 6 / 7 / 8 / 9"));
        check("kill -9 $$", Err("it was ended by signal 9"));
    }

    /// A service that a command starts goes on, and holds nobody up.
    #[test]
    fn what_a_command_leaves_running_is_not_waited_for() {
        check("sleep 2 & exit 0", Ok(()));
        check(
            "(sleep 2; echo late >&2) & echo now >&2; exit 1",
            Err("it ended with exit code 1: now"),
        );
    }
}
