//! Which endpoint answers a request.

use http::{
    Method, StatusCode,
    header::{ALLOW, CONTENT_LENGTH},
};
use hyper::body::{Body as _, Incoming};

use super::{
    auth,
    body::Body,
    caching, cookies, database, encoding,
    exchange::{Head, Reply, empty, not_found, refused, with_header},
    inspect, limits, pages, redirect, sized, status, work,
};

/// The path's pieces between slashes. Those past the sixth are not told apart.
pub(super) type Segments<'a> = [Option<&'a str>; 6];

/// The page about what is scarce; there is none where nothing is.
pub(super) const METRICS: &str = "/metrics";

/// Methods of the endpoints that take any.
const ANY: &[Method] = &[
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::HEAD,
    Method::OPTIONS,
];
const READ: &[Method] = &[Method::GET, Method::HEAD, Method::OPTIONS];

pub(super) async fn reply(head: Head, body: Incoming) -> Reply {
    let is_head = head.method() == Method::HEAD;
    let reply = answer(head, body).await;
    if is_head { without_body(reply) } else { reply }
}

/// With the length that the body would have had. Over HTTP/2 hyper would send the body.
fn without_body(mut reply: Reply) -> Reply {
    if let Some(length) = reply.body().size_hint().exact() {
        reply.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    *reply.body_mut() = Body::empty();
    reply
}

async fn answer(head: Head, body: Incoming) -> Reply {
    let path = head.path();
    let segments = segments(path);
    let name = segments[0].unwrap_or_default();
    let allowed = methods(name);
    if !allowed.contains(head.method()) {
        return with_header(
            refused(StatusCode::METHOD_NOT_ALLOWED, "this page has other methods\n"),
            ALLOW,
            &list(allowed),
        );
    }
    if head.method() == Method::OPTIONS && name != "anything" {
        return with_header(empty(StatusCode::OK), ALLOW, &list(allowed));
    }
    match name {
        "" | "html" | "forms" | "json" | "xml" | "links" | "image" | "robots.txt" => {
            pages::route(&segments)
        }
        "bytes" | "stream" | "stream-bytes" | "drip" => sized::route(&head, &segments),
        "work" => work::work(&head).await,
        "query" => database::query(&head).await,
        "get" | "headers" | "ip" | "user-agent" | "uuid" => inspect::route(&head, &segments),
        "anything" => inspect::echo(&head, body, true).await,
        "post" | "put" | "patch" | "delete" if segments[1].is_none() => {
            inspect::echo(&head, body, false).await
        }
        "delay" => inspect::delayed(&head, body, &segments).await,
        "status" => status::route(&segments),
        "redirect" | "relative-redirect" | "absolute-redirect" | "redirect-to" => {
            redirect::route(&head, &segments, body).await
        }
        "cookies" => cookies::route(&head, &segments),
        "basic-auth" | "hidden-basic-auth" | "digest-auth" | "bearer" => {
            auth::route(&head, &segments, body).await
        }
        "gzip" | "deflate" | "brotli" | "zstd" | "encoding" | "base64" => {
            encoding::route(&head, &segments)
        }
        "cache" | "etag" | "response-headers" => caching::route(&head, &segments),
        _ => match &head.limits {
            Some(state) if path == METRICS => limits::page(state),
            _ => not_found(),
        },
    }
}

fn segments(path: &str) -> Segments<'_> {
    let mut pieces = path.strip_prefix('/').unwrap_or(path).splitn(6, '/');
    std::array::from_fn(|_| pieces.next())
}

fn methods(name: &str) -> &'static [Method] {
    match name {
        "post" => &[Method::POST, Method::OPTIONS],
        "put" => &[Method::PUT, Method::OPTIONS],
        "patch" => &[Method::PATCH, Method::OPTIONS],
        "delete" => &[Method::DELETE, Method::OPTIONS],
        "response-headers" => &[Method::GET, Method::HEAD, Method::POST, Method::OPTIONS],
        "" | "work" | "anything" | "delay" | "status" | "redirect-to" => ANY,
        _ => READ,
    }
}

fn list(methods: &[Method]) -> String {
    methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ")
}
