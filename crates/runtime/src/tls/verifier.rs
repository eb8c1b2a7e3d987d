//! Who is believed to be the server.

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, Error, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};

use super::roots;

/// The system's authorities and `extra` ones.
pub(super) fn by_roots(
    provider: &Arc<CryptoProvider>,
    extra: &[CertificateDer<'static>],
) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let roots = Arc::new(roots::with_extra(extra));
    let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider))
        .build()
        .map_err(|error| Error::General(error.to_string()))?;
    Ok(Arc::new(ByRoots { verifier, trusted: extra.to_vec() }))
}

/// `insecureSkipTLSVerify`: encryption with whoever answers.
pub(super) fn accept_all(provider: &Arc<CryptoProvider>) -> Arc<dyn ServerCertVerifier> {
    Arc::new(AcceptAll(provider.signature_verification_algorithms.supported_schemes()))
}

#[derive(Debug)]
struct ByRoots {
    verifier: Arc<WebPkiServerVerifier>,
    /// Certificates that may also be the server's own: a self-signed one that is marked as an
    /// authority, as openssl makes them, is refused by webpki though it was named as trusted.
    trusted: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for ByRoots {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified =
            self.verifier.verify_server_cert(certificate, intermediates, name, ocsp_response, now);
        // Go looks at the name before the chain: of two faults users know that one.
        let name_fits = || verify_server_name(&ParsedCertificate::try_from(certificate)?, name);
        match verified {
            Err(Error::InvalidCertificate(CertificateError::Other(_)))
                if self.trusted.contains(certificate) =>
            {
                name_fits()?;
                Ok(ServerCertVerified::assertion())
            }
            Err(Error::InvalidCertificate(
                error @ (CertificateError::UnknownIssuer | CertificateError::Other(_)),
            )) => Err(name_fits().err().unwrap_or(error.into())),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// Signatures are not looked at either: they would prove the possession of a key that anybody can
/// make, and certificates too odd to be parsed are the reason why some ask for this.
#[derive(Debug)]
struct AcceptAll(Vec<SignatureScheme>);

impl ServerCertVerifier for AcceptAll {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.clone()
    }
}
