//! What `plimsoll capacity --watch` names as the limit of services whose limit is set.
//!
//! On a machine that has no time for it a search may end before it knows, and then nothing is named; what is
//! named must be right. No timings: what a service can do at most is all that is certain.

use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use plimsoll_e2e::{Run, Tool, Web, cgroup::Cgroup, command, finish, untested::not_tested};
use serde_json::Value;

use crate::limits::Service;

/// From this share of its cores in use on, a machine may itself be the limit.
const BUSY: f64 = 0.9;

fn search(url: &str, flags: &[&str]) -> (Run, Value) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(["capacity", url, "--slo", "p(99)<500ms", "--budget", "30s", "--json"]);
    command.args(flags);
    let run = finish(command, folder, None);
    let result = result(&run);
    (run, result)
}

fn result(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.said()))
}

/// Means of a watched metric, one for each trial that has it.
fn means(result: &Value, metric: &str, tag: (&str, &str)) -> Vec<f64> {
    let trials = result["trials"].as_array().unwrap().iter();
    let signals = trials.flat_map(|trial| trial["watched"].as_array().unwrap());
    let of = signals.filter(|it| it["metric"] == metric && it["tags"][tag.0] == tag.1);
    of.map(|signal| signal["mean"].as_f64().unwrap()).collect()
}

/// Whether `resource` was named; nothing else may be.
#[track_caller]
fn is_named(result: &Value, resource: &str, run: &Run) -> bool {
    let named = &result["bottleneck"];
    if named.is_null() {
        not_tested(&format!("nothing was named: {}", result["not_identified"]));
        return false;
    }
    let trials = result["trials"].as_array().unwrap().iter();
    let signals = trials.flat_map(|trial| trial["watched"].as_array().unwrap());
    let host = signals.filter(|it| it["metric"] == "host_cpu_utilization");
    let busiest = host.filter_map(|it| it["mean"].as_f64()).fold(0.0, f64::max);
    if busiest >= BUSY && named["resource"] == "host_cpu" {
        not_tested("others take this machine");
        return false;
    }
    assert_eq!(named["resource"], resource, "{}\n{result:#}", run.said());
    true
}

/// The quota is found by the port that the service listens at.
#[test]
fn a_cpu_quota_is_named_by_its_process() {
    let service = match Service::start(&["--cpu-budget", "0.25"]) {
        Ok(service) => service,
        Err(said) => {
            not_tested(&format!("no quota is permitted here: {said}"));
            return;
        }
    };
    let watched = format!("port:{}", service.port);
    let url = format!("http://127.0.0.1:{}/work?cpu_ms=2", service.port);
    let (run, result) = search(&url, &["--watch", &watched]);
    let quotas = means(&result, "cgroup_cpu_quota", ("cgroup", &watched));
    assert!(!quotas.is_empty() && quotas.iter().all(|cores| *cores == 0.25), "{}", run.said());
    let of_process = means(&result, "process_cpu_utilization", ("process", &watched));
    let of_cgroup = means(&result, "cgroup_cpu_utilization", ("cgroup", &watched));
    assert_eq!(of_process.len(), of_cgroup.len(), "{result:#}");
    if is_named(&result, "cpu_quota", &run) {
        let named = &result["bottleneck"];
        assert_eq!(named["place"]["name"], watched, "{result:#}");
        assert!(named["demand"].as_str().unwrap().ends_with(" ms"), "{result:#}");
        // 125 a second if HTTP cost nothing; shares are read to some per cent.
        assert!(named["limit"]["value"].as_f64().unwrap() <= 140.0, "{result:#}");
    }
    service.end(Signal::SIGTERM);
}

/// 20 ms in one of two places each: the CPU has next to nothing to do.
#[test]
fn a_pool_is_named_and_not_the_cpu() {
    let service = Service::start(&["--pool", "2"]).unwrap();
    let [process, page] = [
        format!("port:{}", service.port),
        format!("prometheus:http://127.0.0.1:{}/metrics", service.port),
    ];
    let url = format!("http://127.0.0.1:{}/work?sleep_ms=20", service.port);
    let (run, result) = search(&url, &["--watch", &process, "--watch", &page]);
    if is_named(&result, "pool", &run) {
        let limit = result["bottleneck"]["limit"]["value"].as_f64().unwrap();
        assert!(limit <= 120.0, "{limit}: {result:#}");
    }
    service.end(Signal::SIGTERM);
}

/// Writes that are synced, some at a time. A disk that is fast may be limited by something else.
#[test]
fn a_disk_or_nothing_is_named() {
    // The system's temporary files may be in memory; these are beside the program.
    let folder = tempfile::tempdir_in(Tool::Plimsoll.binary().parent().unwrap()).unwrap();
    let service = Service::start(&["--disk", folder.path().to_str().unwrap()]).unwrap();
    let watched = format!("port:{}", service.port);
    let url = format!("http://127.0.0.1:{}/work?write_kb=256", service.port);
    let (run, result) = search(&url, &["--watch", &watched]);
    if !result["bottleneck"].is_null() {
        is_named(&result, "disk", &run);
    }
    service.end(Signal::SIGTERM);
}

/// Each request has a connection of its own, of which one is accepted in 10 ms.
#[test]
fn an_accept_queue_is_named() {
    let flags = ["--threads", "1", "--accept-pause", "10ms", "--backlog", "8"];
    let service = Service::start(&flags).unwrap();
    let watched = format!("port:{}", service.port);
    let url = format!("http://127.0.0.1:{}/work", service.port);
    let (run, result) = search(&url, &["-keepalive=false", "--watch", &watched]);
    if let Some(capacity) = result["capacity"]["value"].as_f64() {
        assert!(capacity <= 105.0, "{}", run.said());
    }
    is_named(&result, "listen_queue", &run);
    service.end(Signal::SIGTERM);
}

/// Whoever sleeps is not busy, however many do: every rate that is tried is kept, and nothing is the limit.
#[test]
fn sleeping_is_no_limit() {
    let service = Service::start(&[]).unwrap();
    let watched = format!("port:{}", service.port);
    let url = format!("http://127.0.0.1:{}/work?sleep_ms=50", service.port);
    let (run, result) = search(&url, &["--watch", &watched, "--max", "120"]);
    let is_kept = |trial: &Value| trial["verdict"] != "not kept";
    if result["trials"].as_array().unwrap().iter().all(is_kept) {
        assert!(result["bottleneck"].is_null(), "{}", run.said());
        let reason = result["not_identified"]["reason"].as_str().unwrap();
        assert!(["not_reached", "too_few_trials"].contains(&reason), "{result:#}");
    } else {
        not_tested("others take this machine");
    }
    service.end(Signal::SIGTERM);
}

#[test]
fn a_generator_under_a_quota_gives_no_capacity() {
    let Some(cgroup) = Cgroup::with_cores(0.1) else {
        not_tested("no quota is permitted here");
        return;
    };
    let web = Web::start();
    let folder = tempfile::tempdir().unwrap();
    // In the cgroup before it looks what it may use.
    let mut capacity = Command::new("sh");
    capacity.args(["-c", "for file in $0; do echo $$ > $file; done; exec \"$@\""]);
    capacity.arg(cgroup.member_files().join(" ")).arg(Tool::Plimsoll.binary());
    capacity.args(["capacity", &format!("{}/work", web.url), "--slo", "p(99)<200ms"]);
    capacity.args(["--budget", "30s", "--json", "--state", "trials.jsonl"]);
    capacity.current_dir(folder.path()).stdin(Stdio::null());
    let run = finish(capacity, folder, None);
    let result = result(&run);
    assert_eq!((run.code, result["verdict"].as_str()), (Some(111), Some("invalid")), "{result:#}");
    assert!(result["capacity"].is_null(), "{result:#}");
}
