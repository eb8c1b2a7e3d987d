//! Which built-in objects of JavaScript a VU's context has: those that its modules may name.
//!
//! Each costs memory in every VU. A context starts with the ones that hardly a script does
//! without; others are added before the first module that may need them runs. When in doubt, all.

use rquickjs::{Ctx, Error, Function, Object, Result, Value, qjs};

use super::VuState;

/// A set of built-in objects beyond the basic ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Intrinsics(u16);

impl Intrinsics {
    pub(crate) const DATE: Intrinsics = Intrinsics(1);
    pub(crate) const PROXY: Intrinsics = Intrinsics(1 << 1);
    pub(crate) const MAP_SET: Intrinsics = Intrinsics(1 << 2);
    pub(crate) const TYPED_ARRAYS: Intrinsics = Intrinsics(1 << 3);
    pub(crate) const WEAK_REF: Intrinsics = Intrinsics(1 << 4);
    pub(crate) const PERFORMANCE: Intrinsics = Intrinsics(1 << 5);
    pub(crate) const BASE64: Intrinsics = Intrinsics(1 << 6);
    pub(crate) const ALL: Intrinsics = Intrinsics((1 << 7) - 1);

    fn with(self, more: Intrinsics) -> Intrinsics {
        Intrinsics(self.0 | more.0)
    }

    fn without(self, other: Intrinsics) -> Intrinsics {
        Intrinsics(self.0 & !other.0)
    }

    fn has(self, other: Intrinsics) -> bool {
        self.0 & other.0 == other.0
    }

    /// What code of this text may use. Text in comments and strings counts too: too much is safe.
    pub(crate) fn of_code(code: &str) -> Intrinsics {
        if reaches_by_any_name(code) || uses_heavy_module(code) {
            return Intrinsics::ALL;
        }
        BY_NAME
            .iter()
            .filter(|(words, _)| words.iter().any(|word| code.contains(word)))
            .fold(Intrinsics::default(), |all, (_, intrinsics)| all.with(*intrinsics))
    }
}

/// Code that can reach built-in objects without naming them.
const BY_ANY_NAME: &[&str] =
    &["eval", "Function", "globalThis", "global", "Reflect", "constructor"];

/// Whether code may reach what it does not name.
pub(crate) fn reaches_by_any_name(code: &str) -> bool {
    BY_ANY_NAME.iter().any(|word| code.contains(word))
}

/// What the name of an object, or a part of it, stands for.
const BY_NAME: &[(&[&str], Intrinsics)] = &[
    (&["Date"], Intrinsics::DATE),
    (&["Proxy"], Intrinsics::PROXY),
    (&["Map", "Set", "groupBy"], Intrinsics::MAP_SET),
    (
        &[
            "ArrayBuffer",
            "DataView",
            "Atomics",
            "Int8",
            "Uint8",
            "Int16",
            "Uint16",
            "Int32",
            "Uint32",
            "Float16",
            "Float32",
            "Float64",
            "BigInt64",
            "BigUint64",
            "TextEncoder",
            "TextDecoder",
            "responseType",
            "binary",
            "open(",
        ],
        Intrinsics::TYPED_ARRAYS,
    ),
    (&["WeakRef", "FinalizationRegistry"], Intrinsics::WEAK_REF),
    (&["performance"], Intrinsics::PERFORMANCE),
    (&["atob", "btoa"], Intrinsics::BASE64),
];

/// Built-in modules that give scripts nothing but plain objects, or ask for what they need.
const LIGHT_MODULES: &[&str] =
    &["k6", "k6/data", "k6/execution", "k6/html", "k6/http", "k6/metrics", "k6/timers"];

fn uses_heavy_module(code: &str) -> bool {
    crate::modules::MODULES
        .iter()
        .any(|module| !LIGHT_MODULES.contains(&module.name) && code.contains(module.name))
}

/// Adds what is missing of `wanted` to the context.
pub(crate) fn ensure(ctx: &Ctx<'_>, wanted: Intrinsics) -> Result<()> {
    let vu = VuState::of(ctx)?;
    let missing = wanted.without(vu.intrinsics.get());
    vu.intrinsics.set(vu.intrinsics.get().with(missing));
    let raw = ctx.as_raw().as_ptr();
    let mut failed = false;
    #[expect(unsafe_code, reason = "rquickjs adds intrinsics only when it makes a context")]
    // SAFETY: the context is alive and each intrinsic is added once.
    unsafe {
        if missing.has(Intrinsics::DATE) {
            failed |= qjs::JS_AddIntrinsicDate(raw) < 0;
        }
        if missing.has(Intrinsics::PROXY) {
            failed |= qjs::JS_AddIntrinsicProxy(raw) < 0;
        }
        if missing.has(Intrinsics::MAP_SET) {
            failed |= qjs::JS_AddIntrinsicMapSet(raw) < 0;
        }
        if missing.has(Intrinsics::TYPED_ARRAYS) {
            failed |= qjs::JS_AddIntrinsicTypedArrays(raw) < 0;
        }
        if missing.has(Intrinsics::WEAK_REF) {
            failed |= qjs::JS_AddIntrinsicWeakRef(raw) < 0;
        }
        if missing.has(Intrinsics::PERFORMANCE) {
            failed |= qjs::JS_AddPerformance(raw) < 0;
        }
        if missing.has(Intrinsics::BASE64) {
            failed |= qjs::JS_AddIntrinsicAToB(raw) < 0;
        }
    }
    if failed { Err(Error::Allocation) } else { Ok(()) }
}

/// `new Proxy(target, handler)`, whatever the script did to `Proxy`.
pub(crate) fn proxy<'js>(
    ctx: &Ctx<'js>,
    target: Object<'js>,
    handler: Object<'js>,
) -> Result<Object<'js>> {
    ensure(ctx, Intrinsics::PROXY)?;
    let proxy: Function<'js> = ctx.globals().get("Proxy")?;
    match proxy.as_constructor() {
        Some(constructor) => constructor.construct((target, handler)),
        None => Err(Error::new_from_js(Value::type_name(&proxy), "constructor")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_decide() {
        let check = |code: &str, expected: Intrinsics| {
            assert_eq!(Intrinsics::of_code(code), expected, "{code}")
        };
        check("export default function () { http.get('http://x') }", Intrinsics::default());
        check("new Date()", Intrinsics::DATE);
        check("new Map(); new Uint8Array(1)", Intrinsics::MAP_SET.with(Intrinsics::TYPED_ARRAYS));
        check("globalThis['Da' + 'te']", Intrinsics::ALL);
        check("import crypto from 'k6/crypto'", Intrinsics::ALL);
        check("import { SharedArray } from 'k6/data'", Intrinsics::default());
    }
}
