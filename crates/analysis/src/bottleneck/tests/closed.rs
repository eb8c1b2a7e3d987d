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
