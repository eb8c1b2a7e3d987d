//! Lines, and how many samples they stand for.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use plimsoll_metrics::{Builtin, Contains, MetricKind};
use plimsoll_runtime::random::Random;

use super::*;
use crate::{
    Output,
    delivery::{Outbox, Payload, SampleEncoder},
    testing::Samples,
};

fn config(env: &[(&str, &str)]) -> StatsdConfig {
    let pairs = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    StatsdConfig::parse(Some("127.0.0.1:8125"), &pairs.collect::<BTreeMap<_, _>>()).unwrap()
}

fn encode(samples: &Samples, env: &[(&str, &str)]) -> Vec<Payload> {
    let (registry, random) = (samples.registry.clone(), Random::seeded(1));
    let mut encoder = StatsdEncoder::new(config(env), registry, random);
    let mut outbox = Outbox::default();
    encoder.samples(&samples.list, &mut outbox);
    assert_eq!(outbox.payloads(), [], "nothing before the interval is over");
    encoder.flush(&mut outbox);
    let payloads = outbox.payloads().to_vec();
    let points: u64 = payloads.iter().map(|payload| payload.points).sum();
    assert_eq!(points, samples.list.len() as u64);
    payloads
}

fn text(payloads: &[Payload]) -> String {
    let bodies: Vec<&str> =
        payloads.iter().map(|payload| std::str::from_utf8(&payload.body).unwrap()).collect();
    bodies.join("\n--\n")
}

fn of_all_kinds() -> Samples {
    let mut samples = Samples::of_a_run();
    let gauge = samples.registry.metric("level", MetricKind::Gauge, Contains::Default).unwrap();
    let rate = samples.registry.metric("ok", MetricKind::Rate, Contains::Default).unwrap();
    for value in [7.0, -2.25] {
        samples.add(gauge, &[], value, &[]);
    }
    for value in [1.0, 0.0, 1.0] {
        samples.add(rate, &[], value, &[]);
        samples.add(Builtin::Checks.id(), &[("check", "is 2xx: a/b")], value, &[]);
    }
    samples
}

#[test]
fn lines_without_tags() {
    insta::assert_snapshot!(text(&encode(&of_all_kinds(), &[])), @r"
    k6.http_reqs:2|c
    k6.http_req_duration:0.593185|ms
    k6.my_trend:123456789.123|ms
    k6.my_trend:0.0000001|ms
    k6.iteration_lateness:5|ms
    k6.iteration_response_time:5|ms
    k6.level:0|g
    k6.level:-2.25|g
    k6.ok:2|c
    k6.ok.false:1|c
    k6.check.is_2xx__a-b.pass:2|c
    k6.check.is_2xx__a-b.fail:1|c
    ");
}

#[test]
fn lines_with_tags_and_small_datagrams() {
    let env = [
        ("K6_STATSD_ENABLE_TAGS", "true"),
        ("K6_STATSD_TAG_BLOCKLIST", "status,url"),
        ("K6_STATSD_NAMESPACE", "a.b"),
        ("K6_STATSD_BUFFER_SIZE", "6"),
    ];
    insta::assert_snapshot!(text(&encode(&of_all_kinds(), &env)), @r#"
    a.b.http_reqs:2|c|#scenario:default
    a.b.http_req_duration:0.593185|ms|#scenario:default
    a.b.my_trend:123456789.123|ms|#k:v,run:x"y_é
    a.b.my_trend:0.0000001|ms
    a.b.iteration_lateness:5|ms
    a.b.iteration_response_time:5|ms
    --
    a.b.level:0|g
    a.b.level:-2.25|g
    a.b.ok:2|c
    a.b.ok.false:1|c
    a.b.check.is_2xx__a-b.pass:2|c|#check:is 2xx: a/b
    a.b.check.is_2xx__a-b.fail:1|c|#check:is 2xx: a/b
    "#);
}

#[test]
fn of_many_samples_some_stand_for_all() {
    let mut samples = Samples::new();
    let values = 100_000;
    for value in 0..values {
        samples.add(Builtin::HttpReqDuration.id(), &[], f64::from(value), &[]);
    }
    let payloads = encode(&samples, &[("K6_STATSD_BUFFER_SIZE", "1000")]);
    assert!(payloads.iter().all(|payload| payload.body.len() <= 1_432));
    let text = text(&payloads);
    let lines: Vec<&str> = text.lines().filter(|line| *line != "--").collect();
    assert_eq!(lines.len(), 200);
    assert!(lines.iter().all(|line| line.ends_with("|ms|@0.002")), "{}", lines[0]);
    let mean = lines
        .iter()
        .map(|line| line.split([':', '|']).nth(1).unwrap().parse::<f64>().unwrap())
        .sum::<f64>()
        / 200.0;
    // Five standard errors of 200 draws from a uniform distribution.
    let half = f64::from(values) / 2.0;
    assert!((mean - half).abs() < 5.0 * f64::from(values) / (12.0_f64 * 200.0).sqrt(), "{mean}");
}

#[test]
fn an_interval_without_samples_says_nothing() {
    let samples = of_all_kinds();
    let registry = samples.registry.clone();
    let mut encoder = StatsdEncoder::new(config(&[]), registry, Random::seeded(1));
    let mut outbox = Outbox::default();
    encoder.samples(&samples.list, &mut outbox);
    encoder.flush(&mut outbox);
    let before = outbox.payloads().len();
    encoder.flush(&mut outbox);
    assert_eq!(outbox.payloads().len(), before);
}

#[test]
fn datagrams_arrive() {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let samples = Samples::of_a_run();
    let config = StatsdConfig { port: socket.local_addr().unwrap().port(), ..config(&[]) };
    let mut output = start(&config, samples.registry, Log::memory()).unwrap();
    output.samples(&Arc::new(samples.list), 0);
    let line = output.finish().unwrap().unwrap();
    assert_eq!(line, format!("statsd (127.0.0.1:{}): 7 points sent", config.port));
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut buffer = [0; 2_048];
    let length = socket.recv(&mut buffer).unwrap();
    let text = std::str::from_utf8(&buffer[..length]).unwrap();
    assert!(text.starts_with("k6.http_reqs:2|c\n"), "{text}");
}
