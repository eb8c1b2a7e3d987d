//! TLS of the cache: certificates, their renewal, and who is let in.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use plimsoll_e2e::{plimsoll, ports::Port};

use super::secure::SecureCache;

/// Connections that say nothing.
const SILENT: usize = 300;

#[test]
fn the_tools_of_redis_speak_tls() {
    let cache = SecureCache::start(&["--tls-auth-clients", "no", "--threads", "2"]);
    let Some((is_ok, said)) = cache.tool("redis-cli", &["set", "k", "v"]) else { return };
    assert!(is_ok && said == "OK\n", "{said}");
    // The same data, without TLS.
    assert_eq!(cache.plain.tool("redis-cli", &["get", "k"]).as_deref(), Some("v\n"));
    let arguments = ["-q", "-n", "2000", "-c", "20", "-t", "set,get,lrange", "-P", "8"];
    let Some((is_ok, said)) = cache.tool("redis-benchmark", &arguments) else { return };
    assert!(is_ok && said.contains("requests per second"), "{said}");
    assert!(!said.contains("rror"), "{said}");
}

#[test]
fn certificates_of_clients_are_asked_for() {
    let cache = SecureCache::start(&[]);
    let (certificate, key) = (cache.file("client.pem"), cache.file("client-key.pem"));
    let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
    let shown = ["--cert", &certificate, "--key", &key, "ping"];
    let Some((is_ok, said)) = cache.tool("redis-cli", &shown) else { return };
    assert!(is_ok && said == "PONG\n", "{said}");
    let (is_ok, said) = cache.tool("redis-cli", &["ping"]).unwrap();
    assert!(!is_ok || !said.contains("PONG"), "{said}");
    let changed = cache.plain.tool("redis-cli", &["config", "set", "tls-auth-clients", "optional"]);
    assert_eq!(changed.as_deref(), Some("OK\n"));
    let (is_ok, said) = cache.tool("redis-cli", &["ping"]).unwrap();
    assert!(is_ok && said == "PONG\n", "{said}");
}

#[test]
fn a_certificate_is_renewed_while_it_serves() {
    let cache = SecureCache::start(&["--tls-auth-clients", "no"]);
    let Some((is_ok, said)) = cache.tool("redis-cli", &["ping"]) else { return };
    assert!(is_ok, "{said}");
    cache.renew_certificates();
    // Until it is told, the old one is shown, which the new authority has not signed.
    let (is_ok, said) = cache.tool("redis-cli", &["ping"]).unwrap();
    assert!(!is_ok || !said.contains("PONG"), "{said}");
    let file = cache.file("cert.pem").display().to_string();
    let said = cache.plain.tool("redis-cli", &["config", "set", "tls-cert-file", &file]);
    assert_eq!(said.as_deref(), Some("OK\n"));
    let (is_ok, said) = cache.tool("redis-cli", &["ping"]).unwrap();
    assert!(is_ok && said == "PONG\n", "{said}");
    // One that cannot be used changes nothing.
    let said = cache.plain.tool("redis-cli", &["config", "set", "tls-cert-file", "/no/such/file"]);
    assert!(said.unwrap().contains("Unable to update TLS"));
    let (is_ok, said) = cache.tool("redis-cli", &["ping"]).unwrap();
    assert!(is_ok && said == "PONG\n", "{said}");
}

/// Who connects and says nothing, or what is no handshake, keeps nobody else from being served.
#[test]
fn silent_and_wrong_clients_keep_nobody_out() {
    let cache = SecureCache::start(&["--tls-auth-clients", "no"]);
    let connect = || TcpStream::connect(("127.0.0.1", cache.tls_port())).unwrap();
    let silent: Vec<TcpStream> = (0..SILENT).map(|_| connect()).collect();
    let mut wrong = connect();
    wrong.write_all(b"PING\r\nPING\r\nPING\r\n").unwrap();
    wrong.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut answer = Vec::new();
    // An alert, perhaps, and the end.
    wrong.read_to_end(&mut answer).ok();
    assert!(!answer.starts_with(b"+PONG"), "{answer:?}");
    let Some((is_ok, said)) = cache.tool("redis-cli", &["ping"]) else { return };
    assert!(is_ok && said == "PONG\n", "{said}");
    let info = cache.plain.tool("redis-cli", &["info", "stats"]).unwrap();
    assert!(info.contains("tls_handshakes_failed:1\r\n"), "{info}");
    drop(silent);
}

#[test]
fn a_port_for_tls_alone_is_the_only_one() {
    let other = SecureCache::start(&[]);
    let file = |name: &str| other.file(name).display().to_string();
    let port = Port::reserve();
    let run = plimsoll(&[
        "serve",
        "cache",
        "--seconds",
        "1",
        "--tls-port",
        &port.number.to_string(),
        "--tls-cert-file",
        &file("cert.pem"),
        "--tls-key-file",
        &file("key.pem"),
        "--tls-auth-clients",
        "no",
    ]);
    assert_eq!(run.code, Some(0), "{}", run.said());
    let expected = format!("serving cache on rediss://127.0.0.1:{}\n", port.number);
    assert_eq!(run.stdout, expected, "{}", run.said());
}

#[test]
fn what_is_missing_is_said() {
    let port = Port::reserve();
    let port = port.number.to_string();
    for (arguments, expected) in [
        (&[][..], "tls-cert-file is needed"),
        (&["--tls-cert-file", "/no/file"], "tls-cert-file: /no/file: No such file"),
    ] {
        let own = ["serve", "cache", "--seconds", "1", "--tls-port", &port];
        let run = plimsoll(&[&own[..], arguments].concat());
        assert_eq!(run.code, Some(104), "{}", run.said());
        assert!(run.stderr.contains(expected), "{}", run.said());
    }
}
