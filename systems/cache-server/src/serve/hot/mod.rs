//! Keys that are asked for much more than others: which they are, and a copy of their values on each
//! thread.
//!
//! A thread looks at some of its commands, chosen at random, and counts their keys in two summaries, by
//! accesses and by bytes of the replies. When a window ends, what it came to is published
//! ([`Reports`]), which is what HOTKEYS tells, and the thread decides which values it copies
//! ([`Copies`]). A command takes no lock for any of this; one that is not looked at costs a subtraction.

mod copies;
mod reports;
mod summary;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};

use plimsoll_runtime::random::Random;

pub(crate) use copies::{Answer, Copies};
pub(crate) use reports::{Measure, Reports};

use self::{reports::Report, summary::Summary};
use super::parameters::Hot as Parameters;
use crate::store::{Key, Millis};

/// Longer keys are not looked at: what a thread remembers of keys stays below a megabyte.
const KEY_BYTES_MAX: usize = 1 << 10;
/// Keys of one command that are looked at.
const KEYS_PER_COMMAND: usize = 16;
/// A window that took so many times as long as it should tells nothing: the thread was not there.
const LATE_WINDOWS: u64 = 2;

/// How it is done, from the parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Settings {
    /// Keys that a summary holds; 0 turns all of this off.
    top: usize,
    /// Of commands that are looked at.
    percentage: u32,
    window_millis: u64,
    /// A key with at least this part of a thread's accesses is copied, in percent; 0 copies none.
    copied_percentage: u64,
}

impl Settings {
    fn of(parameters: &Parameters) -> Settings {
        let get = |number: &AtomicU64| number.load(Ordering::Relaxed);
        Settings {
            top: usize::try_from(get(&parameters.hotkeys_top)).unwrap_or(0),
            percentage: u32::try_from(get(&parameters.hotkeys_percentage)).unwrap_or(1).max(1),
            window_millis: get(&parameters.hotkeys_window_seconds).max(1) * 1_000,
            copied_percentage: get(&parameters.hotkeys_copied_percentage),
        }
    }
}

/// One thread's view of which keys are hot.
#[derive(Debug, Default)]
pub(crate) struct HotKeys {
    settings: Settings,
    /// Commands until the next one that is looked at. 0 is none for now: it counts around.
    left: u32,
    /// Of the reports when this was last in step with them.
    epoch: u64,
    started: Millis,
    samples: u64,
    by_accesses: Summary,
    by_bytes: Summary,
    pub(crate) copies: Copies,
}

impl HotKeys {
    /// Whether the command that has just run is one to look at.
    #[inline]
    pub(crate) fn is_due(&mut self) -> bool {
        self.left = self.left.wrapping_sub(1);
        self.left == 0
    }

    /// Looks at a command with these keys, whose reply has so many bytes.
    #[cold]
    pub(crate) fn note<'k>(
        &mut self,
        keys: impl ExactSizeIterator<Item = Key<'k>>,
        bytes: usize,
        random: &mut Random,
    ) {
        self.choose_next(random);
        let each = bytes as u64 / keys.len().max(1) as u64;
        for key in keys.take(KEYS_PER_COMMAND).filter(|key| key.bytes().len() <= KEY_BYTES_MAX) {
            self.samples += 1;
            self.by_accesses.add(key, 1);
            self.by_bytes.add(key, each);
        }
    }

    /// The gap to the next command is any number with the right mean, so that no rhythm of the commands
    /// is taken for heat.
    fn choose_next(&mut self, random: &mut Random) {
        self.left = match self.settings.percentage {
            _ if self.settings.top == 0 => 0,
            percentage @ ..100 => {
                // From one to twice the mean less one, in 65536ths of a command, of which the fraction is
                // drawn too.
                let span = (200 << 16) / u64::from(percentage) - (2 << 16);
                let gap = (1 << 16) + random.next_u64() % (span + 1);
                let is_more = random.next_u64() & 0xffff < gap & 0xffff;
                u32::try_from((gap >> 16) + u64::from(is_more)).unwrap_or(1)
            }
            _ => 1,
        };
    }

    /// To be called a few times per window: takes over parameters, and ends a window that is over.
    pub(crate) fn tick(
        &mut self,
        (parameters, reports): (&Parameters, &Reports),
        thread: usize,
        now: Millis,
        random: &mut Random,
    ) {
        let settings = Settings::of(parameters);
        let epoch = reports.epoch();
        if settings != self.settings || epoch != self.epoch {
            (self.settings, self.epoch) = (settings, epoch);
            self.copies.clear();
            self.begin(now);
            self.choose_next(random);
            return;
        }
        let lasted = now.0.saturating_sub(self.started.0);
        if settings.top == 0 || lasted < settings.window_millis {
            return;
        }
        if lasted <= settings.window_millis * LATE_WINDOWS {
            self.choose_copies();
            reports.publish(thread, epoch, self.report(lasted, now));
        }
        self.begin(now);
    }

    fn begin(&mut self, now: Millis) {
        self.started = now;
        self.samples = 0;
        self.by_accesses.restart(self.settings.top);
        self.by_bytes.restart(self.settings.top);
    }

    fn report(&self, lasted: u64, now: Millis) -> Report {
        // What one sample stands for, per second.
        let scale = 100.0 / f64::from(self.settings.percentage) * 1e3 / lasted.max(1) as f64;
        Report {
            by_accesses: self.by_accesses.hot_keys(scale),
            by_bytes: self.by_bytes.hot_keys(scale),
            samples: self.samples,
            millis: lasted,
            ended: now,
        }
    }

    fn choose_copies(&mut self) {
        let percentage = self.settings.copied_percentage;
        if percentage == 0 {
            return self.copies.clear();
        }
        let enough = (self.samples * percentage).div_ceil(100).max(copies::SAMPLES_MIN);
        self.copies.choose(self.by_accesses.at_least(enough));
    }
}
