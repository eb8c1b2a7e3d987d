//! `-rate` as people write it: a rate, or a shape that changes over time.
//!
//! ```text
//! pace  = rate | "linear" "(" rate "->" rate "," time ")"
//!       | "sine" "(" rate "," rate "," time [ "," start ] ")"
//!       | "steps" "(" rate "," ("+" | "-") rate "," [ "every" ] time "," count ")"
//!       | "stages" "(" stage { "," stage } ")"
//! stage = rate "for" time | "->" rate "over" time
//! rate  = number [ "/" ( time | unit ) ]         hits per second without the second part
//! start = "up" | "peak" | "down" | "trough"
//! ```

mod scan;

use std::time::Duration;

use plimsoll_engine::pace::{Pace, Rate, SineStart};

use self::scan::{Scanner, SyntaxError};

/// What `-rate` asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Asked {
    /// As fast as possible: each sender sends its next hit when the last has ended.
    Closed,
    Open(Pace),
}

const EXPECTED: &str = "a rate such as 100/s, or linear(..), sine(..), steps(..) or stages(..)";

/// Reads the flag's text.
///
/// # Errors
/// What was expected, and in which column.
pub(super) fn parse(text: &str) -> Result<Asked, SyntaxError> {
    let mut scanner = Scanner::new(text);
    let asked = match scanner.word() {
        Some("infinity" | "inf" | "max") => Asked::Closed,
        Some("linear") => Asked::Open(linear(&mut scanner)?),
        Some("sine") => Asked::Open(sine(&mut scanner)?),
        Some("steps") => Asked::Open(steps(&mut scanner)?),
        Some("stages") => Asked::Open(stages(&mut scanner)?),
        Some(word) => return Err(scanner.before(word).expected(EXPECTED)),
        None => {
            let rate = scanner.rate(EXPECTED)?;
            if rate.hits == 0 { Asked::Closed } else { Asked::Open(Pace::Constant(rate)) }
        }
    };
    scanner.end()?;
    if let Asked::Open(pace) = &asked {
        pace.check().map_err(|error| scanner.whole(&error.to_string()))?;
    }
    Ok(asked)
}

fn linear(scanner: &mut Scanner<'_>) -> Result<Pace, SyntaxError> {
    scanner.symbol("(")?;
    let from = scanner.rate("the first rate, such as 10/s")?;
    scanner.symbol("->")?;
    let to = scanner.rate("the last rate, such as 500/s")?;
    scanner.symbol(",")?;
    let over = scanner.time("how long it takes, such as 60s")?;
    scanner.symbol(")")?;
    Ok(Pace::Linear { from, to, over })
}

fn sine(scanner: &mut Scanner<'_>) -> Result<Pace, SyntaxError> {
    scanner.symbol("(")?;
    let mean = scanner.rate("the mean rate, such as 100/s")?;
    scanner.symbol(",")?;
    let amplitude = scanner.rate("the amplitude, such as 50/s")?;
    scanner.symbol(",")?;
    let period = scanner.time("the period, such as 5m")?;
    let start = match scanner.has(",") {
        false => SineStart::MeanUp,
        true => match scanner.word() {
            Some("up") => SineStart::MeanUp,
            Some("peak") => SineStart::Peak,
            Some("down") => SineStart::MeanDown,
            Some("trough") => SineStart::Trough,
            word => return Err(scanner.at_word(word).expected("up, peak, down or trough")),
        },
    };
    scanner.symbol(")")?;
    Ok(Pace::Sine { mean, amplitude, period, start })
}

fn steps(scanner: &mut Scanner<'_>) -> Result<Pace, SyntaxError> {
    scanner.symbol("(")?;
    let from = scanner.rate("the first rate, such as 100/s")?;
    scanner.symbol(",")?;
    let is_down = !scanner.has("+") && scanner.has("-");
    let step = scanner.rate("a step, such as +100/s")?;
    scanner.symbol(",")?;
    if let Some(word) = scanner.word().filter(|word| *word != "every") {
        return Err(scanner.before(word).expected("every TIME, such as every 10s"));
    }
    let every = scanner.time("every TIME, such as every 10s")?;
    scanner.symbol(",")?;
    let count = scanner.count("how many rates there are, such as 5")?;
    let to = last(from, step, count, is_down)
        .ok_or_else(|| scanner.whole("the last step is no rate: below zero or too high"))?;
    scanner.symbol(")")?;
    Ok(Pace::Steps { from, step, every, to })
}

/// The rate after `count - 1` steps, exactly; `None` below zero or beyond all bounds.
fn last(from: Rate, step: Rate, count: u64, is_down: bool) -> Option<Rate> {
    let (from_per, step_per) = (from.per.as_nanos(), step.per.as_nanos());
    let steps = u128::from(step.hits).checked_mul(u128::from(count.checked_sub(1)?))?;
    let start = u128::from(from.hits).checked_mul(step_per)?;
    let moved = steps.checked_mul(from_per)?;
    let hits = if is_down { start.checked_sub(moved) } else { start.checked_add(moved) }?;
    let per = from_per.checked_mul(step_per)?;
    let common = divisor(hits, per);
    let (hits, per) = (hits.checked_div(common)?, per.checked_div(common)?);
    // As people would write it, not in lowest terms: 500/s rather than 1/2ms.
    let scale = from_per.checked_rem(per).filter(|rest| *rest == 0).map_or(1, |_| from_per / per);
    let (hits, per) = (hits.checked_mul(scale)?, per.checked_mul(scale)?);
    Some(Rate {
        hits: u64::try_from(hits).ok()?,
        per: Duration::from_nanos(u64::try_from(per).ok()?),
    })
}

fn divisor(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { divisor(b, a % b) }
}

fn stages(scanner: &mut Scanner<'_>) -> Result<Pace, SyntaxError> {
    let mut stages = Vec::new();
    scanner.symbol("(")?;
    loop {
        if scanner.has("->") {
            let rate = scanner.rate("the rate at the end, such as 500/s")?;
            scanner.keyword("over")?;
            stages.push((rate, scanner.time("how long it takes, such as 1m")?));
        } else {
            let rate = scanner.rate("a stage: RATE for TIME, or -> RATE over TIME")?;
            scanner.keyword("for")?;
            let time = scanner.time("how long it lasts, such as 30s")?;
            stages.extend([(rate, Duration::ZERO), (rate, time)]);
        }
        if !scanner.has(",") {
            break;
        }
    }
    scanner.symbol(")")?;
    Ok(Pace::Stages(stages))
}

#[cfg(test)]
mod tests;
