//! Request bodies: text, bytes, forms, multipart forms.

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use plimsoll_clients::http::Headers;
use plimsoll_runtime::log::Level;
use rquickjs::{Object, Result, Value};

use super::{
    failure::{Build, Failure},
    marks::{self, File},
    multipart,
};
use crate::{modules::arguments, vu::VuState};

/// Fields of one form.
const FIELDS_LIMIT: usize = 100_000;

/// What a form leaves as it is, as Go's `url.QueryEscape`; a space becomes `+`.
const FORM: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b' ');

const FORM_TYPE: &str = "application/x-www-form-urlencoded";

/// The bytes of a request's body; sets `Content-Type` for forms unless the script has.
pub(super) fn read(vu: &VuState, value: &Value<'_>, headers: &mut Headers) -> Build<Option<Bytes>> {
    if value.is_undefined() || value.is_null() {
        return Ok(None);
    }
    if let Some(text) = value.as_string() {
        return Ok(Some(Bytes::from(text.to_string().unwrap_or_default())));
    }
    if let Some(bytes) = arguments::view_bytes(value) {
        return Ok(Some(Bytes::from(bytes)));
    }
    let object = value.as_object().filter(|object| is_record(object));
    let Some(object) = object else {
        return Err(Failure::argument(format!(
            "unknown request body type {}",
            arguments::type_name(value)
        )));
    };
    let fields = fields(vu, object)?;
    let (content_type, body) = if fields.iter().any(|(_, field)| matches!(field, Field::File(_))) {
        multipart::encode(&fields)
    } else {
        (FORM_TYPE.to_owned(), urlencoded(fields).into_bytes())
    };
    if headers.get_bytes("Content-Type").is_none() {
        headers.push("Content-Type", &content_type);
    }
    Ok(Some(Bytes::from(body)))
}

fn is_record(object: &Object<'_>) -> bool {
    !(object.is_array()
        || object.is_function()
        || object.instance_of::<marks::FileMark>()
        || arguments::type_name(object) != "map[string]interface {}")
}

/// One field of a form.
pub(super) enum Field {
    Texts(Vec<String>),
    File(File),
}

/// In order of their names, as k6 sends them.
fn fields(vu: &VuState, object: &Object<'_>) -> Result<Vec<(String, Field)>> {
    let mut fields = Vec::new();
    for property in object.props::<String, Value<'_>>().take(FIELDS_LIMIT) {
        let (name, value) = property?;
        let field = match marks::as_file(&value)? {
            Some(file) => Field::File(file),
            None => Field::Texts(texts(vu, &name, &value)?),
        };
        fields.push((name, field));
    }
    fields.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(fields)
}

fn texts(vu: &VuState, name: &str, value: &Value<'_>) -> Result<Vec<String>> {
    match value.as_array() {
        Some(array) => array.iter::<Value<'_>>().map(|item| text(vu, name, &item?)).collect(),
        None => Ok(vec![text(vu, name, value)?]),
    }
}

/// A form has no nesting: what is not a scalar becomes empty, with a warning.
fn text(vu: &VuState, name: &str, value: &Value<'_>) -> Result<String> {
    if value.is_null() || value.is_undefined() {
        return Ok(String::new());
    }
    if let Some(number) = value.as_float().filter(|_| !value.is_int()) {
        return Ok(go_number(number));
    }
    if value.is_object() {
        let kind = arguments::type_name(value);
        let message = format!(
            "the form field '{name}' has a value of type {kind} and is sent empty; use JSON.stringify"
        );
        vu.test.log.write(Level::Warning, &message, &[]);
        return Ok(String::new());
    }
    arguments::text(value)
}

/// Whole numbers up to here are integers to k6.
const SAFE_INTEGER: f64 = 9_007_199_254_740_992.0;

/// As Go prints a float64: from 1e6 on and below 1e-4 with an exponent of sign and two digits.
fn go_number(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let whole = number.fract() == 0.0 && number.abs() < SAFE_INTEGER;
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if whole || (-4..6).contains(&exponent) {
        return number.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

fn urlencoded(fields: Vec<(String, Field)>) -> String {
    let mut out = String::new();
    for (name, field) in fields {
        let Field::Texts(texts) = field else { continue };
        for text in texts {
            if !out.is_empty() {
                out.push('&');
            }
            escape(&name, &mut out);
            out.push('=');
            escape(&text, &mut out);
        }
    }
    out
}

fn escape(text: &str, out: &mut String) {
    for piece in utf8_percent_encode(text, FORM) {
        if piece.contains(' ') {
            out.push_str(&piece.replace(' ', "+"));
        } else {
            out.push_str(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Field, go_number, urlencoded};

    #[test]
    fn forms_are_escaped_as_in_go() {
        let check = |pairs: &[(&str, &str)], form: &str| {
            let field = |text: &str| Field::Texts(vec![text.to_owned()]);
            let fields = pairs.iter().map(|(name, text)| ((*name).to_owned(), field(text)));
            assert_eq!(urlencoded(fields.collect()), form);
        };
        check(&[("a", "x y"), ("b c", "1")], "a=x+y&b+c=1");
        check(&[("i", "é&=~")], "i=%C3%A9%26%3D~");
        check(&[], "");
    }

    #[test]
    fn numbers_are_printed_as_in_go() {
        let check = |number, text| assert_eq!(go_number(number), text);
        check(0.1, "0.1");
        check(1e21, "1e+21");
        check(123456789.123, "1.23456789123e+08");
        check(123456789.0, "123456789");
        check(0.00001, "1e-05");
        check(12345678901234567890.0, "1.2345678901234567e+19");
        check(-0.0, "-0");
        check(f64::NAN, "NaN");
    }
}
