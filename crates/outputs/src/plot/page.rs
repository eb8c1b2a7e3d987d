//! The page itself: a template with the runs' numbers in it as JSON.

use std::io::{self, Write};

use plimsoll_metrics::Histogram;
use serde::Serialize;

use super::series::PlotRun;
use crate::html;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Steps of the distribution's curve for each nine of its percentiles.
const STEPS_PER_NINE: u32 = 40;

/// Decimals of milliseconds: below a microsecond nothing is to be seen.
const DECIMALS: f64 = 1e4;

/// What the page shows.
#[derive(Debug, Default)]
pub struct Page {
    pub title: String,
    /// Milliseconds; drawn as a line across the response times.
    pub objective_ms: Option<f64>,
    pub runs: Vec<PlotRun>,
}

#[derive(Serialize)]
struct Data<'a> {
    title: &'a str,
    objective: Option<f64>,
    runs: Vec<Run<'a>>,
}

/// Times in seconds since the run's start, latencies in milliseconds.
#[derive(Serialize)]
struct Run<'a> {
    name: &'a str,
    requests: u64,
    failed: u64,
    seconds: f64,
    /// Seconds per interval.
    width: f64,
    /// Mean, median, 90th, 95th, 99th percentile, maximum.
    totals: [f64; 6],
    /// Columns: the interval's middle, median, 95th, 99th percentile, maximum, responses and failures
    /// per second.
    intervals: [Vec<Option<f64>>; 7],
    /// Time and response time.
    dots: Vec<[f64; 2]>,
    failures: Vec<[f64; 2]>,
    /// How many nines, and the response time.
    distribution: Vec<[f64; 2]>,
    /// The same of the service time; empty when it is not known.
    service: Vec<[f64; 2]>,
}

impl Page {
    /// Writes the whole page.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let runs: Vec<PlotRun> = self.runs.iter().map(PlotRun::settled).collect();
        let data = Data {
            title: &self.title,
            objective: self.objective_ms,
            runs: runs.iter().map(Run::new).collect(),
        };
        let data = serde_json::to_vec(&data)?;
        html::fill(TEMPLATE, out, |name, out| match name {
            "title" => out.write_all(html::escape(&self.title).as_bytes()),
            "style" => write!(out, "{}\n{STYLE}", html::CHARTS_STYLE),
            "charts" => html::write_charts(out),
            "data" => html::write_json(&data, out),
            "script" => out.write_all(SCRIPT.as_bytes()),
            other => {
                debug_assert!(false, "the template has no {other}");
                Ok(())
            }
        })
    }
}

impl Run<'_> {
    fn new(run: &PlotRun) -> Run<'_> {
        let of_all = |share: f64| rounded(run.response.percentile(share * 100.0));
        let mean = rounded(run.response.mean());
        let (dots, failures) = dots(run);
        Run {
            name: &run.name,
            requests: run.response.count(),
            failed: run.failed,
            seconds: run.seconds,
            width: run.width(),
            totals: [mean, of_all(0.5), of_all(0.9), of_all(0.95), of_all(0.99), of_all(1.0)],
            intervals: intervals(run),
            dots,
            failures,
            distribution: distribution(&run.response),
            service: distribution(&run.service),
        }
    }
}

fn intervals(run: &PlotRun) -> [Vec<Option<f64>>; 7] {
    let mut columns: [Vec<Option<f64>>; 7] = Default::default();
    for (slice, index) in run.slices.iter().zip(0u32..) {
        let of = |share: f64| {
            let response = &slice.response;
            (!response.is_empty()).then(|| rounded(response.percentile(share * 100.0)))
        };
        // The last one may be cut short by the end of the run.
        let begins = f64::from(index) * run.width();
        let length = run.width().min(run.seconds - begins).max(run.width() / 10.0);
        let per_second = |count: u64| Some(rounded(count as f64 / length));
        let row = [
            Some(rounded(begins + run.width() / 2.0)),
            of(0.5),
            of(0.95),
            of(0.99),
            of(1.0),
            per_second(slice.response.count()),
            per_second(slice.failed),
        ];
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    columns
}

/// The thinned responses with the slowest of each interval, successes and failures, in order of time.
fn dots(run: &PlotRun) -> (Vec<[f64; 2]>, Vec<[f64; 2]>) {
    let thinned = |wanted: bool| {
        run.dots.iter().filter(move |dot| dot.2 == wanted).map(|&(at, response, _)| (at, response))
    };
    let slowest = run.slices.iter().filter_map(|slice| slice.slowest);
    let slowest_failures = run.slices.iter().filter_map(|slice| slice.slowest_failure);
    (in_order(thinned(true).chain(slowest)), in_order(thinned(false).chain(slowest_failures)))
}

fn in_order(dots: impl Iterator<Item = (f64, f64)>) -> Vec<[f64; 2]> {
    let mut dots: Vec<[f64; 2]> = dots.map(|(at, ms)| [rounded(at), rounded(ms)]).collect();
    dots.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    dots.dedup();
    dots
}

/// From the fastest to the slowest response; as many nines as the number of values supports.
fn distribution(histogram: &Histogram) -> Vec<[f64; 2]> {
    if histogram.is_empty() {
        return Vec::new();
    }
    let nines = (histogram.count() as f64).log10();
    let steps = (nines * f64::from(STEPS_PER_NINE)).ceil() as u32;
    let curve = (0..=steps).map(|step| {
        let nine = (f64::from(step) / f64::from(STEPS_PER_NINE)).min(nines);
        let percentile = 100.0 * (1.0 - 10f64.powf(-nine));
        [rounded(nine), rounded(histogram.percentile(percentile))]
    });
    curve.collect()
}

fn rounded(value: f64) -> f64 {
    (value * DECIMALS).round() / DECIMALS
}
