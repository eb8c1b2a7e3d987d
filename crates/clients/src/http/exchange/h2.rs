//! Exchanges over HTTP/2.

use std::{
    cell::OnceCell,
    future::poll_fn,
    net::SocketAddr,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use h2::{
    Reason,
    client::{self, SendRequest},
};
use plimsoll_runtime::clock::Instant;

use super::{Incoming, Outgoing, phases::Phases, pool::Connection};
use crate::http::{
    config::BODY_LIMIT,
    error::{ErrorCode, Failure},
    headers::Headers,
    response::{Proto, TlsInfo},
    worker::Buffers,
};

/// What the server may send on one stream, and on all, before we must have read it: Go's windows.
const STREAM_WINDOW: u32 = 4 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;
/// Largest set of response headers.
const HEADERS_LIMIT: u32 = 10 << 20;
/// Memory for bodies that wait for the server's window.
const SEND_BUFFER: usize = 256 << 10;
/// Pieces that a body is written in.
const CHUNK: usize = 64 << 10;
/// Reserved for a response's body at once.
const RESERVE_LIMIT: usize = 4 << 20;

/// A connection for many exchanges at a time; a clone is a handle to the same.
#[derive(Clone)]
pub(in crate::http) struct H2 {
    sender: SendRequest<Bytes>,
    /// Why the connection ended; streams only learn that it did. Tells connections apart, too.
    end: Rc<OnceCell<Failure>>,
    pub(super) remote: Option<SocketAddr>,
    pub(super) tls: Option<TlsInfo>,
}

/// Says hello and leaves the connection's upkeep to a task of its own on this thread.
pub(super) async fn start(connection: Connection) -> Result<H2, Failure> {
    let Connection { stream, remote, tls, .. } = connection;
    let mut builder = client::Builder::new();
    builder
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(HEADERS_LIMIT)
        .max_send_buffer_size(SEND_BUFFER)
        // One until the server has said how many it takes: it would refuse those above.
        .initial_max_send_streams(1)
        .enable_push(false);
    let (sender, task) = builder.handshake(stream).await.map_err(|error| of(&error))?;
    let end = Rc::new(OnceCell::new());
    let told = end.clone();
    // Ends when the last handle is dropped or the server is gone.
    drop(tokio::task::spawn_local(async move {
        if let Err(error) = task.await {
            // Nothing else sets it.
            told.set(of(&error)).ok();
        }
    }));
    Ok(H2 { sender, end, remote, tls })
}

impl H2 {
    pub(super) fn is_same(&self, other: &H2) -> bool {
        Rc::ptr_eq(&self.end, &other.end)
    }

    /// Whether no further stream can begin on it.
    pub(super) fn is_dead(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        matches!(self.sender.poll_ready(&mut context), Poll::Ready(Err(_)))
    }

    /// Waits until the server lets one more stream begin. An error means that the connection is
    /// of no more use.
    pub(super) async fn ready(&mut self) -> Result<(), Failure> {
        poll_fn(|context| self.sender.poll_ready(context)).await.map_err(|error| {
            let mut failure = of(&error);
            failure.stale = true;
            failure
        })
    }
}

/// Runs one exchange on a connection that is ready.
pub(super) async fn exchange(
    connection: &mut H2,
    buffers: &Buffers,
    outgoing: &Outgoing<'_>,
    phases: &mut Phases,
) -> Result<Incoming, Failure> {
    let request = request(outgoing)?;
    let empty = outgoing.body.is_empty();
    let (response, mut stream) = connection
        .sender
        .send_request(request, empty)
        .map_err(|error| of_stream(&error, connection))?;
    if !empty && let Err(error) = send_body(&mut stream, outgoing.body.clone()).await {
        // The server may have answered before it refused the rest.
        if error.reason() != Some(Reason::NO_ERROR) {
            return Err(of_stream(&error, connection));
        }
    }
    phases.sent = Some(Instant::now());
    let response = response.await.map_err(|error| of_stream(&error, connection))?;
    phases.first_byte = Some(Instant::now());
    let (head, mut stream) = response.into_parts();
    let mut headers = Headers::default();
    for (name, value) in &head.headers {
        headers.push_bytes(name.as_str().as_bytes(), value.as_bytes());
    }
    phases.has_head = true;
    let mut size = 0_usize;
    if let (Some(length), true) = (content_length(&headers), outgoing.keep_body) {
        phases.body.reserve_exact(length.min(RESERVE_LIMIT));
    }
    while let Some(data) = stream.data().await {
        let data = match data {
            Ok(data) => data,
            Err(error) if error.reason() == Some(Reason::NO_ERROR) => break,
            Err(error) => return Err(of_any(&error, connection).of_body()),
        };
        size = size.saturating_add(data.len());
        phases.body_bytes += data.len() as u64;
        // The window is only given back here; an error means that the stream is over.
        stream.flow_control().release_capacity(data.len()).ok();
        if outgoing.keep_body {
            if size > BODY_LIMIT {
                let message = format!("response body is larger than {BODY_LIMIT} bytes");
                return Err(Failure::new(ErrorCode::BODY_LIMIT, message).of_body());
            }
            phases.body.extend_from_slice(&data);
        }
    }
    let status = head.status.as_u16();
    let ruled_out = status == 204 || status == 304;
    let reason = head.status.canonical_reason().unwrap_or_default();
    Ok(Incoming {
        proto: Proto::Http2,
        status,
        status_text: buffers.status_text(status, reason.as_bytes(), true),
        headers,
        body: (outgoing.keep_body && !ruled_out)
            .then(|| Bytes::from(std::mem::take(&mut phases.body))),
    })
}

async fn send_body(stream: &mut h2::SendStream<Bytes>, mut body: Bytes) -> Result<(), h2::Error> {
    while !body.is_empty() {
        stream.reserve_capacity(body.len().min(CHUNK));
        let capacity = match poll_fn(|context| stream.poll_capacity(context)).await {
            Some(capacity) => capacity?,
            None => return Ok(()),
        };
        let chunk = body.split_to(capacity.min(body.len()));
        stream.send_data(chunk, body.is_empty())?;
    }
    Ok(())
}

fn content_length(headers: &Headers) -> Option<usize> {
    headers.get("Content-Length")?.parse().ok()
}

fn request(outgoing: &Outgoing<'_>) -> Result<http::Request<()>, Failure> {
    let invalid = |error: http::Error| Failure::new(ErrorCode::GENERIC, error.to_string());
    let uri = http::Uri::builder()
        .scheme(outgoing.url.scheme_text())
        .authority(outgoing.host)
        .path_and_query(outgoing.target)
        .build()
        .map_err(invalid)?;
    let mut request =
        http::Request::builder().method(outgoing.method).uri(uri).version(http::Version::HTTP_2);
    if !outgoing.user_agent.is_empty() {
        request = request.header("user-agent", outgoing.user_agent);
    }
    if let Some(length) = outgoing.content_length {
        request = request.header("content-length", length);
    }
    for &(name, value) in outgoing.fields {
        // Of the connection, which is not the message's business in HTTP/2.
        let hop = [
            &b"connection"[..],
            b"proxy-connection",
            b"keep-alive",
            b"upgrade",
            b"transfer-encoding",
        ];
        if !hop.iter().any(|hop| name.eq_ignore_ascii_case(hop)) {
            request = request.header(name, value);
        }
    }
    request.body(()).map_err(invalid)
}

/// Of a stream: the connection's, when that is what ended it.
fn of_any(error: &h2::Error, connection: &H2) -> Failure {
    if !error.is_io() {
        return of(error);
    }
    let lost = || Failure::new(ErrorCode::GENERIC, "unexpected EOF");
    let failure = connection.end.get().cloned().unwrap_or_else(lost);
    Failure { stale: false, ..failure }
}

/// Of a stream whose response has not begun: worth another try when the server says that it never
/// looked at the request.
fn of_stream(error: &h2::Error, connection: &H2) -> Failure {
    let mut failure = of_any(error, connection);
    failure.stale = error.reason() == Some(Reason::REFUSED_STREAM)
        || (error.is_go_away() && error.is_remote() && error.reason() == Some(Reason::NO_ERROR));
    failure
}

/// k6's codes: a base by kind, plus the protocol's own number.
fn of(error: &h2::Error) -> Failure {
    let Some(reason) = error.reason() else {
        return match error.get_io() {
            Some(io) => Failure::of_connection(io, "read", ""),
            None => Failure::new(ErrorCode::HTTP2, error.to_string()),
        };
    };
    let (base, message) = match () {
        () if error.is_go_away() && error.is_remote() => {
            (ErrorCode::HTTP2_GOAWAY, "http2: received GoAway with http2 ErrCode")
        }
        () if error.is_go_away() => {
            (ErrorCode::HTTP2_CONNECTION, "http2: connection error with http2 ErrCode")
        }
        () => (ErrorCode::HTTP2_STREAM, "http2: stream error with http2 ErrCode"),
    };
    let offset = u16::try_from(u32::from(reason)).ok().filter(|&number| number <= 13);
    let code = ErrorCode(base.0 + offset.map_or(0, |number| number + 1));
    Failure::new(code, format!("{message} {}", name(reason)))
}

/// Go's name of a reason.
fn name(reason: Reason) -> String {
    match reason {
        Reason::NO_ERROR => "NO_ERROR",
        Reason::PROTOCOL_ERROR => "PROTOCOL_ERROR",
        Reason::INTERNAL_ERROR => "INTERNAL_ERROR",
        Reason::FLOW_CONTROL_ERROR => "FLOW_CONTROL_ERROR",
        Reason::SETTINGS_TIMEOUT => "SETTINGS_TIMEOUT",
        Reason::STREAM_CLOSED => "STREAM_CLOSED",
        Reason::FRAME_SIZE_ERROR => "FRAME_SIZE_ERROR",
        Reason::REFUSED_STREAM => "REFUSED_STREAM",
        Reason::CANCEL => "CANCEL",
        Reason::COMPRESSION_ERROR => "COMPRESSION_ERROR",
        Reason::CONNECT_ERROR => "CONNECT_ERROR",
        Reason::ENHANCE_YOUR_CALM => "ENHANCE_YOUR_CALM",
        Reason::INADEQUATE_SECURITY => "INADEQUATE_SECURITY",
        Reason::HTTP_1_1_REQUIRED => "HTTP_1_1_REQUIRED",
        other => return format!("unknown error code 0x{:x}", u32::from(other)),
    }
    .to_owned()
}
