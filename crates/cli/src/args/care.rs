//! Flags of a search that make its answer surer: what the generator can do, services that are started
//! anew, and a bottleneck that is tried out.

use clap::Args;

/// How many times as much there may be of what is changed.
const FACTORS: std::ops::RangeInclusive<f64> = 0.1..=10.0;

#[derive(Debug, Args)]
pub(crate) struct CareFlags {
    /// Start without finding out what plimsoll itself can do against a target that answers at once
    #[arg(long, help_heading = "Search")]
    pub(crate) no_calibration: bool,
    /// Run before each confirmation, with `sh -c`: starts the service anew; then it must answer
    #[arg(long, value_name = "CMD", help_heading = "Search")]
    pub(crate) restart: Option<String>,
    /// Try the bottleneck out: raise the CPU quota that was named by a quarter, or run CMD, which makes
    /// something else $PLIMSOLL_FACTOR times as large, and see whether capacity follows
    #[arg(
        long,
        value_name = "CMD",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "",
        help_heading = "Search"
    )]
    pub(crate) intervene: Option<String>,
    /// Takes back what the command of --intervene changed, whatever happens; it may run twice
    #[arg(long, value_name = "CMD", requires = "intervene", help_heading = "Search")]
    pub(crate) intervene_undo: Option<String>,
    /// How many times as much there is then
    #[arg(
        long,
        value_name = "F",
        default_value_t = 1.25,
        value_parser = factor,
        requires = "intervene",
        help_heading = "Search"
    )]
    pub(crate) intervene_factor: f64,
}

impl CareFlags {
    /// What does not go together.
    pub(crate) fn wrong(&self, is_watching: bool) -> Option<&'static str> {
        match (self.intervene.as_deref(), &self.intervene_undo) {
            (Some(""), None) if !is_watching => Some(
                "--intervene changes the quota that gives first, and nothing is watched: add --watch",
            ),
            (Some(""), Some(_)) => Some("--intervene-undo goes with a command: --intervene='CMD'"),
            (Some(command), None) if !command.is_empty() => {
                Some("--intervene='CMD' needs --intervene-undo 'CMD', which takes it back")
            }
            _ => None,
        }
    }
}

fn factor(text: &str) -> Result<f64, String> {
    let factor = text.parse().ok().filter(|factor| FACTORS.contains(factor) && *factor != 1.0);
    factor.ok_or_else(|| "write a number from 0.1 to 10 that is not 1, such as 1.25".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_changed_can_be_taken_back() {
        let check =
            |intervene: Option<&str>, undo: Option<&str>, watching, expected: Option<&str>| {
                let flags = CareFlags {
                    no_calibration: false,
                    restart: None,
                    intervene: intervene.map(str::to_owned),
                    intervene_undo: undo.map(str::to_owned),
                    intervene_factor: 1.25,
                };
                let found = flags.wrong(watching);
                match (found, expected) {
                    (Some(found), Some(part)) => assert!(found.contains(part), "{found}"),
                    (found, expected) => assert_eq!(found, expected),
                }
            };
        check(None, None, false, None);
        check(Some(""), None, true, None);
        check(Some(""), None, false, Some("--watch"));
        check(Some("more"), Some("less"), false, None);
        check(Some("more"), None, true, Some("--intervene-undo"));
        check(Some(""), Some("less"), true, Some("--intervene='CMD'"));
    }

    #[test]
    fn factors_change_something() {
        for (text, is_good) in [
            ("1.25", true),
            ("0.75", true),
            ("1", false),
            ("0", false),
            ("x", false),
            ("NaN", false),
        ] {
            assert_eq!(factor(text).is_ok(), is_good, "{text}");
        }
    }
}
