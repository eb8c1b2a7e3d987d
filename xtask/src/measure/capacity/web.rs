//! `plimsoll serve web`, as a user starts it.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, bail};

/// For how long a service lives when nobody ends it.
const SERVICE_SECONDS: &str = "600";

/// `serve web`; ends with the value.
pub(super) struct Web {
    child: Child,
    pub(super) port: u16,
}

impl Web {
    pub(super) fn start(binary: &Path, arguments: &[&str]) -> Result<Web> {
        let mut command = Command::new(binary);
        command.args(["serve", "web", "--port", "0", "--seconds", SERVICE_SECONDS]).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().context("start the service")?;
        let stdout = child.stdout.take().context("the service has no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let port = line.trim().rsplit(':').next().and_then(|port| port.parse().ok());
        match port {
            Some(port) => Ok(Web { child, port }),
            None => {
                child.wait()?;
                bail!("the service did not start (see above)")
            }
        }
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn url(&self, page: &str) -> String {
        format!("http://127.0.0.1:{}{page}", self.port)
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(self.child.id().cast_signed());
        // It removes its cgroup then.
        if nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).is_ok() {
            self.child.wait().ok();
        }
    }
}
