//! What the log is told while a receiver fails: once when it begins, once when it is over.

use std::time::Duration;

use plimsoll_runtime::{clock::Instant, log::Log};

use super::Failure;

/// Outages that are told; the last line counts what all of them cost.
const TOLD_LIMIT: u32 = 5;

pub(super) struct Outages {
    description: String,
    log: Log,
    /// While it lasts: since when, and the newest reason.
    current: Option<(Instant, String)>,
    count: u32,
}

impl Outages {
    pub(super) fn new(description: String, log: Log) -> Outages {
        Outages { description, log, current: None, count: 0 }
    }

    pub(super) fn failed(&mut self, failure: &Failure) {
        let reason = failure.reason().to_owned();
        if let Some((_, newest)) = &mut self.current {
            *newest = reason;
            return;
        }
        self.current = Some((Instant::now(), reason));
        self.count += 1;
        if self.count > TOLD_LIMIT {
            return;
        }
        let next = match failure {
            Failure::Refused { .. } => "what is refused is lost",
            _ => "it is tried again",
        };
        let last = if self.count == TOLD_LIMIT { "; later failures are only counted" } else { "" };
        let (description, reason) = (&self.description, failure.reason());
        self.log.warn(&format!("{description}: {reason}; {next} and the run goes on{last}"));
    }

    /// Why nothing is delivered now, if that is so.
    pub(super) fn reason(&self) -> Option<&str> {
        self.current.as_ref().map(|(_, reason)| &**reason)
    }

    /// What should be done before the first payload will not be.
    pub(super) fn cannot_open(&self, failure: &Failure) {
        let (description, reason) = (&self.description, failure.reason());
        self.log.warn(&format!("{description}: {reason}; points are sent all the same"));
    }

    pub(super) fn succeeded(&mut self) {
        let Some((since, _)) = self.current.take() else { return };
        if self.count <= TOLD_LIMIT {
            let elapsed = Duration::from_millis(since.elapsed().as_millis() as u64);
            self.log.info(&format!("{}: delivers again, after {elapsed:?}", self.description));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outage_is_told_once_and_not_too_many() {
        let log = Log::memory();
        let mut outages = Outages::new("influxdb".to_owned(), log.clone());
        let failure = Failure::unavailable("connection refused");
        outages.succeeded();
        for _ in 0..10 {
            outages.failed(&failure);
            outages.failed(&Failure::refused("400 Bad Request"));
            outages.succeeded();
            outages.succeeded();
        }
        let lines = log.lines();
        assert_eq!(lines.len(), 2 * TOLD_LIMIT as usize);
        assert_eq!(
            lines[0],
            "level=warning msg=\"influxdb: connection refused; it is tried again and the run goes on\""
        );
        assert!(lines[1].starts_with("level=info msg=\"influxdb: delivers again, after "));
        assert!(lines[8].ends_with("later failures are only counted\""), "{}", lines[8]);
    }
}
