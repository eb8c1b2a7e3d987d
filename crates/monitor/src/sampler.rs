//! The sampler's loop: at each tick all probes read, and what they found goes out as one observation.

use std::{sync::mpsc::SyncSender, time::Duration};

use plimsoll_metrics::Observation;
use plimsoll_runtime::{clock::Instant, log::Log, timer};
use tokio::{
    sync::oneshot,
    task::{Id, JoinError, JoinSet},
};

use crate::{
    probe::{Probe, ProbeError, Subject},
    readings::{Readings, SERIES_LIMIT},
};

pub(crate) struct Sampler<Emit> {
    readings: Readings,
    log: Log,
    emit: Emit,
    watched: Vec<Watched>,
    /// Readings that have not ended.
    reading: JoinSet<Outcome>,
    has_told_of_limit: bool,
}

struct Watched {
    name: String,
    /// Away while it reads.
    probe: Option<Box<dyn Probe>>,
    /// Its last reading.
    task: Option<Id>,
    has_read: bool,
    is_failing: bool,
}

struct Outcome {
    index: usize,
    probe: Box<dyn Probe>,
    result: Result<(), ProbeError>,
    /// With the tick's moment.
    readings: Readings,
}

impl<Emit: FnMut(Observation)> Sampler<Emit> {
    pub(crate) fn new(readings: Readings, log: Log, emit: Emit) -> Sampler<Emit> {
        Sampler {
            readings,
            log,
            emit,
            watched: Vec::new(),
            reading: JoinSet::new(),
            has_told_of_limit: false,
        }
    }

    /// Until `stopped` is sent to or its sender is gone. Tells `ready` after the first tick's readings.
    pub(crate) async fn run(
        mut self,
        subjects: Vec<Box<dyn Subject>>,
        every: Duration,
        ready: SyncSender<()>,
        stopped: oneshot::Receiver<()>,
    ) {
        self.make_probes(subjects);
        let ticks = async {
            let mut at = Instant::now();
            loop {
                self.tick(at);
                self.collect(at + every / 2).await;
                self.emit();
                if self.watched.iter().all(|watched| watched.has_read) {
                    // Only the first time does somebody wait for it.
                    ready.try_send(()).ok();
                }
                at = next_tick(at, every, Instant::now());
                // Late readings come in while it waits for the next tick.
                self.collect(at).await;
                timer::sleep_until(at).await;
            }
        };
        tokio::select! {
            () = ticks => {}
            _ = stopped => {}
        }
    }

    fn make_probes(&mut self, subjects: Vec<Box<dyn Subject>>) {
        for subject in subjects {
            let name = subject.name().to_owned();
            match subject.probe() {
                Ok(probe) => {
                    let (probe, task) = (Some(probe), None);
                    let (has_read, is_failing) = (false, false);
                    self.watched.push(Watched { name, probe, task, has_read, is_failing });
                }
                Err(error) => {
                    let readings = self.readings.at_tick(Instant::now());
                    tell_failure(&self.log, &readings, &name, &error);
                }
            }
        }
    }

    /// Starts a reading of every probe that is not at the last one still.
    fn tick(&mut self, at: Instant) {
        for (index, watched) in self.watched.iter_mut().enumerate() {
            let Some(mut probe) = watched.probe.take() else { continue };
            let readings = self.readings.at_tick(at);
            let task = self.reading.spawn_local(async move {
                let timeout = probe.timeout();
                let deadline = Instant::now() + timeout;
                let result = timer::timeout_at(deadline, probe.read(&readings)).await;
                let result = result.unwrap_or_else(|| {
                    Err(ProbeError::new(format_args!("no answer within {timeout:?}")))
                });
                Outcome { index, probe, result, readings }
            });
            watched.task = Some(task.id());
        }
    }

    /// Waits for the readings, at most until `deadline`.
    async fn collect(&mut self, deadline: Instant) {
        while let Some(Some(outcome)) = timer::timeout_at(deadline, self.reading.join_next()).await
        {
            self.put_back(outcome);
        }
    }

    fn put_back(&mut self, outcome: Result<Outcome, JoinError>) {
        let Outcome { index, probe, result, readings } = match outcome {
            Ok(outcome) => outcome,
            Err(error) => return self.tell_panic(&error),
        };
        let Some(watched) = self.watched.get_mut(index) else { return };
        watched.probe = Some(probe);
        watched.has_read = true;
        match result {
            Err(error) if !watched.is_failing => {
                watched.is_failing = true;
                tell_failure(&self.log, &readings, &watched.name, &error);
            }
            Ok(()) if watched.is_failing => {
                watched.is_failing = false;
                let text = format!("{} is watched again", watched.name);
                self.log.info(&text);
                readings.event("probe", text);
            }
            _ => {}
        }
    }

    /// A probe that panicked took itself away, and the rest goes on.
    fn tell_panic(&mut self, error: &JoinError) {
        let panicked = self.watched.iter_mut().find(|watched| watched.task == Some(error.id()));
        let Some(watched) = panicked else { return };
        watched.has_read = true;
        let readings = self.readings.at_tick(Instant::now());
        let error = ProbeError::new("its probe panicked");
        tell_failure(&self.log, &readings, &watched.name, &error);
    }

    fn emit(&mut self) {
        let left_out = self.readings.take_left_out();
        if left_out > 0 && !self.has_told_of_limit {
            self.has_told_of_limit = true;
            self.log.warn(&format!(
                "what is watched has more than {SERIES_LIMIT} series: further ones are left out"
            ));
        }
        (self.emit)(self.readings.take());
    }
}

fn tell_failure(log: &Log, readings: &Readings, name: &str, error: &ProbeError) {
    let text = format!("cannot watch {name}: {error}");
    log.warn(&text);
    readings.event("probe", text);
}

/// The first moment of the schedule that is neither past nor the last tick's own.
fn next_tick(last: Instant, every: Duration, now: Instant) -> Instant {
    let every = u64::try_from(every.as_nanos()).unwrap_or(u64::MAX).max(1);
    let missed = u64::try_from(now.since(last).as_nanos()).unwrap_or(u64::MAX) / every;
    Instant::from_nanos(last.nanos().saturating_add((missed + 1).saturating_mul(every)))
}
