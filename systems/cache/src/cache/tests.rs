//! What [`Cache`] promises.

mod fetches;
mod items;
mod laws;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{Builder, Cache, Value};
use crate::store::Millis;

/// A moment to begin with.
const START: u64 = 1_700_000_000_000;

/// Time that stands still until a test moves it.
#[derive(Clone)]
struct Time(Arc<AtomicU64>);

impl Time {
    fn new() -> Time {
        Time(Arc::new(AtomicU64::new(START)))
    }

    fn pass(&self, millis: u64) {
        self.0.fetch_add(millis, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// A cache of one shard that expires by this time.
    fn builder<V: Value>(&self) -> Builder<V> {
        let time = self.clone();
        Cache::builder(4 << 20).shards(1).seed(7).clock(move || Millis(time.now()))
    }
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
