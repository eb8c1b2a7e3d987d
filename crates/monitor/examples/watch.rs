//! Watches what its arguments name for some seconds, prints the last values, and what sampling cost:
//! `cargo run --release --example watch -- 10 1000 port:8080 name:nginx` (seconds, milliseconds between
//! readings, what to watch).

#![expect(clippy::print_stdout, reason = "what it finds goes to standard output")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use plimsoll_metrics::{Aggregation, Registry, Sink, registry::SERIES_LIMIT};
use plimsoll_monitor::{Settings, start};
use plimsoll_runtime::{
    clock::Instant,
    log::{Log, LogConfig},
    timer, workers,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let seconds: u64 = arguments.next().unwrap_or_default().parse().unwrap_or(3);
    let every: u64 = arguments.next().unwrap_or_default().parse().unwrap_or(1_000);
    let mut settings = Settings::new(&arguments.collect::<Vec<_>>())?;
    settings.every = Duration::from_millis(every);

    let registry = Registry::new(SERIES_LIMIT);
    let log = Log::new(LogConfig::default())?;
    let values: Arc<Mutex<BTreeMap<String, String>>> = Arc::default();
    let monitor = start(settings, &registry, &log, {
        let (registry, values) = (registry.clone(), Arc::clone(&values));
        move |observation| {
            let Ok(mut values) = values.lock() else { return };
            for event in observation.events {
                println!("event {}: {}", event.kind, event.text);
            }
            for (series, sink) in observation.interval.sinks {
                let series = registry.series_def(series);
                let name = registry.def(series.metric).name;
                let method = match sink {
                    Sink::Counter { .. } => Aggregation::Count,
                    _ => Aggregation::Max,
                };
                let value = method.of(&sink, Duration::ZERO).unwrap_or(f64::NAN);
                values.insert(format!("{name}{:?}", series.tags), format!("{value:.6}"));
            }
        }
    })?;
    // The first readings open files and look for processes; later ones are what lasts.
    let before = cpu_time();
    let began = Instant::now();
    workers::block_on(timer::sleep(Duration::from_secs(seconds)))?;
    let (used, passed) = (cpu_time().saturating_sub(before), began.elapsed());
    for (series, value) in values.lock().map_err(|_| "the monitor panicked")?.iter() {
        println!("{series} {value}");
    }
    println!("{:#?}", monitor.latest());
    monitor.stop();
    let share = used.as_secs_f64() / passed.as_secs_f64();
    println!("sampling took {:.3} % of a core", share * 100.0);
    Ok(())
}

/// CPU time of this process so far.
fn cpu_time() -> Duration {
    plimsoll_monitor::own::sample().map_or(Duration::ZERO, |sample| sample.cpu())
}
