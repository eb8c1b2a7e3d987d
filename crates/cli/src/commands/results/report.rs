//! `plimsoll report`: what many hits say together, at the end or every so often.

use std::{
    fs::File,
    io::{self, ErrorKind, Write},
    path::Path,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use plimsoll_attack::{
    report::{self, Buckets, RecordTally, Tally},
    results::{Merged, Source, Step},
};
use plimsoll_outputs::record;
use plimsoll_runtime::log::Log;
use plimsoll_script::options::parse_go_duration;

use super::{
    inputs::{self, Damages, Inputs},
    output, page,
};
use crate::{
    Session,
    args::ReportArgs,
    commands::capacity,
    exit::{Exit, Failure},
};

/// Clears a terminal and goes to its upper left corner.
const CLEAR: &str = "\x1b[H\x1b[2J";

/// Reads everything and prints the report, damaged input or not.
pub(crate) fn report(args: &ReportArgs, session: &Session) -> Result<Exit, Failure> {
    if let Some(format) = args.page() {
        return page::page(args, format, session);
    }
    if let [path] = &args.files[..]
        && capacity::is_search(path)
    {
        let text = capacity::retell(path)?.text;
        let written = Output::open(args.output.as_deref(), false)?.write(&text);
        return match written {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Failure::new(Exit::Other, format!("cannot write the report: {error}")))
            }
            _ => Ok(Exit::Success),
        };
    }
    let kind = Kind::parse(&args.kind, args.buckets.as_deref())?;
    let every = args.every.as_deref().map(every).transpose()?.flatten();
    let clears = every.is_some() && session.terminal.stdout_is_tty;
    let output = Output::open(args.output.as_deref(), clears)?;
    let shared = Arc::new(Shared {
        tally: Mutex::new(kind.tally()),
        output: Mutex::new(output),
        printer: kind.printer,
        is_over: Mutex::new(false),
        over: Condvar::new(),
        is_reader_gone: AtomicBool::new(false),
    });
    let at_signal = Arc::clone(&shared);
    inputs::outlive_first_signal(move || {
        // An error has nobody left to be told.
        _ = at_signal.print();
    })?;
    let inputs = inputs::open_all(&args.files, |bytes| bytes)?;
    read_records(&inputs, &kind, &shared, session.log)?;
    let shared = &*shared;
    let read = std::thread::scope(|scope| {
        if let Some(every) = every {
            thread::Builder::new()
                .name("report".to_owned())
                .spawn_scoped(scope, move || shared.print_every(every))
                .map_err(|error| Failure::new(Exit::Other, format!("start a thread: {error}")))?;
        }
        let read = read_streams(inputs, shared, session.log);
        shared.finish();
        read
    });
    shared.print()?;
    read.map(|()| Exit::Success)
}

/// What is printed of a tally.
type Printer = fn(&Tally) -> String;

/// The type of report, as asked for.
struct Kind {
    printer: Printer,
    buckets: Option<Buckets>,
}

impl Kind {
    fn parse(text: &str, buckets: Option<&str>) -> Result<Kind, Failure> {
        let wrong = |message: String| {
            Failure::new(Exit::Other, message)
                .with_hint("use text, json, hist[0,2ms,4ms] or hdrplot")
        };
        let given = buckets.map(|text| self::buckets("-buckets", text)).transpose()?;
        let (printer, buckets): (Printer, _) = match text {
            "json" => (report::json, given),
            "hist" if given.is_some() => (report::hist, given),
            "text" | "hdrplot" if given.is_some() => {
                return Err(Failure::new(Exit::Other, format!("-type={text} shows no -buckets"))
                    .with_hint("use -type=json, or -type='hist[0,2ms,4ms]'"));
            }
            "text" => (report::text, None),
            "hdrplot" => (report::hdrplot, None),
            _ => match text.strip_prefix("hist") {
                Some("") => return Err(wrong("-type=hist: bounds are missing".to_owned())),
                Some(bounds) => (report::hist, Some(self::buckets("-type", bounds)?)),
                None => return Err(wrong(format!("-type={text}: there is no such report"))),
            },
        };
        Ok(Kind { printer, buckets })
    }

    fn tally(&self) -> Tally {
        self.buckets.clone().map_or_else(Tally::new, Tally::with_buckets)
    }
}

fn buckets(flag: &str, text: &str) -> Result<Buckets, Failure> {
    let parse = |text: &str| {
        let duration = parse_go_duration(text).ok().filter(|duration| !duration.is_negative())?;
        Some(duration.to_std())
    };
    Buckets::parse(text, parse)
        .map_err(|error| Failure::new(Exit::Other, format!("{flag}: {error}")))
}

/// `None` for 0, which is vegeta's way to say never.
fn every(text: &str) -> Result<Option<Duration>, Failure> {
    let wrong = |why: String| Failure::new(Exit::Other, format!("-every={text}: {why}"));
    let every = parse_go_duration(text).map_err(|error| wrong(error.to_string()))?;
    if every.is_negative() {
        return Err(wrong("time does not run backwards".to_owned()));
    }
    Ok(Some(every.to_std()).filter(|every| !every.is_zero()))
}

/// What the reading thread and the printing one share.
struct Shared {
    tally: Mutex<Tally>,
    output: Mutex<Output>,
    printer: Printer,
    is_over: Mutex<bool>,
    over: Condvar,
    /// Of the report: then nobody needs the rest of the input read.
    is_reader_gone: AtomicBool,
}

impl Shared {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn print(&self) -> Result<(), Failure> {
        // The copy lets the reading go on.
        let tally = self.tally().clone();
        let text = (self.printer)(&tally);
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        match output.write(&text) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.is_reader_gone.store(true, Relaxed);
                Ok(())
            }
            Err(error) => {
                Err(Failure::new(Exit::Other, format!("cannot write the report: {error}")))
            }
            Ok(()) => Ok(()),
        }
    }

    /// Prints until [`Shared::finish`]; an error comes again at the last report.
    fn print_every(&self, every: Duration) {
        let mut is_over = self.is_over.lock().unwrap_or_else(PoisonError::into_inner);
        while !*is_over {
            let waited = self.over.wait_timeout(is_over, every);
            let (guard, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            is_over = guard;
            if timeout.timed_out() && !*is_over && self.print().is_err() {
                return;
            }
        }
    }

    fn finish(&self) {
        *self.is_over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.over.notify_all();
    }
}

/// Where reports go.
struct Output {
    /// Standard output without one.
    file: Option<File>,
    clears: bool,
}

impl Output {
    fn open(path: Option<&Path>, clears: bool) -> Result<Output, Failure> {
        let file = output::create(path)?.map(|(_, file)| file);
        Ok(Output { clears: clears && file.is_none(), file })
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            return file.write_all(text.as_bytes());
        }
        let mut stdout = io::stdout().lock();
        if self.clears {
            stdout.write_all(CLEAR.as_bytes())?;
        }
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    }
}

fn read_records(inputs: &Inputs, kind: &Kind, shared: &Shared, log: &Log) -> Result<(), Failure> {
    for path in &inputs.records {
        let name = path.display();
        let failed = |error| Failure::new(Exit::Other, format!("{name}: {error}"));
        let mut counted = RecordTally::new(kind.buckets.clone());
        for frame in record::read(path).map_err(failed)? {
            match frame {
                Ok(frame) => counted.add(&frame),
                Err(error) if error.is_truncated() => log.warn(&format!("{name}: {error}")),
                Err(error) => return Err(failed(error)),
            }
        }
        shared.tally().merge(&counted.finish());
    }
    Ok(())
}

/// Counts all hits. An input that fails ends it, and what was counted is reported.
fn read_streams(inputs: Inputs, shared: &Shared, log: &Log) -> Result<(), Failure> {
    let (names, sources): (Vec<String>, Vec<_>) = inputs.streams.into_iter().unzip();
    let mut damages: Vec<Damages> = names.iter().map(|_| Damages::default()).collect();
    let mut merged = Merged::new(sources);
    let name = |at: usize| names.get(at).map_or("", String::as_str);
    loop {
        let step = merged.advance();
        match step.map_err(|error| inputs::unreadable(name(merged.current()), &error))? {
            Step::Hit => shared.tally().add(&merged.hit()),
            Step::Start(start) => shared.tally().start(&start),
            Step::End(end) => shared.tally().end(&end),
            Step::Damage(damage) => {
                if let Some(damages) = damages.get_mut(merged.current()) {
                    damages.tell(name(merged.current()), &damage, log);
                }
            }
            Step::Over => break,
        }
        if shared.is_reader_gone.load(Relaxed) {
            break;
        }
    }
    names.iter().zip(&damages).for_each(|(name, damages)| damages.finish(name, log));
    Ok(())
}
