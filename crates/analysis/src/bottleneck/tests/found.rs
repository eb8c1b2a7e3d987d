//! What can be named is.

use super::{
    super::{
        Caution, Confidence, Demand, Evidence, Known, Link, NotIdentified, Observed, Resource,
        Signal, Why, diagnose, words,
    },
    service::Service,
};

const HOST: [(&str, &str); 1] = [("host", "app1")];
const WEB: [(&str, &str); 2] = [("host", "app1"), ("process", "web")];
const PAGE: [(&str, &str); 2] = [("host", "app1"), ("service", "web")];

/// CPU of a host of two cores, 2 ms of it per request.
fn busy_host() -> Service {
    Service::new(980.0)
        .on_a_host(2.0)
        .with("process_cpu_utilization", &WEB, |at| at.used(1.9, 0.0))
        .with("process_run_delay", &WEB, |at| at.queue(0.05, 4.0))
        .with(
            "process_hottest_thread_utilization",
            &[("host", "app1"), ("process", "web"), ("thread", "worker")],
            |at| at.used(1.0, 0.0).min(0.98),
        )
}

#[test]
fn cpu_of_a_host_with_the_process_that_takes_it() {
    let (named, _, text) = busy_host().names(Resource::HostCpu, "app1");
    assert_eq!(named.confidence, Confidence::High, "{text}");
    assert!(text.contains("CPU of app1 (2 cores): busy"), "{text}");
    assert!(text.contains("web takes 1.8"), "{text}");
    let Some(Demand::Milliseconds(demand)) = named.demand else { panic!("{text}") };
    assert!((1.9..2.1).contains(&demand), "{demand}");
}

/// The issue's own example, with a pool that would be next.
#[test]
fn a_quota_of_a_cgroup_and_the_pool_behind_it() {
    let postgres = [("host", "app1"), ("cgroup", "postgres")];
    let (named, verdict, text) = Service::new(926.0)
        .on_a_host(0.8)
        .with("cgroup_cpu_quota", &postgres, |_| 0.5)
        .with("cgroup_cpu_utilization", &postgres, |at| at.used(0.54, 0.0).min(0.495))
        .with("cgroup_cpu_throttled_share", &postgres, |at| at.queue(0.0, 0.61))
        .with("db_pool_size", &PAGE, |_| 10.0)
        .with("db_pool_in_use", &PAGE, |at| {
            if at.overload > 0.0 { 10.0 } else { at.throughput * 4.3e-3 }
        })
        .with("db_pool_waiting", &PAGE, |at| at.queue(0.0, 60.0))
        .names(Resource::CpuQuota, "postgres");
    assert_eq!(named.confidence, Confidence::High);
    assert!(named.evidence.contains(&Evidence::FirstToRise), "{text}");
    assert!(text.contains("CPU of postgres (quota 0.5 core): busy"), "{text}");
    assert!(text.contains("throttled in 61 % of periods"), "{text}");
    assert!(text.contains("0.54 ms per request"), "{text}");
    assert!(text.contains("Generator at 22 %: not the limit."), "{text}");
    let next = verdict.next.unwrap();
    assert_eq!(next.subject.resource, Resource::Pool, "{text}");
    assert!((2_200.0..2_450.0).contains(&next.limit.value), "{text}");
}

#[test]
fn one_hot_thread_on_many_cores() {
    let mut service = Service::new(2_000.0)
        .on_a_host(0.6)
        .with("process_cpu_utilization", &WEB, |at| at.used(0.52, 0.01))
        .with(
            "process_hottest_thread_utilization",
            &[("host", "app1"), ("process", "web"), ("thread", "main")],
            |at| at.used(0.5, 0.0).min(0.995),
        );
    service.known.cores = Some(16.0);
    let (named, _, text) = service.names(Resource::Thread, "web");
    assert_eq!(named.confidence, Confidence::High, "{text}");
    assert!(text.contains("one thread of web (main)"), "{text}");
}

#[test]
fn the_main_thread_of_redis() {
    let redis = [("host", "app1"), ("service", "redis")];
    Service::new(80_000.0)
        .on_a_host(0.01)
        .with("redis_main_thread_utilization", &redis, |at| at.used(0.0125, 0.0).min(0.99))
        .names(Resource::Thread, "redis");
}

/// A pool of 8 whose requests sleep 20 ms each: the CPU is idle.
#[test]
fn a_pool_of_a_service_that_sleeps() {
    let (named, _, text) = Service::new(400.0)
        .on_a_host(0.2)
        .with("workers_size", &PAGE, |_| 8.0)
        .with("workers_in_use", &PAGE, |at| (at.throughput * 0.02).min(8.0))
        .with("workers_waiting", &PAGE, |at| at.queue(0.0, 300.0))
        .names(Resource::Pool, "web");
    assert_eq!(named.confidence, Confidence::High, "{text}");
    assert!(text.contains("pool workers of web (size 8)"), "{text}");
    let is_right =
        |demand| matches!(demand, Demand::Milliseconds(held) if (held - 20.0).abs() < 0.5);
    assert!(named.demand.is_some_and(is_right), "{text}");
}

#[test]
fn connections_of_a_database() {
    let postgres = [("host", "app1"), ("service", "postgres")];
    let (named, _, _) = Service::new(500.0)
        .on_a_host(0.3)
        .with("postgres_connections_limit", &postgres, |_| 100.0)
        .with("postgres_connections", &postgres, |at| (3.0 + at.throughput * 0.195).min(100.0))
        .names(Resource::Connections, "postgres");
    assert_eq!(named.confidence, Confidence::Medium);
}

#[test]
fn a_disk() {
    let disk = [("host", "db1"), ("device", "sda")];
    let (_, _, text) = Service::new(250.0)
        .on_a_host(0.5)
        .with("host_disk_utilization", &disk, |at| at.used(4.0, 0.0).min(1.0))
        .with("host_disk_latency", &disk, |at| at.queue(3.0, 90.0))
        .names(Resource::Disk, "db1");
    assert!(text.contains("disk sda of db1"), "{text}");
}

#[test]
fn a_link_whose_speed_is_known() {
    let mut service = Service::new(625.0).on_a_host(0.4).with(
        "host_network_sent_bytes",
        &[("host", "cdn"), ("interface", "eth1")],
        |at| at.throughput * 20_000.0,
    );
    let speed = Link { host: None, interface: "eth1".to_owned(), bytes_per_second: 12.5e6 };
    service.known.links.push(speed);
    let (named, _, text) = service.names(Resource::LinkOut, "cdn");
    assert!(matches!(named.demand, Some(Demand::Bytes(bytes)) if (bytes - 20_000.0).abs() < 600.0));
    assert!(text.contains("link eth1 of cdn, outgoing (12.5 MB/s)"), "{text}");
}

#[test]
fn a_listen_queue_that_overflows() {
    let service = || {
        Service::new(800.0)
            .with("host_cpu_utilization", &HOST, |at| at.used(0.3, 0.0) / 2.0)
            .with("process_hottest_thread_utilization", &WEB, |at| at.used(0.2, 0.0))
            .with("host_listen_overflows", &HOST, |at| if at.overload > 0.0 { 35.0 } else { 0.0 })
    };
    let (named, verdict, text) = service().names(Resource::ListenQueue, "app1");
    assert_eq!(named.confidence, Confidence::Low, "a pool may be behind it: {text}");
    assert_eq!(named.limit, None);
    assert!(verdict.order[0].from > 800.0, "{text}");
    let with_pool =
        service()
            .with("workers_size", &PAGE, |_| 64.0)
            .with("workers_in_use", &PAGE, |at| at.throughput * 0.02);
    let (named, _, text) = with_pool.names(Resource::ListenQueue, "app1");
    assert_eq!(named.confidence, Confidence::Medium, "{text}");
}

#[test]
fn locks_in_a_database() {
    let lock = [("host", "app1"), ("service", "postgres"), ("wait", "Lock")];
    let (_, _, text) = Service::new(300.0)
        .on_a_host(0.5)
        .with("postgres_connections_active", &lock[..2], |at| at.queue(2.0, 40.0))
        .with("postgres_waiting", &lock, |at| at.queue(0.1, 36.0))
        .names(Resource::Waits, "postgres");
    assert!(text.contains("waits for Lock in postgres"), "{text}");
    assert!(text.contains("% of the active sessions wait"), "{text}");
}

/// The generator is on the machine that gave way: never sure.
#[test]
fn a_host_shared_with_the_generator() {
    let generator = [("host", "app1"), ("process", "generator"), ("role", "generator")];
    let shared = |cores: f64| {
        busy_host().with("process_cpu_utilization", &generator, move |at| cores * at.load)
    };
    let (named, verdict, text) = shared(0.5).names(Resource::HostCpu, "app1");
    assert_eq!(named.confidence, Confidence::Medium, "{text}");
    assert!(matches!(verdict.cautions[..], [Caution::SharedHost { .. }]), "{text}");
    assert!(text.contains("the generator takes 0.5 of the 2 cores of app1"), "{text}");
    let (named, ..) = shared(1.9).names(Resource::HostCpu, "app1");
    assert_eq!(named.confidence, Confidence::Low);
}

/// The disk tells 100 % from half the rate on, and does more all the same.
#[test]
fn a_device_that_takes_many_at_once_is_no_limit() {
    let disk = [("host", "app1"), ("device", "nvme0")];
    let service = busy_host().with("host_disk_utilization", &disk, |at| at.used(2.5, 0.0).min(1.0));
    let (_, verdict, text) = service.names(Resource::HostCpu, "app1");
    let is_passed = |why: &Why| matches!(why, Why::NotBinding { .. });
    assert!(verdict.ruled_out.iter().any(|out| is_passed(&out.why)), "{text}");
}

/// Readings off by a tenth either way.
#[test]
fn noise_does_not_mislead() {
    for seed in 0..200 {
        let mut service = busy_host();
        service.noise = 0.1;
        service.seed = seed;
        let verdict = service.verdict();
        if let Ok(named) = verdict.bottleneck {
            assert_eq!(named.subject.resource, Resource::HostCpu, "seed {seed}");
        }
    }
}

/// What a request takes changes with the load, as with batches or contention.
#[test]
fn curves_are_near_enough_to_lines() {
    for power in [0.75, 0.9, 1.2, 1.4] {
        let postgres = [("host", "app1"), ("cgroup", "postgres")];
        let service = Service::new(926.0)
            .on_a_host(0.8)
            .with("cgroup_cpu_quota", &postgres, |_| 0.5)
            .with("cgroup_cpu_utilization", &postgres, move |at| 0.497 * at.load.powf(power))
            .with("cgroup_cpu_throttled_share", &postgres, |at| at.queue(0.0, 0.61));
        let verdict = service.verdict();
        let named = verdict.bottleneck.unwrap_or_else(|why| panic!("{power}: {why:?}"));
        assert_eq!(named.subject.resource, Resource::CpuQuota, "{power}");
    }
}

/// Four workers, each with a core of its own, of sixteen.
#[test]
fn all_threads_of_a_small_worker_pool() {
    let worker = [("host", "app1"), ("process", "web"), ("thread", "worker")];
    let mut service = Service::new(2_000.0)
        .with("host_cpu_utilization", &HOST, |at| at.used(2.0, 0.1) / 16.0)
        .with("process_cpu_utilization", &WEB, |at| at.used(2.0, 0.0).min(3.98))
        .with("process_hottest_thread_utilization", &worker, |at| at.used(0.5, 0.0).min(0.995));
    service.known.cores = Some(16.0);
    let (_, _, text) = service.names(Resource::Thread, "web");
    assert!(text.contains("its process takes 3.9") || text.contains("takes 4"), "{text}");
}

/// A lock around 2 ms of work, told by the service: one core is taken, by whichever thread has it.
#[test]
fn a_lock_that_the_service_tells_of() {
    let (named, _, text) = Service::new(500.0)
        .on_a_host(2.1)
        .with("process_cpu_utilization", &WEB, |at| at.used(2.0, 0.0))
        .with("web_lock_size", &PAGE, |_| 1.0)
        .with("web_lock_in_use", &PAGE, |at| at.load.round())
        .with("web_lock_busy_seconds_total", &PAGE, |at| at.used(2.0, 0.0))
        .with("web_lock_waiting", &PAGE, |at| at.queue(0.2, 400.0))
        .names(Resource::Lock, "web");
    assert_eq!(named.confidence, Confidence::High, "{text}");
    assert!(text.contains("First to give: lock web_lock of web"), "{text}");
}

#[test]
fn a_link_that_the_service_shapes() {
    let (named, _, text) = Service::new(625.0)
        .on_a_host(0.4)
        .with("web_link_bandwidth_bytes_per_second", &PAGE, |_| 12.5e6)
        .with("web_link_sent_bytes_total", &PAGE, |at| at.throughput * 20_000.0)
        .with("web_link_waiting", &PAGE, |at| at.queue(0.0, 80.0))
        .names(Resource::LinkOut, "web");
    assert_eq!(named.confidence, Confidence::High, "{text}");
    assert!(text.contains("link web_link of web (12.5 MB/s)"), "{text}");
}

/// Gauges that were looked at five times a trial only.
#[test]
fn a_pool_seen_now_and_then() {
    for seed in 0..50 {
        let mut service = Service::new(400.0)
            .on_a_host(0.2)
            .with("pool_size", &PAGE, |_| 8.0)
            .with("pool_in_use", &PAGE, |at| (at.throughput * 0.02).min(8.0))
            .with("pool_waiting", &PAGE, |at| at.queue(0.0, 300.0));
        service.noise = 0.25;
        service.seed = seed;
        match service.verdict().bottleneck {
            Ok(named) => assert_eq!(named.subject.resource, Resource::Pool, "{seed}"),
            Err(why) => assert!(!matches!(why, NotIdentified::BehindAPool(_)), "{seed}: {why:?}"),
        }
    }
}

/// A pool of 4 on a machine without a moment to spare: pages were read late, so a trial has the busy time of
/// more or fewer seconds than its own.
#[test]
fn a_pool_whose_page_is_read_late() {
    let readings =
        [(44.0, 0.48), (88.5, 1.8), (177.0, 3.6), (193.0, 2.0), (196.0, 4.0), (198.0, 3.96)];
    let rows: Vec<Observed> = readings
        .iter()
        .enumerate()
        .map(|(at, (throughput, busy))| {
            let is_over = at >= 4;
            let waiting = if is_over { 390.0 } else { 0.0 };
            Observed {
                offered: if is_over { 354.0 } else { *throughput },
                throughput: *throughput,
                latency_mean: if is_over { 900.0 } else { 22.0 },
                in_flight: 4.0,
                kept: !is_over,
                generator: 0.05,
                signals: vec![
                    Signal::new("web_pool_size", &PAGE, 4.0, 4.0),
                    Signal::new("web_pool_in_use", &PAGE, 4.0, 4.0),
                    Signal::new("web_pool_busy_seconds_total", &PAGE, *busy, *busy),
                    Signal::new("web_pool_waiting", &PAGE, waiting, waiting),
                ],
            }
        })
        .collect();
    let verdict = diagnose(&rows, &Known::default());
    let text = words(&verdict).join("\n");
    let named = verdict.bottleneck.unwrap_or_else(|why| panic!("{why:?}\n{text}"));
    assert_eq!(named.subject.resource, Resource::Pool, "{text}");
}
