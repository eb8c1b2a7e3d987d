//! TLS by rustls with ring: what k6's options ask for, and errors by their kind.

mod encrypted_key;
mod error;
mod movable;
mod pem;
mod roots;
pub mod server;
mod suites;
mod verifier;

use std::{
    io,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};

use rustls::{
    ClientConfig, Error, SupportedProtocolVersion,
    client::Resumption,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName},
    sign::CertifiedKey,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pub use error::{TlsError, TlsErrorKind, TlsSetupError};
pub use movable::{MovableStream, ParkedStream};
pub use suites::{TlsVersion, is_known_cipher_suite};

use crate::stream::Stream;

/// What the client offers for the protocol above TLS (ALPN).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alpn {
    /// Nothing, as for protocols other than HTTP.
    None,
    Http1,
    /// Only `h2`, as gRPC does.
    Http2,
    Http2OrHttp1,
}

impl Alpn {
    const COUNT: usize = 4;

    fn protocols(self) -> Vec<Vec<u8>> {
        let names: &[&str] = match self {
            Alpn::None => &[],
            Alpn::Http1 => &["http/1.1"],
            Alpn::Http2 => &["h2"],
            Alpn::Http2OrHttp1 => &["h2", "http/1.1"],
        };
        names.iter().map(|name| name.as_bytes().to_vec()).collect()
    }
}

/// A certificate to show to servers that ask for one.
#[derive(Clone, Debug, Default)]
pub struct ClientCertificate {
    /// Hosts it is meant for, `*.name` for all directly below. A server that none of the
    /// certificates is meant for gets the first, as in k6.
    pub domains: Vec<String>,
    /// The chain, leaf first.
    pub certificate_pem: String,
    pub key_pem: String,
    /// Of an encrypted key.
    pub key_password: Option<String>,
}

/// Settings of all TLS clients of a run.
#[derive(Clone, Debug, Default)]
pub struct TlsConfig {
    /// The lowest version offered; below 1.2 there is nothing to offer.
    pub min: Option<TlsVersion>,
    pub max: Option<TlsVersion>,
    pub insecure_skip_verify: bool,
    pub client_certificates: Vec<ClientCertificate>,
    /// k6's names; empty for all. TLS 1.3 suites are always offered, as by k6.
    pub cipher_suites: Vec<String>,
    /// Authorities trusted beside the system's, as PEM.
    pub extra_roots_pem: Vec<String>,
    /// Whether a new connection may resume an earlier session of the run. k6 never does: each
    /// connection is a whole handshake.
    pub resume_sessions: bool,
}

/// Opens TLS sessions; a clone is a handle to the same settings.
#[derive(Clone)]
pub struct TlsConnector(Arc<Settings>);

struct Settings {
    provider: Arc<CryptoProvider>,
    versions: Vec<&'static SupportedProtocolVersion>,
    insecure_skip_verify: bool,
    resume_sessions: bool,
    extra_roots: Vec<CertificateDer<'static>>,
    certificates: Vec<Identity>,
    /// By certificate (the first place is for none) and ALPN. Made when first needed: reading the
    /// system's roots takes milliseconds, which a run without TLS should not pay.
    configs: Vec<OnceLock<Result<Arc<ClientConfig>, String>>>,
}

struct Identity {
    domains: Vec<String>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl TlsConnector {
    /// # Errors
    /// When the settings cannot be followed: an unknown or unsupported suite or version, a
    /// certificate or key that cannot be read.
    pub fn new(config: &TlsConfig) -> Result<TlsConnector, TlsSetupError> {
        let versions = suites::versions(config.min, config.max)?;
        let mut provider = ring::default_provider();
        suites::order(&mut provider.cipher_suites);
        suites::restrict(&mut provider.cipher_suites, &config.cipher_suites)?;
        let certificates: Vec<_> = config
            .client_certificates
            .iter()
            .map(|c| identity(c, &provider))
            .collect::<Result<_, _>>()?;
        let mut extra_roots = Vec::new();
        for pem in &config.extra_roots_pem {
            extra_roots.extend(pem::certificates(pem)?);
        }
        let places = (certificates.len() + 1) * Alpn::COUNT;
        Ok(TlsConnector(Arc::new(Settings {
            provider: Arc::new(provider),
            versions,
            insecure_skip_verify: config.insecure_skip_verify,
            resume_sessions: config.resume_sessions,
            extra_roots,
            certificates,
            configs: std::iter::repeat_with(OnceLock::new).take(places).collect(),
        })))
    }

    /// The handshake over a fresh connection, which may itself be secure: a tunnel through a proxy.
    /// `server_name` is a host name or an address, without brackets. The caller sets the time limit.
    ///
    /// # Errors
    /// See [`TlsErrorKind`].
    pub async fn connect(
        &self,
        below: impl Into<Stream>,
        server_name: &str,
        alpn: Alpn,
    ) -> Result<TlsStream, TlsError> {
        let config = self.0.config_for(server_name, alpn)?;
        let name = ServerName::try_from(server_name.to_owned()).map_err(|_| {
            TlsError::new(TlsErrorKind::Other, format!("tls: invalid server name {server_name:?}"))
        })?;
        let connector = tokio_rustls::TlsConnector::from(config);
        let stream = connector.connect(name, below.into()).await;
        Ok(TlsStream(stream.map_err(TlsError::from_handshake)?))
    }
}

impl Settings {
    fn config_for(&self, server_name: &str, alpn: Alpn) -> Result<Arc<ClientConfig>, TlsError> {
        let certificate = self.certificate_for(server_name);
        let place = certificate.map_or(0, |index| index + 1) * Alpn::COUNT + alpn as usize;
        let config = self.configs.get(place).map(|place| {
            place.get_or_init(|| {
                let identity = certificate.and_then(|index| self.certificates.get(index));
                self.build(identity, alpn).map(Arc::new).map_err(|error| error.to_string())
            })
        });
        match config {
            Some(Ok(config)) => Ok(Arc::clone(config)),
            Some(Err(message)) => Err(TlsError::new(TlsErrorKind::Other, message.clone())),
            None => Err(TlsError::new(TlsErrorKind::Other, "tls: no such certificate".into())),
        }
    }

    fn certificate_for(&self, server_name: &str) -> Option<usize> {
        let matches = |identity: &Identity| {
            identity.domains.iter().any(|domain| domain_matches(domain, server_name))
        };
        let chosen = self.certificates.iter().position(matches);
        chosen.or((!self.certificates.is_empty()).then_some(0))
    }

    fn build(&self, identity: Option<&Identity>, alpn: Alpn) -> Result<ClientConfig, Error> {
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&self.versions)?
            .dangerous()
            .with_custom_certificate_verifier(if self.insecure_skip_verify {
                verifier::accept_all(&self.provider)
            } else {
                verifier::by_roots(&self.provider, &self.extra_roots)?
            });
        let mut config = match identity {
            Some(identity) => {
                builder.with_client_auth_cert(identity.chain.clone(), identity.key.clone_key())?
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = alpn.protocols();
        if !self.resume_sessions {
            config.resumption = Resumption::disabled();
        }
        Ok(config)
    }
}

fn identity(
    certificate: &ClientCertificate,
    provider: &CryptoProvider,
) -> Result<Identity, TlsSetupError> {
    let chain = pem::certificates(&certificate.certificate_pem)?;
    let key = pem::private_key(&certificate.key_pem, certificate.key_password.as_deref())?;
    CertifiedKey::from_der(chain.clone(), key.clone_key(), provider).map_err(
        |error| match error {
            Error::InconsistentKeys(_) => TlsSetupError::KeyMismatch,
            error => TlsSetupError::Unusable(error.to_string()),
        },
    )?;
    let domains = certificate.domains.iter().map(|domain| domain.to_ascii_lowercase()).collect();
    Ok(Identity { domains, chain, key })
}

/// `*.name` stands for one label.
fn domain_matches(domain: &str, host: &str) -> bool {
    match domain.strip_prefix("*.") {
        Some(parent) => host
            .split_once('.')
            .is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(parent)),
        None => domain.eq_ignore_ascii_case(host),
    }
}

/// A TLS session over another connection.
#[derive(Debug)]
pub struct TlsStream(tokio_rustls::client::TlsStream<Stream>);

impl TlsStream {
    /// `None` only if the peer broke the protocol.
    pub fn version(&self) -> Option<TlsVersion> {
        self.0.get_ref().1.protocol_version().and_then(TlsVersion::from_rustls)
    }

    /// As k6 prints it, such as `TLS_AES_128_GCM_SHA256`; empty if unknown.
    pub fn cipher_suite(&self) -> &'static str {
        self.0.get_ref().1.negotiated_cipher_suite().map_or("", |suite| suites::name(suite.suite()))
    }

    /// What the server chose, such as `h2`.
    pub fn alpn(&self) -> Option<&[u8]> {
        self.0.get_ref().1.alpn_protocol()
    }

    /// The server's own certificate, as DER.
    pub fn peer_certificate(&self) -> Option<&[u8]> {
        self.0.get_ref().1.peer_certificates()?.first().map(AsRef::as_ref)
    }

    /// The connection below.
    pub fn below(&self) -> &Stream {
        self.0.get_ref().0
    }
}

impl AsyncRead for TlsStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for TlsStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
