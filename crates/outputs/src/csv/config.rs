//! What `--out csv=...` and the `K6_CSV_*` variables say.

use std::time::Duration;

use crate::{target::Target, variables::duration};

/// The file that is written when none is named.
const DEFAULT_FILE: &str = "file.csv";

/// How timestamps are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeFormat {
    /// Seconds.
    #[default]
    Unix,
    UnixMilli,
    UnixMicro,
    UnixNano,
    Rfc3339,
    Rfc3339Nano,
}

/// Options of the CSV output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvConfig {
    pub target: Target,
    pub time_format: TimeFormat,
    /// Checked and otherwise without effect: rows are passed on once a second.
    pub save_interval: Duration,
}

/// What is wrong with them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("could not create the 'csv' output: {0}")]
pub struct CsvConfigError(String);

impl CsvConfig {
    /// `argument`: what stands behind `--out csv=`, a file or `key=value,...`; it wins over the
    /// environment. `env` looks up a variable.
    ///
    /// # Errors
    /// On a key, time format or interval that there is not.
    pub fn parse(
        argument: Option<&str>,
        env: impl Fn(&str) -> Option<String>,
    ) -> Result<CsvConfig, CsvConfigError> {
        let mut config = CsvConfig {
            target: Target::parse(Some(DEFAULT_FILE)),
            time_format: TimeFormat::default(),
            save_interval: Duration::from_secs(1),
        };
        let keys = ["K6_CSV_FILENAME", "K6_CSV_SAVE_INTERVAL", "K6_CSV_TIME_FORMAT"];
        for (key, variable) in ["fileName", "saveInterval", "timeFormat"].into_iter().zip(keys) {
            if let Some(value) = env(variable).filter(|value| !value.is_empty()) {
                config.set(key, &value)?;
            }
        }
        match argument {
            None | Some("") => {}
            Some(argument) if argument.contains('=') => {
                for pair in argument.split(',') {
                    let (key, value) = pair.split_once('=').ok_or_else(|| {
                        CsvConfigError(format!(
                            "couldn't parse \"{pair}\" as argument for csv output"
                        ))
                    })?;
                    config.set(key, value)?;
                }
            }
            Some(file) => config.target = Target::parse(Some(file)),
        }
        Ok(config)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), CsvConfigError> {
        match key {
            "fileName" => self.target = Target::parse(Some(value)),
            "timeFormat" => self.time_format = time_format(value)?,
            "saveInterval" => {
                self.save_interval = duration(value)
                    .ok_or_else(|| CsvConfigError(format!("invalid duration \"{value}\"")))?;
            }
            _ => {
                return Err(CsvConfigError(format!(
                    "unknown key \"{key}\" as argument for csv output"
                )));
            }
        }
        Ok(())
    }
}

fn time_format(value: &str) -> Result<TimeFormat, CsvConfigError> {
    Ok(match value {
        "unix" => TimeFormat::Unix,
        "unix_milli" => TimeFormat::UnixMilli,
        "unix_micro" => TimeFormat::UnixMicro,
        "unix_nano" => TimeFormat::UnixNano,
        "rfc3339" => TimeFormat::Rfc3339,
        "rfc3339_nano" => TimeFormat::Rfc3339Nano,
        _ => return Err(CsvConfigError(format!("{value} does not belong to TimeFormat values"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(argument: Option<&str>, env: &[(&str, &str)]) -> Result<CsvConfig, CsvConfigError> {
        CsvConfig::parse(argument, |key| {
            env.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_argument_wins_over_the_environment() {
        assert_eq!(parse(None, &[]).unwrap().target, Target::File("file.csv".into()));
        let env = [("K6_CSV_FILENAME", "env.csv"), ("K6_CSV_TIME_FORMAT", "unix_milli")];
        let config = parse(Some("arg.csv"), &env).unwrap();
        assert_eq!(config.target, Target::File("arg.csv".into()));
        assert_eq!(config.time_format, TimeFormat::UnixMilli);
        let config =
            parse(Some("fileName=-,saveInterval=1m0.5s,timeFormat=rfc3339"), &env).unwrap();
        assert_eq!(config.target, Target::Stdout);
        assert_eq!(config.time_format, TimeFormat::Rfc3339);
        assert_eq!(config.save_interval, Duration::from_millis(60_500));
    }

    #[test]
    fn mistakes_are_told() {
        let message = |argument| parse(Some(argument), &[]).unwrap_err().to_string();
        assert_eq!(
            message("timeFormat=foo"),
            "could not create the 'csv' output: foo does not belong to TimeFormat values"
        );
        assert!(message("foo=bar").contains("unknown key \"foo\""));
        assert!(message("saveInterval=5x").contains("invalid duration \"5x\""));
        assert!(message("fileName=a,b").contains("couldn't parse \"b\""));
    }
}
