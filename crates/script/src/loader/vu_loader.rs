//! Modules inside one VU: loads bytecode, links ES modules with CommonJS and built-in ones.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::{Rc, Weak},
    sync::Arc,
};

use rquickjs::{
    Coerced, Ctx, Error, Exception, Function, JsLifetime, Module, Object, Promise, Result, Value,
    function::{Opt, This},
    loader::{ImportAttributes, Loader, Resolver},
    module::{Declarations, Declared, Exports, ModuleDef, WriteOptions},
    promise::PromiseState,
};
use url::Url;

use super::{
    Kind, Source,
    common_js::{CommonJsModule, require_common_js},
    resolve::Location,
};
use crate::{
    globals,
    modules::{self, Module as BuiltIn},
    vu::{VuState, error, events, intrinsics},
};

/// Modules of one VU that the JavaScript engine's own table does not hold.
#[derive(Default)]
pub(super) struct VuModules<'js> {
    built_in: RefCell<BTreeMap<&'static str, Object<'js>>>,
    /// `module` objects by URL.
    pub(super) common_js: RefCell<BTreeMap<String, Object<'js>>>,
    ecma_script: RefCell<BTreeMap<String, Module<'js, Declared>>>,
    /// ES modules whose evaluation has begun.
    begun: RefCell<BTreeSet<String>>,
}

#[expect(unsafe_code, reason = "a contract of rquickjs")]
// SAFETY: only the lifetime differs.
unsafe impl<'js> JsLifetime<'js> for VuModules<'js> {
    type Changed<'to> = VuModules<'to>;
}

/// Makes room for the VU's modules.
pub(crate) fn prepare(ctx: &Ctx<'_>) -> Result<()> {
    ctx.store_userdata(VuModules::default()).map(drop).map_err(|_| Error::Unknown)
}

pub(super) fn with_modules<'js, T>(
    ctx: &Ctx<'js>,
    body: impl FnOnce(&VuModules<'js>) -> T,
) -> Result<T> {
    let modules = ctx.userdata::<VuModules<'js>>().ok_or(Error::Unknown)?;
    Ok(body(&modules))
}

/// Resolves specifiers for the JavaScript engine.
pub(crate) struct VuResolver(pub(crate) Weak<VuState>);

impl Resolver for VuResolver {
    fn resolve<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> Result<String> {
        let vu = self.0.upgrade().ok_or(Error::Unknown)?;
        match vu.test.modules.resolve(base, name) {
            Ok(Location::BuiltIn(module)) => Ok(module.name.to_string()),
            Ok(Location::Url(url)) => Ok(url.into()),
            Err(message) => {
                let place = vu.test.modules.place_of_import(base, name);
                Err(error::throw_at(ctx, &message, place.as_deref()))
            }
        }
    }
}

/// Loads modules for the JavaScript engine.
pub(crate) struct VuLoader(pub(crate) Weak<VuState>);

impl Loader for VuLoader {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        let vu = self.0.upgrade().ok_or(Error::Unknown)?;
        if modules::find(name).is_some() {
            return Module::declare_def::<BuiltInModule, _>(ctx.clone(), name);
        }
        let source = source(ctx, &vu, name, None)?;
        match source.kind {
            Kind::EcmaScript => load_ecma_script(ctx, &vu, &source),
            Kind::CommonJs => Module::declare_def::<CommonJsModule, _>(ctx.clone(), name),
        }
    }
}

/// The source at `url`; `written`: how the running code calls it, unless it is imported.
pub(super) fn source(
    ctx: &Ctx<'_>,
    vu: &VuState,
    url: &str,
    written: Option<&str>,
) -> Result<Arc<Source>> {
    let modules = &vu.test.modules;
    let parsed = Url::parse(url).map_err(|error| error::throw(ctx, &format!("{url}: {error}")))?;
    let source = match modules.source(&parsed, written.unwrap_or(url)) {
        Ok(source) => source,
        Err(message) => {
            let importer = if written.is_none() { modules.importer(url) } else { None };
            let Some((specifier, place)) = importer else {
                return Err(error::throw(ctx, &message));
            };
            // Once more, for a message with the words of the import.
            let message = modules.source(&parsed, &specifier).err().unwrap_or(message);
            return Err(error::throw_at(ctx, &message, Some(&place)));
        }
    };
    intrinsics::ensure(ctx, source.intrinsics)?;
    globals::extend_environment(ctx, vu)?;
    Ok(source)
}

fn load_ecma_script<'js>(
    ctx: &Ctx<'js>,
    vu: &Rc<VuState>,
    source: &Source,
) -> Result<Module<'js, Declared>> {
    let module = match source.bytecode.get() {
        Some(bytecode) => {
            #[expect(unsafe_code, reason = "rquickjs trusts the caller about bytecode")]
            // SAFETY: written by `Module::write` of this very process for this very engine.
            unsafe {
                Module::load(ctx.clone(), bytecode)?
            }
        }
        None => {
            let module = Module::declare(ctx.clone(), source.url.as_str(), source.code.as_str())?;
            let options = WriteOptions { strip_source: true, ..WriteOptions::default() };
            // Two first VUs may race: either's bytecode will do.
            drop(source.bytecode.set(module.write(options)?.into_boxed_slice()));
            module
        }
    };
    if source.uses_import_meta {
        let base = source.url.to_string();
        let vu = Rc::downgrade(vu);
        let resolve = Function::new(ctx.clone(), move |ctx: Ctx<'_>, specifier: String| {
            let vu = vu.upgrade().ok_or(Error::Unknown)?;
            match vu.test.modules.resolve(&base, &specifier) {
                Ok(Location::BuiltIn(module)) => Ok(module.name.to_string()),
                Ok(Location::Url(url)) => Ok(url.to_string()),
                Err(message) => Err(error::throw(&ctx, &message)),
            }
        })?;
        module.meta()?.set("resolve", resolve)?;
    }
    with_modules(ctx, |modules| {
        modules.ecma_script.borrow_mut().insert(source.url.to_string(), module.clone())
    })?;
    Ok(module)
}

/// Loads and runs the entry script; returns its exports.
pub(crate) fn import_entry<'js>(ctx: &Ctx<'js>, vu: &Rc<VuState>) -> Result<Object<'js>> {
    let url = vu.test.modules.entry().clone();
    ctx.globals().set("require", require_function(ctx, vu)?)?;
    let source = source(ctx, vu, url.as_str(), Some(url.as_str()))?;
    if source.kind == Kind::CommonJs {
        let exports = require_common_js(ctx, &source)?;
        events::drain(ctx, vu)?;
        return match exports.into_object() {
            Some(exports) => Ok(exports),
            None => Object::new(ctx.clone()),
        };
    }
    let module = load_ecma_script(ctx, vu, &source)?;
    let promise = evaluate(ctx, &source, module.clone())?;
    events::drain(ctx, vu)?;
    finish(ctx, &promise)?;
    module.namespace()
}

fn evaluate<'js>(
    ctx: &Ctx<'js>,
    source: &Source,
    module: Module<'js, Declared>,
) -> Result<Promise<'js>> {
    with_modules(ctx, |modules| modules.begun.borrow_mut().insert(source.url.to_string()))?;
    let (_, promise) = module.eval()?;
    // Its rejection is looked at by whoever evaluates: it is no unhandled one.
    if promise.state() == PromiseState::Rejected {
        let handler = Function::new(ctx.clone(), || {})?;
        let catch = promise.catch()?;
        catch.call::<_, ()>((This(promise.clone()), handler))?;
    }
    Ok(promise)
}

fn finish<'js>(ctx: &Ctx<'js>, promise: &Promise<'js>) -> Result<()> {
    match promise.result::<Value<'js>>() {
        Some(result) => result.map(drop),
        None => Err(Exception::throw_message(ctx, "top-level await never finished")),
    }
}

fn require_function<'js>(ctx: &Ctx<'js>, vu: &Rc<VuState>) -> Result<Function<'js>> {
    let vu = Rc::downgrade(vu);
    Function::new(ctx.clone(), move |ctx: Ctx<'js>, specifier: Opt<Coerced<String>>| {
        let vu = vu.upgrade().ok_or(Error::Unknown)?;
        let specifier = specifier.0.map(|specifier| specifier.0).unwrap_or_default();
        require(&ctx, &vu, &caller(&ctx, &vu), &specifier)
    })?
    .with_name("require")
}

/// URL of the module whose code called the running host function; the entry's when it has none.
pub(crate) fn caller(ctx: &Ctx<'_>, vu: &VuState) -> String {
    let name = ctx.script_or_module_name(0).and_then(|name| name.to_string().ok());
    name.filter(|name| name.contains("://")).unwrap_or_else(|| vu.test.modules.entry().to_string())
}

fn require<'js>(
    ctx: &Ctx<'js>,
    vu: &Rc<VuState>,
    base: &str,
    specifier: &str,
) -> Result<Value<'js>> {
    if !vu.is_init() {
        return Err(error::throw(
            ctx,
            "the \"require\" function is only available in the init stage (i.e. the global scope), see https://grafana.com/docs/k6/latest/using-k6/test-lifecycle for more information",
        ));
    }
    if specifier.is_empty() {
        return Err(error::throw(ctx, "require() can't be used with an empty specifier"));
    }
    let location =
        vu.test.modules.resolve(base, specifier).map_err(|message| error::throw(ctx, &message))?;
    match location {
        Location::BuiltIn(module) => built_in(ctx, vu, module).map(Object::into_value),
        Location::Url(url) => {
            let source = source(ctx, vu, url.as_str(), Some(specifier))?;
            match source.kind {
                Kind::CommonJs => require_common_js(ctx, &source),
                Kind::EcmaScript => require_ecma_script(ctx, vu, &source),
            }
        }
    }
}

fn require_ecma_script<'js>(
    ctx: &Ctx<'js>,
    vu: &Rc<VuState>,
    source: &Source,
) -> Result<Value<'js>> {
    let known = with_modules(ctx, |modules| {
        modules.ecma_script.borrow().get(source.url.as_str()).cloned()
    })?;
    let begun = with_modules(ctx, |modules| modules.begun.borrow().contains(source.url.as_str()))?;
    let module = match known {
        Some(module) => module,
        None => load_ecma_script(ctx, vu, source)?,
    };
    if !begun {
        let promise = evaluate(ctx, source, module.clone())?;
        finish(ctx, &promise)?;
    }
    module.namespace().map(Object::into_value)
}

/// The built-in module's object, made at its first import in this VU.
fn built_in<'js>(
    ctx: &Ctx<'js>,
    vu: &Rc<VuState>,
    module: &'static BuiltIn,
) -> Result<Object<'js>> {
    if let Some(known) =
        with_modules(ctx, |modules| modules.built_in.borrow().get(module.name).cloned())?
    {
        return Ok(known);
    }
    let object = (module.build)(ctx, vu)?;
    with_modules(ctx, |modules| modules.built_in.borrow_mut().insert(module.name, object.clone()))?;
    Ok(object)
}

/// A built-in module as ES modules see it.
struct BuiltInModule;

impl ModuleDef for BuiltInModule {
    fn declare(declarations: &Declarations<'_>) -> Result<()> {
        let name: String = declarations.module().name()?;
        let module = modules::find(&name).ok_or(Error::Unknown)?;
        declarations.declare("default")?;
        for export in module.exports.iter().filter(|export| **export != "default") {
            declarations.declare(*export)?;
        }
        Ok(())
    }

    fn evaluate<'js>(ctx: &Ctx<'js>, exports: &Exports<'js>) -> Result<()> {
        let name: String = exports.module().name()?;
        let module = modules::find(&name).ok_or(Error::Unknown)?;
        let vu = VuState::of(ctx)?;
        let object = built_in(ctx, &vu, module)?;
        let named = module.named.map_or_else(|| Ok(object.clone()), |build| build(ctx, &vu))?;
        for export in module.exports.iter().filter(|export| **export != "default") {
            exports.export(*export, named.get::<_, Value<'js>>(*export)?)?;
        }
        exports.export("default", object)?;
        Ok(())
    }
}
