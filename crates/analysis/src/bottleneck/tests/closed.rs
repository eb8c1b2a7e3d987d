//! Numbers of senders, each of which sends the next when the last was answered.

use super::super::{Known, Measured, NotIdentified, Observed, Resource, Signal, diagnose};

const SIZE: f64 = 4.0;
/// Seconds for which one of the pool is held.
const HELD: f64 = 0.0202;

const PAGE: [(&str, &str); 2] = [("host", "app1"), ("service", "web")];
const HOST: [(&str, &str); 1] = [("host", "app1")];

/// A pool of four; its requests sleep. Throughput is the same from four senders on, but for what a machine
/// adds and takes.
fn trial(senders: f64, noise: f64, tells: bool) -> Observed {
    let throughput = (senders / HELD).min(SIZE / HELD) * noise;
    let latency = senders / throughput;
    let in_use = throughput * HELD;
    let mut signals = vec![
        Signal::new("host_cpu_utilization", &HOST, 0.04 + throughput * 1e-4, 0.1),
        Signal::new("host_listen_overflows", &HOST, 0.0, 0.0),
    ];
    if tells {
        signals.extend([
            Signal::new("workers_size", &PAGE, SIZE, SIZE),
            Signal::new("workers_in_use", &PAGE, in_use, SIZE),
            Signal::new("workers_waiting", &PAGE, (senders - SIZE).max(0.0), senders),
        ]);
    }
    Observed {
        offered: throughput,
        throughput,
        latency_mean: latency * 1e3,
        in_flight: senders,
        kept: latency < 0.3,
        generator: 0.05,
        signals,
    }
}

/// Few senders at first, most trials where the objective is just kept or not.
fn trials(tells: bool) -> Vec<Observed> {
    let senders = [2, 4, 8, 16, 32, 64, 45, 54, 59, 56, 57, 58, 60, 61, 58, 60, 57, 61, 59, 60];
    let noise = [1.0, 0.991, 0.998, 1.0, 0.985, 0.996, 0.99];
    let both = senders.into_iter().zip(noise.into_iter().cycle());
    both.map(|(senders, noise)| trial(f64::from(senders), noise, tells)).collect()
}

fn known() -> Known {
    let capacity = Some(Measured { value: 197.0, interval: None });
    Known { capacity, is_closed: true, ..Known::default() }
}

#[test]
fn a_pool_that_is_full_from_few_senders_on() {
    let verdict = diagnose(&trials(true), &known());
    let named = verdict.bottleneck.unwrap();
    assert_eq!(named.subject.resource, Resource::Pool);
    let limit = named.limit.unwrap().value;
    assert!((190.0..206.0).contains(&limit), "{limit}");
}

#[test]
fn a_pool_that_nobody_tells_of() {
    let verdict = diagnose(&trials(false), &known());
    assert_eq!(verdict.bottleneck.unwrap_err(), NotIdentified::Waiting { serial: None });
}

/// A quota of a quarter of a core, which one sender uses up: requests take CPU time and nothing else.
#[test]
fn a_quota_that_is_full_from_the_first_sender_on() {
    let web = [("host", "app1"), ("cgroup", "web")];
    let trial = |senders: f64, noise: f64| {
        let throughput = 230.0 * noise;
        let latency = senders / throughput;
        let signals = vec![
            Signal::new("host_cpu_utilization", &HOST, 0.2, 0.3),
            Signal::new("cgroup_cpu_utilization", &web, 0.248 * noise.max(0.99), 0.25),
            Signal::new("cgroup_cpu_quota", &web, 0.25, 0.25),
            Signal::new("cgroup_cpu_throttled_share", &web, 0.95, 1.0),
        ];
        Observed {
            offered: throughput,
            throughput,
            latency_mean: latency * 1e3,
            in_flight: senders,
            kept: latency < 0.3,
            generator: 0.05,
            signals,
        }
    };
    let senders = [2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 90.0, 76.0, 69.0, 66.0, 71.0];
    let noise = [1.0, 0.993, 1.004, 0.998, 0.99].into_iter().cycle();
    let rows: Vec<Observed> =
        senders.into_iter().zip(noise).map(|(senders, noise)| trial(senders, noise)).collect();
    let capacity = Some(Measured { value: 229.0, interval: None });
    let verdict = diagnose(&rows, &Known { capacity, is_closed: true, ..Known::default() });
    let named = verdict.bottleneck.unwrap();
    assert_eq!(named.subject.resource, Resource::CpuQuota);
    let limit = named.limit.unwrap().value;
    assert!((222.0..238.0).contains(&limit), "{limit}");
}
