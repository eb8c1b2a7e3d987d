//! A run whose service is on another host: in a network namespace where we may make one, else at
//! another loopback address.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use plimsoll_e2e::{Run, Tool, command, finish};

/// Ends with the value.
struct Host {
    /// Where it has a network of its own.
    namespace: Option<String>,
    ip: String,
    children: Vec<Child>,
}

impl Host {
    fn start() -> Host {
        let id = std::process::id();
        let (name, link) = (format!("plimsoll-{id}"), format!("pl{id}"));
        let (subnet, ip) = (id / 60 % 250, id % 60 * 4);
        let address = |end: u32| format!("10.213.{subnet}.{}", ip + end);
        let (ours, theirs) = (format!("{}/30", address(1)), format!("{}/30", address(2)));
        let steps: [&[&str]; 7] = [
            &["netns", "add", &name],
            &["link", "add", &link, "type", "veth", "peer", "name", "eth0", "netns", &name],
            &["address", "add", &ours, "dev", &link],
            &["link", "set", &link, "up"],
            &["-netns", &name, "address", "add", &theirs, "dev", "eth0"],
            &["-netns", &name, "link", "set", "eth0", "up"],
            &["-netns", &name, "link", "set", "lo", "up"],
        ];
        let mut host = Host { namespace: Some(name.clone()), ip: address(2), children: Vec::new() };
        if !steps.iter().all(|step| is_done("ip", step)) {
            // Whatever was made is taken down.
            drop(host);
            host = Host { namespace: None, ip: "127.0.0.1".to_owned(), children: Vec::new() };
        }
        host
    }

    /// Starts a verb of plimsoll there; the port from its ready line.
    fn spawn(&mut self, arguments: &[&str], token: &str) -> u16 {
        let binary = Tool::Plimsoll.binary();
        let mut command = match &self.namespace {
            Some(name) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", name]).arg(binary);
                command
            }
            None => Command::new(binary),
        };
        command.args(arguments).env("PLIMSOLL_TOKEN", token);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        self.children.push(child);
        let port = line.trim().rsplit(':').next().and_then(|port| port.parse().ok());
        port.unwrap_or_else(|| panic!("no port in the ready line: {line:?}"))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        for child in &mut self.children {
            // `ip netns exec` becomes the program, so that this ends it.
            let killed = child.kill();
            let waited = child.wait();
            assert!(killed.is_ok() || waited.is_ok(), "a program could not be stopped");
        }
        if let Some(name) = &self.namespace {
            is_done("ip", &["netns", "delete", name]);
        }
    }
}

fn is_done(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[test]
fn its_figures_are_in_the_run() {
    let mut host = Host::start();
    let ip = host.ip.clone();
    let port = host.spawn(&["serve", "web", "--host", &ip, "--seconds", "60"], "");
    let listen = format!("{ip}:0");
    let what = format!("port:{port}");
    let arguments = [
        "watch",
        "--listen",
        &listen,
        "--name",
        "app1",
        "--watch-every",
        "200ms",
        "--seconds",
        "60",
        &what,
    ];
    let agent = format!("agent:{ip}:{}", host.spawn(&arguments, "hunter2"));
    let source = format!(
        "import http from 'k6/http';
        export const options = {{ vus: 1, duration: '3s', thresholds: {{
          'host_memory_total_bytes{{host:app1}}': ['min>0'],
          'process_cpu_utilization{{host:app1,process:{what}}}': ['max>0'],
          'host_network_received_bytes{{host:app1}}': ['count>0'],
        }} }};
        export default function () {{ http.get('http://{ip}:{port}/'); }}"
    );
    let run = |token: &str| -> Run {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("script.js"), &source).unwrap();
        let mut command = command(Tool::Plimsoll, folder.path());
        command.args(["run", "--watch", &agent, "script.js"]).env("PLIMSOLL_WATCH_TOKEN", token);
        finish(command, folder, None)
    };
    let good = run("hunter2");
    assert_eq!(good.code, Some(0), "{}", good.said());
    let bad = run("hunter3");
    assert_eq!(bad.code, Some(99), "no figures, so no threshold holds: {}", bad.said());
    let refusals = bad.stderr.matches("it refuses the token: it is not the agent's");
    assert_eq!(refusals.count(), 1, "{}", bad.said());
}
