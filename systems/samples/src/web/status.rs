//! A response with the status that was asked for.

use http::{
    HeaderValue, StatusCode,
    header::{LOCATION, PROXY_AUTHENTICATE, WWW_AUTHENTICATE},
};
use plimsoll_runtime::random::Random;

use super::{
    auth::BASIC_CHALLENGE,
    body::Body,
    exchange::{Reply, decoded, empty, not_found, refused},
    router::Segments,
};

/// `/status/{code}`, or a choice at random: `/status/200,500` or `/status/200:0.9,500:0.1`.
pub(super) fn route(segments: &Segments<'_>) -> Reply {
    let [Some("status"), Some(codes), None, ..] = *segments else {
        return not_found();
    };
    match choices(&decoded(codes)) {
        Some(choices) => of(choose(&choices)),
        None => refused(StatusCode::BAD_REQUEST, "Invalid status code"),
    }
}

fn of(status: StatusCode) -> Reply {
    let mut reply = empty(status);
    let header = match status.as_u16() {
        301 | 302 | 303 | 305 | 307 | 308 => Some((LOCATION, "/redirect/1")),
        401 => Some((WWW_AUTHENTICATE, BASIC_CHALLENGE)),
        407 => Some((PROXY_AUTHENTICATE, BASIC_CHALLENGE)),
        _ => None,
    };
    if let Some((name, value)) = header {
        reply.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if status == StatusCode::IM_A_TEAPOT {
        *reply.body_mut() = Body::from("short and stout\n");
    }
    reply
}

/// With their weights. Codes below 200 would not be final.
fn choices(text: &str) -> Option<Vec<(StatusCode, f64)>> {
    let choice = |choice: &str| {
        let (code, weight) = choice.split_once(':').unwrap_or((choice, "1"));
        let code = StatusCode::from_u16(code.trim().parse().ok()?).ok()?;
        let weight: f64 = weight.trim().parse().ok()?;
        let valid = code.as_u16() >= 200 && weight.is_finite() && weight >= 0.0;
        valid.then_some((code, weight))
    };
    text.split(',').map(choice).collect()
}

/// One of them, or 200 for none.
fn choose(choices: &[(StatusCode, f64)]) -> StatusCode {
    let total: f64 = choices.iter().map(|(_, weight)| weight).sum();
    let last = choices.last().map_or(StatusCode::OK, |(code, _)| *code);
    if choices.len() < 2 {
        return last;
    }
    let mut point = Random::from_entropy().unit() * total;
    for (code, weight) in choices {
        point -= weight;
        if point < 0.0 {
            return *code;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_weights_are_read() {
        let code = |code| StatusCode::from_u16(code).unwrap();
        assert_eq!(choices("204"), Some(vec![(code(204), 1.0)]));
        assert_eq!(choices("200:0.9,500:0.1"), Some(vec![(code(200), 0.9), (code(500), 0.1)]));
        for text in ["", "abc", "99", "100", "1000", "200:x", "200:-1", "200,"] {
            assert_eq!(choices(text), None, "{text}");
        }
    }

    #[test]
    fn weights_decide() {
        let choices = choices("200:0,500:1,201:0").unwrap();
        for _ in 0..100 {
            assert_eq!(choose(&choices).as_u16(), 500);
        }
    }
}
