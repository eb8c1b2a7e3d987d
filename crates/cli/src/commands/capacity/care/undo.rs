//! A change that is taken back whatever happens: at the end, on an error, on Ctrl-C, and by a process that
//! watches over it when this one is killed.

use std::{
    fs,
    io::Write,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
};

use plimsoll_monitor::cgroups::Quota;

use crate::commands::trials::{interrupt::Interrupt, shell};

/// Waits on its standard input: a line says that all is done, and the end of it that we are no more.
const GUARD: &str = "read -r _ && exit 0; ";

/// What puts a quota back, with its file and text in the environment.
const WRITE: &str = "printf %s \"$PLIMSOLL_TEXT\" > \"$PLIMSOLL_FILE\"";

/// How a change is taken back.
#[derive(Clone, Debug)]
pub(in crate::commands::capacity) enum Undo {
    /// By its text before.
    Quota(Quota),
    /// By a command of the person's.
    Command(String),
}

/// A change that was made, or is about to be.
pub(in crate::commands::capacity) struct Changed {
    undo: Undo,
    guard: Child,
    is_undone: bool,
}

impl Changed {
    /// To be called before the change is made.
    ///
    /// # Errors
    /// When there cannot be a guard: then nothing may be changed.
    pub(in crate::commands::capacity) fn guard(undo: Undo) -> Result<Changed, String> {
        let mut command = Command::new("sh");
        match &undo {
            Undo::Quota(quota) => {
                command.args(["-c", &format!("{GUARD}{WRITE}")]);
                command.env("PLIMSOLL_TEXT", &quota.text).env("PLIMSOLL_FILE", &quota.file);
            }
            Undo::Command(undo) => _ = command.args(["-c", &format!("{GUARD}{undo}")]),
        }
        // Ctrl-C and a closed terminal are for us.
        let started = command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let guard = started.map_err(|error| {
            format!(
                "nothing was changed, since no process could be started to watch over it: {error}"
            )
        })?;
        Ok(Changed { undo, guard, is_undone: false })
    }

    /// Takes it back, and looks that it is.
    ///
    /// # Errors
    /// With what the person has to do; the guard tries once more.
    pub(in crate::commands::capacity) fn take_back(mut self) -> Result<(), String> {
        self.undo()
    }

    fn undo(&mut self) -> Result<(), String> {
        self.is_undone = true;
        let undone = match &self.undo {
            Undo::Quota(quota) => write(quota, &quota.text).map_err(|error| {
                let (file, text) = (quota.file.display(), &quota.text);
                format!("the quota could not be put back: {error}; write {text:?} to {file}")
            }),
            // Whoever asked for the end did not ask to leave it as it is.
            Undo::Command(command) => shell::run(command, &[], &Interrupt::default())
                .map_err(|why| format!("--intervene-undo {command:?}: {why}; run it by hand")),
        };
        if let Some(mut told) = self.guard.stdin.take()
            && undone.is_ok()
        {
            // A guard that is gone has no more to do.
            told.write_all(b"done\n").ok();
        }
        drop(self.guard.wait());
        undone
    }
}

impl Drop for Changed {
    fn drop(&mut self) {
        if self.is_undone {
            return;
        }
        // On the way out of another error, which says nothing of this. With -q and without a log too: somebody's
        // service is not as it was. A standard error that is gone cannot be told about.
        if let Err(left) = self.undo() {
            writeln!(std::io::stderr(), "plimsoll: NOT TAKEN BACK: {left}").ok();
        }
    }
}

/// Writes a quota and reads it back.
///
/// # Errors
/// The kernel's, and when something else is there afterwards.
pub(in crate::commands::capacity) fn write(quota: &Quota, text: &str) -> Result<(), String> {
    fs::write(&quota.file, text).map_err(|error| error.to_string())?;
    let found = quota.read().map_err(|error| error.to_string())?;
    if found == text { Ok(()) } else { Err(format!("wrote {text:?}, read {found:?}")) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn until(path: &std::path::Path, expected: &str) {
        let patience = Interrupt::default();
        for _ in 0..500 {
            if fs::read_to_string(path).is_ok_and(|text| text.trim_end() == expected) {
                return;
            }
            patience.pause(Duration::from_millis(10));
        }
        panic!("{:?}, not {expected:?}", fs::read_to_string(path));
    }

    fn folder(name: &str) -> std::path::PathBuf {
        let folder =
            std::env::temp_dir().join(format!("plimsoll-undo-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn a_command_takes_back_once() {
        let folder = folder("command");
        let file = folder.join("log");
        let undo = Undo::Command(format!("echo back >> {}", file.display()));
        let changed = Changed::guard(undo.clone()).unwrap();
        changed.take_back().unwrap();
        until(&file, "back");
        // On an early end of the function that made the change.
        drop(Changed::guard(undo).unwrap());
        until(&file, "back\nback");
        let failing = Undo::Command("echo no >&2; exit 1".to_owned());
        let error = Changed::guard(failing).unwrap().take_back().unwrap_err();
        assert!(error.contains("exit code 1: no"), "{error}");
        fs::remove_dir_all(&folder).unwrap();
    }

    /// As when this process is killed: nobody says that it is done.
    #[test]
    fn the_guard_takes_back_when_its_input_ends() {
        let folder = folder("guard");
        let file = folder.join("log");
        let undo = Undo::Command(format!("echo back >> {}", file.display()));
        let mut changed = Changed::guard(undo).unwrap();
        drop(changed.guard.stdin.take());
        until(&file, "back");
        changed.is_undone = true;
        changed.guard.wait().unwrap();
        fs::remove_dir_all(&folder).unwrap();
    }
}
