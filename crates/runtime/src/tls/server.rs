//! The server's side, for the reference systems and for tests.

use std::{io, sync::Arc};

use rustls::{ServerConfig, crypto::ring, server::WebPkiClientVerifier};
use tokio::net::TcpStream;

use super::{
    Alpn, TlsSetupError,
    movable::{MovableStream, Socket},
    pem, roots,
};

/// A server's session.
pub type ServerStream = tokio_rustls::server::TlsStream<TcpStream>;

/// What a server asks of its clients; the texts are the authority's certificates, as PEM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth<'a> {
    None,
    /// A client may come without a certificate, but not with a wrong one.
    Optional(&'a str),
    Required(&'a str),
}

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
        TlsAcceptor::with_client_auth(certificate_pem, (key_pem, None), alpn, ClientAuth::None)
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
        let auth = ClientAuth::Required(authority_pem);
        TlsAcceptor::with_client_auth(certificate_pem, (key_pem, None), alpn, auth)
    }

    /// As [`TlsAcceptor::new`], with a key that may be encrypted by a password.
    ///
    /// # Errors
    /// As for [`TlsAcceptor::new`], and when the authority cannot be read.
    pub fn with_client_auth(
        certificate_pem: &str,
        (key_pem, key_password): (&str, Option<&str>),
        alpn: Alpn,
        auth: ClientAuth<'_>,
    ) -> Result<TlsAcceptor, TlsSetupError> {
        let unusable = |error: &dyn std::error::Error| TlsSetupError::Unusable(error.to_string());
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(&error))?;
        let builder = match auth {
            ClientAuth::Required(pem) | ClientAuth::Optional(pem) => {
                let roots = Arc::new(roots::only(&pem::certificates(pem)?));
                let mut verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                if matches!(auth, ClientAuth::Optional(_)) {
                    verifier = verifier.allow_unauthenticated();
                }
                let verifier = verifier.build().map_err(|error| unusable(&error))?;
                builder.with_client_cert_verifier(verifier)
            }
            ClientAuth::None => builder.with_no_client_auth(),
        };
        let chain = pem::certificates(certificate_pem)?;
        let mut config = builder
            .with_single_cert(chain, pem::private_key(key_pem, key_password)?)
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

    /// As [`TlsAcceptor::accept`], for a session that another thread will serve.
    ///
    /// # Errors
    /// As for [`TlsAcceptor::accept`].
    pub async fn accept_movable(&self, tcp: TcpStream) -> io::Result<MovableStream> {
        self.0.accept(Socket::Watched(tcp)).await.map(MovableStream::new)
    }
}
