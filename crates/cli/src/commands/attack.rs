//! `plimsoll attack`: requests at a rate, without a script.

mod client;
mod conditions;
mod load;
mod outlet;
mod pace;
pub(crate) mod parts;
mod redis;
mod targets;
mod thresholds;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use plimsoll_attack::{
    hits::{Collected, Collector},
    http::HttpRunner,
    redis::RedisRunner,
    results::binary::End,
};
use plimsoll_engine::{
    abort::AbortWhen,
    control::{Control, StopReason},
    hub::Observer,
    runner::Runner,
};
use plimsoll_metrics::{
    Registry, registry::SERIES_LIMIT, threshold::ThresholdGroup, window::Window,
};
use plimsoll_outputs::{
    Output,
    progress::{Live, Terms},
    prometheus,
};
use plimsoll_runtime::duration::go_string;
use plimsoll_script::options::SystemTags;
use serde_json::{Value, json};

use self::{load::Load, outlet::Outlet};
use crate::{
    Session,
    args::AttackArgs,
    conditions::Throughout,
    conduct::{Conduct, Conducted, FirstSignal},
    exit::{Exit, Failure},
    judge::judge,
    outputs,
    progress::Shown,
    see::{self, Watched},
    setup::Setup,
    validity,
    wiring::Followers,
};

/// Attacks; `Ok` is how it ended, which may be no success.
pub(crate) fn attack(args: &AttackArgs, session: &Session) -> Result<Exit, Failure> {
    let load = Load::new(&args.pace, &args.http, redis::pipeline(args)?)?;
    let registry = Registry::new(SERIES_LIMIT);
    if redis::is_target(args) {
        redis::refuse_flags_of_http(&args.targets)?;
        let config = redis::config(args, &registry, session.log)?;
        let attack = Attack::open(args, session, load, registry)?;
        let runner = RedisRunner::new(config, Arc::clone(&attack.collector));
        return attack.run(runner);
    }
    redis::refuse_flags_of_redis(&args.redis)?;
    let config = client::config(args, session.log)?;
    let attack = Attack::open(args, session, load, registry)?;
    let runner = HttpRunner::new(config, Arc::clone(&attack.collector));
    attack.run(runner)
}

/// An attack whose flags make sense and whose outputs are open.
struct Attack<'a> {
    args: &'a AttackArgs,
    session: &'a Session<'a>,
    load: Load,
    registry: Registry,
    thresholds: Vec<ThresholdGroup>,
    throughout: Throughout,
    window: Option<Window>,
    control: Arc<Control>,
    followers: Followers,
    outlet: Outlet,
    collector: Arc<Collector>,
    /// Until the attack begins.
    watched: Option<Watched>,
    is_watching: bool,
    live: Live,
}

impl<'a> Attack<'a> {
    fn open(
        args: &'a AttackArgs,
        session: &'a Session<'a>,
        load: Load,
        registry: Registry,
    ) -> Result<Attack<'a>, Failure> {
        let flags = &args.results;
        let watched =
            Watched::start(&args.see.watched, !flags.out.is_empty(), &registry, session.log)?;
        let (windowed, whole): (Vec<String>, Vec<String>) =
            flags.thresholds.iter().cloned().partition(|text| conditions::is_in_words(text));
        let throughout = conditions::throughout(&windowed, load.is_closed, &registry)?;
        let thresholds = thresholds::parse(&whole, load.is_closed, &registry, |key| {
            watched.check_key(key, &registry)
        })?;
        let sources = conditions::sources(load.is_closed, &registry);
        let window =
            crate::conditions::parse(&flags.abort_when, sources, load.is_closed, &registry)?;
        let control = Arc::new(Control::new());
        let subject = targets::describe(args);
        let setup = Setup {
            options: options(args, &load, &subject, &thresholds),
            subject,
            out: &flags.out,
            record: flags.record.as_deref(),
            see: &args.see,
            system_tags: SystemTags::default(),
            keeps_parts: false,
            registry: &registry,
            thresholds: &thresholds,
            env: &outputs::environment(&BTreeMap::new()),
            log: session.log,
        };
        let redis = redis::failures(&registry);
        let sources = see::sources_of_attack(load.is_closed, load.batch, redis);
        let live = Live::new(registry.clone(), sources);
        let mut more: Vec<Box<dyn Output>> = vec![live.follower(), throughout.follower(&control)];
        if let Some(address) = flags.prometheus_addr {
            let output = prometheus::start_attack(address, registry.clone())
                .map_err(|error| Failure::new(Exit::Other, format!("-prometheus-addr: {error}")))?;
            session.log.info(&format!("metrics are on http://{}/metrics", output.address()));
            more.push(Box::new(output));
        }
        let followers = Followers::start(&setup, more)?;
        if let Some(url) = followers.dashboard() {
            session.log.info(&format!("the dashboard is on {url}"));
        }
        let outlet = Outlet::open(flags, &load, session, &control)?;
        let collector = Arc::new(Collector::new(&flags.name, outlet.queue()));
        Ok(Attack {
            args,
            session,
            load,
            registry,
            thresholds,
            throughout,
            window,
            control,
            followers,
            outlet,
            collector,
            is_watching: watched.is_asked,
            watched: Some(watched),
            live,
        })
    }

    fn run<R: Runner>(mut self, runner: R) -> Result<Exit, Failure> {
        let mut observer = self.followers.observer();
        if let Some(window) = self.window.take() {
            let control = Arc::clone(&self.control);
            observer = Box::new(AbortWhen::new(window, control, observer)) as Box<dyn Observer>;
        }
        let (control, live) = (Arc::clone(&self.control), self.live.clone());
        let shown = Shown::new(control, Terms::ATTACK, live, self.is_watching);
        let conduct = Conduct {
            config: self.load.run_config(&self.args.results.tags)?,
            runner: Arc::new(runner),
            registry: self.registry.clone(),
            thresholds: self.thresholds.clone(),
            observer,
            keep_samples: self.followers.wants_samples(),
            first_signal: FirstSignal::Drains,
            lingers: self.args.results.linger,
            shown: Shown { batch: self.load.batch, ..shown },
            watched: self.watched.take(),
        };
        let conducted = conduct.run(self.session)?;
        self.finish(conducted)
    }

    /// Writes and prints what came of it, and judges it.
    fn finish(self, mut conducted: Conducted) -> Result<Exit, Failure> {
        let mut collected = self.collector.take();
        let end = self.end(&mut conducted, &collected);
        let asked =
            matches!(conducted.finished.stopped, Some(StopReason::Signal | StopReason::Quit));
        if self.load.duration.is_none() && asked {
            // What was to last until Ctrl-C has had its way.
            conducted.finished.stopped = None;
        }
        let warnings = conducted.warnings();
        let log = self.session.log;
        if self.args.results.linger && conducted.finished.error.is_none() {
            self.followers.end(&conducted.finished, &warnings);
            log.info("the attack is over; -linger waits for Ctrl-C");
            conducted.linger();
        }
        let Conducted { finished, reasons, progress, .. } = conducted;
        let report = self.outlet.finish(end, &mut collected.tally);
        let mut text = collected.tally.text() + &thresholds::outcome(&finished, &self.thresholds);
        let windows = self.throughout.outcome();
        if self.thresholds.is_empty() && !windows.is_empty() {
            text.push_str("Thresholds:\n");
        }
        text.extend(windows.iter().map(|line| format!("{line}\n")));
        if self.is_watching {
            let lines = self.live.watched_summary();
            text.extend(["Watched:\n"].into_iter().filter(|_| !lines.is_empty()));
            text.extend(lines.iter().map(|line| format!("  {line}\n")));
        }
        let printed = report.print(&text);
        progress.show();
        let exit = judge(&finished, Terms::ATTACK, log);
        self.followers.finish(&finished, &warnings, log);
        printed?;
        let broken = self.throughout.broken();
        if exit == Exit::Success && !broken.is_empty() {
            log.error(&format!("thresholds '{}' have been crossed", broken.join("', '")));
            return Ok(Exit::ThresholdsFailed);
        }
        if exit == Exit::Success && self.args.results.strict && !reasons.is_empty() {
            log.error("the generator was the limit, and --strict was given");
            return Ok(Exit::Invalid);
        }
        Ok(exit)
    }

    /// How it ended, for its results; adds what made the generator the limit.
    fn end(&self, conducted: &mut Conducted, collected: &Collected) -> End {
        let Conducted { finished, reasons, signaled, .. } = conducted;
        let figures = self.control.figures();
        let never_sent = match &finished.stopped {
            // What was due after the last target had nothing to send.
            Some(StopReason::Exhausted) => 0,
            _ => self.load.hits(figures.iterations_dropped),
        };
        if let Some(most) = self.load.senders_max {
            let unsent = validity::never_sent(never_sent, collected.tally.requests());
            let fell_behind = unsent.is_some() || validity::lateness(&finished.totals).is_some();
            reasons.extend(unsent);
            reasons.extend(validity::senders(fell_behind, figures.vus_initialized, most));
        }
        let shortages = &collected.shortages;
        reasons.extend(validity::shortages(shortages.descriptors, shortages.ports));
        let span = collected.span;
        End {
            never_sent,
            lost: 0,
            started_unix_ns: span.map_or(self.outlet.started_unix_ns(), |span| span.first_due.0),
            duration_ns: self.load.lasted(span, finished, signaled.get().copied()),
            invalid: reasons.clone(),
        }
    }
}

/// What was asked for, as the record keeps it, with digests of what is sent and how.
fn options(args: &AttackArgs, load: &Load, target: &str, thresholds: &[ThresholdGroup]) -> Value {
    let options = json!({
        "attack": {
            "name": args.results.name,
            "target": target,
            "rate": load.pace,
            "duration": load.duration.map(go_string),
            "arrivals": load.arrivals,
        },
        "thresholds": thresholds::as_options(thresholds),
    });
    let targets = Path::new(&args.targets.targets);
    let files = args.targets.body.as_deref().into_iter();
    let files: Vec<&Path> = files.chain(args.url.is_none().then_some(targets)).collect();
    let flags = [
        ("flags of targets", format!("{:?}", args.targets)),
        ("flags of HTTP", format!("{:?}", args.http)),
        ("flags of redis", format!("{:?}", args.redis)),
    ];
    crate::inputs::of_attack(options, &files, &flags)
}
