//! Requests per second, the server's CPU for each, and latency: loaded by redis-benchmark and by
//! `plimsoll attack`, beside redis-server.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{
    bench::{Bench, Server, float},
    client::Client,
};
use crate::{
    command::capture,
    measure::{
        process::{GENERATOR_CORE, measure, pinned},
        table::{Figure, print},
    },
    tools,
};

const CONNECTIONS: &str = "50";
const KEYS: u64 = 100_000;
const VALUE: [u8; 64] = [b'v'; 64];

/// What is sent, and about how much of it a load generator makes in a second.
struct Case {
    /// As `--only` names it.
    part: &'static str,
    name: &'static str,
    pipeline: u64,
    per_second: u64,
    /// As redis-benchmark names it.
    test: &'static str,
    /// As `plimsoll attack` takes it.
    command: &'static str,
}

const GET: &str = "GET key:{uniform:100000}";
const SET: &str = "SET key:{uniform:100000} {bytes:64}";

const CASES: [Case; 4] = [
    Case { part: "get", name: "GET", pipeline: 1, per_second: 80_000, test: "get", command: GET },
    Case { part: "set", name: "SET", pipeline: 1, per_second: 80_000, test: "set", command: SET },
    Case {
        part: "get16",
        name: "GET, pipelines of 16",
        pipeline: 16,
        per_second: 600_000,
        test: "get",
        command: GET,
    },
    Case {
        part: "set16",
        name: "SET, pipelines of 16",
        pipeline: 16,
        per_second: 400_000,
        test: "set",
        command: SET,
    },
];

/// Names of cases that `--only` takes.
pub(super) const PARTS: &[&str] = &["get", "set", "get16", "set16"];

/// Of one run.
struct Taken {
    /// Microseconds of the server's CPU per request.
    cpu: f64,
    /// Requests per second.
    rate: f64,
    /// Milliseconds.
    p99_9: f64,
}

type Load = fn(&Bench<'_>, &Server, &Case) -> Result<Taken>;

/// By redis-benchmark.
pub(super) fn benchmark(bench: &Bench<'_>) -> Result<()> {
    compare(bench, "redis-benchmark", by_redis_benchmark)
}

/// By `plimsoll attack`, for half as long.
pub(super) fn attack(bench: &Bench<'_>) -> Result<()> {
    compare(bench, "plimsoll attack", by_attack)
}

fn compare(bench: &Bench<'_>, by: &str, load: Load) -> Result<()> {
    let (ours, theirs) = (bench.ours(&[])?, bench.redis(&[])?);
    for server in [&ours, &theirs] {
        fill(server)?;
    }
    println!("  {CONNECTIONS} connections of {by}, {KEYS} keys, values of {} bytes", VALUE.len());
    let is_chosen = PARTS.iter().any(|part| is_named(bench, part));
    for case in CASES.iter().filter(|case| !is_chosen || is_named(bench, case.part)) {
        let mut figures = [
            Figure::new("server's CPU per request", "us"),
            Figure::new("requests per second", "1/s"),
            Figure::new("p99.9", "ms"),
        ];
        for round in 0..bench.settings.rounds {
            // Whoever comes first has the machine as the one before left it: so both do.
            let (ours, theirs) = if round % 2 == 0 {
                let first = load(bench, &ours, case)?;
                (first, load(bench, &theirs, case)?)
            } else {
                let first = load(bench, &theirs, case)?;
                (load(bench, &ours, case)?, first)
            };
            let pairs =
                [(ours.cpu, theirs.cpu), (ours.rate, theirs.rate), (ours.p99_9, theirs.p99_9)];
            for (figure, (ours, theirs)) in figures.iter_mut().zip(pairs) {
                figure.ours.push(ours);
                figure.peer.push(theirs);
            }
        }
        print(case.name, "redis-server", &figures);
    }
    Ok(())
}

fn is_named(bench: &Bench<'_>, part: &str) -> bool {
    bench.settings.only.is_some() && bench.settings.wants(part)
}

fn by_redis_benchmark(bench: &Bench<'_>, server: &Server, case: &Case) -> Result<Taken> {
    let count = case.per_second * bench.settings.duration.as_secs();
    let before = server.cpu_nanos()?;
    let mut command = pinned(GENERATOR_CORE, &tools::redis_benchmark()?);
    command.args(["-p", &server.port().to_string(), "-c", CONNECTIONS, "-r", &KEYS.to_string()]);
    command.args(["-d", &VALUE.len().to_string(), "-n", &count.to_string()]);
    command.args(["-P", &case.pipeline.to_string(), "--precision", "3", "-t", case.test]);
    let usage = measure(command, bench.scratch(), &[])?;
    let cpu = server.cpu_nanos()?.saturating_sub(before);
    let (rate, p99_9) = told_by_redis_benchmark(&usage.stdout)
        .with_context(|| format!("read redis-benchmark's {:?}", usage.stdout))?;
    Ok(Taken { cpu: float(cpu) / 1e3 / float(count), rate, p99_9 })
}

fn by_attack(bench: &Bench<'_>, server: &Server, case: &Case) -> Result<Taken> {
    let results = bench.scratch().join("results.bin");
    let seconds = (bench.settings.duration.as_secs() / 2).max(1);
    let mut command = pinned(GENERATOR_CORE, &bench.plimsoll);
    command.args(["attack", "-rate", "0", "-workers", CONNECTIONS, "-max-workers", CONNECTIONS]);
    command.args(["-duration", &format!("{seconds}s"), "-output"]).arg(&results);
    command.args(["--pipeline", &case.pipeline.to_string(), "--command", case.command]);
    command.arg(format!("redis://127.0.0.1:{}", server.port()));
    command.env("XDG_STATE_HOME", bench.scratch());
    let before = server.cpu_nanos()?;
    measure(command, bench.scratch(), &[])?;
    let cpu = server.cpu_nanos()?.saturating_sub(before);
    let report = |form: &str| {
        let mut report = Command::new(&bench.plimsoll);
        capture(report.args(["report", "-type", form]).arg(&results))
    };
    let json: serde_json::Value = serde_json::from_str(&report("json")?)?;
    let requests = json["requests"].as_f64().context("the report has no requests")?;
    let is_fine = json["success"].as_f64().is_some_and(|share| share >= 1.0);
    ensure!(is_fine, "requests failed: {}", json["errors"]);
    let plot = report("hdrplot")?;
    let p99_9 = told_by_hdrplot(&plot).with_context(|| format!("no p99.9 in {plot}"))?;
    let rate = json["rate"].as_f64().context("the report has no rate")?;
    Ok(Taken { cpu: float(cpu) / 1e3 / requests, rate, p99_9 })
}

/// The keys of both load generators.
fn fill(server: &Server) -> Result<()> {
    super::client::fill(server, KEYS, &VALUE)?;
    let mut client = Client::connect(server)?;
    for number in 0..=KEYS {
        client.store(format!("key:{number}").as_bytes(), &VALUE, None)?;
    }
    client.finish()
}

/// Requests per second and the 99.9th percentile in milliseconds: the first that is told from there on.
fn told_by_redis_benchmark(text: &str) -> Option<(f64, f64)> {
    let lines = || text.lines().flat_map(|line| line.split('\r'));
    let rate = lines().find_map(|line| {
        line.trim().strip_prefix("throughput summary: ")?.split(' ').next()?.parse().ok()
    })?;
    let p99_9 = lines().find_map(|line| {
        let (percent, rest) = line.split_once("% <= ")?;
        let is_far = percent.trim().parse::<f64>().ok()? >= 99.9;
        is_far.then(|| rest.split(' ').next()?.parse().ok()).flatten()
    })?;
    Some((rate, p99_9))
}

/// The 99.9th percentile in milliseconds: the first row from there on.
fn told_by_hdrplot(text: &str) -> Option<f64> {
    text.lines().find_map(|line| {
        let mut columns = line.split_whitespace().map(|column| column.parse::<f64>());
        let (value, quantile) = (columns.next()?.ok()?, columns.next()?.ok()?);
        (quantile >= 0.999).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::{told_by_hdrplot, told_by_redis_benchmark};

    #[test]
    fn what_redis_benchmark_says() {
        let text = "GET: rps=0.0 (overall: nan)\rGET: rps=1.0\r====== GET ======\n\
                    Latency by percentile distribution:\n\
                    99.805% <= 0.607 milliseconds (cumulative count 9984)\n\
                    99.902% <= 0.623 milliseconds (cumulative count 9991)\n\
                    100.000% <= 0.711 milliseconds (cumulative count 10000)\n\n\
                    Summary:\n  throughput summary: 62500.00 requests per second\n";
        assert_eq!(told_by_redis_benchmark(text), Some((62_500.0, 0.623)));
        assert_eq!(told_by_redis_benchmark("Error"), None);
    }

    #[test]
    fn what_the_plot_says() {
        let text = "Value(ms)  Percentile  TotalCount  1/(1-Percentile)\n\
                    0.500000  0.998828  9988  853.3\n0.700000  0.999023  9990  1024.0\n";
        assert_eq!(told_by_hdrplot(text), Some(0.7));
        assert_eq!(told_by_hdrplot("Value(ms)"), None);
    }
}
