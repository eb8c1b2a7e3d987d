//! Connections that are opened before the attack begins.

use std::{cell::Cell, time::Duration};

use plimsoll_runtime::{clock::Instant, timer};

/// How long a server may take to answer on a connection that is opened before the attack.
const OPENING_MAX: Duration = Duration::from_secs(1);

/// Waits for `exchange`, the first on its connection. A server that does not answer is not waited for
/// more than once: `is_silent` then keeps it, and the hits will tell.
pub(crate) async fn open<T>(is_silent: &Cell<bool>, exchange: impl Future<Output = T>) {
    if is_silent.get() {
        return;
    }
    if timer::timeout_at(Instant::now() + OPENING_MAX, exchange).await.is_none() {
        is_silent.set(true);
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use plimsoll_runtime::workers;

    use super::*;

    #[test]
    fn a_silent_server_is_waited_for_once() {
        let is_silent = Cell::new(false);
        let polled = Cell::new(false);
        workers::block_on(async {
            open(&is_silent, ready(())).await;
            assert!(!is_silent.get());
            open(&is_silent, pending::<()>()).await;
            assert!(is_silent.get());
            open(&is_silent, async { polled.set(true) }).await;
        })
        .unwrap();
        assert!(!polled.get());
    }
}
