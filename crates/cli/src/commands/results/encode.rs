//! `plimsoll encode`: results from one format to another.

use std::{
    io::{self, ErrorKind, Read, Write},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use plimsoll_attack::results::{
    Hit, Merged, Ordered, Source, Step,
    binary::{BlockEncoder, End, Start},
    csv, json,
};

use super::{
    inputs::{self, Damages},
    output,
};
use crate::{
    Session,
    args::{EncodeArgs, Encoding},
    exit::{Exit, Failure},
};

/// Encoded bytes that are written at once.
const PENDING: usize = 64 << 10;

/// Writes all hits of all inputs.
pub(crate) fn encode(args: &EncodeArgs, session: &Session) -> Result<Exit, Failure> {
    let log = session.log;
    let output = Arc::new(Mutex::new(Output::open(args.output.as_deref(), args.to)?));
    inputs::outlive_first_signal(|| {})?;
    let streams = inputs::open_streams(&args.files, |bytes| {
        Box::new(Flushing { bytes, output: Arc::clone(&output) })
    })?;
    let (names, sources): (Vec<String>, Vec<_>) = streams.into_iter().unzip();
    let is_one = sources.len() == 1;
    let ordered = sources.into_iter().map(|source| -> Box<dyn Source + Send> {
        // What comes from one input is passed on at once.
        if is_one { source } else { Box::new(Ordered::new(source)) }
    });
    let mut merged = Merged::new(ordered.collect());
    let mut damages: Vec<Damages> = names.iter().map(|_| Damages::default()).collect();
    let name = |at: usize| names.get(at).map_or("", String::as_str);
    let read = loop {
        match merged.advance() {
            Ok(Step::Hit) => lock(&output).hit(&merged.hit()),
            Ok(Step::Start(start)) => lock(&output).start(&start),
            Ok(Step::End(end)) => lock(&output).end(&end),
            Ok(Step::Damage(damage)) => {
                if let Some(damages) = damages.get_mut(merged.current()) {
                    damages.tell(name(merged.current()), &damage, log);
                }
            }
            Ok(Step::Over) => break Ok(()),
            Err(error) => break Err(inputs::unreadable(name(merged.current()), &error)),
        }
        if lock(&output).error.is_some() {
            break Ok(());
        }
    };
    names.iter().zip(&damages).for_each(|(name, damages)| damages.finish(name, log));
    lock(&output).finish()?;
    read.map(|()| Exit::Success)
}

fn lock(output: &Mutex<Output>) -> MutexGuard<'_, Output> {
    output.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes what is encoded before it waits for more input, so that pipes can be watched.
struct Flushing {
    bytes: Box<dyn Read + Send>,
    output: Arc<Mutex<Output>>,
}

impl Read for Flushing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut output = lock(&self.output);
        output.flush();
        if output.error.is_some() {
            // The error is told as that of the output.
            return Ok(0);
        }
        drop(output);
        self.bytes.read(buffer)
    }
}

/// Encodes and writes.
struct Output {
    name: String,
    out: Box<dyn Write + Send>,
    encoding: Encoding,
    block: BlockEncoder,
    pending: Vec<u8>,
    /// After it nothing more is written.
    error: Option<io::Error>,
}

impl Output {
    fn open(path: Option<&Path>, encoding: Encoding) -> Result<Output, Failure> {
        let (name, out): (String, Box<dyn Write + Send>) = match output::create(path)? {
            Some((name, file)) => (name, Box::new(file)),
            None => ("standard output".to_owned(), Box::new(io::stdout())),
        };
        let (block, pending) = (BlockEncoder::new(), Vec::new());
        Ok(Output { name, out, encoding, block, pending, error: None })
    }

    fn hit(&mut self, hit: &Hit<'_>) {
        match self.encoding {
            Encoding::Json => json::write(hit, &mut self.pending),
            Encoding::Csv => csv::write(hit, &mut self.pending),
            Encoding::Binary => self.block.push(hit),
        }
        if self.pending.len() >= PENDING || self.block.is_full() {
            self.flush();
        }
    }

    /// Only our own format has a place for it; likewise [`Output::end`].
    fn start(&mut self, start: &Start) {
        if self.encoding == Encoding::Binary {
            self.flush();
            self.pending.extend(start.to_block());
        }
    }

    fn end(&mut self, end: &End) {
        if self.encoding == Encoding::Binary {
            self.flush();
            self.pending.extend(end.to_block());
        }
    }

    fn flush(&mut self) {
        if !self.block.is_empty() {
            let block = self.block.finish_block(Vec::new());
            self.pending.extend(block);
        }
        if self.error.is_none() && !self.pending.is_empty() {
            let written = self.out.write_all(&self.pending).and_then(|()| self.out.flush());
            self.error = written.err();
        }
        self.pending.clear();
    }

    /// A reader that has gone is ignored, any other error is not.
    fn finish(&mut self) -> Result<(), Failure> {
        self.flush();
        match self.error.take() {
            Some(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Failure::new(Exit::Other, format!("cannot write {}: {error}", self.name)))
            }
            _ => Ok(()),
        }
    }
}
