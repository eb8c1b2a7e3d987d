//! What the flags ask for.

use plimsoll_metrics::window::Objective;

use crate::{
    args::{CapacityArgs, Dimension},
    commands::attack::parts,
    exit::{Exit, Failure},
};

/// What the flags ask for.
pub(super) struct Asked {
    pub(super) objectives: Vec<Objective>,
    /// As written.
    pub(super) sources: Vec<String>,
    /// Per second.
    pub(super) goal: Option<f64>,
    pub(super) start: Option<f64>,
    pub(super) max_rate: Option<f64>,
}

impl Asked {
    pub(super) fn read(args: &CapacityArgs) -> Result<Asked, Failure> {
        let bad = |message: String| Failure::new(Exit::BadConfiguration, message);
        if args.dimension != Dimension::Rate {
            return Err(bad("--dimension: only the rate can be raised so far".to_owned()));
        }
        if args.objectives.is_empty() {
            let message = "--slo is missing: what is to be kept while the rate rises?";
            return Err(
                bad(message.to_owned()).with_hint("add --slo 'p(99)<200ms' --slo 'errors<0.1%'")
            );
        }
        let objective = |text: &String| {
            Objective::parse(text).map_err(|error| {
                bad(format!("--slo: {error}").replace("condition ", ""))
                    .with_hint("write 'p(99)<200ms', 'avg<50ms over 10s' or 'errors<0.1%'")
            })
        };
        let objectives = args.objectives.iter().map(objective).collect::<Result<Vec<_>, _>>()?;
        let rate = |flag: &str, text: &Option<String>| {
            let parsed = text.as_ref().map(|text| {
                let rate = parts::constant_rate(text).map_err(|error| {
                    bad(format!("{flag} {text:?}: {error}")).with_hint("write 2000/s or 50/1m")
                });
                rate.map(|rate| rate.value())
            });
            parsed.transpose()
        };
        let asked = Asked {
            sources: objectives.iter().map(|one| one.source.clone()).collect(),
            objectives,
            goal: rate("--goal", &args.goal)?,
            start: rate("--start", &args.start)?,
            max_rate: rate("--max-rate", &args.max_rate)?,
        };
        match (asked.goal, asked.max_rate) {
            (Some(goal), Some(most)) if goal > most => {
                Err(bad("--goal is above --max-rate, so it cannot be reached".to_owned()))
            }
            _ => Ok(asked),
        }
    }
}
