//! `http.get`, `http.post` and the rest: from arguments to a request, from an exchange to a response.

use std::rc::Rc;

use plimsoll_clients::http::{Client, ErrorCode, Request, Response, Url};
use plimsoll_runtime::log::Level;
use rquickjs::{
    Class, Ctx, Promise, Result, Value,
    function::{Opt, Rest},
};

use super::{
    INIT_MESSAGE, body,
    failure::{Build, Failure},
    marks::UrlMark,
    params::{self, Answer},
    response, state,
};
use crate::{
    modules::arguments,
    vu::{VuState, error, events, suspend},
};

/// How a request that failed is logged, as k6 has it.
const FAILED: &str = "Request Failed";

/// A request with what becomes of its answer.
pub(super) struct Prepared {
    pub(super) request: Request,
    pub(super) answer: Answer,
}

/// What a script says about one request.
pub(super) struct Said<'a, 'js> {
    pub(super) method: &'a str,
    pub(super) url: Option<&'a Value<'js>>,
    pub(super) body: Option<&'a Value<'js>>,
    pub(super) params: Option<&'a Value<'js>>,
}

/// The VU and its client; throws in the init context.
pub(super) fn client<'js>(ctx: &Ctx<'js>, init_message: &str) -> Result<(Rc<VuState>, Rc<Client>)> {
    let vu = VuState::of(ctx)?;
    if vu.is_init() {
        return Err(error::throw(ctx, init_message));
    }
    let client = vu.http.client(ctx, &vu)?.clone();
    Ok((vu, client))
}

pub(super) fn prepare(vu: &VuState, client: &Client, said: &Said<'_, '_>) -> Build<Prepared> {
    let (url, name) = url(client, said.url)?;
    let method = if said.method.is_empty() { "GET" } else { said.method };
    let mut request = Request::new(shared_method(method), url);
    request.name = name;
    request.jar = Some(vu.http.jar.clone());
    request.expected = vu.http.expected();
    let mut answer = Answer::from(vu.http.defaults(vu));
    if let Some(params) = said.params {
        params::apply(params, &mut request, &mut answer)?;
    }
    if let Some(value) = said.body {
        request.body = body::read(vu, value, &mut request.headers)?;
    }
    if !request.headers.is_empty() && request.compression.is_empty() {
        check_length(vu, &mut request);
    }
    request.discard_body = answer.response_type == params::ResponseType::None;
    Ok(Prepared { request, answer })
}

/// A `Content-Length` of the script's own that is wrong is left out, with k6's warning.
fn check_length(vu: &VuState, request: &mut Request) {
    let length = request.body.as_ref().map_or(0, bytes::Bytes::len);
    let Some(given) =
        request.headers.get("Content-Length").filter(|given| **given != length.to_string())
    else {
        return;
    };
    let message = format!(
        "The specified Content-Length header \"{given}\" in the {} request for {} doesn't match the \
         actual request body length of {length}, so it will be ignored!",
        request.method,
        request.url.as_str()
    );
    vu.test.log.write(Level::Warning, &message, &[]);
    request.headers.remove("Content-Length");
}

thread_local! {
    /// Methods that need no allocation.
    static METHODS: Vec<Rc<str>> =
        ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"].map(Rc::from).into();
}

fn shared_method(method: &str) -> Rc<str> {
    let known = METHODS.with(|known| known.iter().find(|name| &***name == method).cloned());
    known.unwrap_or_else(|| Rc::from(method))
}

fn url(client: &Client, value: Option<&Value<'_>>) -> Build<(Url, Option<Rc<str>>)> {
    let invalid = |shown: String| Failure::Argument {
        message: format!("invalid URL: '#{shown}'"),
        code: ErrorCode::INVALID_URL,
    };
    let Some(value) = value else { return Err(invalid("<nil>".to_owned())) };
    if let Some(text) = value.as_string() {
        let text = text.clone().to_cstring()?;
        return Ok((client.worker().url(text.as_str())?, None));
    }
    if let Some(mark) = value.as_object().and_then(Class::<UrlMark>::from_object) {
        let mark = mark.borrow();
        return Ok((client.worker().url(&mark.url)?, Some(mark.name.clone())));
    }
    Err(invalid(match arguments::type_name(value) {
        "<nil>" => "<nil>".to_owned(),
        "map[string]interface {}" => "map[]".to_owned(),
        _ => arguments::text(value)?,
    }))
}

/// Logs or throws a failed exchange and makes the response object.
pub(super) fn finish<'js>(
    ctx: &Ctx<'js>,
    vu: &VuState,
    response: Response,
    answer: Answer,
) -> Result<Value<'js>> {
    if let Some(failed) = &response.error {
        if answer.throw {
            return Err(error::throw(ctx, &failed.full));
        }
        vu.test.log.write(Level::Warning, FAILED, &[("error", &failed.full)]);
    }
    response::of(ctx, response, answer.response_type)
}

/// Sends and waits.
pub(super) fn send<'js>(ctx: &Ctx<'js>, said: &Said<'_, 'js>) -> Result<Value<'js>> {
    let (vu, client) = client(ctx, INIT_MESSAGE)?;
    let prepared = match prepare(&vu, &client, said) {
        Ok(prepared) => prepared,
        Err(failure) => return failure.into_response(ctx, &vu, FAILED),
    };
    let scope = state::scope(&vu);
    let response = suspend::wait(ctx, client.send(prepared.request, &scope))?;
    finish(ctx, &vu, response, prepared.answer)
}

/// `get(url, params)` and `head`: without a body.
pub(super) fn without_body<'js>(
    method: &'static str,
) -> impl Fn(Ctx<'js>, Opt<Value<'js>>, Opt<Value<'js>>) -> Result<Value<'js>> {
    move |ctx, url, params| {
        send(&ctx, &Said { method, url: url.0.as_ref(), body: None, params: params.0.as_ref() })
    }
}

/// `post(url, body, params)` and its like.
pub(super) fn with_body<'js>(
    method: &'static str,
) -> impl Fn(Ctx<'js>, Opt<Value<'js>>, Opt<Value<'js>>, Opt<Value<'js>>) -> Result<Value<'js>> {
    move |ctx, url, body, params| {
        let (url, body, params) = (url.0.as_ref(), body.0.as_ref(), params.0.as_ref());
        send(&ctx, &Said { method, url, body, params })
    }
}

/// `request(method, url, body, params)`
pub(super) fn request<'js>(ctx: Ctx<'js>, given: Rest<Value<'js>>) -> Result<Value<'js>> {
    let method = method(given.0.first())?;
    let [url, body, params] = [1, 2, 3].map(|at| given.0.get(at));
    send(&ctx, &Said { method: &method, url, body, params })
}

/// `asyncRequest(method, url, body, params)`: a promise of the response.
pub(super) fn async_request<'js>(ctx: Ctx<'js>, given: Rest<Value<'js>>) -> Result<Promise<'js>> {
    let (vu, client) = client(&ctx, INIT_MESSAGE)?;
    let method = method(given.0.first())?;
    let [url, body, params] = [1, 2, 3].map(|at| given.0.get(at));
    let owner = vu.clone();
    match prepare(&vu, &client, &Said { method: &method, url, body, params }) {
        Ok(Prepared { request, answer }) => {
            let scope = state::scope(&vu);
            let exchange = async move { client.send(request, &scope).await };
            events::spawn(&ctx, exchange, move |ctx, response| {
                finish(ctx, &owner, response, answer)
            })
        }
        Err(Failure::Thrown(error)) => Err(error),
        Err(failure) => events::spawn(&ctx, std::future::ready(failure), move |ctx, failure| {
            failure.into_response(ctx, &owner, FAILED)
        }),
    }
}

fn method(value: Option<&Value<'_>>) -> Result<String> {
    let given = arguments::given(value.cloned());
    Ok(given.map(|value| arguments::text(&value)).transpose()?.unwrap_or_default())
}
