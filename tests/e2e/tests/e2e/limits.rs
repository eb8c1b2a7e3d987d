//! `plimsoll serve web` with one resource that is scarce. All bounds are upper ones, which a slow machine
//! cannot break: a service may do less than its limit allows, never more.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use plimsoll_e2e::{Tool, command, finish, http, postgres::Postgres, signal, untested::not_tested};

use crate::services::{Seen, watch_for};

/// For how long a service is loaded.
const LOAD: Duration = Duration::from_millis(1_000);
/// Requests at a time.
const CLIENTS: usize = 8;

/// `serve web` with its ready lines.
pub(crate) struct Service {
    child: Child,
    pub(crate) port: u16,
    /// Below the mounted hierarchies, if it has a budget.
    cgroup: Option<String>,
}

impl Service {
    /// What it says instead when it cannot start.
    pub(crate) fn start(arguments: &[&str]) -> Result<Service, String> {
        let mut command = Command::new(Tool::Plimsoll.binary());
        command.args(["serve", "web", "--seconds", "120"]).args(arguments).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let Some(port) = line.trim().rsplit(':').next().and_then(|port| port.parse().ok()) else {
            let mut said = String::new();
            stderr.read_to_string(&mut said).unwrap();
            assert_eq!(child.wait().unwrap().code(), Some(255), "{said}");
            return Err(said);
        };
        let mut cgroup = None;
        if arguments.contains(&"--cpu-budget") || arguments.contains(&"--disk-rate") {
            let mut line = String::new();
            stderr.read_line(&mut line).unwrap();
            cgroup = line.trim().rsplit_once("cgroup:").map(|(_, path)| path.to_owned());
            assert!(cgroup.is_some(), "no cgroup in {line:?}");
        }
        Ok(Service { child, port, cgroup })
    }

    fn get(&self, path: &str) -> Option<(u16, String)> {
        http::try_get(self.port, path, &[])
    }

    /// Of `/metrics`.
    fn metric(&self, name: &str) -> f64 {
        let (status, page) = self.get("/metrics").unwrap();
        assert_eq!(status, 200, "{page}");
        let found = page.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        found.unwrap_or_else(|| panic!("no {name} in\n{page}"))
    }

    /// Asks for `path` again and again, with [`CLIENTS`] at a time.
    fn load(&self, path: &str) -> Load {
        let began = Instant::now();
        let ask = || {
            let mut load = Load::default();
            while began.elapsed() < LOAD {
                match self.get(path) {
                    Some((200, body)) => {
                        load.done += 1;
                        load.bytes += body.len();
                    }
                    Some((503, _)) => load.refused += 1,
                    other => panic!("{path}: {other:?}"),
                }
            }
            load
        };
        let mut all = thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(ask)).collect();
            clients.into_iter().map(|client| client.join().unwrap()).fold(
                Load::default(),
                |a, b| Load {
                    done: a.done + b.done,
                    refused: a.refused + b.refused,
                    bytes: a.bytes + b.bytes,
                    time: a.time,
                },
            )
        });
        all.time = began.elapsed();
        assert!(all.done > 0, "{path}: {all:?}");
        all
    }

    /// Ends it with a signal, and sees that its cgroup has gone with it.
    pub(crate) fn end(mut self, by: Signal) {
        signal(&self.child, by);
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        if let Some(path) = &self.cgroup {
            assert_eq!(folders(path), Vec::<PathBuf>::new(), "{path} is still there");
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It has ended by itself, unless the test fails.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[derive(Debug, Default)]
struct Load {
    done: usize,
    refused: usize,
    bytes: usize,
    time: Duration,
}

/// Of a cgroup, in every hierarchy.
fn folders(path: &str) -> Vec<PathBuf> {
    let root = Path::new("/sys/fs/cgroup");
    let roots = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let all = roots.chain([root.to_owned()]).map(|root| root.join(path.trim_start_matches('/')));
    all.filter(|folder| folder.is_dir()).collect()
}

/// User and system time, children aside.
fn cpu_time(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // Behind the name, which may have spaces and parentheses.
    let fields = stat.rsplit_once(')').unwrap().1.split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
    // The kernel tells 100 ticks a second on every machine.
    Duration::from_millis(ticks * 10)
}

#[test]
fn a_pool_works_on_so_many_requests_at_a_time() {
    let service = Service::start(&["--pool", "2"]).unwrap();
    let load = service.load("/work?sleep_ms=20");
    // One request per place and 20 ms, and those that were begun with.
    let most = 2.0 * (load.time.as_secs_f64() / 0.020 + 1.0);
    assert!(load.done as f64 <= most, "{load:?}, at most {most}");
    assert_eq!(load.refused, 0);
    assert_eq!(service.metric("web_pool_size"), 2.0);
    assert_eq!(service.metric("web_pool_wait_seconds_count"), load.done as f64);
    assert_eq!(service.metric("web_pool_waiting"), 0.0);
    assert!(service.metric("web_pool_wait_seconds_sum") > 0.0);
    assert!(service.metric("web_pool_busy_seconds_total") >= 0.020 * load.done as f64);
    service.end(Signal::SIGTERM);
}

#[test]
fn a_full_queue_refuses_with_503() {
    let service = Service::start(&["--pool", "1", "--pool-queue", "2"]).unwrap();
    let load = service.load("/work?sleep_ms=50");
    // Eight ask, one is worked on, two wait.
    assert!(load.refused > 0, "{load:?}");
    assert_eq!(service.metric("web_pool_refused_total"), load.refused as f64);
    assert_eq!(service.metric("web_pool_queue_limit"), 2.0);
    service.end(Signal::SIGINT);
}

#[test]
fn a_watch_sees_who_waits() {
    let service = Service::start(&["--pool", "2"]).unwrap();
    let page = format!("prometheus:http://127.0.0.1:{}/metrics", service.port);
    let (command, folder) = watch_for("2", &[&page]);
    let run = thread::scope(|scope| {
        let watching = scope.spawn(|| finish(command, folder, None));
        while !watching.is_finished() {
            service.load("/work?sleep_ms=20");
        }
        watching.join().unwrap()
    });
    let seen = Seen::of(run, "none");
    let said = seen.run.said();
    assert_eq!(seen.value("web_pool_size", ""), 2.0, "{said}");
    assert_eq!(seen.value("web_pool_in_use", ""), 2.0, "{said}");
    assert!(seen.value("web_pool_waiting", "") >= 1.0, "{said}");
    assert!(seen.value("web_pool_wait_seconds_sum", "") > 0.0, "{said}");
    service.end(Signal::SIGTERM);
}

#[test]
fn a_lock_is_held_by_one_at_a_time() {
    let service = Service::start(&["--lock", "--threads", "4"]).unwrap();
    let load = service.load("/work?cpu_ms=10");
    let most = load.time.as_secs_f64() / 0.010 + 1.0;
    assert!(load.done as f64 <= most, "{load:?}, at most {most}");
    // CPU time passes no faster than time.
    assert!(service.metric("web_lock_busy_seconds_total") <= load.time.as_secs_f64());
    assert_eq!(service.metric("web_lock_wait_seconds_count"), load.done as f64);
    assert!(service.metric("web_lock_wait_seconds_sum") > 0.0);
    service.end(Signal::SIGTERM);
}

#[test]
fn a_link_carries_so_many_bytes() {
    for arguments in [&["--bandwidth", "1MB/s"][..], &["--bandwidth", "8Mbit/s", "--pool", "100"]] {
        let service = Service::start(arguments).unwrap();
        // The second is sent in several pieces.
        for path in ["/work?bytes=10000", "/work?bytes=100000"] {
            let before = service.metric("web_link_sent_bytes_total");
            let load = service.load(path);
            // What had gathered before the load may go at once, 20 ms worth.
            let most = 1e6 * (load.time.as_secs_f64() + 0.020);
            assert!(load.bytes as f64 <= most, "{path}: {load:?}, at most {most}");
            let sent = service.metric("web_link_sent_bytes_total") - before;
            assert!(sent >= load.bytes as f64 && sent <= most, "{path}: {load:?}: {sent} sent");
        }
        assert!(service.metric("web_link_wait_seconds_sum") > 0.0);
        service.end(Signal::SIGTERM);
    }
}

#[test]
fn a_disk_has_what_it_was_told() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(&["--disk", folder.path().to_str().unwrap()]).unwrap();
    let load = service.load("/work?write_kb=4");
    assert_eq!(load.refused, 0, "{load:?}");
    assert_eq!(service.metric("web_disk_writes_total"), load.done as f64);
    assert_eq!(service.metric("web_disk_written_bytes_total"), 4096.0 * load.done as f64);
    assert!(service.metric("web_disk_write_seconds_total") > 0.0);
    // Nobody sees the file, and nothing is left of it however the service ends.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    service.end(Signal::SIGTERM);
    let service = Service::start(&[]).unwrap();
    let (status, page) = service.get("/work?write_kb=4").unwrap();
    assert!(status == 400 && page.contains("--disk DIR"), "{status}: {page}");
    service.end(Signal::SIGTERM);
    let said = Service::start(&["--disk", "/no/such/folder"]).err().unwrap();
    assert!(said.contains("--disk /no/such/folder: No such file"), "{said}");
}

/// Where cgroups can be written the rate is tested, elsewhere the message.
#[test]
fn a_disk_rate_is_kept_and_its_cgroup_goes() {
    // The system's temporary files may be in memory, which has no rate.
    let folder = tempfile::tempdir_in(Tool::Plimsoll.binary().parent().unwrap()).unwrap();
    let disk = ["--disk", folder.path().to_str().unwrap(), "--disk-rate", "400kB/s"];
    let service = match Service::start(&disk) {
        Ok(service) => service,
        Err(said) => {
            not_tested(&format!("no rate is permitted here: {said}"));
            assert!(said.contains("--disk-rate: "), "{said}");
            return;
        }
    };
    let load = service.load("/work?write_kb=16");
    // What is begun with may go at once.
    let most = 400e3 * (load.time.as_secs_f64() + 0.5) / 16_384.0;
    assert!(load.done as f64 <= most, "{load:?}, at most {most}");
    let path = service.cgroup.clone().unwrap();
    let (mut watch, watched) = watch_for("2", &[&format!("cgroup:{path}")]);
    watch.stdin(Stdio::null());
    let run = thread::scope(|scope| {
        let watching = scope.spawn(|| finish(watch, watched, None));
        while !watching.is_finished() {
            service.load("/work?write_kb=16");
        }
        watching.join().unwrap()
    });
    let seen = Seen::of(run, "none");
    assert!(seen.value("cgroup_disk_utilization", "") > 0.3, "{}", seen.run.said());
    service.end(Signal::SIGTERM);
}

/// Each request of these clients has a connection of its own.
#[test]
fn connections_are_accepted_one_after_the_other() {
    let service = Service::start(&["--threads", "1", "--accept-pause", "20ms"]).unwrap();
    let load = service.load("/work");
    let most = load.time.as_secs_f64() / 0.020 + 1.0;
    assert!(load.done as f64 <= most, "{load:?}, at most {most}");
    service.end(Signal::SIGTERM);
}

/// Where cgroups can be written the budget is tested, elsewhere the message.
#[test]
fn a_cpu_budget_is_kept_and_its_cgroup_goes() {
    let service = match Service::start(&["--cpu-budget", "0.25"]) {
        Ok(service) => service,
        Err(said) => {
            println!("tested: the error where no quota is permitted: {said}");
            assert!(said.contains("--cpu-budget: "), "{said}");
            assert!(said.contains("systemd-run --scope -p CPUQuota=25%"), "{said}");
            return;
        }
    };
    println!("tested: the quota of {:?}", service.cgroup);
    let pid = service.child.id();
    let before = (Instant::now(), cpu_time(pid));
    service.load("/work?cpu_ms=2");
    let used = cpu_time(pid) - before.1;
    // A tick of each end, and what each core may have kept of the quotas before: 5 ms at most.
    let slack = Duration::from_millis(2 * 10 + 2 * 5);
    let most = before.0.elapsed().mul_f64(0.25) + slack;
    assert!(used <= most, "{used:?} used, at most {most:?}");

    let path = service.cgroup.clone().unwrap();
    assert!(!folders(&path).is_empty());
    let (mut watch, folder) = watch_for("2", &[&format!("cgroup:{path}")]);
    watch.stdin(Stdio::null());
    let run = thread::scope(|scope| {
        let watching = scope.spawn(|| finish(watch, folder, None));
        while !watching.is_finished() {
            service.load("/work?cpu_ms=2");
        }
        watching.join().unwrap()
    });
    let seen = Seen::of(run, "none");
    let said = seen.run.said();
    assert_eq!(seen.value("cgroup_cpu_quota", ""), 0.25, "{said}");
    assert!(seen.value("cgroup_cpu_throttled_share", "") > 0.0, "{said}");
    assert!(seen.value("cgroup_cpu_utilization", "") > 0.0, "{said}");
    service.end(Signal::SIGTERM);
}

/// As somebody who may write no cgroup.
#[test]
fn a_cpu_budget_that_is_not_permitted_is_an_error_with_a_hint() {
    const NOBODY: u32 = 65_534;
    let folder = tempfile::tempdir().unwrap();
    let mut serve = Command::new(Tool::Plimsoll.binary());
    serve.args(["serve", "web", "--seconds", "1", "--cpu-budget", "0.25"]);
    serve.current_dir("/").stdin(Stdio::null());
    if nix::unistd::geteuid().is_root() {
        serve.uid(NOBODY);
        // Nobody may be kept out of the folder that the program is in.
        let mut ask = Command::new(Tool::Plimsoll.binary());
        ask.arg("version").uid(NOBODY).current_dir("/").stdout(Stdio::null());
        if ask.status().is_err() {
            not_tested(&format!("{} is not everybody's", Tool::Plimsoll.binary().display()));
            return;
        }
    }
    let run = finish(serve, folder, None);
    if run.code == Some(0) {
        not_tested("cgroups are everybody's here");
        return;
    }
    assert_eq!(run.code, Some(255), "{}", run.said());
    for expected in ["--cpu-budget: ", "cgroup", "systemd-run --scope -p CPUQuota=25%"] {
        assert!(run.stderr.contains(expected), "{}", run.said());
    }
}

#[test]
fn what_a_killed_service_left_goes_at_the_next_start() {
    let arguments = ["--cpu-budget", "0.5", "--cpu-period", "20ms"];
    let Ok(mut killed) = Service::start(&arguments) else {
        not_tested("no quota is permitted here");
        return;
    };
    killed.child.kill().unwrap();
    killed.child.wait().unwrap();
    let left = killed.cgroup.clone().unwrap();
    assert!(!folders(&left).is_empty());
    let next = Service::start(&arguments).unwrap();
    assert_eq!(folders(&left), Vec::<PathBuf>::new());
    next.end(Signal::SIGINT);
}

#[test]
fn limits_that_cannot_be() {
    let check = |arguments: &[&str], expected: &str| {
        let folder = tempfile::tempdir().unwrap();
        let mut serve = command(Tool::Plimsoll, folder.path());
        serve.args(["serve", "web", "--seconds", "1"]).args(arguments);
        let run = finish(serve, folder, None);
        assert_eq!(run.code, Some(255), "{arguments:?}: {}", run.said());
        assert!(run.stderr.contains(expected), "{arguments:?}: {}", run.said());
    };
    check(&["--cpu-budget", "0"], "at least 0.01");
    check(&["--cpu-budget", "NaN"], "at least 0.01");
    check(&["--cpu-budget", "5000"], "this process may use");
    check(&["--cpu-budget", "0.05", "--cpu-period", "10ms"], "less than 1 ms");
    check(&["--cpu-budget", "0.5", "--cpu-period", "2s"], "from 1ms to 1s");
    check(&["--cpu-period", "10ms"], "--cpu-budget");
    check(&["--pool", "0"], "from 1 to 100000");
    check(&["--pool-queue", "5"], "--pool");
    check(&["--bandwidth", "1"], "such as 1MB/s");
    check(&["--bandwidth", "1B/s"], "from 1kB/s");
    check(&["--threads", "0"], "1..=256");
    check(&["--disk-rate", "1MB/s"], "--disk");
    check(&["--backlog", "0"], "1..=65535");
    check(&["--accept-pause", "11s"], "up to 10s");
}

/// A service without limits has no page about them.
#[test]
fn without_limits_there_is_nothing_to_tell() {
    let service = Service::start(&[]).unwrap();
    assert_eq!(service.get("/metrics").unwrap().0, 404);
    service.end(Signal::SIGTERM);
}

/// The work of the page is the database's.
#[test]
fn a_page_of_a_database() {
    let postgres = Postgres::start();
    let service = Service::start(&["--threads", "1", "--pool", "3", "--postgres", &postgres.url()]);
    let service = service.unwrap();
    let (status, page) = service.get("/query?rows=4").unwrap();
    let sum: f64 = page.trim().parse().unwrap();
    // 1 + 1.414 + 1.732 + 2
    assert!(status == 200 && (sum - 6.146_264).abs() < 1e-5, "{status}: {page}");
    let load = service.load("/query?rows=100");
    assert_eq!(load.refused, 0, "{load:?}");
    assert_eq!(service.metric("web_pool_wait_seconds_count"), load.done as f64 + 1.0);
    drop(postgres);
    let (status, page) = service.get("/query").unwrap();
    assert!(status == 502 && page.contains("the database: "), "{status}: {page}");
    service.end(Signal::SIGTERM);
}
