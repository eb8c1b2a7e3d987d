//! A page that follows runs, on a thread of its own: JSON on request, changes as server-sent events.
//!
//! Whoever has the intervals (the hub, or the reader of a record) only digests them and leaves the
//! digests in the [`inbox`]; models, JSON and sockets are the server's thread's.

mod board;
mod body;
mod guard;
mod inbox;
mod limited;
mod records;
mod routes;
mod runs;
#[cfg(test)]
mod tests;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, mpsc::sync_channel},
    time::Duration,
};

use plimsoll_metrics::{Event, Interval, RawSample, Registry, Timestamp, Totals, record::End};
use plimsoll_runtime::{
    clock::thread_cpu_time,
    listen::{self, Bound, ListenOptions},
    log::Log,
};

use super::{
    digest::{Digester, News},
    model::{Model, RunMeta},
    replay::Follow,
};
use crate::{Output, OutputError};
use board::Board;
use inbox::Inlet;
use runs::Shown;

pub(crate) use board::{Content, write_event};
pub(crate) use inbox::{Inbox, Message};
pub use records::{Opened, is_record, open, show};

/// That of k6's dashboard.
const DEFAULT_PORT: u16 = 5665;

/// How long the end of a run waits for pages to get its last news.
const LAST_NEWS: Duration = Duration::from_secs(1);

/// Where to listen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Address {
    /// 127.0.0.1:5665, or another port when that is taken.
    #[default]
    Default,
    /// This or none. Port 0 is any free one.
    Given(SocketAddr),
}

/// A server with what its page is told through.
type Serving<C> = (Server, Arc<Inbox<<C as Content>::News>>);

/// A page that is being served, until the process ends.
pub struct Server {
    address: SocketAddr,
    inbox: Arc<dyn Inlet>,
}

impl Server {
    /// Where the page is, for people and browsers.
    pub fn url(&self) -> String {
        let mut shown = self.address;
        if shown.ip().is_unspecified() {
            // "Everywhere" is no place to go to.
            shown.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        format!("http://{shown}/")
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Pages that follow right now.
    pub fn viewers(&self) -> usize {
        self.inbox.viewers()
    }

    /// Whether others than this machine's users may reach it.
    pub fn is_public(&self) -> bool {
        !self.address.ip().is_loopback()
    }

    /// Serves `content`, which takes what comes into the inbox.
    pub(crate) fn start<C: Content>(
        address: Address,
        content: C,
        log: &Log,
    ) -> Result<Serving<C>, OutputError> {
        let bound = bind(address)?;
        let failed = |error: io::Error| OutputError { message: error.to_string() };
        let address = bound.local_addr().map_err(failed)?;
        let inbox = Arc::new(Inbox::default());
        let (theirs, log) = (Arc::clone(&inbox), log.clone());
        let board = Board::new(content, Arc::clone(&inbox));
        std::thread::Builder::new()
            .name("dashboard".to_owned())
            .spawn(move || routes::run(bound, address, board, &theirs, &log))
            .map_err(failed)?;
        Ok((Server { address, inbox: Arc::clone(&inbox) as Arc<dyn Inlet> }, inbox))
    }

    /// Waits until pages got what there is, or for so long that they will not.
    pub(crate) fn flush(&self) {
        let (done, is_done) = sync_channel(1);
        if self.inbox.flush(done) {
            // Without an answer they have what they have.
            _ = is_done.recv_timeout(LAST_NEWS);
        }
    }
}

/// An address in use is an error when it was asked for.
fn bind(address: Address) -> Result<Bound, OutputError> {
    let try_one = |address| listen::bind(address, ListenOptions::default());
    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match address {
        Address::Given(address) => try_one(address).map_err(|error| OutputError {
            message: format!("cannot listen on {address}: {error}"),
        }),
        Address::Default => {
            try_one(at(DEFAULT_PORT)).or_else(|_| try_one(at(0))).map_err(|error| OutputError {
                message: format!("cannot listen on a port of 127.0.0.1: {error}"),
            })
        }
    }
}

/// The page of the run that goes on.
pub struct Dashboard {
    server: Server,
    feed: Feed,
}

/// Serves the page of a run that is about to start.
///
/// # Errors
/// When `address` cannot be listened on.
pub fn start(
    address: Address,
    meta: RunMeta,
    registry: Registry,
    log: &Log,
) -> Result<Dashboard, OutputError> {
    let digester = Digester::new(registry, meta.started_unix_ms);
    let (server, inbox) = Server::start(address, Shown::new(vec![Model::new(meta)]), log)?;
    let feed = Feed::new(0, digester, inbox, log);
    Ok(Dashboard { server, feed })
}

impl Dashboard {
    /// See [`Server::url`].
    pub fn url(&self) -> String {
        self.server.url()
    }

    pub fn server(&self) -> &Server {
        &self.server
    }
}

impl Output for Dashboard {
    fn describe(&self) -> String {
        format!("dashboard ({})", self.url())
    }

    fn wants_samples(&self) -> bool {
        false
    }

    fn samples(&mut self, _samples: &Arc<Vec<RawSample>>, _lost: u64) {}

    fn interval(&mut self, at: Timestamp, interval: &Interval, totals: &Totals) {
        self.feed.interval(at, interval, totals);
    }

    fn event(&mut self, event: &Event) {
        self.feed.event(event);
    }

    fn end(&mut self, end: &End) {
        self.feed.end(end);
    }

    fn finish(&mut self) -> Result<Option<String>, OutputError> {
        self.server.flush();
        let Feed { log, spent, intervals, .. } = &self.feed;
        let micros = spent.as_micros();
        log.debug(&format!("dashboard: {micros} us of the hub's time for {intervals} intervals"));
        Ok(None)
    }
}

/// Where one run's intervals go in. Costs whoever calls it the digest and one short lock.
struct Feed {
    /// Which of the server's.
    run: usize,
    digester: Digester,
    inbox: Arc<Inbox<(usize, News)>>,
    log: Log,
    /// CPU time, and for how many intervals.
    spent: Duration,
    intervals: u64,
}

impl Follow for Feed {
    fn interval(&mut self, at: Timestamp, interval: &Interval, totals: &Totals) {
        let before = thread_cpu_time();
        let digest = self.digester.digest(at, interval, totals);
        self.news(News::Interval(Box::new(digest)));
        self.spent += thread_cpu_time().saturating_sub(before);
        self.intervals += 1;
    }

    fn event(&mut self, event: &Event) {
        self.news(News::Event(event.clone()));
    }

    fn end(&mut self, end: &End) {
        self.news(News::End(end.clone()));
    }
}

impl Feed {
    fn new(run: usize, digester: Digester, inbox: Arc<Inbox<(usize, News)>>, log: &Log) -> Feed {
        let log = log.clone();
        Feed { run, digester, inbox, log, spent: Duration::ZERO, intervals: 0 }
    }

    fn news(&mut self, news: News) {
        if !self.inbox.push(Message::News((self.run, news))) && self.inbox.is_first_loss() {
            self.log.warn("the dashboard cannot keep up and lacks a part of the run");
        }
    }
}
