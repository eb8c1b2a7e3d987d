//! Real PostgreSQL on a free loopback port.

use std::{
    fs::{self, Permissions},
    net::TcpStream,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use crate::ports::Port;

/// How often a started server is asked whether it listens, every 20 ms.
const ATTEMPTS: u32 = 500;

/// PostgreSQL refuses to run as root; Debian's `nobody` does instead.
const NOBODY: u32 = 65_534;

/// The superuser of the cluster and its password.
const USER: &str = "captain";
const PASSWORD: &str = "hunter2";

/// One server with a cluster of its own; ends with the value.
#[derive(Debug)]
pub struct Postgres {
    child: Child,
    folder: tempfile::TempDir,
    port: Port,
}

impl Postgres {
    /// Makes a cluster, starts it and waits until it listens, with TLS too.
    pub fn start() -> Postgres {
        let folder = tempfile::tempdir().expect("make a folder");
        let path = folder.path();
        fs::write(path.join("password"), PASSWORD).expect("write the password");
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).expect("make a certificate");
        fs::write(path.join("cert.pem"), made.cert.pem()).expect("write the certificate");
        fs::write(path.join("key.pem"), made.signing_key.serialize_pem()).expect("write the key");
        let key = Permissions::from_mode(0o600);
        fs::set_permissions(path.join("key.pem"), key).expect("keep the key to ourselves");
        if is_root() {
            for name in ["", "password", "cert.pem", "key.pem"] {
                chown(path.join(name), Some(NOBODY), Some(NOBODY)).expect("give the folder away");
            }
        }
        let mut initdb = program("initdb", path);
        initdb.args(["--pgdata", "data", "--username", USER, "--pwfile", "password", "--no-sync"]);
        let output = initdb.args(["--auth", "scram-sha-256"]).output().expect("start initdb");
        assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
        let port = Port::reserve();
        let mut command = program("postgres", path);
        command.args(["-D", "data", "-p", &port.number.to_string()]);
        for setting in [
            "listen_addresses=127.0.0.1",
            "fsync=off",
            "ssl=on",
            "ssl_cert_file=../cert.pem",
            "ssl_key_file=../key.pem",
            &format!("unix_socket_directories={}", path.display()),
        ] {
            command.args(["-c", setting]);
        }
        let log = fs::File::create(path.join("log")).expect("create the log");
        let child = command.stderr(log).spawn().expect("start postgres");
        let mut postgres = Postgres { child, folder, port };
        postgres.wait_until_it_listens();
        postgres
    }

    /// `postgres://USER:PASSWORD@127.0.0.1:PORT/postgres`
    pub fn url(&self) -> String {
        self.url_of(USER, PASSWORD)
    }

    pub fn url_of(&self, user: &str, password: &str) -> String {
        format!("postgres://{user}:{password}@{}", self.place())
    }

    /// As the server is called in names and tags.
    pub fn place(&self) -> String {
        format!("127.0.0.1:{}/postgres", self.port.number)
    }

    pub fn port(&self) -> u16 {
        self.port.number
    }

    /// Where its Unix socket is.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs statements, as `psql` does; the rows of their answers.
    pub fn ask(&self, statements: &str) -> String {
        let output = self.psql(statements).output().expect("start psql");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{statements}: {said}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// `psql` about to run statements.
    pub fn psql(&self, statements: &str) -> Command {
        let mut command = program("psql", self.folder.path());
        command.args(["--no-psqlrc", "--tuples-only", "--no-align", "--dbname"]).arg(self.url());
        command.args(["--command", statements]);
        command
    }

    fn wait_until_it_listens(&mut self) {
        for _ in 0..ATTEMPTS {
            if let Some(status) = self.child.try_wait().expect("ask for postgres's status") {
                panic!("postgres ended with {status}:\n{}", self.log());
            }
            let is_ready = self.log().contains("ready to accept connections");
            if is_ready && TcpStream::connect(("127.0.0.1", self.port.number)).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("postgres does not listen:\n{}", self.log());
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Sessions end with it, and its children notice that it is gone when it is only killed.
        crate::signal(&self.child, nix::sys::signal::Signal::SIGQUIT);
        let waited = self.child.wait();
        assert!(waited.is_ok(), "postgres could not be stopped");
    }
}

fn is_root() -> bool {
    nix::unistd::Uid::effective().is_root()
}

/// One of PostgreSQL's programs, started in `folder` and not as root.
fn program(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(binaries().join(name));
    command.current_dir(folder).env("HOME", folder).env("LC_ALL", "C");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// The folder of `PLIMSOLL_POSTGRES`, or where Debian puts it.
fn binaries() -> PathBuf {
    let installed = || {
        let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
        versions.flatten().map(|version| version.path().join("bin/postgres")).max()
    };
    let binary = std::env::var_os("PLIMSOLL_POSTGRES").map(PathBuf::from).or_else(installed);
    let folder = binary.as_deref().filter(|path| path.is_file()).and_then(Path::parent);
    folder
        .expect("postgres is missing: install postgresql, set PLIMSOLL_POSTGRES, or run `cargo xtask test`")
        .to_owned()
}
