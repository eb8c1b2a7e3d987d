//! `plimsoll run`: load, consolidate, run, report.

use std::sync::Arc;

use plimsoll_engine::{
    abort::AbortWhen,
    config::{Executor, Scenario},
    control::Control,
    plan::Plan,
    run::Finished,
};
use plimsoll_metrics::window::Window;
use plimsoll_outputs::{
    Output,
    progress::{Live, Terms},
    summary::TrendStat,
};
use plimsoll_runtime::log::Log;
use plimsoll_script::options::{Consolidated, View, consolidate};

use crate::{
    Session,
    args::{RunArgs, SummaryMode},
    commands::unsupported,
    conditions,
    conduct::{Conduct, Conducted, FirstSignal},
    exit::{Exit, Failure},
    inputs,
    judge::judge,
    load::{self, Loaded, Request},
    outputs,
    progress::Shown,
    report::{self, Report},
    see::{self, Watched},
    setup::Setup,
    terminal,
    wiring::Followers,
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
    let mut prepared = Prepared::watching(loaded, args, log)?;
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
    /// Of a script that is to run.
    pub(crate) watched: Option<Watched>,
    pub(crate) trend_stats: Vec<TrendStat>,
    /// For whoever follows the run and may have to end it.
    pub(crate) control: Arc<Control>,
}

impl Prepared {
    /// Begins to watch what the flags name, so that thresholds on it can be checked.
    pub(crate) fn watching(loaded: Loaded, args: &RunArgs, log: &Log) -> Result<Prepared, Failure> {
        let watched =
            Watched::start(&args.see.watched, !args.out.is_empty(), &loaded.registry, log)?;
        Prepared::new(loaded, args.runtime.no_thresholds, Some(watched), log)
    }

    /// With `no_thresholds` they are neither checked nor evaluated; their sub-metrics stay.
    pub(crate) fn new(
        loaded: Loaded,
        no_thresholds: bool,
        watched: Option<Watched>,
        log: &Log,
    ) -> Result<Prepared, Failure> {
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
            let mut keys = options.thresholds.iter().flat_map(|map| map.keys());
            if let Some(watched) = &watched {
                keys.try_for_each(|key| watched.check_key(key, &loaded.registry))?;
            }
            options.check_thresholds(&loaded.registry).map_err(Failure::from)?
        };
        loaded.script.set_options(Arc::new(options.clone()));
        let client = loaded.script.test().http_config();
        client.map_err(|message| Failure::new(Exit::BadConfiguration, message))?;
        let control = Arc::new(Control::new());
        Ok(Prepared { loaded, consolidated, thresholds, watched, trend_stats, control })
    }

    /// Opens what follows it.
    fn follow(
        &self,
        args: &RunArgs,
        live: &Live,
        mut more: Vec<Box<dyn Output>>,
        log: &Log,
    ) -> Result<Followers, Failure> {
        let options = &self.consolidated.options;
        let setup = Setup {
            subject: args.file.display().to_string(),
            out: &args.out,
            record: args.record.as_deref(),
            see: &args.see,
            options: inputs::of_script(
                options.to_json(View::Script),
                &self.loaded.script.test().modules,
                &args.runtime.env,
            ),
            system_tags: options.system_tags.unwrap_or_default(),
            keeps_parts: args.runtime.summary_mode == SummaryMode::Full,
            registry: &self.loaded.registry,
            thresholds: &self.thresholds,
            env: &self.loaded.output_env,
            log,
        };
        more.push(live.follower());
        Followers::start(&setup, more)
    }
}

/// What `--abort-when` looks at: of a script the time of HTTP requests, where no metric is named.
fn window(prepared: &Prepared, texts: &[String]) -> Result<Option<Window>, Failure> {
    let has_rate = |scenario: &Scenario| {
        matches!(
            scenario.executor,
            Executor::ConstantArrivalRate { .. } | Executor::RampingArrivalRate { .. }
        )
    };
    let is_closed = !prepared.consolidated.config.scenarios.iter().any(has_rate);
    let registry = &prepared.loaded.registry;
    conditions::parse(texts, conditions::sources_of_script(), is_closed, registry)
}

/// Runs it with `more` outputs beside those of the flags, and reports.
pub(crate) fn execute(
    prepared: Prepared,
    args: &RunArgs,
    session: &Session,
    more: Vec<Box<dyn Output>>,
) -> Result<(Exit, Finished), Failure> {
    let log = session.log;
    let window = window(&prepared, &args.abort_when)?;
    let live = Live::new(prepared.loaded.registry.clone(), see::sources_of_script());
    let followers = prepared.follow(args, &live, more, log)?;
    if !session.global.quiet {
        let plan = Plan::new(&prepared.consolidated.config);
        let color = session.terminal.color_on_stdout();
        let outputs = followers.describe();
        let dashboard = followers.dashboard();
        terminal::print(&report::header(args, outputs, dashboard, &plan, color))?;
    } else if let Some(url) = followers.dashboard() {
        log.info(&format!("the dashboard is on {url}"));
    }
    let Prepared { loaded, consolidated, thresholds, watched, trend_stats, control } = prepared;
    let script = Arc::new(loaded.script);
    let is_watching = watched.as_ref().is_some_and(|watched| watched.is_asked);
    let conduct = Conduct {
        config: consolidated.config,
        runner: Arc::clone(&script),
        registry: loaded.registry,
        thresholds,
        observer: match window {
            Some(window) => {
                Box::new(AbortWhen::new(window, Arc::clone(&control), followers.observer()))
            }
            None => followers.observer(),
        },
        keep_samples: followers.wants_samples(),
        first_signal: FirstSignal::Interrupts,
        lingers: args.linger,
        shown: Shown::new(Arc::clone(&control), Terms::SCRIPT, live.clone(), is_watching),
        watched,
    };
    let conducted = conduct.run(session)?;
    let warnings = conducted.warnings();
    if args.linger && conducted.finished.error.is_none() {
        followers.end(&conducted.finished, &warnings);
        if !session.global.quiet {
            terminal::print("\nThe run is over; --linger waits for Ctrl-C\n")?;
        }
        conducted.linger();
    }
    let Conducted { mut finished, progress, .. } = conducted;
    let report = Report {
        script: &script,
        finished: &finished,
        control: &control,
        options: &consolidated.options,
        trend_stats: &trend_stats,
        runtime: &args.runtime,
        parts: followers.take_parts(),
        warnings: &warnings,
        watched: if is_watching { live.watched_summary() } else { Vec::new() },
        terminal: session.terminal,
        log,
    };
    let reported = report.print();
    progress.show();
    // The second Ctrl-C may have come while the script made its summary.
    if control.is_aborted() {
        finished.stopped = finished.stopped.or_else(|| control.reason());
    }
    let exit = judge(&finished, Terms::SCRIPT, log);
    followers.finish(&finished, &warnings, log);
    reported?;
    Ok((exit, finished))
}
