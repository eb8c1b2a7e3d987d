//! A redis-server of our own, without a file.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::Duration,
};

use plimsoll_wire::resp::{Protocol, Value, ValueDecoder, write_command};

pub(super) struct Redis {
    child: Child,
    stream: TcpStream,
    input: Vec<u8>,
}

impl Redis {
    /// `None` when there is none.
    #[expect(clippy::disallowed_methods, reason = "a test waits for a server to come up")]
    pub(super) fn start() -> Option<Redis> {
        let port = TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
        let mut command = Command::new("redis-server");
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
        command.args(["--appendonly", "no", "--databases", "1"]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut child = child.ok()?;
        for _ in 0..100 {
            if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) {
                stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
                return Some(Redis { child, stream, input: Vec::new() });
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        child.kill().ok();
        child.wait().ok();
        panic!("redis-server does not answer on port {port}");
    }

    pub(super) fn ask<A: AsRef<[u8]>>(&mut self, command: &[A]) -> Value {
        let mut out = Vec::new();
        write_command(&mut out, command);
        self.stream.write_all(&out).expect("redis-server takes commands");
        let mut decoder = ValueDecoder::default();
        loop {
            let (taken, reply) = decoder.decode(&self.input).expect("redis-server speaks RESP");
            self.input.drain(..taken);
            if let Some(reply) = reply {
                return reply;
            }
            let mut buffer = [0; 16 << 10];
            let count = self.stream.read(&mut buffer).expect("redis-server replies");
            assert!(count > 0, "redis-server has closed the connection");
            self.input.extend_from_slice(&buffer[..count]);
        }
    }

    pub(super) fn speak(&mut self, protocol: Protocol) {
        self.ask(&["HELLO", if protocol == Protocol::Resp2 { "2" } else { "3" }]);
    }

    pub(super) fn flush(&mut self) {
        // Of these the first says that it has nothing to do, as a rule.
        self.ask(&["DISCARD"]);
        self.ask(&["UNWATCH"]);
        self.ask(&["FLUSHALL"]);
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
