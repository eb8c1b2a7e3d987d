//! What is loaded, with so many at a time.

use std::{path::Path, sync::Arc};

use plimsoll_engine::{
    config::{RunConfig, Scenario},
    pace::Spacing,
};
use plimsoll_metrics::Builtin;
use plimsoll_runtime::log::Log;
use plimsoll_script::lifecycle::Script;

use crate::{
    args::{Dimension, Sent},
    commands::trials::{
        bench::Bench,
        scripts::{self, Scripted},
        targets::{DRAIN_MAX, HTTP_HEAD_BYTES},
    },
    exit::{Exit, Failure},
};

/// A script's only scenario, whatever it says of its own pace. Of several the mix would change with the
/// number of virtual users, and what is not the same work has no scalability.
pub(super) fn script(
    sent: &Sent,
    file: &str,
    config: Option<&Path>,
    log: &Log,
) -> Result<Bench<Script>, Failure> {
    let Scripted { script, registry, config } = scripts::load_script(sent, file, config, log)?;
    let scenario = match config.scenarios.as_slice() {
        [one] => Scenario { graceful_stop: one.graceful_stop.min(DRAIN_MAX), ..one.clone() },
        several => {
            let names: Vec<&str> = several.iter().map(|one| one.name.as_str()).collect();
            let message = format!(
                "{file} has {} scenarios ({}): with each number of virtual users their mix would be another",
                several.len(),
                names.join(", ")
            );
            return Err(Failure::new(Exit::BadConfiguration, message)
                .with_hint("give it one scenario, such as by a variable: -e ONLY=read"));
        }
    };
    Ok(Bench {
        runner: Arc::new(script),
        registry,
        base: RunConfig { scenarios: Vec::new(), ..config },
        scenarios: vec![(scenario, 1.0)],
        spacing: Spacing::Even,
        senders: 0,
        batch: 1,
        failed: Builtin::HttpReqFailed.id(),
        collector: None,
        head_bytes: HTTP_HEAD_BYTES,
        noun: "iterations",
        subject: file.to_owned(),
        scripted: None,
        dimension: Dimension::Vus,
        held: None,
    })
}
