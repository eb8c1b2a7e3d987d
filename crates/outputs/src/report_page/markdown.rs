//! A report in Markdown, as GitHub and GitLab show it in a pull request.

use super::{
    facts::{Column, Distribution, Facts, Run, Signal, Thing, Threshold, Url, greatest, mean},
    text::{amount, code, count, curve, milliseconds, percent, plain},
};
use crate::format::{duration, time::local_text};

/// Rows of each table that has no limit of its own; what is left out is told.
const ROWS_LIMIT: usize = 25;

pub(super) fn report(facts: &Facts) -> String {
    let mut text = String::new();
    if let [first, _, ..] = &*facts.runs {
        text += &comparison(first, &facts.runs);
    }
    for run in &facts.runs {
        if !text.is_empty() {
            text.push('\n');
        }
        one(run, &mut text);
    }
    text
}

fn one(run: &Run, text: &mut String) {
    let (sign, verdict, words) = verdict(run);
    let name = plain(&run.name);
    *text += &format!("## {sign} {name}: {verdict}\n\n{words}\n");
    for doubt in run.doubts() {
        let doubt = doubt.strip_prefix("INVALID: ").unwrap_or(doubt);
        let (title, words) = match doubt.strip_prefix("generator-limited:") {
            Some(words) => ("The generator was the limit:", words.trim_start()),
            None => ("Note:", doubt),
        };
        *text += &format!("\n> ⚠️ **{title}** {}\n", plain(words));
    }
    let sections = [
        thresholds(run),
        figures(run),
        latencies(run),
        watched(run),
        details("URLs", urls(run), run.urls.len()),
        errors(run),
        checks(run),
        events(run),
    ];
    for section in sections.into_iter().filter(|section| !section.is_empty()) {
        text.push('\n');
        *text += &section;
    }
    let length = run.end.as_ref().map_or(run.totals.seconds * 1e3, |end| end.duration_ms);
    let started = local_text(run.started.saturating_mul(1_000_000));
    let length = duration::humanize(length.round(), None);
    let tool = plain(&run.tool);
    *text += &format!("\n<sub>{tool} · {started} · {length} · {} model</sub>\n", run.model);
}

/// Sign, word and sentence.
fn verdict(run: &Run) -> (&'static str, &'static str, String) {
    let all = run.thresholds.len();
    let failed = run.thresholds.iter().filter(|threshold| threshold.ok == Some(false)).count();
    let noun = if all == 1 { "threshold" } else { "thresholds" };
    let reason = run.end.as_ref().map(|end| &*end.reason).filter(|reason| *reason != "finished");
    let stopped = reason.map(|reason| format!(" It stopped early: {}.", plain(reason)));
    let stopped = stopped.unwrap_or_default();
    if failed > 0 {
        let verb = if failed == 1 { "was" } else { "were" };
        return ("❌", "failed", format!("{failed} of {all} {noun} {verb} crossed.{stopped}"));
    }
    let held = match all {
        0 => "No thresholds were set, so nothing was judged.".to_owned(),
        1 => "The threshold held.".to_owned(),
        all => format!("All {all} thresholds held."),
    };
    match (&run.end, reason) {
        (None, _) if run.live => ("🏃", "running", "It goes on.".to_owned()),
        (None, _) => ("⚠️", "unfinished", "Its record ends before the run did.".to_owned()),
        (Some(_), Some(_)) => ("⚠️", "stopped early", format!("{held}{stopped}")),
        (Some(_), None) if all == 0 => ("▫️", "finished", held),
        (Some(_), None) => ("✅", "passed", held),
    }
}

fn thresholds(run: &Run) -> String {
    let row = |threshold: &Threshold| {
        let sign = match threshold.ok {
            Some(true) => "✅",
            Some(false) => "❌",
            None => "▫️",
        };
        let rule = format!("{} {}", code(&threshold.key), code(&threshold.expression));
        format!("| {sign} | {rule} | {} |\n", threshold_value(threshold))
    };
    table("| | Threshold | Value |\n|---|---|---:|\n", run.thresholds.iter().map(row))
}

/// In the unit of its metric, by the method that judges it and by the metric's name.
fn threshold_value(threshold: &Threshold) -> String {
    let Some(value) = threshold.value else { return "–".to_owned() };
    let method = threshold.expression.trim();
    let method = method.split(['<', '>', '=', '!', ' ']).next().unwrap_or_default();
    let metric = threshold.key.split('{').next().unwrap_or_default();
    let has = |words: &[&str]| words.iter().any(|word| metric.contains(word));
    let unit = match method {
        "rate" if has(&["failed", "checks", "rate"]) => "share",
        "rate" => "1/s",
        "count" => "count",
        _ if has(&["_bytes"]) || metric.starts_with("data_") => "bytes",
        _ if metric.ends_with("utilization") && !metric.starts_with("host_") => "cores",
        _ if has(&["utilization", "_share", "pressure", "host_cpu_"]) => "share",
        _ if has(&["duration", "time", "lateness", "latency"])
            || metric.starts_with("http_req_") =>
        {
            "ms"
        }
        _ => "count",
    };
    amount(value, unit)
}

fn figures(run: &Run) -> String {
    let totals = &run.totals;
    let mut rows = Vec::new();
    let mut add = |name: &str, value: String, column: Option<&Column>| {
        let curve = column.map(|column| curve(column)).unwrap_or_default();
        rows.push(format!("| {name} | {value} | {curve} |\n"));
    };
    let rate = if totals.seconds > 0.0 { totals.requests / totals.seconds } else { 0.0 };
    let asked = mean(&run.load.asked).map(|asked| format!(", asked {}/s", count(asked)));
    let asked = asked.unwrap_or_default();
    // Iterations are asked for: with several requests each it is another rate.
    let is_one_request = (totals.iterations - totals.requests).abs() <= totals.requests * 0.02;
    add("Requests", count(totals.requests), None);
    let rate = format!("{}/s{}", count(rate), if is_one_request { &asked } else { "" });
    add("Rate", rate, Some(&run.load.done));
    let share = if totals.requests > 0.0 { totals.failed / totals.requests } else { 0.0 };
    let failed = format!("{} ({})", count(totals.failed), percent(share));
    add("Failed", failed, Some(&run.load.failed));
    if !is_one_request {
        let rate = count(totals.iterations / totals.seconds.max(f64::MIN_POSITIVE));
        let iterations = format!("{} ({rate}/s{asked})", count(totals.iterations));
        add(run.layer.iterations(), iterations, None);
    }
    add(run.layer.dropped(), count(totals.dropped), Some(&run.load.dropped));
    if let Some(most) = greatest(&run.load.vus).filter(|most| *most > 0.0) {
        add(&format!("{}, most", run.layer.users()), count(most), Some(&run.load.vus));
    }
    let data = format!(
        "{} received, {} sent",
        amount(totals.data_received, "bytes"),
        amount(totals.data_sent, "bytes")
    );
    add("Data", data, None);
    table("| Figure | Value | Over time |\n|---|---:|---|\n", rows.into_iter())
}

fn latencies(run: &Run) -> String {
    let meaning = [
        ("response", "from when it was due"),
        ("service", "from when it was sent"),
        ("lateness", "from when it was due to when it was sent"),
        ("iteration", "from its start to its end"),
    ];
    let row = |&(kind, words): &(&str, &str)| {
        let Distribution { mean, p50, p90, p95, p99, max } = run.totals.latency.get(kind)?;
        let cells: Vec<String> =
            [mean, p50, p90, p95, p99, max].map(|value| milliseconds(*value)).into();
        let curve = run.latency.get(kind).map(|columns| curve(&columns.p99)).unwrap_or_default();
        Some(format!("| **{kind}** {words} | {} | {curve} |\n", cells.join(" | ")))
    };
    let head = "| Latency | mean | p50 | p90 | p95 | p99 | max | p99 over time |\n\
                |---|---:|---:|---:|---:|---:|---:|---|\n";
    table(head, meaning.iter().filter_map(row))
}

/// Maxima of CPU and memory of each thing, and what went wrong.
fn watched(run: &Run) -> String {
    let row = |thing: &Thing| {
        let find = |endings: &[&str]| {
            thing
                .signals
                .iter()
                .find(|signal| endings.iter().any(|end| signal.metric.ends_with(end)))
        };
        let most = |signal: Option<&Signal>| {
            let signal = signal?;
            let limit = signal.limit.map(|limit| format!(" of {}", amount(limit, &signal.unit)));
            let most = amount(signal.greatest()?, &signal.unit);
            Some(format!("{most}{}", limit.unwrap_or_default()))
        };
        let cpu = find(&["_cpu_utilization"]);
        let memory = find(&["_memory_bytes", "_memory_used_bytes"]);
        let curve = cpu.map(|signal| curve(&signal.values)).unwrap_or_default();
        let also = match (cpu, memory) {
            (None, None) => maxima(thing),
            _ => troubles(thing, run.interval),
        };
        let name = match &*thing.kind {
            "host" => format!("host {}", plain(&thing.name)),
            _ if thing.host.is_empty() => plain(&thing.name),
            _ => format!("{} on {}", plain(&thing.name), plain(&thing.host)),
        };
        let dash = || "–".to_owned();
        let (cpu, memory) = (most(cpu).unwrap_or_else(dash), most(memory).unwrap_or_else(dash));
        format!("| {name} | {cpu} | {curve} | {memory} | {also} |\n")
    };
    let head = "| Watched | CPU, most | CPU over time | Memory, most | Also |\n\
                |---|---:|---|---:|---|\n";
    table(head, run.watched.iter().map(row))
}

/// The greatest values of a service, those with a limit first.
fn maxima(thing: &Thing) -> String {
    const SHOWN: usize = 4;
    let mut signals: Vec<_> = thing.signals.iter().collect();
    signals.sort_by_key(|signal| signal.limit.is_none());
    let told = signals.into_iter().filter_map(|signal| {
        let most = signal.greatest().filter(|most| *most > 0.0)?;
        let limit = signal.limit.map(|limit| format!(" of {}", amount(limit, &signal.unit)));
        let most = amount(most, &signal.unit);
        Some(format!("{} {most}{}", plain(&signal.label), limit.unwrap_or_default()))
    });
    told.take(SHOWN).collect::<Vec<_>>().join(", ")
}

/// Counters of what should not happen, that did.
fn troubles(thing: &Thing, interval: f64) -> String {
    let endings =
        ["oom_kills", "listen_overflows", "listen_drops", "throttled_seconds", "tcp_retransmits"];
    let told = thing
        .signals
        .iter()
        .filter(|signal| endings.iter().any(|ending| signal.metric.ends_with(ending)));
    let told = told.filter_map(|signal| {
        let sum = signal.values.iter().flatten().sum::<f64>() * interval;
        let unit = if signal.unit == "s/s" { " s" } else { "" };
        (sum > 0.0).then(|| format!("{}: {}{unit}", plain(&signal.label), count(sum)))
    });
    told.collect::<Vec<_>>().join(", ")
}

fn urls(run: &Run) -> String {
    let row = |url: &Url| {
        let time = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), milliseconds);
        let share = if url.count > 0.0 { url.failed / url.count } else { 0.0 };
        format!(
            "| {} {} | {} | {} | {} | {} | {} |\n",
            plain(&url.method),
            code(&url.name),
            count(url.count),
            percent(share),
            time(url.p50),
            time(url.p99),
            time(url.max)
        )
    };
    let head = "| URL | Requests | Failed | p50 | p99 | max |\n|---|---:|---:|---:|---:|---:|\n";
    table(head, run.urls.iter().map(row))
}

fn errors(run: &Run) -> String {
    let row = |(class, column): (&String, &Column)| {
        let sum = column.iter().flatten().sum::<f64>() * run.interval;
        (sum > 0.0).then(|| {
            // Rates are rounded in the JSON, counts are whole.
            format!("| {} | {} | {} |\n", plain(class), count(sum.round()), curve(column))
        })
    };
    table("| Error | Count | Over time |\n|---|---:|---|\n", run.errors.iter().filter_map(row))
}

/// Those that failed; the others are in one line.
fn checks(run: &Run) -> String {
    let failed = run.checks.iter().filter(|check| check.fails > 0);
    let rows = failed.map(|check| {
        let (passes, fails) = (check.passes as f64, check.fails as f64);
        let share = percent(passes / (passes + fails));
        format!("| ❌ {} | {} | {} | {share} |\n", plain(&check.name), count(passes), count(fails))
    });
    let failures = table("| Check | Passed | Failed | Share |\n|---|---:|---:|---:|\n", rows);
    let passed = run.checks.iter().filter(|check| check.fails == 0).count();
    match (passed, failures.is_empty()) {
        (0, _) => failures,
        (1, true) => "The only check passed every time.\n".to_owned(),
        (passed, true) => format!("All {passed} checks passed every time.\n"),
        (passed, false) => format!("{failures}\nPassed every time: {passed} more.\n"),
    }
}

fn events(run: &Run) -> String {
    let told = run.events.iter().filter(|event| event.kind != "invalid").map(|event| {
        // What is watched is looked at before the load begins.
        let at = match event.t < 0.0 {
            true => "before the start".to_owned(),
            false => duration::humanize((event.t * 1e3).round(), None),
        };
        format!("- {at} **{}** {}\n", plain(&event.kind), plain(&event.text))
    });
    let (text, left_out) = limited(told);
    text + &left_out
}

/// Figures by row, runs by column.
fn comparison(first: &Run, runs: &[Run]) -> String {
    let head = |run: &Run| {
        let name = plain(&run.name);
        let is_only = runs.iter().filter(|other| other.name == run.name).count() == 1;
        // Runs of one script have one name.
        let started = local_text(run.started.saturating_mul(1_000_000));
        if is_only { name } else { format!("{name} {started}") }
    };
    let heads: Vec<String> = runs.iter().map(head).collect();
    let mut text = format!("| | {} |\n|---|{}\n", heads.join(" | "), "---:|".repeat(runs.len()));
    let mut row = |name: &str, pick: &dyn Fn(&Run) -> Option<f64>, write: fn(f64) -> String| {
        let base = pick(first);
        let cell = |(at, run): (usize, &Run)| {
            let Some(value) = pick(run) else { return "–".to_owned() };
            let change = base.filter(|base| at > 0 && *base != 0.0 && *base != value);
            let change = change.map(|base| format!(" ({:+.1} %)", (value / base - 1.0) * 100.0));
            format!("{}{}", write(value), change.unwrap_or_default())
        };
        let cells: Vec<String> = runs.iter().enumerate().map(cell).collect();
        text += &format!("| {name} | {} |\n", cells.join(" | "));
    };
    let rate =
        |run: &Run| (run.totals.seconds > 0.0).then(|| run.totals.requests / run.totals.seconds);
    let failed =
        |run: &Run| (run.totals.requests > 0.0).then(|| run.totals.failed / run.totals.requests);
    let kind = first.first_latency();
    row("Requests", &|run| Some(run.totals.requests), count);
    row("Requests per second", &rate, count);
    row("Failed", &failed, percent);
    for (name, pick) in LEVELS {
        row(&format!("{kind} {name}"), &|run| run.totals.latency.get(kind).map(pick), milliseconds);
    }
    row(first.layer.dropped(), &|run| Some(run.totals.dropped), count);
    text
}

/// One value of a distribution.
type Pick = fn(&Distribution) -> f64;

const LEVELS: [(&str, Pick); 4] = [
    ("p50", |all| all.p50),
    ("p95", |all| all.p95),
    ("p99", |all| all.p99),
    ("max", |all| all.max),
];

/// Head and rows; nothing without rows.
fn table(head: &str, rows: impl Iterator<Item = String>) -> String {
    let (rows, left_out) = limited(rows);
    match rows.is_empty() {
        true => String::new(),
        false if left_out.is_empty() => format!("{head}{rows}"),
        false => format!("{head}{rows}\n{left_out}"),
    }
}

/// The first [`ROWS_LIMIT`], and a line that tells how many more there are.
fn limited(rows: impl Iterator<Item = String>) -> (String, String) {
    let all: Vec<String> = rows.collect();
    let left_out = all.len().saturating_sub(ROWS_LIMIT);
    let shown: String = all.into_iter().take(ROWS_LIMIT).collect();
    let told = if left_out > 0 { format!("… and {left_out} more\n") } else { String::new() };
    (shown, told)
}

/// A table that is folded up.
fn details(name: &str, table: String, count: usize) -> String {
    if table.is_empty() {
        return table;
    }
    format!("<details><summary>{name} ({count})</summary>\n\n{table}\n</details>\n")
}
