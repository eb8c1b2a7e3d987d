//! PostgreSQL, by its statistics views; versions 12 and later.

mod connection;
mod figures;
pub mod statistics;

use std::path::PathBuf;

use plimsoll_metrics::TagSet;
use plimsoll_runtime::tls::{TlsConfig, TlsConnector};

use super::{Address, Secret, connect::Connector};
use crate::{
    metric::Metric,
    probe::{Probe, ProbeError, Reading, Subject},
    readings::Readings,
};
use connection::Connection;
pub use figures::ALL;
use figures::Totals;

const PORT: u16 = 5432;

/// Reported when a role sees too little.
const PRIVILEGE: &str = "its role may not see the sessions of others: active, idle and waiting ones are not \
     recorded (hint: GRANT pg_monitor TO the role)";

/// `postgres://USER[:PASSWORD]@HOST[:PORT]/DATABASE`
#[derive(Debug)]
pub(super) struct Postgres {
    name: String,
    service: String,
    address: Address,
    place: Place,
    user: String,
    password: Option<Secret>,
    database: String,
    secure: Secure,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Tcp,
    /// The folder of its Unix socket.
    Folder(PathBuf),
}

/// libpq's `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Secure {
    Disable,
    /// TLS where the server has it, whoever it is.
    Prefer,
    /// TLS, whoever the server is.
    Require,
    /// TLS, and the server's certificate is that of its name.
    VerifyFull,
}

const FORM: &str = "postgres://USER[:PASSWORD]@HOST[:PORT]/DATABASE";

impl Postgres {
    pub(super) fn parse(text: &str) -> Result<Postgres, String> {
        let mut address = Address::parse(text, PORT)?;
        let (mut place, mut secure) = (Place::Tcp, Secure::Prefer);
        let (mut user, mut password) = (address.user.clone(), address.password.clone());
        for (name, value) in std::mem::take(&mut address.query) {
            match name.as_str() {
                "port" => {
                    address.port = value.parse().map_err(|_| "port is no number of a port")?
                }
                "sslmode" => secure = secure_mode(&value)?,
                "host" if value.starts_with('/') => place = Place::Folder(value.into()),
                "user" => user = Some(value),
                "password" => password = Some(Secret::new(&value)),
                _ => {
                    return Err(format!(
                        "parameter {name} is not known: host, port, user, password and sslmode are"
                    ));
                }
            }
        }
        let where_it_is = match &place {
            Place::Folder(folder) => folder.display().to_string(),
            Place::Tcp if address.host.is_empty() => {
                return Err(format!("a host must follow: {FORM}"));
            }
            Place::Tcp => address.authority.clone(),
        };
        let user = user.ok_or_else(|| format!("a user must be named: {FORM}"))?;
        let path = address.path.trim_matches('/');
        let service = if path.is_empty() { where_it_is } else { format!("{where_it_is}/{path}") };
        let database = if path.is_empty() { user.clone() } else { path.to_owned() };
        let name = format!("postgres {service}");
        Ok(Postgres { name, service, address, place, user, password, database, secure })
    }
}

fn secure_mode(word: &str) -> Result<Secure, String> {
    Ok(match word {
        "disable" => Secure::Disable,
        "allow" | "prefer" => Secure::Prefer,
        "require" => Secure::Require,
        "verify-ca" | "verify-full" => Secure::VerifyFull,
        _ => return Err("sslmode is one of disable, prefer, require, verify-full".to_owned()),
    })
}

impl Subject for Postgres {
    fn name(&self) -> &str {
        &self.name
    }

    fn metrics(&self) -> &'static [&'static Metric] {
        ALL
    }

    fn probe(self: Box<Self>) -> Result<Box<dyn Probe>, ProbeError> {
        let insecure_skip_verify = self.secure != Secure::VerifyFull;
        let config = TlsConfig { insecure_skip_verify, ..TlsConfig::default() };
        let tls = TlsConnector::new(&config).map_err(ProbeError::new)?;
        Ok(Box::new(PostgresProbe {
            connector: Connector::new(),
            tls,
            subject: *self,
            connection: None,
            tags: None,
            totals: Totals::default(),
            has_told_privilege: false,
        }))
    }
}

struct PostgresProbe {
    connector: Connector,
    tls: TlsConnector,
    subject: Postgres,
    /// Taken out while it is in use, so that one whose reading was cut off is not used again.
    connection: Option<Connection>,
    tags: Option<TagSet>,
    totals: Totals,
    has_told_privilege: bool,
}

impl Probe for PostgresProbe {
    fn read<'a>(&'a mut self, readings: &'a Readings) -> Reading<'a> {
        Box::pin(async move {
            let connection = match self.connection.take() {
                Some(connection) => connection,
                None => Connection::open(&self.connector, &self.tls, &self.subject).await?,
            };
            let statistics = connection.statistics().await?;
            self.connection = Some(connection);
            let Postgres { address, service, name, .. } = &self.subject;
            let tags = self.tags.get_or_insert_with(|| address.tags(service, readings.host()));
            if statistics.hidden > 0.0 && !self.has_told_privilege {
                self.has_told_privilege = true;
                readings.event("probe", format!("{name}: {PRIVILEGE}"));
            }
            self.totals.record(&statistics, readings, tags);
            Ok(())
        })
    }
}
