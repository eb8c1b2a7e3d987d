//! The lines that InfluxDB gets, beside real k6's; and receivers that are not there, do not answer,
//! refuse or give up: the run ends, and every point is delivered or told as lost.

use std::collections::BTreeMap;

use plimsoll_e2e::{
    Run, Tool, Web, command, finish,
    influxdb::InfluxDb,
    ports::Port,
    samples,
    sink::{Received, Reply, Sink},
};

/// Tags of all sorts on all kinds of metrics, a fixed number of times.
const SCRIPT: &str = r#"
import http from 'k6/http';
import { check, group } from 'k6';
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';
const trend = new Trend('my_trend', true), counter = new Counter('my_counter');
const gauge = new Gauge('my_gauge'), rate = new Rate('my_rate');
export const options = {
  iterations: 3,
  tags: { team: 'a b,c=d', quoted: 'é"q"', empty: '', n: '12', flag: 'true', share: '0.5' },
};
export default function () {
  group('one, two=3', () => {
    const answer = http.get(`${__ENV.BASE}/?a=b,c=d&e=f`, { tags: { 'k ey': 'v\\al' } });
    check(answer, { 'is 200, ok=': (r) => r.status === 200, 'never so': () => false });
  });
  http.get(`${__ENV.BASE}/status/404`, { tags: { name: 'missing' } });
  for (const value of [1.5, 1e21, 1e-9, -0.0, 1234567, 123456.7, 12345678.9]) trend.add(value);
  trend.add(1, { n: 'no number', flag: 'no' });
  trend.add(2, { share: 'Infinite', n: '-007' });
  counter.add(3, { url: 'mine' });
  gauge.add(-2.25);
  rate.add(true);
  rate.add(0);
}
"#;

/// Metrics that k6 does not have.
fn is_ours(measurement: &str) -> bool {
    const OURS: [&str; 3] = ["iteration_lateness", "iteration_response_time", "iterations_asked"];
    OURS.contains(&measurement) || ["process_", "host_"].iter().any(|p| measurement.starts_with(p))
}

/// A line's parts as they stand: names up to the first separator that no backslash precedes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut from, mut before, mut is_quoted) = (Vec::new(), 0, ' ', false);
    for (at, char) in text.char_indices() {
        // A quote opens only behind the `=` of a field.
        is_quoted ^= char == '"' && before != '\\' && (is_quoted || before == '=');
        if char == separator && before != '\\' && !is_quoted {
            parts.push(&text[from..at]);
            from = at + 1;
        }
        before = char;
    }
    parts.push(&text[from..]);
    parts
}

fn run(tool: Tool, out: &str, environment: &[(&str, &str)], more: &[&str]) -> Run {
    let web = Web::start();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("script.js"), SCRIPT).unwrap();
    let mut command = command(tool, folder.path());
    command.args(["run", "--quiet", "--out", out]).args(more);
    command.args(["-e", &format!("BASE={}", web.url), "script.js"]);
    command.envs(environment.iter().copied());
    let run = finish(command, folder, None);
    assert_eq!(run.code, Some(0), "{}", run.said());
    run
}

/// What stands in the lines of a run: each measurement with its tags' names and fields' types, and
/// how often; of the script's own metrics everything but the time.
fn written(tool: Tool, query: &str, environment: &[(&str, &str)]) -> BTreeMap<String, usize> {
    let sink = Sink::start(|_, _| Reply::Taken);
    run(tool, &format!("influxdb={}/db{query}", sink.url()), environment, &[]);
    let mut found = BTreeMap::new();
    for line in sink.lines("/write") {
        let [key, fields, _time] = split(&line, ' ')[..] else { panic!("{line}") };
        let measurement = split(key, ',')[0];
        // How many samples these have depends on how long the run takes.
        let is_timed = ["vus", "vus_max"].contains(&measurement);
        if is_ours(measurement) || is_timed {
            continue;
        }
        let text = if measurement.starts_with("my_") {
            format!("{key} {fields}")
        } else {
            let names = |text: &str| {
                let pairs = split(text, ',');
                let name = |pair: &&str| split(pair, '=')[0].to_owned();
                pairs.iter().map(name).collect::<Vec<_>>().join(",")
            };
            let kind = |field: &str| match field.chars().last() {
                Some('"') => "string",
                Some('i') => "int",
                Some('e') => "bool",
                _ => "float",
            };
            let kinds: Vec<&str> = split(fields, ',').into_iter().map(kind).collect();
            format!("{} {} {}", names(key), names(fields), kinds.join(","))
        };
        *found.entry(text).or_default() += 1;
    }
    found
}

#[test]
fn lines_are_those_of_k6() {
    let typed = [("K6_INFLUXDB_TAGS_AS_FIELDS", "n:int,flag:bool,share:float,team,group,url")];
    let cases: [(&str, &[(&str, &str)]); 3] = [
        ("", &[]),
        ("", &typed),
        ("?tagsAsFields=n:int&tagsAsFields=method&precision=ms&pushInterval=100ms", &typed),
    ];
    for (query, environment) in cases {
        let [ours, k6] = [Tool::Plimsoll, Tool::K6].map(|tool| written(tool, query, environment));
        assert!(k6.len() > 20, "{k6:#?}");
        assert_eq!(ours, k6, "{query} {environment:?}");
    }
}

#[test]
fn requests_go_where_those_of_k6_go() {
    let [ours, k6] = [Tool::Plimsoll, Tool::K6].map(|tool| {
        let sink = Sink::start(|_, _| Reply::Taken);
        let url = sink.url().replace("//", "//me:secret@");
        let environment = [("K6_INFLUXDB_RETENTION", "rp"), ("K6_INFLUXDB_CONSISTENCY", "one")];
        let run = run(tool, &format!("influxdb={url}/db"), &environment, &[]);
        if tool == Tool::Plimsoll {
            assert!(!run.said().contains("secret"), "{}", run.said());
        }
        let targets = sink.received().into_iter().map(|request| {
            let (path, query) = request.target.split_once('?').unwrap();
            // k6 also sends parameters that are empty, and does not quote the database's name.
            let query = query.replace("%22", "");
            let mut pairs: Vec<&str> = query
                .split('&')
                .filter(|pair| !pair.ends_with('=') && *pair != "params=%7B%7D")
                .collect();
            pairs.sort_unstable();
            format!("{path}?{}", pairs.join("&"))
        });
        targets.collect::<std::collections::BTreeSet<String>>()
    });
    assert_eq!(ours, k6);
    assert_eq!(ours.len(), 2, "{ours:?}");
}

/// Outputs see the variables of the process whatever the script sees, and those of `-e` over them.
#[test]
fn variables_of_the_process_and_of_flags_count() {
    let targets = |arguments: &[&str], database: &str| {
        let sink = Sink::start(|_, _| Reply::Taken);
        let folder = tempfile::tempdir().unwrap();
        let mut command = command(Tool::Plimsoll, folder.path());
        command.args(arguments).env("K6_INFLUXDB_ADDR", sink.url());
        command.env("K6_INFLUXDB_DB", "process");
        let source = "export default function () {}";
        std::fs::write(folder.path().join("script.js"), source).unwrap();
        let run = finish(command, folder, None);
        assert_eq!(run.code, Some(0), "{}", run.said());
        let is_wanted = |line: &Received| line.target.contains(&format!("db={database}&"));
        assert!(sink.received().iter().any(is_wanted), "{:?}", sink.received());
    };
    let run = ["run", "--out", "influxdb", "--include-system-env-vars=false", "script.js"];
    targets(&run, "process");
    targets(&["run", "--out", "influxdb", "-e", "K6_INFLUXDB_DB=flag", "script.js"], "flag");
    let web = Web::start();
    let attack = ["attack", "-rate", "20/s", "-duration", "1s", "--out", "influxdb", &web.url];
    targets(&attack, "process");
}

/// Every sample is a point in the database, whatever its tags are, and however it got there.
#[test]
fn a_real_database_has_every_point() {
    let influxdb = InfluxDb::start();
    for (database, gzip) in [("plain-1", "false"), ("packed", "true")] {
        let out = format!("influxdb={}/{database}", influxdb.url());
        let environment = [("K6_INFLUXDB_GZIP", gzip)];
        let run = run(Tool::Plimsoll, &out, &environment, &["--out", "json=x.json"]);
        let samples = samples::read(&run.text("x.json"), &|_, value| value.to_owned());
        let counted = influxdb.query(database, "SELECT count(value) FROM /.*/");
        let counted: BTreeMap<&str, u64> = counted
            .iter()
            .map(|series| {
                (series["name"].as_str().unwrap(), series["values"][0][1].as_u64().unwrap())
            })
            .collect();
        let expected: BTreeMap<&str, u64> =
            samples.iter().map(|(name, metric)| (&**name, metric.samples as u64)).collect();
        assert_eq!(counted, expected, "{database}");
    }
}

/// Delivered and lost, of the output's last line.
fn balance(run: &Run) -> (usize, usize) {
    let line = run.stderr.lines().find(|line| line.contains(" points delivered"));
    let line = line.unwrap_or_else(|| panic!("no last line\n{}", run.said()));
    let number = |before: &str| -> usize {
        let Some((text, _)) = line.split_once(before) else { return 0 };
        text.rsplit([' ', '"']).next().unwrap().parse().unwrap_or_else(|_| panic!("{line}"))
    };
    (number(" points delivered"), number(" lost: "))
}

/// Runs beside `--out json`, which has the same samples, and compares the numbers.
fn check_balance(out: &str, delivered: impl FnOnce(usize) -> usize) -> Run {
    let run = run(Tool::Plimsoll, out, &[], &["--out", "json=x.json"]);
    let samples = samples::read(&run.text("x.json"), &|_, value| value.to_owned());
    let count = samples.values().map(|metric| metric.samples).sum();
    let expected = delivered(count);
    assert_eq!(balance(&run), (expected, count - expected), "{}", run.said());
    run
}

#[test]
fn nobody_there() {
    let nobody = Port::reserve();
    let run = check_balance(&format!("influxdb=http://127.0.0.1:{}", nobody.number), |_| 0);
    assert!(run.stderr.contains("Connection refused"), "{}", run.said());
}

#[test]
fn nobody_who_answers() {
    let sink = Sink::start(|_, _| Reply::Silence);
    let run = check_balance(&format!("influxdb={}", sink.url()), |_| 0);
    assert!(run.stderr.contains("not taken by the end of the run"), "{}", run.said());
}

#[test]
fn a_receiver_that_refuses() {
    let sink = Sink::start(|_, request| match request.target.starts_with("/write") {
        true => Reply::Status("401 Unauthorized"),
        false => Reply::Taken,
    });
    let run = check_balance(&format!("influxdb={}", sink.url()), |_| 0);
    assert!(run.stderr.contains("refused (401 Unauthorized)"), "{}", run.said());
}

#[test]
fn a_receiver_that_has_a_bad_moment() {
    let sink = Sink::start(|at, _| match at {
        1 => Reply::Status("503 Service Unavailable"),
        2 => Reply::Status("500 Internal Server Error"),
        _ => Reply::Taken,
    });
    let run = check_balance(&format!("influxdb={}", sink.url()), |count| count);
    assert!(run.stderr.contains("delivers again"), "{}", run.said());
}

/// A certificate that nobody vouches for is taken only by those who said so. The service has no such
/// page, which its answer says.
#[test]
fn certificates_are_verified_unless_told_otherwise() {
    let web = Web::start_with(&["--tls"]);
    for (insecure, reason) in [("false", "failed to verify certificate"), ("true", "refused (405")]
    {
        let run = check_balance(&format!("influxdb={}/db?insecure={insecure}", web.url), |_| 0);
        assert!(run.stderr.contains(reason), "{}", run.said());
    }
}
