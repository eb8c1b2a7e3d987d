//! `http.batch`: several requests at a time.

use rquickjs::{Array, Class, Ctx, Object, Result, Value, function::Opt};

use super::{
    call::{self, Prepared, Said},
    failure::{Build, Failure},
    marks::UrlMark,
    response, state,
};
use crate::{
    modules::arguments,
    vu::{error, suspend},
};

/// Requests of one batch.
const REQUESTS_LIMIT: usize = 100_000;

/// What the script gave, and so what it gets.
enum Shape {
    Array,
    Object(Vec<String>),
}

/// `batch([...])` or `batch({ name: ... })`
pub(super) fn batch<'js>(ctx: Ctx<'js>, requests: Opt<Value<'js>>) -> Result<Value<'js>> {
    let (vu, client) = call::client(&ctx, "Using batch in the init context is not supported")?;
    let Some(requests) = requests.0 else {
        return Err(error::throw(&ctx, "no argument was provided to http.batch()"));
    };
    let (shape, items) = items(&ctx, &requests)?;
    let mut answers = Vec::with_capacity(items.len());
    let mut prepared = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        match one(item, index, |said| call::prepare(&vu, &client, said)) {
            Ok(Prepared { request, answer }) => {
                prepared.push(request);
                answers.push(answer);
            }
            Err(failure) => {
                let failed = failure.into_response(&ctx, &vu, "A batch request failed")?;
                return unsent(&ctx, &shape, items.len(), index, failed);
            }
        }
    }
    let scope = state::scope(&vu);
    let responses = suspend::wait(&ctx, client.batch(prepared, &scope))?;
    let made = responses.into_iter().zip(answers);
    let made = made.map(|(response, answer)| call::finish(&ctx, &vu, response, answer));
    shaped(&ctx, &shape, made.collect::<Result<Vec<_>>>()?)
}

fn items<'js>(ctx: &Ctx<'js>, requests: &Value<'js>) -> Result<(Shape, Vec<Value<'js>>)> {
    if let Some(array) = requests.as_array() {
        let items = array.iter::<Value<'js>>().take(REQUESTS_LIMIT).collect::<Result<_>>()?;
        return Ok((Shape::Array, items));
    }
    let kind = arguments::type_name(requests);
    let Some(object) = requests.as_object().filter(|_| kind == "map[string]interface {}") else {
        return Err(error::throw(ctx, &format!("invalid http.batch() argument type {kind}")));
    };
    let (mut names, mut items) = (Vec::new(), Vec::new());
    for property in object.props::<String, Value<'js>>().take(REQUESTS_LIMIT) {
        let (name, item) = property?;
        names.push(name);
        items.push(item);
    }
    Ok((Shape::Object(names), items))
}

/// A URL, `[method, url, body, params]` or `{ method, url, body, params }`.
fn one<'js>(
    item: &Value<'js>,
    index: usize,
    prepare: impl FnOnce(&Said<'_, 'js>) -> Build<Prepared>,
) -> Build<Prepared> {
    if let Some(array) = item.as_array() {
        let parts = array.iter::<Value<'js>>().take(4).collect::<Result<Vec<_>>>()?;
        let (Some(method), Some(url)) = (parts.first(), parts.get(1)) else {
            return Err(Failure::argument(format!("invalid batch request '{}'", shown(array)?)));
        };
        let method = method_of(method)?;
        return prepare(&Said {
            method: &method,
            url: Some(url),
            body: parts.get(2),
            params: parts.get(3),
        });
    }
    let record = item
        .as_object()
        .filter(|object| !object.is_function() && Class::<UrlMark>::from_object(object).is_none());
    let Some(record) = record else {
        return prepare(&Said { method: "GET", url: Some(item), body: None, params: None });
    };
    if !record.contains_key("url")? {
        return Err(Failure::argument(format!("batch request {index} doesn't have a url key")));
    }
    let method = if record.contains_key("method")? {
        method_of(&record.get("method")?)?
    } else {
        "GET".to_owned()
    };
    let [url, body, params] = ["url", "body", "params"].map(|key| record.get::<_, Value<'js>>(key));
    let (url, body, params) = (url?, body?, params?);
    prepare(&Said { method: &method, url: Some(&url), body: Some(&body), params: Some(&params) })
}

fn method_of(value: &Value<'_>) -> Build<String> {
    match value.as_string() {
        Some(method) => Ok(method.to_string()?),
        None => {
            Err(Failure::argument(format!("invalid method type '{}'", arguments::type_name(value))))
        }
    }
}

/// An array as Go's `%#v` shows it, which is what k6's message has.
fn shown(array: &Array<'_>) -> Result<String> {
    let item = |value: Result<Value<'_>>| {
        let value = value?;
        let text = arguments::text(&value)?;
        Ok(if value.is_string() { format!("{text:?}") } else { text })
    };
    let items = array.iter::<Value<'_>>().map(item).collect::<Result<Vec<_>>>()?;
    Ok(format!("[]interface {{}}{{{}}}", items.join(", ")))
}

fn shaped<'js>(ctx: &Ctx<'js>, shape: &Shape, values: Vec<Value<'js>>) -> Result<Value<'js>> {
    match shape {
        Shape::Array => {
            let array = Array::new(ctx.clone())?;
            for (index, value) in values.into_iter().enumerate() {
                array.set(index, value)?;
            }
            Ok(array.into_value())
        }
        Shape::Object(names) => {
            let object = Object::new(ctx.clone())?;
            for (name, value) in names.iter().zip(values) {
                object.set(name.as_str(), value)?;
            }
            Ok(object.into_value())
        }
    }
}

/// k6 sends none when one cannot be: blank responses before it, nothing behind it.
fn unsent<'js>(
    ctx: &Ctx<'js>,
    shape: &Shape,
    count: usize,
    failed_at: usize,
    failed: Value<'js>,
) -> Result<Value<'js>> {
    let mut values = Vec::with_capacity(count);
    for _ in 0..failed_at {
        values.push(response::blank(ctx)?);
    }
    values.push(failed);
    if matches!(shape, Shape::Array) {
        values.resize(count, Value::new_undefined(ctx.clone()));
    }
    shaped(ctx, shape, values)
}
