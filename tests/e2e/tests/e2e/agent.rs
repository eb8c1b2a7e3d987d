//! `plimsoll watch --listen`: an agent, and those who ask it.

use std::{
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
};

use plimsoll_e2e::{Tool, command, finish, plimsoll, ports::Port, prometheus::Prometheus};

use crate::services::{Seen, watch, watch_for};

/// A running agent; ends with the value.
struct Agent {
    child: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Agent {
    fn start(arguments: &[&str]) -> Agent {
        let folder = tempfile::tempdir().unwrap();
        let mut command = command(Tool::Plimsoll, folder.path());
        command.args(["watch", "--watch-every", "100ms", "--seconds", "60", "--name", "app1"]);
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).stdin(Stdio::null());
        let mut child = command.env("PLIMSOLL_TOKEN", "hunter2").spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit('/').next().and_then(|address| address.parse().ok());
        let address = address.unwrap_or_else(|| panic!("no address in the ready line: {line:?}"));
        Agent { child, address, _folder: folder }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Watches an agent with a token.
fn ask(place: &str, token: Option<&str>, certificate: Option<&Path>) -> Seen {
    let (mut command, folder) = watch(&[&format!("agent:{place}")]);
    for (name, value) in
        [("PLIMSOLL_WATCH_TOKEN", token.map(Path::new)), ("SSL_CERT_FILE", certificate)]
    {
        value.into_iter().for_each(|value| _ = command.env(name, value));
    }
    Seen::of(finish(command, folder, None), "host")
}

#[test]
fn readings_of_another_host_come_with_its_name() {
    // Ourselves: by name it would follow what other tests start and end.
    let ourselves = format!("pid:{}", std::process::id());
    let agent = Agent::start(&["--listen", "127.0.0.1:0", &ourselves]);
    let seen = ask(&agent.address.to_string(), Some("hunter2"), None);
    let said = seen.run.said();
    assert!(seen.hosts.contains(&"app1".to_owned()), "{said}");
    assert!(seen.value("host_memory_total_bytes", "app1") > 0.0, "{said}");
    assert!(seen.value("process_memory_bytes", "app1") > 0.0, "{said}");
    assert!(seen.events.is_empty(), "{said}");
}

#[test]
fn a_wrong_token_is_refused_and_told_once() {
    let agent = Agent::start(&["--listen", "127.0.0.1:0"]);
    let place = agent.address.to_string();
    for (token, expected) in [
        (Some("hunter3"), "it refuses the token: it is not the agent's (status 401)"),
        (
            None,
            "it wants a token (hint: give the agent's with --watch-token or PLIMSOLL_WATCH_TOKEN)",
        ),
    ] {
        let seen = ask(&place, token, None);
        let said = seen.run.said();
        assert_eq!(seen.events, [format!("cannot watch agent {place}: {expected}")], "{said}");
        assert!(!seen.hosts.contains(&"app1".to_owned()) && !said.contains("hunter"), "{said}");
    }
}

#[test]
fn over_tls_only_to_those_who_trust_the_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let [certificate, key] = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let [cert_flag, key_flag] = [&certificate, &key].map(|path| path.to_str().unwrap());
    let agent = Agent::start(&["--listen", "0", "--tls-cert", cert_flag, "--tls-key", key_flag]);
    let place = format!("https://localhost:{}", agent.address.port());
    let seen = ask(&place, Some("hunter2"), Some(&certificate));
    assert!(seen.hosts.contains(&"app1".to_owned()), "{}", seen.run.said());
    let seen = ask(&place, Some("hunter2"), None);
    assert!(!seen.hosts.contains(&"app1".to_owned()), "{}", seen.run.said());
    assert!(seen.events[0].contains("certificate"), "{:?}", seen.events);
}

#[test]
fn an_agent_that_is_lost_and_comes_back() {
    let port = Port::reserve();
    let place = format!("127.0.0.1:{}", port.number);
    let agent = Agent::start(&["--listen", &place]);
    let (mut command, folder) = watch_for("6", &[&format!("agent:{place}")]);
    command.env("PLIMSOLL_WATCH_TOKEN", "hunter2");
    let (second, run) = std::thread::scope(|scope| {
        let again = scope.spawn(|| {
            std::thread::sleep(std::time::Duration::from_millis(1_500));
            drop(agent);
            std::thread::sleep(std::time::Duration::from_millis(700));
            Agent::start(&["--listen", &place])
        });
        let run = finish(command, folder, None);
        (again.join().unwrap(), run)
    });
    let seen = Seen::of(run, "host");
    let said = seen.run.said();
    let [lost, rest @ ..] = &seen.events[..] else { panic!("{said}") };
    assert!(lost.starts_with(&format!("cannot watch agent {place}: ")), "{said}");
    let mut rest: Vec<_> = rest.iter().map(String::as_str).collect();
    rest.sort_unstable();
    let expected =
        [format!("agent {place} is watched again"), format!("agent {place} was started anew")];
    assert_eq!(rest, expected, "{said}");
    drop(second);
}

#[test]
fn a_page_for_prometheus() {
    let agent = Agent::start(&["--listen", "127.0.0.1:0", "--open-metrics"]);
    let page =
        |agent: &Agent| plimsoll_e2e::http::try_get(agent.address.port(), "/metrics", &[]).unwrap();
    let (status, body) = page(&agent);
    assert_eq!(status, 200, "{body}");
    assert!(
        body.contains(
            "# HELP host_memory_total_bytes All memory (bytes)\n# TYPE host_memory_total_bytes gauge\nhost_memory_total_bytes{host=\"app1\"} "
        ),
        "{body}"
    );
    let closed = Agent::start(&["--listen", "127.0.0.1:0"]);
    assert_eq!(page(&closed).0, 401);
    // One agent may watch the page of another.
    let seen = Seen::of(
        {
            let what = format!("prometheus:http://{}/metrics#host_memory", agent.address);
            let (command, folder) = watch(&[&what]);
            finish(command, folder, None)
        },
        "exported_host",
    );
    let said = seen.run.said();
    assert!(seen.value("host_memory_total_bytes", "app1") > 0.0, "{said}");
}

#[test]
fn a_real_prometheus_scrapes_it_with_the_token() {
    let agent = Agent::start(&["--listen", "127.0.0.1:0", "name:plimsoll"]);
    let prometheus = Prometheus::start_with(&format!(
        "scrape_configs:\n\
         - job_name: agent\n  scrape_interval: 1s\n  scrape_timeout: 1s\n\
         \x20 authorization: {{ credentials: hunter2 }}\n\
         \x20 static_configs: [{{ targets: ['{}'] }}]\n",
        agent.address
    ));
    let found = |expression: &str| {
        let unix = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        prometheus.query(expression, &unix.as_secs().to_string()).len()
    };
    let is_there = (0..500).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        found("process_memory_bytes{host=\"app1\",process=\"plimsoll\"} > 0") == 1
    });
    assert!(is_there, "up: {}", found("up == 1"));
    assert_eq!(found("host_major_faults_total{host=\"app1\"}"), 1);
}

#[test]
fn what_no_agent_can_be_started_with() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let check = |arguments: &[&str], code, expected: &str| {
        let run = plimsoll(&[&["watch", "--seconds", "1"], arguments].concat());
        assert_eq!(run.code, Some(code), "{arguments:?}: {}", run.said());
        assert!(run.stderr.contains(expected), "{arguments:?}: {}", run.said());
    };
    check(&["--listen", "0.0.0.0:0"], 104, "without a token only a loopback address");
    check(&["--listen", "0.0.0.0:0"], 104, "PLIMSOLL_TOKEN");
    check(&["--listen", &taken], 255, "in use");
    check(&["--listen", "app1:99999"], 255, "write IP:PORT");
    check(&["--listen", "0", "--token", " "], 104, "--token: the token is empty");
    check(&["--listen", "0", "--token-file", "none"], 104, "read none: No such file");
    check(&["--listen", "0", "--tls-cert", "x"], 255, "--tls-key");
    check(&["--open-metrics"], 255, "--listen");
    check(&["--listen", "0", "--json"], 255, "cannot be used with");
    check(&["agent:"], 104, "--watch agent:");
    check(&["redis://:hunter2@h:x"], 104, "--watch redis://****@h:x: not a URL");
}

/// `plimsoll watch | head`: it ends when nobody reads any more.
#[test]
fn a_closed_pipe_is_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut watch: Command = command(Tool::Plimsoll, folder.path());
    watch.args(["watch", "--watch-every", "100ms", "--seconds", "60"]).stdout(Stdio::piped());
    let mut child = watch.stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains(" host "), "{line}");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}
