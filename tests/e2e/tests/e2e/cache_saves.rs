//! `plimsoll serve cache` over restarts: what was saved is there again, whatever happened meanwhile.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use nix::sys::signal::Signal;
use plimsoll_e2e::{Tool, signal};
use tempfile::TempDir;

/// A reply that does not come by then fails the test.
const PATIENCE: Duration = Duration::from_secs(30);
const FILE: &str = "items.plimsoll";

/// The folder of a cache that is started again and again.
struct Home {
    folder: TempDir,
}

impl Home {
    fn new() -> Home {
        Home { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self) -> PathBuf {
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

    fn start(&self, more: &[&str]) -> Cache {
        Cache::start(self.command(more))
    }

    /// One that may write files of that many blocks of 512 bytes and no more, as on a full disk.
    fn start_with_little_room(&self, blocks: u32, more: &[&str]) -> Cache {
        let mut command = Command::new("sh");
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        command.args(["-c", &script]).arg(Tool::Plimsoll.binary());
        self.arguments(&mut command, more);
        Cache::start(command)
    }

    /// One that does not start.
    fn fail(&self, more: &[&str]) -> Output {
        self.command(more).output().unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// A cache at work, and a connection to it.
struct Cache {
    child: Child,
    connection: Connection,
}

struct Connection(BufReader<TcpStream>);

impl Cache {
    fn start(mut command: Command) -> Cache {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().rsplit(':').next().and_then(|port| port.parse::<u16>().ok());
        let port = port.unwrap_or_else(|| panic!("no port in {line:?}"));
        Cache { child, connection: Connection::open(port) }
    }

    fn connect_again(&self) -> Connection {
        Connection::open(self.connection.0.get_ref().peer_addr().unwrap().port())
    }

    fn ask(&mut self, command: &str) -> String {
        self.connection.ask(command)
    }

    fn send(&mut self, commands: &str) {
        self.connection.send(commands);
    }

    fn reply(&mut self) -> String {
        self.connection.reply()
    }

    /// Sets this many keys to one value, in one pipeline.
    fn fill(&mut self, count: usize, value: &str) {
        for numbers in (0..count).collect::<Vec<_>>().chunks(1_000) {
            let commands: String =
                numbers.iter().map(|number| format!("SET key:{number} {value}\r\n")).collect();
            self.send(&commands);
            numbers.iter().for_each(|_| assert_eq!(self.reply(), "+OK"));
        }
    }

    fn info(&mut self, name: &str) -> String {
        let info = self.ask("INFO persistence");
        let line = info.lines().find_map(|line| line.strip_prefix(&format!("{name}:")));
        line.unwrap_or_else(|| panic!("no {name} in\n{info}")).to_owned()
    }

    fn await_save(&mut self) {
        while self.info("rdb_bgsave_in_progress") != "0" {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it as a service manager does; the exit code.
    fn end(&mut self) -> Option<i32> {
        signal(&self.child, Signal::SIGTERM);
        self.child.wait().unwrap().code()
    }

    /// Waits until it ends by itself.
    fn ended(&mut self) -> Option<i32> {
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
    fn ask(&mut self, command: &str) -> String {
        self.send(&format!("{command}\r\n"));
        self.reply()
    }

    fn send(&mut self, commands: &str) {
        self.0.get_mut().write_all(commands.as_bytes()).unwrap();
    }

    fn reply(&mut self) -> String {
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

#[test]
fn cache_saves_and_loads() {
    let home = Home::new();
    let mut cache = home.start(&[]);
    let started: u64 = cache.ask("LASTSAVE").trim_start_matches(':').parse().unwrap();
    for (command, reply) in [
        ("SET string value", "+OK"),
        ("SET soon gone PX 1", "+OK"),
        ("SET later gone EX 1000", "+OK"),
        ("RPUSH list a b c", ":3"),
        ("SADD set 1 2 x", ":3"),
        ("HSET hash field value", ":1"),
        ("ZADD zset 1.5 member", ":1"),
        ("SAVE", "+OK"),
        ("SAVE x", "-ERR wrong number of arguments for 'save' command"),
        ("BGSAVE x", "-ERR syntax error"),
        // Only PING has a reply.
        ("CLIENT REPLY SKIP\r\nSAVE\r\nPING", "+PONG"),
        ("SET unsaved value", "+OK"),
    ] {
        assert_eq!(cache.ask(command), reply, "{command}");
    }
    assert!(cache.ask("LASTSAVE").trim_start_matches(':').parse::<u64>().unwrap() >= started);
    assert_eq!(cache.info("rdb_changes_since_last_save"), "1");
    assert_eq!(cache.info("rdb_saves"), "2");
    assert_eq!(home.names(), [FILE]);
    cache.kill();

    let mut cache = home.start(&[]);
    for (command, reply) in [
        ("GET string", "value"),
        ("GET soon", "$-1"),
        ("GET later", "gone"),
        ("GET unsaved", "$-1"),
        ("LINDEX list -1", "c"),
        ("SCARD set", ":3"),
        ("HGET hash field", "value"),
        ("ZSCORE zset member", "1.5"),
        ("DBSIZE", ":6"),
        ("BGSAVE", "+Background saving started"),
    ] {
        assert_eq!(cache.ask(command), reply, "{command}");
    }
    assert!(cache.ask("TTL later").trim_start_matches(':').parse::<i32>().unwrap() > 900);
    cache.await_save();
    assert_eq!(cache.info("rdb_last_bgsave_status"), "ok");
    assert_eq!(cache.info("last_save_keys"), "6");
}

#[test]
fn cache_is_saved_at_the_end_when_it_is_set() {
    let home = Home::new();
    for (more, end, expected) in [
        (&[][..], "", "$-1"),
        (&["--save", "stop"], "", "1"),
        (&["--save", "3600 1000"], "SHUTDOWN NOSAVE", "1"),
        (&["--save", "3600 1000"], "SHUTDOWN", "2"),
        (&[], "SHUTDOWN SAVE", "3"),
        (&[], "SHUTDOWN", "3"),
    ] {
        let mut cache = home.start(more);
        cache.ask("INCR rounds");
        if end.is_empty() {
            assert_eq!(cache.end(), Some(0));
        } else {
            cache.send(&format!("{end}\r\n"));
            assert_eq!(cache.ended(), Some(0));
        }
        let mut cache = home.start(&[]);
        assert_eq!(cache.ask("GET rounds"), expected, "{more:?} {end}");
    }
}

#[test]
fn cache_saves_by_itself_when_a_point_is_due() {
    let home = Home::new();
    let mut cache = home.start(&["--save", "1 3"]);
    cache.ask("SET a 1");
    cache.ask("SET b 1");
    cache.ask("SET c 1");
    while cache.info("rdb_saves") == "0" {
        std::thread::sleep(Duration::from_millis(20));
    }
    cache.await_save();
    cache.kill();
    assert_eq!(home.start(&[]).ask("DBSIZE"), ":3");
}

/// Killed at any moment of a save, there is the whole old file or the whole new one.
#[test]
fn cache_killed_during_a_save_has_one_file_or_the_other() {
    const KEYS: usize = 40_000;
    let home = Home::new();
    let mut cache = home.start(&[]);
    cache.fill(KEYS, "0");
    assert_eq!(cache.ask("SAVE"), "+OK");
    for round in 1..=8_u64 {
        let (old, new) = ((round - 1).to_string(), round.to_string());
        cache.fill(KEYS, &new);
        assert_eq!(cache.ask("BGSAVE"), "+Background saving started");
        std::thread::sleep(Duration::from_millis(round * round * 3));
        cache.kill();
        cache = home.start(&[]);
        assert_eq!(cache.ask("DBSIZE"), format!(":{KEYS}"));
        let value = cache.ask("GET key:0");
        assert!(value == old || value == new, "{value} in round {round}");
        for number in (0..KEYS).step_by(997) {
            assert_eq!(cache.ask(&format!("GET key:{number}")), value, "round {round}");
        }
        // So that the next round knows what is old.
        cache.fill(KEYS, &new);
        assert_eq!(cache.ask("SAVE"), "+OK");
    }
    assert!(home.names().iter().all(|name| name.starts_with(FILE)), "{:?}", home.names());
}

#[test]
fn cache_on_a_full_disk_serves_on_and_keeps_the_old_file() {
    let home = Home::new();
    let mut cache = home.start(&[]);
    cache.ask("SET old value");
    assert_eq!(cache.ask("SAVE"), "+OK");
    cache.kill();
    let file = fs::read(home.file()).unwrap();

    let mut cache = home.start_with_little_room(64, &["--save", "3600 1000000"]);
    cache.fill(2_000, &"x".repeat(50));
    let error = cache.ask("SAVE");
    assert!(error.starts_with("-ERR ") && error.contains(FILE), "{error}");
    assert_eq!(cache.info("rdb_last_bgsave_status"), "err");
    assert!(cache.info("last_save_error").contains(FILE));
    assert_eq!(cache.ask("SHUTDOWN"), "-ERR Errors trying to SHUTDOWN. Check logs.");
    assert_eq!(cache.ask("SET still writable"), "+OK");
    assert_eq!(cache.ask("DBSIZE"), ":2002");
    assert_eq!(home.names(), [FILE]);
    // It has to end, and says that it has not saved.
    assert_eq!(cache.end(), Some(255));
    assert!(fs::read(home.file()).unwrap() == file);
    assert_eq!(home.start(&[]).ask("GET old"), "value");
}

/// Those who write wait for the save, and go on when the end is called off.
#[test]
fn cache_that_is_told_to_end_can_be_told_otherwise() {
    let home = Home::new();
    let mut cache = home.start(&[]);
    cache.fill(40_000, "value");
    let (mut writer, mut other) = (cache.connect_again(), cache.connect_again());
    cache.send("SHUTDOWN SAVE\r\n");
    writer.send("SET key:0 other\r\n");
    while other.ask("SHUTDOWN ABORT") != "+OK" {}
    assert_eq!(cache.reply(), "-ERR Errors trying to SHUTDOWN. Check logs.");
    assert_eq!(writer.reply(), "+OK");
    assert_eq!(other.ask("SHUTDOWN ABORT"), "-ERR No shutdown in progress.");
    cache.send("SHUTDOWN SAVE\r\n");
    assert_eq!(cache.ended(), Some(0));
    assert_eq!(home.start(&[]).ask("GET key:0"), "other");
}

#[test]
fn cache_with_a_damaged_file_does_not_start() {
    let home = Home::new();
    let mut cache = home.start(&[]);
    cache.fill(100, "value");
    assert_eq!(cache.ask("SAVE"), "+OK");
    cache.kill();
    let whole = fs::read(home.file()).unwrap();
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    let cut = &whole[..whole.len() - 1];
    for (bytes, expected) in [
        (&changed[..], "it is damaged at byte 24: a block's checksum is wrong"),
        (cut, "it ends within its end mark"),
        (b"REDIS0011\xfa\x09redis-ver\x057.0.15", "it is no file of a cache"),
    ] {
        fs::write(home.file(), bytes).unwrap();
        check_refused(&home.fail(&["--save", "stop"]), &home.file(), expected);
        assert!(fs::read(home.file()).unwrap() == bytes, "overwritten");
    }
    fs::write(home.file(), &whole).unwrap();
    assert_eq!(home.start(&[]).ask("DBSIZE"), ":100");
    let small = home.fail(&["--maxmemory", "10kb"]);
    check_refused(&small, &home.file(), "its items do not fit under maxmemory");
}

fn check_refused(output: &Output, file: &Path, expected: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_ne!(output.status.code(), Some(0), "{said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{said}");
    assert!(said.contains(expected) && said.contains(file.to_str().unwrap()), "{said}");
}

#[test]
fn cache_without_a_file_does_not_save() {
    let mut command = Command::new(Tool::Plimsoll.binary());
    command.args(["serve", "cache", "--seconds", "120"]).stdin(Stdio::null());
    let mut cache = Cache::start(command);
    let nowhere = "-ERR there is no file to save to: dbfilename is empty";
    for (command, reply) in [
        ("SAVE", nowhere),
        ("BGSAVE", nowhere),
        ("SHUTDOWN SAVE", nowhere),
        ("SHUTDOWN ABORT", "-ERR No shutdown in progress."),
        ("SHUTDOWN NOW x", "-ERR syntax error"),
        ("CONFIG SET save \"\"", "+OK"),
        (
            "CONFIG SET dir /",
            "-ERR CONFIG SET failed (possibly related to argument 'dir') - can't set immutable config",
        ),
    ] {
        assert_eq!(cache.ask(command), reply, "{command}");
    }
    assert!(cache.ask("CONFIG SET save \"60 1\"").contains("there is no dbfilename"));
    cache.send("SHUTDOWN\r\n");
    assert_eq!(cache.ended(), Some(0));
}
