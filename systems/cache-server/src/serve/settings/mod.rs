//! Where parameters come from: a file, the environment, and what the caller gives. The later ones are
//! stronger. CONFIG REWRITE brings the file up to date.

mod faults;
mod file;
mod near;
mod replace;
mod rewrite;
mod writer;

use std::net::SocketAddr;

pub(crate) use file::{UserLine, read, user_lines};
pub(crate) use near::nearest;
pub(crate) use replace::replace;
pub(crate) use rewrite::{quoted, rewrite};
pub(crate) use writer::{FileWriter, Written};

use self::faults::Faults;
use super::{
    Config,
    parameters::{Parameters, SetError, separator},
};

/// What variables of the environment begin with that are parameters.
const VARIABLE_PREFIX: &str = "PLIMSOLL_CACHE_";

/// A parameter that cannot be so, and where that was said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct SettingError {
    place: String,
    reason: String,
}

impl SettingError {
    pub(crate) fn new(place: impl Into<String>, reason: impl ToString) -> SettingError {
        SettingError { place: place.into(), reason: reason.to_string() }
    }
}

/// A parameter's value, and where it was said.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Given {
    place: String,
    name: String,
    value: String,
}

/// What all sources together come to.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) parameters: Parameters,
    /// Names of the parameters that were given.
    pub(crate) given: Vec<&'static str>,
    /// Users that the file tells of.
    pub(crate) users: Vec<UserLine>,
}

impl Settings {
    /// Reads everything that `config` names.
    ///
    /// # Errors
    /// For a file that cannot be read, and parameters that cannot be so.
    pub(crate) fn gather(config: &Config) -> Result<Settings, SettingError> {
        let parameters = Parameters::new();
        let decided = [
            ("bind", config.addr.ip().to_string()),
            ("port", config.addr.port().to_string()),
            ("io-threads", config.threads.max(1).to_string()),
        ];
        for (name, value) in decided {
            parameters.decide(name, &value).map_err(|error| unsuitable(name.to_owned(), &error))?;
        }
        let mut settings = Settings { parameters, given: Vec::new(), users: Vec::new() };
        let mut faults = Faults::default();
        if let Some(path) = &config.file {
            let file = file::ConfigFile::read(path, &mut faults)?;
            settings.take(file.values, &mut faults);
            settings.users = file.users;
        }
        settings.take(environment(&config.environment), &mut faults);
        let flag = |(name, value): &(String, String)| Given {
            place: name.clone(),
            name: name.to_ascii_lowercase(),
            value: value.clone(),
        };
        settings.take(config.parameters.iter().map(flag).collect(), &mut faults);
        faults.into_result()?;
        if !settings.users.is_empty() && !settings.parameters.text("aclfile").is_empty() {
            return Err(SettingError::new("aclfile", "there are users in the configuration too"));
        }
        Ok(settings)
    }

    /// One source: of two values of a name the later one counts, unless the name takes several.
    fn take(&mut self, source: Vec<Given>, faults: &mut Faults) {
        let mut merged: Vec<Given> = Vec::new();
        for given in source {
            // As in Redis, an empty one forgets those before it.
            let separator = separator(&given.name).filter(|_| !given.value.is_empty());
            match merged.iter_mut().find(|earlier| earlier.name == given.name) {
                Some(earlier) => match separator {
                    Some(separator) => {
                        earlier.value.push(separator);
                        earlier.value.push_str(&given.value);
                    }
                    None => *earlier = given,
                },
                None => merged.push(given),
            }
        }
        for Given { place, name, value } in merged {
            let name = self.parameters.configure(&name, &value);
            let name = faults.sift(name.map_err(|error| unsuitable(place, &error))).flatten();
            self.given.extend(name.filter(|name| !self.given.contains(name)));
        }
    }

    /// Writes into a parameter which port was taken for it.
    pub(crate) fn decide_port(&self, name: &'static str, port: u16) -> Result<(), SettingError> {
        let decided = self.parameters.decide(name, &port.to_string());
        decided.map_err(|error| unsuitable(name.to_owned(), &error))
    }

    /// Where to listen, port 0 being any; that is also what an empty parameter says.
    pub(crate) fn addr(&self, bind: &str, port: &str) -> Result<SocketAddr, SettingError> {
        let ip = self.parameters.text(bind).parse().map_err(|error| SettingError::new(bind, error));
        let port = u16::try_from(self.parameters.number(port));
        Ok(SocketAddr::new(ip?, port.unwrap_or(0)))
    }
}

fn unsuitable(place: String, error: &SetError) -> SettingError {
    SettingError::new(place, error.reason())
}

/// Variables that are parameters. An empty one is none, so that a template may leave it out.
fn environment(variables: &[(String, String)]) -> Vec<Given> {
    let given = |(variable, value): &(String, String)| {
        let name = variable.strip_prefix(VARIABLE_PREFIX).filter(|_| !value.is_empty())?;
        let name = name.to_ascii_lowercase().replace('_', "-");
        Some(Given { place: variable.clone(), name, value: value.clone() })
    };
    variables.iter().filter_map(given).collect()
}

#[cfg(test)]
mod tests;
