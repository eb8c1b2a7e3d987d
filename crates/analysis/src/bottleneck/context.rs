//! What else the trials say of a host and its processes: who takes its cores, and what nobody watched.

use std::collections::BTreeSet;

use super::{
    gather::{cores_of, value},
    observed::{Known, Observed, Signal},
    pool,
    table::{PlaceKind, Resource, SEEN_BY},
    verdict::{Caution, Confidence, Evidence, Place},
    weigh::{Scene, Weighed},
};

/// The generator's share of a host from which on the host is shared.
const SHARED: f64 = 0.1;

/// The share that a hypervisor may take unnoticed.
const STOLEN: f64 = 0.05;

/// A process that takes so many times what its hottest thread does has several that are busy.
const MANY: f64 = 1.5;

/// Cores that a process takes when one lock lets one of its threads run at a time, and the most that its
/// hottest thread then takes.
const SERIAL: std::ops::Range<f64> = 0.85..1.1;
const SERIAL_THREAD: f64 = 0.7;

/// A host has cores to spare when no more than this share of them was busy in any trial.
const IDLE_HOST: f64 = 0.7;

/// The share of a listen queue taken, on average over a trial, from which on it may have been full at times.
const FILLING: f64 = 0.2;

/// Threads, on average, that could run and did not, from which on something holds them back.
const HELD_BACK: f64 = 0.3;

/// What the trial with the highest rate that did not keep its objectives says of `metric`.
fn at_the_top<'a>(
    rows: &'a [&Observed],
    metric: &'a str,
) -> impl Iterator<Item = &'a Signal> + use<'a> {
    let top = rows.iter().rev().find(|row| !row.kept);
    top.into_iter().flat_map(|row| &row.signals).filter(move |signal| signal.metric == metric)
}

/// Who takes most of a host's cores.
pub(super) fn taker(rows: &[&Observed], host: &Place) -> Option<Evidence> {
    let of_host = at_the_top(rows, "process_cpu_utilization")
        .filter(|signal| signal.tag("host") == host.host.as_deref() && !signal.is_of_generator());
    let most = of_host.max_by(|a, b| a.mean.total_cmp(&b.mean))?;
    Some(Evidence::Taker { process: most.tag("process")?.to_owned(), cores: most.mean })
}

/// Who else takes of a host, and how sure a verdict on its cores can be then.
pub(super) fn of_host(
    scene: &Scene,
    known: &Known,
    host: &Place,
    cores: Option<f64>,
) -> (Vec<Caution>, Confidence) {
    let name = host.name.clone();
    let mut cautions = Vec::new();
    let mut most = Confidence::High;
    let cores = cores.or_else(|| cores_of(&scene.rows, known, host.host.as_deref())).unwrap_or(1.0);
    let cpu = |is_generator: bool| -> f64 {
        at_the_top(&scene.rows, "process_cpu_utilization")
            .filter(|signal| signal.tag("host") == host.host.as_deref())
            .filter(|signal| signal.is_of_generator() == is_generator)
            .map(|signal| signal.mean)
            .sum()
    };
    let generator_cores = cpu(true);
    if generator_cores >= SHARED * cores {
        cautions.push(Caution::SharedHost { host: name.clone(), generator_cores, cores });
        most = if generator_cores >= cpu(false) { Confidence::Low } else { Confidence::Medium };
    }
    let stolen = at_the_top(&scene.rows, "host_cpu_steal")
        .find(|signal| signal.tag("host") == host.host.as_deref())
        .map_or(0.0, |signal| signal.mean);
    if stolen >= STOLEN {
        cautions.push(Caution::Stolen { host: name, share: stolen });
        most = most.min(Confidence::Medium);
    }
    (cautions, most)
}

/// What all threads of a thread's process take at the top.
pub(super) fn all_threads(rows: &[&Observed], thread: &Place) -> Option<Evidence> {
    let of_process = at_the_top(rows, "process_cpu_utilization").find(|signal| {
        signal.tag("process") == Some(&thread.name)
            && signal.tag("host") == thread.host.as_deref()
            && !signal.is_of_generator()
    });
    of_process.map(|signal| Evidence::AllThreads { cores: signal.mean })
}

/// Whether something full may be so for another reason. A thread: its process has others that are busy too,
/// and nothing says that the host had cores to spare. Cores of a host: the generator takes them, and a
/// process there lets one of its threads run at a time.
pub(super) fn is_doubtful(scene: &Scene, known: &Known, of: &Weighed) -> bool {
    let subject = &of.watched.subject;
    let host = subject.place.host.as_deref();
    if subject.resource == Resource::HostCpu {
        let (cautions, _) = of_host(scene, known, &subject.place, subject.size);
        let is_shared = cautions.iter().any(|it| matches!(it, Caution::SharedHost { .. }));
        return is_shared && serial(scene, known).is_some();
    }
    let is_spare = highest_cpu(&scene.rows, host).is_some_and(|share| share < IDLE_HOST);
    !is_spare && is_one_of_many(scene, of)
}

fn highest_cpu(rows: &[&Observed], host: Option<&str>) -> Option<f64> {
    let signals = rows.iter().flat_map(|row| &row.signals);
    let of_host = signals
        .filter(|it| it.metric == "host_cpu_utilization" && it.tag("host") == host)
        .map(|it| it.mean);
    of_host.reduce(f64::max)
}

/// Whether a full thread is one of several busy ones of its process.
pub(super) fn is_one_of_many(scene: &Scene, of: &Weighed) -> bool {
    let place = &of.watched.subject.place;
    let is_thread = of.watched.subject.resource == Resource::Thread;
    let all =
        scene.rows.iter().filter_map(|row| value(row, "process_cpu_utilization", place, None));
    is_thread && all.fold(0.0, f64::max) >= of.highest * MANY
}

/// Whether the cores of the host that a sign is of were watched: without that its cause may be there.
pub(super) fn sees_cpu(rows: &[&Observed], of: &Weighed) -> bool {
    sees(rows, of, "host_cpu_utilization")
}

pub(super) fn sees_threads(rows: &[&Observed], of: &Weighed) -> bool {
    sees(rows, of, "process_hottest_thread_utilization")
        || of.watched.subject.place.kind == PlaceKind::Service
}

/// Whether a sign of a host's listen queues is about others than what is watched: a process there is seen
/// whose own queue never filled up.
pub(super) fn is_of_others(all: &[Weighed], of: &Weighed) -> bool {
    let is_queue = |of: &Weighed, kind| {
        of.watched.subject.resource == Resource::ListenQueue
            && of.watched.subject.place.kind == kind
    };
    let host = &of.watched.subject.place.host;
    let mut own = all.iter().filter(|other| {
        is_queue(other, PlaceKind::Process) && other.watched.subject.place.host == *host
    });
    let never_filled = |other: &Weighed| {
        let values = other.watched.queues.iter().flat_map(|queue| queue.values.iter().flatten());
        values.copied().fold(0.0, f64::max) < FILLING
    };
    is_queue(of, PlaceKind::Host) && own.clone().next().is_some() && own.all(never_filled)
}

/// Whether the service tells of a pool.
pub(super) fn sees_pools(rows: &[&Observed]) -> bool {
    let mut all = rows.iter().flat_map(|row| row.signals.iter().map(move |it| (it, &row.signals)));
    all.any(|(signal, others)| pool::pool_of(signal, others).is_some())
}

fn sees(rows: &[&Observed], of: &Weighed, metric: &str) -> bool {
    let host = of.watched.subject.place.host.as_deref();
    rows.iter().flat_map(|row| &row.signals).any(|signal| {
        signal.metric == metric && signal.tag("host") == host && !signal.is_of_generator()
    })
}

/// A process of which one thread runs at a time, whichever it is.
pub(super) fn serial(scene: &Scene, known: &Known) -> Option<String> {
    at_the_top(&scene.rows, "process_cpu_utilization")
        .filter(|signal| !signal.is_of_generator() && SERIAL.contains(&signal.mean))
        .find(|signal| {
            let cores = cores_of(&scene.rows, known, signal.tag("host")).unwrap_or(1.0);
            let hottest = at_the_top(&scene.rows, "process_hottest_thread_utilization")
                .filter(|thread| {
                    thread.tag("process") == signal.tag("process")
                        && thread.tag("host") == signal.tag("host")
                })
                .map(|thread| thread.mean)
                .reduce(f64::max);
            cores >= 2.0 && hottest.is_some_and(|share| share <= SERIAL_THREAD)
        })
        .and_then(|signal| signal.tag("process").map(str::to_owned))
}

/// A process that waited for a core while cores were idle, and how many of its threads did.
pub(super) fn held_back(scene: &Scene) -> Option<(String, f64)> {
    let delays = at_the_top(&scene.rows, "process_run_delay");
    let waited = delays.filter(|signal| !signal.is_of_generator() && signal.mean >= HELD_BACK);
    let on_idle = waited.filter(|signal| {
        let mut hosts = at_the_top(&scene.rows, "host_cpu_utilization");
        let host = hosts.find(|host| host.tag("host") == signal.tag("host"));
        host.is_some_and(|host| host.mean < IDLE_HOST)
    });
    let most = on_idle.max_by(|a, b| a.mean.total_cmp(&b.mean))?;
    Some((most.tag("process")?.to_owned(), most.mean))
}

/// What nothing is known of.
pub(super) fn unobserved(rows: &[&Observed], known: &Known) -> Vec<String> {
    let signals =
        || rows.iter().flat_map(|row| &row.signals).filter(|signal| !signal.is_of_generator());
    let has = |metric: &str| signals().any(|signal| signal.metric == metric);
    let missing = SEEN_BY.iter().filter(|(metric, _)| !has(metric));
    let mut unobserved: Vec<String> = missing.map(|(_, words)| (*words).to_owned()).collect();
    let interfaces: BTreeSet<&str> = signals()
        .filter(|signal| signal.metric == "host_network_sent_bytes")
        .filter_map(|signal| signal.tag("interface"))
        .filter(|name| *name != "lo" && !known.links.iter().any(|link| link.interface == *name))
        .collect();
    if !interfaces.is_empty() {
        let names = interfaces.into_iter().take(4).collect::<Vec<_>>().join(", ");
        unobserved.push(format!("how fast {names} can be"));
    }
    if has("cgroup_cpu_utilization") && !has("cgroup_cpu_quota") {
        unobserved.push("quotas of cgroups above the watched one".to_owned());
    }
    if !sees_pools(rows) {
        unobserved.push(
            "pools of the service (in use, size and waiting on a page of its own)".to_owned(),
        );
    }
    if !signals().any(|signal| signal.tag("service").is_some()) {
        unobserved.push("databases and services behind it".to_owned());
    }
    unobserved
}
