//! `serve cache` with TLS and certificates of its own authority.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use plimsoll_e2e::{ports::Port, untested::not_tested};
use tempfile::TempDir;

use crate::cache::Cache;

/// A server that listens with TLS and without.
pub(super) struct SecureCache {
    pub(super) plain: Cache,
    port: Port,
    folder: TempDir,
}

impl SecureCache {
    /// With a certificate for `localhost` and 127.0.0.1; `arguments` as on the command line.
    pub(super) fn start(arguments: &[&str]) -> SecureCache {
        let folder = tempfile::tempdir().unwrap();
        write_certificates(&folder);
        let (port, plain_port) = (Port::reserve(), Port::reserve());
        let file = |name: &str| folder.path().join(name).display().to_string();
        let own = [
            ("--port", plain_port.number.to_string()),
            ("--tls-port", port.number.to_string()),
            ("--tls-cert-file", file("cert.pem")),
            ("--tls-key-file", file("key.pem")),
            ("--tls-ca-cert-file", file("ca.pem")),
        ];
        let own = own.iter().flat_map(|(name, value)| [*name, value.as_str()]);
        let all: Vec<&str> = own.chain(arguments.iter().copied()).collect();
        SecureCache { plain: Cache::start(&all), port, folder }
    }

    /// `rediss://127.0.0.1:PORT`
    pub(super) fn url(&self) -> String {
        format!("rediss://127.0.0.1:{}", self.port.number)
    }

    pub(super) fn tls_port(&self) -> u16 {
        self.port.number
    }

    /// `ca.pem`, `cert.pem`, `key.pem`, `client.pem` or `client-key.pem`.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes others over them, of another authority.
    pub(super) fn renew_certificates(&self) {
        write_certificates(&self.folder);
    }

    /// What a tool of Redis says over TLS, trusting the authority, and whether it ended well; `None` when it
    /// is not installed.
    pub(super) fn tool(&self, name: &str, arguments: &[&str]) -> Option<(bool, String)> {
        let mut command = Command::new(name);
        command.args(["-h", "127.0.0.1", "-p", &self.port.number.to_string(), "--tls", "--cacert"]);
        command.arg(self.file("ca.pem")).args(arguments).stdin(Stdio::null());
        let output = match command.output() {
            Ok(output) => output,
            Err(error) => {
                not_tested(&format!("{name} cannot be run: {error}"));
                return None;
            }
        };
        let said = [output.stdout, output.stderr].concat();
        Some((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
    }
}

/// An authority, the server's certificate by it, and a client's.
fn write_certificates(folder: &TempDir) {
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let key = || rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    // Of the same name, the server's would look as if it had signed itself.
    params.distinguished_name.push(rcgen::DnType::CommonName, "authority of a test");
    let authority = rcgen::CertifiedIssuer::self_signed(params, key()).unwrap();
    write("ca.pem", &authority.pem());
    for (names, certificate_file, key_file) in [
        (&["localhost", "127.0.0.1"][..], "cert.pem", "key.pem"),
        (&["client"], "client.pem", "client-key.pem"),
    ] {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let params = rcgen::CertificateParams::new(names).unwrap();
        let key = key();
        let certificate = params.signed_by(&key, &authority).unwrap();
        write(certificate_file, &certificate.pem());
        write(key_file, &key.serialize_pem());
    }
}
