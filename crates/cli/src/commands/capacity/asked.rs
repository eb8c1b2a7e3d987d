//! What the flags ask for.

use plimsoll_engine::runner::Runner;
use plimsoll_metrics::window::Objective;

use crate::{
    args::{CapacityArgs, Dimension},
    commands::{
        attack::parts,
        trials::{bench::Bench, figures, level, targets::Connections},
    },
    exit::{Exit, Failure},
};

/// What the flags ask for.
pub(super) struct Asked {
    pub(super) objectives: Vec<Objective>,
    /// As written.
    pub(super) sources: Vec<String>,
    /// Levels of what is raised: per second, virtual users or connections.
    pub(super) goal: Option<f64>,
    pub(super) start: Option<f64>,
    pub(super) max_rate: Option<f64>,
    /// Per second, over connections that are held open.
    pub(super) held: Option<f64>,
}

impl Asked {
    pub(super) fn read(args: &CapacityArgs) -> Result<Asked, Failure> {
        let bad = |message: String| Failure::new(Exit::BadConfiguration, message);
        if args.hold_connections.is_some() && args.dimension != Dimension::Connections {
            return Err(bad("--hold-connections goes with --dimension connections".to_owned()));
        }
        if args.objectives.is_empty() {
            let message = "--slo is missing: what is to be kept while the load rises?";
            return Err(
                bad(message.to_owned()).with_hint("add --slo 'p(99)<200ms' --slo 'errors<0.1%'")
            );
        }
        if let Some(wrong) = args.care.wrong(!args.sent.attack.see.watched.watch.is_empty()) {
            return Err(bad(wrong.to_owned()));
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
        let level = |flag: &str, text: &Option<String>| match (args.dimension, text) {
            (Dimension::Rate, _) | (_, None) => rate(flag, text),
            (dimension, Some(text)) => level::whole(text, dimension)
                .map(Some)
                .map_err(|error| bad(format!("{flag} {text:?}: {error}"))),
        };
        let asked = Asked {
            sources: objectives.iter().map(|one| one.source.clone()).collect(),
            objectives,
            goal: level("--goal", &args.goal)?,
            start: level("--start", &args.start)?,
            max_rate: level("--max", &args.max_rate)?,
            held: rate("--hold-connections", &args.hold_connections)?,
        };
        match (asked.goal, asked.max_rate) {
            (Some(goal), Some(most)) if goal > most => {
                Err(bad("--goal is above --max, so it cannot be reached".to_owned()))
            }
            _ => Ok(asked),
        }
    }

    /// Whose connections are, of a URL or targets.
    ///
    /// # Errors
    /// When what is raised is of scripts only.
    pub(super) fn connections(&self, args: &CapacityArgs) -> Result<Connections, Failure> {
        match (args.dimension, self.held) {
            (Dimension::Rate, _) => Ok(Connections::Shared),
            (Dimension::Connections, None) => Ok(Connections::Own),
            (Dimension::Connections, Some(_)) => Ok(Connections::Open),
            (Dimension::Vus, _) => {
                let message =
                    "--dimension vus is about a script; URLs, targets and redis have connections";
                Err(Failure::new(Exit::BadConfiguration, message)
                    .with_hint("search with --dimension connections"))
            }
        }
    }

    /// `bench` with what is raised.
    pub(super) fn raising<R: Runner>(&self, dimension: Dimension, bench: Bench<R>) -> Bench<R> {
        let subject = match self.held {
            Some(rate) => {
                format!("{} at {} over held connections", bench.subject, figures::rate(rate))
            }
            None => bench.subject.clone(),
        };
        Bench { dimension, held: self.held, subject, ..bench }
    }
}
