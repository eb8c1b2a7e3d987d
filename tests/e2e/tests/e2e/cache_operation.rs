//! `plimsoll serve cache` as those see it who run it: configuration, metrics, logs, users' files, signals, and
//! what `deploy/cache` says.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::net::UnixDatagram,
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime},
};

use nix::sys::signal::Signal;
use plimsoll_e2e::{
    Tool, http::try_get, prometheus::Prometheus, root, signal, untested::not_tested,
};
use serde_json::Value;
use yaml_rust2::YamlLoader;

/// An answer that does not come by then fails the test.
const PATIENCE: Duration = Duration::from_secs(30);

/// A cache, and a connection to it. Its log is read when it has ended.
struct Cache {
    child: Child,
    stream: BufReader<TcpStream>,
}

impl Cache {
    fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Cache {
        let mut command = command(arguments);
        command.envs(variables.iter().copied());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().rsplit(':').next().and_then(|port| port.parse::<u16>().ok());
        let Some(port) = port else { panic!("no port in {line:?}: {}", rest(&mut child)) };
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Cache { child, stream: BufReader::new(stream) }
    }

    /// The first line of the reply.
    fn ask(&mut self, command: &str) -> String {
        self.stream.get_mut().write_all(format!("{command}\r\n").as_bytes()).unwrap();
        self.line()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// CONFIG GET of one parameter.
    fn parameter(&mut self, name: &str) -> String {
        assert_eq!(self.ask(&format!("CONFIG GET {name}")), "*2", "{name}");
        for _ in 0..3 {
            self.line();
        }
        self.line()
    }

    fn admin_port(&mut self) -> u16 {
        self.parameter("admin-port").parse().unwrap()
    }

    /// The exit code and the log, after SIGTERM.
    fn end(self) -> (Option<i32>, String) {
        self.end_by(Signal::SIGTERM)
    }

    fn end_by(mut self, asked: Signal) -> (Option<i32>, String) {
        signal(&self.child, asked);
        let log = rest(&mut self.child);
        (self.child.wait().unwrap().code(), log)
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

fn command(arguments: &[&str]) -> Command {
    // Who runs the tests may have SIGHUP ignored (`nohup`), and that is inherited.
    let mut command = Command::new("env");
    command.arg("--default-signal=HUP").arg(Tool::Plimsoll.binary());
    command.args(["serve", "cache", "--seconds", "120", "--threads", "1"]).args(arguments);
    command.stdin(Stdio::null());
    command
}

fn rest(child: &mut Child) -> String {
    let mut text = String::new();
    child.stderr.as_mut().unwrap().read_to_string(&mut text).unwrap();
    text
}

/// What one says that does not start.
fn refusal(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output = command(arguments).envs(variables.iter().copied()).output().unwrap();
    assert_eq!(output.status.code(), Some(104), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn parameters_come_from_file_environment_and_flags() {
    let folder = tempfile::tempdir().unwrap();
    let old = "# mine\nmaxmemory 100mb\nhz 20\ntimeout 20\nslowlog-max-len 20\n\
               requirepass \"a b\"\nuser alice on >secret ~a:* +get\n";
    let file = write(folder.path(), "cache.conf", old);
    let variables = [("PLIMSOLL_CACHE_TIMEOUT", "30"), ("PLIMSOLL_CACHE_SLOWLOG_MAX_LEN", "30")];
    let arguments = ["--config", &file, "--set", "slowlog-max-len=40"];
    let mut cache = Cache::start(&arguments, &variables);
    assert!(cache.ask("PING").starts_with("-NOAUTH"));
    assert_eq!(cache.ask("AUTH alice secret"), "+OK");
    assert!(cache.ask("CONFIG GET hz").starts_with("-NOPERM"));
    assert_eq!(cache.ask("AUTH \"a b\""), "+OK");
    for (name, expected) in
        [("maxmemory", "104857600"), ("hz", "20"), ("timeout", "30"), ("slowlog-max-len", "40")]
    {
        assert_eq!(cache.parameter(name), expected, "{name}");
    }
    let immutable = "-ERR CONFIG SET failed (possibly related to argument 'admin-port') - can't set \
                     immutable config";
    assert_eq!(cache.ask("CONFIG SET admin-port 1"), immutable);
    assert_eq!(cache.ask("CONFIG SET maxmemory 50mb maxclients 77"), "+OK");
    assert_eq!(cache.ask("ACL SETUSER bob on >pw"), "+OK");
    assert_eq!(cache.ask("CONFIG REWRITE"), "+OK");
    let (code, log) = cache.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("msg=\"parameter changed\" by=\"default@127.0.0.1:"), "{log}");
    let new = fs::read_to_string(&file).unwrap();
    for line in ["# mine", "maxmemory 52428800", "hz 20", "timeout 20", "maxclients 77"] {
        assert!(new.lines().any(|found| found == line), "no {line} in\n{new}");
    }
    assert!(!new.contains("secret") && new.contains("user alice on #"), "{new}");
    let mut cache = Cache::start(&["--config", &file], &[]);
    assert_eq!(cache.ask("AUTH bob pw"), "+OK");
    assert_eq!(cache.ask("AUTH \"a b\""), "+OK");
    assert_eq!(cache.parameter("maxclients"), "77");
}

#[test]
fn what_cannot_be_configured_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "cache.conf", "\nmaxmemroy 1gb\n");
    for (arguments, variables, expected) in [
        (
            &["--config", &*file][..],
            &[][..],
            "cache.conf:2: maxmemroy: there is no such parameter; did",
        ),
        (
            &[],
            &[("PLIMSOLL_CACHE_MAXMEMORY", "much")],
            "PLIMSOLL_CACHE_MAXMEMORY: argument must be",
        ),
        (&["--set", "appendonly=yes"], &[], "appendonly: it is always 'no' here"),
        (&["--config", "/nonexistent/c"], &[], "/nonexistent/c: No such file"),
        (&["--aclfile", "/nonexistent/c"], &[], "/nonexistent/c: No such file"),
        (&["--dir", "/nonexistent"], &[], "dir: /nonexistent: No such file"),
        // Where nobody makes files, not even root.
        (
            &["--dir", "/proc", "--dbfilename", "items", "--save", "stop"],
            &[],
            "save: /proc/items: a new one cannot be made beside it: ",
        ),
        (
            &["--bind", "127.0.0.1", "--maxmemory-policy", "lru"],
            &[],
            "maxmemory-policy: argument(s) must be one of",
        ),
    ] {
        let said = refusal(arguments, variables);
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}

#[test]
fn users_have_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "users.acl", "user alice on >pw ~* +@all\n");
    let mut cache = Cache::start(&["--aclfile", &file], &[]);
    assert_eq!(cache.ask("AUTH alice pw"), "+OK");
    assert_eq!(cache.ask("ACL SETUSER bob on >pw ~b:* &x +get"), "+OK");
    assert_eq!(cache.ask("ACL SAVE"), "+OK");
    let saved = fs::read_to_string(&file).unwrap();
    assert!(saved.contains("user bob on #") && saved.contains("~b:* resetchannels &x"), "{saved}");
    assert_eq!(cache.ask("ACL LOAD"), "+OK");
    let text = "user alice on >pw ~* +@all\nuser carol on >pw\nuser dora nonsense\n";
    write(folder.path(), "users.acl", text);
    let said = cache.ask("ACL LOAD");
    assert!(
        said.contains("users.acl:3: ") && said.contains("All users are as they were"),
        "{said}"
    );
    assert_eq!(cache.ask("ACL WHOAMI"), "$5");
    assert_eq!(cache.line(), "alice");
    assert!(cache.ask("AUTH carol pw").starts_with("-WRONGPASS"));
    assert_eq!(cache.ask("AUTH bob pw"), "+OK");
    assert!(cache.ask("ACL LOAD").starts_with("-NOPERM"));
}

#[test]
fn metrics_and_states_are_served() {
    let mut cache = Cache::start(&["--admin-port", "0", "--maxmemory", "64mb"], &[]);
    let port = cache.admin_port();
    assert_eq!(cache.ask("SET a 1"), "+OK");
    assert_eq!(try_get(port, "/health", &[]), Some((200, "ok\n".to_owned())));
    assert_eq!(try_get(port, "/ready", &[]), Some((200, "ok\n".to_owned())));
    let (status, page) = try_get(port, "/metrics", &[]).unwrap();
    assert_eq!(status, 200);
    for line in [
        "plimsoll_cache_items 1",
        "plimsoll_cache_budget_limit{budget=\"data_bytes\"} 67108864",
        "plimsoll_cache_commands_total{command=\"set\"} 1",
    ] {
        assert!(page.lines().any(|found| found == line), "no {line} in\n{page}");
    }
    let (code, log) = cache.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(try_get(port, "/ready", &[]).is_none());
}

/// The real Prometheus reads the page, and the expression that docs/cache.md has.
#[test]
fn prometheus_takes_the_metrics() {
    let mut cache = Cache::start(&["--admin-port", "0", "--maxmemory", "64mb"], &[]);
    let port = cache.admin_port();
    assert_eq!(cache.ask("SET a 1"), "+OK");
    let prometheus = Prometheus::start_with(&format!(
        "scrape_configs: [{{ job_name: cache, scrape_interval: 1s, static_configs: [{{ targets: \
         [\"127.0.0.1:{port}\"] }}] }}]\n"
    ));
    let query = |expression: &str| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        prometheus.query(expression, &now.as_secs().to_string())
    };
    let deadline = Instant::now() + PATIENCE;
    while query("plimsoll_cache_items == 1").is_empty() {
        assert!(Instant::now() < deadline, "{:?}\n{}", query("up"), prometheus.log());
        thread::sleep(Duration::from_millis(100));
    }
    let shares = query("plimsoll_cache_budget_used / plimsoll_cache_budget_limit");
    let budgets: Vec<&str> =
        shares.iter().map(|share| share["metric"]["budget"].as_str().unwrap()).collect();
    assert!(["data_bytes", "connections"].iter().all(|name| budgets.contains(name)), "{budgets:?}");
}

/// Lines of JSON from the first to the last, with what happened.
#[test]
fn the_log_tells_what_happened() {
    let arguments = ["--log-format", "json", "--maxclients", "1", "--requirepass", "hush-1"];
    let mut cache = Cache::start(&arguments, &[]);
    assert_eq!(cache.ask("AUTH hush-1"), "+OK");
    assert_eq!(cache.ask("CONFIG SET requirepass hush-2"), "+OK");
    let port = cache.stream.get_ref().peer_addr().unwrap().port();
    for _ in 0..3 {
        let mut refused = String::new();
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.read_to_string(&mut refused).unwrap();
        assert_eq!(refused, "-ERR max number of clients reached\r\n");
    }
    let mut log = BufReader::new(cache.child.stderr.take().unwrap());
    let mut lines: Vec<Value> = Vec::new();
    let is_told = |lines: &[Value]| lines.iter().any(|line| line["msg"] == "connections refused");
    while !is_told(&lines) {
        let mut line = String::new();
        assert_ne!(log.read_line(&mut line).unwrap(), 0, "{lines:?}");
        lines.push(serde_json::from_str(&line).unwrap());
    }
    signal(&cache.child, Signal::SIGTERM);
    let mut rest = String::new();
    log.read_to_string(&mut rest).unwrap();
    lines.extend(rest.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
    assert!(!format!("{lines:?}").contains("hush"), "{lines:?}");
    assert_eq!(cache.child.wait().unwrap().code(), Some(0));
    let find = |message: &str| {
        let line = lines.iter().find(|line| line["msg"] == message);
        line.unwrap_or_else(|| panic!("no {message:?} in {lines:?}"))
    };
    assert_eq!(find("serving")["policy"], "noeviction");
    assert_eq!(find("parameter changed")["value"], "(hidden)");
    assert_eq!(find("connections refused")["level"], "warning");
    assert_eq!(find("stopping")["reason"], "SIGTERM");
}

#[test]
fn a_closed_terminal_ends_it_as_any_signal_does() {
    for asked in [Signal::SIGHUP, Signal::SIGINT] {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().display().to_string();
        let arguments = ["--dir", &dir, "--dbfilename", "items", "--save", "stop"];
        let mut cache = Cache::start(&arguments, &[]);
        assert_eq!(cache.ask("SET a 1"), "+OK");
        let (code, log) = cache.end_by(asked);
        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains(&format!("reason={}", asked.as_str())), "{log}");
        assert!(folder.path().join("items").is_file(), "{log}");
    }
}

/// One that has been told to end, by a signal, and waits for a client that does not take its replies. With its log.
fn held_up(arguments: &[&str], asked: Signal) -> (Cache, BufReader<ChildStderr>) {
    let arguments = [&["--set", "shutdown-timeout=3600"], arguments].concat();
    let mut cache = Cache::start(&arguments, &[]);
    let value = "x".repeat(4 << 20);
    let set = format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${}\r\n{value}", value.len());
    assert_eq!(cache.ask(&set), "+OK");
    let gets = "GET k\r\n".repeat(16);
    cache.stream.get_mut().write_all(gets.as_bytes()).unwrap();
    // The first reply has begun, so the others are on their way.
    assert_eq!(cache.line(), format!("${}", value.len()));
    signal(&cache.child, asked);
    let mut log = BufReader::new(cache.child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("msg=stopping") {
        line.clear();
        assert_ne!(log.read_line(&mut line).unwrap(), 0, "it has ended");
    }
    assert_eq!(cache.child.try_wait().unwrap(), None);
    (cache, log)
}

/// A client that does not take its replies holds up the first signal, not the second.
#[test]
fn a_second_signal_ends_it_at_once() {
    let (mut cache, _log) = held_up(&[], Signal::SIGTERM);
    signal(&cache.child, Signal::SIGTERM);
    assert_eq!(cache.child.wait().unwrap().code(), Some(105));
}

/// The kernel and the shell both tell of it, and nobody is in a hurry.
#[test]
fn a_closed_terminal_may_be_told_twice() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().display().to_string();
    let arguments = ["--dir", &dir, "--dbfilename", "items", "--save", "stop"];
    let (mut cache, mut log) = held_up(&arguments, Signal::SIGHUP);
    signal(&cache.child, Signal::SIGHUP);
    std::io::copy(&mut cache.stream, &mut std::io::sink()).unwrap();
    let mut rest = String::new();
    log.read_to_string(&mut rest).unwrap();
    assert_eq!(cache.child.wait().unwrap().code(), Some(0), "{rest}");
    assert!(folder.path().join("items").is_file(), "{rest}");
}

#[test]
fn a_supervisor_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let supervisor = UnixDatagram::bind(&path).unwrap();
    supervisor.set_read_timeout(Some(PATIENCE)).unwrap();
    let told = || {
        let mut message = [0; 64];
        let length = supervisor.recv(&mut message).unwrap();
        String::from_utf8_lossy(&message[..length]).into_owned()
    };
    let cache = Cache::start(&[], &[("NOTIFY_SOCKET", path.to_str().unwrap())]);
    assert_eq!(told(), "READY=1");
    assert_eq!(cache.end().0, Some(0));
    assert_eq!(told(), "STOPPING=1");
}

fn deploy(name: &str) -> PathBuf {
    root().join("deploy/cache").join(name)
}

#[test]
fn the_unit_is_one_that_systemd_takes() {
    let unit = fs::read_to_string(deploy("plimsoll-cache.service")).unwrap();
    // Where it is installed there is nothing here.
    let binary = Tool::Plimsoll.binary();
    let unit = unit.replace("/usr/local/bin/plimsoll", binary.to_str().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "plimsoll-cache.service", &unit);
    let output = match Command::new("systemd-analyze").args(["verify", "--man=no", &path]).output()
    {
        Ok(output) => output,
        Err(error) => return not_tested(&format!("systemd-analyze cannot be run: {error}")),
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("plimsoll-cache"), "{said}");
    // Its file of parameters.
    let file = deploy("cache.conf").display().to_string();
    let mut cache = Cache::start(&["--config", &file, "--port", "0", "--admin-port", "0"], &[]);
    assert_eq!(cache.parameter("maxmemory"), (1_u64 << 30).to_string());
}

#[test]
fn the_compose_file_names_parameters() {
    let text = fs::read_to_string(deploy("compose.yaml")).unwrap();
    let compose = YamlLoader::load_from_str(&text).unwrap().remove(0);
    let service = &compose["services"]["cache"];
    for port in service["ports"].as_vec().unwrap() {
        assert!(port.as_str().unwrap().starts_with("127.0.0.1:"), "{port:?} is open to others");
    }
    let mut variables = BTreeMap::new();
    for (name, value) in service["environment"].as_hash().unwrap() {
        let (name, value) = (name.as_str().unwrap(), value.as_str().unwrap());
        variables.insert(name, if value.starts_with('$') { "secret" } else { value });
    }
    // Within a container ports and addresses are nobody else's.
    for (name, here) in [
        ("PLIMSOLL_CACHE_PORT", "0"),
        ("PLIMSOLL_CACHE_ADMIN_PORT", "0"),
        ("PLIMSOLL_CACHE_BIND", "127.0.0.1"),
        ("PLIMSOLL_CACHE_ADMIN_BIND", "127.0.0.1"),
    ] {
        assert!(variables.insert(name, here).is_some(), "{name}");
    }
    let variables: Vec<_> = variables.into_iter().collect();
    let words = service["command"].as_vec().unwrap().iter().map(|word| word.as_str().unwrap());
    let words: Vec<&str> = words.collect();
    assert_eq!(words[..2], ["serve", "cache"]);
    let mut cache = Cache::start(&words[2..], &variables);
    assert_eq!(cache.ask("AUTH secret"), "+OK");
    assert_eq!(cache.parameter("maxmemory-policy"), "allkeys-lru");
    let port = cache.admin_port();
    assert_eq!(try_get(port, "/ready", &[]), Some((200, "ok\n".to_owned())));
    assert!(deploy("Dockerfile").is_file());
}
