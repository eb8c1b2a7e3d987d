//! CommonJS modules: run once per VU inside k6's wrapper, seen by ES modules through their exports.

use std::{collections::BTreeSet, ffi::CString};

use rquickjs::{
    Ctx, Error, Function, Object, Result, Value,
    function::This,
    module::{Declarations, Exports, ModuleDef},
    qjs,
};

use super::{
    Source, lock,
    vu_loader::{source, with_modules},
};
use crate::vu::VuState;

/// What stands before the text of a CommonJS module, on its first line.
pub(super) const WRAPPER_HEAD: &str = "(function(module, exports) {";

/// Runs a CommonJS module at its first use; returns its `module.exports`.
pub(super) fn require_common_js<'js>(ctx: &Ctx<'js>, source: &Source) -> Result<Value<'js>> {
    let url = source.url.as_str();
    if let Some(known) = with_modules(ctx, |modules| modules.common_js.borrow().get(url).cloned())?
    {
        return known.get("exports");
    }
    let module = Object::new(ctx.clone())?;
    let exports = Object::new(ctx.clone())?;
    module.set("exports", exports.clone())?;
    with_modules(ctx, |modules| {
        modules.common_js.borrow_mut().insert(url.to_string(), module.clone())
    })?;
    let wrapper = common_js_function(ctx, source)?;
    wrapper.call::<_, ()>((This(exports.clone()), module.clone(), exports))?;
    module.get("exports")
}

/// The module's text as a function of `module` and `exports`.
fn common_js_function<'js>(ctx: &Ctx<'js>, source: &Source) -> Result<Function<'js>> {
    if source.bytecode.get().is_none() {
        drop(source.bytecode.set(compile_common_js(ctx, source)?));
    }
    let bytecode = source.bytecode.get().ok_or(Error::Unknown)?;
    let flags = qjs::JS_READ_OBJ_BYTECODE as i32;
    #[expect(unsafe_code, reason = "rquickjs loads bytecode of modules only")]
    // SAFETY: written by `compile_common_js` in this process; values are owned as QuickJS says:
    // `JS_EvalFunction` takes the compiled function and returns a new reference.
    let value = unsafe {
        let raw = ctx.as_raw().as_ptr();
        let compiled =
            qjs::JS_ReadObject(raw, bytecode.as_ptr(), bytecode.len() as qjs::size_t, flags);
        let value = if qjs::JS_IsException(compiled) {
            compiled
        } else {
            qjs::JS_EvalFunction(raw, compiled)
        };
        if qjs::JS_IsException(value) {
            return Err(Error::Exception);
        }
        Value::from_raw(ctx.clone(), value)
    };
    value.into_function().ok_or(Error::Unknown)
}

fn compile_common_js(ctx: &Ctx<'_>, source: &Source) -> Result<Box<[u8]>> {
    let code = CString::new(format!("{WRAPPER_HEAD}{}\n}})", source.code))?;
    let name = CString::new(source.url.as_str())?;
    let flags = (qjs::JS_EVAL_TYPE_GLOBAL | qjs::JS_EVAL_FLAG_COMPILE_ONLY) as i32;
    let write = (qjs::JS_WRITE_OBJ_BYTECODE | qjs::JS_WRITE_OBJ_STRIP_SOURCE) as i32;
    #[expect(unsafe_code, reason = "rquickjs writes bytecode of modules only")]
    // SAFETY: both strings end in NUL and outlive the call; the compiled value and the buffer are
    // freed once each.
    unsafe {
        let raw = ctx.as_raw().as_ptr();
        let length = code.as_bytes().len() as qjs::size_t;
        let compiled = qjs::JS_Eval(raw, code.as_ptr(), length, name.as_ptr(), flags);
        if qjs::JS_IsException(compiled) {
            return Err(Error::Exception);
        }
        let mut size = 0;
        let buffer = qjs::JS_WriteObject(raw, &raw mut size, compiled, write);
        qjs::JS_FreeValue(raw, compiled);
        if buffer.is_null() {
            return Err(Error::Exception);
        }
        let bytecode = std::slice::from_raw_parts(buffer, size as usize).into();
        qjs::js_free(raw, buffer.cast());
        Ok(bytecode)
    }
}

/// A CommonJS module as ES modules see it: runs when its importers do, in order.
pub(super) struct CommonJsModule;

impl CommonJsModule {
    fn names<'js>(ctx: &Ctx<'js>, source: &Source) -> Result<BTreeSet<String>> {
        let wanted = lock(&source.wanted);
        let mut names = wanted.names.clone();
        let all = wanted.all;
        drop(wanted);
        if all {
            let exports = require_common_js(ctx, source)?;
            if let Some(exports) = exports.as_object() {
                names.extend(exports.keys::<String>().filter_map(|key| key.ok()));
            }
        }
        names.remove("default");
        Ok(names)
    }
}

impl ModuleDef for CommonJsModule {
    fn declare(declarations: &Declarations<'_>) -> Result<()> {
        let ctx = declarations.module().ctx().clone();
        let url: String = declarations.module().name()?;
        let source = source(&ctx, &*VuState::of(&ctx)?, &url, Some(&url))?;
        declarations.declare("default")?;
        for name in CommonJsModule::names(&ctx, &source)? {
            declarations.declare(name)?;
        }
        Ok(())
    }

    fn evaluate<'js>(ctx: &Ctx<'js>, exports: &Exports<'js>) -> Result<()> {
        let url: String = exports.module().name()?;
        let vu = VuState::of(ctx)?;
        let source = source(ctx, &vu, &url, Some(&url))?;
        let value = require_common_js(ctx, &source)?;
        for name in CommonJsModule::names(ctx, &source)? {
            let export = match value.as_object() {
                Some(object) => object.get::<_, Value<'js>>(name.as_str())?,
                None => Value::new_undefined(ctx.clone()),
            };
            exports.export(name, export)?;
        }
        // What a translator made of an ES module keeps its default export in a property.
        let translated = value.as_object().filter(|object| {
            object.get::<_, Option<bool>>("__esModule").is_ok_and(|flag| flag == Some(true))
        });
        let default = match translated {
            Some(object) if object.contains_key("default")? => object.get("default")?,
            _ => value,
        };
        exports.export("default", default)?;
        Ok(())
    }
}
