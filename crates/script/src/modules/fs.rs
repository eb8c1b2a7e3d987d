//! `k6/experimental/fs`: files that scripts read piece by piece. The content is shared by all VUs;
//! each opened file has its own place in it.

use std::{cell::Cell, path::Path, rc::Rc, sync::Arc};

use rquickjs::{
    Class, Ctx, Error, Function, IntoJs, JsLifetime, Object, Promise, Result, Value,
    class::{JsClass, Readable, Trace, Tracer},
    function::{Constructor, Opt, This},
};

use super::{
    Module,
    arguments::{given, text, type_error},
    settled::{settled, throw_named},
};
use crate::{
    globals::open::caller,
    loader::OpenError,
    vu::{VuState, error},
};

pub const MODULE: Module =
    Module { name: "k6/experimental/fs", exports: &["SeekMode", "open"], build, named: None };

/// What `seek` counts from.
const SEEK_START: i32 = 0;
const SEEK_CURRENT: i32 = 1;
const SEEK_END: i32 = 2;

fn build<'js>(ctx: &Ctx<'js>, _: &Rc<VuState>) -> Result<Object<'js>> {
    let modes = Object::new(ctx.clone())?;
    modes.set("Start", SEEK_START)?;
    modes.set("Current", SEEK_CURRENT)?;
    modes.set("End", SEEK_END)?;
    let object = Object::new(ctx.clone())?;
    let open = |ctx: Ctx<'js>, path: Opt<Value<'js>>| settled(&ctx, open(&ctx, path.0));
    object.set("open", Function::new(ctx.clone(), open)?.with_name("open")?)?;
    object.set("SeekMode", modes)?;
    Ok(object)
}

/// An open file.
pub(crate) struct File {
    /// Absolute.
    path: String,
    bytes: Arc<[u8]>,
    offset: Cell<usize>,
}

impl File {
    /// The content, and where reading goes on; the file is at its end after that.
    pub(crate) fn take_rest(&self) -> (Arc<[u8]>, usize) {
        (self.bytes.clone(), self.offset.replace(self.bytes.len()))
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Where a seek leads; `Err` is k6's message.
    fn target(&self, offset: i64, whence: i32) -> std::result::Result<usize, &'static str> {
        let size = i64::try_from(self.bytes.len()).unwrap_or(i64::MAX);
        let start = match whence {
            SEEK_START if offset < 0 => {
                return Err("offset cannot be negative when using SeekModeStart");
            }
            SEEK_START => 0,
            SEEK_CURRENT => i64::try_from(self.offset.get()).unwrap_or(i64::MAX),
            _ if offset > 0 => return Err("offset cannot be positive when using SeekModeEnd"),
            // The place of the last byte, not the one behind it: so k6 counts.
            _ => size - 1,
        };
        let target = usize::try_from(start.saturating_add(offset))
            .map_err(|_| "seeking before start of file")?;
        if target > self.bytes.len() { Err("seeking beyond end of file") } else { Ok(target) }
    }
}

#[expect(unsafe_code, reason = "a contract of rquickjs")]
// SAFETY: no JavaScript lifetime inside.
unsafe impl<'js> JsLifetime<'js> for File {
    type Changed<'to> = File;
}

impl<'js> Trace<'js> for File {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

type Me<'js> = This<Class<'js, File>>;

impl<'js> JsClass<'js> for File {
    const NAME: &'static str = "File";
    type Mutable = Readable;

    fn prototype(ctx: &Ctx<'js>) -> Result<Option<Object<'js>>> {
        let object = Object::new(ctx.clone())?;
        let read = |ctx: Ctx<'js>, me: Me<'js>, into: Opt<Value<'js>>| {
            let outcome = read(&ctx, &me, into.0);
            settled(&ctx, outcome)
        };
        object.set("read", Function::new(ctx.clone(), read)?.with_name("read")?)?;
        let seek =
            |ctx: Ctx<'js>, me: Me<'js>, offset: Opt<Value<'js>>, whence: Opt<Value<'js>>| {
                let outcome = seek(&ctx, &me, offset.0, whence.0);
                settled(&ctx, outcome)
            };
        object.set("seek", Function::new(ctx.clone(), seek)?.with_name("seek")?)?;
        object.set("stat", Function::new(ctx.clone(), stat)?.with_name("stat")?)?;
        Ok(Some(object))
    }

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

fn open<'js>(ctx: &Ctx<'js>, path: Option<Value<'js>>) -> Result<Value<'js>> {
    let vu = VuState::of(ctx)?;
    if !vu.is_init() {
        let message = "open() failed; reason: opening a file is allowed only in the Init context";
        return Err(throw_named(ctx, "ForbiddenError", message));
    }
    let Some(path) = given(path) else {
        return Err(type_error(ctx, "open() failed; reason: path cannot be null or undefined"));
    };
    let path = text(&path)?;
    if path.is_empty() {
        return Err(type_error(ctx, "open() failed; reason: path cannot be empty"));
    }
    let base = caller(ctx).unwrap_or_else(|| vu.test.modules.entry().to_string());
    let modules = &vu.test.modules;
    let opened =
        modules.file_url(&base, &path).and_then(|url| Ok((url, modules.open(&base, &path)?)));
    let (url, bytes) = opened.map_err(|failure| failed(ctx, failure))?;
    let path =
        url.to_file_path().map_or_else(|()| url.to_string(), |path| path.display().to_string());
    let object =
        Class::instance(ctx.clone(), File { path: path.clone(), bytes, offset: Cell::new(0) })?;
    object.prop("path", rquickjs::object::Property::from(path).enumerable())?;
    Ok(object.into_value())
}

fn failed(ctx: &Ctx<'_>, failure: OpenError) -> Error {
    match failure {
        OpenError::Missing(path) => {
            let message = format!("no such file or directory \"{}\"", path.display());
            throw_named(ctx, "NotFoundError", &message)
        }
        OpenError::Directory(path) => {
            let path = path.display().to_string();
            let path = path.trim_end_matches('/');
            let message = format!("cannot open \"{path}\": opening a directory is not supported");
            throw_named(ctx, "InvalidResourceError", &message)
        }
        OpenError::Other(message) => error::throw(ctx, &message),
    }
}

/// Copies what comes next into a Uint8Array; the number of bytes, or `null` at the end.
fn read<'js>(ctx: &Ctx<'js>, me: &Me<'js>, into: Option<Value<'js>>) -> Result<Value<'js>> {
    let Some(into) = given(into) else {
        return Err(type_error(
            ctx,
            "read() failed; reason: into argument cannot be null or undefined",
        ));
    };
    let view = into.as_object().and_then(|into| into.as_typed_array::<u8>());
    let Some(view) = view else {
        return Err(type_error(ctx, "read() failed; reason: into argument must be a Uint8Array"));
    };
    let file = me.0.borrow();
    let rest = file.bytes.get(file.offset.get()..).unwrap_or_default();
    if rest.is_empty() {
        return Ok(Value::new_null(ctx.clone()));
    }
    let Some(mut raw) = view.as_raw().filter(|raw| !raw.is_empty()) else { return 0.into_js(ctx) };
    #[expect(unsafe_code, reason = "rquickjs gives the bytes of a buffer as a pointer only")]
    // SAFETY: valid until JavaScript runs again, which it does not before the copy is made; nothing
    // else holds a reference to the buffer's bytes.
    let target = unsafe { raw.as_mut() };
    let count = rest.len().min(target.len());
    for (to, from) in target.iter_mut().zip(rest) {
        *to = *from;
    }
    file.offset.set(file.offset.get() + count);
    count.into_js(ctx)
}

fn seek<'js>(
    ctx: &Ctx<'js>,
    me: &Me<'js>,
    offset: Option<Value<'js>>,
    whence: Option<Value<'js>>,
) -> Result<Value<'js>> {
    let refuse = |reason: &str| Err(type_error(ctx, &format!("seek() failed; reason: {reason}")));
    let Some(offset) = given(offset) else {
        return refuse("the offset argument cannot be null or undefined");
    };
    let Some(offset) = offset.as_number().filter(|offset| offset.fract() == 0.0) else {
        return refuse("the offset argument must be a number");
    };
    let Some(whence) = given(whence) else {
        return refuse("the whence argument cannot be null or undefined");
    };
    let Some(whence) = whence.as_int().filter(|whence| (SEEK_START..=SEEK_END).contains(whence))
    else {
        return refuse("the whence argument must be a SeekMode");
    };
    let file = me.0.borrow();
    let target = file.target(offset as i64, whence).map_err(|message| type_error(ctx, message))?;
    file.offset.set(target);
    target.into_js(ctx)
}

fn stat<'js>(ctx: Ctx<'js>, me: Me<'js>) -> Result<Promise<'js>> {
    let file = me.0.borrow();
    let name = Path::new(&file.path).file_name().map(|name| name.to_string_lossy().into_owned());
    let object = Object::new(ctx.clone())?;
    object.set("name", name.unwrap_or_default())?;
    object.set("size", file.bytes.len())?;
    settled(&ctx, Ok(object.into_value()))
}

#[cfg(test)]
mod tests {
    use crate::testing::{SCRIPT_URL, eval_files};

    #[track_caller]
    fn check(script: &str, lines: &[&str]) {
        let script = format!("import {{ open, SeekMode }} from 'k6/experimental/fs'; {script}");
        let outcome = eval_files(&[(SCRIPT_URL, &script), ("file:///test/a.txt", "hello world")]);
        assert_eq!(outcome.error, None, "console: {:?}", outcome.lines);
        assert_eq!(outcome.lines, lines);
    }

    #[test]
    fn reads_piece_by_piece() {
        check(
            "const f = await open('./a.txt'), b = new Uint8Array(8);
             console.log(await f.read(b), String.fromCharCode(...b), await f.read(b), await f.read(b));
             console.log(await f.seek(-5, SeekMode.End), await f.seek(1, SeekMode.Current), f.path);
             console.log(JSON.stringify(await f.stat()), await (await open('a.txt')).read(b));",
            &["8 hello wo 3 null", "5 6 /test/a.txt", "{\"name\":\"a.txt\",\"size\":11} 8"],
        );
    }

    #[test]
    fn refuses_as_k6_does() {
        check(
            "const f = await open('a.txt');
             const t = async (call) => { try { await call(); } catch (e) { console.log(String(e)); } };
             await t(() => open()); await t(() => open('')); await t(() => open('./nope'));
             await t(() => f.seek(99, SeekMode.Start)); await t(() => f.seek(0, 9)); await t(() => f.read('x'));
             export default async function () { await t(() => open('a.txt')); }",
            &[
                "TypeError: open() failed; reason: path cannot be null or undefined",
                "TypeError: open() failed; reason: path cannot be empty",
                "NotFoundError: no such file or directory \"/test/nope\"",
                "TypeError: seeking beyond end of file",
                "TypeError: seek() failed; reason: the whence argument must be a SeekMode",
                "TypeError: read() failed; reason: into argument must be a Uint8Array",
                "ForbiddenError: open() failed; reason: opening a file is allowed only in the Init context",
            ],
        );
    }
}
