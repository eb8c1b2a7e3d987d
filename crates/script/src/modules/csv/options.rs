//! What `parse` and `Parser` read, and the rows they make of it.

use super::reader::CsvReader;

/// k6's options of both; -1 and the like are refused by [`RowReader::new`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CsvOptions {
    pub(crate) delimiter: u8,
    pub(crate) skip_first_line: bool,
    pub(crate) from_line: i64,
    pub(crate) to_line: Option<i64>,
    pub(crate) as_objects: bool,
}

impl Default for CsvOptions {
    fn default() -> CsvOptions {
        CsvOptions {
            delimiter: b',',
            skip_first_line: false,
            from_line: 0,
            to_line: None,
            as_objects: false,
        }
    }
}

/// Names of the columns, and one row's values in that order.
pub(crate) type Row<'a> = (Option<&'a [String]>, Vec<String>);

/// Records as the options want them.
pub(crate) struct RowReader<B> {
    reader: CsvReader<B>,
    columns: Option<Vec<String>>,
    /// Of the next record; lines are records here, as in k6.
    line: i64,
    to_line: Option<i64>,
}

impl<B: AsRef<[u8]>> RowReader<B> {
    /// Checks the options and reads what comes before the first row; `Err` is k6's message.
    pub(crate) fn new(
        bytes: B,
        position: usize,
        options: &CsvOptions,
    ) -> Result<RowReader<B>, String> {
        let CsvOptions { delimiter, skip_first_line, from_line, to_line, as_objects } = *options;
        if from_line < 0 {
            return Err(format!(
                "the 'fromLine' option must be greater than or equal to 0; got {from_line}"
            ));
        }
        if let Some(to_line) = to_line.filter(|line| *line < 0) {
            return Err(format!(
                "the 'toLine' option must be greater than or equal to 0; got {to_line}"
            ));
        }
        if as_objects && skip_first_line {
            return Err(
                "the 'header' option cannot be enabled when 'skipFirstLine' is true".to_string()
            );
        }
        if as_objects && from_line > 0 {
            return Err("the 'header' option cannot be enabled when 'fromLine' is set to a value greater than 0".to_string());
        }
        let mut rows = RowReader {
            reader: CsvReader::new(bytes, position, delimiter),
            columns: None,
            line: 0,
            to_line,
        };
        if as_objects {
            let columns = rows.record().and_then(|record| record.ok_or_else(|| "EOF".to_string()));
            rows.columns = Some(
                columns
                    .map_err(|cause| format!("failed to read the first line; reason: {cause}"))?,
            );
        }
        if skip_first_line && from_line == 0 {
            rows.skip()
                .map_err(|cause| format!("failed to skip the first line; reason: {cause}"))?;
        }
        for _ in 0..from_line {
            rows.skip().map_err(|cause| {
                format!("failed to skip lines until line {from_line}; reason: {cause}")
            })?;
        }
        Ok(rows)
    }

    fn record(&mut self) -> Result<Option<Vec<String>>, String> {
        self.line += 1;
        self.reader.next().map_err(|cause| cause.to_string())
    }

    fn skip(&mut self) -> Result<(), String> {
        self.record()?.map(drop).ok_or_else(|| "EOF".to_string())
    }

    /// The next row; `None` at the end or behind the last line wanted.
    pub(crate) fn next(&mut self) -> Result<Option<Row<'_>>, String> {
        if self.to_line.is_some_and(|last| last > 0 && self.line > last) {
            return Ok(None);
        }
        let record = self.record()?;
        Ok(record.map(|record| (self.columns.as_deref(), record)))
    }
}

/// A row as JSON: an array, or an object by column. Of columns with one name the last one counts.
pub(crate) fn to_json((columns, values): Row<'_>) -> serde_json::Value {
    match columns {
        None => values.into(),
        Some(columns) => {
            columns.iter().cloned().zip(values.into_iter().map(serde_json::Value::from)).collect()
        }
    }
}
