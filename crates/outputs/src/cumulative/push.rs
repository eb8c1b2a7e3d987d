//! An output that sends sums every so often.

use std::{sync::Arc, time::Duration};

use plimsoll_metrics::{Interval, RawSample, Timestamp, Totals, record::End};
use plimsoll_runtime::clock::Instant;

use super::Cumulative;
use crate::{
    Output, OutputError,
    delivery::{self, Delivery, Destination, Encoder, Settings},
};

/// Intervals come once a second; one that comes a little early is not left for the next.
const SLACK: Duration = Duration::from_millis(500);

/// Makes what is encoded on the delivery's thread. Called by the hub, so the less it does the better.
pub(crate) trait Snapshots: Send + 'static {
    type Item: Send + 'static;

    /// What the sums are at `at`, and of how many points; `is_last` at the end of the run.
    fn take(
        &mut self,
        sums: &mut Cumulative,
        at: Timestamp,
        is_last: bool,
    ) -> Vec<(Self::Item, u64)>;
}

pub(crate) struct Pushed<S: Snapshots> {
    /// For the header of the run.
    name: String,
    sums: Cumulative,
    snapshots: S,
    every: Duration,
    next: Timestamp,
    /// The end of the last interval.
    last: Timestamp,
    delivery: Delivery<S::Item>,
    is_closed: bool,
}

impl<S: Snapshots> Pushed<S> {
    /// Starts to push every `every`, but not more often than intervals come.
    ///
    /// # Errors
    /// As [`delivery::start`].
    pub(crate) fn start<D: Destination>(
        name: String,
        settings: Settings,
        (sums, snapshots): (Cumulative, S),
        every: Duration,
        encoder: impl Encoder<Item = S::Item>,
        destination: impl Fn() -> D + Send + 'static,
    ) -> Result<Pushed<S>, OutputError> {
        let delivery = delivery::start(settings, encoder, destination)?;
        let now = Timestamp(Instant::now().unix_nanos());
        let next = after(now, every);
        Ok(Pushed { name, sums, snapshots, every, next, last: now, delivery, is_closed: false })
    }

    fn push(&mut self, is_last: bool) {
        for (item, points) in self.snapshots.take(&mut self.sums, self.last, is_last) {
            self.delivery.push(item, points);
        }
    }

    fn close(&mut self) {
        if !std::mem::replace(&mut self.is_closed, true) {
            self.push(true);
            self.delivery.close();
        }
    }
}

impl<S: Snapshots> Output for Pushed<S> {
    fn describe(&self) -> String {
        self.name.clone()
    }

    fn wants_samples(&self) -> bool {
        false
    }

    fn samples(&mut self, _: &Arc<Vec<RawSample>>, _: u64) {}

    fn interval(&mut self, at: Timestamp, interval: &Interval, _: &Totals) {
        self.sums.add(interval, self.last);
        self.last = at;
        if after(at, SLACK) >= self.next {
            self.push(false);
            self.next = after(at, self.every);
        }
    }

    fn end(&mut self, _: &End) {
        self.close();
    }

    fn finish(&mut self) -> Result<Option<String>, OutputError> {
        self.close();
        self.delivery.finish()
    }
}

fn after(at: Timestamp, duration: Duration) -> Timestamp {
    Timestamp(at.0.saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
}
