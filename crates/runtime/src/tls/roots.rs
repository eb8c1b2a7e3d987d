//! The authorities that this machine trusts, read once.

use std::sync::OnceLock;

use rustls::{RootCertStore, pki_types::CertificateDer};

/// The system's store (or `SSL_CERT_FILE` and `SSL_CERT_DIR`, where they are set), and Mozilla's
/// list built in where the system has none. Certificates that cannot be read are left out: one bad
/// file among hundreds must not end TLS.
pub(super) fn with_extra(extra: &[CertificateDer<'static>]) -> RootCertStore {
    static SYSTEM: OnceLock<RootCertStore> = OnceLock::new();
    let system = SYSTEM.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        roots
    });
    let mut roots = system.clone();
    roots.add_parsable_certificates(extra.iter().cloned());
    roots
}

/// No others than these.
pub(super) fn only(certificates: &[CertificateDer<'static>]) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates.iter().cloned());
    roots
}
