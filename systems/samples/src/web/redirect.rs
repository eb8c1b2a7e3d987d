//! Redirects, one after the other or to a given place.

use http::StatusCode;
use hyper::body::Incoming;

use super::{
    exchange::{Head, Reply, not_found, redirect, refused},
    form, inspect,
    router::Segments,
};

pub(super) async fn route(head: &Head, segments: &Segments<'_>, body: Incoming) -> Reply {
    if let [Some("redirect-to"), None, ..] = segments {
        return to(head, body).await;
    }
    let [Some(kind), Some(count), None, ..] = *segments else {
        return not_found();
    };
    let Some(left) = count.parse::<u32>().ok().and_then(|count| count.checked_sub(1)) else {
        return refused(StatusCode::BAD_REQUEST, "the number of redirects is not one or more\n");
    };
    let absolute = kind == "absolute-redirect" || head.parameter("absolute", false);
    let kind = if absolute { "absolute-redirect" } else { "relative-redirect" };
    let origin = if absolute { head.origin_url() } else { String::new() };
    let target =
        if left == 0 { format!("{origin}/get") } else { format!("{origin}/{kind}/{left}") };
    redirect(StatusCode::FOUND, &target)
}

/// `/redirect-to?url=&status_code=`, also with the two in a form.
async fn to(head: &Head, body: Incoming) -> Reply {
    let mut pairs: Vec<_> =
        head.query().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let content_type = head.header(http::header::CONTENT_TYPE);
    match inspect::collected(body).await {
        Ok(body) => pairs.extend(form::parse(content_type, &body).unwrap_or_default().fields),
        Err(reply) => return reply,
    }
    let value = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    let Some(url) = value("url") else {
        return refused(StatusCode::BAD_REQUEST, "the parameter url is missing\n");
    };
    let status = value("status_code").and_then(|code| StatusCode::from_bytes(code.as_bytes()).ok());
    let status = status.filter(StatusCode::is_redirection).unwrap_or(StatusCode::FOUND);
    redirect(status, url)
}
