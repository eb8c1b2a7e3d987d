//! An output that delivers each sample.

use std::sync::Arc;

use plimsoll_metrics::{Interval, RawSample, Registry, Timestamp, Totals, record::End};
use plimsoll_runtime::log::Log;

use super::{Delivery, Destination, Encoder, Outbox, Settings};
use crate::{Output, OutputError, condense::condense};

/// A second with more samples than the limit is written as the limit's points divided by this: it is
/// in such seconds that the load needs the cores.
const CONDENSED_PART: u64 = 5;

/// Makes payloads of samples.
pub trait SampleEncoder: Send + 'static {
    fn samples(&mut self, samples: &[RawSample], outbox: &mut Outbox);

    /// See [`Encoder::flush`].
    fn flush(&mut self, outbox: &mut Outbox);
}

struct Batches<E>(E);

impl<E: SampleEncoder> Encoder for Batches<E> {
    type Item = Arc<Vec<RawSample>>;

    fn encode(&mut self, item: Self::Item, outbox: &mut Outbox) {
        self.0.samples(&item, outbox);
    }

    fn flush(&mut self, outbox: &mut Outbox) {
        self.0.flush(outbox);
    }
}

/// Up to where samples are delivered singly, and what came of the rest.
struct Limit {
    per_second: u64,
    /// How the person sets it.
    variable: &'static str,
    registry: Registry,
    log: Log,
    /// Intervals beyond it.
    condensed: u64,
}

/// An [`Output`] whose points are samples.
pub struct SampleDelivery {
    /// For the header of the run.
    name: String,
    delivery: Delivery<Arc<Vec<RawSample>>>,
    limit: Option<Limit>,
}

impl SampleDelivery {
    /// `name` is what the header of the run says; messages have [`Settings::description`].
    ///
    /// # Errors
    /// As [`super::start`].
    pub fn start<D: Destination>(
        name: String,
        settings: Settings,
        encoder: impl SampleEncoder,
        destination: impl Fn() -> D + Send + 'static,
    ) -> Result<SampleDelivery, OutputError> {
        let delivery = super::start(settings, Batches(encoder), destination)?;
        Ok(SampleDelivery { name, delivery, limit: None })
    }

    /// Delivers what is recorded in a second with more than `per_second` samples as fewer points that
    /// stand for them. `variable` is how the person sets it.
    #[must_use]
    pub fn limited(
        mut self,
        per_second: u64,
        variable: &'static str,
        registry: Registry,
        log: Log,
    ) -> SampleDelivery {
        self.limit = Some(Limit { per_second, variable, registry, log, condensed: 0 });
        self
    }
}

impl Output for SampleDelivery {
    fn describe(&self) -> String {
        self.name.clone()
    }

    fn wants_samples(&self) -> bool {
        true
    }

    fn samples(&mut self, samples: &Arc<Vec<RawSample>>, lost: u64) {
        self.delivery.lose_for_room(lost);
        self.delivery.push(Arc::clone(samples), samples.len() as u64);
    }

    fn interval(&mut self, _at: Timestamp, _interval: &Interval, _totals: &Totals) {}

    fn singles_limit(&self) -> Option<u64> {
        self.limit.as_ref().map(|limit| limit.per_second)
    }

    fn condensed(&mut self, from: Timestamp, to: Timestamp, interval: &Interval) {
        let Some(limit) = &mut self.limit else { return };
        limit.condensed += 1;
        if limit.condensed == 1 {
            limit.log.info(&format!(
                "{}: more than {} samples in a second; such seconds are written as sums and fewer \
                 points, see {}",
                self.delivery.description(),
                limit.per_second,
                limit.variable
            ));
        }
        let points = limit.per_second / CONDENSED_PART;
        let samples = condense(&limit.registry, interval, from, to, points);
        let count = samples.len() as u64;
        self.delivery.push(Arc::new(samples), count);
    }

    fn end(&mut self, _end: &End) {
        self.delivery.close();
    }

    fn finish(&mut self) -> Result<Option<String>, OutputError> {
        let told = self.delivery.finish();
        let Some(limit) = self.limit.as_ref().filter(|limit| limit.condensed > 0) else {
            return told;
        };
        let Limit { condensed, per_second, .. } = limit;
        let noun = if *condensed == 1 { "second" } else { "seconds" };
        let more = format!("; condensed: {condensed} {noun} with more than {per_second} samples");
        match told {
            Ok(line) => Ok(line.map(|line| line + &more)),
            Err(OutputError { message }) => Err(OutputError { message: message + &more }),
        }
    }
}
