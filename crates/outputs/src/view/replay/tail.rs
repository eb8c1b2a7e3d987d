//! The frames of a record that may still be written to: at its end there may be more later.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use plimsoll_metrics::record::{Decoder, Frame};
use zstd::stream::raw::{self, InBuffer, Operation, OutBuffer};

use crate::record::ReadError;

/// Bytes that are read, and that are decompressed, at once.
const PIECE: usize = 64 * 1024;

pub(super) struct Tail {
    file: File,
    inflater: raw::Decoder<'static>,
    decoder: Decoder,
    read: Box<[u8]>,
    /// What of `read` is there and was not taken.
    unread: std::ops::Range<usize>,
    inflated: Box<[u8]>,
    /// Whether the inflater may hold back bytes that found no room.
    has_more: bool,
}

impl Tail {
    pub(super) fn open(path: &Path) -> io::Result<Tail> {
        Ok(Tail {
            file: File::open(path)?,
            inflater: raw::Decoder::new()?,
            decoder: Decoder::new(),
            read: vec![0; PIECE].into(),
            unread: 0..0,
            inflated: vec![0; PIECE].into(),
            has_more: false,
        })
    }

    /// The next frame; `None` when it has not been written yet.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, ReadError> {
        loop {
            if let Some(frame) = self.decoder.next_frame()? {
                return Ok(Some(frame));
            }
            if self.unread.is_empty() && !self.has_more {
                let length = match self.file.read(&mut self.read) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    other => other?,
                };
                if length == 0 {
                    return Ok(None);
                }
                self.unread = 0..length;
            }
            self.inflate()?;
        }
    }

    fn inflate(&mut self) -> io::Result<()> {
        let input = self.read.get(self.unread.clone()).unwrap_or_default();
        let mut input = InBuffer::around(input);
        let mut output = OutBuffer::around(&mut self.inflated[..]);
        self.inflater.run(&mut input, &mut output)?;
        self.unread.start += input.pos();
        let written = output.pos();
        self.has_more = written == PIECE;
        self.decoder.feed(self.inflated.get(..written).unwrap_or_default());
        Ok(())
    }

    /// When the record was last written to, as far as is known.
    pub(super) fn modified(&self) -> Option<std::time::SystemTime> {
        self.file.metadata().and_then(|data| data.modified()).ok()
    }
}
