//! Arguments as k6's functions take them, and how their errors name what was passed.

use rquickjs::{ArrayBuffer, Ctx, Error, Object, Result, TypedArray, Value};

use crate::vu::error;

/// The type of a JavaScript value in the words of k6's error messages.
pub(crate) fn type_name(value: &Value<'_>) -> &'static str {
    if value.is_null() || value.is_undefined() {
        "<nil>"
    } else if value.is_bool() {
        "bool"
    } else if value.is_string() {
        "string"
    } else if value.is_int() {
        "int64"
    } else if let Some(number) = value.as_float() {
        if number.fract() == 0.0 && number.abs() < 9.0e15 { "int64" } else { "float64" }
    } else if value.is_array() {
        "[]interface {}"
    } else if value.is_function() {
        "func(sobek.FunctionCall) sobek.Value"
    } else {
        value.as_object().map_or("interface {}", object_type_name)
    }
}

fn object_type_name(object: &Object<'_>) -> &'static str {
    if object.is_typed_array::<u16>() {
        "[]uint16"
    } else if object.is_typed_array::<u32>() {
        "[]uint32"
    } else if object.is_typed_array::<i8>() {
        "[]int8"
    } else if object.is_typed_array::<i16>() {
        "[]int16"
    } else if object.is_typed_array::<i32>() {
        "[]int32"
    } else if object.is_typed_array::<f32>() {
        "[]float32"
    } else if object.is_typed_array::<f64>() {
        "[]float64"
    } else {
        "map[string]interface {}"
    }
}

/// The bytes of a string, an ArrayBuffer or a Uint8Array; `Err` is k6's message for anything else.
pub(crate) fn bytes_or_message(value: &Value<'_>) -> std::result::Result<Vec<u8>, String> {
    let other =
        || format!("invalid type {}, expected string, []byte or ArrayBuffer", type_name(value));
    if let Some(text) = value.as_string() {
        return string(text).map(String::into_bytes).map_err(|error| error.to_string());
    }
    view_bytes(value).ok_or_else(other)
}

/// A copy of the bytes of an ArrayBuffer or a Uint8Array; `None` for other values.
pub(crate) fn view_bytes(value: &Value<'_>) -> Option<Vec<u8>> {
    let object = value.as_object()?;
    let raw = match object.as_typed_array::<u8>() {
        Some(view) => view.as_raw()?,
        None => ArrayBuffer::from_object(object.clone())?.as_raw()?,
    };
    #[expect(unsafe_code, reason = "rquickjs gives the bytes of a buffer as a pointer only")]
    // SAFETY: valid until JavaScript runs again, which it does not before the copy is made.
    let bytes = unsafe { raw.as_ref() };
    Some(bytes.to_vec())
}

/// As [`bytes_or_message`], thrown.
pub(crate) fn bytes<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Vec<u8>> {
    bytes_or_message(value).map_err(|message| error::throw(ctx, &message))
}

/// A value of `undefined` or `null`, or none at all, is no argument.
pub(crate) fn given(value: Option<Value<'_>>) -> Option<Value<'_>> {
    value.filter(|value| !value.is_undefined() && !value.is_null())
}

/// The value as `String(value)` makes it, see [`string`].
pub(crate) fn text<'js>(value: &Value<'js>) -> Result<String> {
    match value.as_string() {
        Some(text) => string(text),
        None => Ok(value.get::<rquickjs::Coerced<String>>()?.0),
    }
}

/// A string whose lone surrogates, which UTF-8 cannot say, became replacement characters.
pub(crate) fn string(text: &rquickjs::String<'_>) -> Result<String> {
    match text.to_string() {
        Err(Error::Utf8(_)) => {}
        other => return other,
    }
    let raw = text.clone().to_cstring()?;
    #[expect(unsafe_code, reason = "rquickjs gives such bytes as a pointer only")]
    // SAFETY: pointer and length are those of the string that `raw` keeps.
    let bytes = unsafe { std::slice::from_raw_parts(raw.as_ptr().cast::<u8>(), raw.len()) };
    let mut result = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        result.push_str(chunk.valid());
        // Three bytes each, of which only the first one starts like this.
        if chunk.invalid().first() == Some(&0xed) {
            result.push(char::REPLACEMENT_CHARACTER);
        }
    }
    Ok(result)
}

/// A new ArrayBuffer with these bytes.
pub(crate) fn array_buffer<'js>(ctx: &Ctx<'js>, bytes: Vec<u8>) -> Result<Value<'js>> {
    Ok(ArrayBuffer::new(ctx.clone(), bytes)?.into_value())
}

/// Throws a `TypeError`.
pub(crate) fn type_error(ctx: &Ctx<'_>, message: &str) -> Error {
    rquickjs::Exception::throw_type(ctx, message)
}

/// A new Uint8Array with these bytes.
pub(crate) fn uint8_array<'js>(ctx: &Ctx<'js>, bytes: Vec<u8>) -> Result<Value<'js>> {
    Ok(TypedArray::<u8>::new(ctx.clone(), bytes)?.into_value())
}
