//! `plimsoll run`: load, consolidate, run, report.

use std::sync::Arc;

use plimsoll_engine::{control::Control, plan::Plan, run::Finished};
use plimsoll_outputs::{Output, summary::TrendStat};
use plimsoll_runtime::log::Log;
use plimsoll_script::options::{Consolidated, View, consolidate};

use crate::{
    Session,
    args::{RunArgs, SummaryMode},
    commands::unsupported,
    conduct::{Conduct, Conducted, FirstSignal},
    exit::{Exit, Failure},
    judge::judge,
    load::{self, Loaded, Request},
    outputs,
    report::{self, Report},
    terminal,
    wiring::{self, Followers},
};

/// Runs the script; `Ok` is how the run ended, which may be no success.
pub(crate) fn run(args: &RunArgs, session: &Session) -> Result<Exit, Failure> {
    unsupported::run(args)?;
    // Before the script is loaded, which may take a while.
    outputs::record_target(args.record.as_deref())?;
    let Session { global, log, .. } = session;
    let request = Request {
        file: &args.file,
        text: None,
        runtime: &args.runtime,
        options: Some(&args.options),
        config: global.config.as_deref(),
        system_env: true,
    };
    let loaded = load::load(&request, log)?;
    let mut prepared = Prepared::new(loaded, args.runtime.no_thresholds, log)?;
    prepared.consolidated.config.workers = args.workers;
    prepared.consolidated.config.arrival_slack = args.arrival_slack;
    let (exit, _) = execute(prepared, args, session, Vec::new())?;
    Ok(exit)
}

/// A script that may run: its options hold together and its thresholds are about metrics it has.
pub(crate) struct Prepared {
    pub(crate) loaded: Loaded,
    pub(crate) consolidated: Consolidated,
    pub(crate) thresholds: Vec<plimsoll_metrics::threshold::ThresholdGroup>,
    pub(crate) trend_stats: Vec<TrendStat>,
    /// For whoever follows the run and may have to end it.
    pub(crate) control: Arc<Control>,
}

impl Prepared {
    /// With `no_thresholds` they are neither checked nor evaluated; their sub-metrics stay.
    pub(crate) fn new(loaded: Loaded, no_thresholds: bool, log: &Log) -> Result<Prepared, Failure> {
        let consolidated = consolidate(loaded.layers.clone()).map_err(Failure::from)?;
        load::warn(log, &consolidated.warnings);
        let options = &consolidated.options;
        let trend_stats = report::trend_stats(options)?;
        options.check_exec(|name| loaded.script.exports().has(name)).map_err(Failure::from)?;
        let thresholds = if no_thresholds {
            let mut groups = options.threshold_groups().map_err(Failure::from)?;
            groups.retain(|group| loaded.registry.find(&group.metric).is_some());
            groups.iter_mut().for_each(|group| group.thresholds.clear());
            groups
        } else {
            options.check_thresholds(&loaded.registry).map_err(Failure::from)?
        };
        loaded.script.set_options(Arc::new(options.clone()));
        let client = loaded.script.test().http_config();
        client.map_err(|message| Failure::new(Exit::BadConfiguration, message))?;
        let control = Arc::new(Control::new());
        Ok(Prepared { loaded, consolidated, thresholds, trend_stats, control })
    }
}

/// Runs it with `more` outputs beside those of the flags, and reports.
pub(crate) fn execute(
    prepared: Prepared,
    args: &RunArgs,
    session: &Session,
    more: Vec<Box<dyn Output>>,
) -> Result<(Exit, Finished), Failure> {
    let log = session.log;
    let Prepared { loaded, consolidated, thresholds, trend_stats, control } = prepared;
    let plan = Plan::new(&consolidated.config);
    let options = &consolidated.options;
    let setup = wiring::Setup {
        subject: args.file.display().to_string(),
        out: &args.out,
        record: args.record.as_deref(),
        options: options.to_json(View::Script),
        system_tags: options.system_tags.unwrap_or_default(),
        keeps_parts: args.runtime.summary_mode == SummaryMode::Full,
        registry: &loaded.registry,
        thresholds: &thresholds,
        env: &loaded.env,
        log,
    };
    let followers = Followers::start(&setup, more)?;
    if !session.global.quiet {
        let color = session.terminal.color_on_stdout();
        terminal::print(&report::header(args, followers.describe(), &plan, color))?;
    }
    let script = Arc::new(loaded.script);
    let conduct = Conduct {
        config: consolidated.config,
        runner: Arc::clone(&script),
        registry: loaded.registry,
        thresholds,
        control: Arc::clone(&control),
        observer: followers.observer(),
        keep_samples: followers.wants_samples(),
        first_signal: FirstSignal::Interrupts,
        lingers: args.linger,
    };
    let Conducted { mut finished, reasons, progress, .. } = conduct.run(session)?;
    let warnings: Vec<String> = reasons.iter().map(|reason| format!("INVALID: {reason}")).collect();
    let report = Report {
        script: &script,
        finished: &finished,
        control: &control,
        options: &consolidated.options,
        trend_stats: &trend_stats,
        runtime: &args.runtime,
        parts: followers.take_parts(),
        warnings: &warnings,
        terminal: session.terminal,
        no_color: !session.terminal.color_allowed,
        log,
    };
    let reported = report.print();
    progress.show();
    // The second Ctrl-C may have come while the script made its summary.
    if control.is_aborted() {
        finished.stopped = finished.stopped.or_else(|| control.reason());
    }
    let exit = judge(&finished, log);
    followers.finish(&finished, &warnings, log);
    reported?;
    Ok((exit, finished))
}
