//! The same exchanges by this client and by hyper's: status, headers and bodies agree.

use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use plimsoll_runtime::dial::{DialOptions, dial};
use proptest::prelude::*;

use crate::support::{
    Subject, config, get,
    raw::{Reply, Server, Then},
    run,
};

/// What a client makes of a response; `None`: an error.
type Verdict = Option<(u16, Vec<(String, String)>, Vec<u8>)>;

async fn ours(server: &Server) -> Verdict {
    let response = Subject::new(config()).send(get(&server.url("/"))).await;
    let headers = response.headers.iter().map(|(n, v)| (n.to_lowercase(), v.into_owned()));
    let body = response.body.clone().unwrap_or_default().to_vec();
    response.error.is_none().then(|| (response.status, headers.collect(), body))
}

async fn hypers(server: &Server) -> Verdict {
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], server.port));
    let stream = dial(address, &DialOptions::default()).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::task::spawn_local(async move { connection.await.ok() });
    let request = hyper::Request::get("/").header("host", "h").body(Empty::<&[u8]>::new()).unwrap();
    let response = sender.send_request(request).await.ok()?;
    let status = response.status().as_u16();
    let text =
        |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers =
        response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let body = response.into_body().collect().await.ok()?.to_bytes().to_vec();
    Some((status, headers, body))
}

fn check(bytes: &[u8], cut: usize) {
    run(async {
        let (first, second) = bytes.split_at(cut.min(bytes.len()));
        let pieces = vec![first.to_vec(), second.to_vec()];
        let server = Server::always(Reply { pieces, then: Then::Close });
        let (mut ours, mut hypers) = (ours(&server).await, hypers(&server).await);
        for verdict in [&mut ours, &mut hypers].into_iter().flatten() {
            verdict.1.sort();
        }
        assert_eq!(ours, hypers, "{:?}", String::from_utf8_lossy(bytes));
    });
}

#[test]
fn responses_of_every_kind() {
    for response in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nuntil the end",
        "HTTP/1.0 200 OK\r\n\r\nold",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n00\r\nT: x\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nX-Blank:   padded  \r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n",
        "",
    ] {
        for cut in [0, 1, 16, 40, response.len()] {
            check(response.as_bytes(), cut);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn whatever_the_size_and_the_cut(
        body in proptest::collection::vec(any::<u8>(), 0..3000),
        chunked in any::<bool>(),
        chunk in 1_usize..700,
        cut in 0_usize..4000,
    ) {
        let mut bytes = b"HTTP/1.1 200 OK\r\nX-Some: thing\r\n".to_vec();
        if chunked {
            bytes.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
            for piece in body.chunks(chunk) {
                plimsoll_wire::http1::write_chunk(&mut bytes, piece);
            }
            plimsoll_wire::http1::write_last_chunk(&mut bytes);
        } else {
            bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
            bytes.extend_from_slice(&body);
        }
        check(&bytes, cut);
    }
}
