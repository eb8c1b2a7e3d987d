//! The same k6 scripts in plimsoll and in k6.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use serde_json::Value;

use super::{
    Settings,
    process::{GENERATOR_CORE, Usage, measure, pinned},
    server::{Nginx, plimsoll, scratch, version},
    table::{Figure, median, print},
};
use crate::tools;

/// VUs of the memory cases.
const SLEEPERS: u32 = 2_000;

const GET: &str = "
import http from 'k6/http';
import { check } from 'k6';
export default function () {
  const res = http.get(__ENV.TARGET);
  check(res, { 'status is 200': (r) => r.status === 200 });
}
";

const ARRIVALS: &str = "
import http from 'k6/http';
export const options = { scenarios: { steady: {
  executor: 'constant-arrival-rate', rate: 5000, timeUnit: '1s', duration: `${__ENV.SECONDS}s`,
  preAllocatedVUs: 50, maxVUs: 200 } } };
export default function () { http.get(__ENV.TARGET); }
";

const SLACKS: [&str; 4] = ["0", "250us", "500us", "800us"];

/// `IMPORT` is replaced; every VU runs one iteration, so that all are alive at once.
const SLEEPING: &str = "
IMPORT
import { sleep } from 'k6';
export const options = { scenarios: { rest: {
  executor: 'per-vu-iterations', vus: Number(__ENV.SLEEPERS), iterations: 1, maxDuration: '60s' } } };
export default function () { sleep(Number(__ENV.SECONDS)); }
";

struct Bench {
    ours: PathBuf,
    k6: PathBuf,
    folder: PathBuf,
    target: String,
}

impl Bench {
    /// Runs `script` once in `program`, on the generators' core.
    fn one(&self, program: &Path, script: &str, arguments: &[String]) -> Result<(Usage, Value)> {
        let file = self.folder.join("script.js");
        std::fs::write(&file, script)?;
        let export = self.folder.join("summary.json");
        let mut command = pinned(GENERATOR_CORE, program);
        command.args(["run", "--quiet", "--summary-trend-stats", "med,p(99)"]);
        command.arg("--summary-export").arg(&export);
        command.arg("-e").arg(format!("TARGET={}", self.target)).args(arguments).arg(&file);
        // k6 counts its users unless told not to; nothing is reachable here anyway.
        command.env("K6_NO_USAGE_REPORT", "true").env("XDG_STATE_HOME", &self.folder);
        let usage = measure(command, &self.folder, &[])?;
        let summary = std::fs::read_to_string(&export).context("read the exported summary")?;
        Ok((usage, serde_json::from_str(&summary)?))
    }

    /// As [`Bench::one`] for us and for k6, the first mover changing with the round.
    fn both(
        &self,
        round: usize,
        script: &str,
        arguments: &[String],
    ) -> Result<[(Usage, Value); 2]> {
        if round.is_multiple_of(2) {
            let ours = self.one(&self.ours, script, arguments)?;
            Ok([ours, self.one(&self.k6, script, arguments)?])
        } else {
            let k6 = self.one(&self.k6, script, arguments)?;
            Ok([self.one(&self.ours, script, arguments)?, k6])
        }
    }
}

pub(super) fn run(settings: &Settings) -> Result<()> {
    let folder = scratch("script")?;
    let (ours, k6) = (plimsoll()?, tools::k6()?);
    let nginx = Nginx::start(&folder)?;
    println!("plimsoll against {}, nginx on core 0, generators on core 1", version(&k6, "version"));
    println!("{} rounds of {} s, medians", settings.rounds, settings.duration.as_secs());
    let bench = Bench { ours, k6, folder, target: nginx.url.clone() };
    if settings.wants("get") {
        get(&bench, settings)?;
    }
    if settings.wants("arrivals") {
        arrivals(&bench, settings)?;
    }
    if settings.wants("sleepers") {
        sleepers(&bench, settings, "2,000 sleeping VUs, small script", "")?;
    }
    if settings.wants("lodash") {
        let import = format!("import _ from '{}';", tools::lodash()?.display());
        sleepers(&bench, settings, "2,000 sleeping VUs, script that imports lodash", &import)?;
    }
    if settings.only.as_deref() == Some("slack") {
        slacks(&bench, settings)?;
    }
    if settings.only.as_deref() == Some("soak") {
        soak(&bench, settings)?;
    }
    Ok(())
}

fn get(bench: &Bench, settings: &Settings) -> Result<()> {
    let mut cpu = Figure::new("CPU per request", "us");
    let mut rate = Figure::new("requests per second", "1/s");
    let mut memory = Figure::new("peak memory", "MB");
    let duration = format!("{}s", settings.duration.as_secs());
    let arguments = ["--vus", "30", "--duration", &duration].map(str::to_owned);
    for round in 0..settings.rounds {
        let [ours, k6] = bench.both(round, GET, &arguments)?;
        for ((usage, summary), is_ours) in [(ours, true), (k6, false)] {
            let requests = count(&summary, "http_reqs")?;
            push(&mut cpu, is_ours, usage.cpu.as_secs_f64() * 1e6 / requests);
            push(&mut rate, is_ours, requests / settings.duration.as_secs_f64());
            push(&mut memory, is_ours, megabytes(usage.peak_memory_bytes));
        }
    }
    print("GET + check, 30 VUs", "k6", &[cpu, rate, memory]);
    Ok(())
}

fn arrivals(bench: &Bench, settings: &Settings) -> Result<()> {
    let mut cpu = Figure::new("CPU per request", "us");
    let mut dropped = Figure::new("dropped iterations", "1");
    let mut middle = Figure::new("lateness p50", "ms");
    let mut late = Figure::new("lateness p99", "ms");
    let arguments = ["-e".to_owned(), format!("SECONDS={}", settings.duration.as_secs())];
    for round in 0..settings.rounds {
        let [ours, k6] = bench.both(round, ARRIVALS, &arguments)?;
        middle.ours.extend(lateness_ms(&ours.0.stdout, "med"));
        late.ours.extend(lateness_ms(&ours.0.stdout, "p(99)"));
        for ((usage, summary), is_ours) in [(ours, true), (k6, false)] {
            let requests = count(&summary, "http_reqs")?;
            push(&mut cpu, is_ours, usage.cpu.as_secs_f64() * 1e6 / requests);
            push(&mut dropped, is_ours, count(&summary, "dropped_iterations").unwrap_or(0.0));
        }
    }
    print("constant-arrival-rate, 5,000/s", "k6", &[cpu, middle, late]);
    println!(
        "  dropped iterations: plimsoll {}, k6 {}",
        median(&dropped.ours),
        median(&dropped.peer)
    );
    Ok(())
}

/// What it costs, and brings, that arrivals share wake-ups; each slack in each round.
fn slacks(bench: &Bench, settings: &Settings) -> Result<()> {
    const FIGURES: [(&str, &str); 3] =
        [("CPU per request", "us"), ("lateness p50", "ms"), ("lateness p99", "ms")];
    let mut figures = SLACKS.map(|_| FIGURES.map(|(name, unit)| Figure::new(name, unit)));
    let seconds = format!("SECONDS={}", settings.duration.as_secs());
    for _ in 0..settings.rounds {
        for (slack, [cpu, middle, late]) in SLACKS.into_iter().zip(&mut figures) {
            let arguments = ["--arrival-slack", slack, "-e", &seconds].map(str::to_owned);
            let (usage, summary) = bench.one(&bench.ours, ARRIVALS, &arguments)?;
            cpu.ours.push(usage.cpu.as_secs_f64() * 1e6 / count(&summary, "http_reqs")?);
            middle.ours.extend(lateness_ms(&usage.stdout, "med"));
            late.ours.extend(lateness_ms(&usage.stdout, "p(99)"));
        }
    }
    for (slack, figures) in SLACKS.into_iter().zip(&figures) {
        print(&format!("constant-arrival-rate, 5,000/s, --arrival-slack {slack}"), "-", figures);
    }
    Ok(())
}

/// Memory and CPU per VU: the difference between 2,000 VUs and one, divided.
fn sleepers(bench: &Bench, settings: &Settings, case: &str, import: &str) -> Result<()> {
    let mut memory = Figure::new("memory per VU", "KB");
    let mut cpu = Figure::new("start-up CPU per VU", "ms");
    let mut wall = Figure::new("start and end", "s");
    let script = SLEEPING.replace("IMPORT", import);
    const REST: Duration = Duration::from_secs(3);
    let arguments = |vus: u32| {
        ["-e".into(), format!("SLEEPERS={vus}"), "-e".into(), format!("SECONDS={}", REST.as_secs())]
    };
    for round in 0..settings.rounds {
        let one = bench.both(round, &script, &arguments(1))?;
        let many = bench.both(round, &script, &arguments(SLEEPERS))?;
        for ((one, many), is_ours) in one.into_iter().zip(many).zip([true, false]) {
            let vus = f64::from(SLEEPERS - 1);
            let bytes = many.0.peak_memory_bytes.saturating_sub(one.0.peak_memory_bytes);
            push(&mut memory, is_ours, megabytes(bytes) * 1000.0 / vus);
            push(&mut cpu, is_ours, many.0.cpu.saturating_sub(one.0.cpu).as_secs_f64() * 1e3 / vus);
            push(&mut wall, is_ours, many.0.wall.saturating_sub(REST).as_secs_f64());
        }
    }
    print(case, "k6", &[memory, cpu, wall]);
    Ok(())
}

/// Our memory over a long run, against itself after the first minute.
fn soak(bench: &Bench, settings: &Settings) -> Result<()> {
    let duration = format!("{}s", settings.duration.as_secs());
    let arguments = ["--vus", "30", "--duration", &duration].map(str::to_owned);
    let (usage, _) = bench.one(&bench.ours, GET, &arguments)?;
    let minute = usage.memory_course.iter().find(|(at, _)| *at >= Duration::from_secs(60));
    let (_, early) = minute.context("a soak takes over a minute: --seconds 600")?;
    let (_, late) = usage.memory_course.iter().rev().nth(2).context("the run was too short")?;
    println!("\nmemory over {duration} of GET + check, 30 VUs");
    println!("  after 60 s  {:>8.2} MB", megabytes(*early));
    println!("  at the end  {:>8.2} MB", megabytes(*late));
    println!("  end/60 s    {:>8.3}", megabytes(*late) / megabytes(*early));
    Ok(())
}

fn push(figure: &mut Figure, is_ours: bool, value: f64) {
    if is_ours { figure.ours.push(value) } else { figure.peer.push(value) }
}

fn count(summary: &Value, metric: &str) -> Result<f64> {
    let value = summary.pointer(&format!("/metrics/{metric}/count")).and_then(Value::as_f64);
    value.with_context(|| format!("the summary has no {metric}"))
}

/// From our summary's `iteration_lateness` line, which k6 has not: its `med`, `p(99)` and so on.
fn lateness_ms(stdout: &str, stat: &str) -> Option<f64> {
    let line = stdout.lines().find(|line| line.contains("iteration_lateness"))?;
    let text = line.split(&format!("{stat}=")).nth(1)?.split_whitespace().next()?;
    let digits = text.trim_end_matches(|c: char| c.is_alphabetic() || c == 'µ');
    let number: f64 = digits.parse().ok()?;
    Some(match &text[digits.len()..] {
        "s" => number * 1e3,
        "ms" => number,
        "ns" => number / 1e6,
        _ => number / 1e3,
    })
}

#[expect(clippy::cast_precision_loss, reason = "memory sizes are far below 2^53")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::lateness_ms;

    #[test]
    fn reads_the_lateness_line() {
        let line = "x\n    iteration_lateness....: med=900ns p(99)=83.1µs\n";
        assert_eq!(lateness_ms(line, "p(99)"), Some(0.0831));
        assert_eq!(lateness_ms(line, "med"), Some(0.0009));
        assert_eq!(lateness_ms("iteration_lateness: p(99)=1.5ms", "p(99)"), Some(1.5));
        assert_eq!(lateness_ms("iteration_lateness: p(99)=1.5ms", "med"), None);
        assert_eq!(lateness_ms("iteration_duration: p(99)=1.5ms", "p(99)"), None);
    }
}
