//! One log line as text, in the shapes of k6's logger.

use std::{borrow::Cow, collections::BTreeMap, fmt::Write, time::Duration};

use super::Level;
use crate::clock::format_rfc3339;

/// The message column of colored lines.
const MESSAGE_WIDTH: usize = 44;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// `time="2026-11-21T10:00:00Z" level=info msg=hello source=console`
    Pairs,
    /// The same without the time.
    Timeless,
    /// `INFO[0003] hello      source=console`, with color
    Columns,
    /// `{"level":"info","msg":"hello","source":"console","time":"2026-11-21T10:00:00Z"}`
    Json,
    /// The message alone.
    Raw,
}

pub(super) struct Line<'a> {
    pub(super) level: Level,
    pub(super) message: &'a str,
    pub(super) fields: &'a [(&'a str, &'a str)],
    pub(super) unix_nanos: u64,
    pub(super) since_start: Duration,
}

impl Line<'_> {
    /// Without the final newline.
    pub(super) fn render(&self, style: Style) -> String {
        let mut text = String::with_capacity(self.message.len() + 80);
        let written = match style {
            Style::Raw => text.write_str(self.message),
            Style::Json => {
                text = self.json();
                Ok(())
            }
            Style::Pairs => {
                let time = format_rfc3339(self.unix_nanos, 0);
                write!(text, "time=\"{time}\" ").and_then(|()| self.pairs(&mut text))
            }
            Style::Timeless => self.pairs(&mut text),
            Style::Columns => self.columns(&mut text),
        };
        debug_assert!(written.is_ok(), "writing to a string succeeds");
        text
    }

    fn sorted_fields(&self) -> Vec<(&str, &str)> {
        let mut fields = self.fields.to_vec();
        fields.sort_by_key(|&(key, _)| key);
        fields
    }

    /// An empty message is left out, as k6 does.
    fn pairs(&self, text: &mut String) -> std::fmt::Result {
        write!(text, "level={}", name(self.level))?;
        if !self.message.is_empty() {
            write!(text, " msg={}", quoted(self.message))?;
        }
        for (key, value) in self.sorted_fields() {
            write!(text, " {key}={}", quoted(value))?;
        }
        Ok(())
    }

    fn columns(&self, text: &mut String) -> std::fmt::Result {
        let (short, color) = match self.level {
            Level::Debug => ("DEBU", 37),
            Level::Info => ("INFO", 36),
            Level::Warning => ("WARN", 33),
            Level::Error => ("ERRO", 31),
        };
        let seconds = self.since_start.as_secs();
        let message = self.message.strip_suffix('\n').unwrap_or(self.message);
        write!(text, "\x1b[{color}m{short}\x1b[0m[{seconds:04}] {message:<MESSAGE_WIDTH$} ")?;
        for (key, value) in self.sorted_fields() {
            write!(text, " \x1b[{color}m{key}\x1b[0m={}", quoted(value))?;
        }
        Ok(())
    }

    /// Keys sorted; a field with the name of a fixed one gets k6's prefix.
    fn json(&self) -> String {
        let fixed = [
            ("level", name(self.level).to_owned()),
            ("msg", self.message.to_owned()),
            ("time", format_rfc3339(self.unix_nanos, 0)),
        ];
        let mut object = BTreeMap::new();
        for &(key, value) in self.fields {
            let clashes = fixed.iter().any(|(name, _)| *name == key);
            let key = if clashes { format!("fields.{key}") } else { key.to_owned() };
            object.insert(key, value.to_owned());
        }
        object.extend(fixed.map(|(key, value)| (key.to_owned(), value)));
        let text = serde_json::to_string(&object).unwrap_or_default();
        // k6's encoder escapes what HTML and JavaScript would read differently.
        escape_for_html(&text)
    }
}

fn name(level: Level) -> &'static str {
    match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warning => "warning",
        Level::Error => "error",
    }
}

/// As it is when it consists of harmless characters, otherwise in quotes.
fn quoted(value: &str) -> Cow<'_, str> {
    let harmless =
        |character: char| character.is_ascii_alphanumeric() || "-._/@^+".contains(character);
    if !value.is_empty() && value.chars().all(harmless) {
        return value.into();
    }
    let mut text = String::with_capacity(value.len() + 2);
    text.push('"');
    for character in value.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\x07' => text.push_str("\\a"),
            '\x08' => text.push_str("\\b"),
            '\x0b' => text.push_str("\\v"),
            '\x0c' => text.push_str("\\f"),
            ' ' => text.push(' '),
            other if other.is_control() || other.is_whitespace() => {
                let code = u32::from(other);
                let escape =
                    if code < 0x80 { format!("\\x{code:02x}") } else { format!("\\u{code:04x}") };
                text.push_str(&escape);
            }
            other => text.push(other),
        }
    }
    text.push('"');
    text.into()
}

fn escape_for_html(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '<' => text.push_str("\\u003c"),
            '>' => text.push_str("\\u003e"),
            '&' => text.push_str("\\u0026"),
            '\u{2028}' => text.push_str("\\u2028"),
            '\u{2029}' => text.push_str("\\u2029"),
            other => text.push(other),
        }
    }
    text
}

/// At most `bytes_max` bytes of `message`, with a mark when something was cut.
pub(super) fn cut(message: &str, bytes_max: usize) -> Cow<'_, str> {
    if message.len() <= bytes_max {
        return message.into();
    }
    let end = message.floor_char_boundary(bytes_max);
    let kept = message.get(..end).unwrap_or_default();
    format!("{kept}... ({} more bytes)", message.len() - end).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(style: Style, level: Level, message: &str, fields: &[(&str, &str)], expected: &str) {
        let line = Line {
            level,
            message,
            fields,
            unix_nanos: 1_795_255_200_000_000_000,
            since_start: Duration::from_millis(3900),
        };
        assert_eq!(line.render(style), expected);
    }

    #[test]
    fn pairs_quote_what_is_not_harmless() {
        for (message, expected) in [
            ("hello", " msg=hello"),
            ("safe-._/@^+ok", " msg=safe-._/@^+ok"),
            ("a=b", " msg=\"a=b\""),
            ("日本", " msg=\"日本\""),
            ("", ""),
            (
                "he said \"x\"\n\ttab é \u{1} \\b\u{2028}\u{7f}",
                " msg=\"he said \\\"x\\\"\\n\\ttab é \\x01 \\\\b\\u2028\\x7f\"",
            ),
        ] {
            let expected =
                format!("time=\"2026-11-21T10:00:00Z\" level=warning{expected} source=console");
            check(Style::Pairs, Level::Warning, message, &[("source", "console")], &expected);
        }
    }

    #[test]
    fn fields_come_in_the_order_of_their_keys() {
        let fields = [("b", "2 3"), ("a", "1"), ("c", "")];
        check(Style::Timeless, Level::Info, "m", &fields, "level=info msg=m a=1 b=\"2 3\" c=\"\"");
    }

    #[test]
    fn columns_pad_the_message() {
        check(
            Style::Columns,
            Level::Error,
            "日本\n",
            &[("source", "console")],
            &format!("\x1b[31mERRO\x1b[0m[0003] 日本{:42}  \x1b[31msource\x1b[0m=console", ""),
        );
        check(
            Style::Columns,
            Level::Info,
            "",
            &[],
            &format!("\x1b[36mINFO\x1b[0m[0003] {:45}", ""),
        );
    }

    #[test]
    fn json_has_sorted_keys() {
        check(
            Style::Json,
            Level::Info,
            "<a&b>\u{2028}\n\"",
            &[("source", "console"), ("time", "x"), ("a", "1")],
            "{\"a\":\"1\",\"fields.time\":\"x\",\"level\":\"info\",\"msg\":\"\\u003ca\\u0026b\\u003e\\u2028\\n\\\"\",\"source\":\"console\",\"time\":\"2026-11-21T10:00:00Z\"}",
        );
    }

    #[test]
    fn raw_is_the_message() {
        check(Style::Raw, Level::Info, "a \"b\"\n", &[("source", "console")], "a \"b\"\n");
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("aéé", 4), "aé... (2 more bytes)");
    }
}
