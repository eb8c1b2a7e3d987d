//! `TextEncoder` and `TextDecoder`.

use std::cell::RefCell;

use encoding_rs::{CoderResult, DecoderResult, Encoding};
use rquickjs::{
    Class, Coerced, Ctx, Exception, Function, JsLifetime, Object, Result, Value,
    class::{JsClass, Readable, Trace, Tracer},
    function::{Constructor, Opt, This},
    object::{Accessor, Property},
};

use crate::modules::arguments::{given, text, uint8_array};

/// Puts both into the global object, to be made when a script first asks for them: most never do,
/// and each costs memory in every VU.
pub(super) fn install(ctx: &Ctx<'_>) -> Result<()> {
    define_lazily(ctx, "TextEncoder", |ctx| {
        Constructor::new_class::<TextEncoder, _, _>(ctx.clone(), |ctx| {
            Class::instance(ctx, TextEncoder)
        })
    })?;
    define_lazily(ctx, "TextDecoder", |ctx| {
        Constructor::new_class::<TextDecoder, _, _>(ctx.clone(), TextDecoder::create)
    })
}

/// A global whose value `make` makes at the first read; scripts may overwrite it.
fn define_lazily<'js>(
    ctx: &Ctx<'js>,
    name: &'static str,
    make: for<'a> fn(&Ctx<'a>) -> Result<Constructor<'a>>,
) -> Result<()> {
    let replace = move |ctx: &Ctx<'js>, value: Value<'js>| {
        ctx.globals().prop(name, Property::from(value).writable().configurable())
    };
    let get = move |ctx: Ctx<'js>| {
        let constructor = make(&ctx)?.into_value();
        replace(&ctx, constructor.clone())?;
        Ok::<_, rquickjs::Error>(constructor)
    };
    let set = move |ctx: Ctx<'js>, value: Value<'js>| replace(&ctx, value);
    ctx.globals().prop(name, Accessor::new(get, set).configurable())
}

struct TextEncoder;

#[expect(unsafe_code, reason = "a contract of rquickjs")]
// SAFETY: no JavaScript lifetime inside.
unsafe impl<'js> JsLifetime<'js> for TextEncoder {
    type Changed<'to> = TextEncoder;
}

impl<'js> Trace<'js> for TextEncoder {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

impl<'js> JsClass<'js> for TextEncoder {
    const NAME: &'static str = "TextEncoder";
    type Mutable = Readable;

    fn prototype(ctx: &Ctx<'js>) -> Result<Option<Object<'js>>> {
        let object = Object::new(ctx.clone())?;
        object.prop("encoding", Accessor::from(|| "utf-8").enumerable().configurable())?;
        object.set("encode", Function::new(ctx.clone(), encode)?.with_name("encode")?)?;
        object
            .set("encodeInto", Function::new(ctx.clone(), encode_into)?.with_name("encodeInto")?)?;
        Ok(Some(object))
    }

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

/// The argument as text; none or `undefined` is empty.
fn input(value: Opt<Value<'_>>) -> Result<String> {
    match value.0.filter(|value| !value.is_undefined()) {
        Some(value) => text(&value),
        None => Ok(String::new()),
    }
}

fn encode<'js>(ctx: Ctx<'js>, text: Opt<Value<'js>>) -> Result<Value<'js>> {
    uint8_array(&ctx, input(text)?.into_bytes())
}

/// Writes as many whole characters as fit; tells how much was read (UTF-16 units) and written (bytes).
fn encode_into<'js>(
    ctx: Ctx<'js>,
    text: Opt<Value<'js>>,
    into: Opt<Value<'js>>,
) -> Result<Object<'js>> {
    let text = input(text)?;
    let view =
        into.0.as_ref().and_then(Value::as_object).and_then(|object| object.as_typed_array::<u8>());
    let Some(view) = view else {
        return Err(Exception::throw_type(&ctx, "encodeInto needs a Uint8Array to write to"));
    };
    let (mut read, mut written) = (0, 0);
    if let Some(mut raw) = view.as_raw().filter(|raw| !raw.is_empty()) {
        #[expect(unsafe_code, reason = "rquickjs gives the bytes of a buffer as a pointer only")]
        // SAFETY: valid until JavaScript runs again, which it does not before the copy is made;
        // nothing else holds a reference to the buffer's bytes.
        let target = unsafe { raw.as_mut() };
        for character in text.chars() {
            let Some(place) = target.get_mut(written..written + character.len_utf8()) else {
                break;
            };
            character.encode_utf8(place);
            read += character.len_utf16();
            written += character.len_utf8();
        }
    }
    let object = Object::new(ctx)?;
    object.set("read", read)?;
    object.set("written", written)?;
    Ok(object)
}

struct TextDecoder {
    encoding: &'static Encoding,
    fatal: bool,
    keeps_mark: bool,
    /// Of a text that goes on with the next call.
    decoder: RefCell<Option<encoding_rs::Decoder>>,
}

#[expect(unsafe_code, reason = "a contract of rquickjs")]
// SAFETY: no JavaScript lifetime inside.
unsafe impl<'js> JsLifetime<'js> for TextDecoder {
    type Changed<'to> = TextDecoder;
}

impl<'js> Trace<'js> for TextDecoder {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

type Decoding<'js> = This<Class<'js, TextDecoder>>;

impl<'js> JsClass<'js> for TextDecoder {
    const NAME: &'static str = "TextDecoder";
    type Mutable = Readable;

    fn prototype(ctx: &Ctx<'js>) -> Result<Option<Object<'js>>> {
        let object = Object::new(ctx.clone())?;
        let encoding = |me: Decoding<'js>| me.0.borrow().encoding.name().to_ascii_lowercase();
        object.prop("encoding", Accessor::from(encoding).enumerable().configurable())?;
        let fatal = |me: Decoding<'js>| me.0.borrow().fatal;
        object.prop("fatal", Accessor::from(fatal).enumerable().configurable())?;
        let keeps_mark = |me: Decoding<'js>| me.0.borrow().keeps_mark;
        object.prop("ignoreBOM", Accessor::from(keeps_mark).enumerable().configurable())?;
        object.set("decode", Function::new(ctx.clone(), decode)?.with_name("decode")?)?;
        Ok(Some(object))
    }

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

fn flag(options: Option<&Value<'_>>, name: &str) -> Result<bool> {
    let Some(options) = options.and_then(|options| options.as_object()) else { return Ok(false) };
    Ok(options.get::<_, Coerced<bool>>(name)?.0)
}

impl TextDecoder {
    fn create<'js>(
        ctx: Ctx<'js>,
        label: Opt<Value<'js>>,
        options: Opt<Value<'js>>,
    ) -> Result<Class<'js, TextDecoder>> {
        let label = match label.0.filter(|label| !label.is_undefined()) {
            Some(label) => label.get::<Coerced<String>>()?.0,
            None => "utf-8".to_string(),
        };
        let Some(encoding) = Encoding::for_label_no_replacement(label.as_bytes()) else {
            let message = format!("the \"{label}\" encoding is not supported");
            return Err(Exception::throw_range(&ctx, &message));
        };
        let options = given(options.0);
        let decoder = TextDecoder {
            encoding,
            fatal: flag(options.as_ref(), "fatal")?,
            keeps_mark: flag(options.as_ref(), "ignoreBOM")?,
            decoder: RefCell::new(None),
        };
        Class::instance(ctx, decoder)
    }

    /// `None` for bytes that are no text of this encoding, when that is fatal.
    fn decode(&self, bytes: &[u8], goes_on: bool) -> Option<String> {
        let mut decoder = self.decoder.take().unwrap_or_else(|| {
            if self.keeps_mark {
                self.encoding.new_decoder_without_bom_handling()
            } else {
                self.encoding.new_decoder_with_bom_removal()
            }
        });
        let mut text = String::new();
        let mut rest = bytes;
        loop {
            // Room for the worst case of all, which a `usize` always holds for what is in memory.
            let room = decoder.max_utf8_buffer_length(rest.len()).unwrap_or(rest.len());
            text.reserve(room);
            let (is_done, read) = if self.fatal {
                let (result, read) =
                    decoder.decode_to_string_without_replacement(rest, &mut text, !goes_on);
                if matches!(result, DecoderResult::Malformed(..)) {
                    return None;
                }
                (result == DecoderResult::InputEmpty, read)
            } else {
                let (result, read, _) = decoder.decode_to_string(rest, &mut text, !goes_on);
                (result == CoderResult::InputEmpty, read)
            };
            rest = rest.get(read..).unwrap_or_default();
            if is_done {
                break;
            }
        }
        if goes_on {
            self.decoder.replace(Some(decoder));
        }
        Some(text)
    }
}

fn decode<'js>(
    ctx: Ctx<'js>,
    me: Decoding<'js>,
    input: Opt<Value<'js>>,
    options: Opt<Value<'js>>,
) -> Result<String> {
    let bytes = match input.0.filter(|input| !input.is_undefined()) {
        Some(input) => buffer_bytes(&input)?.ok_or_else(|| {
            Exception::throw_type(&ctx, "decode() takes an ArrayBuffer or a view of one")
        })?,
        None => Vec::new(),
    };
    let goes_on = flag(options.0.as_ref(), "stream")?;
    let text = me.0.borrow().decode(&bytes, goes_on);
    text.ok_or_else(|| Exception::throw_type(&ctx, "the encoded data is not valid"))
}

/// The bytes of an ArrayBuffer, of a typed array or of a DataView; `None` for other values.
fn buffer_bytes(value: &Value<'_>) -> Result<Option<Vec<u8>>> {
    if let Some(bytes) = crate::modules::arguments::view_bytes(value) {
        return Ok(Some(bytes));
    }
    let Some(object) = value.as_object() else { return Ok(None) };
    let Some(bytes) = crate::modules::arguments::view_bytes(&object.get("buffer")?) else {
        return Ok(None);
    };
    let offset: usize = object.get("byteOffset")?;
    let length: usize = object.get("byteLength")?;
    Ok(bytes.get(offset..).and_then(|rest| rest.get(..length)).map(<[u8]>::to_vec))
}

#[cfg(test)]
mod tests {
    use crate::testing::check_script;

    #[test]
    fn encodes() {
        check_script(
            "const e = new TextEncoder(), b = new Uint8Array(4);
             console.log(e.encoding, e.encode('hé€').join(), e.encode().length, e.encode(undefined).length,
               e.encode('\\ud800x').join());
             console.log(JSON.stringify(e.encodeInto('aé€', b)), b.join());",
            &["utf-8 104,195,169,226,130,172 0 0 239,191,189,120", "{\"read\":2,\"written\":3} 97,195,169,0"],
        );
    }

    #[test]
    fn decodes() {
        check_script(
            "const d = new TextDecoder(), bytes = (...b) => new Uint8Array(b);
             console.log(d.encoding, d.fatal, d.ignoreBOM, d.decode(bytes(104, 195, 169)), d.decode(bytes(255)));
             console.log(d.decode(bytes(0xef, 0xbb, 0xbf, 97)).length,
               new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes(0xef, 0xbb, 0xbf, 97)).length);
             console.log(d.decode(bytes(0xe2, 0x82), { stream: true })
               + d.decode(bytes(0xac), { stream: true }) + d.decode());
             console.log(new TextDecoder('utf-16le').decode(bytes(104, 0, 105, 0).buffer),
               new TextDecoder('utf-16be').decode(new DataView(bytes(0, 104).buffer)),
               new TextDecoder('latin1').encoding, new TextDecoder('windows-1252').decode(bytes(0x80)));
             console.log(d.decode(new Uint16Array([0x6161, 0x6262]).subarray(1)));",
            &["utf-8 false false hé \u{fffd}", "1 2", "€", "hi h windows-1252 €", "bb"],
        );
    }

    #[test]
    fn refuses() {
        check_script(
            "const t = (f) => { try { f(); console.log('ok'); } catch (e) { console.log(e.name); } };
             t(() => new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([255])));
             t(() => new TextDecoder('nope')); t(() => new TextDecoder().decode('x')); t(() => new TextEncoder().encodeInto('x'));",
            &["TypeError", "RangeError", "TypeError", "TypeError"],
        );
    }
}
