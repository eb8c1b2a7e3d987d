//! What it costs to look: sampling of processes, and the load with and without each way to see it.

use std::{
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::PathBuf,
    process::Command,
    thread,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

mod threads;

use super::{
    Settings,
    process::{GENERATOR_CORE, SERVER_CORE, Usage, measure, pinned},
    server::{Nginx, Webs, plimsoll, scratch},
    table::{Figure, compare, median},
};
use crate::command::capture;
use threads::Threads;

/// Processes whose sampling is measured, and the share of a core that it may take.
const WATCHED: usize = 20;
const SAMPLING_SHARE_MAX: f64 = 0.005;
/// What a start and an end cost is left out.
const START_UP: Duration = Duration::from_secs(2);
/// Throughput with all ways to look, divided by that with none.
const THROUGHPUT_RATIO_MIN: f64 = 0.97;
/// Of a core, by all threads that do not send, beyond what they take when nobody looks.
const LOOKING_SHARE_MAX: f64 = 0.03;
/// A round is cut into runs with and without in turn, which are at least so long.
const RUN_MIN: Duration = Duration::from_secs(3);
/// Pairs of runs in a round.
const PAIRS: u32 = 2;
const CONNECTIONS: &str = "30";

const GET: &str = "
import http from 'k6/http';
import { check } from 'k6';
export default function () {
  const res = http.get(__ENV.TARGET);
  check(res, { 'status is 200': (r) => r.status === 200 });
}
";

/// A way to look at a run, and which of the flags below it turns on.
struct Look {
    name: &'static str,
    dashboard: bool,
    watch: bool,
    influxdb: bool,
    remote_write: bool,
}

const NOTHING: Look =
    Look { name: "nothing", dashboard: false, watch: false, influxdb: false, remote_write: false };
static LOOKS: [Look; 5] = [
    Look { name: "--dashboard with one reader", dashboard: true, ..NOTHING },
    Look { name: "--watch", watch: true, ..NOTHING },
    Look { name: "--out influxdb", influxdb: true, ..NOTHING },
    Look { name: "--out experimental-prometheus-rw", remote_write: true, ..NOTHING },
    Look { name: "all of them", dashboard: true, watch: true, influxdb: true, remote_write: true },
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Run,
    Attack,
}

struct Bench {
    plimsoll: PathBuf,
    folder: PathBuf,
    duration: Duration,
    nginx: Nginx,
}

pub(super) fn run(settings: &Settings) -> Result<()> {
    let folder = scratch("watch")?;
    let plimsoll = plimsoll()?;
    let duration = (settings.duration / PAIRS).max(RUN_MIN);
    let (rounds, pairs) = (settings.rounds, PAIRS);
    println!("{rounds} rounds of {pairs} pairs of runs of {} s, medians", duration.as_secs_f64());
    println!("servers and receivers on core 0, plimsoll on core 1");
    let nginx = Nginx::start(&folder)?;
    let bench = Bench { plimsoll, folder, duration, nginx };
    if settings.wants("sampling") {
        sampling(&bench, settings)?;
    }
    for (verb, name) in [(Verb::Run, "run"), (Verb::Attack, "attack")] {
        if settings.wants(name) {
            looks(&bench, settings, verb)?;
        }
    }
    Ok(())
}

/// `plimsoll watch` on processes that do nothing: what remains is the sampling.
fn sampling(bench: &Bench, settings: &Settings) -> Result<()> {
    let webs = Webs::start(&bench.plimsoll, WATCHED)?;
    let mut share = Figure::new("CPU, of a core", "%");
    let mut memory = Figure::new("peak memory", "MB");
    for _ in 0..settings.rounds {
        let mut command = pinned(GENERATOR_CORE, &bench.plimsoll);
        let seconds = (START_UP + settings.duration + START_UP).as_secs();
        command.arg("watch").args(["--seconds", &seconds.to_string()]);
        for pid in webs.pids() {
            command.args(["--watch", &format!("pid:{pid}")]);
        }
        let usage = measure(command, &bench.folder, &[])?;
        share.ours.push(usage.shares(START_UP)?.values().sum::<f64>() * 100.0);
        #[expect(clippy::cast_precision_loss, reason = "memory sizes are far below 2^53")]
        memory.ours.push(usage.peak_memory_bytes as f64 / 1e6);
    }
    let taken = median(&share.ours) / 100.0;
    compare(&format!("{WATCHED} processes at 1 s"), ["watch", "-"], &[share, memory]);
    verdict(taken < SAMPLING_SHARE_MAX, &format!("under {} % of a core", SAMPLING_SHARE_MAX * 1e2));
    Ok(())
}

/// What runs with one way to look took, each beside one without.
struct Comparison {
    look: &'static Look,
    rate: Figure,
    cpu: Figure,
    lost: Figure,
    on: Threads,
    off: Threads,
}

impl Comparison {
    fn new(look: &'static Look) -> Comparison {
        Comparison {
            look,
            rate: Figure::new("requests per second", "1/s"),
            cpu: Figure::new("CPU per request", "us"),
            lost: Figure::new("points not delivered", "%"),
            on: Threads::default(),
            off: Threads::default(),
        }
    }

    /// Both runs; which of the two is first changes from pair to pair.
    fn add(&mut self, bench: &Bench, verb: Verb, is_off_first: bool) -> Result<()> {
        let (on, off) = if is_off_first {
            let off = bench.load(verb, &NOTHING)?;
            (bench.load(verb, self.look)?, off)
        } else {
            (bench.load(verb, self.look)?, bench.load(verb, &NOTHING)?)
        };
        let Comparison { rate, cpu, .. } = self;
        self.lost.ours.extend(on.lost_share.map(|share| share * 100.0));
        for (taken, rate, cpu, threads) in [
            (&on, &mut rate.ours, &mut cpu.ours, &mut self.on),
            (&off, &mut rate.peer, &mut cpu.peer, &mut self.off),
        ] {
            rate.push(taken.requests / bench.duration.as_secs_f64());
            cpu.push(taken.usage.cpu.as_secs_f64() * 1e6 / taken.requests);
            threads.add(&taken.usage)?;
        }
        Ok(())
    }

    fn print(&self, verb: Verb) {
        let word = if verb == Verb::Run { "run" } else { "attack" };
        let case = format!("{word}, closed model, {CONNECTIONS} connections: {}", self.look.name);
        let figures = [&self.rate, &self.cpu, &self.lost];
        let kept = figures.into_iter().filter(|figure| !figure.ours.is_empty()).cloned();
        compare(&case, ["on", "off"], &kept.collect::<Vec<_>>());
        threads::print(&self.on, &self.off);
    }
}

fn looks(bench: &Bench, settings: &Settings, verb: Verb) -> Result<()> {
    let mut all: Vec<Comparison> = LOOKS.iter().map(Comparison::new).collect();
    for pair in 0..settings.rounds * PAIRS as usize {
        for comparison in &mut all {
            comparison.add(bench, verb, pair.is_multiple_of(2))?;
        }
    }
    all.iter().for_each(|comparison| comparison.print(verb));
    if let Some(Comparison { rate, on, off, .. }) = all.last() {
        let asked = format!("with all of them, at least {THROUGHPUT_RATIO_MIN} of the throughput");
        verdict(rate.ratio().0 >= THROUGHPUT_RATIO_MIN, &asked);
        let taken = on.beside_the_load() - off.beside_the_load();
        let limit = LOOKING_SHARE_MAX * 1e2;
        let asked = format!("with all of them, other threads take under {limit} % of a core more");
        verdict(taken < LOOKING_SHARE_MAX, &asked);
    }
    Ok(())
}

fn verdict(is_reached: bool, asked: &str) {
    println!("  {}: {asked}", if is_reached { "reached" } else { "MISSED" });
}

struct Taken {
    usage: Usage,
    requests: f64,
    /// Of the points that outputs were given.
    lost_share: Option<f64>,
}

impl Bench {
    /// One run at full throughput.
    fn load(&self, verb: Verb, look: &Look) -> Result<Taken> {
        let mut command = pinned(GENERATOR_CORE, &self.plimsoll);
        command.env("XDG_STATE_HOME", &self.folder);
        let seconds = format!("{}ms", self.duration.as_millis());
        let (summary, results) =
            (self.folder.join("summary.json"), self.folder.join("results.bin"));
        command.arg(if verb == Verb::Run { "run" } else { "attack" });
        let reader = self.ask(&mut command, look)?;
        match verb {
            Verb::Run => {
                let script = self.folder.join("get.js");
                std::fs::write(&script, GET)?;
                command.args(["--quiet", "--vus", CONNECTIONS, "--duration", &seconds]);
                command.arg("--summary-export").arg(&summary);
                command.arg("-e").arg(format!("TARGET={}", self.nginx.url)).arg(&script);
            }
            Verb::Attack => {
                command.arg("-output").arg(&results).args(["-rate", "0", "-duration", &seconds]);
                command.args(["-workers", CONNECTIONS, "-max-workers", CONNECTIONS]);
                command.arg(&self.nginx.url);
            }
        }
        let usage = measure(command, &self.folder, &[])?;
        if let Some(reader) = reader {
            let read = reader.join().ok().context("the dashboard's reader ended early")??;
            ensure!(read > 0, "the dashboard sent no events");
        }
        let (report, pointer) = match verb {
            Verb::Run => (std::fs::read_to_string(&summary)?, "/metrics/http_reqs/count"),
            Verb::Attack => {
                let mut report = Command::new(&self.plimsoll);
                (capture(report.args(["report", "-type", "json"]).arg(&results))?, "/requests")
            }
        };
        let report: Value = serde_json::from_str(&report)?;
        let requests = report.pointer(pointer).and_then(Value::as_f64);
        let said = std::fs::read_to_string(self.folder.join("stderr"))?;
        let requests = requests.with_context(|| format!("no {pointer}"))?;
        Ok(Taken { usage, requests, lost_share: lost_share(&said) })
    }

    /// Adds the flags of `look`; a dashboard gets somebody who reads it.
    fn ask(
        &self,
        command: &mut Command,
        look: &Look,
    ) -> Result<Option<thread::JoinHandle<Result<usize>>>> {
        if look.watch {
            command.args(["--watch", &format!("pid:{}", self.nginx.pid())]);
        }
        if look.influxdb {
            command.arg("--out").arg(format!("influxdb={}sink", self.nginx.url));
        }
        if look.remote_write {
            let address = format!("{}api/v1/write", self.nginx.url);
            command.arg("--out").arg("experimental-prometheus-rw");
            command.env("K6_PROMETHEUS_RW_SERVER_URL", address);
            // More often than anybody does unless asked, so that each run has some.
            command.env("K6_PROMETHEUS_RW_PUSH_INTERVAL", "1s");
        }
        if !look.dashboard {
            return Ok(None);
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        command.arg(format!("--dashboard=127.0.0.1:{port}"));
        Ok(Some(thread::spawn(move || read_events(port))))
    }
}

/// From all lines such as `influxdb (..): 9000 points delivered, 1000 lost: 1000 found no room`.
fn lost_share(log: &str) -> Option<f64> {
    let (mut delivered, mut lost) = (0.0, 0.0);
    for (before, after) in log.lines().filter_map(|line| line.split_once(" points delivered")) {
        delivered += before.rsplit(' ').next()?.parse::<f64>().ok()?;
        let count =
            after.split_once(" lost").map(|(count, _)| count.trim_start_matches([',', ' ']));
        lost += count.map_or(Some(0.0), |count| count.parse().ok())?;
    }
    (delivered + lost > 0.0).then(|| lost / (delivered + lost))
}

/// Reads a dashboard's events from when it listens to its end; how many came.
#[expect(clippy::disallowed_methods, reason = "xtask waits for a server to come up")]
fn read_events(port: u16) -> Result<usize> {
    let mut cores = nix::sched::CpuSet::new();
    cores.set(SERVER_CORE.parse()?)?;
    nix::sched::sched_setaffinity(nix::unistd::Pid::from_raw(0), &cores)?;
    let mut stream = (0..200)
        .find_map(|_| {
            thread::sleep(Duration::from_millis(20));
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()
        })
        .context("the dashboard does not listen")?;
    write!(stream, "GET /events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n")?;
    let lines = BufReader::new(stream).lines();
    // A run that ends closes the connection one way or another.
    Ok(lines.map_while(Result::ok).filter(|line| line.starts_with("event:")).count())
}

#[cfg(test)]
mod tests {
    use super::lost_share;

    #[test]
    fn reads_what_outputs_say_at_the_end() {
        let log = "x\nmsg=\"a (b): 600 points delivered\"\n\
                   msg=\"c: 300 points delivered, 100 lost: 100 found no room\"\n";
        assert_eq!(lost_share(log), Some(0.1));
        assert_eq!(lost_share("nothing of that"), None);
        assert_eq!(lost_share("a: 0 points delivered, 7 lost: 7 refused"), Some(1.0));
    }
}
