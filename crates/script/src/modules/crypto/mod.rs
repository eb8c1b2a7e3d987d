//! `k6/crypto`: hashes, HMAC, random bytes.

pub(crate) mod certificate;
mod curve;
mod hash;
pub mod x509;

use std::{cell::RefCell, rc::Rc};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD},
};
use ring::rand::{SecureRandom, SystemRandom};
use rquickjs::{Coerced, Ctx, Function, IntoJs, Object, Result, Value, function::Opt};

use self::hash::{ALGORITHMS, Hasher, hex};
use super::{
    Module,
    arguments::{array_buffer, bytes, bytes_or_message, given, text},
};
use crate::vu::{VuState, error};

pub const MODULE: Module = Module {
    name: "k6/crypto",
    exports: &[
        "createHMAC",
        "createHash",
        "hexEncode",
        "hmac",
        "md4",
        "md5",
        "randomBytes",
        "ripemd160",
        "sha1",
        "sha256",
        "sha384",
        "sha512",
        "sha512_224",
        "sha512_256",
    ],
    build,
    named: None,
};

/// The most that `randomBytes` gives at once, in bytes.
const RANDOM_BYTES_LIMIT: usize = 256 << 20;

fn build<'js>(ctx: &Ctx<'js>, _: &Rc<VuState>) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    for algorithm in ALGORITHMS {
        let digest = move |ctx: Ctx<'js>, input: Opt<Value<'js>>, encoding: Opt<Value<'js>>| {
            one_shot(&ctx, algorithm, input, encoding)
        };
        object.set(*algorithm, Function::new(ctx.clone(), digest)?.with_name(*algorithm)?)?;
    }
    object.set("createHash", Function::new(ctx.clone(), create_hash)?.with_name("createHash")?)?;
    object.set("createHMAC", Function::new(ctx.clone(), create_hmac)?.with_name("createHMAC")?)?;
    object.set("hmac", Function::new(ctx.clone(), hmac)?.with_name("hmac")?)?;
    object.set("hexEncode", Function::new(ctx.clone(), hex_encode)?.with_name("hexEncode")?)?;
    object
        .set("randomBytes", Function::new(ctx.clone(), random_bytes)?.with_name("randomBytes")?)?;
    Ok(object)
}

fn or_undefined<'js>(ctx: &Ctx<'js>, value: Opt<Value<'js>>) -> Value<'js> {
    value.0.unwrap_or_else(|| Value::new_undefined(ctx.clone()))
}

/// The text of an optional argument, empty without one.
fn optional_text(value: Opt<Value<'_>>) -> Result<String> {
    Ok(given(value.0).map(|value| text(&value)).transpose()?.unwrap_or_default())
}

fn encoded<'js>(ctx: &Ctx<'js>, digest: Vec<u8>, encoding: Opt<Value<'js>>) -> Result<Value<'js>> {
    match optional_text(encoding)?.as_str() {
        "hex" => hex(&digest).into_js(ctx),
        "base64" => STANDARD.encode(digest).into_js(ctx),
        "base64url" => URL_SAFE.encode(digest).into_js(ctx),
        "base64rawurl" => URL_SAFE_NO_PAD.encode(digest).into_js(ctx),
        "binary" => array_buffer(ctx, digest),
        other => Err(error::throw(ctx, &format!("invalid output encoding: {other}"))),
    }
}

fn unknown_algorithm(ctx: &Ctx<'_>, algorithm: &str) -> rquickjs::Error {
    error::throw(ctx, &format!("invalid algorithm: {algorithm}"))
}

fn one_shot<'js>(
    ctx: &Ctx<'js>,
    algorithm: &str,
    input: Opt<Value<'js>>,
    encoding: Opt<Value<'js>>,
) -> Result<Value<'js>> {
    let input = bytes_or_message(&or_undefined(ctx, input))
        .map_err(|message| error::throw(ctx, &format!("{algorithm} failed: {message}")))?;
    let mut hasher = hash::hasher(algorithm).ok_or_else(|| unknown_algorithm(ctx, algorithm))?;
    hasher.update(&input);
    encoded(ctx, hasher.digest(), encoding)
}

fn create_hash<'js>(ctx: Ctx<'js>, algorithm: Opt<Value<'js>>) -> Result<Object<'js>> {
    let algorithm = optional_text(algorithm)?;
    match hash::hasher(&algorithm) {
        Some(hasher) => hasher_object(&ctx, hasher),
        None => Err(unknown_algorithm(&ctx, &algorithm)),
    }
}

fn create_hmac<'js>(
    ctx: Ctx<'js>,
    algorithm: Opt<Value<'js>>,
    secret: Opt<Value<'js>>,
) -> Result<Object<'js>> {
    let algorithm = optional_text(algorithm)?;
    let secret = or_undefined(&ctx, secret);
    match hash::keyed(&algorithm, &bytes(&ctx, &secret)?) {
        Some(hasher) => hasher_object(&ctx, hasher),
        None => Err(unknown_algorithm(&ctx, &algorithm)),
    }
}

fn hasher_object<'js>(ctx: &Ctx<'js>, hasher: Box<dyn Hasher>) -> Result<Object<'js>> {
    let hasher = Rc::new(RefCell::new(hasher));
    let object = Object::new(ctx.clone())?;
    let shared = hasher.clone();
    let digest = move |ctx: Ctx<'js>, encoding: Opt<Value<'js>>| {
        let digest = shared.borrow().digest();
        encoded(&ctx, digest, encoding)
    };
    object.set("digest", Function::new(ctx.clone(), digest)?.with_name("digest")?)?;
    let update = move |ctx: Ctx<'js>, input: Opt<Value<'js>>| -> Result<()> {
        let input = bytes(&ctx, &or_undefined(&ctx, input))?;
        hasher.borrow_mut().update(&input);
        Ok(())
    };
    object.set("update", Function::new(ctx.clone(), update)?.with_name("update")?)?;
    Ok(object)
}

fn hmac<'js>(
    ctx: Ctx<'js>,
    algorithm: Opt<Value<'js>>,
    secret: Opt<Value<'js>>,
    input: Opt<Value<'js>>,
    encoding: Opt<Value<'js>>,
) -> Result<Value<'js>> {
    let algorithm = optional_text(algorithm)?;
    let secret = or_undefined(&ctx, secret);
    let keyed = hash::keyed(&algorithm, &bytes(&ctx, &secret)?);
    let mut hasher = keyed.ok_or_else(|| unknown_algorithm(&ctx, &algorithm))?;
    let input = or_undefined(&ctx, input);
    hasher.update(&bytes(&ctx, &input)?);
    encoded(&ctx, hasher.digest(), encoding)
}

fn hex_encode<'js>(ctx: Ctx<'js>, input: Opt<Value<'js>>) -> Result<String> {
    let input = or_undefined(&ctx, input);
    Ok(hex(&bytes(&ctx, &input)?))
}

fn random_bytes<'js>(ctx: Ctx<'js>, size: Opt<Coerced<f64>>) -> Result<Value<'js>> {
    let size = size.0.map_or(0.0, |size| size.0);
    // A cast of a negative number or NaN gives 0.
    let size = size as usize;
    if size == 0 || size > RANDOM_BYTES_LIMIT {
        return Err(error::throw(&ctx, "invalid size"));
    }
    let mut bytes = vec![0; size];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| error::throw(&ctx, "the system gives no random bytes"))?;
    array_buffer(&ctx, bytes)
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_script, eval_script};

    #[test]
    fn one_shot_and_incremental_agree() {
        check_script(
            "import crypto, { createHash, createHMAC, hmac } from 'k6/crypto';
             const h = createHash('sha256'); h.update('a'); h.update('b');
             console.log(h.digest('hex') === crypto.sha256('ab', 'hex'));
             const m = createHMAC('sha1', 'k'); m.update(new Uint8Array([100]).buffer);
             console.log(m.digest('hex') === hmac('sha1', 'k', 'd', 'hex'), m.digest('base64'));
             console.log(crypto.md5('x', 'binary').byteLength, crypto.randomBytes(7).byteLength);",
            &["true", "true K5DkHnwMyOL3XAKRDDiZzEaLoxY=", "16 7"],
        );
    }

    #[test]
    fn errors_are_told_as_in_k6() {
        let script = |call: &str| format!("import crypto from 'k6/crypto'; crypto.{call}");
        for (call, message) in [
            ("md5('x', 'zz')", "GoError: invalid output encoding: zz"),
            (
                "md5(5, 'hex')",
                "GoError: md5 failed: invalid type int64, expected string, []byte or ArrayBuffer",
            ),
            ("createHMAC('zz', 'k')", "GoError: invalid algorithm: zz"),
            ("randomBytes(0)", "GoError: invalid size"),
        ] {
            let error = eval_script(&script(call)).error.unwrap_or_default();
            assert!(error.starts_with(message), "{call}: {error}");
        }
    }
}
