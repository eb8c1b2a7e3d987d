//! The limit is something that nobody watches: whatever else looks busy is not named.

use proptest::prelude::*;

use super::{
    super::{Confidence, Resource, words},
    service::{Service, State},
};

const HOST: [(&str, &str); 1] = [("host", "app1")];
const WEB: [(&str, &str); 2] = [("host", "app1"), ("process", "web")];
const PAGE: [(&str, &str); 2] = [("host", "app1"), ("service", "web")];
const QUOTA: [(&str, &str); 2] = [("host", "app1"), ("cgroup", "web")];
const DISK: [(&str, &str); 2] = [("host", "app1"), ("device", "sda")];

/// Of a resource of which `share` is used at the capacity.
fn busy(share: f64) -> impl Fn(State) -> f64 {
    move |at| share * at.load
}

#[track_caller]
fn names_none(service: impl Fn() -> Service) {
    for (seed, noise) in (0..40).flat_map(|seed| [(seed, 0.01), (seed, 0.1)]) {
        let mut service = service();
        (service.seed, service.noise) = (seed, noise);
        let verdict = service.verdict();
        let text = words(&verdict).join("\n");
        assert!(verdict.bottleneck.is_err(), "seed {seed}, noise {noise}: {text}");
    }
}

/// A pool of connections that the service does not tell of, beside cores that are used for 60 % and are
/// waited for when many requests are there at a time.
#[test]
fn cores_that_are_waited_for_are_not_full() {
    for share in [0.6, 0.7, 0.8] {
        names_none(|| {
            Service::new(400.0)
                .with("host_cpu_utilization", &HOST, busy(share))
                .with("host_pressure_cpu_some", &HOST, |at| at.queue(0.1, 0.7))
                .with("process_cpu_utilization", &WEB, busy(share * 1.5))
                .with("process_run_delay", &WEB, |at| at.queue(0.05, 0.2))
        });
    }
}

/// Refusing what is too much takes CPU too: the cores are full then, at no more than what the pool lets
/// through.
#[test]
fn cores_that_overload_fills() {
    names_none(|| {
        Service::new(400.0)
            .with("host_cpu_utilization", &HOST, |at| (0.6 * at.load + 2.5 * at.overload).min(1.0))
            .with("host_pressure_cpu_some", &HOST, |at| at.queue(0.1, 0.9))
    });
}

/// Bursts are throttled long before all of a quota is used.
#[test]
fn a_quota_that_throttles_bursts() {
    names_none(|| {
        Service::new(400.0)
            .on_a_host(0.8)
            .with("cgroup_cpu_quota", &QUOTA, |_| 0.5)
            .with("cgroup_cpu_utilization", &QUOTA, |at| 0.5 * 0.75 * at.load)
            .with("cgroup_cpu_throttled_share", &QUOTA, |at| at.queue(0.02, 0.3))
    });
}

/// Workers wait for something behind them, of which nobody tells: all of them are taken in overload, and
/// each for longer.
#[test]
fn workers_that_wait_for_a_database() {
    names_none(|| {
        Service::new(400.0)
            .on_a_host(0.5)
            .with("workers_size", &PAGE, |_| 64.0)
            .with("workers_in_use", &PAGE, |at| {
                if at.overload > 0.0 { 64.0 } else { at.throughput * 0.02 / (1.1 - at.load) }
            })
            .with("workers_waiting", &PAGE, |at| at.queue(0.0, 300.0))
    });
}

/// What is written asynchronously keeps a disk busy, and slow, beside a lock that is not seen.
#[test]
fn a_disk_with_time_left() {
    names_none(|| {
        Service::new(250.0).on_a_host(0.5).with("host_disk_utilization", &DISK, busy(0.8)).with(
            "host_disk_latency",
            &DISK,
            |at| at.queue(2.0, 25.0),
        )
    });
}

/// Behind a pool that is not seen, listen queues overflow: that may be told, but not as sure.
#[test]
fn listen_queues_behind_what_is_not_seen() {
    let service = Service::new(400.0)
        .on_a_host(0.5)
        .with("process_hottest_thread_utilization", &WEB, busy(0.3))
        .with("host_listen_overflows", &DISK[..1], |at| at.overload * 50.0);
    if let Ok(named) = service.verdict().bottleneck {
        assert_eq!(
            (named.subject.resource, named.confidence),
            (Resource::ListenQueue, Confidence::Low)
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Up to four fifths of everything that is watched is used at the capacity, all of it is waited for,
    /// and none is the limit.
    #[test]
    fn nothing_with_a_fifth_left_is_named(
        shares in prop::array::uniform4(0.0_f64..0.8), noise in 0.0_f64..0.1, seed: u64,
        kept_to in 0.8_f64..1.0, rates in prop::collection::vec(0.05_f64..2.0, 3..16),
    ) {
        let [host, quota, disk, thread] = shares;
        let thread_of = [("host", "app1"), ("process", "web"), ("thread", "main")];
        let mut service = Service::new(1_000.0)
            .with("host_cpu_utilization", &HOST, busy(host))
            .with("host_pressure_cpu_some", &HOST, |at| at.queue(0.1, 0.8))
            .with("host_pressure_io_some", &HOST, |at| at.queue(0.01, 0.5))
            .with("cgroup_cpu_quota", &QUOTA, |_| 0.5)
            .with("cgroup_cpu_utilization", &QUOTA, busy(quota * 0.5))
            .with("cgroup_cpu_throttled_share", &QUOTA, |at| at.queue(0.0, 0.3))
            .with("host_disk_utilization", &DISK, busy(disk))
            .with("host_disk_latency", &DISK, |at| at.queue(2.0, 25.0))
            .with("process_hottest_thread_utilization", &thread_of, busy(thread))
            .kept_to(kept_to);
        (service.noise, service.seed, service.rates) = (noise, seed, rates);
        let verdict = service.verdict();
        prop_assert!(verdict.bottleneck.is_err(), "{}", words(&verdict).join("\n"));
    }
}
