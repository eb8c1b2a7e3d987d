//! `plimsoll serve` as a child that ends with us, however we end.

use std::{
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    process::{Child, Command, ExitStatus, Stdio},
};

use crate::exit::{Exit, Failure};

pub(crate) struct Service {
    child: Child,
    pub(crate) url: String,
}

impl Service {
    /// `system`: which one, with its flags. Waits for its ready line.
    pub(crate) fn start(system: &[&str]) -> Result<Service, Failure> {
        let failed =
            |error| Failure::new(Exit::Other, format!("start the sample service: {error}"));
        let program = std::env::current_exe().map_err(failed)?;
        let mut child = Command::new(program)
            // The child sees its standard input close when we are gone, killed or not.
            .args(["serve", "--until-stdin-closes", "--seconds", "3600"])
            .args(system)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C on a terminal is for us; the service stays until the load has ended.
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).map_err(failed)?;
        }
        match line.split_whitespace().find(|word| word.starts_with("http://")) {
            Some(url) => Ok(Service { url: url.to_owned(), child }),
            None => {
                Err(Failure::new(Exit::Other, "the sample service did not say where it listens"))
            }
        }
    }

    /// How it ended, when it is no longer there.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // Its work is done, and a child that is stuck must not hold us up. When it is gone already
        // there is nothing left to do.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
