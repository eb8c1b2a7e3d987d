//! Lateness and cost of the paced executor when iterations do nothing:
//! `paced [RATE] [SECONDS] [WORKERS] [SLACK_US]`.

use std::{collections::BTreeMap, fs, rc::Rc, sync::Arc, time::Duration};

use plimsoll_engine::{
    config::{Executor, RunConfig, Scenario},
    control::Control,
    hub::Observer,
    pace::{Pace, Rate, Spacing},
    run::{RunSetup, run},
    runner::{Iteration, Outcome, RunError, Runner, Vu, VuId},
    worker::Worker,
};
use plimsoll_metrics::{
    Aggregation, Interval, RawSample, Registry, TagSet, Timestamp, Totals, registry::SERIES_LIMIT,
};

/// Clock ticks of `/proc` per second, on every Linux.
const TICKS: f64 = 100.0;

struct Nothing;

impl Runner for Nothing {
    type Vu = Nothing;
    async fn init_vu(&self, _id: VuId, _worker: &Rc<Worker>) -> Result<Nothing, RunError> {
        Ok(Nothing)
    }
    async fn setup(&self, _worker: &Rc<Worker>) -> Result<(), RunError> {
        Ok(())
    }
    async fn teardown(&self, _worker: &Rc<Worker>) -> Result<(), RunError> {
        Ok(())
    }
}

impl Vu for Nothing {
    async fn iterate(&mut self, _iteration: Iteration) -> Outcome {
        Outcome::Completed
    }
    fn tags(&self) -> TagSet {
        TagSet::default()
    }
    fn metadata(&self) -> Option<TagSet> {
        None
    }
}

impl Observer for Nothing {
    fn interval(&mut self, _at: Timestamp, _interval: &Interval, _totals: &Totals) {}
    fn samples(&mut self, _samples: Vec<RawSample>, _lost: u64) {}
}

/// CPU time of the process so far, in seconds; 0 where there is no `/proc`.
fn cpu() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2);
    ticks.filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / TICKS
}

#[expect(clippy::print_stdout, reason = "the result of the example")]
fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>().unwrap_or(0));
    let mut next = |default| arguments.next().unwrap_or(default);
    let (rate, seconds, workers, slack) = (next(20_000), next(5), next(2), next(0));
    let scenario = Scenario {
        name: "paced".to_owned(),
        executor: Executor::Paced {
            pace: Pace::Constant(Rate::per_second(rate)),
            spacing: Spacing::Even,
            duration: Some(Duration::from_secs(seconds)),
            vus: 10,
            max_vus: 1000,
            rotate: false,
        },
        start_time: Duration::ZERO,
        graceful_stop: Duration::from_secs(1),
        exec: "default".to_owned(),
        env: BTreeMap::new(),
        tags: BTreeMap::new(),
    };
    let finished = run(RunSetup {
        config: RunConfig {
            scenarios: vec![scenario],
            workers: usize::try_from(workers).unwrap_or(1),
            arrival_slack: Duration::from_micros(slack),
            ..RunConfig::default()
        },
        runner: Arc::new(Nothing),
        registry: Registry::new(SERIES_LIMIT),
        thresholds: Vec::new(),
        control: Arc::new(Control::new()),
        observer: Box::new(Nothing),
        keep_samples: false,
        observations: None,
    });
    let of = |name: &str, aggregation: Aggregation| {
        let sink = finished.totals.entry(name).map(|entry| &entry.sink);
        sink.and_then(|sink| aggregation.of(sink, finished.duration)).unwrap_or(0.0)
    };
    let count = of("iterations", Aggregation::Count);
    let dropped = of("dropped_iterations", Aggregation::Count);
    println!("{count} hits, {dropped} dropped, {:.3}s", finished.duration.as_secs_f64());
    let lateness = |p| of("iteration_lateness", Aggregation::Percentile(p)) * 1e3;
    println!(
        "lateness us: p50 {:.1}  p90 {:.1}  p99 {:.1}  p99.9 {:.1}  max {:.1}",
        lateness(50.0),
        lateness(90.0),
        lateness(99.0),
        lateness(99.9),
        lateness(100.0)
    );
    println!("CPU per hit: {:.2} us", cpu() / count.max(1.0) * 1e6);
}
