//! One exchange from the caller's view: redirects, cookies, authentication, codings, samples.

mod fields;
mod hop;
mod redirect;

use std::rc::Rc;

use bytes::Bytes;
use plimsoll_runtime::{clock::Instant, timer};

use self::{
    hop::{Ended, Hop, Moments, Pairs},
    redirect::Next,
};
use super::{
    client::Client,
    compress,
    error::{ErrorCode, Failure},
    exchange::Incoming,
    headers::Headers,
    request::{Request, Scope},
    response::{Proto, Response},
};

pub(super) async fn send(client: &Client, mut request: Request, scope: &Scope) -> Response {
    let body = match encode_body(client, &mut request) {
        Ok(body) => body,
        Err(failure) => return hop::refuse(client, request, failure, scope),
    };
    let mut scheduled = Instant::now();
    let mut deadline = None;
    let mut hop = Hop::first(&request, body);
    let mut followed = 0;
    let mut sent_cookies = None;
    loop {
        let mut asked = scheduled;
        if let Some(limit) = &client.worker.config.rate_limit {
            timer::sleep_until(limit.take(scheduled)).await;
            asked = Instant::now();
        }
        let deadline = *deadline.get_or_insert_with(|| asked + request.timeout);
        let cookies = hop.cookies(&request);
        let moments = Moments { scheduled, asked, deadline };
        let mut ended = hop.run(client, &request, &cookies, moments).await;
        sent_cookies.get_or_insert(cookies);
        hop.take_cookies(&request, &ended);
        let limit = request.redirects.unwrap_or(client.worker.config.max_redirects);
        let next = redirect::next(&hop, &request, &mut ended, followed < limit);
        hop.emit(client, &request, scope, &ended, matches!(next, Next::Answer(_)));
        match next {
            Next::Hop(next) => {
                followed += 1;
                hop = next;
            }
            Next::Answer(next) => hop = next,
            Next::Limit => {
                if request.redirects.is_none() {
                    warn_of_limit(client, followed, &request);
                }
                return finish(request, hop, ended, sent_cookies.unwrap_or_default());
            }
            Next::None => return finish(request, hop, ended, sent_cookies.unwrap_or_default()),
        }
        scheduled = Instant::now();
    }
}

fn warn_of_limit(client: &Client, followed: u32, request: &Request) {
    let message = format!(
        "Stopped after {} redirects and returned the redirection; pass {{ redirects: n }} in \
         request params or set global maxRedirects to silence this",
        followed + 1
    );
    let level = plimsoll_runtime::log::Level::Warning;
    client.worker.config.log.write(level, &message, &[("url", request.url.tag())]);
}

/// The body as it is sent, and its `Content-Encoding` among the headers.
fn encode_body(client: &Client, request: &mut Request) -> Result<Bytes, Failure> {
    let body = request.body.clone().unwrap_or_default();
    if request.compression.is_empty() || body.is_empty() {
        return Ok(body);
    }
    let names: Vec<&str> = request.compression.iter().map(|coding| coding.name()).collect();
    let names = names.join(", ");
    match request.headers.get("Content-Encoding") {
        None => request.headers.push("Content-Encoding", &names),
        Some(own) if own == names => {}
        Some(_) => client.worker.config.log.warn(&format!(
            "There's a mismatch between the desired `compression` the manually set \
             `Content-Encoding` header in the {} request for '{}', the custom header has \
             precedence and won't be overwritten. This may result in invalid data being sent to \
             the server.",
            request.method,
            request.url.tag()
        )),
    }
    let encoded = compress::encode(&body, &request.compression);
    encoded.map(Bytes::from).map_err(|error| Failure::new(ErrorCode::GENERIC, error.to_string()))
}

fn finish(request: Request, hop: Hop, ended: Ended, sent_cookies: Pairs) -> Response {
    let error_code = ended.error_code();
    let error =
        ended.failure.map(|failure| Box::new(failure.into_error(&hop.method, hop.url.tag())));
    let (status, status_text, proto, headers, body) = match ended.incoming {
        Some(incoming) => {
            let Incoming { status, status_text, proto, headers, body } = incoming;
            (status, status_text, proto, headers, body)
        }
        None => (0, Rc::default(), Proto::None, Headers::default(), ended.partial_body),
    };
    Response {
        request,
        sent_cookies,
        url: hop.url,
        status,
        status_text,
        proto,
        headers,
        body,
        body_bytes: ended.phases.body_bytes(),
        timings: ended.timings,
        remote: ended.phases.remote(),
        // Nothing is said of a session that gave no response, as in k6.
        tls: ended.phases.tls().filter(|_| status != 0),
        error,
        error_code,
    }
}
