//! From the signals of trials to resources with their use in each trial.

use std::collections::BTreeSet;

use super::{
    observed::{Known, Observed, Signal},
    pool,
    table::{
        ENTRIES, Entry, IDLE_WAITS, Limit, Nature, PlaceKind, Resource, SIGNS, Sign, Symptom, Unit,
    },
    verdict::{Place, Subject},
};
use crate::stats::median;

/// Resources beyond which further ones are left out.
const RESOURCES_LIMIT: usize = 512;

/// Of what the service itself tells, and of others by their place in the table: after a quota, before a
/// thread.
const POOL_RANK: usize = 1;
const RANKS: usize = 2;

/// Shares no further apart in any trial are of one thing: both are read at about the same moment.
const SAME_SHARE: f64 = 0.02;

/// A symptom's values, one per trial.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    pub(super) metric: String,
    pub(super) values: Vec<Option<f64>>,
    pub(super) above: f64,
    pub(super) times: f64,
    pub(super) unit: Unit,
    pub(super) words: (&'static str, &'static str),
}

/// A resource over all trials.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    pub(super) subject: Subject,
    /// `None`: it shows only by its symptom.
    pub(super) nature: Option<Nature>,
    /// The share in use, one per trial.
    pub(super) shares: Vec<Option<f64>>,
    pub(super) queues: Vec<Queue>,
    /// Its place among what is preferred.
    pub(super) rank: usize,
}

/// All resources of which the trials say something, the generator's own left out.
pub(super) fn gather(rows: &[&Observed], known: &Known) -> Vec<Watched> {
    let mut found = Vec::new();
    for (rank, entry) in ENTRIES.iter().enumerate() {
        let places = places(rows, entry.used, entry.place, entry.part);
        found.extend(
            places.into_iter().filter_map(|place| with_share(rows, known, entry, rank, place)),
        );
    }
    without_copies(&mut found);
    found.extend(pools(rows));
    for sign in &SIGNS {
        let places = places(rows, sign.symptom.metric, sign.place, sign.part);
        found.extend(places.into_iter().filter_map(|place| with_sign(rows, sign, place)));
    }
    found.truncate(RESOURCES_LIMIT);
    found
}

/// A cgroup may be watched by its path and by a process in it: one of both is enough.
fn without_copies(found: &mut Vec<Watched>) {
    let mut kept: Vec<Watched> = Vec::new();
    for watched in found.drain(..) {
        if !kept.iter().any(|other| is_copy(&watched, other)) {
            kept.push(watched);
        }
    }
    *found = kept;
}

fn is_copy(a: &Watched, b: &Watched) -> bool {
    let (of_a, of_b) = (&a.subject, &b.subject);
    let mut both = a.shares.iter().zip(&b.shares).filter_map(|(a, b)| Some(((*a)?, (*b)?)));
    of_a.resource == Resource::CpuQuota
        && of_b.resource == Resource::CpuQuota
        && of_a.place.host == of_b.place.host
        && of_a.size == of_b.size
        && both.all(|(a, b)| (a - b).abs() <= SAME_SHARE)
}

/// Cores of a host: those that are watched one by one, or as told.
pub(super) fn cores_of(rows: &[&Observed], known: &Known, host: Option<&str>) -> Option<f64> {
    let signals = rows.iter().flat_map(|row| &row.signals);
    let cores: BTreeSet<&str> = signals
        .filter(|signal| signal.metric == "host_cpu_core_utilization" && signal.tag("host") == host)
        .filter_map(|signal| signal.tag("core"))
        .collect();
    if cores.is_empty() { known.cores } else { Some(cores.len() as f64) }
}

/// The mean of a metric at a place in one trial.
pub(super) fn value(
    row: &Observed,
    metric: &str,
    place: &Place,
    part: Option<&str>,
) -> Option<f64> {
    let is_there = |signal: &&Signal| {
        signal.metric == metric
            && signal.tag(place.kind.name()) == Some(&place.name)
            && signal.tag("host") == place.host.as_deref()
            && part.is_none_or(|tag| signal.tag(tag) == place.part.as_deref())
            && !signal.is_of_generator()
    };
    row.signals.iter().find(is_there).map(|signal| signal.mean).filter(|mean| mean.is_finite())
}

fn places(rows: &[&Observed], metric: &str, kind: PlaceKind, part: Option<&str>) -> Vec<Place> {
    let signals = rows.iter().flat_map(|row| &row.signals);
    let places: BTreeSet<Place> = signals
        .filter(|signal| signal.metric == metric && !signal.is_of_generator())
        .filter_map(|signal| {
            let tag = |key: &str| signal.tag(key).map(str::to_owned);
            Some(Place {
                kind,
                name: tag(kind.name())?,
                host: tag("host"),
                part: part.and_then(tag),
            })
        })
        .collect();
    places.into_iter().collect()
}

/// `None` when the limit is not known.
fn with_share(
    rows: &[&Observed],
    known: &Known,
    entry: &Entry,
    rank: usize,
    place: Place,
) -> Option<Watched> {
    let link = || {
        let of_host = |link: &&super::Link| {
            Some(link.interface.as_str()) == place.part.as_deref()
                && link.host.as_ref().is_none_or(|host| Some(host) == place.host.as_ref())
        };
        known.links.iter().find(of_host).map(|link| link.bytes_per_second)
    };
    let limits: Vec<Option<f64>> = rows
        .iter()
        .map(|row| match entry.limit {
            Limit::One | Limit::Cores => Some(1.0),
            Limit::Metric(metric) => value(row, metric, &place, None),
            Limit::Link => link(),
        })
        .map(|limit| limit.filter(|limit| *limit > 0.0))
        .collect();
    let known_limits: Vec<f64> = limits.iter().flatten().copied().collect();
    let usual = median(&known_limits)?;
    let shares = rows
        .iter()
        .zip(&limits)
        .map(|(row, limit)| {
            let used = value(row, entry.used, &place, entry.part)?;
            Some(used / limit.unwrap_or(usual))
        })
        .collect();
    let size = match entry.limit {
        Limit::Cores => cores_of(rows, known, place.host.as_deref()),
        _ => Some(usual),
    };
    let queues =
        entry.symptoms.iter().map(|symptom| queue(rows, symptom, &place, entry.part)).collect();
    let subject = Subject { resource: entry.resource, place, size };
    Some(Watched { subject, nature: Some(entry.nature), shares, queues, rank: rank * RANKS })
}

fn queue(rows: &[&Observed], symptom: &Symptom, place: &Place, part: Option<&str>) -> Queue {
    let of_host = Place {
        kind: PlaceKind::Host,
        name: place.host.clone().unwrap_or_default(),
        host: place.host.clone(),
        part: None,
    };
    let values = rows.iter().map(|row| match symptom.is_of_host {
        true => value(row, symptom.metric, &of_host, None),
        false => value(row, symptom.metric, place, part),
    });
    made(symptom, values.collect())
}

fn made(symptom: &Symptom, values: Vec<Option<f64>>) -> Queue {
    Queue {
        metric: symptom.metric.to_owned(),
        values,
        above: symptom.above,
        times: symptom.times,
        unit: symptom.unit,
        words: symptom.words,
    }
}

fn with_sign(rows: &[&Observed], sign: &Sign, place: Place) -> Option<Watched> {
    if place.part.as_deref().is_some_and(|part| IDLE_WAITS.contains(&part)) {
        return None;
    }
    // What is given for the whole place has no part: the sessions that are active, of all that wait.
    let whole = |row: &Observed, metric: &str| match sign.part {
        Some("port") => value(row, metric, &place, sign.part),
        _ => value(row, metric, &place, None),
    };
    let values = rows
        .iter()
        .map(|row| {
            let seen = value(row, sign.symptom.metric, &place, sign.part)?;
            match sign.per {
                None => Some(seen),
                Some(metric) => whole(row, metric).filter(|all| *all >= 1.0).map(|all| seen / all),
            }
        })
        .collect();
    let subject = Subject { resource: sign.resource, place, size: None };
    let queues = vec![made(&sign.symptom, values)];
    Some(Watched { subject, nature: None, shares: Vec::new(), queues, rank: ENTRIES.len() * RANKS })
}

/// Pools of services' own pages.
fn pools(rows: &[&Observed]) -> Vec<Watched> {
    let mut seen: BTreeSet<(Vec<(String, String)>, String)> = BTreeSet::new();
    let mut found = Vec::new();
    for row in rows {
        for signal in &row.signals {
            let Some(pool) = pool::pool_of(signal, &row.signals) else { continue };
            if seen.insert((signal.tags.clone(), pool.name.clone())) {
                found.extend(watched_pool(rows, &pool, &signal.tags));
            }
        }
    }
    found
}

fn watched_pool(
    rows: &[&Observed],
    pool: &pool::Pool,
    tags: &[(String, String)],
) -> Option<Watched> {
    let of = |row: &Observed, metric: &str| {
        let signal =
            row.signals.iter().find(|other| other.metric == metric && other.tags == tags)?;
        Some(signal.mean).filter(|mean| mean.is_finite())
    };
    let sizes: Vec<f64> =
        rows.iter().filter_map(|row| of(row, &pool.limit)).filter(|size| *size > 0.0).collect();
    let size = median(&sizes)?;
    let shares = rows
        .iter()
        .map(|row| {
            let limit = of(row, &pool.limit).filter(|size| *size > 0.0).unwrap_or(size);
            Some(of(row, &pool.used)? / limit)
        })
        .collect();
    let waiting = pool.waiting.as_ref().map(|metric| Queue {
        metric: metric.clone(),
        values: rows.iter().map(|row| of(row, metric)).collect(),
        above: 1.0,
        times: 2.0,
        unit: Unit::Count,
        words: ("", "waited for one"),
    });
    let tag = |key: &str| tags.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
    let named = tags.iter().find(|(key, _)| key == "pool" || key == "name");
    let part = match named {
        Some((_, name)) => format!("{} {name}", pool.name),
        None => pool.name.clone(),
    };
    let place = Place {
        kind: PlaceKind::Service,
        name: tag("service").unwrap_or_default(),
        host: tag("host"),
        part: Some(part),
    };
    Some(Watched {
        subject: Subject { resource: pool.resource(size), place, size: Some(size) },
        nature: Some(if pool.is_link { Nature::Busy } else { Nature::Held }),
        shares,
        queues: waiting.into_iter().collect(),
        rank: POOL_RANK,
    })
}
