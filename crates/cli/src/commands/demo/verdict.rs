//! What the demo says at its end: seconds side by side, and one paragraph.

use plimsoll_engine::run::Finished;
use plimsoll_metrics::{Builtin, Sink, Totals};
use plimsoll_monitor::ProcessUsage;
use plimsoll_runtime::workers;

use super::Second;

/// Above this share of all cores in use, the machine is what the service lacks.
const BUSY: f64 = 0.85;

/// The load and the service's CPU and memory, a line per second.
pub(super) fn table(rows: &[Second]) -> String {
    let mut text = String::from(
        "\n  The load, and the service's process beside it\n\n    \
         second   requests/s   p95 (ms)   service CPU   service memory\n",
    );
    for (index, row) in whole_seconds(rows).iter().enumerate() {
        let (cpu, memory) = match &row.service {
            Some(usage) => (
                format!("{:.0} %", usage.cpu_utilization * 100.0),
                format!("{:.1} MB", megabytes(usage.rss_bytes)),
            ),
            None => ("?".to_owned(), "?".to_owned()),
        };
        let second = index + 1;
        let requests = row.requests;
        let p95 = match requests > 0.0 {
            true => format!("{:.2}", row.p95_ms),
            false => "-".to_owned(),
        };
        text.push_str(&format!(
            "    {second:>6} {requests:>12.0} {p95:>10} {cpu:>13} {memory:>16}\n"
        ));
    }
    text.push_str("\n    100 % CPU is one core.\n");
    text
}

/// Without the last interval, the rest of a second: too short for a rate, and partly after the load.
fn whole_seconds(rows: &[Second]) -> &[Second] {
    match rows {
        [whole @ .., _rest] if !whole.is_empty() => whole,
        all => all,
    }
}

/// The last paragraph: what was seen, what it means, what to try next.
pub(super) fn words(
    finished: &Finished,
    rows: &[Second],
    generator: Option<&ProcessUsage>,
    vus: u64,
) -> String {
    let totals = &finished.totals;
    let requests = counter(totals, Builtin::HttpReqs);
    let rate = requests / finished.duration.as_secs_f64().max(f64::MIN_POSITIVE);
    let (median, p95) = percentiles(totals);
    let failures = failures(totals);
    let mut text = format!(
        "\nWith {vus} virtual users the service answered {rate:.0} requests per second, half of them within \
         {median:.1} ms and 95 % within {p95:.1} ms; {failures}. "
    );
    let service = mean_cpu(rows);
    let own = generator.map_or(0.0, |usage| usage.cpu_utilization);
    let cores = cores();
    text.push_str(&format!(
        "Its process used {:.0} % of a core and plimsoll itself {:.0} %, on {cores} core(s): ",
        service * 100.0,
        own * 100.0
    ));
    let seconds = whole_seconds(rows);
    let silent = seconds.iter().filter(|row| row.requests <= 0.0).count();
    text.push_str(&if silent > 0 {
        let all = seconds.len();
        format!(
            "in {silent} of {all} seconds it answered nothing, so that is what to look into before any \
             other number counts. "
        )
    } else if service + own > BUSY * cores {
        "CPU is what gives first here, and as load and service share this machine, a service of its \
         own machine would do better. "
            .to_owned()
    } else {
        "CPU is not what limits it; each virtual user waits for the service's answers (a page sleeps \
         5 ms), so more virtual users would get more requests through. "
            .to_owned()
    });
    text.push_str(
        "Next, start the service yourself with `plimsoll serve web --port 8080`, write a script with \
         `plimsoll new`, and run it with `plimsoll run -u 100 -d 30s script.js`.\n",
    );
    fill(&text)
}

fn counter(totals: &Totals, metric: Builtin) -> f64 {
    match totals.entry(metric.name()).map(|entry| &entry.sink) {
        Some(Sink::Counter { sum }) => *sum,
        _ => 0.0,
    }
}

fn percentiles(totals: &Totals) -> (f64, f64) {
    match totals.entry(Builtin::HttpReqDuration.name()).map(|entry| &entry.sink) {
        Some(Sink::Trend(histogram)) => (histogram.percentile(50.0), histogram.percentile(95.0)),
        _ => (0.0, 0.0),
    }
}

fn failures(totals: &Totals) -> String {
    match totals.entry(Builtin::HttpReqFailed.name()).map(|entry| &entry.sink) {
        Some(Sink::Rate { trues: 0, .. }) => "none failed".to_owned(),
        Some(Sink::Rate { trues, total }) => format!("{trues} of {total} failed"),
        _ => "there were no requests".to_owned(),
    }
}

fn mean_cpu(rows: &[Second]) -> f64 {
    let used: Vec<f64> = whole_seconds(rows)
        .iter()
        .filter_map(|row| Some(row.service.as_ref()?.cpu_utilization))
        .collect();
    let count = u32::try_from(used.len()).unwrap_or(u32::MAX).max(1);
    used.iter().sum::<f64>() / f64::from(count)
}

#[expect(clippy::cast_precision_loss, reason = "no machine has 2^53 cores")]
fn cores() -> f64 {
    workers::cores() as f64
}

#[expect(clippy::cast_precision_loss, reason = "memory sizes are far below 2^53")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Lines of at most 100 columns.
fn fill(text: &str) -> String {
    const COLUMNS: usize = 100;
    let mut out = String::from("\n");
    let mut column = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > COLUMNS {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn fills_lines() {
        let text = fill(&"word ".repeat(50));
        assert!(text.lines().all(|line| line.len() <= 100));
        assert_eq!(text.split_whitespace().count(), 50);
    }
}
