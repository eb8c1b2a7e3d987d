//! `-threshold` as people write it: the metric may be left out, times and percentages have units.

use plimsoll_engine::run::Finished;
use plimsoll_metrics::{
    Builtin, Registry,
    threshold::{Threshold, ThresholdGroup, parse_key},
};
use plimsoll_outputs::summary;
use plimsoll_script::options::parse_go_duration;
use serde_json::{Value, json};

use crate::exit::{Exit, Failure};

const NANOS_PER_MS: f64 = 1e6;

/// Reads them all: `[metric[{tag:value}]:] expression [over window]`. Without a metric they are about the time
/// that a user waits. `check_key` may refuse a metric that there is.
///
/// # Errors
/// The first that is none, or is about a metric that there is not.
pub(super) fn parse(
    texts: &[String],
    is_closed: bool,
    registry: &Registry,
    check_key: impl Fn(&str) -> Result<(), Failure>,
) -> Result<Vec<ThresholdGroup>, Failure> {
    let mut groups: Vec<ThresholdGroup> = Vec::new();
    for text in texts {
        let wrong = |why: &str| {
            Failure::new(Exit::BadConfiguration, format!("-threshold {text:?}: {why}"))
                .with_hint("write 'p(99)<200ms' or 'http_req_failed: rate<1%'")
        };
        let (key, expression) = split(text);
        let key = key.unwrap_or_else(|| response_time(is_closed).name());
        check_key(key)?;
        let (metric, tags) = parse_key(key).map_err(|error| wrong(&error.message))?;
        let def = registry.find(&metric).ok_or_else(|| wrong(&format!("no metric {metric:?}")))?;
        let mut threshold =
            Threshold::parse(&in_base_units(expression)).map_err(|error| wrong(&error.message))?;
        threshold.check_kind(def.kind).map_err(|error| wrong(&error.message))?;
        expression.clone_into(&mut threshold.source);
        match groups.iter_mut().find(|group| group.key == key) {
            Some(group) => group.thresholds.push(threshold),
            None => groups.push(ThresholdGroup {
                key: key.to_owned(),
                metric,
                tags,
                thresholds: vec![threshold],
            }),
        }
    }
    Ok(groups)
}

/// As a record's options have them, so that whoever plays the record can evaluate them again: in k6's
/// shape and form, and beside that as written.
pub(super) fn as_options(groups: &[ThresholdGroup]) -> Value {
    let option = |threshold: &Threshold| json!({ "threshold": in_base_units(&threshold.source), "source": threshold.source });
    let list = |group: &ThresholdGroup| group.thresholds.iter().map(option).collect::<Value>();
    Value::Object(groups.iter().map(|group| (group.key.clone(), list(group))).collect())
}

/// In a closed model a hit is due when it starts.
fn response_time(is_closed: bool) -> Builtin {
    if is_closed { Builtin::IterationDuration } else { Builtin::IterationResponseTime }
}

/// Metric and expression: cut at the last colon before the comparison and outside of braces.
fn split(text: &str) -> (Option<&str>, &str) {
    let end = text.find(['<', '>', '=', '!']).unwrap_or(text.len());
    let from = text.get(..end).and_then(|left| left.rfind('}')).unwrap_or(0);
    let colon = text.get(from..end).and_then(|part| part.rfind(':')).map(|at| from + at);
    match colon.and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?))) {
        Some((metric, expression)) => (Some(metric.trim()), expression.trim()),
        None => (None, text.trim()),
    }
}

/// The limit in milliseconds where it is a time, as a share where it is a percentage.
fn in_base_units(expression: &str) -> String {
    let Some(at) = expression.rfind(['<', '>', '=']) else { return expression.to_owned() };
    let (left, right) = expression.split_at(at + 1);
    let limit = right.trim();
    let share = limit.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
    if let Some(percent) = share {
        return format!("{left}{}", percent / 100.0);
    }
    match parse_go_duration(limit) {
        Ok(time) if !limit.ends_with(|c: char| c.is_ascii_digit()) => {
            format!("{left}{}", time.to_std().as_nanos() as f64 / NANOS_PER_MS)
        }
        _ => expression.to_owned(),
    }
}

/// One line for each: whether it held, and the value that decided.
pub(super) fn outcome(finished: &Finished, groups: &[ThresholdGroup]) -> String {
    let mut text = String::new();
    for group in groups {
        let Some(entry) = finished.totals.entry(&group.key) else { continue };
        for state in &entry.thresholds {
            let mark = if state.last_failed { '✗' } else { '✓' };
            let source = &state.threshold.source;
            let measured = summary::measured(entry, state, finished.duration);
            text.push_str(&format!("{mark} {}: {source}  {measured}\n", group.key));
        }
    }
    if text.is_empty() { text } else { format!("Thresholds:\n{text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<(&str, f64), &str>) {
        let registry = Registry::new(10);
        let parsed = parse(&[text.to_owned()], false, &registry, |_| Ok(()));
        let found = parsed.as_ref().map(|groups| {
            let group = groups.first().expect("one threshold");
            (group.key.as_str(), group.thresholds.first().expect("one expression").limit)
        });
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{text}"),
            (Err(failure), Err(part)) => assert!(failure.message.contains(part), "{failure}"),
            (found, expected) => panic!("{text}: {found:?}, not {expected:?}"),
        }
    }

    #[test]
    fn metrics_and_units_may_be_left_out() {
        check("p(99)<200ms", Ok(("iteration_response_time", 200.0)));
        check("p(99) < 200", Ok(("iteration_response_time", 200.0)));
        check("max<=1.5s", Ok(("iteration_response_time", 1500.0)));
        check("http_req_failed: rate<1%", Ok(("http_req_failed", 0.01)));
        check("http_req_failed:rate<0.01", Ok(("http_req_failed", 0.01)));
        check(
            "http_req_duration{status:200}: p(95)<1m",
            Ok(("http_req_duration{status:200}", 60_000.0)),
        );
        check("http_reqs: count>=5000", Ok(("http_reqs", 5000.0)));
        check("p(99)<1.5s over 10s", Ok(("iteration_response_time", 1500.0)));
        check(
            "http_req_failed{status:200}: rate<1% over 5s",
            Ok(("http_req_failed{status:200}", 0.01)),
        );
    }

    #[test]
    fn what_is_no_threshold_is_refused() {
        check("p(99)", Err("malformed threshold expression"));
        check("p(99)<200ms over", Err("expected a number"));
        check("nothing: p(99)<1", Err("no metric \"nothing\""));
        check("rate<1%", Err("unsupported aggregation method rate"));
        check("p(99)<fast", Err("fast"));
        check("http_reqs{a}: count>1", Err("malformed"));
    }
}
