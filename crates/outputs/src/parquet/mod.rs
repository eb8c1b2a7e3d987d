//! Every sample as a row of a Parquet file, for tools that ask questions of columns.
//!
//! Columns: `time` (nanoseconds since the Unix epoch, UTC), `metric`, `type` (k6's word for the kind),
//! `value`, and the maps `tags` and `metadata`. The file can be read once the run has ended: what is in
//! it is told by its last bytes.

mod columns;
#[cfg(test)]
mod tests;

use std::{fs::File, io::Write, path::Path, sync::Arc};

use ::parquet::{
    basic::Compression,
    errors::ParquetError,
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::parser::parse_message_type,
};
use plimsoll_metrics::{RawSample, Registry};
use plimsoll_runtime::log::Log;

use crate::{
    OutputError,
    sample_writer::{SampleFile, SampleWriter, Written},
};
use columns::Columns;

/// Rows of a group: what is held in memory, some ten megabytes, and what a reader takes at once.
const GROUP_ROWS: usize = 100_000;

const SCHEMA: &str = "
message samples {
  required int64 time (TIMESTAMP(NANOS,true));
  required binary metric (UTF8);
  required binary type (UTF8);
  required double value;
  required group tags (MAP) {
    repeated group key_value { required binary key (UTF8); required binary value (UTF8); }
  }
  required group metadata (MAP) {
    repeated group key_value { required binary key (UTF8); required binary value (UTF8); }
  }
}";

/// Creates the file and starts to follow a run.
///
/// # Errors
/// When the file cannot be created.
pub fn start(path: &Path, registry: Registry, log: Log) -> Result<SampleWriter, OutputError> {
    let failed = |error: &dyn std::fmt::Display| OutputError {
        message: format!("could not create the 'parquet' output: {}: {error}", path.display()),
    };
    let file = File::create(path).map_err(|error| failed(&error))?;
    let file = Rows::new(file, registry, GROUP_ROWS).map_err(|error| failed(&error))?;
    SampleWriter::start_file(format!("parquet ({})", path.display()), file, log)
}

/// An open file.
struct Rows<W: Write + Send> {
    /// None once it is finished.
    writer: Option<SerializedFileWriter<W>>,
    columns: Columns,
    group_rows: usize,
}

impl<W: Write + Send> Rows<W> {
    fn new(file: W, registry: Registry, group_rows: usize) -> Result<Rows<W>, ParquetError> {
        let schema = Arc::new(parse_message_type(SCHEMA)?);
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("plimsoll version ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let writer = SerializedFileWriter::new(file, schema, Arc::new(properties))?;
        Ok(Rows { writer: Some(writer), columns: Columns::new(registry), group_rows })
    }

    fn write_group(&mut self, written: &mut Written) {
        let rows = self.columns.len() as u64;
        let result = match (&mut self.writer, &written.error) {
            (Some(writer), None) if rows > 0 => self.columns.write(writer),
            _ => Ok(()),
        };
        self.columns.clear();
        written.count(rows, result.map_err(std::io::Error::other));
    }
}

impl<W: Write + Send + 'static> SampleFile for Rows<W> {
    fn samples(&mut self, samples: &[RawSample], written: &mut Written) {
        for sample in samples {
            self.columns.push(sample);
            if self.columns.len() >= self.group_rows {
                self.write_group(written);
            }
        }
    }

    /// A row group a second would be many small ones.
    fn flush(&mut self, _: &mut Written) {}

    fn finish(&mut self, written: &mut Written) {
        self.write_group(written);
        let Some(writer) = self.writer.take() else { return };
        if written.error.is_none()
            && let Err(error) = writer.close()
        {
            written.count(0, Err(std::io::Error::other(error)));
        }
    }
}
