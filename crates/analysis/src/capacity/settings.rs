//! How long a search may take, and what that buys.

use std::time::Duration;

/// The least and the most that a trial may be.
const SHORT: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(5)];
const LONG: [Duration; 2] = [Duration::from_secs(6), Duration::from_secs(60)];

/// The most that the overload may be.
const OVERLOAD: Duration = Duration::from_secs(15);

/// Between the trials after the confirmations, until what was sent is answered.
const RESTS: Duration = Duration::from_secs(8);

/// How often an undecided trial is repeated at twice the length.
pub(super) const EXTENSIONS: u32 = 1;

/// How a search goes about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Where it starts, per second.
    pub start: f64,
    /// Below it nothing is tried.
    pub floor: f64,
    /// What the generator can do; above it nothing is tried.
    pub ceiling: f64,
    /// The ratio of neighbouring rates that it tells apart, less one: 0.05.
    pub precision: f64,
    pub short: Duration,
    pub long: Duration,
    /// Long trials at either end of the answer, and how many of them must agree.
    pub confirmations: usize,
    pub needed: usize,
    /// Whether to hold 50, 80 and 100 %, overload at 120 % and come back to 90 %.
    pub characterizes: bool,
    /// Decides the order of confirmations.
    pub seed: u64,
    /// Levels are whole numbers, as of virtual users: neighbours that differ by one are told apart, and
    /// nothing lies between them.
    pub is_whole: bool,
}

impl Settings {
    /// A search that ends within about `budget`, from `start` to at most `ceiling`.
    pub fn within(budget: Duration, start: f64, ceiling: f64) -> Settings {
        let (confirmations, needed) = match budget.as_secs() {
            ..90 => (3, 3),
            90..300 => (4, 3),
            _ => (5, 4),
        };
        let short = (budget / 60).clamp(SHORT[0], SHORT[1]);
        // Half of the budget goes into confirmations, ten or more.
        let long = (budget / 20).clamp(LONG[0], LONG[1]);
        Settings {
            start,
            floor: start / 1e4,
            ceiling,
            precision: 0.05,
            short,
            long,
            confirmations,
            needed,
            characterizes: true,
            seed: 0,
            is_whole: false,
        }
    }

    /// The same search over whole numbers, from `floor` on.
    pub fn whole(self, floor: f64) -> Settings {
        let floor = floor.round().max(1.0);
        let ceiling = self.ceiling.floor().max(floor);
        let start = self.start.round().clamp(floor, ceiling);
        Settings { start, floor, ceiling, is_whole: true, ..self }
    }

    /// `level`, or the whole number next to it where levels are such.
    pub(super) fn level(&self, level: f64) -> f64 {
        if self.is_whole { level.round().max(self.floor) } else { level }
    }

    /// Whether something between `low` and `high` is worth a trial.
    pub(super) fn is_wide(&self, low: f64, high: f64) -> bool {
        high / low > 1.0 + self.precision && !(self.is_whole && high - low < 2.0)
    }

    /// How long the answer is held: what falls over does so slowly.
    pub fn hold(&self) -> Duration {
        self.long * 2
    }

    /// How long the overload lasts, and what comes after it.
    pub fn overload(&self) -> Duration {
        self.long.min(OVERLOAD)
    }

    /// What is kept back for all that comes after the confirmations, with the rests between.
    pub fn reserve(&self) -> Duration {
        // Of a short budget confirmations have all.
        if !self.characterizes || self.long <= LONG[0] {
            return Duration::ZERO;
        }
        self.short * 2 + self.hold() + self.overload() * 2 + RESTS + self.long / 2
    }

    /// The time of all trials when each is undecided as long as it may be and the answer moves twice.
    pub fn longest(&self) -> Duration {
        let doublings = (self.ceiling / self.start).max(1.0).log2().ceil() as u32 + 1;
        let halvings = (2.0_f64.ln() / self.precision.ln_1p()).log2().ceil().max(0.0) as u32;
        let extended = (1 << (EXTENSIONS + 1)) - 1;
        let confirmed = self.long * self.confirmations as u32 * 4;
        self.short * (doublings + halvings * extended) + confirmed + self.reserve()
    }
}
