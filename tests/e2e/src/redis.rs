//! Real redis-server on free loopback ports.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use crate::ports::Port;

/// How often a started server is asked whether it listens, every 20 ms.
const ATTEMPTS: u32 = 250;

/// One redis-server with a folder of its own; ends with the value.
#[derive(Debug)]
pub struct Redis {
    child: Child,
    folder: tempfile::TempDir,
    port: Port,
    tls_port: Port,
    /// Where the nodes of a cluster talk to each other.
    bus_port: Port,
}

impl Redis {
    /// Starts it and waits until it listens; `settings` as on its command line.
    pub fn start(settings: &[&str]) -> Redis {
        let folder = tempfile::tempdir().expect("make a folder");
        certificate(folder.path());
        let [port, tls_port, bus_port] = std::array::from_fn(|_| Port::reserve());
        let mut command = Command::new(binary());
        command.current_dir(folder.path());
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        let ports = [("--port", &port), ("--tls-port", &tls_port), ("--cluster-port", &bus_port)];
        for (setting, port) in ports {
            command.args([setting, &port.number.to_string()]);
        }
        command.args(["--tls-cert-file", "cert.pem", "--tls-key-file", "key.pem"]);
        command.args(["--tls-ca-cert-file", "cert.pem", "--tls-auth-clients", "no"]);
        command.args(["--unixsocket", "redis.sock", "--logfile", "redis.log"]).args(settings);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("start redis-server");
        let mut redis = Redis { child, folder, port, tls_port, bus_port };
        redis.wait_until_it_listens();
        redis
    }

    /// Two nodes that have half of the slots each, and know each other.
    pub fn cluster() -> [Redis; 2] {
        let settings = ["--cluster-enabled", "yes"];
        let nodes = [Redis::start(&settings), Redis::start(&settings)];
        nodes[0].ask("CLUSTER ADDSLOTSRANGE 0 8191");
        nodes[1].ask("CLUSTER ADDSLOTSRANGE 8192 16383");
        // Otherwise both begin with the same epoch and have to find that out first.
        nodes[1].ask("CLUSTER SET-CONFIG-EPOCH 2");
        let (port, bus_port) = (nodes[1].port.number, nodes[1].bus_port.number);
        nodes[0].ask(&format!("CLUSTER MEET 127.0.0.1 {port} {bus_port}"));
        let is_whole = |node: &Redis| {
            let info = node.ask("CLUSTER INFO");
            info.contains("cluster_state:ok") && info.contains("cluster_slots_assigned:16384")
        };
        for _ in 0..ATTEMPTS {
            if nodes.iter().all(is_whole) {
                return nodes;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("the cluster does not come up:\n{}", nodes[0].ask("CLUSTER NODES"));
    }

    /// `redis://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port.number)
    }

    /// For TLS with the certificate of [`Redis::certificate`].
    pub fn tls_port(&self) -> u16 {
        self.tls_port.number
    }

    /// Its Unix socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    /// Its certificate and that one's authority.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    /// Sends an inline command; the reply as it comes over the wire.
    pub fn ask(&self, command: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port.number)).expect("connect");
        write!(stream, "{command}\r\nQUIT\r\n").expect("send a command");
        let mut reply = String::new();
        stream.read_to_string(&mut reply).expect("read the reply");
        reply.strip_suffix("+OK\r\n").unwrap_or(&reply).to_owned()
    }

    fn wait_until_it_listens(&mut self) {
        for _ in 0..ATTEMPTS {
            if let Some(status) = self.child.try_wait().expect("ask for redis-server's status") {
                panic!("redis-server ended with {status}:\n{}", self.log());
            }
            if TcpStream::connect(("127.0.0.1", self.port.number)).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("redis-server does not listen:\n{}", self.log());
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("redis.log")).unwrap_or_default()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing is left running.
        let killed = self.child.kill();
        let waited = self.child.wait();
        assert!(killed.is_ok() || waited.is_ok(), "redis-server could not be stopped");
    }
}

/// `PLIMSOLL_REDIS`, or where Debian puts it.
fn binary() -> PathBuf {
    let path = std::env::var_os("PLIMSOLL_REDIS")
        .map_or_else(|| PathBuf::from("/usr/bin/redis-server"), PathBuf::from);
    assert!(
        path.is_file(),
        "{} is missing: install redis-server, set PLIMSOLL_REDIS, or run `cargo xtask test`",
        path.display()
    );
    path
}

fn certificate(folder: &Path) {
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).expect("make a certificate");
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).expect("write the certificate");
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem())
        .expect("write the key");
}
