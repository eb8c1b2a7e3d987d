//! What runs on a VU's coroutine: init, then commands one by one until the VU is dropped.

use std::rc::Rc;

use rquickjs::{ArrayBuffer, Context, Ctx, Function, Object, Runtime, Value};

use super::{
    Mailbox, Phase, VuState, context, error::ScriptError, events, interrupt::StopCause,
    state::VuHandle,
};
use crate::{globals, loader};

/// What the owner of a VU asks of it.
#[derive(Debug)]
pub(crate) enum Command {
    /// One iteration: calls an exported function with the setup data.
    Iterate { function: Rc<str> },
    /// Calls `setup`; its result comes back as JSON.
    Setup,
    /// Calls `teardown` with the setup data.
    Teardown,
    /// Calls `handleSummary` with data as JSON.
    Summarize { data: String },
}

/// What became of it.
#[derive(Debug)]
pub(crate) enum Reply {
    /// Init went well.
    Initialized(Exports),
    /// An iteration or `teardown` ended.
    Done,
    /// What `setup` returned, unless it was `undefined`.
    Data(Option<String>),
    /// What `handleSummary` wants written where.
    Summary(Vec<(String, Vec<u8>)>),
    Threw(Thrown),
    Stopped(StopCause),
    /// The coroutine ended before.
    Gone,
}

/// What the entry script exports.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exports {
    /// Names of exported functions.
    pub functions: Vec<String>,
    /// `options` as JSON, when there are any.
    pub options: Option<String>,
}

impl Exports {
    /// Whether a function of that name is exported.
    pub fn has(&self, function: &str) -> bool {
        self.functions.iter().any(|name| name == function)
    }
}

/// An exception that a script did not catch.
#[derive(Debug)]
pub(crate) struct Thrown {
    pub(crate) error: ScriptError,
    /// Whether it is a promise's rejection that nobody handled.
    pub(crate) in_promise: bool,
}

/// The coroutine's body. Its frame and those of [`Session::obey`] and below stay while the VU waits,
/// so what is rare or big is in functions of its own: most VUs wait on one page of stack.
pub(super) fn main(vu: &Rc<VuState>, mailbox: &Mailbox) {
    let Some((runtime, context)) = make_context(vu, mailbox) else { return };
    context.with(|ctx| {
        if let Some(exports) = start(&ctx, vu, mailbox) {
            vu.fiber.release_unused_stack();
            Session { ctx: &ctx, vu, exports, data: None, last: None }.serve(mailbox);
        }
        vu.events.clear();
    });
    drop(context);
    drop(runtime);
}

#[inline(never)]
fn make_context(vu: &Rc<VuState>, mailbox: &Mailbox) -> Option<(Runtime, Context)> {
    match context::new(vu) {
        Ok(made) => Some(made),
        Err(error) => {
            let error = ScriptError { summary: error.to_string(), frames: Vec::new() };
            mailbox.put_reply(Reply::Threw(Thrown { error, in_promise: false }));
            None
        }
    }
}

/// Runs the script's init; replies how it went.
#[inline(never)]
fn start<'js>(ctx: &Ctx<'js>, vu: &Rc<VuState>, mailbox: &Mailbox) -> Option<Object<'js>> {
    match init(ctx, vu) {
        Ok(exports) => {
            mailbox.put_reply(Reply::Initialized(describe(&exports)));
            Some(exports)
        }
        Err(error) => {
            mailbox.put_reply(failure(ctx, vu, error));
            None
        }
    }
}

fn init<'js>(ctx: &Ctx<'js>, vu: &Rc<VuState>) -> rquickjs::Result<Object<'js>> {
    if ctx.store_userdata(VuHandle(vu.clone())).is_err() {
        return Err(rquickjs::Error::Unknown);
    }
    loader::vu_loader::prepare(ctx)?;
    globals::install(ctx, vu)?;
    let exports = loader::vu_loader::import_entry(ctx, vu)?;
    globals::overwrite_options(ctx, vu, &exports)?;
    Ok(exports)
}

fn describe(exports: &Object<'_>) -> Exports {
    let functions = exports
        .props::<String, Value<'_>>()
        .filter_map(|property| property.ok())
        .filter(|(_, value)| value.is_function())
        .map(|(name, _)| name)
        .collect();
    let options = exports.get::<_, Value<'_>>("options").ok().filter(|value| !value.is_undefined());
    let options = options
        .and_then(|value| exports.ctx().json_stringify(value).ok().flatten())
        .and_then(|text| text.to_string().ok());
    Exports { functions, options }
}

/// A VU after init, with the values that its commands share.
struct Session<'a, 'js> {
    ctx: &'a Ctx<'js>,
    vu: &'a Rc<VuState>,
    exports: Object<'js>,
    /// Setup data: parsed once per VU, as in k6.
    data: Option<Value<'js>>,
    /// The function of the last iteration.
    last: Option<(Rc<str>, Function<'js>)>,
}

impl<'js> Session<'_, 'js> {
    fn serve(&mut self, mailbox: &Mailbox) {
        while !self.vu.fiber.is_killed() {
            self.vu.fiber.suspend();
            self.next_command(mailbox);
        }
    }

    #[inline(never)]
    fn next_command(&mut self, mailbox: &Mailbox) {
        match mailbox.take_command() {
            Some(Command::Iterate { function }) => {
                let result = self.iterate(&function);
                self.reply(mailbox, result.map(|()| Reply::Done));
            }
            Some(command) => {
                let result = self.obey_once(command);
                self.reply(mailbox, result);
            }
            None => {}
        }
    }

    /// What a VU does at most once.
    #[inline(never)]
    fn obey_once(&mut self, command: Command) -> rquickjs::Result<Reply> {
        match command {
            Command::Iterate { function } => self.iterate(&function).map(|()| Reply::Done),
            Command::Setup => self.setup().map(Reply::Data),
            Command::Teardown => self.teardown().map(|()| Reply::Done),
            Command::Summarize { data } => self.summarize(&data).map(Reply::Summary),
        }
    }

    #[inline(never)]
    fn reply(&self, mailbox: &Mailbox, result: rquickjs::Result<Reply>) {
        let reply = result.unwrap_or_else(|error| failure(self.ctx, self.vu, error));
        self.warn_of_stopped_timers();
        mailbox.put_reply(reply);
    }

    fn iterate(&mut self, name: &Rc<str>) -> rquickjs::Result<()> {
        let (function, data) = self.prepare_iteration(name)?;
        self.call(&function, data).map(drop)
    }

    #[inline(never)]
    fn prepare_iteration(
        &mut self,
        name: &Rc<str>,
    ) -> rquickjs::Result<(Function<'js>, Value<'js>)> {
        self.vu.phase.set(Phase::Vu);
        globals::set_iteration(self.ctx, self.vu)?;
        let data = self.setup_data()?;
        let function = match &self.last {
            Some((last, function)) if last == name => function.clone(),
            _ => {
                let function: Function<'js> = self.exports.get(&**name)?;
                self.last = Some((name.clone(), function.clone()));
                function
            }
        };
        Ok((function, data))
    }

    fn setup(&mut self) -> rquickjs::Result<Option<String>> {
        self.vu.phase.set(Phase::Setup);
        let function: Function<'js> = self.exports.get("setup")?;
        let result = self.call(&function, Value::new_undefined(self.ctx.clone()))?;
        self.ctx.json_stringify(result)?.map(|text| text.to_string()).transpose()
    }

    fn teardown(&mut self) -> rquickjs::Result<()> {
        self.vu.phase.set(Phase::Teardown);
        let function: Function<'js> = self.exports.get("teardown")?;
        let data = self.setup_data()?;
        self.call(&function, data).map(drop)
    }

    fn summarize(&mut self, data: &str) -> rquickjs::Result<Vec<(String, Vec<u8>)>> {
        self.vu.phase.set(Phase::Summary);
        let function: Function<'js> = self.exports.get("handleSummary")?;
        let data = self.ctx.json_parse(data)?;
        let result = self.call(&function, data)?;
        let Some(result) = result.as_object() else { return Ok(Vec::new()) };
        result
            .props::<String, Value<'js>>()
            .map(|property| {
                let (destination, content) = property?;
                let bytes = content_of(self.ctx, &destination, &content)?;
                Ok((destination, bytes))
            })
            .collect()
    }

    fn setup_data(&mut self) -> rquickjs::Result<Value<'js>> {
        if let Some(data) = &self.data {
            return Ok(data.clone());
        }
        let data = match self.vu.test.setup_data() {
            Some(json) => self.ctx.json_parse(&*json)?,
            None => Value::new_undefined(self.ctx.clone()),
        };
        self.data = Some(data.clone());
        Ok(data)
    }

    /// Calls `function`, runs the event loop to its end and awaits the result when it is a promise.
    fn call(&self, function: &Function<'js>, data: Value<'js>) -> rquickjs::Result<Value<'js>> {
        let result: Value<'js> = function.call((data,))?;
        events::drain(self.ctx, self.vu)?;
        match result.as_promise() {
            Some(promise) => match promise.result::<Value<'js>>() {
                Some(result) => result,
                None => Ok(Value::new_undefined(self.ctx.clone())),
            },
            None => Ok(result),
        }
    }

    fn warn_of_stopped_timers(&self) {
        for (id, repeats) in self.vu.events.clear() {
            let name = if repeats { "setInterval" } else { "setTimeout" };
            let message =
                format!("{name} {id} was stopped because the VU iteration was interrupted");
            self.vu.test.log.warn(&message);
        }
    }
}

fn content_of<'js>(
    ctx: &Ctx<'js>,
    destination: &str,
    content: &Value<'js>,
) -> rquickjs::Result<Vec<u8>> {
    if let Some(text) = content.as_string() {
        return Ok(text.to_string()?.into_bytes());
    }
    if let Some(buffer) = content.as_object().cloned().and_then(ArrayBuffer::from_object) {
        #[expect(unsafe_code, reason = "the buffer's bytes belong to the script")]
        // SAFETY: copied at once; no script code runs meanwhile.
        return Ok(unsafe { buffer.as_bytes() }.unwrap_or_default().to_vec());
    }
    let message = format!(
        "error handling summary object {destination}: invalid type {}, it needs to be a string or ArrayBuffer",
        content.type_name()
    );
    Err(super::error::throw(ctx, &message))
}

/// Sorts an error into "was stopped" and "threw".
fn failure(ctx: &Ctx<'_>, vu: &VuState, error: rquickjs::Error) -> Reply {
    if let Some(cause) = vu.stop_cause() {
        ctx.catch();
        return Reply::Stopped(cause);
    }
    let in_promise = vu.events.uncaught_rejection.replace(false);
    let mut error = ScriptError::catch(ctx, error);
    error.map_positions(&vu.test.modules);
    Reply::Threw(Thrown { error, in_promise })
}
