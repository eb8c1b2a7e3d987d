//! A cache with a folder, started again and again.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use nix::sys::signal::Signal;
use plimsoll_e2e::{Tool, signal};
use tempfile::TempDir;

/// A reply that does not come by then fails the test.
const PATIENCE: Duration = Duration::from_secs(30);
pub(super) const FILE: &str = "items.plimsoll";

/// The folder of a cache that is started again and again.
pub(super) struct Home {
    folder: TempDir,
}

impl Home {
    pub(super) fn new() -> Home {
        Home { folder: tempfile::tempdir().unwrap() }
    }

    pub(super) fn file(&self) -> PathBuf {
        self.folder.path().join(FILE)
    }

    fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(Tool::Plimsoll.binary());
        self.arguments(&mut command, more);
        command
    }

    fn arguments(&self, command: &mut Command, more: &[&str]) {
        command.args(["serve", "cache", "--seconds", "120", "--threads", "2"]);
        command.args(["--dbfilename", FILE, "--dir"]).arg(self.folder.path()).args(more);
        command.stdin(Stdio::null());
    }

    pub(super) fn start(&self, more: &[&str]) -> Cache {
        Cache::start(self.command(more))
    }

    /// One that may write files of that many blocks of 512 bytes and no more, as on a full disk.
    pub(super) fn start_with_little_room(&self, blocks: u32, more: &[&str]) -> Cache {
        let mut command = Command::new("sh");
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        command.args(["-c", &script]).arg(Tool::Plimsoll.binary());
        self.arguments(&mut command, more);
        Cache::start(command)
    }

    /// One that does not start.
    pub(super) fn fail(&self, more: &[&str]) -> Output {
        self.command(more).output().unwrap()
    }

    pub(super) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// A cache at work, and a connection to it.
pub(super) struct Cache {
    child: Child,
    connection: Connection,
}

pub(super) struct Connection(BufReader<TcpStream>);

impl Cache {
    pub(super) fn start(mut command: Command) -> Cache {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().rsplit(':').next().and_then(|port| port.parse::<u16>().ok());
        let port = port.unwrap_or_else(|| panic!("no port in {line:?}"));
        Cache { child, connection: Connection::open(port) }
    }

    pub(super) fn connect_again(&self) -> Connection {
        Connection::open(self.connection.0.get_ref().peer_addr().unwrap().port())
    }

    pub(super) fn ask(&mut self, command: &str) -> String {
        self.connection.ask(command)
    }

    pub(super) fn send(&mut self, commands: &str) {
        self.connection.send(commands);
    }

    pub(super) fn reply(&mut self) -> String {
        self.connection.reply()
    }

    /// Sets this many keys to one value, in one pipeline.
    pub(super) fn fill(&mut self, count: usize, value: &str) {
        for numbers in (0..count).collect::<Vec<_>>().chunks(1_000) {
            let commands: String =
                numbers.iter().map(|number| format!("SET key:{number} {value}\r\n")).collect();
            self.send(&commands);
            numbers.iter().for_each(|_| assert_eq!(self.reply(), "+OK"));
        }
    }

    pub(super) fn info(&mut self, name: &str) -> String {
        let info = self.ask("INFO persistence");
        let line = info.lines().find_map(|line| line.strip_prefix(&format!("{name}:")));
        line.unwrap_or_else(|| panic!("no {name} in\n{info}")).to_owned()
    }

    pub(super) fn await_save(&mut self) {
        while self.info("rdb_bgsave_in_progress") != "0" {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it as a service manager does; the exit code.
    pub(super) fn end(&mut self) -> Option<i32> {
        signal(&self.child, Signal::SIGTERM);
        self.child.wait().unwrap().code()
    }

    /// Waits until it ends by itself.
    pub(super) fn ended(&mut self) -> Option<i32> {
        let mut rest = Vec::new();
        self.connection.0.read_to_end(&mut rest).unwrap();
        assert_eq!(String::from_utf8_lossy(&rest), "");
        self.child.wait().unwrap().code()
    }
}

impl Connection {
    fn open(port: u16) -> Connection {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Connection(BufReader::new(stream))
    }

    /// The reply's first line, or the text of a bulk string.
    pub(super) fn ask(&mut self, command: &str) -> String {
        self.send(&format!("{command}\r\n"));
        self.reply()
    }

    pub(super) fn send(&mut self, commands: &str) {
        self.0.get_mut().write_all(commands.as_bytes()).unwrap();
    }

    pub(super) fn reply(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        let line = line.trim_end();
        match line.strip_prefix('$').map(|length| length.parse::<usize>()) {
            Some(Ok(length)) => {
                let mut text = vec![0; length + 2];
                self.0.read_exact(&mut text).unwrap();
                text.truncate(length);
                String::from_utf8(text).unwrap()
            }
            _ => line.to_owned(),
        }
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing is left running.
        let killed = self.child.kill();
        let waited = self.child.wait();
        assert!(killed.is_ok() || waited.is_ok(), "serve cache could not be stopped");
    }
}
