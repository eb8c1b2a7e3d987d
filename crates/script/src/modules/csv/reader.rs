//! Comma-separated values, strictly: RFC 4180 quotes, the same number of fields in each record.

/// Largest number of fields in a record.
const FIELDS_LIMIT: usize = 100_000;

/// What is wrong with a text; lines and columns (in bytes) count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CsvError {
    #[error("parse error on line {line}, column {column}: bare \" in non-quoted-field")]
    BareQuote { line: usize, column: usize },
    #[error("{}parse error on line {line}, column {column}: extraneous or missing \" in quoted-field", within(*.start, *.line))]
    Quote { start: usize, line: usize, column: usize },
    #[error("record on line {line}: wrong number of fields")]
    FieldCount { line: usize },
    #[error("record on line {line}: more than {FIELDS_LIMIT} fields")]
    TooManyFields { line: usize },
}

/// Names the record's first line where the error is on another one.
fn within(start: usize, line: usize) -> String {
    if start == line { String::new() } else { format!("record on line {start}; ") }
}

/// Reads one record after the other.
pub(crate) struct CsvReader<B> {
    bytes: B,
    delimiter: u8,
    /// Of the next byte to read.
    position: usize,
    lines: usize,
    /// Of the first record; all others must have as many.
    field_count: Option<usize>,
}

/// The rest of a line and where it starts.
struct Line<'a> {
    rest: &'a [u8],
    number: usize,
    column: usize,
}

impl<'a> Line<'a> {
    fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
        self.column += count;
    }
}

impl<B: AsRef<[u8]>> CsvReader<B> {
    /// Reads from `position` on.
    pub(crate) fn new(bytes: B, position: usize, delimiter: u8) -> CsvReader<B> {
        CsvReader { bytes, delimiter, position, lines: 0, field_count: None }
    }

    /// The fields of the next record; `None` at the end. Empty lines are no records.
    pub(crate) fn next(&mut self) -> Result<Option<Vec<String>>, CsvError> {
        loop {
            let (start, end) = self.next_line();
            if start == end {
                return Ok(None);
            }
            let line = self.bytes.as_ref().get(start..end).unwrap_or_default();
            if without_break(line).is_empty() {
                continue;
            }
            let number = self.lines;
            let fields = self.record(start, end)?;
            if *self.field_count.get_or_insert(fields.len()) != fields.len() {
                return Err(CsvError::FieldCount { line: number });
            }
            return Ok(Some(fields));
        }
    }

    /// Bounds of the next line with its break; empty at the end.
    fn next_line(&mut self) -> (usize, usize) {
        let start = self.position;
        let rest = self.bytes.as_ref().get(start..).unwrap_or_default();
        let length = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        self.position += length;
        if length > 0 {
            self.lines += 1;
        }
        (start, start + length)
    }

    fn record(&mut self, start: usize, end: usize) -> Result<Vec<String>, CsvError> {
        let first = self.lines;
        let mut line = (start, end);
        let mut column = 1;
        let mut fields = Vec::new();
        loop {
            if fields.len() == FIELDS_LIMIT {
                return Err(CsvError::TooManyFields { line: first });
            }
            let here = self.bytes.as_ref().get(line.0 + column - 1..line.1).unwrap_or_default();
            if here.first() != Some(&b'"') {
                let mut at = Line { rest: here, number: self.lines, column };
                let more = plain_field(&mut at, self.delimiter, &mut fields)?;
                column = at.column;
                if !more {
                    return Ok(fields);
                }
                continue;
            }
            column += 1;
            let mut field = Vec::new();
            let more = loop {
                let here = self.bytes.as_ref().get(line.0 + column - 1..line.1).unwrap_or_default();
                let mut at = Line { rest: here, number: self.lines, column };
                let step = quoted_part(&mut at, self.delimiter, first, &mut field)?;
                column = at.column;
                match step {
                    QuotedPart::NextField => break true,
                    QuotedPart::LastField => break false,
                    QuotedPart::NextLine => {
                        line = self.next_line();
                        if line.0 == line.1 {
                            return Err(CsvError::Quote { start: first, line: self.lines, column });
                        }
                        column = 1;
                    }
                }
            };
            fields.push(text(&field));
            if !more {
                return Ok(fields);
            }
        }
    }
}

enum QuotedPart {
    NextField,
    LastField,
    NextLine,
}

/// Reads a field that does not start with a quote; whether another one follows.
fn plain_field(
    line: &mut Line<'_>,
    delimiter: u8,
    fields: &mut Vec<String>,
) -> Result<bool, CsvError> {
    let end = line.rest.iter().position(|byte| *byte == delimiter);
    let field = without_break(line.rest.get(..end.unwrap_or(line.rest.len())).unwrap_or_default());
    if let Some(quote) = field.iter().position(|byte| *byte == b'"') {
        return Err(CsvError::BareQuote { line: line.number, column: line.column + quote });
    }
    fields.push(text(field));
    if let Some(end) = end {
        line.skip(end + 1);
    }
    Ok(end.is_some())
}

/// Reads inside of quotes up to the end of the field or of the line.
fn quoted_part(
    line: &mut Line<'_>,
    delimiter: u8,
    start: usize,
    field: &mut Vec<u8>,
) -> Result<QuotedPart, CsvError> {
    loop {
        let Some(quote) = line.rest.iter().position(|byte| *byte == b'"') else {
            let part = without_break(line.rest);
            field.extend_from_slice(part);
            if part.len() < line.rest.len() {
                field.push(b'\n');
            }
            line.skip(line.rest.len());
            return Ok(QuotedPart::NextLine);
        };
        field.extend_from_slice(line.rest.get(..quote).unwrap_or_default());
        line.skip(quote + 1);
        match line.rest.first() {
            Some(b'"') => {
                field.push(b'"');
                line.skip(1);
            }
            Some(byte) if *byte == delimiter => {
                line.skip(1);
                return Ok(QuotedPart::NextField);
            }
            _ if without_break(line.rest).is_empty() => return Ok(QuotedPart::LastField),
            _ => return Err(CsvError::Quote { start, line: line.number, column: line.column - 1 }),
        }
    }
}

fn without_break(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Records with fields joined by `|`; the error, if any, as the last one.
    fn read(text: &str) -> Vec<String> {
        let mut reader = CsvReader::new(text, 0, b',');
        let mut records = Vec::new();
        loop {
            match reader.next() {
                Ok(Some(fields)) => records.push(fields.join("|")),
                Ok(None) => return records,
                Err(error) => {
                    records.push(error.to_string());
                    return records;
                }
            }
        }
    }

    #[test]
    fn records_and_quotes() {
        assert_eq!(read("a,b\n1,2\n\n\r\n3,4"), ["a|b", "1|2", "3|4"]);
        assert_eq!(
            read("ann,\"New \"\"York\"\"\"\r\nbob,\"a\r\nb\"\r\n"),
            ["ann|New \"York\"", "bob|a\nb"]
        );
        assert_eq!(read("a,\n,\"\""), ["a|", "|"]);
    }

    #[test]
    fn errors_have_their_place() {
        assert_eq!(read("a,b\n1,2,3\n")[1], "record on line 2: wrong number of fields");
        assert_eq!(
            read("a,b\n1,x\"y\n")[1],
            "parse error on line 2, column 4: bare \" in non-quoted-field"
        );
        let quote = "extraneous or missing \" in quoted-field";
        assert_eq!(read("a,b\n1,\"2\n")[1], format!("parse error on line 2, column 6: {quote}"));
        assert_eq!(read("a,b\n\"1\"x,2\n")[1], format!("parse error on line 2, column 3: {quote}"));
        assert_eq!(
            read("\"a\nb\"x")[0],
            format!("record on line 1; parse error on line 2, column 2: {quote}")
        );
    }

    proptest! {
        #[test]
        fn quoted_records_come_back(records in prop::collection::vec(prop::collection::vec("[a\",\n é]{0,5}", 3), 0..5)) {
            let quote = |field: &String| format!("\"{}\"", field.replace('"', "\"\""));
            let line = |fields: &Vec<String>| fields.iter().map(quote).collect::<Vec<_>>().join(",");
            let text = records.iter().map(line).collect::<Vec<_>>().join("\n");
            let mut reader = CsvReader::new(&text, 0, b',');
            for record in records {
                prop_assert_eq!(reader.next(), Ok(Some(record)));
            }
            prop_assert_eq!(reader.next(), Ok(None));
        }

        #[test]
        fn any_text_ends(text in "[a\",\r\n]{0,30}") {
            prop_assert!(read(&text).len() <= text.len() + 1);
        }
    }
}
