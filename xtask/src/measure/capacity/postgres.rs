//! PostgreSQL on a free loopback port, with a cluster of its own.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};

use crate::tools;

/// PostgreSQL refuses to run as root; Debian's `nobody` does instead.
const NOBODY: u32 = 65_534;

/// How often it is asked whether it listens, every 50 ms.
const ATTEMPTS: u32 = 200;

/// Ends with the value.
pub(super) struct Postgres {
    child: Child,
    folder: PathBuf,
    pub(super) port: u16,
}

impl Postgres {
    /// Makes a cluster, starts it and waits until it listens; whoever comes is let in.
    #[expect(clippy::disallowed_methods, reason = "xtask waits for a server to come up")]
    pub(super) fn start() -> Result<Postgres> {
        let postgres = tools::postgres()?;
        // Nobody must be able to reach it, so it is not below the source.
        let folder = std::env::temp_dir().join(format!("plimsoll-postgres-{}", std::process::id()));
        fs::create_dir(&folder)?;
        if nix::unistd::geteuid().is_root() {
            chown(&folder, Some(NOBODY), Some(NOBODY))?;
        }
        let mut initdb = program(&postgres.with_file_name("initdb"), &folder);
        initdb.args(["-D", "data", "-U", "captain", "--no-sync", "--auth", "trust"]);
        let output = initdb.output().context("start initdb")?;
        ensure!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = program(&postgres, &folder);
        command.args(["-D", "data", "-p", &port.to_string(), "-c", "fsync=off"]);
        command.args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]);
        let child = command.stderr(fs::File::create(folder.join("log"))?).spawn()?;
        let mut server = Postgres { child, folder, port };
        for _ in 0..ATTEMPTS {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(server);
            }
            if let Some(status) = server.child.try_wait()? {
                bail!("postgres ended with {status}");
            }
            thread::sleep(Duration::from_millis(50));
        }
        bail!("postgres does not listen on port {port}")
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn url(&self) -> String {
        format!("postgres://captain@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(self.child.id().cast_signed());
        if nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGQUIT).is_ok() {
            self.child.wait().ok();
        }
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("warning: {} is still there: {error}", self.folder.display());
        }
    }
}

/// One of PostgreSQL's programs, started in `folder` and not as root.
fn program(path: &Path, folder: &Path) -> Command {
    let mut command = Command::new(path);
    command.current_dir(folder).env("HOME", folder).env("LC_ALL", "C");
    command.stdin(Stdio::null()).stdout(Stdio::null());
    if nix::unistd::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}
