//! One call: arguments to a command, its answer to a promise.

use std::rc::Rc;

use plimsoll_clients::redis::{Answer, Pipeline, Scope};
use plimsoll_runtime::clock::Instant;
use rquickjs::{Coerced, Ctx, Promise, Result, Value};

use super::{
    commands::{Argument, Command},
    state::ClientState,
    value::{self, Refusal},
};
use crate::{
    modules::{
        arguments::{given, text},
        settled::settled,
    },
    vu::{VuState, events},
};

const INIT_MESSAGE: &str = "connecting to a redis server in the init context is not supported";

/// The words of a command, or why there are none.
type Words = std::result::Result<Vec<Vec<u8>>, String>;

pub(super) fn call<'js>(
    ctx: &Ctx<'js>,
    state: Rc<ClientState>,
    command: &'static Command,
    arguments: &[Value<'js>],
) -> Result<Promise<'js>> {
    let vu = VuState::of(ctx)?;
    if vu.is_init() {
        return settled(ctx, Err(value::reject(ctx, &Refusal::Server(INIT_MESSAGE.into()))));
    }
    let words = match words(command, arguments)? {
        Ok(words) => words,
        Err(message) => return settled(ctx, Err(value::reject(ctx, &Refusal::Client(message)))),
    };
    let client = match state.client(&vu) {
        Ok(client) => client,
        Err(message) => return settled(ctx, Err(value::reject(ctx, &Refusal::Client(message)))),
    };
    let mut pipeline = Pipeline::with_values();
    pipeline.push(Rc::from(command.function), &words);
    let running = async move {
        client.run(&mut pipeline, Instant::now(), &Scope::default()).await;
        pipeline.take_answer()
    };
    events::spawn(ctx, running, |ctx, answer: Answer| value::of_answer(ctx, answer, command.gives))
}

fn words(command: &Command, arguments: &[Value<'_>]) -> Result<Words> {
    let mut words: Vec<Vec<u8>> = Vec::with_capacity(arguments.len() + 1);
    words.extend(command.name.map(|name| name.as_bytes().to_vec()));
    for (index, argument) in command.takes.iter().enumerate() {
        let rest = arguments.get(index..).unwrap_or_default();
        let first = rest.first();
        match argument {
            Argument::Text => words.push(as_text(first)?),
            Argument::Integer => words.push(integer(first)?.to_string().into_bytes()),
            Argument::Texts => {
                for value in rest {
                    words.push(as_text(Some(value))?);
                }
            }
            Argument::Scalar => match scalar(first, index)? {
                Ok(word) => words.push(word),
                Err(message) => return Ok(Err(message)),
            },
            Argument::Scalars => {
                for (offset, value) in rest.iter().enumerate() {
                    match scalar(Some(value), index + offset)? {
                        Ok(word) => words.push(word),
                        Err(message) => return Ok(Err(message)),
                    }
                }
            }
            Argument::Expiry => {
                let seconds = integer(first)?;
                if seconds > 0 {
                    words.extend([b"EX".to_vec(), seconds.to_string().into_bytes()]);
                }
            }
        }
    }
    Ok(Ok(words))
}

fn as_text(value: Option<&Value<'_>>) -> Result<Vec<u8>> {
    match given(value.cloned()) {
        Some(value) => Ok(text(&value)?.into_bytes()),
        None => Ok(Vec::new()),
    }
}

/// Cut to a whole number; 0 for what is none.
fn integer(value: Option<&Value<'_>>) -> Result<i64> {
    match given(value.cloned()) {
        Some(value) => Ok(value.get::<Coerced<f64>>()?.0 as i64),
        None => Ok(0),
    }
}

fn scalar(value: Option<&Value<'_>>, index: usize) -> Result<std::result::Result<Vec<u8>, String>> {
    let word = match value {
        Some(value) if value.is_string() => Some(text(value)?),
        // Never with an exponent, as Go formats them.
        Some(value) if value.is_number() => value.as_number().map(|number| number.to_string()),
        Some(value) => value.as_bool().map(|flag| u8::from(flag).to_string()),
        None => None,
    };
    Ok(word.map(String::into_bytes).ok_or_else(|| {
        format!(
            "unsupported type provided for argument at index {index}, supported types are string, \
             number, and boolean"
        )
    }))
}
