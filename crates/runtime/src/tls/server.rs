//! The server's side, for the reference systems and for tests.

use std::{io, sync::Arc};

use rustls::{ServerConfig, crypto::ring, server::WebPkiClientVerifier};
use tokio::net::TcpStream;

use super::{Alpn, TlsSetupError, pem, roots};

/// A server's session.
pub type ServerStream = tokio_rustls::server::TlsStream<TcpStream>;

/// Accepts TLS sessions with one certificate; a clone is a handle to the same.
#[derive(Clone)]
pub struct TlsAcceptor(tokio_rustls::TlsAcceptor);

impl TlsAcceptor {
    /// `certificate_pem` holds the chain, leaf first. `alpn` is what the server speaks.
    ///
    /// # Errors
    /// When the certificate or the key cannot be read, or do not belong together.
    pub fn new(
        certificate_pem: &str,
        key_pem: &str,
        alpn: Alpn,
    ) -> Result<TlsAcceptor, TlsSetupError> {
        TlsAcceptor::build(certificate_pem, key_pem, alpn, None)
    }

    /// As [`TlsAcceptor::new`], for clients that show a certificate signed by `authority_pem`.
    ///
    /// # Errors
    /// As for [`TlsAcceptor::new`].
    pub fn with_client_authority(
        certificate_pem: &str,
        key_pem: &str,
        alpn: Alpn,
        authority_pem: &str,
    ) -> Result<TlsAcceptor, TlsSetupError> {
        TlsAcceptor::build(certificate_pem, key_pem, alpn, Some(authority_pem))
    }

    fn build(
        certificate_pem: &str,
        key_pem: &str,
        alpn: Alpn,
        authority_pem: Option<&str>,
    ) -> Result<TlsAcceptor, TlsSetupError> {
        let unusable = |error: &dyn std::error::Error| TlsSetupError::Unusable(error.to_string());
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(&error))?;
        let builder = match authority_pem {
            Some(pem) => {
                let roots = Arc::new(roots::only(&pem::certificates(pem)?));
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider)
                    .build()
                    .map_err(|error| unusable(&error))?;
                builder.with_client_cert_verifier(verifier)
            }
            None => builder.with_no_client_auth(),
        };
        let chain = pem::certificates(certificate_pem)?;
        let mut config = builder
            .with_single_cert(chain, pem::private_key(key_pem, None)?)
            .map_err(|error| unusable(&error))?;
        config.alpn_protocols = alpn.protocols();
        Ok(TlsAcceptor(Arc::new(config).into()))
    }

    /// The handshake over an accepted connection. The caller sets the time limit.
    ///
    /// # Errors
    /// When the client breaks it off or offers nothing that we take.
    pub async fn accept(&self, tcp: TcpStream) -> io::Result<ServerStream> {
        self.0.accept(tcp).await
    }
}
