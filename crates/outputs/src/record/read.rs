//! Reads records, also those of runs that are not over or were killed.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use plimsoll_metrics::record::{Decoder, Frame, RecordError};

/// Bytes that are decompressed at once.
const PIECE: usize = 64 * 1024;

/// Why a record cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("cannot read the run record: {0}")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl ReadError {
    /// Whether only the end is missing: what was read so far is good.
    pub fn is_truncated(&self) -> bool {
        matches!(self, ReadError::Record(RecordError::Truncated { .. }))
    }
}

/// The frames of a record, in order. After an error there are none.
pub struct Frames {
    stream: zstd::stream::read::Decoder<'static, io::BufReader<File>>,
    decoder: Decoder,
    piece: Vec<u8>,
    is_at_end: bool,
}

/// Opens the record at `path`.
///
/// # Errors
/// When the file cannot be opened.
pub fn read(path: &Path) -> Result<Frames, ReadError> {
    let stream = zstd::stream::read::Decoder::new(File::open(path)?)?;
    Ok(Frames { stream, decoder: Decoder::new(), piece: vec![0; PIECE], is_at_end: false })
}

impl Iterator for Frames {
    type Item = Result<Frame, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.is_at_end {
                return None;
            }
            match self.decoder.next_frame() {
                Ok(Some(frame)) => return Some(Ok(frame)),
                Ok(None) => {}
                Err(error) => return self.stop(error.into()),
            }
            match self.stream.read(&mut self.piece) {
                Ok(0) => return self.finish(),
                Ok(length) => {
                    self.decoder.feed(self.piece.get(..length).unwrap_or_default());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return self.cut(),
                Err(error) => return self.stop(error.into()),
            }
        }
    }
}

impl Frames {
    fn finish(&mut self) -> Option<Result<Frame, ReadError>> {
        self.is_at_end = true;
        self.decoder.finish().err().map(|error| Err(error.into()))
    }

    /// The compressed stream ends early, so the record is one however little there is of it.
    fn cut(&mut self) -> Option<Result<Frame, ReadError>> {
        match self.finish()? {
            Err(ReadError::Record(RecordError::NotARecord)) => {
                Some(Err(RecordError::Truncated { offset: 0 }.into()))
            }
            other => Some(other),
        }
    }

    fn stop(&mut self, error: ReadError) -> Option<Result<Frame, ReadError>> {
        self.is_at_end = true;
        Some(Err(error))
    }
}
