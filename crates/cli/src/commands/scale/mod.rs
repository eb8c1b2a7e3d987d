//! `plimsoll scale`: how throughput grows with virtual users, connections or nodes.
//!
//! Each size is run several times in a closed model, in mixed order. What the throughputs say is decided by
//! [`plimsoll_analysis::scaling`]; here runs are made, and what they say is told.

mod asked;
mod busy;
mod conclusion;
mod follow;
mod json;
mod nodes;
mod notes;
mod page;
mod subject;
mod text;
mod words;

use std::{
    sync::{Arc, Mutex, PoisonError, mpsc::Receiver},
    time::Duration,
};

use plimsoll_analysis::scaling::Validity;
use plimsoll_engine::{control::Control, runner::Runner};
use plimsoll_metrics::Observation;
use plimsoll_outputs::{OutputError, progress::Size, scale_page::File};
use plimsoll_runtime::{clock::Instant, log::Log, shutdown, workers};

use self::{
    asked::Asked,
    conclusion::{Conclusion, Entry},
    follow::{Following, Seen},
    nodes::Nodes,
    text::Told,
};
use super::{
    attack::parts,
    trials::{
        REST,
        bench::{Bench, Left},
        figures::{milliseconds, number},
        interrupt::{First, Interrupt},
        probe,
        screen::Screen,
        scripts,
        targets::{self, Connections},
    },
};
use crate::{
    Session,
    args::{ScaleArgs, WatchFlags},
    exit::{Exit, Failure},
    see::Watched,
    terminal,
};

/// One look whether nodes answer, and the wait until the next.
const LOOK: Duration = Duration::from_millis(200);

/// Sweeps; `Ok` is what it says, which may be that no law fits.
pub(crate) fn scale(args: &ScaleArgs, session: &Session) -> Result<Exit, Failure> {
    let asked = Asked::read(args)?;
    if let Some(command) = &args.start_nodes {
        nodes::check(command)?;
    }
    if let Err(error) = shutdown::raise_fd_limit() {
        session.log.warn(&format!("cannot raise the limit of open files: {error}"));
    }
    let sent = &args.closed.0;
    match sent.attack.url.as_deref() {
        Some(file) if scripts::is_script(file) => {
            let config = session.global.config.as_deref();
            sweep(&subject::script(sent, file, config, session.log)?, &asked, args, session)
        }
        Some(_) if parts::is_redis(&sent.attack) => {
            let bench = targets::redis_over(Connections::Own, sent, None, session.log)?;
            sweep(&bench, &asked, args, session)
        }
        _ => {
            let bench = targets::http_over(Connections::Own, sent, None, session.log)?;
            sweep(&bench, &asked, args, session)
        }
    }
}

fn sweep<R: Runner>(
    bench: &Bench<R>,
    asked: &Asked,
    args: &ScaleArgs,
    session: &Session,
) -> Result<Exit, Failure> {
    // Before the first run: what cannot be written is known then.
    let open = |flag, path: &Option<std::path::PathBuf>| {
        path.as_ref().map(|path| File::open(flag, path)).transpose().map_err(unwritable)
    };
    let (svg, report) = (open("--svg", &args.svg)?, open("--report", &args.report)?);
    let interrupt = Interrupt::listen(First::Finishes)?;
    let screen = Screen::new(session);
    for line in asked.plan(&bench.subject, args.ready_within) {
        screen.line(&line);
    }
    let threads = args.closed.0.attack.pace.threads;
    let cores = workers::cores();
    let cores = if threads == 0 { cores } else { threads.min(cores) } as f64;
    let sweep = Sweep {
        bench,
        asked,
        start_nodes: args.start_nodes.as_deref(),
        ready_within: args.ready_within,
        interrupt: &interrupt,
        screen: &screen,
        watched: &args.closed.0.attack.see.watched,
        log: session.log,
        cores: args.generator_cores.unwrap_or(cores),
    };
    let entries = sweep.run().inspect_err(|_| screen.clear())?;
    let conclusion = Conclusion::new(&entries, asked.seed, interrupt.is_set());
    let subject = &bench.subject;
    let told = Told { swept: asked.swept, noun: bench.noun, is_here: is_here(subject) };
    let picture = page::picture(&conclusion, &entries, &told, subject);
    if let Some(svg) = svg {
        svg.write(&picture.svg()).map_err(unwritable)?;
    }
    if let Some(report) = report {
        let page = page::page(&conclusion, &entries, &told, asked, subject);
        report.write(&page.html()).map_err(unwritable)?;
    }
    let text = if args.json {
        format!("{:#}\n", json::json(&conclusion, &entries, &told, asked, subject))
    } else {
        let size = Size::detect().filter(|_| session.terminal.stdout_is_tty);
        let columns = size.unwrap_or(Size::DEFAULT).columns;
        let curve = picture.text(columns, session.terminal.color_on_stdout());
        text::report(&conclusion, &entries, &told, &curve, columns)
    };
    terminal::print(&text)?;
    Ok(conclusion.verdict.exit())
}

fn unwritable(error: OutputError) -> Failure {
    Failure::new(Exit::Other, error.message).with_hint("name a file in a folder that exists")
}

/// Whether what is loaded shares this machine, as far as its address says.
fn is_here(subject: &str) -> bool {
    ["//127.", "//localhost", "//[::1]", " 127.", " localhost"]
        .iter()
        .any(|local| subject.contains(local))
}

/// All that the runs of one sweep share.
struct Sweep<'a, R: Runner> {
    bench: &'a Bench<R>,
    asked: &'a Asked,
    start_nodes: Option<&'a str>,
    ready_within: Duration,
    interrupt: &'a Arc<Interrupt>,
    screen: &'a Screen,
    watched: &'a WatchFlags,
    log: &'a Log,
    /// CPU that plimsoll may use.
    cores: f64,
}

impl<R: Runner> Sweep<'_, R> {
    /// Until all sizes were run, or the person ends it: once after the run that is under way, twice at once.
    fn run(&self) -> Result<Vec<Entry>, Failure> {
        let order = self.asked.order();
        let mut entries: Vec<Entry> = Vec::new();
        for (at, n) in order.iter().enumerate() {
            if self.interrupt.is_set() {
                break;
            }
            let words =
                format!("{:>3}/{}  {:<20}", at + 1, order.len(), self.asked.swept.count(*n as f64));
            let nodes = self.nodes(*n)?;
            if self.interrupt.is_set() {
                break;
            }
            let Some((entry, errors)) = self.one(*n, &words)? else { break };
            drop(nodes);
            if entries.is_empty() && entry.measured.validity == Validity::Failed {
                return Err(self.down(&errors));
            }
            self.screen.line(&format!("{words}  {}", self.line(&entry)));
            entries.push(entry);
            self.interrupt.rest(REST);
        }
        Ok(entries)
    }

    /// One run; `None` when it was cut short.
    fn one(&self, n: u64, words: &str) -> Result<Option<(Entry, String)>, Failure> {
        let in_flight = self.asked.swept.in_flight(n);
        let control = Arc::new(Control::new());
        let mut watched = match self.watched.watch.is_empty() {
            true => None,
            false => Some(Watched::start(self.watched, false, &self.bench.registry, self.log)?),
        };
        let observations = watched.as_mut().and_then(Watched::take_observations);
        let ran = self.engine(in_flight, self.asked.length, words, &control, observations);
        if let Some(watched) = watched {
            watched.stop(self.log);
        }
        let (seen, left) = ran?;
        if control.reason().is_some() {
            return Ok(None);
        }
        let shortage = left.shortages.into_iter().next();
        let seconds = seen.stretches.len().saturating_sub(1);
        let every = self.watched.watch_every;
        let signals = seen.signals.told(&self.bench.registry, seconds, every);
        let run = seen.into_run(in_flight, self.cores, shortage);
        let measured = run.measure();
        let (cpu_share, batch) = (run.generator.cpu_share, f64::from(self.bench.batch));
        Ok(Some((Entry { n, in_flight, measured, cpu_share, batch, signals }, left.errors)))
    }

    /// Runs the engine once with so many at a time.
    fn engine(
        &self,
        in_flight: u64,
        length: Duration,
        words: &str,
        control: &Arc<Control>,
        observations: Option<Receiver<Observation>>,
    ) -> Result<(Seen, Left), Failure> {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let following = Following {
            seen: Arc::clone(&seen),
            registry: self.bench.registry.clone(),
            control: Arc::clone(control),
            failed: self.bench.failed,
            length,
            screen: self.screen.clone(),
            interrupt: Arc::clone(self.interrupt),
            words: words.to_owned(),
        };
        self.interrupt.begin(control);
        let config = self.bench.closed(in_flight, length);
        let following = Box::new(following);
        let left = self.bench.run(config, Arc::clone(control), following, observations)?;
        let seen = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
        Ok((seen, left))
    }

    /// Starts so many, and waits until the target answers; nothing when none are to be started.
    fn nodes(&self, number: u64) -> Result<Option<Nodes>, Failure> {
        let Some(command) = self.start_nodes else { return Ok(None) };
        self.screen.update(&format!("starting {}", self.asked.swept.count(number as f64)));
        let mut nodes = Nodes::start(command, number)?;
        let began = Instant::now();
        while !self.interrupt.is_set() {
            nodes.check()?;
            let control = Arc::new(Control::new());
            let words = format!("waiting for {}", self.bench.subject);
            let (seen, _) = self.engine(1, LOOK, &words, &control, None)?;
            if seen.done > seen.failed {
                break;
            }
            if began.elapsed() > self.ready_within {
                return Err(nodes.not_ready(&self.bench.subject, self.ready_within));
            }
            self.interrupt.rest(LOOK);
        }
        Ok(Some(nodes))
    }

    fn line(&self, entry: &Entry) -> String {
        let (noun, measured) = (self.bench.noun, &entry.measured);
        match &measured.validity {
            Validity::Invalid(reason) => format!("INVALID: {reason}"),
            Validity::Failed => format!("all {noun} failed"),
            Validity::Valid => {
                let latency = milliseconds(measured.latency.mean());
                let broken = if measured.little.holds() { "" } else { "  Little's law is broken" };
                format!("{:>10} {noun}/s  {latency}{broken}", number(entry.throughput()))
            }
        }
    }

    fn down(&self, errors: &str) -> Failure {
        let Bench { subject, noun, .. } = self.bench;
        let message = format!("{subject} is down: no {noun} of the first run succeeded");
        let failure = Failure::new(Exit::Other, message);
        match probe::first_error(errors) {
            Some(error) => failure.with_hint(error),
            None => failure.with_hint("does it answer, and is the script right?"),
        }
    }
}
