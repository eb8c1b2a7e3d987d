//! Certificates and keys from PEM text.

use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use super::{TlsSetupError, encrypted_key};

/// At least one.
pub(super) fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, TlsSetupError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(TlsSetupError::Certificate("there is none in the PEM text".into())),
        Err(error) => Err(TlsSetupError::Certificate(error.to_string())),
    }
}

/// `password` is for an encrypted key; one that is not encrypted needs none.
pub(super) fn private_key(
    pem: &str,
    password: Option<&str>,
) -> Result<PrivateKeyDer<'static>, TlsSetupError> {
    if encrypted_key::is_encrypted(pem) {
        return encrypted_key::decrypt(pem, password);
    }
    PrivateKeyDer::from_pem_slice(pem.as_bytes())
        .map_err(|error| TlsSetupError::Key(error.to_string()))
}
