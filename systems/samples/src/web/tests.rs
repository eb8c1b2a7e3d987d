//! The service as its clients see it, through hyper's client.

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use plimsoll_runtime::{
    dial::{DialOptions, Stream, dial},
    tls::{TlsConfig, TlsConnector},
};
use serde_json::{Value, json};

use super::*;

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

fn request(method: &str, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path).header("host", "sample.test")
}

/// Sends one request over its own connection and reads the whole answer.
async fn exchange(stream: Stream, request: Request<Full<Bytes>>) -> Answer {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    let driver = tokio::spawn(connection);
    let response = sender.send_request(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    driver.abort();
    Answer { status: parts.status, headers: parts.headers, body }
}

async fn send(service: &Running, request: Request<Full<Bytes>>) -> Answer {
    let tcp = dial(service.local_addr(), &DialOptions::default()).await.unwrap();
    exchange(tcp.into(), request).await
}

async fn ask(builder: http::request::Builder, body: impl Into<Bytes>) -> Answer {
    let service = start(&WebConfig::default()).unwrap();
    send(&service, builder.body(Full::new(body.into())).unwrap()).await
}

async fn get(path: &str) -> Answer {
    ask(request("GET", path), "").await
}

async fn check_status(method: &str, path: &str, expected: u16) {
    let answer = ask(request(method, path), "").await;
    assert_eq!(answer.status.as_u16(), expected, "{method} {path}");
}

#[tokio::test]
async fn a_get_is_described() {
    let answer = ask(request("GET", "/get?a=1&b=2&a=3&c").header("x-two-words", "v"), "").await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(
        answer.json(),
        json!({
            "args": { "a": ["1", "3"], "b": "2", "c": "" },
            "headers": { "Host": "sample.test", "X-Two-Words": "v" },
            "origin": "127.0.0.1",
            "url": "http://sample.test/get?a=1&b=2&a=3&c",
        })
    );
    assert!(answer.body.starts_with(b"{\n  \"args\": {\n") && answer.body.ends_with(b"}\n"));
}

#[tokio::test]
async fn a_body_comes_back_by_its_type() {
    let sent = async |method, path, content_type: &str, body: &'static [u8]| {
        ask(request(method, path).header("content-type", content_type), body).await.json()
    };
    let answer = sent("POST", "/post", "application/json", b"{\"a\":[1,null]}").await;
    assert_eq!(answer["json"], json!({ "a": [1, null] }));
    assert_eq!(answer["data"], "{\"a\":[1,null]}");
    assert_eq!(answer["form"], json!({}));
    assert_eq!(answer["method"], Value::Null);

    let form = "application/x-www-form-urlencoded";
    let answer = sent("PUT", "/put", form, b"x=1&y=%20&x=2").await;
    assert_eq!(answer["form"], json!({ "x": ["1", "2"], "y": " " }));
    assert_eq!((&answer["data"], &answer["json"]), (&json!(""), &Value::Null));

    let body = b"--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\n\
        text\r\n--b\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\nv\r\n--b--\r\n";
    let answer = sent("PATCH", "/patch", "multipart/form-data; boundary=b", body).await;
    assert_eq!(
        (&answer["files"], &answer["form"]),
        (&json!({ "f": "text" }), &json!({ "n": "v" }))
    );

    let answer = sent("DELETE", "/anything/deep/er?q=1", "x/y", b"\xff\x00").await;
    assert_eq!(answer["method"], "DELETE");
    assert_eq!(answer["data"], "data:application/octet-stream;base64,/wA=");
    assert_eq!(answer["url"], "http://sample.test/anything/deep/er?q=1");
}

#[tokio::test]
async fn small_facts_are_told() {
    assert_eq!(get("/ip").await.json(), json!({ "origin": "127.0.0.1" }));
    assert_eq!(get("/headers").await.json()["headers"]["Host"], "sample.test");
    let answer = ask(request("GET", "/user-agent").header("user-agent", "test/1"), "").await;
    assert_eq!(answer.json(), json!({ "user-agent": "test/1" }));
    let uuid = get("/uuid").await.json()["uuid"].as_str().unwrap().to_owned();
    assert_eq!((uuid.len(), uuid.chars().nth(14)), (36, Some('4')));
}

#[tokio::test]
async fn statuses_are_as_asked() {
    for (path, expected) in [
        ("/status/204", 204),
        ("/status/503", 503),
        ("/status/418", 418),
        ("/status/abc", 400),
        ("/status/", 400),
        ("/nowhere", 404),
        ("/bytes/many", 400),
        ("/get/more", 404),
    ] {
        check_status("GET", path, expected).await;
    }
    check_status("POST", "/get", 405).await;
    check_status("GET", "/post", 405).await;
    check_status("OPTIONS", "/get", 200).await;
    assert_eq!(get("/status/401").await.header("www-authenticate"), "Basic realm=\"Fake Realm\"");
    assert_eq!(get("/status/302").await.header("location"), "/redirect/1");
}

#[tokio::test]
async fn redirects_lead_on() {
    for (path, status, location) in [
        ("/redirect/3", 302, "/relative-redirect/2"),
        ("/relative-redirect/1", 302, "/get"),
        ("/absolute-redirect/2", 302, "http://sample.test/absolute-redirect/1"),
        ("/redirect/1?absolute=true", 302, "http://sample.test/get"),
        ("/redirect-to?url=http%3A%2F%2Fa.test%2F&status_code=307", 307, "http://a.test/"),
        ("/redirect-to?url=/x&status_code=200", 302, "/x"),
    ] {
        let answer = get(path).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (status, location));
    }
    check_status("GET", "/redirect/0", 400).await;
    check_status("GET", "/redirect-to", 400).await;
    check_status("GET", "/redirect-to?url=%0a", 400).await;
    let form =
        request("POST", "/redirect-to").header("content-type", "application/x-www-form-urlencoded");
    let answer = ask(form, "url=/y&status_code=303").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/y"));
}

#[tokio::test]
async fn cookies_are_shown_and_changed() {
    let answer = ask(request("GET", "/cookies").header("cookie", "a=1; b=\"2\""), "").await;
    assert_eq!(answer.json(), json!({ "cookies": { "a": "1", "b": "2" } }));
    let answer = get("/cookies/set?x=1&y=2").await;
    let set: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    assert_eq!(set, ["x=1; Path=/", "y=2; Path=/"]);
    assert_eq!((answer.status.as_u16(), answer.header("location")), (302, "/cookies"));
    assert_eq!(get("/cookies/set/n/v%20w").await.header("set-cookie"), "n=v w; Path=/");
    assert!(get("/cookies/delete?n").await.header("set-cookie").starts_with("n=; Expires="));
}

#[tokio::test]
async fn passwords_are_checked() {
    let with = async |path, authorization: &str| {
        let answer = ask(request("GET", path).header("authorization", authorization), "").await;
        answer.status.as_u16()
    };
    // u:p
    assert_eq!(with("/basic-auth/u/p", "Basic dTpw").await, 200);
    assert_eq!(with("/basic-auth/u/q", "Basic dTpw").await, 401);
    assert_eq!(with("/hidden-basic-auth/u/p", "Basic dTpw").await, 200);
    assert_eq!(with("/hidden-basic-auth/u/p", "").await, 404);
    assert_eq!(with("/bearer", "Bearer t").await, 200);
    assert_eq!(with("/bearer", "Basic t").await, 401);
    assert_eq!(with("/digest-auth/auth/u/p", "Digest username=\"u\"").await, 401);
    // By RFC 2617: MD5(MD5("u:r:p") + ":n:1:c:auth:" + MD5("GET:/digest-auth/auth/u/p")).
    let digest = |response| {
        format!(
            "Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"/digest-auth/auth/u/p\", \
             qop=auth, nc=1, cnonce=\"c\", response=\"{response}\""
        )
    };
    let right = digest("5a137568e6b661070703aea17cc0dc4f");
    assert_eq!(with("/digest-auth/auth/u/p", &right).await, 200);
    let wrong = digest("00000000000000000000000000000000");
    assert_eq!(with("/digest-auth/auth/u/p", &wrong).await, 401);
    let challenge = get("/digest-auth/auth/u/p/SHA-256").await;
    assert!(challenge.header("www-authenticate").contains("algorithm=SHA-256"));
}

#[tokio::test]
async fn encodings_decode_to_the_request() {
    use std::io::Read;
    for (path, encoding, flag) in [
        ("/gzip", "gzip", "gzipped"),
        ("/deflate", "deflate", "deflated"),
        ("/brotli", "br", "brotli"),
        ("/zstd", "zstd", "zstd"),
    ] {
        let answer = get(path).await;
        assert_eq!(answer.header("content-encoding"), encoding);
        let mut decoded = Vec::new();
        let body = answer.body.as_ref();
        let read = match encoding {
            "gzip" => flate2::read::GzDecoder::new(body).read_to_end(&mut decoded),
            "deflate" => flate2::read::ZlibDecoder::new(body).read_to_end(&mut decoded),
            "br" => brotli::Decompressor::new(body, 4096).read_to_end(&mut decoded),
            _ => zstd::Decoder::new(body).unwrap().read_to_end(&mut decoded),
        };
        assert!(read.unwrap() > 0);
        let value: Value = serde_json::from_slice(&decoded).unwrap();
        assert_eq!((&value[flag], &value["method"]), (&json!(true), &json!("GET")));
    }
    assert_eq!(get("/base64/aGVsbG8%3D").await.body, "hello");
    check_status("GET", "/base64/%21", 400).await;
}

#[tokio::test]
async fn bodies_have_their_size() {
    for (path, length) in [
        ("/bytes/0", 0),
        ("/bytes/1000", 1000),
        ("/bytes/200000", 200_000),
        ("/bytes/1000?seed=3", 1000),
        ("/work?bytes=300&cpu_ms=1&sleep_ms=1", 300),
        ("/drip?numbytes=3&duration=0.003&delay=0", 3),
    ] {
        let answer = get(path).await;
        assert_eq!(answer.header("content-length"), length.to_string(), "{path}");
        assert_eq!(answer.body.len(), length, "{path}");
    }
    let answer = get("/stream-bytes/50000?chunk_size=999").await;
    assert_eq!(answer.body.len(), 50_000);
    assert_eq!(answer.header("transfer-encoding"), "chunked");
    let seeded = async |seed| get(&format!("/bytes/100000?seed={seed}")).await.body;
    assert_eq!(seeded(1).await, seeded(1).await);
    assert_ne!(seeded(1).await, seeded(2).await);
    let head = ask(request("HEAD", "/bytes/10"), "").await;
    assert_eq!((head.header("content-length"), head.body.len()), ("10", 0));
}

#[tokio::test]
async fn lines_are_streamed_with_numbers() {
    let body = get("/stream/3").await.body;
    let ids: Vec<_> = std::str::from_utf8(&body)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone())
        .collect();
    assert_eq!(ids, [0, 1, 2]);
}

#[tokio::test]
async fn pages_hold_what_scripts_look_for() {
    for (path, content_type, content) in [
        ("/", "text/plain", "The sample service is up."),
        ("/html", "text/html", "<h1>Load lines</h1>"),
        ("/forms/post", "text/html", "action=\"/post\""),
        ("/json", "application/json", "\"title\": \"Sample Slide Show\""),
        ("/xml", "application/xml", "<?xml"),
        ("/links/3/1", "text/html", "<a href=\"/links/3/0\">0</a> 1 <a href=\"/links/3/2\">"),
        ("/encoding/utf8", "text/html", "größere"),
    ] {
        let answer = get(path).await;
        assert!(answer.header("content-type").starts_with(content_type), "{path}");
        assert!(std::str::from_utf8(&answer.body).unwrap().contains(content), "{path}");
    }
    let image = get("/image/png").await;
    assert_eq!(image.header("content-type"), "image/png");
    assert!(image.body.starts_with(b"\x89PNG") && image.body.ends_with(b"IEND\xae\x42\x60\x82"));
}

#[tokio::test]
async fn conditions_are_respected() {
    let with = async |path, name: &str, value: &str| {
        ask(request("GET", path).header(name, value), "").await.status.as_u16()
    };
    assert_eq!(get("/cache").await.status, 200);
    assert_eq!(with("/cache", "if-none-match", "x").await, 304);
    assert_eq!(with("/etag/t", "if-none-match", "\"s\", W/\"t\"").await, 304);
    assert_eq!(with("/etag/t", "if-none-match", "\"s\"").await, 200);
    assert_eq!(with("/etag/t", "if-match", "\"s\"").await, 412);
    assert_eq!(get("/cache/60").await.header("cache-control"), "public, max-age=60");
    let answer = get("/response-headers?X-A=1&x-a=2&content-type=text/plain").await;
    assert_eq!(answer.header("content-type"), "text/plain");
    assert_eq!(answer.json()["X-A"], "1,2");
    assert_eq!(answer.json()["Content-Length"], answer.body.len().to_string());
}

#[tokio::test]
async fn too_large_a_body_is_refused() {
    let service = start(&WebConfig::default()).unwrap();
    let mut tcp = dial(service.local_addr(), &DialOptions::default()).await.unwrap();
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let head = format!("POST /post HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", 65 << 20);
    tcp.write_all(head.as_bytes()).await.unwrap();
    let (mut reader, mut writer) = tcp.split();
    let write = async {
        // The server may stop reading at any point.
        let piece = vec![0; 1 << 20];
        for _ in 0..65 {
            if writer.write_all(&piece).await.is_err() {
                break;
            }
        }
    };
    let read = async {
        let mut status = [0; 12];
        reader.read_exact(&mut status).await.unwrap();
        status
    };
    let status = tokio::select! {
        status = read => status,
        () = async { write.await; std::future::pending().await } => unreachable!(),
    };
    assert_eq!(&status, b"HTTP/1.1 413");
}

/// Whatever its number of threads, and whatever that of the other.
#[tokio::test]
async fn a_port_belongs_to_one_service() {
    let of = |threads, addr| start(&WebConfig { addr, threads, ..WebConfig::default() });
    for (first, second) in [(1, 2), (2, 1), (2, 2)] {
        let service = of(first, WebConfig::default().addr).unwrap();
        let addr = service.local_addr();
        let error = of(second, addr).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse, "{first}, {second}");
        assert_eq!(
            send(&service, request("GET", "/ip").body(Full::default()).unwrap()).await.status,
            200
        );
        drop(service);
        assert_eq!(of(second, addr).unwrap().local_addr(), addr);
    }
}

async fn secure(service: &Running, certificate_pem: &str, alpn: Alpn) -> Stream {
    let extra_roots_pem = vec![certificate_pem.to_owned()];
    let config = TlsConfig { extra_roots_pem, ..TlsConfig::default() };
    let tcp = dial(service.local_addr(), &DialOptions::default()).await.unwrap();
    TlsConnector::new(&config).unwrap().connect(tcp, "localhost", alpn).await.unwrap().into()
}

#[tokio::test]
async fn tls_is_spoken_with_a_certificate_that_clients_can_trust() {
    let identity = Identity::self_signed().unwrap();
    let pem = identity.certificate_pem.clone();
    let service = start(&WebConfig { tls: Some(identity), ..WebConfig::default() }).unwrap();
    let stream = secure(&service, &pem, Alpn::Http1).await;
    let answer = exchange(stream, request("GET", "/get").body(Full::default()).unwrap()).await;
    assert_eq!(answer.json()["url"], "https://sample.test/get");
}

#[tokio::test]
async fn http2_is_spoken_with_and_without_tls() {
    let identity = Identity::self_signed().unwrap();
    let pem = identity.certificate_pem.clone();
    for tls in [None, Some(identity)] {
        let is_secure = tls.is_some();
        let service = start(&WebConfig { tls, ..WebConfig::default() }).unwrap();
        let stream = if is_secure {
            secure(&service, &pem, Alpn::Http2).await
        } else {
            dial(service.local_addr(), &DialOptions::default()).await.unwrap().into()
        };
        let executor = hyper_util::rt::TokioExecutor::new();
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(executor, TokioIo::new(stream)).await.unwrap();
        let driver = tokio::spawn(connection);
        let request =
            Request::post("http://sample.test/anything?x=1").body(Full::new(Bytes::from("b")));
        let response = sender.send_request(request.unwrap()).await.unwrap();
        assert_eq!(response.version(), http::Version::HTTP_2);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let value: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            (&value["data"], &value["headers"]["Host"]),
            (&json!("b"), &json!("sample.test"))
        );
        // What would be a body is told and not sent.
        let head = Request::head("http://sample.test/bytes/10").body(Full::default()).unwrap();
        let response = sender.send_request(head).await.unwrap();
        assert_eq!(response.headers().get("content-length").unwrap(), "10");
        assert!(response.into_body().collect().await.unwrap().to_bytes().is_empty());
        driver.abort();
    }
}

#[tokio::test]
async fn several_threads_share_an_address_and_end_together() {
    let server = bind(WebConfig { threads: 3, ..WebConfig::default() }).await.unwrap();
    let addr = server.local_addr();
    let asked = async {
        for _ in 0..20 {
            let tcp = dial(addr, &DialOptions::default()).await.unwrap();
            let request = request("GET", "/").body(Full::default()).unwrap();
            assert_eq!(exchange(tcp.into(), request).await.status, 200);
        }
    };
    server.run(asked).await.unwrap();
    assert!(dial(addr, &DialOptions::default()).await.is_err());
}

#[tokio::test]
async fn an_address_in_use_is_an_error() {
    let service = start(&WebConfig::default()).unwrap();
    let config = WebConfig { addr: service.local_addr(), ..WebConfig::default() };
    assert_eq!(start(&config).unwrap_err().kind(), io::ErrorKind::AddrInUse);
}
