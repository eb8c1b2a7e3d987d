//! `plimsoll plot`: a page with the response times of several attacks over each other.

use std::{
    fs::File,
    io::{self, BufWriter, ErrorKind, Write},
    path::Path,
};

use plimsoll_attack::results::{Hit, Ordered, Source, Step};
use plimsoll_outputs::plot::{Page, PlotPoint, PlotRun};
use plimsoll_runtime::log::Log;
use plimsoll_script::options::parse_go_duration;

use super::{
    inputs::{self, Damages},
    output,
};
use crate::{
    Session,
    args::PlotArgs,
    exit::{Exit, Failure},
};

/// Runs on one page: more cannot be told apart.
const RUNS_LIMIT: usize = 32;

/// Reads everything and writes the page, damaged input or not.
pub(crate) fn plot(args: &PlotArgs, session: &Session) -> Result<Exit, Failure> {
    let objective_ms = args.objective.as_deref().map(objective).transpose()?;
    let output = output::create(args.output.as_deref())?;
    if output.is_none() && session.terminal.stdout_is_tty {
        return Err(Failure::new(Exit::Other, "a page of HTML is not for a terminal")
            .with_hint("plimsoll plot -output=plot.html FILE..., or > plot.html"));
    }
    inputs::outlive_first_signal(|| {})?;
    let streams = inputs::open_streams(&args.files, |bytes| bytes)?;
    let mut runs = Vec::new();
    for (name, source) in streams {
        read(&name, source, args.threshold, &mut runs, session.log)?;
    }
    if runs.iter().all(PlotRun::is_empty) {
        session.log.warn("there are no requests in the input; the page is empty");
    }
    let page = Page { title: args.title.clone(), objective_ms, runs };
    write(&page, output)?;
    Ok(Exit::Success)
}

fn objective(text: &str) -> Result<f64, Failure> {
    let duration = parse_go_duration(text)
        .map_err(|error| Failure::new(Exit::Other, format!("-objective={text}: {error}")))?;
    if duration.is_negative() {
        return Err(Failure::new(Exit::Other, format!("-objective={text}: less than nothing")));
    }
    Ok(duration.to_std().as_secs_f64() * 1e3)
}

/// Adds the runs of one input.
fn read(
    name: &str,
    source: Box<dyn Source + Send>,
    dots: usize,
    runs: &mut Vec<PlotRun>,
    log: &Log,
) -> Result<(), Failure> {
    let mut source = Ordered::new(source);
    let mut damages = Damages::default();
    let mut own = Runs { file: stem(name), dots, labels: Vec::new(), runs };
    let ended = loop {
        match source.advance() {
            Ok(Step::Hit) => own.add(name, &source.hit())?,
            Ok(Step::Damage(damage)) => damages.tell(name, &damage, log),
            Ok(Step::Start(_) | Step::End(_)) => {}
            Ok(Step::Over) => break Ok(()),
            Err(error) => break Err(inputs::unreadable(name, &error)),
        }
    };
    damages.finish(name, log);
    ended
}

/// The runs of one file among those of all.
struct Runs<'a> {
    file: String,
    dots: usize,
    /// Names of attacks in this file, and where their runs are.
    labels: Vec<(String, usize)>,
    runs: &'a mut Vec<PlotRun>,
}

impl Runs<'_> {
    fn add(&mut self, input: &str, hit: &Hit<'_>) -> Result<(), Failure> {
        let known = self.labels.iter().find(|(label, _)| *label == hit.attack);
        let at = match known {
            Some((_, at)) => *at,
            None => self.start(input, &hit.attack)?,
        };
        if let Some(run) = self.runs.get_mut(at) {
            run.add(&PlotPoint {
                at: hit.scheduled,
                response_ms: hit.response_time.as_secs_f64() * 1e3,
                service_ms: hit.service_time().map(|time| time.as_secs_f64() * 1e3),
                ok: hit.is_success(),
            });
        }
        Ok(())
    }

    /// A run for the hits of `attack`, under a name that no other has.
    fn start(&mut self, input: &str, attack: &str) -> Result<usize, Failure> {
        let at = self.runs.len();
        if at == RUNS_LIMIT {
            let message = format!("{input}: more than {RUNS_LIMIT} runs for one page");
            return Err(Failure::new(Exit::Other, message)
                .with_hint("a run is an input, or one name of an attack in it"));
        }
        let is_taken = |name: &str| self.runs.iter().any(|run| run.name() == name);
        let mut name = if attack.is_empty() { self.file.clone() } else { attack.to_owned() };
        if is_taken(&name) {
            name = format!("{name} ({input})");
        }
        if is_taken(&name) {
            name = format!("{name} #{}", at + 1);
        }
        self.labels.push((attack.to_owned(), at));
        self.runs.push(PlotRun::with_dots(name, self.dots));
        Ok(at)
    }
}

/// A file's name without folder and ending.
fn stem(name: &str) -> String {
    let stem = Path::new(name).file_stem();
    stem.map_or_else(|| name.to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// A reader that has gone is ignored, any other error is not.
fn write(page: &Page, output: Option<(String, File)>) -> Result<(), Failure> {
    let (name, out): (String, Box<dyn Write>) = match output {
        Some((name, file)) => (name, Box::new(file)),
        None => ("standard output".to_owned(), Box::new(io::stdout())),
    };
    let mut out = BufWriter::new(out);
    match page.write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::Other, format!("cannot write {name}: {error}")))
        }
        _ => Ok(()),
    }
}
