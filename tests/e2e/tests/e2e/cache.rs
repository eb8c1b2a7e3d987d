//! `plimsoll serve cache`, driven by the tools of Redis: redis-cli and redis-benchmark.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::Duration,
};

use nix::sys::signal::Signal;
use plimsoll_e2e::{Tool, plimsoll, signal, untested::not_tested};

/// A reply that does not come by then fails the test.
const PATIENCE: Duration = Duration::from_secs(20);

/// `serve cache` on a free port; ends with the value.
pub(crate) struct Cache {
    child: Child,
    pub(crate) port: u16,
}

impl Cache {
    pub(crate) fn start(arguments: &[&str]) -> Cache {
        let mut command = Command::new(Tool::Plimsoll.binary());
        command.args(["serve", "cache", "--seconds", "120"]).args(arguments);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        // Behind it there may be the one for TLS.
        let url = line.split_whitespace().find(|word| word.starts_with("redis://"));
        let port = url.and_then(|url| url.rsplit(':').next()?.parse().ok());
        Cache { child, port: port.unwrap_or_else(|| panic!("no port in {line:?}")) }
    }

    /// What a tool of Redis says to these arguments; `None` when it is not installed.
    pub(crate) fn tool(&self, name: &str, arguments: &[&str]) -> Option<String> {
        let port = self.port.to_string();
        let mut command = Command::new(name);
        command.args(["-p", &port]).args(arguments).stdin(Stdio::null());
        let output = match command.output() {
            Ok(output) => output,
            Err(error) => {
                not_tested(&format!("{name} cannot be run: {error}"));
                return None;
            }
        };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{name} {arguments:?}:\n{text}{errors}");
        Some(text)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
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
fn redis_cli_talks_to_it() {
    let cache = Cache::start(&["--maxmemory", "64mb", "--policy", "allkeys-lru"]);
    for (arguments, expected) in [
        (&["set", "greeting", "hello"][..], "OK\n"),
        (&["get", "greeting"], "hello\n"),
        (&["rpush", "list", "a", "b", "c"], "3\n"),
        (&["lrange", "list", "0", "-1"], "a\nb\nc\n"),
        (&["-3", "hset", "hash", "field", "1"], "1\n"),
        (&["-3", "--json", "hgetall", "hash"], "{\"field\":\"1\"}\n"),
        (&["type", "hash"], "hash\n"),
        (&["blpop", "nothing", "0.1"], "\n"),
        (&["config", "get", "maxmemory-policy"], "maxmemory-policy\nallkeys-lru\n"),
        (&["config", "get", "maxmemory"], "maxmemory\n67108864\n"),
        (&["dbsize"], "3\n"),
        (&["nosuch"], "ERR unknown command 'nosuch', with args beginning with: \n\n"),
        (
            &["xadd", "s", "*", "a", "b"],
            "ERR unknown command 'xadd', this server has no streams\n\n",
        ),
        (&["flushall"], "OK\n"),
    ] {
        let Some(said) = cache.tool("redis-cli", arguments) else { return };
        assert_eq!(said, expected, "{arguments:?}");
    }
    let Some(info) = cache.tool("redis-cli", &["info"]) else { return };
    for line in ["redis_mode:standalone", "role:master", "connected_clients:1"] {
        assert!(info.contains(line), "no {line} in\n{info}");
    }
}

/// The whole list that a new server is tried with, with and without pipelines and threads.
#[test]
fn redis_benchmark_runs_through() {
    const TESTS: &str = "set,get,incr,lpush,rpush,lpop,sadd,hset,spop,zadd,zpopmin,lrange,mset";
    let cache = Cache::start(&["--threads", "2"]);
    for more in [&[][..], &["-P", "16"], &["-P", "16", "--threads", "2"]] {
        let mut arguments = vec!["-q", "-n", "320", "-c", "10", "-t", TESTS];
        arguments.extend(more);
        let Some(said) = cache.tool("redis-benchmark", &arguments) else { return };
        let results = said.matches("requests per second").count();
        // LRANGE has four sizes, and a row of its own for what fills the list.
        assert_eq!(results, 17, "{more:?}\n{said}");
        assert!(!said.contains("Error"), "{more:?}\n{said}");
    }
}

#[test]
fn a_signal_ends_it_after_what_is_owed() {
    let mut cache = Cache::start(&[]);
    let mut stream = cache.connect();
    stream.write_all(b"SET k v\r\nGET k\r\n").unwrap();
    let mut reply = [0; 12];
    stream.read_exact(&mut reply).unwrap();
    assert_eq!(&reply, b"+OK\r\n$1\r\nv\r\n");
    signal(&cache.child, Signal::SIGTERM);
    assert_eq!(stream.read(&mut reply).unwrap(), 0);
    assert_eq!(cache.child.wait().unwrap().code(), Some(0));
}

#[test]
fn it_does_not_serve_other_hosts_unasked() {
    let run = plimsoll(&["serve", "cache", "--host", "0.0.0.0", "--seconds", "1"]);
    assert_eq!(run.code, Some(104), "{}", run.said());
    assert!(run.stderr.contains("there is no password"), "{}", run.said());
    assert!(run.stderr.contains("--requirepass"), "{}", run.said());
    let run = plimsoll(&["serve", "cache", "--set", "nosuch=1"]);
    assert_eq!(run.code, Some(104), "{}", run.said());
    assert!(run.stderr.contains("nosuch"), "{}", run.said());
}
