//! This host, and one that texts make up.

use plimsoll_metrics::{Observation, Registry, Sink};
use plimsoll_runtime::workers;

use super::*;

fn readings() -> (Registry, Readings) {
    let registry = Registry::new(10_000);
    (registry.clone(), Readings::new(registry, "here", false))
}

/// Names of metrics and values, in order.
fn values(registry: &Registry, observation: &Observation) -> Vec<(String, f64)> {
    let value = |sink: &Sink| match sink {
        Sink::Counter { sum } => *sum,
        Sink::Trend(histogram) => histogram.max(),
        other => panic!("{other:?}"),
    };
    let name = |series| registry.def(registry.series_def(series).metric).name.to_string();
    let sinks = observation.interval.sinks.iter();
    let mut found: Vec<_> = sinks.map(|(series, sink)| (name(*series), value(sink))).collect();
    found.sort_by(|left, right| left.0.cmp(&right.0));
    found
}

#[test]
fn this_host_tells_what_every_kernel_tells() {
    let (registry, readings) = readings();
    let mut probe = Box::new(HostSubject).probe().unwrap();
    workers::block_on(probe.read(&readings)).unwrap().unwrap();
    let first = values(&registry, &readings.take());
    let of = |values: &[(String, f64)], name: &str| {
        values
            .iter()
            .filter(|(found, _)| found == name)
            .map(|(_, value)| *value)
            .collect::<Vec<_>>()
    };
    assert!(of(&first, "host_cpu_utilization").is_empty(), "nothing to compare with");
    let [total] = of(&first, "host_memory_total_bytes")[..] else { panic!("{first:?}") };
    let [used] = of(&first, "host_memory_used_bytes")[..] else { panic!("{first:?}") };
    assert!(0.0 < used && used < total, "{used} of {total}");
    assert!(of(&first, "host_sockets").len() >= 3);

    // Until a tick of the kernel's clock has passed there is no utilization.
    let second = (0..1_000_000).find_map(|_| {
        workers::block_on(probe.read(&readings)).unwrap().unwrap();
        let found = values(&registry, &readings.take());
        (!of(&found, "host_cpu_utilization").is_empty()).then_some(found)
    });
    let second = second.unwrap();
    for (name, value) in &second {
        let is_share = name.starts_with("host_cpu_") || name.starts_with("host_pressure_");
        assert!(!is_share || (0.0..=1.0).contains(value), "{name} {value}");
        assert!(*value >= 0.0, "{name} {value}");
    }
    assert_eq!(of(&second, "host_listen_overflows").len(), 1, "{second:?}");
}

#[test]
fn increases_between_two_texts() {
    let (registry, readings) = readings();
    let (mut vmstat, mut disks) = (memory::Vmstat::default(), disk::Disks::default());
    let mut network = network::Network::default();
    let disk = |reads, sectors, ms, busy| {
        format!("   8       0 sda {reads} 0 {sectors} {ms} 0 0 0 0 0 {busy} 0\n")
    };
    let dev = |bytes, packets| format!(" eth0: {bytes} {packets} 0 0 0 0 0 0 5 5 0 0 0 0 0 0\n");
    vmstat.read("pgmajfault 10\noom_kill 1\n", &readings);
    disks.read(&disk(10, 8, 100, 4_294_967_290_u64), &readings);
    network.read_interfaces(&dev(1_000, 1), &readings);
    assert!(values(&registry, &readings.take()).is_empty(), "nothing to compare with");

    vmstat.read("pgmajfault 15\noom_kill 3\n", &readings);
    // The counter of busy milliseconds has wrapped.
    disks.read(&disk(14, 16, 110, 4), &readings);
    network.read_interfaces(&dev(1_500, 3), &readings);
    let observation = readings.take();
    let found: Vec<String> = values(&registry, &observation)
        .into_iter()
        .filter(|(name, _)| !["host_disk_utilization", "host_disk_queue"].contains(&&**name))
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    assert_eq!(
        found,
        [
            "host_disk_latency 2.5",
            "host_disk_read_bytes 4096",
            "host_disk_written_bytes 0",
            "host_major_faults 5",
            "host_network_dropped_packets 0",
            "host_network_received_bytes 500",
            "host_network_received_packets 2",
            "host_network_sent_bytes 0",
            "host_network_sent_packets 0",
            "host_oom_kills 2",
        ]
    );
    let [event] = &observation.events[..] else { panic!("{observation:?}") };
    assert_eq!(event.text, "host: 2 processes killed for want of memory");
}

#[test]
fn descriptors_with_and_without_a_limit() {
    let check = |text: &str, expected: &[f64]| {
        let (registry, readings) = readings();
        record_descriptors(text, &readings);
        let found = values(&registry, &readings.take());
        assert_eq!(found.iter().map(|(_, value)| *value).collect::<Vec<_>>(), expected);
    };
    check("693\t0\t2466177\n", &[693.0, 2_466_177.0]);
    check("693\t0\t9223372036854775807\n", &[693.0]);
    check("x\n", &[]);
}
