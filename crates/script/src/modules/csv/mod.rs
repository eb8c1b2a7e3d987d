//! `k6/experimental/csv`: whole files as shared arrays, or row by row.

mod options;
mod reader;

use std::{cell::RefCell, rc::Rc, sync::Arc};

use rquickjs::{
    Class, Ctx, Error, Function, JsLifetime, Object, Promise, Result, Value,
    class::{JsClass, Readable, Trace, Tracer},
    function::{Constructor, Opt, This},
};

use self::options::{CsvOptions, RowReader, to_json};
use super::{
    Module,
    arguments::{given, text, type_error, type_name},
    data::{SharedElements, array_object},
    fs::File,
    settled::{settled, throw_named},
};
use crate::vu::{VuState, error};

pub const MODULE: Module =
    Module { name: "k6/experimental/csv", exports: &["Parser", "parse"], build, named: None };

fn build<'js>(ctx: &Ctx<'js>, _: &Rc<VuState>) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    let parse = |ctx: Ctx<'js>, file: Opt<Value<'js>>, options: Opt<Value<'js>>| {
        let outcome = parse(&ctx, file.0, options.0);
        settled(&ctx, outcome)
    };
    object.set("parse", Function::new(ctx.clone(), parse)?.with_name("parse")?)?;
    object.set("Parser", Constructor::new_class::<Parser, _, _>(ctx.clone(), construct)?)?;
    Ok(object)
}

/// Rejections of k6 that are no `Error` in their text.
fn reject(ctx: &Ctx<'_>, message: &str) -> Error {
    throw_named(ctx, "", message)
}

/// The open file; `Err` is k6's message.
fn file_argument<'js>(file: Option<Value<'js>>) -> std::result::Result<Class<'js, File>, String> {
    let Some(file) = given(file) else {
        return Err(
            "first argument expected to be a fs.File instance, got <nil> instead".to_string()
        );
    };
    Class::<File>::from_value(&file).map_err(|_| {
        format!(
            "first argument expected to be a fs.File instance, got {} instead",
            type_name(&file)
        )
    })
}

fn read_options<'js>(
    ctx: &Ctx<'js>,
    value: Option<Value<'js>>,
) -> Result<std::result::Result<CsvOptions, String>> {
    let mut options = CsvOptions::default();
    let Some(value) = value.filter(|value| !value.is_undefined()) else { return Ok(Ok(options)) };
    if value.is_null() {
        return Err(type_error(ctx, "Cannot convert undefined or null to object"));
    }
    let Some(object) = value.as_object() else { return Ok(Ok(options)) };
    let property = |name: &str| object.get::<_, Value<'js>>(name).map(|value| given(Some(value)));
    let integer = |name: &str| -> Result<Option<i64>> {
        let number =
            property(name)?.map(|value| value.get::<rquickjs::Coerced<f64>>()).transpose()?;
        Ok(number.map(|number| number.0 as i64))
    };
    let flag = |name: &str| -> Result<bool> {
        Ok(property(name)?
            .map(|value| value.get::<rquickjs::Coerced<bool>>())
            .transpose()?
            .is_some_and(|flag| flag.0))
    };
    if let Some(delimiter) = property("delimiter")? {
        match text(&delimiter)?.as_bytes() {
            [byte] => options.delimiter = *byte,
            _ => return Ok(Err("delimiter must be a single character".to_string())),
        }
    }
    options.skip_first_line = flag("skipFirstLine")?;
    options.as_objects = flag("asObjects")?;
    options.from_line = integer("fromLine")?.unwrap_or(0);
    options.to_line = integer("toLine")?;
    if options.to_line.is_some_and(|to_line| to_line > 0 && options.from_line >= to_line) {
        return Ok(Err("fromLine must be less than or equal to toLine".to_string()));
    }
    Ok(Ok(options))
}

fn parse<'js>(
    ctx: &Ctx<'js>,
    file: Option<Value<'js>>,
    options: Option<Value<'js>>,
) -> Result<Value<'js>> {
    let file = file_argument(file).map_err(|message| reject(ctx, &message))?;
    let options = read_options(ctx, options)?.map_err(|message| {
        reject(ctx, &format!("failed to interpret the provided Parser options; reason: {message}"))
    })?;
    let vu = VuState::of(ctx)?;
    let file = file.borrow();
    let (bytes, offset) = file.take_rest();
    // All VUs parse the same file alike: the first one's rows serve them all. A script cannot make
    // a SharedArray with a line break in front of its name by chance.
    let name = format!("\ncsv {} {offset} {options:?}", file.path());
    if let Some(known) = vu.test.shared_array(&name) {
        return Ok(array_object(ctx, known)?.into_value());
    }
    let rows = read_rows(bytes, offset, &options).map_err(|message| reject(ctx, &message))?;
    let rows =
        if vu.is_init() { vu.test.add_shared_array(name, Arc::new(rows)) } else { Arc::new(rows) };
    Ok(array_object(ctx, rows)?.into_value())
}

fn read_rows(
    bytes: Arc<[u8]>,
    offset: usize,
    options: &CsvOptions,
) -> std::result::Result<SharedElements, String> {
    let new_failed = |reason| format!("failed to create a new parser; reason: {reason}");
    let mut reader = RowReader::new(bytes, offset, options).map_err(new_failed)?;
    let mut rows = Vec::new();
    loop {
        match reader.next() {
            Ok(Some(row)) => {
                let mut row = to_json(row);
                // As in k6: columns of shared rows are in order of their names.
                row.sort_all_objects();
                rows.push(Some(row.to_string().into_boxed_str()));
            }
            Ok(None) => return Ok(SharedElements(rows)),
            Err(cause) => return Err(format!("failed to read record; reason: {cause}")),
        }
    }
}

/// Reads one row at a time.
struct Parser(RefCell<RowReader<Arc<[u8]>>>);

#[expect(unsafe_code, reason = "a contract of rquickjs")]
// SAFETY: no JavaScript lifetime inside.
unsafe impl<'js> JsLifetime<'js> for Parser {
    type Changed<'to> = Parser;
}

impl<'js> Trace<'js> for Parser {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

impl<'js> JsClass<'js> for Parser {
    const NAME: &'static str = "Parser";
    type Mutable = Readable;

    fn prototype(ctx: &Ctx<'js>) -> Result<Option<Object<'js>>> {
        let object = Object::new(ctx.clone())?;
        object.set("next", Function::new(ctx.clone(), next)?.with_name("next")?)?;
        Ok(Some(object))
    }

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

fn construct<'js>(
    ctx: Ctx<'js>,
    file: Opt<Value<'js>>,
    options: Opt<Value<'js>>,
) -> Result<Class<'js, Parser>> {
    if !VuState::of(&ctx)?.is_init() {
        return Err(error::throw(
            &ctx,
            "csv Parser constructor must be called in the init context",
        ));
    }
    let file = file_argument(file.0).map_err(|message| error::throw(&ctx, &message))?;
    let options = read_options(&ctx, options.0)?.map_err(|message| {
        let message =
            format!("encountered an error while interpreting Parser options; reason: {message}");
        error::throw(&ctx, &message)
    })?;
    let (bytes, offset) = file.borrow().take_rest();
    let reader = RowReader::new(bytes, offset, &options).map_err(|cause| {
        error::throw(&ctx, &format!("failed to create a new parser; reason: {cause}"))
    })?;
    Class::instance(ctx, Parser(RefCell::new(reader)))
}

fn next<'js>(ctx: Ctx<'js>, me: This<Class<'js, Parser>>) -> Result<Promise<'js>> {
    let row =
        me.0.borrow().0.borrow_mut().next().map(|row| row.map(|row| to_json(row).to_string()));
    let outcome = row.map_err(|message| reject(&ctx, &message)).and_then(|row| {
        let object = Object::new(ctx.clone())?;
        object.set("done", row.is_none())?;
        object.set("value", ctx.json_parse(row.unwrap_or_else(|| "[]".to_string()))?)?;
        Ok(object.into_value())
    });
    settled(&ctx, outcome)
}

#[cfg(test)]
mod tests {
    use crate::testing::{SCRIPT_URL, eval_files};

    #[track_caller]
    fn check(script: &str, lines: &[&str]) {
        let script = format!(
            "import {{ open }} from 'k6/experimental/fs'; import csv, {{ Parser }} from 'k6/experimental/csv';
             const file = () => open('a.csv');
             const t = async (call) => {{ try {{ console.log(JSON.stringify(await call())); }}
               catch (e) {{ console.log(String(e)); }} }};
             {script}"
        );
        let outcome = eval_files(&[
            (SCRIPT_URL, &script),
            ("file:///test/a.csv", "name,age\nann,7\nbob,\"8\n\"\n"),
        ]);
        assert_eq!(outcome.error, None, "console: {:?}", outcome.lines);
        assert_eq!(outcome.lines, lines);
    }

    #[test]
    fn parses_whole_files() {
        check(
            "await t(async () => csv.parse(await file()));
             await t(async () => csv.parse(await file(), { asObjects: true }));
             await t(async () => csv.parse(await file(), { skipFirstLine: true, toLine: 1 }));
             await t(async () => csv.parse(await file(), { fromLine: 9 }));
             await t(async () => csv.parse(await file(), { delimiter: 'ab' }));
             await t(() => csv.parse('x'));",
            &[
                "[[\"name\",\"age\"],[\"ann\",\"7\"],[\"bob\",\"8\\n\"]]",
                "[{\"age\":\"7\",\"name\":\"ann\"},{\"age\":\"8\\n\",\"name\":\"bob\"}]",
                "[[\"ann\",\"7\"]]",
                "failed to create a new parser; reason: failed to skip lines until line 9; reason: EOF",
                "failed to interpret the provided Parser options; reason: delimiter must be a single character",
                "first argument expected to be a fs.File instance, got string instead",
            ],
        );
    }

    #[test]
    fn parses_row_by_row() {
        check(
            "const p = new Parser(await file(), { asObjects: true });
             await t(() => p.next()); await t(() => p.next()); await t(() => p.next());
             await t(async () => new Parser(await file(), { fromLine: -1 }));
             export default async function () { await t(() => new Parser(1)); }",
            &[
                "{\"done\":false,\"value\":{\"name\":\"ann\",\"age\":\"7\"}}",
                "{\"done\":false,\"value\":{\"name\":\"bob\",\"age\":\"8\\n\"}}",
                "{\"done\":true,\"value\":[]}",
                "GoError: failed to create a new parser; reason: the 'fromLine' option must be greater than or equal to 0; got -1",
                "GoError: csv Parser constructor must be called in the init context",
            ],
        );
    }
}
