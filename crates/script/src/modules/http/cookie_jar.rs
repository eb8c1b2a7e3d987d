//! `http.CookieJar` and `http.cookieJar()`.

use std::rc::Rc;

use plimsoll_clients::http::{Cookie, CookieJar, Url, cookies::parse_http_date};
use rquickjs::{
    Class, Coerced, Ctx, Function, JsLifetime, Object, Result, Value,
    class::{JsClass, Readable, Trace, Tracer},
    function::{Constructor, Opt, This},
};

use super::state;
use crate::{
    modules::arguments,
    vu::{VuState, error},
};

/// A script's handle of a jar.
pub(super) struct JarObject(pub(super) Rc<CookieJar>);

impl<'js> Trace<'js> for JarObject {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

#[expect(unsafe_code, reason = "a contract of rquickjs")]
// SAFETY: no JavaScript lifetime inside.
unsafe impl<'js> JsLifetime<'js> for JarObject {
    type Changed<'to> = JarObject;
}

type This_<'js> = This<Class<'js, JarObject>>;

impl<'js> JsClass<'js> for JarObject {
    const NAME: &'static str = "CookieJar";
    type Mutable = Readable;

    fn prototype(ctx: &Ctx<'js>) -> Result<Option<Object<'js>>> {
        let prototype = Object::new(ctx.clone())?;
        prototype.set(
            "cookiesForURL",
            Function::new(ctx.clone(), cookies_for_url)?.with_name("cookiesForURL")?,
        )?;
        prototype.set("set", Function::new(ctx.clone(), set)?.with_name("set")?)?;
        prototype.set("clear", Function::new(ctx.clone(), clear)?.with_name("clear")?)?;
        prototype.set("delete", Function::new(ctx.clone(), delete)?.with_name("delete")?)?;
        Ok(Some(prototype))
    }

    fn constructor(ctx: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        let make = |ctx: Ctx<'js>| Class::instance(ctx, JarObject(Rc::default()));
        Constructor::new_class::<JarObject, _, _>(ctx.clone(), make).map(Some)
    }
}

/// `http.cookieJar()`: the VU's own.
pub(super) fn own<'js>(ctx: Ctx<'js>) -> Result<Class<'js, JarObject>> {
    let vu = VuState::of(&ctx)?;
    if vu.is_init() {
        return Err(error::throw(&ctx, "Making cookie jars in the init context is not supported"));
    }
    state::reset_between_iterations(&vu);
    Class::instance(ctx, JarObject(vu.http.jar.clone()))
}

fn url(ctx: &Ctx<'_>, value: Option<Value<'_>>) -> Result<Url> {
    let text = arguments::given(value).map(|value| arguments::text(&value)).transpose()?;
    Url::parse(text.as_deref().unwrap_or_default()).map_err(|error| {
        error::throw(ctx, error.full.strip_prefix("invalid URL: ").unwrap_or(&error.full))
    })
}

fn text(value: Option<Value<'_>>) -> Result<String> {
    Ok(arguments::given(value)
        .map(|value| arguments::text(&value))
        .transpose()?
        .unwrap_or_default())
}

/// `{ name: [values] }`
fn cookies_for_url<'js>(
    ctx: Ctx<'js>,
    this: This_<'js>,
    target: Opt<Value<'js>>,
) -> Result<Object<'js>> {
    let url = url(&ctx, target.0)?;
    let mut grouped: Vec<(Rc<str>, Vec<String>)> = Vec::new();
    for (name, value) in this.borrow().0.cookies_for_url(&url) {
        match grouped.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value.to_string()),
            None => grouped.push((name, vec![value.to_string()])),
        }
    }
    let object = Object::new(ctx)?;
    for (name, values) in grouped {
        object.set(&*name, values)?;
    }
    Ok(object)
}

/// `set(url, name, value, { domain, path, expires, max_age, secure, http_only })`
fn set<'js>(
    ctx: Ctx<'js>,
    this: This_<'js>,
    target: Opt<Value<'js>>,
    name: Opt<Value<'js>>,
    value: Opt<Value<'js>>,
    attributes: Opt<Value<'js>>,
) -> Result<bool> {
    let url = url(&ctx, target.0)?;
    let mut cookie = Cookie { name: text(name.0)?, value: text(value.0)?, ..Cookie::default() };
    if let Some(attributes) = attributes.0.as_ref().and_then(Value::as_object) {
        read_attributes(&ctx, attributes, &mut cookie)?;
    }
    this.borrow().0.set(&url, cookie);
    Ok(true)
}

fn read_attributes<'js>(
    ctx: &Ctx<'js>,
    attributes: &Object<'js>,
    cookie: &mut Cookie,
) -> Result<()> {
    let given =
        |key: &str| attributes.get::<_, Value<'js>>(key).map(|value| arguments::given(Some(value)));
    let truth = |key: &str| attributes.get::<_, Coerced<bool>>(key).map(|truth| truth.0);
    cookie.domain = text(given("domain")?)?;
    cookie.path = text(given("path")?)?;
    cookie.secure = truth("secure")?;
    cookie.http_only = truth("http_only")?;
    if let Some(age) = given("max_age")? {
        #[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
        let age = age.get::<Coerced<f64>>()?.0 as i64;
        // k6 takes 0 for "not given".
        cookie.max_age = (age != 0).then_some(age);
    }
    if let Some(date) = given("expires")? {
        let date = arguments::text(&date)?;
        let expires = parse_http_date(&date);
        if expires.is_none() && !date.is_empty() {
            return Err(error::throw(
                ctx,
                &format!(
                    "unable to parse \"expires\" date string {date:?}: write it as \"Mon, 02 Jan 2006 15:04:05 MST\""
                ),
            ));
        }
        cookie.expires = expires;
    }
    Ok(())
}

fn clear<'js>(ctx: Ctx<'js>, this: This_<'js>, target: Opt<Value<'js>>) -> Result<()> {
    let url = url(&ctx, target.0)?;
    this.borrow().0.clear(&url);
    Ok(())
}

fn delete<'js>(
    ctx: Ctx<'js>,
    this: This_<'js>,
    target: Opt<Value<'js>>,
    name: Opt<Value<'js>>,
) -> Result<()> {
    let url = url(&ctx, target.0)?;
    this.borrow().0.delete(&url, &text(name.0)?);
    Ok(())
}
