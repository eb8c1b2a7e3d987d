//! `plimsoll run`: load, consolidate, run, report.

use std::sync::Arc;

use plimsoll_engine::{
    control::{Control, StopReason},
    plan::Plan,
    run::{Finished, RunSetup},
    runner::RunError,
};
use plimsoll_outputs::{Output, summary::TrendStat};
use plimsoll_runtime::{log::Log, shutdown};
use plimsoll_script::options::{Consolidated, consolidate};

use crate::{
    Session,
    args::RunArgs,
    commands::unsupported,
    exit::{Exit, Failure},
    load::{self, Loaded, Request},
    outputs,
    progress::Progress,
    report::{self, Report},
    terminal,
    validity::Watch,
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
        Ok(Prepared { loaded, consolidated, thresholds, trend_stats })
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
    let Prepared { loaded, consolidated, thresholds, trend_stats } = prepared;
    let plan = Plan::new(&consolidated.config);
    let control = Arc::new(Control::new());
    let setup = wiring::Setup {
        args,
        registry: &loaded.registry,
        options: &consolidated.options,
        thresholds: &thresholds,
        env: &loaded.env,
        log,
    };
    let followers = Followers::start(&setup, more)?;
    if !session.global.quiet {
        let color = session.terminal.color_on_stdout();
        terminal::print(&report::header(args, followers.describe(), &plan, color))?;
    }
    interrupt_on_signals(&control, log)?;
    if let Err(error) = shutdown::raise_fd_limit() {
        log.warn(&format!("cannot raise the limit of open files: {error}"));
    }
    let progress = Progress::start(session.display.clone(), &control)?;
    let watch = Watch::start();
    let script = Arc::new(loaded.script);
    let finished = plimsoll_engine::run::run(RunSetup {
        config: consolidated.config,
        runner: Arc::clone(&script),
        registry: loaded.registry,
        thresholds,
        control: Arc::clone(&control),
        observer: followers.observer(),
        keep_samples: followers.wants_samples(),
    });
    let warnings = watch.verdict(&finished.totals, finished.duration);
    let last_progress = progress.stop();
    let report = Report {
        script: &script,
        finished: &finished,
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
    last_progress.show();
    let exit = judge(&finished, log);
    followers.finish(&finished, &warnings, log);
    reported?;
    Ok((exit, finished))
}

/// The first Ctrl-C stops gracefully, the second at once, a third kills.
fn interrupt_on_signals(control: &Arc<Control>, log: &Log) -> Result<(), Failure> {
    let failed = |error| Failure::new(Exit::Other, format!("cannot listen for Ctrl-C: {error}"));
    let (control, log) = (Arc::clone(control), log.clone());
    let signals = shutdown::listen().map_err(failed)?;
    signals
        .spawn(move |count, signal| match count {
            1 => {
                log.debug(&format!("stopping because of {signal}"));
                control.stop(StopReason::Signal);
            }
            2 => {
                log.error(&format!("aborting because of a second {signal}"));
                control.abort();
            }
            _ =>
            {
                #[expect(clippy::exit, reason = "the person asked three times")]
                std::process::exit(i32::from(Exit::Interrupted.code()))
            }
        })
        .map_err(failed)?;
    Ok(())
}

fn explain(error: &RunError, log: &Log) -> Exit {
    let hint = error.hint.as_deref().map(|hint| ("hint", hint));
    log.write(plimsoll_runtime::log::Level::Error, &error.message, hint.as_slice());
    Exit::from(error.kind)
}

/// The exit code, and the log lines that explain it.
fn judge(finished: &Finished, log: &Log) -> Exit {
    if let Some(error) = &finished.error {
        return explain(error, log);
    }
    match &finished.stopped {
        Some(StopReason::ScriptAbort(message)) => {
            log.error(message);
            return Exit::ScriptAborted;
        }
        Some(StopReason::Signal) => {
            log.error("test run was aborted because plimsoll received an interrupt signal");
            return Exit::Interrupted;
        }
        Some(StopReason::Error(error)) => return explain(error, log),
        Some(StopReason::Thresholds(keys)) => {
            let names = keys.join(", ");
            log.error(&format!(
                "thresholds on metrics '{names}' were crossed; at least one has abortOnFail enabled, \
                 stopping test prematurely"
            ));
            return Exit::ThresholdsFailed;
        }
        Some(StopReason::Condition(text)) => {
            log.error(text);
            return Exit::ThresholdsFailed;
        }
        Some(StopReason::Exhausted) | None => {}
    }
    let crossed = report::crossed(&finished.totals);
    if !crossed.is_empty() {
        let names = crossed.join(", ");
        log.error(&format!("thresholds on metrics '{names}' have been crossed"));
        return Exit::ThresholdsFailed;
    }
    if finished.test_failed { Exit::TestFailed } else { Exit::Success }
}
