//! From what is known of each resource to one verdict.

use super::{
    context::{self, taker},
    gather::{self, Watched},
    observed::{Known, Observed},
    table::{Nature, Resource},
    verdict::{
        Caution, Confidence, Evidence, Named, Next, NotIdentified, Rise, RuledOut, Verdict, Why,
    },
    weigh::{Scene, Weighed},
};
use crate::capacity::CPU_SHARE_MAX;

/// Trials, and different rates among them, that a line needs.
const TRIALS_NEEDED: usize = 4;
const RATES_NEEDED: usize = 3;

/// Rates nearer than this share are one.
const SAME_RATE: f64 = 0.02;

/// How busy something must be at the capacity to be the limit, when it was full above it.
const BUSY_AT_CAPACITY: f64 = 0.5;

/// How busy something is that is suspected, and not ruled out.
const BUSY: f64 = 0.7;

/// Limits nearer than this share cannot be told apart.
const SAME_LIMIT: f64 = 0.1;

/// How far back a thread is put that is one of several busy ones: behind the cores of its host.
const ONE_OF_MANY: usize = 8;

/// What is told as the next: at least so much used, and its limit at most so many times the capacity.
const NEXT_USED: f64 = 0.05;
const NEXT_FAR: f64 = 20.0;

/// Which resource gives first, by valid trials in any order.
pub fn diagnose(rows: &[Observed], known: &Known) -> Verdict {
    let is_sound = |row: &&Observed| {
        row.throughput > 0.0
            && [row.offered, row.throughput, row.latency_mean].iter().all(|value| value.is_finite())
    };
    let sound: Vec<&Observed> = rows.iter().filter(is_sound).collect();
    let mut used: Vec<&Observed> =
        sound.iter().copied().filter(|row| row.generator <= CPU_SHARE_MAX).collect();
    let level = |row: &Observed| row.level(known.is_closed);
    used.sort_by(|a, b| level(a).total_cmp(&level(b)));
    let mut verdict = Verdict {
        bottleneck: Err(NotIdentified::NotReached),
        next: None,
        ruled_out: Vec::new(),
        unobserved: context::unobserved(&used, known),
        cautions: Vec::new(),
        generator: used.iter().map(|row| row.generator).fold(0.0, f64::max),
        order: Vec::new(),
    };
    let rates = rates(used.iter().map(|row| level(row)));
    if used.len() < TRIALS_NEEDED || rates < RATES_NEEDED {
        let share = sound.iter().map(|row| row.generator).fold(0.0, f64::max);
        verdict.bottleneck = Err(match share > CPU_SHARE_MAX {
            true => NotIdentified::Generator { share },
            false => NotIdentified::TooFew { trials: used.len(), rates },
        });
        return verdict;
    }
    let Some(scene) = Scene::new(used, known) else { return verdict };
    let watched: Vec<Watched> = gather::gather(&scene.rows, known);
    let is_empty = watched.is_empty();
    let weighed: Vec<Weighed> =
        watched.into_iter().map(|watched| Weighed::new(&scene, watched)).collect();
    verdict.order = order(&weighed);
    let chosen = match scene.rows.iter().all(|row| row.kept) {
        true => Err(NotIdentified::NotReached),
        false if is_empty => Err(NotIdentified::NothingWatched),
        false => choose(&scene, known, &weighed),
    };
    verdict.next = next(&scene, &weighed, chosen.as_ref().ok().copied());
    verdict.ruled_out = ruled_out(&weighed, chosen.as_ref().ok().copied());
    let next = verdict.next.as_ref().map(|next| next.subject.clone());
    let is_told = |out: &RuledOut| matches!(out.why, Why::Later { .. });
    verdict.ruled_out.retain(|out| !(is_told(out) && next.as_ref() == Some(&out.subject)));
    verdict.bottleneck = chosen.map(|index| {
        let (named, cautions) = name(&scene, known, &weighed, index, &verdict.order);
        verdict.cautions = cautions;
        named
    });
    verdict
}

fn rates(levels: impl Iterator<Item = f64>) -> usize {
    let mut count = 0;
    let mut last = 0.0;
    for level in levels {
        if level > last * (1.0 + SAME_RATE) {
            count += 1;
            last = level;
        }
    }
    count
}

/// Whether all that is asked of a bottleneck is true of it.
fn is_binding(of: &Weighed) -> bool {
    let Some(nature) = of.watched.nature else { return false };
    let is_driven = of.limit.is_some() && !of.is_passed;
    let queued = !of.risen.is_empty();
    let is_busy = of.at_capacity >= BUSY_AT_CAPACITY;
    let fits = match nature {
        // What has some left while others wait is not what they wait for.
        Nature::Busy => of.is_full && of.is_foretold && (of.meets || queued),
        // Whoever tells of waiters and has none is not waited for.
        Nature::Held => {
            let is_quiet = !of.watched.queues.is_empty() && !queued;
            of.is_full && of.meets && !of.is_echo() && !is_quiet
        }
    };
    is_driven && is_busy && fits
}

/// The index of the bottleneck.
fn choose(scene: &Scene, known: &Known, all: &[Weighed]) -> Result<usize, NotIdentified> {
    let is_candidate = |of: &Weighed| is_binding(of) && !context::is_doubtful(scene, known, of);
    let binding = |of: &&Weighed| is_candidate(of);
    let limit = |of: &Weighed| of.limit.map_or(f64::INFINITY, |limit| limit.value);
    let least = all.iter().filter(binding).map(limit).fold(f64::INFINITY, f64::min);
    let rank = |of: &Weighed| match context::is_one_of_many(scene, of) {
        // A thread that is full among others that are busy too follows from full cores.
        true => of.watched.rank.saturating_add(ONE_OF_MANY),
        false => of.watched.rank,
    };
    let first = all
        .iter()
        .enumerate()
        .filter(|(_, of)| is_candidate(of) && limit(of) <= least * (1.0 + SAME_LIMIT))
        .min_by(|(_, a), (_, b)| rank(a).cmp(&rank(b)).then(limit(a).total_cmp(&limit(b))));
    if let Some((index, _)) = first {
        return Ok(index);
    }
    let is_suspect = |of: &&Weighed| {
        of.watched.nature == Some(Nature::Busy) && of.limit.is_some() && of.highest >= BUSY
    };
    let suspect = all.iter().filter(is_suspect).max_by(|a, b| a.highest.total_cmp(&b.highest));
    if let Some(suspect) = suspect {
        return Err(NotIdentified::Suspected(suspect.watched.subject.clone(), suspect.highest));
    }
    let echo = all.iter().find(|of| of.is_full && of.is_echo());
    let is_sign = |of: &Weighed| {
        let resource = of.watched.subject.resource;
        let is_cause = matches!(resource, Resource::Waits | Resource::Memory);
        of.watched.nature.is_none()
            && !of.risen.is_empty()
            && !context::is_of_others(all, of)
            && (is_cause || (echo.is_none() && context::sees_cpu(&scene.rows, of)))
    };
    if let Some(index) = all.iter().position(is_sign) {
        return Ok(index);
    }
    Err(match echo {
        Some(pool) => NotIdentified::BehindAPool(pool.watched.subject.clone()),
        None => unnamed(scene, known, all),
    })
}

/// Nothing was busy, and no sign says why requests waited.
fn unnamed(scene: &Scene, known: &Known, all: &[Weighed]) -> NotIdentified {
    let is_full = |of: &&Weighed| is_wanted_and_full(of) || (of.is_full && of.limit.is_some());
    let is_full = |of: &&Weighed| is_full(of) && !of.is_passed;
    if let Some(of) = all.iter().find(is_full) {
        return NotIdentified::Suspected(of.watched.subject.clone(), of.highest);
    }
    match context::held_back(scene) {
        Some((process, waiting)) => NotIdentified::HeldBack { process, waiting },
        None => NotIdentified::Waiting { serial: context::serial(scene, known) },
    }
}

fn name(
    scene: &Scene,
    known: &Known,
    all: &[Weighed],
    index: usize,
    order: &[Rise],
) -> (Named, Vec<Caution>) {
    let of = &all[index];
    let subject = of.watched.subject.clone();
    let mut evidence = of.evidence();
    if order.first().is_some_and(|rise| rise.subject == subject) {
        evidence.push(Evidence::FirstToRise);
    }
    let mut confidence = match of.watched.nature {
        _ if of.is_rough() => Confidence::Medium,
        Some(Nature::Busy) if of.meets && of.is_full => Confidence::High,
        Some(Nature::Held) if !of.risen.is_empty() => Confidence::High,
        _ => Confidence::Medium,
    };
    let mut cautions = Vec::new();
    if subject.resource == Resource::Thread {
        evidence.extend(context::all_threads(&scene.rows, &subject.place));
    }
    if subject.resource == Resource::HostCpu {
        let cores = subject.size;
        evidence.extend(taker(&scene.rows, &subject.place));
        let (found, most) = context::of_host(scene, known, &subject.place, cores);
        cautions.extend(found);
        confidence = confidence.min(most);
    }
    for (at, other) in all.iter().enumerate() {
        let is_near = || {
            let (Some(a), Some(b)) = (of.limit, other.limit) else { return false };
            b.value <= a.value * (1.0 + SAME_LIMIT)
        };
        let is_full = other.watched.nature == Some(Nature::Busy) && is_binding(other);
        if at != index && is_full && is_near() && !context::is_one_of_many(scene, other) {
            confidence = confidence.min(Confidence::Medium);
            cautions.push(Caution::Inseparable(other.watched.subject.clone()));
        }
    }
    // A listen queue fills up behind any pool that is full.
    let is_behind = subject.resource == Resource::ListenQueue && !context::sees_pools(&scene.rows);
    let is_blind = of.watched.nature.is_none() && !context::sees_threads(&scene.rows, of);
    if is_behind || is_blind {
        confidence = Confidence::Low;
    }
    (Named { subject, evidence, demand: of.demand(), limit: of.limit, confidence }, cautions)
}

/// The lowest limit of what remains.
fn next(scene: &Scene, all: &[Weighed], bottleneck: Option<usize>) -> Option<Next> {
    let first = bottleneck.and_then(|index| all.get(index)?.limit).map_or(0.0, |it| it.value);
    let is_of_host = bottleneck
        .and_then(|index| all.get(index))
        .is_some_and(|of| of.watched.subject.resource == Resource::HostCpu);
    let rest = all.iter().enumerate().filter_map(|(index, of)| {
        let limit = of.limit?;
        let is_known = limit.interval.high - limit.interval.low <= limit.value;
        let is_candidate = Some(index) != bottleneck
            && of.watched.nature.is_some()
            && !of.is_passed
            && of.highest >= NEXT_USED
            && is_known
            && limit.value >= first * (1.0 - SAME_LIMIT)
            && limit.value >= scene.capacity * (1.0 - SAME_LIMIT)
            && limit.value <= scene.capacity * NEXT_FAR
            && !(is_of_host && context::is_one_of_many(scene, of));
        is_candidate.then(|| Next { subject: of.watched.subject.clone(), limit })
    });
    rest.min_by(|a, b| a.limit.value.total_cmp(&b.limit.value))
}

fn ruled_out(all: &[Weighed], bottleneck: Option<usize>) -> Vec<RuledOut> {
    let mut rest: Vec<(f64, RuledOut)> = all
        .iter()
        .enumerate()
        .filter(|(index, _)| Some(*index) != bottleneck)
        .filter_map(|(_, of)| {
            let why = why_not(of, bottleneck.is_some())?;
            Some((of.highest, RuledOut { subject: of.watched.subject.clone(), why }))
        })
        .collect();
    rest.sort_by(|a, b| b.0.total_cmp(&a.0));
    rest.into_iter().map(|(_, out)| out).collect()
}

/// Whether it was full and waited for, whatever its line says.
fn is_wanted_and_full(of: &Weighed) -> bool {
    of.is_full && !of.risen.is_empty()
}

/// `None` for what is suspected, and so not ruled out.
fn why_not(of: &Weighed, is_named: bool) -> Option<Why> {
    let highest = of.highest;
    if of.watched.nature.is_none() {
        return of.risen.is_empty().then_some(Why::Quiet);
    }
    if of.is_passed {
        return Some(Why::NotBinding { highest });
    }
    if let (true, true, Some(held)) = (of.is_full, of.is_echo(), &of.held) {
        return Some(Why::Echo { base: held.base, highest: held.highest });
    }
    if highest < BUSY {
        return Some(match of.limit {
            Some(limit) if highest >= NEXT_USED => Why::Later { limit: limit.value },
            _ => Why::Idle { highest },
        });
    }
    let Some(limit) = of.limit else {
        return (!is_wanted_and_full(of)).then_some(Why::Unrelated { highest });
    };
    match (is_named, of.is_full || of.meets) {
        (true, true) => Some(Why::Behind { highest }),
        (true, false) => Some(Why::Later { limit: limit.value }),
        (false, _) => None,
    }
}

/// All queues that rose, the first one first.
fn order(all: &[Weighed]) -> Vec<Rise> {
    let mut rises: Vec<Rise> = all
        .iter()
        .flat_map(|of| {
            of.risen.iter().filter_map(|risen| {
                let metric = of.watched.queues.get(risen.queue)?.metric.clone();
                Some(Rise { subject: of.watched.subject.clone(), metric, from: risen.from })
            })
        })
        .collect();
    rises.sort_by(|a, b| a.from.total_cmp(&b.from));
    rises
}
