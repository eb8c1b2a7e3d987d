//! The target of the measurements: nginx with one worker, on the core that generators do not use.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};

use super::process::{SERVER_CORE, pinned};
use crate::tools;

pub(super) struct Nginx {
    child: Child,
    pub(super) url: String,
}

impl Nginx {
    /// Starts it below `folder` on a free loopback port and waits until it answers.
    #[expect(clippy::disallowed_methods, reason = "xtask waits for a server to come up")]
    pub(super) fn start(folder: &Path) -> Result<Nginx> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let config = folder.join("nginx.conf");
        std::fs::write(&config, configuration(folder, port))?;
        let mut command = pinned(SERVER_CORE, &tools::nginx()?);
        command.arg("-p").arg(folder).arg("-c").arg(&config);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().context("start nginx")?;
        let mut server = Nginx { child, url: format!("http://127.0.0.1:{port}/") };
        for _ in 0..100 {
            if answers(port) {
                return Ok(server);
            }
            if let Some(status) = server.child.try_wait()? {
                bail!("nginx ended with {status}");
            }
            thread::sleep(Duration::from_millis(50));
        }
        bail!("nginx does not answer on port {port}")
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        stop(&mut self.child, "nginx");
    }
}

fn stop(child: &mut Child, name: &str) {
    let pid = nix::unistd::Pid::from_raw(child.id().cast_signed());
    // It may have ended by itself, which is what we want.
    let stopped = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
    if stopped.is_ok() && child.wait().is_err() {
        eprintln!("warning: {name} (pid {pid}) may still run");
    }
}

fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    let request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let mut answer = String::new();
    stream.write_all(request).is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

fn configuration(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    format!(
        "daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;\n\
         worker_rlimit_nofile 65536;\n\
         events {{ worker_connections 32768; }}\n\
         http {{ access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;\n\
         client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n\
         fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;\n\
         server {{ listen 127.0.0.1:{port} backlog=16384; client_max_body_size 0;\n\
         # Takes whatever outputs deliver.\n\
         location = /write {{ return 204; }}\n\
         location = /query {{ default_type application/json; return 200 '{{\"results\":[{{}}]}}'; }}\n\
         location = /api/v1/write {{ return 204; }}\n\
         location / {{ default_type text/plain; return 200 'all is well on board'; }} }} }}\n"
    )
}

/// `redis-server` without persistence, on the servers' core.
pub(super) struct Redis {
    child: Child,
    pub(super) port: u16,
}

impl Redis {
    pub(super) fn start(folder: &Path) -> Result<Redis> {
        Redis::start_with(folder, &[])
    }

    /// With settings as on its command line.
    pub(super) fn start_with(folder: &Path, settings: &[&str]) -> Result<Redis> {
        let port = free_port()?;
        let mut command = pinned(SERVER_CORE, &tools::redis_server()?);
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
        command.args(["--appendonly", "no", "--dir"]).arg(folder).args(settings);
        Ok(Redis { child: listening(command, port, "redis-server")?, port })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        stop(&mut self.child, "redis-server");
    }
}

/// `memcached` with one thread, on the servers' core.
pub(super) struct Memcached {
    child: Child,
    pub(super) port: u16,
}

impl Memcached {
    /// With settings as on its command line.
    pub(super) fn start(settings: &[&str]) -> Result<Memcached> {
        let port = free_port()?;
        let mut command = pinned(SERVER_CORE, &tools::memcached()?);
        command.args(["-l", "127.0.0.1", "-p", &port.to_string(), "-U", "0", "-t", "1"]);
        if nix::unistd::geteuid().is_root() {
            // It wants to be told.
            command.args(["-u", "root"]);
        }
        command.args(settings);
        Ok(Memcached { child: listening(command, port, "memcached")?, port })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Memcached {
    fn drop(&mut self) {
        stop(&mut self.child, "memcached");
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Starts what will listen on `port`, and waits until it does.
#[expect(clippy::disallowed_methods, reason = "xtask waits for a server to come up")]
fn listening(mut command: Command, port: u16, name: &str) -> Result<Child> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().with_context(|| format!("start {name}"))?;
    for _ in 0..100 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Ok(child);
        }
        if let Some(status) = child.try_wait()? {
            bail!("{name} ended with {status}");
        }
        thread::sleep(Duration::from_millis(50));
    }
    stop(&mut child, name);
    bail!("{name} does not answer on port {port}")
}

/// `plimsoll serve ...`; ends with the value.
pub(super) struct Served {
    child: Child,
    pub(super) port: u16,
}

impl Served {
    /// Starts what says on its first line where it listens.
    pub(super) fn start(mut command: Command) -> Result<Served> {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().context("start the service")?;
        let stdout = child.stdout.take().context("the service has no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        match line.trim().rsplit(':').next().and_then(|port| port.parse().ok()) {
            Some(port) => Ok(Served { child, port }),
            None => {
                stop(&mut child, "the service");
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

impl Drop for Served {
    fn drop(&mut self) {
        stop(&mut self.child, "the service");
    }
}

/// Services that do nothing but be there, on the servers' core.
pub(super) struct Webs(Vec<Served>);

impl Webs {
    pub(super) fn start(plimsoll: &Path, count: usize) -> Result<Webs> {
        let web = || {
            let mut command = pinned(SERVER_CORE, plimsoll);
            command.args(["serve", "web", "--seconds", "3600"]);
            Served::start(command)
        };
        (0..count).map(|_| web()).collect::<Result<_>>().map(Webs)
    }

    pub(super) fn pids(&self) -> impl Iterator<Item = u32> {
        self.0.iter().map(Served::pid)
    }
}

/// A folder of this measurement's own, emptied first.
pub(super) fn scratch(name: &str) -> Result<PathBuf> {
    let folder = crate::command::root().join("target/measure").join(name);
    if folder.is_dir() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Our own binary, built as a user would build it, or the one that `PLIMSOLL` names.
pub(super) fn plimsoll() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("PLIMSOLL") {
        return Ok(path.into());
    }
    crate::command::run(crate::command::cargo().args([
        "build",
        "--release",
        "--package",
        "plimsoll",
    ]))?;
    Ok(crate::command::root().join("target/release/plimsoll"))
}

/// The version line of a peer, for the head of a table.
pub(super) fn version(program: &Path, argument: &str) -> String {
    let output = Command::new(program).arg(argument).output();
    let text = output.map(|o| [o.stdout, o.stderr].concat()).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().next().unwrap_or("?").trim().to_owned()
}
