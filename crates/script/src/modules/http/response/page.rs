//! `response.html()`, `submitForm()` and `clickLink()`: a response read as a page.

use plimsoll_clients::http::Url;
use rquickjs::{Ctx, Function, Object, Result, Value, function::Opt};

use super::{Own, given_text};
use crate::{
    modules::{
        arguments, html,
        http::{
            body,
            call::{self, Said},
            failure::Failure,
        },
    },
    vu::{VuState, error},
};

const NO_BODY: &str = "the body is null so we can't transform it to HTML - \
    this likely was because of a request error getting the response";

/// A Selection of the page, or what `selector` finds in it.
pub(super) fn html<'js>(
    ctx: Ctx<'js>,
    this: Own<'js>,
    selector: Opt<Value<'js>>,
) -> Result<Value<'js>> {
    let page = page(&ctx, &this)?;
    match given_text(selector.0)? {
        Some(selector) => invoke(&page, "find", (selector,)),
        None => Ok(page.into_value()),
    }
}

fn page<'js>(ctx: &Ctx<'js>, this: &Own<'js>) -> Result<Object<'js>> {
    let own = this.borrow();
    let Some(body) = own.body_bytes() else { return Err(error::throw(ctx, NO_BODY)) };
    let url = own.exchange().map(|response| response.url.as_str().clone());
    drop(own);
    let text = String::from_utf8_lossy(&body);
    html::parse_html(ctx, &text, url.as_deref().unwrap_or_default())?
        .into_object()
        .ok_or(rquickjs::Error::Unknown)
}

/// Calls a method of a Selection.
fn invoke<'js, A, R>(object: &Object<'js>, method: &str, arguments: A) -> Result<R>
where
    A: rquickjs::function::IntoArgs<'js>,
    R: rquickjs::FromJs<'js>,
{
    let function: Function<'js> = object.get(method)?;
    let mut all = rquickjs::function::Args::new(object.ctx().clone(), arguments.num_args());
    all.this(object.clone())?;
    arguments.into_args(&mut all)?;
    function.call_arg(all)
}

fn find<'js>(object: &Object<'js>, selector: &str) -> Result<Object<'js>> {
    invoke(object, "find", (selector,))
}

fn size(selection: &Object<'_>) -> Result<usize> {
    invoke(selection, "size", ())
}

fn attribute(selection: &Object<'_>, name: &str) -> Result<Option<String>> {
    given_text(Some(invoke(selection, "attr", (name,))?))
}

fn option<'js>(options: Option<&Object<'js>>, key: &str) -> Result<Option<Value<'js>>> {
    match options {
        Some(options) => options.get(key).map(|value| arguments::given(Some(value))),
        None => Ok(None),
    }
}

/// The page's URL and the one that `reference` means on it.
fn target<'js>(ctx: &Ctx<'js>, base: Option<&Url>, reference: &str) -> Result<String> {
    let Some(base) = base else { return Ok(reference.to_owned()) };
    let joined = base.join(reference).map_err(|message| error::throw(ctx, &message))?;
    Ok(joined.as_str().to_string())
}

fn base(this: &Own<'_>) -> Option<Url> {
    this.borrow().exchange().map(|response| response.url.clone())
}

fn shown(base: Option<&Url>) -> &str {
    base.map_or("", |url| url.as_str())
}

/// `submitForm({ formSelector, fields, submitSelector, params })`
pub(super) fn submit_form<'js>(
    ctx: Ctx<'js>,
    this: Own<'js>,
    options: Opt<Value<'js>>,
) -> Result<Value<'js>> {
    let options = options.0.as_ref().and_then(Value::as_object);
    let selector =
        given_text(option(options, "formSelector")?)?.unwrap_or_else(|| "form".to_owned());
    let submit = given_text(option(options, "submitSelector")?)?
        .unwrap_or_else(|| "[type=\"submit\"]".to_owned());
    let base = base(&this);
    let form = find(&page(&ctx, &this)?, &selector)?;
    if size(&form)? == 0 {
        let url = shown(base.as_ref());
        return Err(error::throw(
            &ctx,
            &format!("no form found for selector '{selector}' in response '{url}'"),
        ));
    }
    let method = attribute(&form, "method")?.unwrap_or_default().to_ascii_uppercase();
    let method = if method.is_empty() { "GET" } else { &method };
    let action = attribute(&form, "action")?.unwrap_or_default();
    let mut url = target(&ctx, base.as_ref(), &action)?;
    let values: Object<'js> = invoke(&form, "serializeObject", ())?;
    add_button(&find(&form, &submit)?, &values)?;
    if let Some(fields) = option(options, "fields")?.as_ref().and_then(Value::as_object) {
        for field in fields.props::<String, Value<'js>>() {
            let (name, value) = field?;
            values.set(name, value)?;
        }
    }
    let params = option(options, "params")?;
    let values = values.into_value();
    if method != "GET" {
        let said = Said { method, url: None, body: Some(&values), params: params.as_ref() };
        return send(&ctx, said, &url);
    }
    let query = query(&ctx, &values)?;
    url.truncate(url.find(['?', '#']).unwrap_or(url.len()));
    if !query.is_empty() {
        url.push('?');
        url.push_str(&query);
    }
    send(&ctx, Said { method, url: None, body: None, params: params.as_ref() }, &url)
}

/// The button that submits has a say too.
fn add_button<'js>(button: &Object<'js>, values: &Object<'js>) -> Result<()> {
    if let Some(name) = attribute(button, "name")? {
        values.set(name, attribute(button, "value")?.unwrap_or_default())?;
    }
    Ok(())
}

fn query<'js>(ctx: &Ctx<'js>, values: &Value<'js>) -> Result<String> {
    let vu = VuState::of(ctx)?;
    match body::read(&vu, values, &mut plimsoll_clients::http::Headers::default()) {
        Ok(form) => {
            Ok(form.map(|form| String::from_utf8_lossy(&form).into_owned()).unwrap_or_default())
        }
        Err(Failure::Thrown(error)) => Err(error),
        Err(Failure::Argument { message, .. }) => Err(error::throw(ctx, &message)),
    }
}

fn send<'js>(ctx: &Ctx<'js>, said: Said<'_, 'js>, url: &str) -> Result<Value<'js>> {
    let url = rquickjs::String::from_str(ctx.clone(), url)?.into_value();
    call::send(ctx, &Said { url: Some(&url), ..said })
}

/// `clickLink({ selector, params })`
pub(super) fn click_link<'js>(
    ctx: Ctx<'js>,
    this: Own<'js>,
    options: Opt<Value<'js>>,
) -> Result<Value<'js>> {
    let options = options.0.as_ref().and_then(Value::as_object);
    let selector =
        given_text(option(options, "selector")?)?.unwrap_or_else(|| "a[href]".to_owned());
    let base = base(&this);
    let link = find(&page(&ctx, &this)?, &selector)?;
    let url = shown(base.as_ref());
    if size(&link)? == 0 {
        return Err(error::throw(
            &ctx,
            &format!("no element found for selector '{selector}' in response '{url}'"),
        ));
    }
    let Some(reference) = attribute(&link, "href")? else {
        return Err(error::throw(
            &ctx,
            &format!(
                "no valid href attribute value found on element '{selector}' in response '{url}'"
            ),
        ));
    };
    let url = target(&ctx, base.as_ref(), &reference)?;
    let params = option(options, "params")?;
    send(&ctx, Said { method: "GET", url: None, body: None, params: params.as_ref() }, &url)
}
