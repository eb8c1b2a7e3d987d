//! Options about TLS: versions, cipher suites, client certificates.

use plimsoll_runtime::tls::{
    ClientCertificate, TlsConfig, TlsConnector, TlsVersion, is_known_cipher_suite,
};
use serde_json::{Map, Value, json};

use super::{
    Options,
    error::{OptionsError, Reason},
    value::{self, Read},
};

/// `tlsVersion`: both empty when any version will do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsVersions {
    pub min: String,
    pub max: String,
}

const TLS_VERSIONS: &[&str] = &["", "ssl3.0", "tls1.0", "tls1.1", "tls1.2", "tls1.3"];

pub(crate) fn tls_versions(value: &Value) -> Read<TlsVersions> {
    if let Some(version) = value.as_str() {
        let version = tls_version(version)?;
        return Ok(TlsVersions { min: version.clone(), max: version });
    }
    let map = value::object(value)?;
    let part = |key| value::inner(map, key, |v| tls_version(&value::text(v)?));
    Ok(TlsVersions { min: part("min")?.unwrap_or_default(), max: part("max")?.unwrap_or_default() })
}

fn tls_version(text: &str) -> Read<String> {
    if TLS_VERSIONS.contains(&text) {
        return Ok(text.to_owned());
    }
    Err(Reason::new(format!("unknown TLS version '{text}'")).hint("write tls1.2 or tls1.3"))
}

/// One client certificate of `tlsAuth`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsAuth {
    /// Host patterns; for every host when empty.
    pub domains: Option<Vec<String>>,
    /// PEM
    pub cert: String,
    /// PEM
    pub key: String,
    pub password: Option<String>,
}

impl TlsAuth {
    pub(crate) fn to_json(&self) -> Value {
        let mut map = Map::new();
        map.insert("cert".to_owned(), json!(self.cert));
        map.insert("key".to_owned(), json!(self.key));
        map.insert("password".to_owned(), json!(self.password));
        map.insert("domains".to_owned(), json!(self.domains));
        Value::Object(map)
    }
}

pub(crate) fn tls_auth(value: &Value) -> Read<TlsAuth> {
    let map = value::object(value)?;
    Ok(TlsAuth {
        domains: value::inner(map, "domains", value::texts)?,
        cert: value::inner(map, "cert", value::text)?.unwrap_or_default(),
        key: value::inner(map, "key", value::text)?.unwrap_or_default(),
        password: value::inner(map, "password", value::text)?,
    })
}

/// A name that k6 takes; those that our TLS cannot speak are refused when the connection settings are
/// made.
pub(crate) fn cipher_suite(value: &Value) -> Read<String> {
    let name = value::text(value)?;
    if is_known_cipher_suite(&name) {
        return Ok(name);
    }
    Err(Reason::new(format!("unknown cipher suite '{name}'"))
        .hint("write a name such as TLS_AES_128_GCM_SHA256"))
}

impl Options {
    /// What opens the TLS sessions of a run.
    ///
    /// # Errors
    /// Versions, suites, certificates or keys that cannot be used.
    pub fn tls_connector(&self) -> Result<TlsConnector, OptionsError> {
        let version = |text: &str| TlsVersion::parse(text);
        let versions = self.tls_version.as_ref();
        let certificates = self.tls_auth.iter().flatten().map(|auth| ClientCertificate {
            domains: auth.domains.clone().unwrap_or_default(),
            certificate_pem: auth.cert.clone(),
            key_pem: auth.key.clone(),
            key_password: auth.password.clone(),
        });
        let config = TlsConfig {
            min: versions.and_then(|v| version(&v.min)),
            max: versions.and_then(|v| version(&v.max)),
            insecure_skip_verify: self.insecure_skip_tls_verify.unwrap_or(false),
            client_certificates: certificates.collect(),
            cipher_suites: self.tls_cipher_suites.clone().unwrap_or_default(),
            ..TlsConfig::default()
        };
        TlsConnector::new(&config).map_err(|error| OptionsError {
            message: error.to_string(),
            hint: Some("see the options tlsVersion, tlsCipherSuites and tlsAuth".to_owned()),
        })
    }

    /// Tests the TLS options of a run when there are any.
    pub(crate) fn check_tls(&self) -> Result<(), OptionsError> {
        let given = self.tls_version.is_some()
            || self.tls_auth.is_some()
            || self.tls_cipher_suites.is_some();
        if given { self.tls_connector().map(drop) } else { Ok(()) }
    }
}
