//! Trials of a real search, replayed: `serve web --cpu-budget 0.25` with `/work?cpu_ms=1`, on two cores.

use super::super::{
    Confidence, Demand, Known, Measured, Observed, Resource, Signal, diagnose, words,
};

/// Asked for, ended, mean latency, in flight, kept, generator; of the cgroup its cores and throttled share;
/// the process's run delay; of the host its share busy, its CPU pressure and the generator's cores.
const TRIALS: [[f64; 12]; 22] = [
    [46.817, 47.0, 2.396, 0.0, 1.0, 0.023, 0.072, 0.0, 0.019, 0.23, 0.373, 0.046],
    [93.634, 93.5, 2.815, 0.0, 1.0, 0.042, 0.149, 0.005, 0.081, 0.705, 0.329, 0.085],
    [187.268, 189.0, 22.292, 2.27, 1.0, 0.047, 0.251, 0.975, 0.749, 0.624, 0.61, 0.095],
    [374.535, 182.0, 1020.75, 478.047, 0.0, 0.084, 0.25, 1.0, 0.75, 0.497, 0.78, 0.167],
    [374.535, 179.5, 1050.476, 486.051, 0.0, 0.093, 0.25, 1.0, 0.749, 0.421, 0.771, 0.184],
    [264.836, 184.5, 642.031, 208.533, 0.0, 0.066, 0.25, 1.0, 0.747, 0.401, 0.716, 0.134],
    [222.7, 191.5, 327.215, 87.287, 0.0, 0.06, 0.25, 1.0, 0.751, 0.392, 0.8, 0.121],
    [204.217, 191.5, 146.835, 37.107, 0.0, 0.063, 0.25, 1.0, 0.75, 0.398, 0.772, 0.126],
    [195.559, 182.5, 159.161, 36.991, 0.0, 0.058, 0.25, 1.0, 0.75, 0.208, 0.542, 0.118],
    [195.559, 191.444, 186.889, 35.49, 0.0, 0.061, 0.25, 0.999, 0.749, 0.814, 0.52, 0.122],
    [187.268, 185.222, 20.799, 3.128, 1.0, 0.051, 0.25, 0.999, 0.717, 0.275, 0.531, 0.098],
    [195.559, 187.778, 179.213, 36.794, 0.0, 0.058, 0.25, 0.999, 0.749, 0.705, 0.518, 0.116],
    [187.268, 185.889, 19.561, 2.515, 1.0, 0.058, 0.25, 0.996, 0.746, 0.977, 0.564, 0.117],
    [187.268, 181.556, 171.265, 32.736, 0.0, 0.066, 0.25, 1.0, 0.748, 0.367, 0.54, 0.13],
    [195.559, 182.333, 365.537, 74.371, 0.0, 0.068, 0.25, 1.0, 0.75, 0.527, 0.561, 0.136],
    [187.268, 185.333, 105.011, 17.4, 1.0, 0.056, 0.25, 1.0, 0.749, 0.7, 0.483, 0.113],
    [195.559, 191.111, 61.89, 11.152, 0.0, 0.052, 0.25, 1.0, 0.735, 0.175, 0.662, 0.105],
    [187.268, 185.889, 42.875, 6.402, 1.0, 0.058, 0.25, 1.0, 0.745, 0.178, 0.64, 0.116],
    [93.634, 93.5, 2.392, 0.033, 1.0, 0.044, 0.148, 0.0, 0.028, 0.136, 0.028, 0.09],
    [149.814, 149.5, 2.433, 0.065, 1.0, 0.064, 0.235, 0.25, 0.061, 0.18, 0.047, 0.128],
    [187.268, 189.5, 17.094, 2.753, 1.0, 0.055, 0.25, 1.0, 0.72, 0.17, 0.633, 0.112],
    [224.721, 185.0, 990.379, 239.076, 0.0, 0.069, 0.25, 1.0, 0.749, 0.198, 0.619, 0.138],
];

const QUOTA: [(&str, &str); 2] = [("host", "vm"), ("cgroup", "port:8080")];
const WEB: [(&str, &str); 2] = [("host", "vm"), ("process", "port:8080")];
const THREAD: [(&str, &str); 3] = [("host", "vm"), ("process", "port:8080"), ("thread", "web-0")];
const GENERATOR: [(&str, &str); 3] =
    [("host", "vm"), ("process", "generator"), ("role", "generator")];
const HOST: [(&str, &str); 1] = [("host", "vm")];

fn observed(row: &[f64; 12], has_quota: bool) -> Observed {
    let [offered, throughput, latency_mean, in_flight, kept, generator, rest @ ..] = *row;
    let [cores, throttled, delay, host, pressure, of_generator] = rest;
    let mut signals = vec![
        Signal::new("process_cpu_utilization", &WEB, cores, cores),
        Signal::new("process_hottest_thread_utilization", &THREAD, cores, cores),
        Signal::new("process_run_delay", &WEB, delay, delay),
        Signal::new("process_cpu_utilization", &GENERATOR, of_generator, of_generator),
        Signal::new("host_cpu_utilization", &HOST, host, host),
        Signal::new("host_pressure_cpu_some", &HOST, pressure, pressure),
    ];
    if has_quota {
        signals.extend([
            Signal::new("cgroup_cpu_quota", &QUOTA, 0.25, 0.25),
            Signal::new("cgroup_cpu_utilization", &QUOTA, cores, cores),
            Signal::new("cgroup_cpu_throttled_share", &QUOTA, throttled, throttled),
        ]);
    }
    Observed { offered, throughput, latency_mean, in_flight, kept: kept > 0.0, generator, signals }
}

fn known() -> Known {
    let capacity = Some(Measured { value: 187.3, interval: None });
    Known { capacity, cores: Some(2.0), ..Known::default() }
}

/// At 150/s it is at 94 % already, and does 190/s all the same: requests get cheaper when they wait.
#[test]
fn a_quota_that_is_full_below_the_capacity() {
    let rows: Vec<Observed> = TRIALS.iter().map(|row| observed(row, true)).collect();
    let verdict = diagnose(&rows, &known());
    let text = words(&verdict).join("\n");
    let named = verdict.bottleneck.unwrap_or_else(|why| panic!("{why:?}\n{text}"));
    assert_eq!(named.subject.resource, Resource::CpuQuota, "{text}");
    assert_eq!(named.confidence, Confidence::High, "{text}");
    let limit = named.limit.unwrap();
    assert!((175.0..200.0).contains(&limit.value), "{text}");
    let Some(Demand::Milliseconds(demand)) = named.demand else { panic!("{text}") };
    assert!((1.2..1.4).contains(&demand), "{text}");
    assert!(text.contains("throttled in 100 % of periods"), "{text}");
    assert!(text.contains("ms per request at little load"), "{text}");
}

/// Without a look at its cgroup no name is right.
#[test]
fn the_same_with_its_process_only() {
    let rows: Vec<Observed> = TRIALS.iter().map(|row| observed(row, false)).collect();
    let verdict = diagnose(&rows, &known());
    let text = words(&verdict).join("\n");
    let why = verdict.bottleneck.expect_err(&text);
    assert_eq!(why.name(), "held_back", "{text}");
}

/// A search that the budget ended before the trials at a half and at four fifths: two below the end.
#[test]
fn a_quota_by_two_trials_below_it() {
    let is_below = |row: &&[f64; 12]| row[6] < 0.24;
    let below = TRIALS.iter().filter(is_below).take(2);
    let rows: Vec<Observed> = below
        .chain(TRIALS.iter().filter(|row| !is_below(row)))
        .map(|row| observed(row, true))
        .collect();
    let verdict = diagnose(&rows, &known());
    let text = words(&verdict).join("\n");
    let named = verdict.bottleneck.unwrap_or_else(|why| panic!("{why:?}\n{text}"));
    assert_eq!(named.subject.resource, Resource::CpuQuota, "{text}");
}

/// By its path and by a process in it.
#[test]
fn a_quota_that_is_watched_twice() {
    let mut rows: Vec<Observed> = TRIALS.iter().map(|row| observed(row, true)).collect();
    for row in &mut rows {
        let is_of_cgroup = |signal: &&Signal| signal.tag("cgroup").is_some();
        let copies: Vec<Signal> = row.signals.iter().filter(is_of_cgroup).cloned().collect();
        row.signals.extend(copies.into_iter().map(|mut signal| {
            signal.tags.iter_mut().for_each(|(name, value)| {
                if name == "cgroup" {
                    *value = "/web".to_owned();
                }
            });
            signal
        }));
    }
    let verdict = diagnose(&rows, &known());
    let text = words(&verdict).join("\n");
    let named = verdict.bottleneck.unwrap_or_else(|why| panic!("{why:?}\n{text}"));
    assert_eq!(named.subject.resource, Resource::CpuQuota, "{text}");
    assert_eq!(named.confidence, Confidence::High, "{text}");
    assert!(verdict.cautions.is_empty(), "{text}");
}
