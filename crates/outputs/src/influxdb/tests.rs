//! Whole requests, and what is in them.

use std::{collections::BTreeMap, io::Read, sync::Arc, time::Duration};

use plimsoll_metrics::{Builtin, RawSample, Recorder, SeriesId, TagSet, Timestamp};

use super::*;
use crate::{
    Output,
    delivery::testing::{OK, Received, Receiver, Reply},
    testing::Samples,
};

/// A line, read by the rules of version 1: a backslash counts only before a separator.
#[derive(Debug, PartialEq)]
pub(super) struct Parsed {
    pub(super) measurement: String,
    pub(super) tags: Vec<(String, String)>,
    pub(super) fields: Vec<(String, Field)>,
    pub(super) timestamp: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Field {
    Float(f64),
    Int(i64),
    Bool(bool),
    String(String),
}

pub(super) fn parse(line: &str) -> Parsed {
    // In what stands before the fields, quotes are characters like others.
    let key = split(line, ' ', false).remove(0);
    let mut parts = split(&line[key.len() + 1..], ' ', true);
    assert_eq!(parts.len(), 2, "{line}");
    let timestamp = parts.pop().unwrap().parse().unwrap();
    let fields = split(&parts.pop().unwrap(), ',', true);
    let mut tags = split(&key, ',', false).into_iter();
    let measurement = unescape(&tags.next().unwrap(), &[',', ' ']);
    let name = |text: &str| unescape(text, &[',', ' ', '=']);
    let pair = |text: String| {
        let parts = split(&text, '=', false);
        let [key, value] = &parts[..] else { panic!("{text} in {line}") };
        (name(key), name(value))
    };
    let field = |text: String| {
        let at = split(&text, '=', false)[0].len();
        (name(&text[..at]), value(&text[at + 1..]))
    };
    Parsed {
        measurement,
        tags: tags.map(pair).collect(),
        fields: fields.into_iter().map(field).collect(),
        timestamp,
    }
}

fn value(text: &str) -> Field {
    if let Some(quoted) = text.strip_prefix('"') {
        let inner = quoted.strip_suffix('"').unwrap();
        let mut chars = inner.chars();
        let mut plain = String::new();
        while let Some(char) = chars.next() {
            plain.push(if char == '\\' { chars.next().unwrap() } else { char });
        }
        return Field::String(plain);
    }
    match (text, text.strip_suffix('i')) {
        (_, Some(int)) => Field::Int(int.parse().unwrap()),
        ("true", _) => Field::Bool(true),
        ("false", _) => Field::Bool(false),
        _ => Field::Float(text.parse().unwrap()),
    }
}

/// At each `separator` without a backslash before it; with `quotes` none counts within them.
fn split(text: &str, separator: char, quotes: bool) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut is_quoted, mut escaped) = (false, false);
    for char in text.chars() {
        if char == separator && !escaped && !is_quoted {
            parts.push(String::new());
            continue;
        }
        is_quoted ^= quotes && char == '"' && !escaped && {
            // Only values have quotes, names do not.
            is_quoted || parts.last().unwrap().ends_with('=')
        };
        // Within quotes a backslash may itself be escaped.
        escaped = char == '\\' && !(escaped && is_quoted);
        parts.last_mut().unwrap().push(char);
    }
    parts
}

fn unescape(text: &str, special: &[char]) -> String {
    let mut plain = String::new();
    for char in text.chars() {
        if special.contains(&char) {
            assert_eq!(plain.pop(), Some('\\'), "{text}");
        }
        plain.push(char);
    }
    plain
}

fn config(url: &str, env: &[(&str, &str)]) -> InfluxdbConfig {
    let pairs = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    InfluxdbConfig::parse(Some(url), &pairs.collect::<BTreeMap<_, _>>(), false).unwrap()
}

/// How the delivery of `samples` ends, and what the log said.
fn deliver(
    config: &InfluxdbConfig,
    samples: Samples,
    drain: Duration,
) -> (Result<String, String>, Vec<String>) {
    let log = Log::memory();
    let mut settings = Settings::new("influxdb".to_owned(), log.clone());
    settings.concurrency = config.concurrent_writes;
    settings.drain = drain;
    settings.hurry = || false;
    let mut output = start_with(config, settings, samples.registry).unwrap();
    output.samples(&Arc::new(samples.list), 0);
    let line = output.finish().map(Option::unwrap).map_err(|error| error.message);
    (line, log.lines())
}

fn show(requests: &[Received]) -> String {
    let mut text = String::new();
    for request in requests {
        text.push_str(&request.line);
        for (name, value) in &request.headers {
            if !matches!(&**name, "host" | "content-length") {
                text.push_str(&format!("\n{name}: {value}"));
            }
        }
        let mut body = String::new();
        match request.header("content-encoding") {
            Some("gzip") => {
                flate2::read::GzDecoder::new(&request.body[..]).read_to_string(&mut body).unwrap();
            }
            _ => body = request.text(),
        }
        text.push_str(&format!("\n\n{body}\n"));
    }
    text
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn requests_as_k6_sends_them() {
    let receiver = Receiver::start(|_, _| OK);
    let url = receiver.url().replace("//", "//u:p@") + "/mydb?retention=rp1";
    let (line, log) = deliver(&config(&url, &[]), Samples::of_a_run(), LONG);
    assert_eq!(line, Ok("influxdb: 7 points delivered".to_owned()));
    assert_eq!(log, [""; 0]);
    insta::assert_snapshot!(show(&receiver.received()));
}

#[test]
fn requests_to_version_2_and_compressed() {
    let receiver = Receiver::start(|_, _| OK);
    let env = [
        ("K6_INFLUXDB_ORGANIZATION", "my org"),
        ("K6_INFLUXDB_BUCKET", "load"),
        ("K6_INFLUXDB_TOKEN", "secret"),
        ("K6_INFLUXDB_PRECISION", "us"),
        ("K6_INFLUXDB_GZIP", "true"),
    ];
    let config = config(&format!("{}/base", receiver.url()), &env);
    let (line, _) = deliver(&config, Samples::of_a_run(), LONG);
    assert_eq!(line, Ok("influxdb: 7 points delivered".to_owned()));
    insta::assert_snapshot!(show(&receiver.received()));
}

#[test]
fn bodies_are_limited_and_complete() {
    let receiver = Receiver::start(|_, _| OK);
    let mut samples = Samples::new();
    for value in 0..20_000 {
        let url = format!("http://127.0.0.1/{}", value % 100);
        samples.add(Builtin::HttpReqDuration.id(), &[("url", &url)], f64::from(value), &[]);
    }
    let (line, _) = deliver(&config(&receiver.url(), &[]), samples, LONG);
    assert_eq!(line, Ok("influxdb: 20000 points delivered".to_owned()));
    let requests = receiver.received();
    let writes: Vec<&Received> =
        requests.iter().filter(|request| request.line.contains("/write")).collect();
    assert!(writes.len() > 1);
    let mut values = Vec::new();
    for write in writes {
        assert!(write.body.len() <= 1024 * 1024);
        for line in write.text().lines() {
            let parsed = parse(line);
            let (_, Field::Float(value)) = parsed.fields[1] else { panic!("{line}") };
            values.push(value as i32);
        }
    }
    values.sort_unstable();
    assert!(values.into_iter().eq(0..20_000));
}

#[test]
fn what_the_database_refuses_is_counted() {
    let partial = "{\"error\":\"partial write: field type conflict dropped=2\"}";
    for (reply, lost, reason) in [
        (Reply::Status("400 Bad Request", partial), 2, "partial write: field type conflict"),
        (Reply::Status("401 Unauthorized", "{\"error\":\"authorization failed\"}"), 7, "401"),
        (Reply::Status("404 Not Found", "{\"error\":\"database not found\"}"), 7, "404"),
    ] {
        let receiver = Receiver::start(move |_, request| {
            let is_write = request.line.contains("/write");
            if is_write { reply } else { OK }
        });
        let (line, log) = deliver(&config(&receiver.url(), &[]), Samples::of_a_run(), LONG);
        let line = line.unwrap_err();
        let numbers = format!("influxdb: {} points delivered, {lost} lost: ", 7 - lost);
        assert!(line.starts_with(&numbers) && line.contains(reason), "{line}");
        assert_eq!(log.len(), 1, "{log:?}");
    }
}

#[test]
fn a_database_that_cannot_be_made_is_told_and_written_to() {
    let error = "{\"results\":[{\"statement_id\":0,\"error\":\"requires admin privilege\"}]}";
    let receiver = Receiver::start(move |_, request| {
        let is_write = request.line.contains("/write");
        if is_write { OK } else { Reply::Status("200 OK", error) }
    });
    let (line, log) = deliver(&config(&receiver.url(), &[]), Samples::of_a_run(), LONG);
    assert_eq!(line, Ok("influxdb: 7 points delivered".to_owned()));
    assert_eq!(log.len(), 1, "{log:?}");
    assert!(log[0].contains("cannot create the database: requires admin privilege"), "{log:?}");
}

#[test]
fn what_is_not_finite_is_lost() {
    let receiver = Receiver::start(|_, _| OK);
    let mut samples = Samples::new();
    samples.add(Builtin::Vus.id(), &[], 1.0, &[]);
    let series: SeriesId = samples.list[0].series;
    let nan = RawSample { series, at: Timestamp(1), value: f64::NAN, metadata: None };
    samples.list.push(nan);
    let (line, _) = deliver(&config(&receiver.url(), &[]), samples, LONG);
    let line = line.unwrap_err();
    assert_eq!(line, "influxdb: 1 point delivered, 1 lost: 1 not finite");
}

#[test]
fn lines_go_by_datagram() {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let url = format!("udp://{}/db?payload_size=160", socket.local_addr().unwrap());
    let (line, _) = deliver(&config(&url, &[]), Samples::of_a_run(), LONG);
    assert_eq!(line, Ok("influxdb: 7 points delivered".to_owned()));
    socket.set_read_timeout(Some(LONG)).unwrap();
    let mut lines = 0;
    while lines < 7 {
        let mut buffer = [0; 65_536];
        let length = socket.recv(&mut buffer).unwrap();
        let text = std::str::from_utf8(&buffer[..length]).unwrap();
        assert!(length <= 160 || text.lines().count() == 1, "{text}");
        lines += text.lines().map(parse).count();
    }
}

/// Singly up to the limit, above it as sums and fewer points; nothing twice.
#[test]
fn a_second_past_the_limit_is_condensed() {
    let receiver = Receiver::start(|_, _| OK);
    let config = config(&receiver.url(), &[("PLIMSOLL_INFLUXDB_POINTS_PER_SECOND", "1000")]);
    let log = Log::memory();
    let settings = Settings::new("influxdb".to_owned(), log.clone());
    let singles = Samples::of_a_run();
    let registry = singles.registry.clone();
    let mut recorder = Recorder::new(registry.clone(), false, 0);
    let mut output = start_with(&config, settings, registry).unwrap();
    assert_eq!((output.wants_samples(), output.singles_limit()), (true, Some(1_000)));
    output.samples(&Arc::new(singles.list), 0);
    for second in 1..=2_u64 {
        for metric in [Builtin::HttpReqs, Builtin::HttpReqDuration] {
            let series = recorder.handle(metric.id(), &TagSet::from_pairs([("load", "high")]));
            (0..5_000).for_each(|_| recorder.record(series, 1.0, Timestamp(second)));
        }
        let at = |second: u64| Timestamp(second * 1_000_000_000);
        output.condensed(at(second), at(second + 1), &recorder.take_interval());
    }
    let told = output.finish().unwrap().unwrap();
    // A sum and a fifth of the limit, twice.
    assert_eq!(
        told,
        "influxdb: 409 points delivered; condensed: 2 seconds with more than 1000 samples"
    );
    assert_eq!(
        log.lines(),
        [
            "level=info msg=\"influxdb: more than 1000 samples in a second; such seconds are written \
          as sums and fewer points, see PLIMSOLL_INFLUXDB_POINTS_PER_SECOND\""
        ]
    );
    let bodies: String = receiver.received().iter().map(|request| request.text()).collect();
    let sums: Vec<&str> =
        bodies.lines().filter(|line| line.starts_with("http_reqs,load=high")).collect();
    assert_eq!(
        sums,
        ["http_reqs,load=high value=5000 1500000000", "http_reqs,load=high value=5000 2500000000"]
    );
    let points = bodies.lines().filter(|line| line.starts_with("http_req_duration,load=high"));
    assert_eq!(points.count(), 400);
}
