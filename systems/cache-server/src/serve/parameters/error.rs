//! Why a parameter cannot be set so: in Redis's words for clients, in ours for who starts the server.

use super::{PARAMETERS, find};
use crate::serve::settings::nearest;

/// Parameters of Redis's whose purpose is served otherwise here.
const OTHERWISE: &[(&str, &str)] = &[
    ("logfile", "--log-output file=PATH says where the log goes"),
    ("masterauth", "there are no replicas"),
    ("pidfile", "who starts the process knows its number, and INFO server tells it"),
    ("rename-command", "ACL rules say who may run what"),
    ("replicaof", "there are no replicas"),
    ("slaveof", "there are no replicas"),
    ("supervised", "systemd is told whenever it wants to be ($NOTIFY_SOCKET)"),
    ("syslog-enabled", "the log goes to standard error"),
    ("unixsocket", "clients come by TCP"),
];

/// A parameter that cannot be set so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SetError {
    #[error("ERR Unknown option or number of arguments for CONFIG SET - '{0}'")]
    Unknown(String),
    #[error(
        "ERR CONFIG SET failed (possibly related to argument '{0}') - can't set immutable config"
    )]
    Immutable(&'static str),
    #[error("ERR CONFIG SET failed (possibly related to argument '{0}') - duplicate parameter")]
    Duplicate(&'static str),
    #[error("ERR CONFIG SET failed (possibly related to argument '{name}') - {reason}")]
    Value { name: &'static str, reason: String },
}

impl SetError {
    /// What is wrong, for those who do not speak Redis's protocol.
    pub(crate) fn reason(&self) -> String {
        match self {
            SetError::Unknown(name) => {
                let is_it = |(other, _): &&(&str, &str)| other.eq_ignore_ascii_case(name);
                if let Some((_, otherwise)) = OTHERWISE.iter().find(is_it) {
                    return format!("{otherwise}; there is no such parameter");
                }
                let names = PARAMETERS.iter().map(|parameter| parameter.name);
                let hint = nearest(&name.to_ascii_lowercase(), names);
                let hint = hint.map(|name| format!("; did you mean '{name}'?"));
                format!("there is no such parameter{}", hint.unwrap_or_default())
            }
            SetError::Immutable(name) => {
                let default = find(name).map_or("", |(_, parameter)| parameter.default);
                format!("it is always '{default}' here")
            }
            SetError::Duplicate(_) => "it is given twice".to_owned(),
            SetError::Value { reason, .. } => reason.clone(),
        }
    }
}
