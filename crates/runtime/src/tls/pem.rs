//! Certificates and keys from PEM text.

use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use super::TlsSetupError;

/// At least one.
pub(super) fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, TlsSetupError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(TlsSetupError::Certificate("there is none in the PEM text".into())),
        Err(error) => Err(TlsSetupError::Certificate(error.to_string())),
    }
}

pub(super) fn private_key(pem: &str) -> Result<PrivateKeyDer<'static>, TlsSetupError> {
    if pem.contains("BEGIN ENCRYPTED PRIVATE KEY") || pem.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(TlsSetupError::EncryptedKey);
    }
    PrivateKeyDer::from_pem_slice(pem.as_bytes())
        .map_err(|error| TlsSetupError::Key(error.to_string()))
}
