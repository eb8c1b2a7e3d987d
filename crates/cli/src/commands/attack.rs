//! `plimsoll attack`: requests at a rate, without a script.

mod client;
mod load;
mod outlet;
mod pace;
mod targets;
mod thresholds;

use std::{collections::BTreeMap, sync::Arc};

use plimsoll_attack::{
    hits::{Collected, Collector},
    http::HttpRunner,
    results::binary::End,
};
use plimsoll_engine::control::{Control, StopReason};
use plimsoll_metrics::{Registry, registry::SERIES_LIMIT, threshold::ThresholdGroup};
use plimsoll_runtime::duration::go_string;
use serde_json::json;

use self::{load::Load, outlet::Outlet};
use crate::{
    Session,
    args::AttackArgs,
    conduct::{Conduct, Conducted, FirstSignal},
    exit::{Exit, Failure},
    judge::judge,
    validity,
    wiring::{self, Followers},
};

/// Attacks; `Ok` is how it ended, which may be no success.
pub(crate) fn attack(args: &AttackArgs, session: &Session) -> Result<Exit, Failure> {
    let log = session.log;
    let load = Load::new(&args.pace, &args.http)?;
    let registry = Registry::new(SERIES_LIMIT);
    let thresholds = thresholds::parse(&args.results.thresholds, load.is_closed, &registry)?;
    let config = client::config(args, log)?;
    let subject = targets::describe(args);
    let setup = wiring::Setup {
        subject: subject.clone(),
        out: &args.results.out,
        record: args.results.record.as_deref(),
        options: json!({
            "attack": { "name": args.results.name, "target": subject, "rate": load.pace,
                "duration": load.duration.map(go_string), "arrivals": load.arrivals },
        }),
        system_tags: Default::default(),
        keeps_parts: false,
        registry: &registry,
        thresholds: &thresholds,
        env: &BTreeMap::new(),
        log,
    };
    let followers = Followers::start(&setup, Vec::new())?;
    let control = Arc::new(Control::new());
    let outlet = Outlet::open(&args.results, &load, session, &control)?;
    let collector = Arc::new(Collector::new(&args.results.name, outlet.queue()));
    let conduct = Conduct {
        config: load.run_config(&args.results.tags)?,
        runner: Arc::new(HttpRunner::new(config, Arc::clone(&collector))),
        registry: registry.clone(),
        thresholds: thresholds.clone(),
        control: Arc::clone(&control),
        followers: &followers,
        first_signal: FirstSignal::Drains,
    };
    let conducted = conduct.run(session)?;
    let never_sent = control.figures().iterations_dropped;
    finish(
        &load,
        conducted,
        collector.take(),
        never_sent,
        outlet,
        &followers,
        &thresholds,
        args,
        session,
    )
}

/// Writes and prints what came of it, and judges it.
#[expect(clippy::too_many_arguments, reason = "the end of one long function")]
fn finish(
    load: &Load,
    conducted: Conducted,
    collected: Collected,
    never_sent: u64,
    outlet: Outlet,
    followers: &Followers,
    thresholds: &[ThresholdGroup],
    args: &AttackArgs,
    session: &Session,
) -> Result<Exit, Failure> {
    let log = session.log;
    let Conducted { mut finished, mut reasons, progress, signaled } = conducted;
    let Collected { mut tally, shortages, due } = collected;
    reasons.extend(validity::shortages(shortages.descriptors, shortages.ports));
    let end = End {
        never_sent,
        lost: 0,
        started_unix_ns: due.map_or(outlet.started_unix_ns(), |(first, _)| first.0),
        duration_ns: load.lasted(due, &finished, signaled),
        invalid: reasons.clone(),
    };
    let report = outlet.finish(end, &mut tally);
    report.print(&tally.text())?;
    report.print(&thresholds::outcome(&finished.totals, thresholds))?;
    progress.show();
    if load.duration.is_none() && finished.stopped == Some(StopReason::Signal) {
        // What was to last until Ctrl-C has had its way.
        finished.stopped = None;
    }
    let exit = judge(&finished, log);
    let warnings: Vec<String> = reasons.iter().map(|reason| format!("INVALID: {reason}")).collect();
    followers.finish(&finished, &warnings, log);
    if exit == Exit::Success && args.results.strict && !reasons.is_empty() {
        log.error("the run is invalid, and --strict was given");
        return Ok(Exit::Invalid);
    }
    Ok(exit)
}
