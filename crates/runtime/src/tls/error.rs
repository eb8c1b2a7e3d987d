//! Why TLS failed: at setup, or in a handshake, with Go's texts where k6's users know them.

use std::io;

use rustls::{CertificateError, Error, pki_types::ServerName};

use super::TlsVersion;
use crate::clock::format_rfc3339;

/// Settings that cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsSetupError {
    #[error("unknown cipher suite '{0}'")]
    UnknownCipherSuite(String),
    #[error(
        "none of the cipher suites is supported: {0}\n\
         hint: ECDHE suites with AES-GCM or CHACHA20-POLY1305 are"
    )]
    UnsupportedCipherSuites(String),
    #[error("{} is not supported\nhint: use tls1.2 or tls1.3", .0.name())]
    VersionTooOld(TlsVersion),
    #[error("the lowest TLS version {} is above the highest {}", .min.name(), .max.name())]
    VersionRange { min: TlsVersion, max: TlsVersion },
    #[error("invalid certificate: {0}")]
    Certificate(String),
    #[error("invalid private key: {0}")]
    Key(String),
    #[error("the private key is encrypted and there is no password for it")]
    NoKeyPassword,
    #[error("x509: decryption password incorrect")]
    KeyPassword,
    #[error("tls: private key does not match public key")]
    KeyMismatch,
    #[error("the certificate cannot be used: {0}")]
    Unusable(String),
}

/// What kind of failure a handshake ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsErrorKind {
    /// Not signed by an authority that we trust.
    UnknownAuthority,
    /// The certificate is for another name.
    Hostname,
    /// Expired or not yet valid.
    Validity,
    /// Another fault of the certificate.
    Certificate,
    /// The server ended the handshake with an alert.
    Alert,
    /// The connection failed below TLS; see [`TlsError::io`].
    Io,
    Other,
}

/// A handshake that failed.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct TlsError {
    pub kind: TlsErrorKind,
    /// As Go words it, such as
    /// `tls: failed to verify certificate: x509: certificate signed by unknown authority`.
    pub message: String,
    /// The error of the connection below, for [`TlsErrorKind::Io`].
    pub io: Option<io::Error>,
}

impl TlsError {
    pub(super) fn new(kind: TlsErrorKind, message: String) -> TlsError {
        TlsError { kind, message, io: None }
    }

    pub(super) fn from_handshake(error: io::Error) -> TlsError {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        match inner {
            Some(Error::InvalidCertificate(error)) => {
                let (kind, reason) = of_certificate(error);
                let message = format!("tls: failed to verify certificate: x509: {reason}");
                TlsError::new(kind, message)
            }
            Some(Error::AlertReceived(alert)) => {
                let message = format!("remote error: tls: {}", spaced(&format!("{alert:?}")));
                TlsError::new(TlsErrorKind::Alert, message)
            }
            Some(Error::InvalidMessage(_)) => TlsError::new(
                TlsErrorKind::Other,
                "tls: first record does not look like a TLS handshake".into(),
            ),
            Some(other) => TlsError::new(TlsErrorKind::Other, format!("tls: {other}")),
            None => {
                let message = match error.kind() {
                    io::ErrorKind::UnexpectedEof => "EOF".to_owned(),
                    _ => error.to_string(),
                };
                TlsError { kind: TlsErrorKind::Io, message, io: Some(error) }
            }
        }
    }
}

fn of_certificate(error: &CertificateError) -> (TlsErrorKind, String) {
    let time = |seconds: u64| format_rfc3339(seconds.saturating_mul(1_000_000_000), 0);
    let validity = "certificate has expired or is not yet valid: ";
    match error {
        CertificateError::UnknownIssuer => {
            (TlsErrorKind::UnknownAuthority, "certificate signed by unknown authority".into())
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            (TlsErrorKind::Hostname, name_mismatch(expected, presented))
        }
        CertificateError::NotValidForName => {
            (TlsErrorKind::Hostname, "certificate is not valid for this name".into())
        }
        CertificateError::ExpiredContext { time: now, not_after } => {
            let (now, end) = (time(now.as_secs()), time(not_after.as_secs()));
            (TlsErrorKind::Validity, format!("{validity}current time {now} is after {end}"))
        }
        CertificateError::NotValidYetContext { time: now, not_before } => {
            let (now, start) = (time(now.as_secs()), time(not_before.as_secs()));
            (TlsErrorKind::Validity, format!("{validity}current time {now} is before {start}"))
        }
        CertificateError::Expired | CertificateError::NotValidYet => {
            (TlsErrorKind::Validity, validity.trim_end_matches([':', ' ']).to_owned())
        }
        // A self-signed certificate that is marked as an authority's: nobody trusted vouches for it.
        CertificateError::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            (TlsErrorKind::UnknownAuthority, "certificate signed by unknown authority".into())
        }
        other => (TlsErrorKind::Certificate, other.to_string()),
    }
}

fn name_mismatch(expected: &ServerName<'_>, presented: &[String]) -> String {
    let names = |kind: &str| -> Vec<String> {
        let prefix = format!("{kind}(");
        let inner = |name: &String| {
            let name = name.strip_prefix(&prefix)?.strip_suffix(')')?;
            Some(name.trim_matches('"').to_owned())
        };
        presented.iter().filter_map(inner).collect()
    };
    match expected {
        ServerName::IpAddress(ip) => {
            let ip = std::net::IpAddr::from(*ip);
            let names = names("IpAddress");
            if names.is_empty() {
                return format!(
                    "cannot validate certificate for {ip} because it doesn't contain any IP SANs"
                );
            }
            format!("certificate is valid for {}, not {ip}", names.join(", "))
        }
        expected => {
            let (names, host) = (names("DnsName"), expected.to_str());
            if names.is_empty() {
                return format!(
                    "certificate is not valid for any names, but wanted to match {host}"
                );
            }
            format!("certificate is valid for {}, not {host}", names.join(", "))
        }
    }
}

/// `HandshakeFailure` as `handshake failure`.
fn spaced(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    for character in name.chars() {
        if character.is_ascii_uppercase() && !text.is_empty() {
            text.push(' ');
        }
        text.push(character.to_ascii_lowercase());
    }
    text
}
