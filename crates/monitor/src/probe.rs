//! What takes readings: one probe per watched thing.

use std::{fmt, pin::Pin, time::Duration};

use crate::{agent::Token, metric::Metric, readings::Readings};

/// How long one reading may take, unless its probe says otherwise.
pub const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// Something that `--watch` names. Sent to the sampler's thread, which makes its probe.
pub trait Subject: Send + fmt::Debug {
    /// As the user named it: what log lines and events call it.
    fn name(&self) -> &str;

    /// The tag that its series are told by, where another thing could have the same one.
    fn label(&self) -> Option<&str> {
        None
    }

    /// Called when another thing has the same label: chooses a longer one.
    fn choose_longer_label(&mut self) {}

    /// What its probe may record, so that thresholds can name it before the first reading.
    fn metrics(&self) -> &'static [&'static Metric];

    /// For those that let nobody in who does not show it.
    fn set_token(&mut self, token: &Token) {
        let _unused = token;
    }

    /// Called once, on the thread where the probe will live.
    ///
    /// # Errors
    /// When there can never be a reading: told once, and the thing is not watched.
    fn probe(self: Box<Self>) -> Result<Box<dyn Probe>, ProbeError>;
}

/// The future of [`Probe::read`].
pub type Reading<'a> = Pin<Box<dyn Future<Output = Result<(), ProbeError>> + 'a>>;

/// Takes readings of one thing. Lives on the sampler's thread, in a task of its own, so that one that
/// waits delays nobody; must not block the thread for long.
pub trait Probe {
    /// Called once per tick, and not before the last call has ended: ticks meanwhile are left out. The
    /// first reading, before the load begins, is the base of increases. After an error it is called
    /// again at the next tick; the first error and the recovery are reported by the sampler.
    ///
    /// The future may be dropped at any await, when [`Probe::timeout`] has passed or the run ends.
    fn read<'a>(&'a mut self, readings: &'a Readings) -> Reading<'a>;

    fn timeout(&self) -> Duration {
        READ_TIMEOUT
    }
}

/// Why there is no reading: a sentence for the log, without the name of the thing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ProbeError(String);

impl ProbeError {
    pub fn new(text: impl fmt::Display) -> ProbeError {
        ProbeError(text.to_string())
    }
}
