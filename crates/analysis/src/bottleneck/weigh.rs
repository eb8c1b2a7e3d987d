//! What the trials say of one resource: its line, its limit, how full it was, what queued for it.

use super::{
    gather::{Queue, Watched},
    line::Line,
    observed::{Known, Measured, Observed},
    table::{Nature, Resource},
    verdict::{Ceiling, Demand, Evidence},
};
use crate::stats::{Interval, median};

/// A capacity without an interval is taken to be known to this share.
const CAPACITY_ERROR: f64 = 0.05;

/// What lines leave out: a limit is not known better than this share of it.
const LIMIT_ERROR: f64 = 0.03;

/// The widest interval, as a share of its value, of a limit that can meet anything.
const LIMIT_WIDTH: f64 = 0.6;

/// From which share on something is full; a pool is, when its mean is near to its size.
const FULL_BUSY: f64 = 0.9;
const FULL_HELD: f64 = 0.95;

/// From which share on a reading says that there is no more, and no longer how much a request takes.
const SATURATED: f64 = 0.97;

/// How far the throughput of something saturated may be from where its line reaches 1, as shares of the
/// latter: requests often get cheaper when they come together, and seldom dearer.
const PLATEAU: std::ops::Range<f64> = 0.85..1.4;

/// Something that was full below this share of the best throughput is not what limited it.
const PASSED_BELOW: f64 = 0.65;

/// A demand that differs by more than this share between little load and the end is told twice.
const OTHER_DEMAND: f64 = 0.05;

/// How much longer something may be held, or a request may take, than at little load.
const LONGER: f64 = 1.5;

/// The share of trials above a rate in which a queue must be up for it to have risen there.
const STAYS_UP: f64 = 2.0 / 3.0;

/// What all resources are held against.
pub(super) struct Scene<'a> {
    /// By rate, or by how many send, the lowest first.
    pub(super) rows: Vec<&'a Observed>,
    is_closed: bool,
    pub(super) capacity: f64,
    /// From the least that the capacity may be to the most that ended in any second of overload.
    pub(super) range: Interval,
    /// The highest throughput of a trial that kept its objectives.
    best: f64,
    /// The mean latency at little load.
    base_latency: f64,
}

impl<'a> Scene<'a> {
    /// `None` when no trial kept its objectives and no capacity is given.
    pub(super) fn new(rows: Vec<&'a Observed>, known: &Known) -> Option<Scene<'a>> {
        let kept = rows.iter().filter(|row| row.kept && row.is_in_balance());
        let best = kept.map(|row| row.throughput).fold(0.0, f64::max);
        let failing = || rows.iter().filter(|row| !row.kept);
        let measured = known.capacity.unwrap_or_else(|| {
            let high = failing().map(|row| row.throughput).fold(f64::INFINITY, f64::min).max(best);
            let high = if high.is_finite() { high } else { best };
            Measured { value: best, interval: Some(Interval { low: best, high }) }
        });
        if !measured.value.is_finite() || measured.value <= 0.0 {
            return None;
        }
        let interval = measured.interval.unwrap_or(Interval {
            low: measured.value * (1.0 - CAPACITY_ERROR),
            high: measured.value * (1.0 + CAPACITY_ERROR),
        });
        let short: Vec<f64> =
            failing().filter(|row| !row.is_in_balance()).map(|row| row.throughput).collect();
        let high = median(&short).unwrap_or(0.0).max(interval.high);
        let range = Interval { low: interval.low, high };
        let little = rows.iter().take(little_of(rows.len())).map(|row| row.latency_mean);
        let base_latency = median(&little.collect::<Vec<_>>()).unwrap_or(0.0);
        // A search that ended early may know that it is higher than what it saw kept.
        let capacity = measured.value.max(interval.low);
        Some(Scene { rows, is_closed: known.is_closed, capacity, range, best, base_latency })
    }

    /// Whether a row says how much is used at its throughput, and not how it is in overload.
    fn is_on_the_line(&self, row: &Observed, nature: Nature) -> bool {
        let is_fast = row.latency_mean <= self.base_latency * LONGER;
        row.is_in_balance() && (nature == Nature::Busy || (row.kept && is_fast))
    }
}

/// Of what is in use, the part that goes to one request a second, from two trials on.
fn proportion(points: &[(f64, f64)]) -> Option<f64> {
    let each: Vec<f64> = points.iter().map(|(throughput, share)| share / throughput).collect();
    median(&each).filter(|share| each.len() >= 2 && *share > 0.0)
}

/// How many trials, the ones with the lowest rates, show little load.
fn little_of(rows: usize) -> usize {
    (rows / 3).max(1)
}

/// A resource with what is known of it.
pub(super) struct Weighed {
    pub(super) watched: Watched,
    pub(super) line: Option<Line>,
    /// Where its line reaches 1, if its use rises with throughput, or where all of it was in use.
    pub(super) limit: Option<Ceiling>,
    /// The same where it was measured and not foretold: the throughput when all of it was in use.
    reached: Option<Reached>,
    /// The most in use of any trial.
    pub(super) highest: f64,
    pub(super) at_capacity: f64,
    /// Full in a trial that did not keep its objectives.
    pub(super) is_full: bool,
    /// Its limit is where the capacity is.
    pub(super) meets: bool,
    /// When it was full, about as much ended as its line foretells: what fills up for another reason, as with
    /// work that overload makes, ends far below.
    pub(super) is_foretold: bool,
    /// It was full, or its limit was passed, while throughput still rose.
    pub(super) is_passed: bool,
    /// For how long one is held.
    pub(super) held: Option<Held>,
    pub(super) risen: Vec<Risen>,
}

/// The throughput of something all of which was in use.
#[derive(Clone, Copy)]
struct Reached {
    ceiling: Ceiling,
    /// Of all of it, what one request a second takes there, and at little load.
    share: f64,
    little: f64,
    /// There was no line to hold it against.
    is_rough: bool,
}

impl Reached {
    /// The throughput of trials in which something was saturated and the objectives were not kept, when it
    /// is near to what its demand foretells: there it was measured. `at_ease`: throughput and share of
    /// trials in balance.
    fn of(
        rows: &[(&Observed, f64)],
        nature: Nature,
        line: Option<Line>,
        at_ease: &[(f64, f64)],
    ) -> Option<Reached> {
        let good = line.filter(|line| limit_of(*line).is_some_and(is_narrow));
        // Of what is held a line says more: whether each is held for longer when all are in use.
        if nature == Nature::Held && good.is_some() {
            return None;
        }
        // Too few or too scattered for a line, as when the rates were doubled from far below: no background
        // then.
        let little = good.map(|line| line.slope).or_else(|| proportion(at_ease))?;
        let free = good.map_or(1.0, |line| line.free());
        let (full, plateau) = match nature {
            Nature::Busy => (SATURATED, PLATEAU),
            Nature::Held => (FULL_HELD, LONGER.recip()..PLATEAU.end),
        };
        let saturated = rows.iter().filter(|(row, share)| *share >= full && !row.kept);
        let reached: Vec<f64> = saturated.map(|(row, _)| row.throughput).collect();
        let value = median(&reached).filter(|value| plateau.contains(&(value * little / free)))?;
        let low = reached.iter().copied().fold(value * (1.0 - LIMIT_ERROR), f64::min);
        let high = reached.iter().copied().fold(value * (1.0 + LIMIT_ERROR), f64::max);
        let ceiling = Ceiling { value, interval: Interval { low, high } };
        Some(Reached { ceiling, share: free / value, little, is_rough: good.is_none() })
    }
}

/// Milliseconds for which one is held: by its line, and in trials that did not keep their objectives.
pub(super) struct Held {
    pub(super) base: f64,
    pub(super) highest: f64,
    /// Surely.
    is_longer: bool,
}

impl Held {
    fn by<'a>(
        line: Line,
        size: Option<f64>,
        rows: impl Iterator<Item = (&'a Observed, f64)>,
    ) -> Option<Held> {
        limit_of(line)?;
        let milliseconds = |share: f64| share * size.unwrap_or(1.0) * 1_000.0;
        let failing = rows.filter(|(row, _)| !row.kept);
        let times: Vec<f64> =
            failing.map(|(row, share)| milliseconds(share / row.throughput)).collect();
        let longest = milliseconds(line.slope_interval().high) * LONGER;
        let highest = median(&times)?;
        Some(Held { base: milliseconds(line.slope), highest, is_longer: highest > longest })
    }
}

/// A queue that stayed up from a rate on.
pub(super) struct Risen {
    pub(super) queue: usize,
    pub(super) from: f64,
    base: f64,
    highest: f64,
}

impl Weighed {
    pub(super) fn new(scene: &Scene, watched: Watched) -> Weighed {
        let used = |row: usize| watched.shares.get(row).copied().flatten();
        let rows = || {
            let indexed = scene.rows.iter().enumerate();
            indexed.filter_map(|(index, row)| Some((*row, used(index)?)))
        };
        let nature = watched.nature.unwrap_or(Nature::Busy);
        // A share cannot say more than all: of what is saturated the line would be too flat.
        let is_told = |share: f64| nature == Nature::Held || share < SATURATED;
        let on_line = |is_wanted: &dyn Fn(&Observed) -> bool| -> Vec<(f64, f64)> {
            let wanted = rows().filter(|(row, share)| is_wanted(row) && is_told(*share));
            wanted.map(|(row, share)| (row.throughput, share)).collect()
        };
        // What is held is held longer near the end; only if little load says too little, that counts.
        let calm = Line::through(&on_line(&|row| scene.is_on_the_line(row, nature)));
        let line = match calm.and_then(limit_of).is_some_and(is_narrow) {
            true => calm,
            false => {
                let is_sound =
                    |row: &Observed| row.is_in_balance() && (nature == Nature::Busy || row.kept);
                Line::through(&on_line(&is_sound)).or(calm)
            }
        };
        let foretold = line.and_then(limit_of);
        let mut at_ease = on_line(&|row| scene.is_on_the_line(row, nature));
        if scene.is_closed && nature == Nature::Busy && at_ease.len() < 2 {
            // One sender alone may keep it busy: then no trial is at ease, and all say what a request takes.
            at_ease = rows().map(|(row, share)| (row.throughput, share)).collect();
        }
        let reached = Reached::of(&rows().collect::<Vec<_>>(), nature, line, &at_ease);
        let limit = reached.map(|reached| reached.ceiling).or(foretold);
        let highest = rows().map(|(_, share)| share).fold(0.0, f64::max);
        let failing = rows().filter(|(row, _)| !row.kept);
        let full = if nature == Nature::Busy { FULL_BUSY } else { FULL_HELD };
        let when_full: Vec<f64> =
            failing.filter(|(_, share)| *share >= full).map(|(row, _)| row.throughput).collect();
        let is_full = !when_full.is_empty();
        let most = when_full.into_iter().fold(0.0, f64::max);
        let is_foretold = foretold.is_none_or(|limit| PLATEAU.contains(&(most / limit.value)));
        let was_full = rows().any(|(row, share)| {
            let is_early = row.throughput < scene.best * PASSED_BELOW;
            row.kept && row.is_in_balance() && share >= full && is_early
        });
        let is_passed =
            was_full || limit.is_some_and(|limit| limit.interval.high < scene.best * 0.9);
        let at_ease = calm.filter(|line| limit_of(*line).is_some()).or(line);
        let held = at_ease
            .filter(|_| nature == Nature::Held)
            .and_then(|line| Held::by(line, watched.subject.size, rows()));
        let risen = watched
            .queues
            .iter()
            .enumerate()
            .filter_map(|(index, queue)| risen(scene, index, queue))
            .collect();
        let at_capacity = match (line, reached) {
            (Some(line), _) => line.at(scene.capacity),
            (None, Some(reached)) => scene.capacity * reached.share,
            (None, None) => 0.0,
        };
        Weighed {
            at_capacity: at_capacity.clamp(0.0, 1.0),
            meets: limit.is_some_and(|limit| meets(limit, scene.range)),
            line,
            limit,
            reached,
            highest,
            is_full,
            is_foretold,
            is_passed,
            held,
            risen,
            watched,
        }
    }

    /// Whether its limit was measured with too few trials below it for a line.
    pub(super) fn is_rough(&self) -> bool {
        self.reached.is_some_and(|reached| reached.is_rough)
    }

    /// Whether something is in the way of a pool: each of it is held longer under load.
    pub(super) fn is_echo(&self) -> bool {
        self.held.as_ref().is_some_and(|held| held.is_longer)
    }

    /// What one request takes when all of it is in use, or by its line.
    pub(super) fn demand(&self) -> Option<Demand> {
        let by_line = self.line.map(|line| line.slope);
        self.demand_of(self.reached.map(|reached| reached.share).or(by_line)?)
    }

    /// `share`: of all of it, that one request a second uses.
    fn demand_of(&self, share: f64) -> Option<Demand> {
        let size = self.watched.subject.size?;
        match self.watched.subject.resource {
            Resource::LinkIn | Resource::LinkOut => Some(Demand::Bytes(share * size)),
            _ => Some(Demand::Milliseconds(share * size * 1_000.0)),
        }
    }

    /// What was seen of it, for a verdict.
    pub(super) fn evidence(&self) -> Vec<Evidence> {
        let mut seen = Vec::new();
        let Weighed { at_capacity, highest, .. } = *self;
        match self.watched.nature {
            Some(Nature::Busy) => seen.push(Evidence::Utilization { at_capacity, highest }),
            Some(Nature::Held) => seen.push(Evidence::Occupied { at_capacity, highest }),
            None => {}
        }
        if let Some(Reached { share, little, .. }) = self.reached {
            let is_other = (little / share - 1.0).abs() > OTHER_DEMAND;
            let demand = self.demand_of(little).filter(|_| is_other);
            seen.extend(demand.map(|demand| Evidence::AtLittleLoad { demand }));
        }
        if let Some(Held { base, highest, .. }) = self.held {
            seen.push(Evidence::Held { base, highest });
        }
        seen.extend(self.risen.iter().filter_map(|risen| {
            let queue = self.watched.queues.get(risen.queue)?;
            Some(Evidence::Symptom {
                metric: queue.metric.clone(),
                base: risen.base,
                highest: risen.highest,
                from: risen.from,
                unit: queue.unit,
                words: queue.words,
            })
        }));
        seen
    }
}

fn limit_of(line: Line) -> Option<Ceiling> {
    let (value, interval) = line.reaches(1.0)?;
    (value > 0.0).then_some(Ceiling { value, interval })
}

/// Whether a limit is known well enough for meeting something to mean anything.
fn is_narrow(limit: Ceiling) -> bool {
    limit.interval.high - limit.interval.low <= limit.value * LIMIT_WIDTH
}

/// Whether the two ranges overlap.
fn meets(limit: Ceiling, range: Interval) -> bool {
    let Interval { low, high } = limit.interval;
    is_narrow(limit)
        && low * (1.0 - LIMIT_ERROR) <= range.high
        && high * (1.0 + LIMIT_ERROR) >= range.low
}

fn risen(scene: &Scene, index: usize, queue: &Queue) -> Option<Risen> {
    let rows = scene.rows.iter().zip(&queue.values);
    let seen: Vec<(&Observed, f64)> =
        rows.filter_map(|(row, value)| Some((*row, (*value)?))).collect();
    // In a closed model only the first trials are at little load: a queue grows by each further sender.
    let count = if scene.is_closed { 1 } else { little_of(seen.len()) };
    let little: Vec<f64> = seen.iter().take(count).map(|(_, value)| *value).collect();
    let base = median(&little)?;
    let limit = queue.above.max(base * queue.times);
    let (from, _) = seen.iter().enumerate().find_map(|(at, (row, value))| {
        let above = seen.get(at..)?;
        let up = above.iter().filter(|(_, value)| *value >= limit).count();
        (*value >= limit && up as f64 >= above.len() as f64 * STAYS_UP).then_some((row.offered, ()))
    })?;
    let failing = seen.iter().filter(|(row, _)| !row.kept);
    let highest = failing.map(|(_, value)| *value).fold(0.0, f64::max);
    (highest >= limit).then_some(Risen { queue: index, from, base, highest })
}
