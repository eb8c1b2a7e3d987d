//! Whom to believe: the authorities of the system, and those that the configuration names.

use std::{path::Path, sync::OnceLock};

use plimsoll_runtime::tls::{TlsConfig, TlsConnector};

use crate::serve::settings;

/// TLS to the origins, prepared when the first of them needs it: that takes milliseconds.
#[derive(Default)]
pub(super) struct Trust {
    /// Of authorities' certificates as PEM; empty for none.
    file: String,
    connector: OnceLock<Option<TlsConnector>>,
}

impl Trust {
    pub(super) fn new(file: String) -> Trust {
        Trust { file, connector: OnceLock::new() }
    }

    /// `None` when the file has become one that cannot be used.
    pub(super) fn connector(&self) -> Option<&TlsConnector> {
        self.connector.get_or_init(|| read(&self.file).ok()).as_ref()
    }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Trust").field("file", &self.file).finish_non_exhaustive()
    }
}

fn read(file: &str) -> Result<TlsConnector, String> {
    let mut config = TlsConfig { resume_sessions: true, ..TlsConfig::default() };
    if !file.is_empty() {
        let pem = settings::read(Path::new(file)).map_err(|error| format!("{file}: {error}"))?;
        config.extra_roots_pem.push(pem);
    }
    TlsConnector::new(&config).map_err(|error| format!("{file}: {error}"))
}

/// Whether `origin-ca-cert-file` may be that.
pub(in crate::serve) fn check_authorities(file: &str) -> Result<String, String> {
    read(file).map(|_| file.to_owned())
}
