//! Monitors on other hosts: the agent that serves what it watches, and the probe that asks it.
//!
//! ```text
//! other host: sampler -> History -> HTTP: /metrics for Prometheus, /v1/observations for us
//! this host:  AgentProbe asks at each tick what is new -> Readings, with stamps turned to our clock
//! ```

pub mod answer;
mod follow;
mod history;
mod offset;
mod page;
mod probe;
mod serve;
#[cfg(test)]
mod tests;
mod token;

pub use follow::Follower;
pub use offset::{Exchange, Offset};
pub use probe::{AgentSubject, PORT};
pub use serve::{Agent, AgentError, AgentSettings, start};
pub use token::{TOKEN_LIMIT, Token, TokenError};

use crate::{monitor::Settings, probe::Subject};

impl Settings {
    /// What is shown to the agents among the subjects.
    pub fn set_token(&mut self, token: &Token) {
        self.subjects.iter_mut().for_each(|subject| subject.set_token(token));
    }
}

/// What `agent:HOST:PORT` names.
pub(crate) fn parse(text: &str) -> Result<Box<dyn Subject>, String> {
    Ok(Box::new(AgentSubject::parse(text.strip_prefix("agent:").unwrap_or(text))?))
}
