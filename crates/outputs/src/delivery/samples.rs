//! An output that delivers each sample.

use std::sync::Arc;

use plimsoll_metrics::{Interval, RawSample, Timestamp, Totals, record::End};

use super::{Delivery, Destination, Encoder, Outbox, Settings};
use crate::{Output, OutputError};

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

/// An [`Output`] whose points are samples.
pub struct SampleDelivery {
    /// For the header of the run.
    name: String,
    delivery: Delivery<Arc<Vec<RawSample>>>,
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
        Ok(SampleDelivery { name, delivery })
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

    fn end(&mut self, _end: &End) {
        self.delivery.close();
    }

    fn finish(&mut self) -> Result<Option<String>, OutputError> {
        self.delivery.finish()
    }
}
