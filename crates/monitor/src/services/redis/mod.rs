//! Redis, Valkey and relatives, by their command `INFO`.

mod connection;
mod figures;
pub mod info;

use plimsoll_metrics::TagSet;
use plimsoll_runtime::{
    clock::Instant,
    tls::{TlsConfig, TlsConnector},
};

use super::{Address, connect::Connector};
use crate::{
    metric::Metric,
    probe::{Probe, ProbeError, Reading, Subject},
    readings::Readings,
};
use connection::Connection;
pub use figures::ALL;
use figures::Totals;

const PORT: u16 = 6379;

/// `redis://[[USER]:PASSWORD@]HOST[:PORT]`, `rediss://` over TLS.
#[derive(Debug)]
pub(super) struct Redis {
    name: String,
    address: Address,
    is_secure: bool,
}

impl Redis {
    pub(super) fn parse(text: &str) -> Result<Redis, String> {
        let address = Address::parse(text, PORT)?;
        if address.host.is_empty() {
            return Err("a host must follow: redis://[:PASSWORD@]HOST[:PORT]".to_owned());
        }
        // The number of a database, as other tools take it; the figures are those of all.
        let database = address.path.trim_start_matches('/');
        if !database.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err("a path has no meaning here".to_owned());
        }
        let is_secure = matches!(address.scheme.as_str(), "rediss" | "valkeys");
        Ok(Redis { name: format!("redis {}", address.authority), address, is_secure })
    }
}

impl Subject for Redis {
    fn name(&self) -> &str {
        &self.name
    }

    fn metrics(&self) -> &'static [&'static Metric] {
        ALL
    }

    fn probe(self: Box<Self>) -> Result<Box<dyn Probe>, ProbeError> {
        let tls = match self.is_secure {
            true => Some(TlsConnector::new(&TlsConfig::default()).map_err(ProbeError::new)?),
            false => None,
        };
        Ok(Box::new(RedisProbe {
            connector: Connector::new(),
            address: self.address,
            tls,
            connection: None,
            tags: None,
            totals: Totals::default(),
        }))
    }
}

struct RedisProbe {
    connector: Connector,
    address: Address,
    tls: Option<TlsConnector>,
    /// Taken out while it is in use, so that one whose reading was cut off is not used again.
    connection: Option<Connection>,
    tags: Option<TagSet>,
    totals: Totals,
}

impl Probe for RedisProbe {
    fn read<'a>(&'a mut self, readings: &'a Readings) -> Reading<'a> {
        Box::pin(async move {
            let mut connection = match self.connection.take() {
                Some(connection) => connection,
                None => Connection::open(&self.connector, &self.address, self.tls.as_ref()).await?,
            };
            let info = connection.info().await?;
            let at = Instant::now();
            self.connection = Some(connection);
            let address = &self.address;
            let tags =
                self.tags.get_or_insert_with(|| address.tags(&address.authority, readings.host()));
            self.totals.record(&info::parse(&info), at, readings, tags);
            Ok(())
        })
    }
}
