//! A connection for one exchange: an idle one, a shared one, or a new one; and one more try when
//! an idle one turns out to be dead.

use std::cell::RefCell;

use plimsoll_runtime::clock::Instant;

use super::{
    Incoming, Outgoing,
    connect::Origin,
    h1,
    h2::{self, H2},
    phases::Phases,
    pool::{Connection, Found, Pool, Speaks},
};
use crate::http::{config::Protocol, error::Failure, url::Url, worker::Buffers};

/// Further tries on another connection or stream before a request counts as failed.
const RETRIES: usize = 1;

/// What an exchange needs besides its request.
pub(in crate::http) struct Means<'a> {
    pub(in crate::http) origin: Origin<'a>,
    pub(in crate::http) pool: &'a RefCell<Pool>,
    pub(in crate::http) buffers: &'a Buffers,
    /// How many connections there may be at a time.
    pub(in crate::http) connections_per_host: Option<usize>,
}

enum Lease {
    H1(Connection),
    H2(H2),
}

impl Means<'_> {
    /// Runs one exchange. `replayable`: sending the request twice does no harm.
    pub(in crate::http) async fn exchange(
        &self,
        outgoing: &Outgoing<'_>,
        replayable: bool,
        phases: &mut Phases,
    ) -> Result<Incoming, Failure> {
        let permits = self
            .connections_per_host
            .and_then(|limit| self.pool.borrow_mut().permits(outgoing.url, limit));
        // The permits are never taken back, so waiting for one cannot fail.
        let _permit = match &permits {
            Some(permits) => permits.acquire().await.ok(),
            None => None,
        };
        let mut tries = 0;
        let mut fresh = false;
        loop {
            let (result, is_h1) = match self.lease(outgoing.url, fresh, phases).await? {
                Lease::H1(connection) => (self.over_h1(connection, outgoing, phases).await, true),
                Lease::H2(connection) => {
                    (Box::pin(self.over_h2(connection, outgoing, phases)).await, false)
                }
            };
            match result {
                Err(failure)
                    if failure.stale
                        && tries < RETRIES
                        // Before it was ready nothing was sent; and over HTTP/2 the server said that it
                        // never looked at the request.
                        && (replayable || !is_h1 || phases.ready.is_none()) =>
                {
                    tries += 1;
                    // Where one idle connection was dead the others may be too.
                    fresh = is_h1;
                    *phases = Phases::default();
                }
                result => return result,
            }
        }
    }

    async fn over_h1(
        &self,
        mut connection: Connection,
        outgoing: &Outgoing<'_>,
        phases: &mut Phases,
    ) -> Result<Incoming, Failure> {
        phases.ready = Some(Instant::now());
        (phases.remote, phases.tls) = (connection.remote, connection.tls);
        let (incoming, reusable) =
            h1::exchange(&mut connection, self.buffers, outgoing, phases).await?;
        if reusable {
            let limit = self.origin.config.idle_per_host;
            self.pool.borrow_mut().put(outgoing.url, connection, limit);
        }
        Ok(incoming)
    }

    async fn over_h2(
        &self,
        mut connection: H2,
        outgoing: &Outgoing<'_>,
        phases: &mut Phases,
    ) -> Result<Incoming, Failure> {
        let result: Result<Incoming, Failure> = async {
            connection.ready().await?;
            phases.ready = Some(Instant::now());
            (phases.remote, phases.tls) = (connection.remote, connection.tls);
            h2::exchange(&mut connection, self.buffers, outgoing, phases).await
        }
        .await;
        if outgoing.close || (result.is_err() && connection.is_dead()) {
            self.pool.borrow_mut().remove_h2(outgoing.url, &connection);
        }
        result
    }

    /// `fresh`: not an idle one.
    async fn lease(&self, url: &Url, fresh: bool, phases: &mut Phases) -> Result<Lease, Failure> {
        loop {
            let found = match fresh {
                false => self.pool.borrow_mut().find(url),
                true => Found::Nothing,
            };
            match found {
                Found::H1(connection) => return Ok(Lease::H1(connection)),
                Found::H2(connection) => return Ok(Lease::H2(connection)),
                Found::Dialing(notify) => notify.notified().await,
                Found::Nothing => break,
            }
        }
        let dialing = Dialing::start(self.pool, url, self.origin.config.protocol);
        // Apart, since it is needed once per connection and its state is large: what is on the way for
        // long, or for many, should be small.
        let connected = Box::pin(self.origin.connect(url, phases)).await?;
        if !connected.is_h2 {
            if let Some(dialing) = dialing {
                dialing.end(Speaks::Http1);
            }
            return Ok(Lease::H1(connected.connection));
        }
        let connection = Box::pin(h2::start(connected.connection)).await?;
        self.pool.borrow_mut().put_h2(url, connection.clone());
        if let Some(dialing) = dialing {
            dialing.end(Speaks::Http2);
        }
        Ok(Lease::H2(connection))
    }
}

/// Tells those who wait for a first connection to go on, also when its making is given up.
struct Dialing<'a> {
    pool: &'a RefCell<Pool>,
    url: &'a Url,
    outcome: Option<Speaks>,
}

impl<'a> Dialing<'a> {
    /// `None` when nobody is to wait for it.
    fn start(pool: &'a RefCell<Pool>, url: &'a Url, protocol: Protocol) -> Option<Dialing<'a>> {
        let leads = pool.borrow_mut().start_dialing(url, protocol);
        leads.then(|| Dialing { pool, url, outcome: None })
    }

    fn end(mut self, outcome: Speaks) {
        self.outcome = Some(outcome);
    }
}

impl Drop for Dialing<'_> {
    fn drop(&mut self) {
        self.pool.borrow_mut().end_dialing(self.url, self.outcome);
    }
}
