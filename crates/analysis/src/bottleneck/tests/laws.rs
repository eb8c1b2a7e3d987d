//! What must hold of every verdict.

use proptest::prelude::*;

use crate::stats::Interval;

use super::{
    super::{Measured, Resource, diagnose},
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
    #![proptest_config(ProptestConfig::with_cases(60))]

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

    /// Whatever the noise up to a tenth, and wherever the trials lie, the quota or nothing is named.
    #[test]
    fn never_a_wrong_name(
        demand in 0.1_f64..4.0, noise in 0.0_f64..0.1, seed: u64,
        rates in prop::collection::vec(0.05_f64..2.0, 3..12),
    ) {
        let mut service = service(demand, noise, seed);
        service.rates = rates;
        if let Ok(named) = service.verdict().bottleneck {
            prop_assert_eq!(named.subject.resource, Resource::CpuQuota);
            prop_assert!(!named.evidence.is_empty());
        }
    }
}
