//! Objects that scripts hold and pass back: FileData, URLs with a name, sets of expected statuses.
//!
//! Each is a plain object with k6's properties that also carries its Rust value, so that an object
//! of the same shape made by the script is not mistaken for it.

use std::rc::Rc;

use plimsoll_clients::http::ExpectedStatuses;
use plimsoll_runtime::clock::Instant;
use rquickjs::{
    Array, ArrayBuffer, Class, Coerced, Ctx, JsLifetime, Object, Result, Value,
    class::{JsClass, Readable, Trace, Tracer},
    function::{Constructor, Opt, Rest},
};

use crate::{
    modules::arguments,
    vu::{VuState, error},
};

macro_rules! mark {
    ($name:ident, $script_name:literal) => {
        impl<'js> Trace<'js> for $name {
            fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
        }

        #[expect(unsafe_code, reason = "a contract of rquickjs")]
        // SAFETY: no JavaScript lifetime inside.
        unsafe impl<'js> JsLifetime<'js> for $name {
            type Changed<'to> = $name;
        }

        impl<'js> JsClass<'js> for $name {
            const NAME: &'static str = $script_name;
            type Mutable = Readable;

            fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
                Ok(None)
            }
        }
    };
}

mark!(FileMark, "FileData");
mark!(UrlMark, "URL");
mark!(StatusesMark, "ExpectedStatuses");

/// A file of a multipart body; its parts are the object's properties.
pub(super) struct FileMark;

/// A URL made by the `http.url` template tag.
pub(super) struct UrlMark {
    pub(super) name: Rc<str>,
    pub(super) url: Rc<str>,
}

pub(super) struct StatusesMark(pub(super) Rc<ExpectedStatuses>);

/// A part of a multipart body.
pub(super) struct File {
    pub(super) data: Vec<u8>,
    pub(super) filename: String,
    pub(super) content_type: String,
}

/// `http.file(data, filename, contentType)`
pub(super) fn file<'js>(
    ctx: Ctx<'js>,
    data: Opt<Value<'js>>,
    filename: Opt<Value<'js>>,
    content_type: Opt<Value<'js>>,
) -> Result<Object<'js>> {
    let data = data.0.unwrap_or_else(|| Value::new_undefined(ctx.clone()));
    let is_buffer = data.as_object().is_some_and(|o| ArrayBuffer::from_object(o.clone()).is_some());
    if !data.is_string() && !is_buffer && arguments::view_bytes(&data).is_none() {
        let found = arguments::type_name(&data);
        return Err(error::throw(
            &ctx,
            &format!("invalid type {found}, expected string or ArrayBuffer"),
        ));
    }
    let given = |value: Option<Value<'js>>| {
        arguments::given(value).map(|v| arguments::text(&v)).transpose()
    };
    let filename = match given(filename.0)? {
        Some(name) => name,
        // As in k6: some name that is not likely to be met again.
        None => Instant::now().unix_nanos().to_string(),
    };
    let content_type =
        given(content_type.0)?.unwrap_or_else(|| "application/octet-stream".to_owned());
    let object = Class::instance(ctx, FileMark)?.into_inner();
    object.set("data", data)?;
    object.set("filename", filename)?;
    object.set("content_type", content_type)?;
    Ok(object)
}

/// The file that `value` is; `None` for other values.
pub(super) fn as_file<'js>(value: &Value<'js>) -> Result<Option<File>> {
    let Some(object) = value.as_object().filter(|object| object.instance_of::<FileMark>()) else {
        return Ok(None);
    };
    let data: Value<'js> = object.get("data")?;
    Ok(Some(File {
        data: arguments::bytes_or_message(&data).unwrap_or_default(),
        filename: object.get::<_, Coerced<String>>("filename")?.0,
        content_type: object.get::<_, Coerced<String>>("content_type")?.0,
    }))
}

/// `` http.url`...` ``: the texts between placeholders name the URL.
pub(super) fn url<'js>(
    ctx: Ctx<'js>,
    pieces: Opt<Value<'js>>,
    values: Rest<Value<'js>>,
) -> Result<Object<'js>> {
    let (mut name, mut url) = (String::new(), String::new());
    if let Some(pieces) = arguments::given(pieces.0) {
        let Some(pieces) = pieces.into_array() else {
            return Err(arguments::type_error(
                &ctx,
                "http.url is a template tag: write http.url`https://...`",
            ));
        };
        fill(&pieces, &values.0, &mut name, &mut url)?;
    }
    let mark = UrlMark { name: Rc::from(name.as_str()), url: Rc::from(url.as_str()) };
    let object = Class::instance(ctx, mark)?.into_inner();
    object.set("name", name)?;
    object.set("url", url.as_str())?;
    object.set("clean_url", url)?;
    Ok(object)
}

fn fill<'js>(
    pieces: &Array<'js>,
    values: &[Value<'js>],
    name: &mut String,
    url: &mut String,
) -> Result<()> {
    for (index, piece) in pieces.iter::<Coerced<String>>().enumerate() {
        let piece = piece?.0;
        name.push_str(&piece);
        url.push_str(&piece);
        if let Some(value) = values.get(index) {
            name.push_str("${}");
            if !value.is_null() && !value.is_undefined() {
                url.push_str(&arguments::text(value)?);
            }
        }
    }
    Ok(())
}

/// `http.expectedStatuses(200, { min: 300, max: 399 }, ...)`
pub(super) fn expected_statuses<'js>(
    ctx: Ctx<'js>,
    given: Rest<Value<'js>>,
) -> Result<Object<'js>> {
    if given.0.is_empty() {
        return Err(error::throw(&ctx, "no arguments"));
    }
    let ranges = given.0.iter().enumerate().map(|(index, value)| {
        status_range(value, index + 1).map_err(|message| error::throw(&ctx, &message))
    });
    let ranges = ranges.collect::<Result<Vec<_>>>()?;
    let mark = StatusesMark(Rc::new(ExpectedStatuses::Ranges(ranges)));
    Ok(Class::instance(ctx, mark)?.into_inner())
}

fn status_range(value: &Value<'_>, position: usize) -> std::result::Result<(u16, u16), String> {
    if let Some(status) = value.as_int() {
        let status = u16::try_from(status).unwrap_or(0);
        return Ok((status, status));
    }
    let neither = || {
        format!(
            "argument number {position} to expectedStatuses was neither an integer nor an object like {{min:100, max:329}}"
        )
    };
    let object = value.as_object().filter(|object| !object.is_array()).ok_or_else(neither)?;
    let bound = |key: &str| object.get::<_, Value<'_>>(key).ok();
    let (Some(min), Some(max)) = (bound("min"), bound("max")) else { return Err(neither()) };
    if min.is_undefined() || max.is_undefined() {
        return Err(neither());
    }
    match (min.as_int(), max.as_int()) {
        (Some(min), Some(max)) => {
            Ok((u16::try_from(min).unwrap_or(0), u16::try_from(max).unwrap_or(u16::MAX)))
        }
        _ => Err(format!("both min and max need to be integers for argument number {position}")),
    }
}

/// What a script gives as response callback; `None` when it is none.
pub(super) fn as_statuses(value: &Value<'_>) -> Option<Rc<ExpectedStatuses>> {
    if value.is_null() || value.is_undefined() {
        return Some(Rc::new(ExpectedStatuses::Off));
    }
    let class = Class::<StatusesMark>::from_object(value.as_object()?)?;
    Some(class.borrow().0.clone())
}

/// `http.setResponseCallback(callback | null)`
pub(super) fn set_response_callback<'js>(ctx: Ctx<'js>, callback: Opt<Value<'js>>) -> Result<()> {
    let callback = callback.0.unwrap_or_else(|| Value::new_undefined(ctx.clone()));
    match as_statuses(&callback) {
        Some(expected) => {
            *VuState::of(&ctx)?.http.expected.borrow_mut() = Some(expected);
            Ok(())
        }
        None => Err(error::throw(&ctx, "unsupported argument, expected http.expectedStatuses")),
    }
}
