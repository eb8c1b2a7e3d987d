//! A search in Markdown, for a pull request: the verdict, the load line, what gives first, and the trials
//! folded away.

use super::model::{Intervention, Search, Tone, Trial, Verdict};
use crate::report_page::text::{code, count, curve, milliseconds, percent, plain};

/// Rates nearer than this share are one line of the load line.
const SAME_RATE: f64 = 0.01;

/// The phase that comes back from an overload: no part of the load line.
const AFTER_OVERLOAD: &str = "recover";

/// What is ruled out and not watched beyond this many is counted only.
const LISTED: usize = 8;

pub(super) fn report(search: &Search) -> String {
    let parts = [
        head(search),
        gives(search),
        load_line(search),
        lists(search),
        trials(search),
        conditions(search),
    ];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("\n\n") + "\n"
}

fn head(search: &Search) -> String {
    let sign = match search.answer.tone {
        Tone::Ok => "✅",
        Tone::Bad => "❌",
        Tone::Warn => "⚠️",
        Tone::Going => "⏳",
    };
    let mut lines = vec![
        format!("## Capacity of {}", plain(&search.target)),
        String::new(),
        format!("{sign} **{}**", plain(&search.answer.headline)),
    ];
    for text in &search.answer.details {
        lines.extend([String::new(), plain(text)]);
    }
    lines.join("\n")
}

fn gives(search: &Search) -> String {
    let mut lines = Vec::new();
    if let Some(first) = &search.first {
        let mut evidence = first.evidence.clone();
        evidence.extend(first.demand.as_ref().map(|demand| format!("{demand} per request")));
        evidence.extend(first.limit.map(|limit| {
            let (value, low, high) = (count(limit.value), count(limit.low), count(limit.high));
            format!("predicted limit {value}/s (95 %: {low} to {high})")
        }));
        lines.push(format!(
            "**First to give: {}** ({}): {}.",
            plain(&first.words),
            match first.confidence.as_str() {
                "high" => "sure",
                "medium" => "fairly sure",
                _ => "not sure",
            },
            plain(&evidence.join(", "))
        ));
    } else if let Some(why) = &search.not_identified {
        lines.push(format!("**First to give: not identified.** {}.", plain(why)));
    }
    if let Some(next) = &search.next {
        let name = if search.first.is_some() { "Next" } else { "Nearest known limit" };
        let limit = count(next.limit.value);
        lines.push(format!("{name}: {}, at about {limit}/s.", plain(&next.words)));
    }
    // Where it was the limit, the first sentence says so.
    if search.capacity.is_some() {
        lines.extend(search.generator.iter().map(|(words, _)| plain(words)));
    }
    lines.join("\n\n")
}

/// Trials at one rate, those left out that are invalid or show how it is after an overload.
fn load_line(search: &Search) -> String {
    let counts =
        |trial: &&Trial| trial.verdict != Verdict::Invalid && trial.phase != AFTER_OVERLOAD;
    let mut valid: Vec<&Trial> = search.trials.iter().filter(counts).collect();
    valid.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    let groups: Vec<&[&Trial]> =
        valid.chunk_by(|a, b| b.rate <= a.rate * (1.0 + SAME_RATE)).collect();
    if groups.is_empty() {
        return String::new();
    }
    let p99 = |trial: &Trial| trial.percentiles_ms.map(|all| all[3]);
    let mut lines = vec!["### Load line".to_owned(), String::new()];
    let heights: Vec<Option<f64>> =
        groups.iter().map(|group| middle(group, p99).map(|value| value.ln_1p())).collect();
    let drawn = curve(&heights);
    if !drawn.is_empty() {
        lines.extend([format!("`{drawn}` p99 from the lowest rate to the highest"), String::new()]);
    }
    lines.push("| asked for | ended | p50 | p99 | errors | in flight | kept |".to_owned());
    lines.push("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |".to_owned());
    for group in groups {
        let written = |value: Option<f64>, write: fn(f64) -> String| {
            value.map_or_else(|| "–".to_owned(), write)
        };
        let rate = group.first().map_or(0.0, |trial| trial.rate);
        let kept = group.iter().filter(|trial| trial.verdict == Verdict::Kept).count();
        let cells = [
            format!("{}{}{}", count(rate), search.level.suffix, role(search, rate)),
            written(middle(group, |trial| trial.throughput), |value| format!("{}/s", count(value))),
            written(middle(group, |trial| trial.percentiles_ms.map(|all| all[0])), milliseconds),
            written(middle(group, p99), milliseconds),
            written(middle(group, |trial| trial.errors), percent),
            written(middle(group, |trial| trial.in_flight), count),
            format!("{kept} of {}", group.len()),
        ];
        lines.push(format!("| {} |", cells.join(" | ")));
    }
    lines.join("\n")
}

/// ` (capacity)`
fn role(search: &Search, rate: f64) -> &'static str {
    let is = |other: Option<f64>| other.is_some_and(|other| (rate / other - 1.0).abs() < SAME_RATE);
    if is(search.capacity.map(|capacity| capacity.value)) {
        " (capacity)"
    } else if is(search.first_failing) {
        " (no longer)"
    } else {
        ""
    }
}

fn middle(trials: &[&Trial], value: impl Fn(&Trial) -> Option<f64>) -> Option<f64> {
    let mut values: Vec<f64> = trials.iter().filter_map(|trial| value(trial)).collect();
    values.sort_by(f64::total_cmp);
    let at = |index: usize| values.get(index).copied();
    let last = values.len().checked_sub(1)?;
    Some(f64::midpoint(at(last / 2)?, at(last.div_ceil(2))?))
}

fn lists(search: &Search) -> String {
    let list = |title: &str, texts: &[String]| {
        let shown = texts.iter().take(LISTED).map(|text| plain(text));
        let mut text = shown.collect::<Vec<_>>().join("; ");
        if let Some(more @ 1..) = texts.len().checked_sub(LISTED) {
            text.push_str(&format!("; and {more} more"));
        }
        (!texts.is_empty()).then(|| format!("{title}: {text}."))
    };
    let said = search.notes.iter().chain(&search.cautions);
    let cautions: Vec<String> = said.map(|text| plain(text)).collect();
    let lists = [list("Ruled out", &search.ruled_out), list("Not watched", &search.not_watched)];
    cautions.into_iter().chain(lists.into_iter().flatten()).collect::<Vec<_>>().join("\n\n")
}

fn trials(search: &Search) -> String {
    if search.trials.is_empty() {
        return String::new();
    }
    let mut lines = vec![
        format!("<details><summary>{} trials</summary>", search.trials.len()),
        String::new(),
        "| | phase | asked for | for | what it showed |".to_owned(),
        "| ---: | --- | ---: | ---: | --- |".to_owned(),
    ];
    let rows = search.trials.iter().enumerate();
    lines.extend(rows.map(|(at, trial)| row(search, at, trial)));
    if let Some(Intervention { words, trials }) =
        search.intervention.as_ref().filter(|intervention| !intervention.trials.is_empty())
    {
        lines.push(format!("| | | | | **Intervention: {}** |", plain(words)));
        let rows = trials.iter().zip(search.trials.len()..);
        lines.extend(rows.map(|(trial, at)| row(search, at, trial)));
    }
    lines.extend([String::new(), "</details>".to_owned()]);
    lines.join("\n")
}

fn row(search: &Search, at: usize, trial: &Trial) -> String {
    let sign = match trial.verdict {
        Verdict::Kept => "✅",
        Verdict::NotKept => "❌",
        Verdict::Unclear => "❔",
        Verdict::Invalid => "⚪",
    };
    format!(
        "| {} | {} | {}{} | {:.0} s | {sign} {} |",
        at + 1,
        plain(&trial.phase),
        count(trial.rate),
        search.level.suffix,
        (trial.end - trial.start).max(0.0),
        plain(&trial.words)
    )
}

fn conditions(search: &Search) -> String {
    if search.conditions.is_empty() {
        return String::new();
    }
    let line = |(name, value): &(String, String)| format!("- {}: {}", plain(name), code(value));
    let lines: Vec<String> = search.conditions.iter().map(line).collect();
    format!("<details><summary>Done with</summary>\n\n{}\n\n</details>", lines.join("\n"))
}
