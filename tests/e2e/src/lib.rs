//! Harness of the end-to-end tests: the real binary, real k6, and servers on free loopback ports.

// A harness fails its test by panicking with a message.
#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "test harness")]
#![allow(clippy::disallowed_methods, reason = "waits for real processes")]

pub mod browser;
pub mod cgroup;
pub mod collector;
pub mod compare;
pub mod grafana;
pub mod http;
pub mod influxdb;
pub mod nginx;
pub mod ports;
pub mod postgres;
pub mod prometheus;
pub mod redis;
pub mod samples;
pub mod sink;
pub mod terminal;
pub mod untested;

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

/// No run of a test takes longer; one that hangs is killed and fails.
const RUN_LIMIT: Duration = Duration::from_secs(90);

/// The workspace's root.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("tests/e2e is two levels below the root").to_path_buf()
}

/// A file below `tests/e2e/scripts`.
pub fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(name)
}

/// A real server's binary: what `variable` says, or the first of `places` (below the root unless
/// absolute) that there is.
fn tool(variable: &str, places: &[&str]) -> PathBuf {
    let asked = std::env::var_os(variable).map(PathBuf::from);
    let usual = places.iter().map(|place| root().join(place));
    let found = asked.into_iter().chain(usual).find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!("{} is missing: set {variable}, or run `cargo xtask test`", places.join(" and "))
    })
}

/// Which program runs a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    Plimsoll,
    K6,
}

impl Tool {
    pub fn binary(self) -> PathBuf {
        let (variable, place, hint) = match self {
            Tool::Plimsoll => ("PLIMSOLL_BIN", "target/debug/plimsoll", "cargo build -p plimsoll"),
            Tool::K6 => ("PLIMSOLL_K6", "target/tools/k6/bin/k6", "cargo xtask tools"),
        };
        let path = std::env::var_os(variable).map_or_else(|| root().join(place), PathBuf::from);
        assert!(
            path.is_file(),
            "{} is missing: run `{hint}` or `cargo xtask test`",
            path.display()
        );
        path
    }
}

/// What a run left behind.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    /// Its working folder, with the files it wrote.
    pub folder: tempfile::TempDir,
}

impl Run {
    /// A JSON file it wrote into its folder.
    pub fn json(&self, name: &str) -> Value {
        let text = self.text(name);
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name} is not JSON: {e}\n{text}"))
    }

    /// A file it wrote into its folder.
    pub fn text(&self, name: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|e| {
            panic!("read {name}: {e}\nstdout:\n{}\nstderr:\n{}", self.stdout, self.stderr)
        })
    }

    /// Everything it said, for messages of failed assertions.
    pub fn said(&self) -> String {
        format!("exit code {:?}\nstdout:\n{}\nstderr:\n{}", self.code, self.stdout, self.stderr)
    }
}

/// A command in a folder of its own, with a clean environment of K6 and PLIMSOLL variables.
pub fn command(tool: Tool, folder: &Path) -> Command {
    let mut command = Command::new(tool.binary());
    command.current_dir(folder);
    if tool == Tool::K6 {
        // Its REST API cannot be switched off; two runs at a time must not want one port.
        command.args(["--address", "127.0.0.1:0"]);
    }
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("K6_")
            || name.starts_with("PLIMSOLL_")
            || name.to_lowercase().ends_with("_proxy")
        {
            command.env_remove(name);
        }
    }
    command
        .env("XDG_STATE_HOME", folder.join("state"))
        .env("XDG_CONFIG_HOME", folder.join("config"));
    command.env("XDG_CACHE_HOME", folder.join("cache")).env("K6_NO_USAGE_REPORT", "true");
    command.env("NO_COLOR", "1");
    command
}

/// Runs `run ARGUMENTS` to the end.
pub fn run(tool: Tool, arguments: &[&str]) -> Run {
    let folder = tempfile::tempdir().expect("make a folder");
    let mut command = command(tool, folder.path());
    command.arg("run").args(arguments);
    finish(command, folder, None)
}

/// Writes `source` to `script.js` in the run's folder and runs it.
pub fn run_source(tool: Tool, source: &str, arguments: &[&str]) -> Run {
    let folder = tempfile::tempdir().expect("make a folder");
    std::fs::write(folder.path().join("script.js"), source).expect("write the script");
    let mut command = command(tool, folder.path());
    command.arg("run").args(arguments).arg("script.js");
    finish(command, folder, None)
}

/// Runs any verb of plimsoll.
pub fn plimsoll(arguments: &[&str]) -> Run {
    let folder = tempfile::tempdir().expect("make a folder");
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(arguments);
    finish(command, folder, None)
}

/// Waits for a command with its output collected; `stdin` is written and closed.
pub fn finish(mut command: Command, folder: tempfile::TempDir, stdin: Option<&str>) -> Run {
    let out = folder.path().join(".stdout");
    let err = folder.path().join(".stderr");
    let file = |path: &Path| std::fs::File::create(path).expect("create an output file");
    command.stdout(file(&out)).stderr(file(&err)).stdin(Stdio::piped());
    let mut child = command.spawn().expect("start the program");
    let mut input = child.stdin.take().expect("stdin is piped");
    if let Some(text) = stdin {
        input.write_all(text.as_bytes()).expect("write to stdin");
    }
    drop(input);
    let code = wait(&mut child);
    let read = |path: &Path| {
        String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
    };
    Run { code, stdout: read(&out), stderr: read(&err), folder }
}

fn wait(child: &mut Child) -> Option<i32> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("wait for the program") {
            return status.code();
        }
        if started.elapsed() > RUN_LIMIT {
            child.kill().expect("kill a program that hangs");
            child.wait().expect("wait for the killed program");
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Sends a signal to a child.
pub fn signal(child: &Child, signal: nix::sys::signal::Signal) {
    let pid = nix::unistd::Pid::from_raw(child.id().cast_signed());
    nix::sys::signal::kill(pid, signal).expect("send a signal");
}

/// `plimsoll serve web` on a free port; ends with the value.
pub struct Web {
    child: Child,
    /// `http://127.0.0.1:PORT`, or `https://` with TLS
    pub url: String,
}

impl Web {
    pub fn start() -> Web {
        Web::start_with(&[])
    }

    pub fn start_with(arguments: &[&str]) -> Web {
        let mut command = Command::new(Tool::Plimsoll.binary());
        command.args(["serve", "web", "--seconds", "600"]).args(arguments);
        let mut child =
            command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().expect("start serve web");
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("read the ready line");
        let url = line.split_whitespace().find(|w| w.starts_with("http")).map(str::to_owned);
        Web { child, url: url.unwrap_or_else(|| panic!("no address in the ready line: {line:?}")) }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends the service a signal.
    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        self::signal(&self.child, signal);
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing is left running.
        let killed = self.child.kill();
        let waited = self.child.wait();
        assert!(killed.is_ok() || waited.is_ok(), "serve web could not be stopped");
    }
}
