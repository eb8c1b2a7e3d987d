//! The `socket` of a client's options: address, TLS, time limits.

use std::time::Duration;

use plimsoll_clients::redis::{Address, Target};
use plimsoll_runtime::tls::{ClientCertificate, TlsConfig, TlsConnector};
use serde_json::{Map, Value};

use super::{fields::Fields, options::ClientOptions};

/// What k6 takes when nothing is said.
pub(super) const DIAL_TIMEOUT: Duration = Duration::from_secs(5);
pub(super) const TRANSFER_TIMEOUT: Duration = Duration::from_secs(3);
/// Commands that one client has on the way at a time: k6's for four cores.
pub(super) const POOL_SIZE: usize = 40;
/// Instead of no timeout.
pub(super) const NO_TIMEOUT: Duration = Duration::from_secs(365 * 86_400);

const SOCKET_FIELDS: &[&str] = &[
    "host",
    "port",
    "tls",
    "dialTimeout",
    "readTimeout",
    "writeTimeout",
    "poolSize",
    "minIdleConns",
    "maxConnAge",
    "poolTimeout",
    "idleTimeout",
];

/// As PEM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tls {
    authorities: Vec<String>,
    certificate: String,
    key: String,
}

impl Tls {
    pub(super) fn connector(&self, insecure_skip_verify: bool) -> Result<TlsConnector, String> {
        let extra_roots_pem = self.authorities.clone();
        let mut config =
            TlsConfig { insecure_skip_verify, extra_roots_pem, ..TlsConfig::default() };
        if !self.certificate.is_empty() || !self.key.is_empty() {
            config.client_certificates.push(ClientCertificate {
                certificate_pem: self.certificate.clone(),
                key_pem: self.key.clone(),
                ..ClientCertificate::default()
            });
        }
        TlsConnector::new(&config).map_err(|error| error.to_string())
    }
}

/// # Errors
/// What is wrong, in k6's words.
pub(super) fn socket_options(map: &Map<String, Value>) -> Result<ClientOptions, String> {
    let fields = Fields::new("socketOptions", "socket.", map, SOCKET_FIELDS)?;
    let host = fields.text("host")?;
    let port = fields.integer("port", "int")?;
    for name in ["minIdleConns", "maxConnAge", "poolTimeout", "idleTimeout"] {
        fields.integer(name, if name == "minIdleConns" { "int" } else { "int64" })?;
    }
    let port = u16::try_from(port).map_err(|_| format!("invalid port {port}"))?;
    let mut options = ClientOptions::of_target(Target::new(Address::Tcp { host, port }));
    options.dial_timeout = timeout(fields.integer("dialTimeout", "int64")?, DIAL_TIMEOUT);
    options.read_timeout = timeout(fields.integer("readTimeout", "int64")?, TRANSFER_TIMEOUT);
    // As long as reading, unless told otherwise.
    options.write_timeout = timeout(fields.integer("writeTimeout", "int64")?, options.read_timeout);
    options.pool_size = pool_size(fields.integer("poolSize", "int")?);
    if let Some(tls) = fields.object("tls", "redis.tlsOptions")? {
        let tls = Fields::new("tlsOptions", "socket.tls.", tls, &["ca", "cert", "key"])?;
        let tls = Tls {
            authorities: tls.texts("ca")?,
            certificate: tls.text("cert")?,
            key: tls.text("key")?,
        };
        // So that what cannot be used is told at once.
        tls.connector(false)?;
        options.tls = Some(tls);
        options.targets.iter_mut().for_each(|target| target.secure = true);
    }
    Ok(options)
}

/// Milliseconds; 0: the default, below: none.
fn timeout(milliseconds: i64, default: Duration) -> Duration {
    match u64::try_from(milliseconds) {
        Ok(0) => default,
        Ok(milliseconds) => Duration::from_millis(milliseconds),
        Err(_) => NO_TIMEOUT,
    }
}

/// Connections; the default unless above 0.
pub(super) fn pool_size(size: i64) -> usize {
    usize::try_from(size).ok().filter(|size| *size > 0).unwrap_or(POOL_SIZE)
}
