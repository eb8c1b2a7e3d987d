//! `plimsoll demo`: the whole idea in some seconds, with nothing installed.
//!
//! It starts the sample web service as a child, runs `examples/demo.js` against it, samples the
//! service's process once a second, and says in words what was seen.

mod verdict;

use std::sync::{Arc, Mutex, PoisonError};

use clap::Parser;
use plimsoll_engine::{
    control::{Control, StopReason},
    runner::{RunError, RunErrorKind},
};
use plimsoll_metrics::{
    Builtin, Histogram, Interval, RawSample, Registry, Sink, Timestamp, Totals,
};
use plimsoll_monitor::{Process, ProcessUsage, ProcessWatch, Scope, own};
use plimsoll_outputs::{Output, OutputError};
use plimsoll_runtime::log::Level;

use crate::{
    Session,
    args::{Cli, Command, DemoArgs},
    commands::{
        run::{Prepared, execute},
        serve::child::Service,
    },
    exit::{Exit, Failure},
    load::{self, Request},
    terminal,
};

/// The script, so that the demo needs no file.
const SCRIPT: &str = include_str!("../../../../examples/demo.js");

/// A service that answers nothing for so many seconds is stuck.
const SILENT_SECONDS_MAX: u32 = 3;

/// One second of the run: the load and, beside it, what it did to the service.
struct Second {
    requests: f64,
    p95_ms: f64,
    /// `None` when the process could not be sampled.
    service: Option<ProcessUsage>,
}

/// Samples the service whenever an interval of the load is complete, so that both have one clock.
///
/// Ends the run when the service has: numbers of a service that is not there, or that is stuck, are
/// no ground for a verdict.
struct Seconds {
    process: Process,
    watch: ProcessWatch,
    registry: Registry,
    rows: Arc<Mutex<Vec<Second>>>,
    control: Arc<Control>,
    /// Seconds without a request, up to now.
    silent: u32,
}

impl Seconds {
    fn give_up(&self, message: String) {
        let hint = Some("run the demo again".to_owned());
        let error = RunError { kind: RunErrorKind::Other, message, hint };
        self.control.stop(StopReason::Error(error));
    }
}

impl Output for Seconds {
    fn describe(&self) -> String {
        String::new()
    }

    fn wants_samples(&self) -> bool {
        false
    }

    fn samples(&mut self, _: &Arc<Vec<RawSample>>, _: u64) {}

    fn interval(&mut self, _: Timestamp, interval: &Interval, _: &Totals) {
        let mut requests = 0.0;
        let mut durations = Histogram::new();
        for (series, sink) in &interval.sinks {
            let metric = self.registry.series_def(*series).metric;
            match sink {
                Sink::Counter { sum } if metric == Builtin::HttpReqs.id() => requests += sum,
                Sink::Trend(trend) if metric == Builtin::HttpReqDuration.id() => {
                    durations.merge(trend)
                }
                _ => {}
            }
        }
        let sample = self.process.sample();
        self.silent = if requests > 0.0 { 0 } else { self.silent + 1 };
        if sample.is_err() {
            self.give_up("the sample service ended during the run".to_owned());
        } else if self.silent >= SILENT_SECONDS_MAX {
            self.give_up(format!("the sample service has not answered for {SILENT_SECONDS_MAX} s"));
        }
        let service = sample.ok().and_then(|sample| self.watch.observe(&sample));
        let second = Second { requests, p95_ms: durations.percentile(95.0), service };
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).push(second);
    }

    fn finish(&mut self) -> Result<Option<String>, OutputError> {
        Ok(None)
    }
}

/// Runs it; the exit code is the run's.
pub(crate) fn demo(args: &DemoArgs, session: &Session) -> Result<Exit, Failure> {
    let mut service = Service::start(&["web"])?;
    let introduction = format!(
        "Plimsoll loads a sample web service (pid {}, {}) with {} virtual users for {} s.\n\n",
        service.pid(),
        service.url,
        args.vus,
        args.seconds
    );
    terminal::print(&introduction)?;
    let unreadable = |error| Failure::new(Exit::Other, format!("watch the service: {error}"));
    let process = Process::open(service.pid(), Scope::Process).map_err(unreadable)?;
    let mut watch = ProcessWatch::new();
    watch.observe(&process.sample().map_err(unreadable)?);
    let mut generator = ProcessWatch::new();
    generator.observe(&own::sample().map_err(unreadable)?);

    let flags = [
        "plimsoll".to_owned(),
        "run".to_owned(),
        format!("--vus={}", args.vus),
        format!("--duration={}s", args.seconds),
        format!("--env=BASE={}", service.url),
        "examples/demo.js".to_owned(),
    ];
    let run = match Cli::try_parse_from(flags).map(|cli| cli.command) {
        Ok(Command::Run(run)) => run,
        // The flags above are ours and fixed.
        _ => return Err(Failure::new(Exit::Other, "the demo's own flags are wrong")),
    };
    let request = Request {
        file: &run.file,
        text: Some(SCRIPT),
        runtime: &run.runtime,
        options: Some(&run.options),
        config: None,
        system_env: false,
    };
    // Whatever becomes of the service, one line tells it, and not one for each request.
    let script_log = session.log.at_least(Level::Error);
    let prepared = Prepared::watching(load::load(&request, &script_log)?, &run, session.log)?;
    let rows = Arc::new(Mutex::new(Vec::new()));
    let registry = prepared.loaded.registry.clone();
    let control = Arc::clone(&prepared.control);
    let seconds = Seconds { process, watch, registry, rows: Arc::clone(&rows), control, silent: 0 };
    let (exit, finished) = execute(prepared, &run, session, vec![Box::new(seconds)])?;
    if let Ok(sample) = own::sample() {
        generator.observe(&sample);
    }
    let lost = service.ended();
    drop(service);

    let rows = rows.lock().unwrap_or_else(PoisonError::into_inner);
    terminal::print(&verdict::table(&rows))?;
    if matches!(finished.stopped, Some(StopReason::Error(_))) {
        return Ok(exit);
    }
    if let Some(status) = lost {
        // In the last second, when nobody looked any more.
        let message = format!("the sample service ended during the run: {status}");
        return Err(Failure::new(Exit::Other, message).with_hint("run the demo again"));
    }
    terminal::print(&verdict::words(&finished, &rows, generator.overall().as_ref(), args.vus))?;
    Ok(exit)
}
