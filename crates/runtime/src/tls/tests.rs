//! Handshakes between our client and our server over loopback.

use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    server::{ClientAuth, TlsAcceptor},
    *,
};
use crate::{
    dial::{DialOptions, dial},
    listen::{self, ListenOptions},
    workers,
};

/// A self-signed certificate.
struct Pair {
    certificate: String,
    key: String,
}

fn self_signed(change: impl FnOnce(&mut CertificateParams)) -> Pair {
    let mut params = CertificateParams::new(vec!["localhost".into(), "127.0.0.1".into()]).unwrap();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Pair { certificate: certificate.pem(), key: key.serialize_pem() }
}

fn trusting(pair: &Pair) -> TlsConfig {
    TlsConfig { extra_roots_pem: vec![pair.certificate.clone()], ..TlsConfig::default() }
}

fn acceptor(pair: &Pair) -> TlsAcceptor {
    TlsAcceptor::new(&pair.certificate, &pair.key, Alpn::Http2OrHttp1).unwrap()
}

/// One handshake; on success the server says `hi`.
async fn handshake(
    acceptor: &TlsAcceptor,
    config: &TlsConfig,
    name: &str,
    alpn: Alpn,
) -> Result<TlsStream, TlsError> {
    let listener = listen::tcp("127.0.0.1:0".parse().unwrap(), ListenOptions::default()).unwrap();
    let addr = listener.local_addr().unwrap();
    let connector = TlsConnector::new(config).unwrap();
    let serve = async {
        let (tcp, _) = listener.accept().await.unwrap();
        if let Ok(mut stream) = acceptor.accept(tcp).await {
            stream.write_all(b"hi").await.ok();
            stream.shutdown().await.ok();
        }
    };
    let connect = async {
        let tcp = dial(addr, &DialOptions::default()).await.unwrap();
        connector.connect(tcp, name, alpn).await
    };
    tokio::join!(serve, connect).1
}

async fn check_error(pair: &Pair, config: &TlsConfig, name: &str, kind: TlsErrorKind, text: &str) {
    let error = handshake(&acceptor(pair), config, name, Alpn::None).await.unwrap_err();
    assert_eq!(error.kind, kind, "{error}");
    assert!(error.message.contains(text), "{error}");
}

#[tokio::test]
async fn a_session_tells_its_parameters() {
    let pair = self_signed(|_| {});
    for (max, version, suite) in [
        (None, TlsVersion::Tls13, "TLS_AES_128_GCM_SHA256"),
        (Some(TlsVersion::Tls12), TlsVersion::Tls12, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
    ] {
        let config = TlsConfig { max, ..trusting(&pair) };
        let stream = handshake(&acceptor(&pair), &config, "localhost", Alpn::Http2OrHttp1).await;
        let mut stream = stream.unwrap();
        assert_eq!((stream.version(), stream.cipher_suite()), (Some(version), suite));
        assert_eq!(stream.alpn(), Some(b"h2".as_slice()));
        assert_eq!(
            stream.peer_certificate(),
            pem::certificates(&pair.certificate).unwrap().first().map(AsRef::as_ref)
        );
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "hi");
    }
}

#[tokio::test]
async fn the_server_picks_among_the_offered_protocols() {
    let pair = self_signed(|_| {});
    for (alpn, chosen) in
        [(Alpn::None, None), (Alpn::Http1, Some("http/1.1")), (Alpn::Http2, Some("h2"))]
    {
        let stream = handshake(&acceptor(&pair), &trusting(&pair), "127.0.0.1", alpn).await;
        assert_eq!(stream.unwrap().alpn(), chosen.map(str::as_bytes));
    }
}

#[tokio::test]
async fn a_suite_can_be_asked_for() {
    let pair = self_signed(|_| {});
    let suite = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305";
    for name in [suite, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"] {
        let config = TlsConfig {
            max: Some(TlsVersion::Tls12),
            cipher_suites: vec!["TLS_RSA_WITH_RC4_128_SHA".into(), name.into()],
            ..trusting(&pair)
        };
        let stream = handshake(&acceptor(&pair), &config, "localhost", Alpn::None).await.unwrap();
        assert_eq!(stream.cipher_suite(), suite);
    }
}

#[tokio::test]
async fn failures_have_their_kind() {
    let plain = self_signed(|_| {});
    let default = TlsConfig::default();
    let authority = "x509: certificate signed by unknown authority";
    check_error(&plain, &default, "localhost", TlsErrorKind::UnknownAuthority, authority).await;
    let marked =
        self_signed(|params| params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained));
    check_error(&marked, &default, "localhost", TlsErrorKind::UnknownAuthority, authority).await;
    // Of an unknown authority and a wrong name the name is told.
    check_error(&plain, &default, "other.test", TlsErrorKind::Hostname, "not other.test").await;
    let trusted = trusting(&plain);
    check_error(
        &plain,
        &trusted,
        "other.test",
        TlsErrorKind::Hostname,
        "x509: certificate is valid for localhost, not other.test",
    )
    .await;
    check_error(
        &plain,
        &trusted,
        "127.0.0.9",
        TlsErrorKind::Hostname,
        "x509: certificate is valid for 127.0.0.1, not 127.0.0.9",
    )
    .await;
    let old = self_signed(|params| params.not_after = date_time_ymd(2001, 2, 3));
    check_error(&old, &trusting(&old), "localhost", TlsErrorKind::Validity, "is after 2001-02-03")
        .await;
    check_error(&plain, &trusted, "not a name", TlsErrorKind::Other, "invalid server name").await;
}

#[tokio::test]
async fn a_trusted_certificate_may_be_marked_as_an_authority() {
    let pair =
        self_signed(|params| params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained));
    assert!(handshake(&acceptor(&pair), &trusting(&pair), "localhost", Alpn::None).await.is_ok());
    check_error(&pair, &trusting(&pair), "other", TlsErrorKind::Hostname, "not other").await;
}

#[tokio::test]
async fn verification_can_be_skipped() {
    let pair = self_signed(|params| params.not_after = date_time_ymd(2001, 2, 3));
    let config = TlsConfig { insecure_skip_verify: true, ..TlsConfig::default() };
    assert!(handshake(&acceptor(&pair), &config, "other.test", Alpn::None).await.is_ok());
}

#[tokio::test]
async fn what_is_not_tls_is_said_so() {
    let listener = listen::tcp("127.0.0.1:0".parse().unwrap(), ListenOptions::default()).unwrap();
    let addr = listener.local_addr().unwrap();
    let connector = TlsConnector::new(&TlsConfig::default()).unwrap();
    for (answer, kind, text) in [
        ("HTTP/1.1 400 Bad Request\r\n\r\n", TlsErrorKind::Other, "does not look like a TLS"),
        ("", TlsErrorKind::Io, "EOF"),
    ] {
        let serve = async {
            let (mut tcp, _) = listener.accept().await.unwrap();
            let mut hello = [0; 1024];
            assert!(tcp.read(&mut hello).await.unwrap() > 0);
            tcp.write_all(answer.as_bytes()).await.unwrap();
        };
        let connect = async {
            let tcp = dial(addr, &DialOptions::default()).await.unwrap();
            connector.connect(tcp, "localhost", Alpn::None).await
        };
        let error = tokio::join!(serve, connect).1.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(text), "{error}");
    }
}

#[tokio::test]
async fn the_certificate_is_chosen_by_domain() {
    let server = self_signed(|_| {});
    let authority = |name: &str| {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    };
    let (ours, other) = (authority("ours"), authority("other"));
    let signed = |issuer: &CertifiedIssuer<'_, KeyPair>, domain: &str| {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["client".into()]).unwrap();
        ClientCertificate {
            domains: vec![domain.into()],
            certificate_pem: params.signed_by(&key, issuer).unwrap().pem(),
            key_pem: key.serialize_pem(),
            key_password: None,
        }
    };
    let acceptor = TlsAcceptor::with_client_authority(
        &server.certificate,
        &server.key,
        Alpn::None,
        &ours.pem(),
    )
    .unwrap();
    let wrong = signed(&other, "example.com");
    for (domain, accepted) in [("localhost", true), ("*.test", false)] {
        let client_certificates = vec![wrong.clone(), signed(&ours, domain)];
        // In TLS 1.3 the client would learn of the refusal only from its first read.
        let max = Some(TlsVersion::Tls12);
        let config = TlsConfig { client_certificates, max, ..trusting(&server) };
        let result = handshake(&acceptor, &config, "localhost", Alpn::None).await;
        assert_eq!(result.is_ok(), accepted, "{result:?}");
    }
    let none = TlsConfig { max: Some(TlsVersion::Tls12), ..trusting(&server) };
    let error = handshake(&acceptor, &none, "localhost", Alpn::None).await.unwrap_err();
    assert_eq!(error.kind, TlsErrorKind::Alert, "{error}");
    assert!(error.message.starts_with("remote error: tls: "), "{error}");
    // Where it is asked for and not demanded, none is better than a wrong one.
    let authority = ours.pem();
    let acceptor = TlsAcceptor::with_client_auth(
        &server.certificate,
        (&server.key, None),
        Alpn::None,
        ClientAuth::Optional(&authority),
    )
    .unwrap();
    let stranger = TlsConfig { client_certificates: vec![wrong], ..none.clone() };
    for (config, accepted) in [(none, true), (stranger, false)] {
        let result = handshake(&acceptor, &config, "localhost", Alpn::None).await;
        assert_eq!(result.is_ok(), accepted, "{result:?}");
    }
}

#[test]
fn a_session_moves_to_another_runtime() {
    let pair = self_signed(|_| {});
    let acceptor = TlsAcceptor::new(&pair.certificate, &pair.key, Alpn::None).unwrap();
    let bound = listen::bind("127.0.0.1:0".parse().unwrap(), ListenOptions::default()).unwrap();
    let addr = bound.local_addr().unwrap();
    let config = trusting(&pair);
    let client = std::thread::spawn(move || {
        let talk = async {
            let tcp = dial(addr, &DialOptions::default()).await.unwrap();
            let connector = TlsConnector::new(&config).unwrap();
            let mut stream = connector.connect(tcp, "localhost", Alpn::None).await.unwrap();
            stream.write_all(b"ping").await.unwrap();
            let mut reply = [0; 4];
            stream.read_exact(&mut reply).await.unwrap();
            reply
        };
        workers::block_on(talk).unwrap()
    });
    let parked = workers::block_on(async {
        let listener = bound.listen().unwrap();
        let (tcp, _) = listener.accept().await.unwrap();
        acceptor.accept_movable(tcp).await.unwrap().park().unwrap()
    })
    .unwrap();
    workers::block_on(async {
        let mut stream = parked.resume().unwrap();
        let mut asked = [0; 4];
        stream.read_exact(&mut asked).await.unwrap();
        assert_eq!(&asked, b"ping");
        stream.write_all(b"pong").await.unwrap();
        stream.flush().await.unwrap();
    })
    .unwrap();
    assert_eq!(&client.join().unwrap(), b"pong");
}

#[test]
fn domains_match_names() {
    for (domain, host, expected) in [
        ("a.test", "a.test", true),
        ("a.test", "A.TEST", true),
        ("a.test", "b.test", false),
        ("*.test", "a.test", true),
        ("*.test", "a.b.test", false),
        ("*.test", "test", false),
        ("*.test", ".test", false),
    ] {
        assert_eq!(domain_matches(domain, host), expected, "{domain} {host}");
    }
}

#[test]
fn settings_that_cannot_be_followed_are_refused() {
    let check = |config: TlsConfig, expected: &str| {
        let error = TlsConnector::new(&config).err().map(|error| error.to_string());
        assert!(error.as_deref().is_some_and(|text| text.contains(expected)), "{error:?}");
    };
    let suites =
        |name: &str| TlsConfig { cipher_suites: vec![name.into()], ..TlsConfig::default() };
    check(suites("BOGUS"), "unknown cipher suite 'BOGUS'");
    check(suites("TLS_RSA_WITH_RC4_128_SHA"), "none of the cipher suites is supported");
    let versions = |min, max| TlsConfig { min, max, ..TlsConfig::default() };
    check(
        versions(Some(TlsVersion::Tls13), Some(TlsVersion::Tls12)),
        "is above the highest tls1.2",
    );
    check(versions(None, Some(TlsVersion::Tls11)), "tls1.1 is not supported");
    check(versions(Some(TlsVersion::Tls10), Some(TlsVersion::Tls11)), "tls1.1 is not supported");
    let pair = self_signed(|_| {});
    let with_key = |key_pem: &str| TlsConfig {
        client_certificates: vec![ClientCertificate {
            certificate_pem: pair.certificate.clone(),
            key_pem: key_pem.into(),
            ..ClientCertificate::default()
        }],
        ..TlsConfig::default()
    };
    check(with_key(""), "invalid private key");
    check(with_key(&self_signed(|_| {}).key), "private key does not match public key");
    check(with_key("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "there is no password for it");
    let roots =
        |text: &str| TlsConfig { extra_roots_pem: vec![text.into()], ..TlsConfig::default() };
    check(roots("no pem"), "invalid certificate");
}
