//! nginx, by the page of its module `stub_status`.

pub mod status;

use plimsoll_metrics::TagSet;

use super::{address::Address, page::Page};
use crate::{
    increase::Increase,
    metric::{Metric, metrics},
    probe::{Probe, ProbeError, Reading, Subject},
    readings::Readings,
};
use status::Status;

metrics! {
    ACTIVE "nginx_connections_active" Trend Count ["service"] "stub_status Active connections" "Open connections";
    READING "nginx_connections_reading" Trend Count ["service"] "stub_status Reading" "Connections whose request is being read";
    WRITING "nginx_connections_writing" Trend Count ["service"] "stub_status Writing" "Connections that are answered";
    WAITING "nginx_connections_waiting" Trend Count ["service"] "stub_status Waiting" "Idle connections";
    ACCEPTED "nginx_connections_accepted" Counter Count ["service"] "stub_status accepts" "Connections accepted";
    DROPPED "nginx_connections_dropped" Counter Count ["service"] "stub_status accepts − handled" "Connections accepted and closed at once: a limit such as worker_connections was reached";
    REQUESTS "nginx_requests" Counter Count ["service"] "stub_status requests" "Requests, those for the page itself included";
}

/// Bytes of the page; it has about a hundred.
const PAGE_LIMIT: usize = 64 << 10;

/// `nginx:http://HOST/PATH`
#[derive(Debug)]
pub(super) struct Nginx {
    name: String,
    address: Address,
}

impl Nginx {
    /// `url`: behind `nginx:`.
    pub(super) fn parse(url: &str) -> Result<Nginx, String> {
        let address = super::http_address(url)?;
        Ok(Nginx { name: format!("nginx {}", address.authority), address })
    }
}

impl Subject for Nginx {
    fn name(&self) -> &str {
        &self.name
    }

    fn metrics(&self) -> &'static [&'static Metric] {
        ALL
    }

    fn probe(self: Box<Self>) -> Result<Box<dyn Probe>, ProbeError> {
        let page = Page::new(&self.address, "text/plain", PAGE_LIMIT)?;
        Ok(Box::new(NginxProbe {
            page,
            address: self.address,
            tags: None,
            totals: Totals::default(),
        }))
    }
}

struct NginxProbe {
    page: Page,
    address: Address,
    tags: Option<TagSet>,
    totals: Totals,
}

/// Since the server's start.
#[derive(Default)]
struct Totals {
    accepted: Increase,
    dropped: Increase,
    requests: Increase,
}

impl Probe for NginxProbe {
    fn read<'a>(&'a mut self, readings: &'a Readings) -> Reading<'a> {
        Box::pin(async move {
            let page = self.page.get().await?;
            let status = status::parse(&page).ok_or_else(|| {
                ProbeError::new("not the page of stub_status: is the URL that of its location?")
            })?;
            let address = &self.address;
            let tags =
                self.tags.get_or_insert_with(|| address.tags(&address.authority, readings.host()));
            self.totals.record(&status, readings, tags);
            Ok(())
        })
    }
}

impl Totals {
    fn record(&mut self, status: &Status, readings: &Readings, tags: &TagSet) {
        for (metric, value) in [
            (&ACTIVE, status.active),
            (&READING, status.reading),
            (&WRITING, status.writing),
            (&WAITING, status.waiting),
        ] {
            readings.record(metric, tags, value as f64);
        }
        let dropped = status.accepted.saturating_sub(status.handled);
        for (metric, increase) in [
            (&ACCEPTED, self.accepted.of(status.accepted)),
            (&DROPPED, self.dropped.of(dropped)),
            (&REQUESTS, self.requests.of(status.requests)),
        ] {
            if let Some(increase) = increase {
                readings.record(metric, tags, increase as f64);
            }
        }
    }
}
