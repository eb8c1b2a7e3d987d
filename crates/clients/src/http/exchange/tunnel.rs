//! Through a proxy: CONNECT and SOCKS5.

use base64::{Engine, engine::general_purpose::STANDARD};
use plimsoll_runtime::dial::Metered;
use plimsoll_wire::http1::{RequestHead, ResponseReader, Step};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};

use crate::http::{
    config::Proxy,
    error::{ErrorCode, Failure},
    headers::Headers,
    url::Url,
};

type Tcp = Metered<TcpStream>;

/// Largest answer to CONNECT.
const ANSWER_LIMIT: usize = 64 << 10;
const SOCKS_VERSION: u8 = 5;

/// The value of `Proxy-Authorization` for a proxy with credentials.
pub(in crate::http) fn authorization(proxy: &Proxy) -> Option<String> {
    let (user, password) = proxy.credentials.as_ref()?;
    Some(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
}

/// Asks an HTTP proxy for a tunnel to the host of `url`; `headers` are for the proxy.
pub(super) async fn connect(
    tcp: &mut (impl AsyncRead + AsyncWrite + Unpin),
    proxy: &Proxy,
    url: &Url,
    headers: &Headers,
) -> Result<(), Failure> {
    let target = match url.host().contains(':') {
        true => format!("[{}]:{}", url.host(), url.port()),
        false => format!("{}:{}", url.host(), url.port()),
    };
    let authorization = authorization(proxy);
    let head = RequestHead {
        method: "CONNECT",
        target: &target,
        host: &target,
        user_agent: "Go-http-client/1.1",
        content_length: None,
        close: false,
    };
    let fields = authorization.iter().map(|value| (&b"Proxy-Authorization"[..], value.as_bytes()));
    let mut request = Vec::new();
    head.write(&mut request, headers.iter_bytes().chain(fields));
    tcp.write_all(&request).await.map_err(broken)?;
    // Byte by byte would be slow, more than the head would swallow what follows it; but nothing
    // follows before the client speaks.
    let mut reader = ResponseReader::new(true);
    let mut answer = Vec::new();
    loop {
        if tcp.read_buf(&mut answer).await.map_err(broken)? == 0 || answer.len() > ANSWER_LIMIT {
            return Err(Failure::new(ErrorCode::GENERIC, "unexpected EOF"));
        }
        let (taken, step) = reader.read(&answer, |_| {}).map_err(|e| Failure::of_wire(&e))?;
        match step {
            Step::Head(head) if head.status == 200 => return Ok(()),
            Step::Head(head) => {
                let (start, length) = (head.reason.0 as usize, head.reason.1 as usize);
                let reason = answer.get(start..start + length).unwrap_or_default();
                // Go gives the reason phrase alone.
                let message = String::from_utf8_lossy(reason).into_owned();
                return Err(Failure::new(ErrorCode::GENERIC, message));
            }
            _ => drop(answer.drain(..taken)),
        }
    }
}

/// Asks a SOCKS5 proxy (RFC 1928, RFC 1929) for a connection to the host of `url`; the proxy looks
/// the name up.
pub(super) async fn socks5(tcp: &mut Tcp, proxy: &Proxy, url: &Url) -> Result<(), Failure> {
    let failed = |reason: &str| {
        let message = format!("socks connect {}:{}: {reason}", proxy.host, proxy.port);
        Failure::new(ErrorCode::GENERIC, message)
    };
    let greeting: &[u8] = match proxy.credentials {
        Some(_) => &[SOCKS_VERSION, 2, 0, 2],
        None => &[SOCKS_VERSION, 1, 0],
    };
    tcp.write_all(greeting).await.map_err(broken)?;
    let [version, method] = read(tcp).await?;
    if version != SOCKS_VERSION {
        return Err(failed("unexpected protocol version"));
    }
    match (method, &proxy.credentials) {
        (0, _) => {}
        (2, Some((user, password))) => {
            let mut login = vec![1];
            for text in [user, password] {
                login.push(u8::try_from(text.len()).map_err(|_| failed("credentials too long"))?);
                login.extend_from_slice(text.as_bytes());
            }
            tcp.write_all(&login).await.map_err(broken)?;
            let [_, status] = read(tcp).await?;
            if status != 0 {
                return Err(failed("username/password authentication failed"));
            }
        }
        _ => return Err(failed("no acceptable authentication methods")),
    }
    let length = u8::try_from(url.host().len()).map_err(|_| failed("FQDN too long"))?;
    let mut request = vec![SOCKS_VERSION, 1, 0, 3, length];
    request.extend_from_slice(url.host().as_bytes());
    request.extend_from_slice(&url.port().to_be_bytes());
    tcp.write_all(&request).await.map_err(broken)?;
    let [_, status, _, kind] = read(tcp).await?;
    if status != 0 {
        return Err(failed(&format!("request refused with code {status}")));
    }
    // The address that the proxy used, and its port.
    let rest = match kind {
        1 => 4 + 2,
        4 => 16 + 2,
        3 => {
            let [length] = read(tcp).await?;
            usize::from(length) + 2
        }
        _ => return Err(failed("unknown address type")),
    };
    let mut address = vec![0; rest];
    tcp.read_exact(&mut address).await.map_err(broken)?;
    Ok(())
}

async fn read<const N: usize>(tcp: &mut Tcp) -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    tcp.read_exact(&mut bytes).await.map_err(broken)?;
    Ok(bytes)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn broken(error: std::io::Error) -> Failure {
    Failure::of_connection(&error, "read", "proxy")
}
