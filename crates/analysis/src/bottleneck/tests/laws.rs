//! What must hold of every verdict.

use proptest::prelude::*;

use crate::stats::Interval;

use super::{
    super::{
        Measured, Resource, diagnose,
        table::{ENTRIES, Limit, SEEN_BY, SIGNS},
    },
    service::Service,
};

fn service(demand: f64, noise: f64, seed: u64) -> Service {
    let postgres = [("host", "app1"), ("cgroup", "postgres")];
    let mut service = Service::new(500.0 / demand)
        .on_a_host(demand * 1.4)
        .with("cgroup_cpu_quota", &postgres, |_| 0.5)
        .with("cgroup_cpu_utilization", &postgres, move |at| at.used(demand, 0.0).min(0.497))
        .with("cgroup_cpu_throttled_share", &postgres, |at| at.queue(0.0, 0.5));
    service.noise = noise;
    service.seed = seed;
    service
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Another unit of time changes limits by its factor, and nothing else.
    #[test]
    fn limits_scale_with_throughput(
        demand in 0.1_f64..4.0, noise in 0.0_f64..0.05, seed: u64, factor in 0.05_f64..50.0,
    ) {
        let service = service(demand, noise, seed);
        let before = service.verdict();
        let mut rows = service.rows();
        for row in &mut rows {
            row.offered *= factor;
            row.throughput *= factor;
        }
        let mut known = service.known.clone();
        let scaled = |range: Interval| Interval { low: range.low * factor, high: range.high * factor };
        known.capacity = known.capacity.map(|measured| Measured {
            value: measured.value * factor,
            interval: measured.interval.map(scaled),
        });
        let after = diagnose(&rows, &known);
        let (before, after) = (before.bottleneck.unwrap(), after.bottleneck.unwrap());
        prop_assert_eq!(&before.subject, &after.subject);
        prop_assert_eq!(before.confidence, after.confidence);
        let (before, after) = (before.limit.unwrap(), after.limit.unwrap());
        prop_assert!((after.value / before.value / factor - 1.0).abs() < 1e-6);
        prop_assert!((after.interval.low / before.interval.low / factor - 1.0).abs() < 1e-6);
    }

    /// A resource that nobody uses more than a little changes neither what is named nor what is next.
    #[test]
    fn an_idle_resource_changes_nothing(
        demand in 0.1_f64..4.0, noise in 0.0_f64..0.05, seed: u64, idle in 0.0_f64..0.04,
    ) {
        let before = service(demand, noise, seed).verdict();
        let disk = [("host", "app9"), ("device", "sdz")];
        let after = service(demand, noise, seed)
            .with("host_disk_utilization", &disk, move |at| idle * (0.5 + at.load / 2.0));
        // Noise is drawn by row: without it both see the same.
        let mut rows = service(demand, noise, seed).rows();
        for (row, with) in rows.iter_mut().zip(after.rows()) {
            row.signals.extend(with.signals.into_iter().filter(|it| it.tag("device") == Some("sdz")));
        }
        let after = diagnose(&rows, &after.known);
        prop_assert_eq!(before.bottleneck, after.bottleneck);
        prop_assert_eq!(before.next, after.next);
    }

    /// Whatever the noise up to a tenth, wherever the trials lie and however far below the end the
    /// objectives give way: what is the limit is named, or nothing.
    #[test]
    fn never_a_wrong_name(
        truth in 0_usize..6, noise in 0.0_f64..0.1, seed: u64, kept_to in 0.5_f64..1.0,
        rates in prop::collection::vec(0.05_f64..2.0, 3..16),
    ) {
        let (service, truth) = of_kind(truth);
        let mut service = service.kept_to(kept_to);
        (service.noise, service.seed, service.rates) = (noise, seed, rates);
        if let Ok(named) = service.verdict().bottleneck {
            prop_assert_eq!(Some(named.subject.resource), truth);
            prop_assert!(!named.evidence.is_empty());
        }
    }
}

/// A service that does 1,000 per second, with everything watched and one thing at its end, or none.
fn of_kind(kind: usize) -> (Service, Option<Resource>) {
    const QUOTA: [(&str, &str); 2] = [("host", "app1"), ("cgroup", "postgres")];
    const WEB: [(&str, &str); 2] = [("host", "app1"), ("process", "web")];
    const THREAD: [(&str, &str); 3] = [("host", "app1"), ("process", "web"), ("thread", "main")];
    const PAGE: [(&str, &str); 2] = [("host", "app1"), ("service", "web")];
    const DISK: [(&str, &str); 2] = [("host", "db1"), ("device", "sda")];
    let is = move |which: usize| kind == which;
    let quota = if is(0) { 0.5 } else { 0.2 };
    let thread = if is(1) { 1.0 } else { 0.4 };
    let disk = if is(3) { 1.0 } else { 0.3 };
    let service = Service::new(1_000.0)
        .on_a_host(if is(4) { 2.0 } else { 0.9 })
        .with("cgroup_cpu_quota", &QUOTA, |_| 0.5)
        .with("cgroup_cpu_utilization", &QUOTA, move |at| at.used(quota, 0.0))
        .with("cgroup_cpu_throttled_share", &QUOTA, move |at| {
            at.queue(0.0, if is(0) { 0.6 } else { 0.0 })
        })
        .with("process_cpu_utilization", &WEB, move |at| at.used(thread * 1.05, 0.0))
        .with("process_hottest_thread_utilization", &THREAD, move |at| at.used(thread, 0.0))
        .with("host_disk_utilization", &DISK, move |at| at.used(disk, 0.0))
        .with("db_pool_size", &PAGE, |_| 10.0)
        .with("db_pool_in_use", &PAGE, move |at| match (is(2), at.overload > 0.0) {
            // Held longer when what is behind it is at its end.
            (false, true) => 10.0,
            (false, false) => at.throughput * 0.003 * (1.0 + at.load.powi(8)),
            (true, _) => at.throughput * 0.01,
        })
        .with("db_pool_waiting", &PAGE, |at| at.queue(0.0, 50.0));
    let truths =
        [Resource::CpuQuota, Resource::Thread, Resource::Pool, Resource::Disk, Resource::HostCpu];
    (service, truths.get(kind).copied())
}

/// What the tables name is what the monitor names.
#[test]
fn metrics_are_those_of_the_monitor() {
    let page = include_str!("../../../../../docs/watch.md");
    let of_entries = ENTRIES.iter().flat_map(|entry| {
        let limit = match entry.limit {
            Limit::Metric(metric) => Some(metric),
            Limit::One | Limit::Cores | Limit::Link => None,
        };
        let symptoms = entry.symptoms.iter().map(|symptom| symptom.metric);
        symptoms.chain([entry.used]).chain(limit)
    });
    let of_signs = SIGNS.iter().flat_map(|sign| [Some(sign.symptom.metric), sign.per]).flatten();
    let seen_by = SEEN_BY.iter().map(|(metric, _)| *metric);
    for metric in of_entries.chain(of_signs).chain(seen_by) {
        assert!(page.contains(&format!("| `{metric}` |")), "{metric}");
    }
}
