//! Requests that cannot even be sent: k6 turns them into responses of status 0.

use plimsoll_clients::http::{ErrorCode, HttpError};
use plimsoll_runtime::log::Level;
use rquickjs::{Ctx, Error, Result, Value};

use super::response;
use crate::vu::{VuState, error};

/// Why no request came of a script's arguments.
pub(super) enum Failure {
    /// The script itself failed: an exception is pending.
    Thrown(Error),
    Argument {
        message: String,
        code: ErrorCode,
    },
}

pub(super) type Build<T> = std::result::Result<T, Failure>;

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Thrown(error)
    }
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Failure {
        Failure::Argument { message: error.full, code: error.code }
    }
}

impl Failure {
    pub(super) fn argument(message: impl Into<String>) -> Failure {
        Failure::Argument { message: message.into(), code: ErrorCode::NONE }
    }

    /// The response that a script gets, or an exception when it asked for one.
    pub(super) fn into_response<'js>(
        self,
        ctx: &Ctx<'js>,
        vu: &VuState,
        log_message: &str,
    ) -> Result<Value<'js>> {
        match self {
            Failure::Thrown(error) => Err(error),
            Failure::Argument { message, .. } if vu.http.defaults(vu).throw => {
                Err(error::throw(ctx, &message))
            }
            Failure::Argument { message, code } => {
                vu.test.log.write(Level::Warning, log_message, &[("error", &message)]);
                response::unsent(ctx, message, code)
            }
        }
    }
}
