//! `k6/encoding`: b64encode, b64decode.

mod base64;

use std::rc::Rc;

use rquickjs::{Ctx, Function, IntoJs, Object, Result, Value, function::Opt};

use self::base64::Variant;
use super::{
    Module,
    arguments::{array_buffer, bytes, given, text},
};
use crate::vu::{VuState, error};

pub const MODULE: Module =
    Module { name: "k6/encoding", exports: &["b64decode", "b64encode"], build, named: None };

fn build<'js>(ctx: &Ctx<'js>, _: &Rc<VuState>) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    object.set("b64encode", Function::new(ctx.clone(), encode)?.with_name("b64encode")?)?;
    object.set("b64decode", Function::new(ctx.clone(), decode)?.with_name("b64decode")?)?;
    Ok(object)
}

fn encode<'js>(ctx: Ctx<'js>, input: Opt<Value<'js>>, encoding: Opt<Value<'js>>) -> Result<String> {
    let input = input.0.unwrap_or_else(|| Value::new_undefined(ctx.clone()));
    Ok(variant(encoding)?.encode(&bytes(&ctx, &input)?))
}

fn decode<'js>(
    ctx: Ctx<'js>,
    input: Opt<Value<'js>>,
    encoding: Opt<Value<'js>>,
    format: Opt<Value<'js>>,
) -> Result<Value<'js>> {
    let input = given(input.0).map(|input| text(&input)).transpose()?.unwrap_or_default();
    let decoded = variant(encoding)?
        .decode(&input)
        .map_err(|cause| error::throw(&ctx, &cause.to_string()))?;
    match given(format.0).map(|format| text(&format)).transpose()?.as_deref() {
        Some("s") => String::from_utf8_lossy(&decoded).into_js(&ctx),
        _ => array_buffer(&ctx, decoded),
    }
}

fn variant(name: Opt<Value<'_>>) -> Result<Variant> {
    let name = given(name.0).map(|name| text(&name)).transpose()?;
    Ok(Variant::named(&name.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use crate::testing::check_script;

    #[test]
    fn encodes_and_decodes() {
        check_script(
            "import encoding, { b64encode } from 'k6/encoding';
             console.log(b64encode('a?>', 'rawurl'), b64encode(new Uint8Array([1, 2, 255]).buffer));
             console.log(encoding.b64decode('aGk=', 'std', 's'));
             console.log(new Uint8Array(encoding.b64decode('aGk', 'rawurl')).join());",
            &["YT8- AQL/", "hi", "104,105"],
        );
    }

    #[test]
    fn errors_are_told_as_in_k6() {
        check_script(
            "import { b64decode, b64encode } from 'k6/encoding';
             const t = (f) => { try { f(); } catch (e) { console.log(String(e)); } };
             t(() => b64decode('aGk')); t(() => b64encode(5)); t(() => b64encode(null));",
            &[
                "GoError: illegal base64 data at input byte 0",
                "GoError: invalid type int64, expected string, []byte or ArrayBuffer",
                "GoError: invalid type <nil>, expected string, []byte or ArrayBuffer",
            ],
        );
    }
}
