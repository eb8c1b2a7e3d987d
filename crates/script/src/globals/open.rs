//! `open(path[, 'b'])`: files as strings or buffers, in init only.

use std::{path::Path, rc::Rc, sync::Arc};

use rquickjs::{ArrayBuffer, Coerced, Ctx, Error, Function, IntoJs, Result, Value, function::Opt};

use crate::{
    loader::vu_loader,
    vu::{VuState, error},
};

/// Puts `open` into the global object.
pub(super) fn install<'js>(ctx: &Ctx<'js>, vu: &Rc<VuState>) -> Result<()> {
    let vu = Rc::downgrade(vu);
    let open = Function::new(
        ctx.clone(),
        move |ctx: Ctx<'js>, path: Opt<Coerced<String>>, mode: Opt<Coerced<String>>| {
            let vu = vu.upgrade().ok_or(Error::Unknown)?;
            let path = path.0.map(|path| path.0).unwrap_or_default();
            let bytes = read(&ctx, &vu, &path)?;
            to_value(&ctx, bytes, mode.0.is_some_and(|mode| mode.0 == "b"))
        },
    )?;
    ctx.globals().set("open", open.with_name("open")?)
}

fn to_value<'js>(ctx: &Ctx<'js>, bytes: Arc<[u8]>, binary: bool) -> Result<Value<'js>> {
    if binary {
        return Ok(ArrayBuffer::new_copy(ctx.clone(), &*bytes)?.into_value());
    }
    String::from_utf8_lossy(&bytes).into_js(ctx)
}

/// The bytes of a file that a script names, relative to the module that calls; shared by all VUs.
pub(crate) fn read(ctx: &Ctx<'_>, vu: &VuState, path: &str) -> Result<Arc<[u8]>> {
    if !vu.is_init() {
        let message = "the \"open\" function is only available in the init stage (i.e. the global scope), \
             see https://grafana.com/docs/k6/latest/using-k6/test-lifecycle for more information";
        return Err(error::throw(ctx, message));
    }
    if path.is_empty() {
        return Err(error::throw(ctx, "open() can't be used with an empty filename"));
    }
    let base = vu_loader::caller(ctx, vu);
    vu.test.modules.open(&base, path).map_err(|failure| error::throw(ctx, &describe(&failure)))
}

/// URL of the module whose code called the running host function.
pub(crate) fn caller(ctx: &Ctx<'_>) -> Option<String> {
    VuState::of(ctx).ok().map(|vu| vu_loader::caller(ctx, &vu))
}

fn describe(failure: &crate::loader::OpenError) -> String {
    let path = |path: &Path| path.display().to_string();
    match failure {
        crate::loader::OpenError::Missing(file) => {
            format!("stat {}: no such file or directory", path(file))
        }
        crate::loader::OpenError::Directory(file) => {
            format!("open() can't be used with directories, path: \"{}\"", path(file))
        }
        crate::loader::OpenError::Other(message) => message.clone(),
    }
}
