//! The report for people: vegeta's rows, then ours, then the errors, which have no end.

use std::time::Duration;

use plimsoll_runtime::duration::go_string;

use super::{ERRORS_LIMIT, Latencies, SAMPLES_BEYOND_MIN, Tally, ratio, table::table};

/// Percentiles of the rows of latencies.
const PERCENTILES: [f64; 4] = [50.0, 90.0, 95.0, 99.0];

/// Name, what its values are, the values.
type Row = [String; 3];

/// Formats it.
pub fn text(tally: &Tally) -> String {
    let mut rows = vegeta_rows(tally);
    rows.extend(own_rows(tally));
    let mut text = table(&rows);
    text.push_str("Error Set:\n");
    for (error, _) in tally.errors.sorted() {
        // One line each, whatever a server or a foreign file put into it.
        text.push_str(&error.replace(['\n', '\r'], " "));
        text.push('\n');
    }
    if tally.errors.others() > 0 {
        let others = tally.errors.others();
        text.push_str(&format!("({others} requests had errors other than these {ERRORS_LIMIT})\n"));
    }
    text
}

fn row(name: &str, label: &str, values: impl Into<String>) -> Row {
    [name.to_owned(), label.to_owned(), values.into()]
}

fn vegeta_rows(tally: &Tally) -> Vec<Row> {
    let Tally { requests, bytes_in, bytes_out, .. } = *tally;
    let requests_values = format!("{requests}, {:.2}, {:.2}", tally.rate(), tally.throughput());
    let (duration, wait) = (tally.duration(), tally.wait());
    let wait_text = if tally.knows_wait() { go(wait) } else { "unknown".to_owned() };
    let total = go(duration + wait);
    let codes: Vec<String> =
        tally.status_codes().iter().map(|(code, count)| format!("{code}:{count}")).collect();
    let bytes = |total: u64| format!("{total}, {:.2}", ratio(total, requests));
    let mut rows = vec![
        row("Requests", "[total, rate, throughput]", requests_values),
        row("Duration", "[total, attack, wait]", format!("{total}, {}, {wait_text}", go(duration))),
        latencies("Latencies", &tally.response_time),
        row("Bytes In", "[total, mean]", bytes(bytes_in)),
        row("Bytes Out", "[total, mean]", bytes(bytes_out)),
        row("Success", "[ratio]", format!("{:.2}%", tally.success_ratio() * 100.0)),
    ];
    if tally.has_statuses() {
        rows.push(row("Status Codes", "[code:count]", codes.join("  ")));
    }
    rows
}

fn latencies(name: &str, latencies: &Latencies) -> Row {
    let summary = latencies.summary();
    let values = [
        summary.min,
        summary.mean,
        summary.p50,
        summary.p90,
        summary.p95,
        summary.p99,
        summary.max,
    ];
    row(name, "[min, mean, 50, 90, 95, 99, max]", values.map(go).join(", "))
}

fn own_rows(tally: &Tally) -> Vec<Row> {
    let plan = &tally.plan;
    let mut rows = Vec::new();
    for (name, kind) in [("Service Time", &tally.service_time), ("Lateness", &tally.lateness)] {
        if !kind.is_empty() {
            let mut row = latencies(name, kind);
            if let [.., values] = &mut row
                && kind.count() < tally.requests
            {
                values.push_str(&format!(" (of {} requests)", kind.count()));
            }
            rows.push(row);
        }
    }
    if plan.is_known() {
        let unknown = || "unknown".to_owned();
        let asked = if plan.pace().is_empty() { unknown() } else { plan.pace() };
        let never = if plan.has_ended() { plan.never_sent.to_string() } else { unknown() };
        let values = format!("{asked}, {:.2}, {never}", tally.achieved_rate());
        rows.push(row("Rate", "[asked, achieved, never sent]", values));
    }
    let note = |text| row("Note", "", text);
    rows.extend(tally.notes().into_iter().map(note));
    rows.extend(unsupported(&tally.response_time).map(note));
    rows.extend(plan.invalid().map(|reason| row("INVALID", "", reason)));
    rows
}

/// The percentiles that say no more than the largest values do.
fn unsupported(latencies: &Latencies) -> Option<String> {
    let few = PERCENTILES.iter().filter(|&&p| !latencies.supports(p));
    let few: Vec<String> = few.map(f64::to_string).collect();
    (!few.is_empty() && !latencies.is_empty()).then(|| {
        format!(
            "not supported by n = {}: {} (fewer than {SAMPLES_BEYOND_MIN} requests beyond)",
            latencies.count(),
            few.join(", ")
        )
    })
}

/// As vegeta prints durations: to the next smaller unit.
pub(super) fn go(duration: Duration) -> String {
    /// Nanoseconds of an hour, a minute, and so on.
    const UNITS: [u128; 6] =
        [3_600_000_000_000, 60_000_000_000, 1_000_000_000, 1_000_000, 1_000, 1];
    let nanos = duration.as_nanos();
    let larger = UNITS.iter().zip(&UNITS[1..]).find(|(unit, _)| nanos >= **unit);
    let rounded = larger.map_or(nanos, |(_, smaller)| (nanos + smaller / 2) / smaller * smaller);
    go_string(Duration::from_nanos(u64::try_from(rounded).unwrap_or(u64::MAX)))
}
