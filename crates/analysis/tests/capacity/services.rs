//! Services in virtual time whose capacity is known.

use std::{cmp::Reverse, collections::BinaryHeap};

use plimsoll_analysis::{
    capacity::{Generator, Second, Trial},
    simulated::Dice,
};

/// Seconds after a trial until what was not answered is given up.
const PATIENCE: f64 = 15.0;

/// How long a request takes once it is served, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Work {
    Exponential(f64),
    Fixed(f64),
    /// A share of requests takes the second time.
    Bimodal {
        usual: f64,
        rare: f64,
        share: f64,
    },
    /// As the Universal Scalability Law has it: `base` seconds alone, longer the more are in flight.
    Scaling {
        base: f64,
        contention: f64,
        coherency: f64,
    },
}

/// A queue before some servers, with a few bad habits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Model {
    pub(crate) name: &'static str,
    pub(crate) servers: usize,
    pub(crate) work: Work,
    /// More in flight are refused: they fail at once.
    pub(crate) limit: Option<usize>,
    /// For so many seconds from its start it is three times slower.
    pub(crate) warm_up: f64,
    /// With so many in flight it becomes slower by this factor, until fewer than a tenth are.
    pub(crate) sticky: Option<(usize, f64)>,
}

impl Model {
    pub(crate) const PLAIN: Model = Model {
        name: "M/M/1",
        servers: 1,
        work: Work::Exponential(0.002),
        limit: None,
        warm_up: 0.0,
        sticky: None,
    };
}

/// A running service: what is in flight outlives a trial.
pub(crate) struct Service {
    model: Model,
    dice: Dice,
    now: f64,
    /// When each server is free, in nanoseconds.
    free: BinaryHeap<Reverse<u64>>,
    /// When each request in flight ends.
    ends: BinaryHeap<Reverse<u64>>,
    is_stuck: bool,
}

impl Service {
    pub(crate) fn new(model: Model, seed: u64) -> Service {
        let free = (0..model.servers).map(|_| Reverse(0)).collect();
        let ends = BinaryHeap::new();
        Service { model, dice: Dice::new(seed), now: 0.0, free, ends, is_stuck: false }
    }

    /// No load for `seconds`, and then until nothing is in flight any more; what is after [`PATIENCE`] is
    /// given up, and nobody works on it any longer. How long that was.
    pub(crate) fn rest(&mut self, seconds: f64) -> f64 {
        let start = self.now;
        self.now += seconds;
        self.forget();
        let last = self.ends.drain().map(|Reverse(end)| end as f64 / 1e9).fold(self.now, f64::max);
        self.now = last.min(start + seconds + PATIENCE);
        self.free = (0..self.model.servers).map(|_| Reverse(0)).collect();
        self.is_stuck = false;
        self.now - start
    }

    /// Random arrivals at `rate` for whole `seconds`; fewer when more than `hopeless` are in flight at
    /// the end of two seconds in a row.
    pub(crate) fn trial(&mut self, rate: f64, seconds: usize, hopeless: f64) -> Trial {
        let start = self.now;
        let mut seconds = seconds;
        let mut points = vec![Second::default(); seconds];
        let mut ended: Vec<(f64, f64, bool)> = Vec::new();
        let (mut over, mut in_a_row) = (1, 0);
        loop {
            self.now += self.dice.exponential(1.0 / rate);
            let at = self.now - start;
            if at >= over as f64 {
                self.forget();
                in_a_row = if self.ends.len() as f64 > hopeless { in_a_row + 1 } else { 0 };
                if in_a_row == 2 {
                    seconds = seconds.min(over);
                }
                over += 1;
            }
            if at >= seconds as f64 {
                break;
            }
            if let Some(point) = points.get_mut(at as usize) {
                point.due += 1.0;
            }
            let (latency, is_ok) = self.serve();
            ended.push((at, latency, is_ok));
        }
        points.truncate(seconds);
        self.now = start + seconds as f64;
        for (at, latency, is_ok) in ended {
            let end = at + latency;
            if let Some(point) = points.get_mut(end as usize) {
                point.done += 1.0;
                point.failed += f64::from(u8::from(!is_ok));
                point.latency.record(latency * 1e3);
            }
            // In flight at the end of each second from its start to the one before its end.
            let last = (end as usize).min(seconds);
            for point in points.get_mut(at as usize..last).into_iter().flatten() {
                point.in_flight += 1.0;
            }
        }
        Trial { rate, seconds: points, generator: Generator::default() }
    }

    /// The latency of a request that comes now, and whether it was served.
    fn serve(&mut self) -> (f64, bool) {
        self.forget();
        let in_flight = self.ends.len();
        if let Some((many, _)) = self.model.sticky {
            self.is_stuck = in_flight >= many || (self.is_stuck && in_flight > many / 10);
        }
        if self.model.limit.is_some_and(|limit| in_flight >= limit) {
            return (0.0005, false);
        }
        let mut work = match self.model.work {
            Work::Exponential(mean) => self.dice.exponential(mean),
            Work::Fixed(seconds) => seconds,
            Work::Bimodal { usual, rare, share } => {
                if self.dice.roll() < share {
                    rare
                } else {
                    usual
                }
            }
            Work::Scaling { base, contention, coherency } => {
                let n = in_flight.min(self.model.servers - 1) as f64 + 1.0;
                let stretched = base * (1.0 + contention * (n - 1.0) + coherency * n * (n - 1.0));
                self.dice.exponential(stretched)
            }
        };
        if self.now < self.model.warm_up {
            work *= 3.0;
        }
        if let (true, Some((_, factor))) = (self.is_stuck, self.model.sticky) {
            work *= factor;
        }
        let now = nanos(self.now);
        let free = self.free.pop().map_or(0, |Reverse(at)| at);
        let end = free.max(now) + nanos(work);
        self.free.push(Reverse(end));
        self.ends.push(Reverse(end));
        ((end - now) as f64 / 1e9, true)
    }

    fn forget(&mut self) {
        let now = nanos(self.now);
        while self.ends.peek().is_some_and(|Reverse(end)| *end <= now) {
            self.ends.pop();
        }
    }
}

fn nanos(seconds: f64) -> u64 {
    (seconds * 1e9) as u64
}
