//! Versions and cipher suites: k6's names, and what of them rustls can do.

use rustls::{
    CipherSuite, ProtocolVersion, SupportedCipherSuite, SupportedProtocolVersion,
    version::{TLS12, TLS13},
};

use super::TlsSetupError;

/// In the order of their age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    Tls10,
    Tls11,
    Tls12,
    Tls13,
}

impl TlsVersion {
    /// From k6's `http.TLS_1_2` (`tls1.2`) and the like.
    pub fn parse(text: &str) -> Option<TlsVersion> {
        match text {
            "tls1.0" => Some(TlsVersion::Tls10),
            "tls1.1" => Some(TlsVersion::Tls11),
            "tls1.2" => Some(TlsVersion::Tls12),
            "tls1.3" => Some(TlsVersion::Tls13),
            _ => None,
        }
    }

    /// k6's name, such as `tls1.2`.
    pub fn name(self) -> &'static str {
        match self {
            TlsVersion::Tls10 => "tls1.0",
            TlsVersion::Tls11 => "tls1.1",
            TlsVersion::Tls12 => "tls1.2",
            TlsVersion::Tls13 => "tls1.3",
        }
    }

    pub(super) fn from_rustls(version: ProtocolVersion) -> Option<TlsVersion> {
        match version {
            ProtocolVersion::TLSv1_2 => Some(TlsVersion::Tls12),
            ProtocolVersion::TLSv1_3 => Some(TlsVersion::Tls13),
            _ => None,
        }
    }
}

/// Those in the range that can be offered.
pub(super) fn versions(
    min: Option<TlsVersion>,
    max: Option<TlsVersion>,
) -> Result<Vec<&'static SupportedProtocolVersion>, TlsSetupError> {
    let max = max.unwrap_or(TlsVersion::Tls13);
    let min = min.unwrap_or(TlsVersion::Tls12.min(max));
    if min > max {
        return Err(TlsSetupError::VersionRange { min, max });
    }
    let supported = [(TlsVersion::Tls12, &TLS12), (TlsVersion::Tls13, &TLS13)];
    let versions: Vec<_> = supported
        .into_iter()
        .filter(|(version, _)| (min..=max).contains(version))
        .map(|(_, version)| version)
        .collect();
    if versions.is_empty() { Err(TlsSetupError::VersionTooOld(max)) } else { Ok(versions) }
}

/// Puts the suites into the order in which Go's client offers them: servers that follow it then use
/// the same one, and the same CPU, as under k6.
pub(super) fn order(supported: &mut [SupportedCipherSuite]) {
    const ORDER: [&str; 3] = ["AES_128_GCM", "AES_256_GCM", "CHACHA20"];
    supported.sort_by_key(|suite| {
        let name = name(suite.suite());
        ORDER.iter().position(|part| name.contains(part))
    });
}

/// Leaves the named suites of TLS 1.2, and those of TLS 1.3. Suites that exist but cannot be
/// offered are left out as long as another is left.
pub(super) fn restrict(
    supported: &mut Vec<SupportedCipherSuite>,
    names: &[String],
) -> Result<(), TlsSetupError> {
    if let Some(unknown) = names.iter().find(|name| !is_known_cipher_suite(name)) {
        return Err(TlsSetupError::UnknownCipherSuite(unknown.clone()));
    }
    if names.is_empty() {
        return Ok(());
    }
    let named = |suite: &SupportedCipherSuite| {
        names.iter().any(|named| names_suite(named, name(suite.suite())))
    };
    if !supported.iter().any(named) {
        return Err(TlsSetupError::UnsupportedCipherSuites(names.join(", ")));
    }
    supported.retain(|suite| suite.tls13().is_some() || named(suite));
    Ok(())
}

/// Whether k6 takes the name in `tlsCipherSuites`.
pub fn is_known_cipher_suite(name: &str) -> bool {
    // Those that can be offered here, and older ones that cannot.
    const OLD: [&str; 16] = [
        "TLS_RSA_WITH_RC4_128_SHA",
        "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
        "TLS_RSA_WITH_AES_128_CBC_SHA",
        "TLS_RSA_WITH_AES_256_CBC_SHA",
        "TLS_RSA_WITH_AES_128_CBC_SHA256",
        "TLS_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
        "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
        "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
    ];
    let supported = rustls::crypto::ring::ALL_CIPHER_SUITES;
    OLD.contains(&name)
        || supported.iter().any(|suite| names_suite(name, self::name(suite.suite())))
}

/// The ChaCha suites of TLS 1.2 may also be named in full.
fn names_suite(named: &str, suite: &str) -> bool {
    let full = || named.strip_suffix("_SHA256").filter(|short| short.ends_with("_POLY1305"));
    named == suite || full() == Some(suite)
}

/// k6's name, which is IANA's but for the ChaCha suites of TLS 1.2: theirs lack the hash. Empty for
/// suites that rustls cannot negotiate.
pub(super) fn name(suite: CipherSuite) -> &'static str {
    match suite {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        CipherSuite::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 => {
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
        }
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 => {
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
        }
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => {
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
        }
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => {
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
        }
        CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => {
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305"
        }
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 => {
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305"
        }
        _ => "",
    }
}
