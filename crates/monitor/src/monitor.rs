//! A running monitor: its settings, its thread, its end.

use std::{
    io,
    sync::mpsc::{self, RecvTimeoutError},
    thread::{Builder, JoinHandle},
    time::Duration,
};

use plimsoll_metrics::{Observation, Registry, registry::MetricError};
use plimsoll_runtime::{log::Log, workers};
use tokio::sync::oneshot;

use crate::{
    host::HostSubject,
    probe::Subject,
    processes::GeneratorSubject,
    readings::Readings,
    sampler::Sampler,
    subject::{self, SubjectError},
};

/// Time between readings, unless set.
pub const INTERVAL: Duration = Duration::from_secs(1);

/// Readings closer together say more about the kernel's clock ticks than about the load.
pub const INTERVAL_MIN: Duration = Duration::from_millis(100);

/// How long [`start`] waits for the first readings, which later ones are differences from.
const FIRST_READINGS_TIMEOUT: Duration = Duration::from_secs(3);

/// What is watched and how often.
#[derive(Debug)]
pub struct Settings {
    pub subjects: Vec<Box<dyn Subject>>,
    /// At least [`INTERVAL_MIN`].
    pub every: Duration,
    /// What readings of this machine are tagged with.
    pub host: String,
    /// Whether some output needs each sample.
    pub keep_samples: bool,
}

impl Settings {
    /// The generator itself, what `watch` names (the texts of `--watch`), and this host when something
    /// is named. A text that is there twice is taken once.
    ///
    /// # Errors
    /// For the first text that names nothing.
    pub fn new<S: AsRef<str>>(watch: &[S]) -> Result<Settings, SubjectError> {
        let mut settings = Settings::named(watch)?;
        settings.subjects.insert(0, Box::new(GeneratorSubject));
        Ok(settings)
    }

    /// As [`Settings::new`] without the generator: for a monitor that serves another host's run.
    ///
    /// # Errors
    /// As [`Settings::new`].
    pub fn named<S: AsRef<str>>(watch: &[S]) -> Result<Settings, SubjectError> {
        let mut subjects: Vec<Box<dyn Subject>> = Vec::new();
        if !watch.is_empty() {
            subjects.push(Box::new(HostSubject));
        }
        let mut seen: Vec<&str> = vec!["host"];
        for text in watch.iter().map(|text| text.as_ref().trim()) {
            if seen.contains(&text) {
                continue;
            }
            seen.push(text);
            let mut subject = subject::parse(text)?;
            let is_taken = |label| subjects.iter().any(|other| other.label() == Some(label));
            if subject.label().is_some_and(is_taken) {
                subject.choose_longer_label();
            }
            subjects.push(subject);
        }
        Ok(Settings { subjects, every: INTERVAL, host: own_host(), keep_samples: false })
    }
}

/// This machine's name for itself.
pub fn own_host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "localhost".to_owned(),
        name => name.to_owned(),
    }
}

/// Why nothing is watched.
#[derive(Debug, thiserror::Error)]
pub enum MonitorError {
    #[error("cannot watch every {0:?}: the shortest interval is {INTERVAL_MIN:?}")]
    Interval(Duration),
    #[error("cannot watch: {0}")]
    Metric(#[from] MetricError),
    #[error("cannot watch: {0}")]
    Thread(#[from] io::Error),
}

/// Watches until it is stopped or dropped.
pub struct Monitor {
    /// Ends the sampler when it is sent or dropped.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Starts watching on a thread of its own. Returns when every probe has had its first reading or
/// some seconds have passed; metrics of whatever is watched are then registered, so that thresholds
/// can name them.
///
/// `emit` gets one observation per tick, on that thread; it must not block. A probe that fails is
/// told to `log` and as an event `probe`, once, and once more when it works again.
///
/// # Errors
/// For an interval below [`INTERVAL_MIN`], a metric whose name is taken by one of another kind, and
/// when no thread can be made.
pub fn start(
    settings: Settings,
    registry: &Registry,
    log: &Log,
    emit: impl FnMut(Observation) + Send + 'static,
) -> Result<Monitor, MonitorError> {
    if settings.every < INTERVAL_MIN {
        return Err(MonitorError::Interval(settings.every));
    }
    for metric in settings.subjects.iter().flat_map(|subject| subject.metrics()) {
        metric.register(registry)?;
    }
    let (stop, stopped) = oneshot::channel();
    let (ready, first_readings) = mpsc::sync_channel(1);
    let thread = Builder::new().name("monitor".to_owned()).spawn({
        let (registry, log) = (registry.clone(), log.clone());
        move || {
            let readings = Readings::new(registry, &settings.host, settings.keep_samples);
            let outcome = workers::block_on(async {
                let sampler = Sampler::new(readings, log.clone(), emit);
                sampler.run(settings.subjects, settings.every, ready, stopped).await;
            });
            if let Err(error) = outcome {
                log.warn(&format!("cannot watch: {error}"));
            }
        }
    })?;
    match first_readings.recv_timeout(FIRST_READINGS_TIMEOUT) {
        Ok(()) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
    }
    Ok(Monitor { stop: Some(stop), thread: Some(thread) })
}

impl Monitor {
    /// Takes no more readings. Returns when the thread has ended, which is at once.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // Its panic was printed when it happened.
            drop(thread.join());
        }
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests;
