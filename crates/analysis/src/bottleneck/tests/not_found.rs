//! What cannot be known is not named.

use super::{
    super::{NotIdentified, Resource, Why},
    service::Service,
};

const WEB: [(&str, &str); 2] = [("host", "app1"), ("process", "web")];
const PAGE: [(&str, &str); 2] = [("host", "app1"), ("service", "web")];

#[test]
fn a_sleeping_service_with_nothing_watched() {
    let (why, _, text) = Service::new(400.0).names_none();
    assert_eq!(why, NotIdentified::NothingWatched);
    assert!(text.contains("Not watched: the CPU of the service's host; "), "{text}");
}

#[test]
fn a_sleeping_service_on_an_idle_host() {
    let (why, verdict, text) = Service::new(400.0).on_a_host(0.3).names_none();
    assert_eq!(why, NotIdentified::Waiting { serial: None });
    assert!(verdict.unobserved.iter().any(|what| what.starts_with("pools")), "{text}");
    assert!(text.contains("how fast eth0 can be"), "{text}");
    assert!(text.contains("Nearest known limit: CPU of app1"), "{text}");
}

/// One lock around all work: one core in all, no thread of four above a third, no run delay.
#[test]
fn a_lock() {
    let mut service = Service::new(500.0)
        .on_a_host(2.1)
        .with("process_cpu_utilization", &WEB, |at| at.used(2.0, 0.0))
        .with("process_run_delay", &WEB, |_| 0.01)
        .with(
            "process_hottest_thread_utilization",
            &[("host", "app1"), ("process", "web"), ("thread", "worker")],
            |at| at.used(0.6, 0.0),
        );
    service.known.cores = Some(2.0);
    let (why, _, text) = service.names_none();
    assert_eq!(why, NotIdentified::Waiting { serial: Some("web".to_owned()) }, "{text}");
    assert!(text.contains("as when a lock"), "{text}");
}

/// The pool is full, and each of it is held ten times as long: the cause is elsewhere.
#[test]
fn a_pool_that_waits_for_something_else() {
    let (why, verdict, text) = Service::new(400.0)
        .on_a_host(0.3)
        .with("db_pool_size", &PAGE, |_| 40.0)
        .with("db_pool_in_use", &PAGE, |at| {
            if at.overload > 0.0 { 40.0 } else { at.throughput * 0.005 / (1.05 - at.load) }
        })
        .with("db_pool_waiting", &PAGE, |at| at.queue(0.0, 100.0))
        .names_none();
    let NotIdentified::BehindAPool(pool) = why else { panic!("{text}") };
    assert_eq!(pool.resource, Resource::Pool);
    assert!(matches!(verdict.ruled_out[0].why, Why::Echo { .. }), "{text}");
}

/// Somebody else on the host drops connections; the queue of what is watched is as good as empty.
#[test]
fn listen_queues_of_others() {
    let port = [("host", "app1"), ("process", "web"), ("port", "80")];
    let service = |queue: f64| {
        Service::new(400.0)
            .with("host_listen_overflows", &WEB[..1], |at| at.overload * 50.0)
            .with(
                "process_listen_queue",
                &port,
                move |at| if at.overload > 0.0 { queue } else { 0.0 },
            )
            .with("process_listen_queue_limit", &port, |_| 128.0)
            .on_a_host(0.3)
    };
    let (why, ..) = service(2.0).names_none();
    assert_eq!(why, NotIdentified::Waiting { serial: None });
    // Not always full when it was looked at.
    service(64.0).names(Resource::ListenQueue, "app1");
}

/// Full listen queues follow from whatever is slow: without the CPU in sight they mean nothing.
#[test]
fn overflows_of_a_host_that_is_not_watched_otherwise() {
    let (why, ..) = Service::new(400.0)
        .with("host_listen_overflows", &[("host", "app1")], |at| at.overload * 50.0)
        .names_none();
    assert_eq!(why, NotIdentified::Waiting { serial: None });
}

#[test]
fn something_busy_whose_limit_does_not_fit() {
    let (why, _, text) = Service::new(400.0).on_a_host(3.7).names_none();
    assert!(
        matches!(why, NotIdentified::Suspected(ref of, _) if of.resource == Resource::HostCpu),
        "{text}"
    );
}

#[test]
fn too_few_trials() {
    let mut service = Service::new(980.0).on_a_host(2.0);
    service.rates = vec![0.5, 1.2, 1.2];
    let (why, _, text) = service.names_none();
    assert_eq!(why, NotIdentified::TooFew { trials: 3, rates: 2 });
    assert!(text.contains("too few"), "{text}");
    service.rates = Vec::new();
    assert_eq!(service.names_none().0, NotIdentified::TooFew { trials: 0, rates: 0 });
}

#[test]
fn nothing_gave_way() {
    let mut service = Service::new(980.0).on_a_host(2.0);
    service.rates = vec![0.1, 0.2, 0.4, 0.6];
    assert_eq!(service.names_none().0, NotIdentified::NotReached);
}

#[test]
fn a_busy_generator_is_the_first_suspect() {
    let mut service = Service::new(980.0).on_a_host(2.0);
    service.generator = 0.93;
    let (why, _, text) = service.names_none();
    assert_eq!(why, NotIdentified::Generator { share: 0.93 });
    assert!(text.contains("93 %") && !text.contains("not the limit"), "{text}");
}

/// Numbers that are none come from outside, and are passed over.
#[test]
fn nonsense_is_passed_over() {
    let mut rows = Service::new(980.0).on_a_host(2.0).rows();
    for (index, row) in rows.iter_mut().enumerate() {
        for signal in &mut row.signals {
            signal.mean = [f64::NAN, f64::INFINITY, 0.0][index % 3];
        }
        row.throughput = if index % 4 == 0 { f64::NAN } else { row.throughput };
    }
    let verdict = super::super::diagnose(&rows, &Service::new(980.0).known);
    assert!(verdict.bottleneck.is_err());
}

/// Only the process is watched, and it has a quota.
#[test]
fn a_quota_that_nobody_watches() {
    let (why, _, text) = Service::new(400.0)
        .on_a_host(0.7)
        .with("process_cpu_utilization", &WEB, |at| at.used(0.62, 0.0).min(0.25))
        .with("process_run_delay", &WEB, |at| at.queue(0.01, 1.4))
        .names_none();
    assert!(
        matches!(why, NotIdentified::HeldBack { ref process, .. } if process == "web"),
        "{text}"
    );
    assert!(text.contains("as under a CPU quota"), "{text}");
}

/// A lock again, and the generator takes the other core: full cores are not the reason.
#[test]
fn a_lock_beside_the_generator() {
    let worker = [("host", "app1"), ("process", "web"), ("thread", "worker")];
    let generator = [("host", "app1"), ("process", "generator"), ("role", "generator")];
    let (why, _, text) = Service::new(500.0)
        .on_a_host(3.95)
        .with("process_cpu_utilization", &WEB, |at| at.used(2.0, 0.0))
        .with("process_hottest_thread_utilization", &worker, |at| at.used(0.6, 0.0))
        .with("process_cpu_utilization", &generator, |at| at.used(1.9, 0.0))
        .names_none();
    assert!(matches!(why, NotIdentified::Suspected(..)), "{why:?} {text}");
}
