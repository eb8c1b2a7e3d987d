//! Execution segments: which part of the whole test this instance runs.
//!
//! A test is divided without a coordinator: iterations and VUs of the whole test are numbered, and
//! each number belongs to one part of the sequence. Numbers are dealt in cycles: number `i` goes to
//! the first part, largest first, that has had at most its share of the numbers before `i`.

use std::{cmp::Reverse, fmt};

/// Limit on the length of a cycle, the common denominator of a sequence: its table is kept in memory.
pub const CYCLE_LIMIT: u64 = 1_000_000;

/// Limit on the parts of one sequence.
pub const PARTS_LIMIT: usize = 1_000;

/// Digits that a decimal may have behind its point; more would overflow the denominator.
const DECIMAL_DIGITS_MAX: usize = 15;

/// A segment or sequence that cannot be used, in k6's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SegmentError {
    pub message: String,
}

fn error<T>(message: String) -> Result<T, SegmentError> {
    Err(SegmentError { message })
}

/// A reduced fraction; the denominator is positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    numerator: i64,
    denominator: i64,
}

impl Ratio {
    const ZERO: Ratio = Ratio { numerator: 0, denominator: 1 };
    const ONE: Ratio = Ratio { numerator: 1, denominator: 1 };

    fn new(numerator: i64, denominator: i64) -> Option<Ratio> {
        if denominator <= 0 {
            return None;
        }
        let divisor = gcd(numerator.unsigned_abs(), denominator.unsigned_abs());
        let divisor = i64::try_from(divisor.max(1)).ok()?;
        Some(Ratio { numerator: numerator / divisor, denominator: denominator / divisor })
    }

    /// `1/3`, `25%`, `0.25` or `1`.
    fn parse(text: &str) -> Result<Ratio, SegmentError> {
        let parsed = if let Some(percent) = text.strip_suffix('%') {
            decimal(percent).and_then(|r| Ratio::new(r.numerator, r.denominator.checked_mul(100)?))
        } else if let Some((numerator, denominator)) = text.split_once('/') {
            numerator.parse().ok().zip(denominator.parse().ok()).and_then(|(n, d)| Ratio::new(n, d))
        } else {
            decimal(text)
        };
        match parsed {
            Some(ratio) => Ok(ratio),
            None => error(format!(
                "'{text}' is not a valid percentage, decimal, fraction or interval value"
            )),
        }
    }

    fn is_less(self, other: Ratio) -> bool {
        i128::from(self.numerator) * i128::from(other.denominator)
            < i128::from(other.numerator) * i128::from(self.denominator)
    }

    /// As a number, for people.
    pub fn value(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.denominator == 1 {
            write!(f, "{}", self.numerator)
        } else {
            write!(f, "{}/{}", self.numerator, self.denominator)
        }
    }
}

fn decimal(text: &str) -> Option<Ratio> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > DECIMAL_DIGITS_MAX || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits = format!("{whole}{fraction}");
    let scale = 10_i64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    Ratio::new(digits.parse().ok()?, scale)
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// A part `(from, to]` of the test with the sequence it belongs to; the default is the whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    from: Ratio,
    to: Ratio,
    striping: Striping,
}

impl Default for Segment {
    fn default() -> Segment {
        let whole = Striping { parts: vec![1], own: 0, slots: vec![0], cycle: 1 };
        Segment { from: Ratio::ZERO, to: Ratio::ONE, striping: whole }
    }
}

impl Segment {
    /// `--execution-segment` and `--execution-segment-sequence`; an empty text is one not given.
    ///
    /// # Errors
    /// When either is malformed, or the segment is no part of the sequence.
    pub fn parse(segment: &str, sequence: &str) -> Result<Segment, SegmentError> {
        let (from, to) = parse_interval(segment)?;
        let points = if sequence.is_empty() { filled(from, to) } else { parse_sequence(sequence)? };
        let own =
            points.windows(2).position(|pair| matches!(pair, [a, b] if *a == from && *b == to));
        let Some(own) = own else {
            let points: Vec<_> = points.iter().map(Ratio::to_string).collect();
            return error(format!(
                "provided segment {from}:{to} can't be found in sequence {}",
                points.join(",")
            ));
        };
        Ok(Segment { from, to, striping: Striping::new(&points, own)? })
    }

    /// The part of the whole, 0..=1.
    pub fn share(&self) -> f64 {
        self.to.value() - self.from.value()
    }

    /// How numbers of the whole test are dealt to this segment.
    pub fn striping(&self) -> &Striping {
        &self.striping
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.from, self.to)
    }
}

fn parse_interval(text: &str) -> Result<(Ratio, Ratio), SegmentError> {
    if text.is_empty() {
        return Ok((Ratio::ZERO, Ratio::ONE));
    }
    let (from, to) = match text.split_once(':') {
        Some((from, to)) => (Ratio::parse(from)?, Ratio::parse(to)?),
        None => (Ratio::ZERO, Ratio::parse(text)?),
    };
    check_interval(from, to)?;
    Ok((from, to))
}

fn check_interval(from: Ratio, to: Ratio) -> Result<(), SegmentError> {
    if from.is_less(Ratio::ZERO) {
        return error(format!(
            "segment start value must be at least 0 but was {:.2}",
            from.value()
        ));
    }
    if !from.is_less(to) {
        let (from, to) = (from.value(), to.value());
        return error(format!("segment start({from:.2}) must be less than its end({to:.2})"));
    }
    if Ratio::ONE.is_less(to) {
        return error(format!("segment end value can't be more than 1 but was {:.2}", to.value()));
    }
    Ok(())
}

fn parse_sequence(text: &str) -> Result<Vec<Ratio>, SegmentError> {
    let count = text.split(',').count();
    if count < 2 {
        return error(format!(
            "at least 2 points are needed for an execution segment sequence, {count} given"
        ));
    }
    if count > PARTS_LIMIT {
        return error(format!(
            "execution segment sequence of {count} points, the limit is {PARTS_LIMIT}"
        ));
    }
    let points = text.split(',').map(Ratio::parse).collect::<Result<Vec<_>, _>>()?;
    for pair in points.windows(2) {
        if let [from, to] = pair {
            check_interval(*from, *to)?;
        }
    }
    Ok(points)
}

/// The sequence of a segment that came without one: itself and what is left of the whole.
fn filled(from: Ratio, to: Ratio) -> Vec<Ratio> {
    let mut points = vec![Ratio::ZERO, from, to, Ratio::ONE];
    points.dedup();
    points
}

/// Deals the first `count` numbers of a cycle to the parts: each goes to the first part, largest
/// first, that has had at most its share of the numbers before.
fn deal(parts: &[u64], cycle: u64, count: u64, mut give: impl FnMut(u64, usize)) {
    let mut by_size: Vec<(usize, u128, u128)> =
        parts.iter().enumerate().map(|(part, share)| (part, u128::from(*share), 0)).collect();
    by_size.retain(|(_, share, _)| *share > 0);
    by_size.sort_by_key(|(_, share, _)| Reverse(*share));
    for number in 0..count {
        let due = by_size
            .iter_mut()
            .find(|(_, share, had)| *had * u128::from(cycle) <= u128::from(number) * *share);
        if let Some((part, _, had)) = due {
            *had += 1;
            give(number, *part);
        }
    }
}

/// Which numbers 0.. of the whole belong to one part. Pure and cheap to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Striping {
    /// Numbers per cycle of each part; what a sequence leaves out of the whole is a part too.
    parts: Vec<u64>,
    own: usize,
    /// Own numbers within one cycle, ascending.
    slots: Vec<u64>,
    cycle: u64,
}

impl Striping {
    fn new(points: &[Ratio], own: usize) -> Result<Striping, SegmentError> {
        let mut cycle: u64 = 1;
        for point in points {
            let denominator = point.denominator.unsigned_abs();
            let lcm = (cycle / gcd(cycle, denominator)).checked_mul(denominator);
            cycle = match lcm {
                Some(lcm) if lcm <= CYCLE_LIMIT => lcm,
                _ => {
                    return error(format!(
                        "the execution segments' common denominator is over {CYCLE_LIMIT}; use simpler fractions"
                    ));
                }
            };
        }
        let scaled = |r: &Ratio| {
            r.numerator.unsigned_abs().saturating_mul(cycle / r.denominator.unsigned_abs())
        };
        let ends: Vec<u64> = points.iter().map(scaled).collect();
        let parts = ends.windows(2).map(|w| match w {
            [a, b] => b.saturating_sub(*a),
            _ => 0,
        });
        Ok(Striping::dealt(parts.collect(), own, cycle))
    }

    fn dealt(parts: Vec<u64>, own: usize, cycle: u64) -> Striping {
        let mut slots = Vec::new();
        deal(&parts, cycle, cycle, |number, part| {
            if part == own {
                slots.push(number);
            }
        });
        Striping { parts, own, slots, cycle }
    }

    /// Own numbers among 0..`whole`.
    pub fn count(&self, whole: u64) -> u64 {
        let cycle = self.cycle.max(1);
        let per_cycle = self.slots.len() as u64;
        let rest = self.slots.partition_point(|slot| *slot < whole % cycle) as u64;
        (whole / cycle).saturating_mul(per_cycle).saturating_add(rest)
    }

    /// The number in the whole test of the own number `own`.
    pub fn global(&self, own: u64) -> u64 {
        let per_cycle = (self.slots.len() as u64).max(1);
        let index = usize::try_from(own % per_cycle).unwrap_or(usize::MAX);
        let slot = self.slots.get(index).copied().unwrap_or(0);
        (own / per_cycle).saturating_mul(self.cycle).saturating_add(slot)
    }

    /// The own part of one cycle, 0..=1.
    pub fn share(&self) -> f64 {
        self.slots.len() as f64 / self.cycle.max(1) as f64
    }

    /// The striping that follows the VUs: of `vus` VUs each part has a whole number, and iterations
    /// are dealt in these proportions, so that no VU of any instance has more to do than another.
    pub fn by_vus(&self, vus: u64) -> Striping {
        if self.parts.len() < 2 || vus == 0 || vus > CYCLE_LIMIT {
            return self.clone();
        }
        let whole = vus / self.cycle.max(1);
        let mut parts: Vec<u64> = self.parts.iter().map(|part| part * whole).collect();
        deal(&self.parts, self.cycle, vus % self.cycle.max(1), |_, part| {
            if let Some(count) = parts.get_mut(part) {
                *count += 1;
            }
        });
        let cycle = parts.iter().sum();
        Striping::dealt(parts, self.own, cycle)
    }
}

#[cfg(test)]
mod tests;
