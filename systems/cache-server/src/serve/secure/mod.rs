//! TLS: the certificate from the parameters, and handshakes on a thread of their own.

mod handshakes;

use std::{path::Path, sync::RwLock};

use plimsoll_runtime::tls::{
    Alpn,
    server::{ClientAuth, TlsAcceptor},
};

pub(super) use self::handshakes::{Arrival, HANDSHAKES_MAX, run};
use super::{exclusive, parameters::Parameters, settings, shared};

/// What new sessions are made with. Replaced as a whole by CONFIG SET; sessions that are there stay.
#[derive(Default)]
pub(crate) struct Secure {
    acceptor: RwLock<Option<TlsAcceptor>>,
}

impl std::fmt::Debug for Secure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Secure").field("is_on", &self.is_on()).finish()
    }
}

impl Secure {
    /// Reads the files again that the parameters name. What was there stays when they cannot be used.
    ///
    /// # Errors
    /// Why not, naming the parameter.
    pub(crate) fn load(&self, parameters: &Parameters) -> Result<(), String> {
        let acceptor = acceptor(&|name| parameters.text(name))?;
        *exclusive(&self.acceptor) = Some(acceptor);
        Ok(())
    }

    /// Whether the parameters could be changed to `pairs`, as far as they are about TLS and that is on.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn check(
        &self,
        parameters: &Parameters,
        pairs: &[(&str, &str)],
    ) -> Result<(), String> {
        if !self.is_on() || !pairs.iter().any(|(name, _)| is_about_tls(name)) {
            return Ok(());
        }
        let value = |wanted: &str| {
            let given = pairs.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            given.map_or_else(|| parameters.text(wanted), |(_, value)| (*value).to_owned())
        };
        acceptor(&value).map(drop)
    }

    pub(crate) fn is_on(&self) -> bool {
        self.acceptor().is_some()
    }

    fn acceptor(&self) -> Option<TlsAcceptor> {
        shared(&self.acceptor).clone()
    }
}

/// Of the parameters that CONFIG SET changes.
pub(crate) fn is_about_tls(name: &str) -> bool {
    name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("tls-"))
}

fn acceptor(value: &dyn Fn(&str) -> String) -> Result<TlsAcceptor, String> {
    let read = |name: &str| {
        let path = value(name);
        if path.is_empty() {
            return Err(format!("{name} is needed for TLS"));
        }
        settings::read(Path::new(&path)).map_err(|error| format!("{name}: {path}: {error}"))
    };
    let (certificate, key) = (read("tls-cert-file")?, read("tls-key-file")?);
    let password = value("tls-key-file-pass");
    let password = (!password.is_empty()).then_some(password.as_str());
    let wanted = value("tls-auth-clients");
    let authority = match wanted.as_str() {
        "no" => String::new(),
        _ => read("tls-ca-cert-file").map_err(|error| {
            format!("{error} (or tls-auth-clients no, for clients without certificates)")
        })?,
    };
    let auth = match wanted.as_str() {
        "no" => ClientAuth::None,
        "optional" => ClientAuth::Optional(&authority),
        _ => ClientAuth::Required(&authority),
    };
    TlsAcceptor::with_client_auth(&certificate, (&key, password), Alpn::None, auth)
        .map_err(|error| format!("tls-cert-file, tls-key-file: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        for (set, expected) in [
            (&[][..], "tls-cert-file is needed for TLS"),
            (&[("tls-cert-file", "/no/file")], "tls-cert-file: /no/file: No such file"),
            (&[("tls-cert-file", "Cargo.toml")], "tls-key-file is needed for TLS"),
            (
                &[("tls-cert-file", "Cargo.toml"), ("tls-key-file", "Cargo.toml")],
                "tls-ca-cert-file is needed for TLS (or tls-auth-clients no",
            ),
            (
                &[
                    ("tls-cert-file", "Cargo.toml"),
                    ("tls-key-file", "Cargo.toml"),
                    ("tls-auth-clients", "no"),
                ],
                "tls-cert-file, tls-key-file: invalid certificate",
            ),
        ] {
            let parameters = Parameters::new();
            parameters.set(set).unwrap();
            let error = Secure::default().load(&parameters).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
