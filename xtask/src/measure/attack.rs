//! `plimsoll attack` beside the tools that load one URL, and beside redis-benchmark.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result};
use serde_json::Value;

use super::{
    Settings,
    peers::PEERS,
    process::{GENERATOR_CORE, Usage, measure, pinned},
    server::{Nginx, Redis, plimsoll, scratch, version},
    table::{Figure, print},
};
use crate::{command::capture, tools};

const CONNECTIONS: &str = "30";
const REDIS_CONNECTIONS: &str = "50";
const OPEN_RATE: u32 = 20_000;
/// Of the two runs whose memory is compared.
const HELD: [u32; 2] = [100, 10_000];
/// Requests of one redis-benchmark run per second asked for: about what it makes.
const REDIS_PER_SECOND: u64 = 60_000;

const K6_SCRIPT: &str = "
import http from 'k6/http';
export default function () { http.get(__ENV.TARGET); }
";

struct Bench {
    plimsoll: PathBuf,
    folder: PathBuf,
    duration: Duration,
}

/// What one of our attacks took, and what its results say.
struct Outcome {
    usage: Usage,
    report: Value,
}

impl Bench {
    /// Runs `plimsoll attack` with all its measuring on and its results in a file.
    fn attack(&self, is_pinned: bool, arguments: &[&str]) -> Result<Outcome> {
        let results = self.folder.join("results.bin");
        let mut command = if is_pinned {
            pinned(GENERATOR_CORE, &self.plimsoll)
        } else {
            Command::new(&self.plimsoll)
        };
        command.arg("attack").arg("-output").arg(&results).args(arguments);
        command.env("XDG_STATE_HOME", &self.folder);
        let usage = measure(command, &self.folder, &[])?;
        let mut report = Command::new(&self.plimsoll);
        report.args(["report", "-type", "json"]).arg(&results);
        let report = serde_json::from_str(&capture(&mut report)?)?;
        Ok(Outcome { usage, report })
    }

    fn seconds(&self) -> String {
        format!("{}s", self.duration.as_secs())
    }
}

impl Outcome {
    fn number(&self, pointer: &str) -> Result<f64> {
        let value = self.report.pointer(pointer).and_then(Value::as_f64);
        value.with_context(|| format!("the report has no {pointer}"))
    }
}

pub(super) fn run(settings: &Settings) -> Result<()> {
    let folder = scratch("attack")?;
    let plimsoll = plimsoll()?;
    println!("{} rounds of {} s, medians", settings.rounds, settings.duration.as_secs());
    println!("servers on core 0, generators on core 1 unless it says otherwise");
    let bench = Bench { plimsoll, folder, duration: settings.duration };
    let nginx = Nginx::start(&bench.folder)?;
    if settings.wants("closed") {
        closed(&bench, settings, &nginx.url)?;
    }
    if settings.wants("open") {
        open(&bench, settings, &nginx.url)?;
    }
    if settings.wants("connections") {
        connections(&bench, settings, &nginx.url)?;
    }
    if settings.wants("slope") {
        slope(&bench, &nginx.url)?;
    }
    drop(nginx);
    if settings.wants("redis") {
        redis(&bench, settings)?;
    }
    Ok(())
}

/// One tool after the other, and ours, every round.
fn closed(bench: &Bench, settings: &Settings, url: &str) -> Result<()> {
    let mut figures: Vec<(String, [Figure; 2])> = Vec::new();
    let new = || [Figure::new("CPU per request", "us"), Figure::new("requests per second", "1/s")];
    let peers: Vec<_> = PEERS.iter().filter_map(|peer| Some((peer, peer.program()?))).collect();
    figures.extend(peers.iter().map(|(peer, _)| (peer.name.to_owned(), new())));
    let k6 = tools::k6()?;
    figures.push((version(&k6, "version").split(' ').take(2).collect::<Vec<_>>().join(" "), new()));
    for _ in 0..settings.rounds {
        let seconds = bench.seconds();
        let workers = ["-workers", CONNECTIONS, "-max-workers", CONNECTIONS];
        let ours = bench.attack(
            true,
            &[&["-rate", "0", "-duration", &seconds][..], &workers, &[url]].concat(),
        )?;
        let ours = (ours.usage.cpu, ours.number("/requests")?);
        for at in 0..figures.len() {
            let theirs = match peers.get(at) {
                Some((peer, program)) => {
                    let command = peer.command(program, CONNECTIONS, bench.duration, url);
                    let usage = measure(command, &bench.folder, &[])?;
                    let count = (peer.count)(&usage.stdout);
                    (usage.cpu, count.with_context(|| format!("read {}'s requests", peer.name))?)
                }
                None => k6_closed(bench, &k6, url)?,
            };
            let Some((_, [cpu, rate])) = figures.get_mut(at) else { continue };
            for (taken, [cpu, rate]) in
                [(ours, [&mut cpu.ours, &mut rate.ours]), (theirs, [&mut cpu.peer, &mut rate.peer])]
            {
                cpu.push(taken.0.as_secs_f64() * 1e6 / taken.1);
                rate.push(taken.1 / bench.duration.as_secs_f64());
            }
        }
    }
    for (name, figures) in &figures {
        print(&format!("closed model, {CONNECTIONS} connections, against {name}"), name, figures);
    }
    for peer in PEERS.iter().filter(|peer| peer.program().is_none()) {
        println!("\n{} is not installed, so it was not compared", peer.name);
    }
    Ok(())
}

fn k6_closed(bench: &Bench, k6: &Path, url: &str) -> Result<(Duration, f64)> {
    let script = bench.folder.join("get.js");
    std::fs::write(&script, K6_SCRIPT)?;
    let export = bench.folder.join("k6.json");
    let mut command = pinned(GENERATOR_CORE, k6);
    command.args(["run", "--quiet", "--vus", CONNECTIONS, "--duration", &bench.seconds()]);
    command.arg("--summary-export").arg(&export).args(["-e", &format!("TARGET={url}")]);
    command.arg(&script).env("K6_NO_USAGE_REPORT", "true");
    let usage = measure(command, &bench.folder, &[])?;
    let summary: Value = serde_json::from_str(&std::fs::read_to_string(&export)?)?;
    let count = summary.pointer("/metrics/http_reqs/count").and_then(Value::as_f64);
    Ok((usage.cpu, count.context("k6's summary has no http_reqs")?))
}

/// Ours alone: of the tools above none keeps intended start times.
fn open(bench: &Bench, settings: &Settings, url: &str) -> Result<()> {
    for is_pinned in [false, true] {
        let mut cpu = Figure::new("CPU per request", "us");
        let mut median = Figure::new("lateness p50", "us");
        let mut late = Figure::new("lateness p99", "us");
        let mut off = Figure::new("achieved rate is off by", "%");
        let mut unsent = Figure::new("never sent", "1");
        for _ in 0..settings.rounds {
            let rate = OPEN_RATE.to_string();
            let arguments = ["-rate", &rate, "-duration", &bench.seconds(), url];
            let outcome = bench.attack(is_pinned, &arguments)?;
            cpu.ours.push(outcome.usage.cpu.as_secs_f64() * 1e6 / outcome.number("/requests")?);
            median.ours.push(outcome.number("/lateness/50th")? / 1e3);
            late.ours.push(outcome.number("/lateness/99th")? / 1e3);
            off.ours.push((outcome.number("/rate")? / f64::from(OPEN_RATE) - 1.0).abs() * 100.0);
            unsent.ours.push(outcome.number("/never_sent")?);
        }
        let place = if is_pinned { "one core" } else { "both cores" };
        print(
            &format!("open model, {OPEN_RATE}/s, {place}"),
            "-",
            &[cpu, median, late, off, unsent],
        );
    }
    Ok(())
}

/// Memory per connection: the difference between many and few, divided.
fn connections(bench: &Bench, settings: &Settings, url: &str) -> Result<()> {
    let mut memory = Figure::new("memory per connection", "KB");
    let mut cpu = Figure::new("CPU per request", "us");
    let mut sent = Figure::new("requests", "1");
    for _ in 0..settings.rounds {
        let mut peaks = [0.0; 2];
        for (held, peak) in HELD.into_iter().zip(&mut peaks) {
            let held = held.to_string();
            let arguments =
                ["-rate", &held, "-duration", &bench.seconds(), "-hold-connections", &held, url];
            let outcome = bench.attack(true, &arguments)?;
            *peak = bytes(outcome.usage.peak_memory_bytes);
            if held == HELD[1].to_string() {
                let requests = outcome.number("/requests")?;
                cpu.ours.push(outcome.usage.cpu.as_secs_f64() * 1e6 / requests);
                sent.ours.push(requests);
            }
        }
        memory.ours.push((peaks[1] - peaks[0]) / 1e3 / f64::from(HELD[1] - HELD[0]));
    }
    let case = format!("{} open connections at 1 request/s each", HELD[1]);
    print(&case, "-", &[memory, cpu, sent]);
    Ok(())
}

/// Resident memory at 50,000/s, from when the histograms have seen most of what they will see. The
/// senders are limited: each stall of a core that is nearly full would make more of them.
fn slope(bench: &Bench, url: &str) -> Result<()> {
    let (from, to) = (60, 150);
    let duration = format!("{}s", to + 2);
    let workers = ["-max-workers", "200"];
    let rate = ["-rate", "50000", "-duration", &duration];
    let outcome = bench.attack(true, &[&rate[..], &workers, &[url]].concat())?;
    let course = &outcome.usage.memory_course;
    let after = |seconds: u64| {
        let found = course.iter().find(|(at, _)| *at >= Duration::from_secs(seconds));
        found.map(|(_, resident)| bytes(*resident) / 1e6).context("the run was too short")
    };
    let (early, late) = (after(from)?, after(to)?);
    println!("\nmemory at 50,000/s ({} requests)", outcome.number("/requests")?);
    println!("  after {from:>3} s  {early:>8.2} MB");
    println!("  after {to:>3} s  {late:>8.2} MB");
    #[expect(clippy::cast_precision_loss, reason = "seconds of a short run")]
    let slope = (late - early) / (to - from) as f64;
    println!("  in an hour, at this slope: {:.2} MB more", slope * 3600.0);
    Ok(())
}

fn redis(bench: &Bench, settings: &Settings) -> Result<()> {
    let redis = Redis::start(&bench.folder)?;
    let url = format!("redis://127.0.0.1:{}", redis.port);
    let benchmark = tools::redis_benchmark()?;
    let mut cpu = Figure::new("CPU per request", "us");
    let mut rate = Figure::new("requests per second", "1/s");
    for _ in 0..settings.rounds {
        let workers = ["-workers", REDIS_CONNECTIONS, "-max-workers", REDIS_CONNECTIONS];
        let seconds = bench.seconds();
        let what = ["--command", "GET key:{uniform:100000}", &url];
        let ours = bench.attack(
            true,
            &[&["-rate", "0", "-duration", &seconds][..], &workers, &what].concat(),
        )?;
        let requests = ours.number("/requests")?;
        cpu.ours.push(ours.usage.cpu.as_secs_f64() * 1e6 / requests);
        rate.ours.push(requests / bench.duration.as_secs_f64());
        let count = REDIS_PER_SECOND * bench.duration.as_secs();
        let mut command = pinned(GENERATOR_CORE, &benchmark);
        command.args(["-p", &redis.port.to_string(), "-c", REDIS_CONNECTIONS, "-r", "100000"]);
        command.args(["-n", &count.to_string(), "-P", "1", "--csv", "get", "key:__rand_int__"]);
        let usage = measure(command, &bench.folder, &[])?;
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
        let count = count as f64;
        cpu.peer.push(usage.cpu.as_secs_f64() * 1e6 / count);
        rate.peer.push(count / usage.wall.as_secs_f64());
    }
    print("redis GET, 50 connections, no pipeline", "redis-benchmark", &[cpu, rate]);
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "memory sizes are far below 2^53")]
fn bytes(count: u64) -> f64 {
    count as f64
}
