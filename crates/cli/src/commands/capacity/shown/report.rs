//! The result for people.

use plimsoll_analysis::{bottleneck, capacity::Kind};
use serde_json::Value;

use super::sentences::{About, sentences};
use crate::commands::{
    capacity::{
        conclusion::{Conclusion, Verdict},
        record::Entry,
    },
    trials::{
        figures::{milliseconds, percent},
        level::{self, Unit},
    },
};

/// All of it, with a newline at its end.
pub(in crate::commands::capacity) fn report(
    conclusion: &Conclusion,
    first: &bottleneck::Verdict,
    about: &About,
    entries: &[Entry],
) -> String {
    let (answer, mut lines) = sentences(conclusion, about);
    lines.insert(0, answer);
    if !matches!(conclusion.verdict, Verdict::Invalid(_)) {
        lines.extend(gives(conclusion, first));
        lines.extend(load_line(entries, about.unit));
        lines.extend(about.is_closed.then(|| level::CLOSED.to_owned()));
    }
    lines.join("\n") + "\n"
}

/// What gives first and next, and the generator.
fn gives(conclusion: &Conclusion, first: &bottleneck::Verdict) -> Vec<String> {
    const GENERATOR: &str = "Generator at ";
    let mut lines = match conclusion.finding.capacity {
        Some(_) => bottleneck::words(first),
        None => Vec::new(),
    };
    // Told once, by the trials up to the capacity: an overload may take it all.
    lines.retain(|line| !line.starts_with(GENERATOR));
    let share = conclusion.generator_share;
    lines.extend(share.map(|share| format!("{GENERATOR}{}: not the limit.", percent(share))));
    lines
}

/// What it is like at 50, 80 and 100 %.
fn load_line(entries: &[Entry], unit: Unit) -> Vec<String> {
    let number_in =
        |json: &Value, name: &str| json.get(name).and_then(Value::as_f64).unwrap_or(0.0);
    let line = |entry: &Entry| {
        let objectives = entry.json.get("objectives").and_then(Value::as_array);
        let figures = objectives.into_iter().flatten().map(|one| {
            let source = one.get("objective").and_then(Value::as_str).unwrap_or_default();
            let name = source.split(['<', '=']).next().unwrap_or_default().trim();
            let value = number_in(one, "value");
            match name {
                "errors" => format!("errors {}", percent(value)),
                name => format!("{name} {}", milliseconds(value)),
            }
        });
        let figures: Vec<String> = figures.collect();
        format!(
            "  {:>12}  mean {}, {}",
            unit.level(entry.order.rate),
            milliseconds(number_in(&entry.json, "mean_latency_ms")),
            figures.join(", ")
        )
    };
    let held: Vec<String> =
        entries.iter().filter(|entry| entry.order.kind == Kind::Hold).map(line).collect();
    if held.is_empty() { held } else { [vec!["Load line:".to_owned()], held].concat() }
}

#[cfg(test)]
mod tests {
    use plimsoll_analysis::{
        capacity::{End, Finding, Outcome},
        stats::Interval,
    };

    use super::*;
    use crate::{
        args::Dimension,
        commands::capacity::{conclusion::tests::finding, diagnosis, record::tests::entry},
    };

    #[track_caller]
    fn check(finding: Finding, entries: &[Entry], goal: Option<f64>, expected: &str) {
        let objectives = ["p(99)<200ms".to_owned(), "errors<0.1%".to_owned()];
        let unit = Unit { dimension: Dimension::Rate, noun: "requests" };
        let about = About { unit, is_closed: false, objectives: &objectives };
        let first = diagnosis::diagnose(entries, &finding, &[]);
        let conclusion = Conclusion::new(finding, entries, 4, goal, false);
        let text = report(&conclusion, &first, &about, entries);
        // Whose words they are has tests of its own.
        let is_own =
            |line: &&str| !line.starts_with("First to give") && !line.starts_with("Nearest");
        let text: String = text.lines().filter(is_own).map(|line| format!("{line}\n")).collect();
        assert_eq!(text, expected);
    }

    #[test]
    fn found() {
        let entries =
            [entry(Kind::Confirm, 1840.0, Outcome::Pass), entry(Kind::Hold, 920.0, Outcome::Pass)];
        check(
            finding(),
            &entries,
            Some(2000.0),
            "1,840 requests/s (95 % CI 1,790 to 1,880, 5 of 5 confirmations).\n\
             Goal of 2,000/s missed by 8.0 %.\n\
             Keeps p(99)<200ms and errors<0.1%; at 1,930/s no longer (4 of 5 trials).\n\
             After an overload of 120 % it keeps them again at 1,656/s (90 %).\n\
             Generator at 22 %: not the limit.\n\
             Load line:\n         920/s  mean 12.5 ms, p(99) 43.2 ms\n",
        );
    }

    #[test]
    fn hysteresis_and_two_minds() {
        let odd = Finding {
            descending: Some(920.0),
            recovered: Some(false),
            non_monotone: vec![2100.0],
            ..finding()
        };
        check(
            odd,
            &[],
            Some(1800.0),
            "1,840 requests/s (95 % CI 1,790 to 1,880, 5 of 5 confirmations).\n\
             Goal of 1,800/s reached, with 2.2 % to spare.\n\
             Keeps p(99)<200ms and errors<0.1%; at 1,930/s no longer (4 of 5 trials).\n\
             Hysteresis: after an overload of 120 % it keeps them at 920/s (50 %) only; ascending it is more.\n\
             Not monotone: kept at 2,100/s too, above a rate at which it was not. The answer is the lower side.\n",
        );
    }

    #[test]
    fn what_is_not_known_is_not_said() {
        let open = Finding {
            end: End::Ceiling,
            first_failing: None,
            refutations: (0, 0),
            descending: None,
            recovered: None,
            interval: None,
            ..finding()
        };
        check(
            open.clone(),
            &[],
            None,
            "At least 1,840 requests/s (5 of 5 confirmations): no higher rate was tried.\n",
        );
        let limited =
            [entry(Kind::Bracket, 3680.0, Outcome::Invalid("used 97 % of its CPU".into()))];
        check(
            open.clone(),
            &limited,
            None,
            "INVALID: the generator was the limit, so this gives no capacity: used 97 % of its CPU. It kept \
             p(99)<200ms and errors<0.1% at 1,840 requests/s, as far as plimsoll could go.\n",
        );
        let early = Finding { end: End::Budget, confirmations: (1, 1), ..open.clone() };
        check(
            early.clone(),
            &[],
            None,
            "At least 1,840 requests/s (1 of 1 confirmations), not sure: the budget ended before a rate was \
             found that is not kept.\n",
        );
        let wide = Some(Interval { low: 1300.0, high: 1930.0 });
        let early = Finding { interval: wide, first_failing: Some(1930.0), ..early };
        check(
            early.clone(),
            &[],
            None,
            "About 1,840 requests/s (95 % CI 1,300 to 1,930, 1 of 1 confirmations), not sure: the budget \
             ended before it was confirmed.\n\
             Keeps p(99)<200ms and errors<0.1%; at 1,930/s no longer.\n",
        );
        let far = Finding { confirmations: (2, 2), ..early.clone() };
        check(
            far,
            &[],
            Some(1500.0),
            "About 1,840 requests/s (95 % CI 1,300 to 1,930, 2 of 2 confirmations), not sure: it is too near \
             to the goal of 1,500/s to tell.\n\
             Goal of 1,500/s: not decided.\n\
             Keeps p(99)<200ms and errors<0.1%; at 1,930/s no longer.\n",
        );
        let floor = Finding {
            end: End::Floor,
            capacity: None,
            first_failing: Some(12.0),
            confirmations: (0, 0),
            ..open
        };
        check(
            floor,
            &[],
            Some(100.0),
            "No capacity: p(99)<200ms and errors<0.1% was kept at no rate that was tried, not even at 12 \
             requests/s.\nGoal of 100/s missed.\n",
        );
    }
}
