//! Databases that receive a run: real InfluxDB 1.x and real Prometheus, k6's names in them, and their
//! death in the middle.

use std::{
    collections::{BTreeMap, BTreeSet},
    thread::{self, JoinHandle},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use plimsoll_e2e::{
    Run, Tool, Web, command, finish, influxdb::InfluxDb, ports::Port, prometheus::Prometheus,
    script,
};

/// Names that k6 does not have.
const OURS: [&str; 3] = ["iteration_lateness", "iteration_response_time", "iterations_asked"];

/// As many arrivals as any database may not cost one of.
const STEADY: &str = "
import http from 'k6/http';
export const options = { scenarios: { steady: {
  executor: 'constant-arrival-rate', rate: 50, duration: '6s', preAllocatedVUs: 100 } } };
export default function () { http.get(__ENV.BASE); }
";
const ARRIVALS: u64 = 300;

/// More samples than [`a_run_past_the_limit_is_told_in_fewer_points`] has written singly.
const FULL: &str = "
import http from 'k6/http';
import exec from 'k6/execution';
import { check } from 'k6';
export const options = { scenarios: { full: {
  executor: 'constant-arrival-rate', rate: 300, duration: '4s', preAllocatedVUs: 100 } } };
export default function () {
  http.get(__ENV.BASE);
  check(null, { fits: () => exec.scenario.iterationInTest % 4 > 0 });
}
";

/// How often a database is asked whether it has something, every 50 ms.
const ATTEMPTS: u32 = 600;

/// The forms in which dashboards for k6 ask InfluxDB: counts, shares, percentiles, splits by tags,
/// filters on fields.
const QUESTIONS: [&str; 11] = [
    r#"SELECT sum("value") FROM "http_reqs" WHERE $time"#,
    r#"SELECT sum("value") FROM "http_reqs" WHERE $time GROUP BY time(1s) fill(none)"#,
    r#"SELECT mean("value") FROM "http_req_duration" WHERE $time GROUP BY "name", "method", "status""#,
    r#"SELECT percentile("value", 95) FROM "http_req_duration" WHERE $time AND "status" = '200' GROUP BY time(1s)"#,
    r#"SELECT median("value"), min("value"), max("value") FROM /^http_req_(waiting|blocked)$/ WHERE $time AND value > 0"#,
    r#"SELECT mean("value") FROM "http_req_duration" WHERE $time AND "url" =~ /slow/"#,
    r#"SELECT mean("value") FROM "vus" WHERE $time GROUP BY time(1s) fill(previous)"#,
    r#"SELECT count("value") FROM "checks" WHERE $time AND "value" = 0 GROUP BY "check""#,
    r#"SELECT sum("value") FROM "http_reqs" WHERE $time AND "error_code" != '' GROUP BY "error_code""#,
    r#"SELECT non_negative_derivative(cumulative_sum(sum("value")), 1s) FROM "data_received" WHERE $time GROUP BY time(1s) fill(0)"#,
    r#"SELECT mean("value") FROM "group_duration" WHERE $time GROUP BY "group""#,
];

/// As Prometheus takes a time.
fn now() -> String {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64().to_string()
}

/// Runs the script that has everything.
fn fill(tool: Tool, web: &Web, out: &str, environment: &[(&str, &str)]) {
    let nobody = Port::reserve();
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(tool, folder.path());
    command.args(["run", "--quiet", "--out", out, "-e", &format!("BASE={}", web.url)]);
    command.args(["-e", &format!("NOBODY=http://127.0.0.1:{}", nobody.number)]);
    command.envs(environment.iter().copied()).arg(script("receivers.js"));
    let run = finish(command, folder, None);
    assert_eq!(run.code, Some(0), "{}", run.said());
}

/// `measurement -> what a SHOW statement lists for it`, without names of ours.
fn listed(
    influxdb: &InfluxDb,
    database: &str,
    statement: &str,
) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for series in influxdb.query(database, statement) {
        let rows = series["values"].as_array().unwrap().iter().map(ToString::to_string);
        found.insert(series["name"].as_str().unwrap().to_owned(), rows.collect());
    }
    found.retain(|name, _| !OURS.contains(&name.as_str()) && !name.starts_with("process_"));
    found
}

#[test]
fn influxdb_gets_what_k6_writes() {
    let web = Web::start();
    let influxdb = InfluxDb::start();
    fill(Tool::Plimsoll, &web, &format!("influxdb={}/ours", influxdb.url()), &[]);
    fill(Tool::K6, &web, &format!("influxdb={}/k6", influxdb.url()), &[]);
    for statement in ["SHOW TAG KEYS", "SHOW FIELD KEYS"] {
        let [ours, k6] = ["ours", "k6"].map(|database| listed(&influxdb, database, statement));
        assert_eq!(ours, k6, "{statement}");
    }
    for tag in ["status", "method", "name", "scenario", "error_code", "proto", "group", "check"] {
        let statement =
            format!("SHOW TAG VALUES FROM \"http_reqs\", \"checks\" WITH KEY = \"{tag}\"");
        let values = |database| -> BTreeSet<_> {
            influxdb.column(database, &statement, 1).into_iter().collect()
        };
        assert_eq!(values("ours"), values("k6"), "{tag}");
    }
    for question in QUESTIONS {
        let statement = question.replace("$time", "time > now() - 10m");
        for database in ["k6", "ours"] {
            assert!(!influxdb.query(database, &statement).is_empty(), "{database}: {statement}");
        }
    }
}

#[test]
fn prometheus_gets_what_k6_writes() {
    let web = Web::start();
    for is_histogram in ["true", "false"] {
        let [ours, k6] = [Tool::Plimsoll, Tool::K6].map(|tool| {
            let prometheus = Prometheus::start();
            let url = prometheus.write_url();
            let environment = [
                ("K6_PROMETHEUS_RW_SERVER_URL", url.as_str()),
                ("K6_PROMETHEUS_RW_TREND_AS_NATIVE_HISTOGRAM", is_histogram),
                ("K6_PROMETHEUS_RW_TREND_STATS", "p(95),avg,max"),
            ];
            fill(tool, &web, "experimental-prometheus-rw", &environment);
            labels(&prometheus)
        });
        assert_eq!(ours, k6, "histograms: {is_histogram}");
    }
}

/// `metric -> names of its labels`, without metrics of ours.
fn labels(prometheus: &Prometheus) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for series in prometheus.query("last_over_time({__name__=~\"k6_.+\"}[10m])", &now()) {
        let labels = series["metric"].as_object().unwrap();
        let name = labels["__name__"].as_str().unwrap().to_owned();
        let is_ours = OURS.iter().any(|ours| name[3..].starts_with(ours));
        if !is_ours && !name.starts_with("k6_process_") {
            found.entry(name).or_default().extend(labels.keys().cloned());
        }
    }
    found
}

/// Runs the steady script against a database that `kill` ends as soon as some requests are in it.
fn with_a_death<T: Send + 'static>(
    out: &str,
    environment: &[(&str, &str)],
    mut database: T,
    requests: fn(&T) -> f64,
    kill: fn(&mut T),
) -> Run {
    let web = Web::start();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("script.js"), STEADY).unwrap();
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(["run", "--out", out, "--summary-export", "summary.json"]);
    command.args(["-e", &format!("BASE={}", web.url), "script.js"]);
    command.envs(environment.iter().copied());
    let killer: JoinHandle<f64> = thread::spawn(move || {
        for _ in 0..ATTEMPTS {
            let seen = requests(&database);
            if seen > 0.0 {
                kill(&mut database);
                return seen;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("no request came to the database");
    });
    let run = finish(command, folder, None);
    let seen = killer.join().unwrap();
    let arrivals = u32::try_from(ARRIVALS).unwrap();
    assert!(seen < f64::from(arrivals), "it did not die in the middle but after {seen}");
    run
}

/// The load was what was asked, the summary is there, and the last lines tell of the loss.
fn check_survived(run: &Run, output: &str) {
    assert_eq!(run.code, Some(0), "{}", run.said());
    let metrics = &run.json("summary.json")["metrics"];
    for name in ["iterations", "http_reqs"] {
        let count = metrics[name]["count"].as_u64();
        // One more is due at the very end.
        assert!(
            count.is_some_and(|n| n == ARRIVALS || n == ARRIVALS + 1),
            "{name}\n{}",
            run.said()
        );
    }
    let dropped = metrics["dropped_iterations"]["count"].as_u64().unwrap_or(0);
    assert_eq!(dropped, 0, "the death of {output} slowed the load\n{}", run.said());
    assert!(run.stdout.contains("http_req_duration"), "{}", run.said());
    let is_balance = |line: &&str| {
        [output, "points delivered", " lost: "].iter().all(|part| line.contains(part))
    };
    let line = run.stderr.lines().find(is_balance);
    let line = line.unwrap_or_else(|| panic!("no loss of {output} is told\n{}", run.said()));
    assert!(lost(line) > 0, "{line}");
}

/// The number before `lost`.
fn lost(line: &str) -> u64 {
    let before = line.split(" lost: ").next().unwrap_or_default();
    let digits = before.rsplit(|c: char| !c.is_ascii_digit()).find(|word| !word.is_empty());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or_else(|| panic!("no number in {line}"))
}

/// What dashboards ask of seconds with more samples than are written singly is what the run itself
/// says of them.
#[test]
fn a_run_past_the_limit_is_told_in_fewer_points() {
    let (web, influxdb) = (Web::start(), InfluxDb::start());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("script.js"), FULL).unwrap();
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(["run", "--out", &format!("influxdb={}/k6", influxdb.url())]);
    command.args(["--out", "json=samples.json", "--summary-export", "summary.json"]);
    command.args(["-e", &format!("BASE={}", web.url), "script.js"]);
    command.env("PLIMSOLL_INFLUXDB_POINTS_PER_SECOND", "1000");
    let run = finish(command, folder, None);
    assert_eq!(run.code, Some(0), "{}", run.said());
    let metrics = &run.json("summary.json")["metrics"];
    let of = |metric: &str, value: &str| metrics[metric][value].as_f64().unwrap();
    let asked = |statement: &str| -> f64 {
        influxdb.column("k6", statement, 1).first().unwrap().parse().unwrap()
    };
    let requests = of("http_reqs", "count");
    assert_eq!(asked("SELECT sum(\"value\") FROM \"http_reqs\""), requests);
    let points = asked("SELECT count(\"value\") FROM \"http_req_duration\"");
    assert!(points < requests / 3.0, "{points} points of {requests} requests\n{}", run.said());
    // One of four fails.
    let passed = asked("SELECT mean(\"value\") FROM \"checks\"");
    assert!((passed - 0.75).abs() < 0.02, "{passed}");
    for end in ["min", "max"] {
        let told = of("http_req_duration", end);
        let seen = asked(&format!("SELECT {end}(\"value\") FROM \"http_req_duration\""));
        assert!((seen - told).abs() <= told * 1e-3, "{end}: {seen}, not {told}");
    }
    assert!(run.stderr.contains("; condensed: "), "{}", run.said());
    // A file beside it has everything.
    let samples = std::fs::read_to_string(run.folder.path().join("samples.json")).unwrap();
    let of_requests = "{\"metric\":\"http_reqs\",\"type\":\"Point\"";
    let written = samples.lines().filter(|line| line.starts_with(of_requests)).count();
    assert_eq!(written, requests as usize);
}

#[test]
fn a_run_outlives_influxdb() {
    let influxdb = InfluxDb::start();
    let out = format!("influxdb={}/k6", influxdb.url());
    let requests = |influxdb: &InfluxDb| {
        let sums = influxdb.column("k6", "SELECT sum(\"value\") FROM \"http_reqs\"", 1);
        sums.first().and_then(|sum| sum.parse().ok()).unwrap_or(0.0)
    };
    let run = with_a_death(&out, &[], influxdb, requests, InfluxDb::kill);
    check_survived(&run, "influxdb");
}

#[test]
fn a_run_outlives_prometheus() {
    let prometheus = Prometheus::start();
    let url = prometheus.write_url();
    let environment =
        [("K6_PROMETHEUS_RW_SERVER_URL", url.as_str()), ("K6_PROMETHEUS_RW_PUSH_INTERVAL", "1s")];
    let requests = |prometheus: &Prometheus| {
        let sums = prometheus.query("sum(k6_http_reqs_total)", &now());
        let sum = sums.first().and_then(|series| series["value"][1].as_str()?.parse().ok());
        sum.unwrap_or(0.0)
    };
    let out = "experimental-prometheus-rw";
    let run = with_a_death(out, &environment, prometheus, requests, Prometheus::kill);
    check_survived(&run, "Prometheus remote write");
}
