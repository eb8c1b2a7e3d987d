//! `k6/crypto/x509`: parse, getAltNames, getIssuer, getSubject.

use std::rc::Rc;

use rquickjs::{Ctx, Function, Object, Result, Value, function::Opt};

use super::{
    certificate::{Certificate, Key, Name},
    curve::Curve,
};
use crate::{
    modules::{
        Module,
        arguments::{text, type_error, type_name, view_bytes},
    },
    vu::{VuState, error},
};

pub const MODULE: Module = Module {
    name: "k6/crypto/x509",
    exports: &["getAltNames", "getIssuer", "getSubject", "parse"],
    build,
    named: None,
};

/// Object identifiers of the parts of names that have a property of their own.
const COMMON_NAME: &str = "2.5.4.3";
const COUNTRY: &str = "2.5.4.6";
const LOCALITY: &str = "2.5.4.7";
const STATE: &str = "2.5.4.8";
const STREET: &str = "2.5.4.9";
const ORGANIZATION: &str = "2.5.4.10";
const UNIT: &str = "2.5.4.11";
const POSTAL_CODE: &str = "2.5.4.17";

fn build<'js>(ctx: &Ctx<'js>, _: &Rc<VuState>) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    let parse =
        |ctx: Ctx<'js>, pem: Opt<Value<'js>>| certificate_object(&ctx, &certificate(&ctx, pem)?);
    object.set("parse", Function::new(ctx.clone(), parse)?.with_name("parse")?)?;
    let alt_names = |ctx: Ctx<'js>, pem: Opt<Value<'js>>| {
        Ok::<_, rquickjs::Error>(certificate(&ctx, pem)?.alt_names)
    };
    object.set("getAltNames", Function::new(ctx.clone(), alt_names)?.with_name("getAltNames")?)?;
    let issuer =
        |ctx: Ctx<'js>, pem: Opt<Value<'js>>| issuer_object(&ctx, &certificate(&ctx, pem)?.issuer);
    object.set("getIssuer", Function::new(ctx.clone(), issuer)?.with_name("getIssuer")?)?;
    let subject = |ctx: Ctx<'js>, pem: Opt<Value<'js>>| {
        subject_object(&ctx, &certificate(&ctx, pem)?.subject)
    };
    object.set("getSubject", Function::new(ctx.clone(), subject)?.with_name("getSubject")?)?;
    Ok(object)
}

fn certificate<'js>(ctx: &Ctx<'js>, pem: Opt<Value<'js>>) -> Result<Certificate> {
    let pem = pem.0.unwrap_or_else(|| Value::new_undefined(ctx.clone()));
    let text = match view_bytes(&pem) {
        Some(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        None if pem.is_string() => text(&pem)?,
        None => {
            let message =
                format!("a certificate is a string or an ArrayBuffer, not {}", type_name(&pem));
            return Err(type_error(ctx, &message));
        }
    };
    Certificate::parse(&text).map_err(|cause| error::throw(ctx, &cause.to_string()))
}

fn names<'js>(ctx: &Ctx<'js>, name: &Name) -> Result<Vec<Object<'js>>> {
    let part = |part: &super::certificate::NamePart| {
        let object = Object::new(ctx.clone())?;
        object.set("type", &*part.kind)?;
        object.set("value", &*part.value)?;
        Ok(object)
    };
    name.0.iter().map(part).collect()
}

fn subject_object<'js>(ctx: &Ctx<'js>, name: &Name) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    object.set("commonName", name.last(COMMON_NAME))?;
    object.set("country", name.last(COUNTRY))?;
    object.set("postalCode", name.last(POSTAL_CODE))?;
    object.set("stateOrProvinceName", name.last(STATE))?;
    object.set("localityName", name.last(LOCALITY))?;
    object.set("streetAddress", name.last(STREET))?;
    object.set("organizationName", name.last(ORGANIZATION))?;
    object.set("organizationalUnitName", name.all(UNIT))?;
    object.set("names", names(ctx, name)?)?;
    Ok(object)
}

fn issuer_object<'js>(ctx: &Ctx<'js>, name: &Name) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    object.set("commonName", name.last(COMMON_NAME))?;
    object.set("country", name.last(COUNTRY))?;
    object.set("stateOrProvinceName", name.last(STATE))?;
    object.set("localityName", name.last(LOCALITY))?;
    object.set("organizationName", name.last(ORGANIZATION))?;
    object.set("names", names(ctx, name)?)?;
    Ok(object)
}

fn certificate_object<'js>(ctx: &Ctx<'js>, certificate: &Certificate) -> Result<Object<'js>> {
    let key = certificate.key.as_ref().map_err(|cause| error::throw(ctx, &cause.to_string()))?;
    let object = Object::new(ctx.clone())?;
    object.set("subject", subject_object(ctx, &certificate.subject)?)?;
    object.set("issuer", issuer_object(ctx, &certificate.issuer)?)?;
    object.set("notBefore", &*certificate.not_before)?;
    object.set("notAfter", &*certificate.not_after)?;
    object.set("altNames", certificate.alt_names.clone())?;
    object.set("signatureAlgorithm", certificate.signature_algorithm)?;
    object.set("fingerPrint", certificate.fingerprint.clone())?;
    object.set("publicKey", key_object(ctx, key)?)?;
    Ok(object)
}

/// Methods of keys, in the language whose numbers they are about.
const METHODS: &str = "({
    isOnCurve: (p, b) => function isOnCurve(x, y) {
        const within = (v) => v >= 0n && v < p;
        return within(x) && within(y) && (y * y - (x * x * x - 3n * x + b)) % p === 0n;
    },
    equal: (key, names) => function equal(other) {
        return Object(other) === other && names.every((name) => other[name] === key[name]);
    },
})";

fn key_object<'js>(ctx: &Ctx<'js>, key: &Key) -> Result<Object<'js>> {
    let methods: Object<'js> = ctx.eval(METHODS)?;
    let numbers = Object::new(ctx.clone())?;
    let (algorithm, parts) = match key {
        Key::Rsa { modulus, exponent } => {
            numbers.set("n", big_integer(ctx, modulus)?)?;
            numbers.set("e", *exponent as f64)?;
            let bytes = modulus.len().div_ceil(2);
            numbers.set("size", Function::new(ctx.clone(), move || bytes)?.with_name("size")?)?;
            ("RSA", ["n", "e"])
        }
        Key::Ecdsa { curve, x, y } => {
            let object = Object::new(ctx.clone())?;
            add_curve(ctx, &object, curve, &methods)?;
            numbers.set("curve", object)?;
            add_curve(ctx, &numbers, curve, &methods)?;
            numbers.set("x", big_integer(ctx, x)?)?;
            numbers.set("y", big_integer(ctx, y)?)?;
            ("ECDSA", ["x", "y"])
        }
        Key::Dsa { p, q, g, y } => {
            let parameters = Object::new(ctx.clone())?;
            parameters.set("p", big_integer(ctx, p)?)?;
            parameters.set("q", big_integer(ctx, q)?)?;
            parameters.set("g", big_integer(ctx, g)?)?;
            numbers.set("parameters", parameters)?;
            numbers.set("y", big_integer(ctx, y)?)?;
            ("DSA", ["parameters", "y"])
        }
    };
    if !matches!(key, Key::Dsa { .. }) {
        let equal: Function<'js> = methods.get("equal")?;
        numbers.set("equal", equal.call::<_, Value<'js>>((numbers.clone(), parts.to_vec()))?)?;
    }
    let object = Object::new(ctx.clone())?;
    object.set("algorithm", algorithm)?;
    object.set("key", numbers)?;
    Ok(object)
}

/// What a curve, its parameters and a key on it can all be asked for.
fn add_curve<'js>(
    ctx: &Ctx<'js>,
    object: &Object<'js>,
    curve: &'static Curve,
    methods: &Object<'js>,
) -> Result<()> {
    let parameters = move |ctx: Ctx<'js>| {
        let object = Object::new(ctx.clone())?;
        for (name, digits) in
            [("p", curve.p), ("n", curve.n), ("b", curve.b), ("gx", curve.gx), ("gy", curve.gy)]
        {
            object.set(name, big_integer(&ctx, digits)?)?;
        }
        // k6's spelling.
        object.set("bit_size", curve.bits)?;
        object.set("name", curve.name)?;
        Ok::<_, rquickjs::Error>(object)
    };
    object.set("params", Function::new(ctx.clone(), parameters)?.with_name("params")?)?;
    let is_on_curve: Function<'js> = methods.get("isOnCurve")?;
    let numbers = (big_integer(ctx, curve.p)?, big_integer(ctx, curve.b)?);
    object.set("isOnCurve", is_on_curve.call::<_, Value<'js>>(numbers)?)
}

/// From hexadecimal digits.
fn big_integer<'js>(ctx: &Ctx<'js>, digits: &str) -> Result<Value<'js>> {
    ctx.eval(format!("0x0{digits}n"))
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_script, eval_script};

    const EC: &str = include_str!("testdata/ec.pem");
    const RSA: &str = include_str!("testdata/rsa.pem");

    #[test]
    fn tells_what_is_in_a_certificate() {
        check_script(
            &format!(
                "import x509 from 'k6/crypto/x509';
                 const rsa = x509.parse({RSA:?}), ec = x509.parse({EC:?});
                 console.log(rsa.subject.commonName, rsa.subject.organizationalUnitName.join(), rsa.issuer.country);
                 console.log(rsa.altNames.join(), rsa.signatureAlgorithm, rsa.publicKey.algorithm, rsa.publicKey.key.e);
                 console.log(rsa.publicKey.key.n.toString(16).length, rsa.fingerPrint.length,
                   rsa.subject.names[0].type);
                 console.log(ec.signatureAlgorithm, typeof ec.publicKey.key.x, ec.publicKey.key.curve.params().name);
                 const {{ curve, x, y }} = ec.publicKey.key, params = curve.params();
                 console.log(curve.isOnCurve(x, y), curve.isOnCurve(x, y + 1n), curve.isOnCurve(params.gx, params.gy),
                   params.bit_size, params.n < params.p, ec.publicKey.key.params().b === params.b);
                 console.log(ec.publicKey.key.equal(x509.parse({EC:?}).publicKey.key),
                   ec.publicKey.key.equal(rsa.publicKey.key),
                   rsa.publicKey.key.equal(rsa.publicKey.key), rsa.publicKey.key.equal(1), rsa.publicKey.key.size());
                 console.log(ec.notBefore.length, ec.notAfter > ec.notBefore, x509.getSubject({EC:?}).country === '');"
            ),
            &[
                "cn.example Unit1,Unit2 ZZ",
                "a.example,*.b.example,x@y.z,10.0.0.1,::1,http://u.example/x SHA256-RSA RSA 65537",
                "512 20 2.5.4.6",
                "ECDSA-SHA256 bigint P-256",
                "true false true 256 true true",
                "true false true false 256",
                "20 true true",
            ],
        );
    }

    #[test]
    fn what_is_no_certificate() {
        for (text, message) in [
            ("zzz", "GoError: failed to decode certificate PEM file"),
            (
                "-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n",
                "GoError: failed to parse certificate: x509: malformed certificate",
            ),
        ] {
            let script = format!("import x509 from 'k6/crypto/x509'; x509.parse({text:?});");
            let error = eval_script(&script).error.unwrap_or_default();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
