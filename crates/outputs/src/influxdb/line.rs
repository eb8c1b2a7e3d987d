//! InfluxDB's line protocol: `measurement,tag=value field=value timestamp`.
//!
//! What the protocol has no form for is changed as little as possible: a line break in a tag becomes
//! `\n` as two characters, and a backslash at a tag's end is left out, since it would take the
//! separator behind it for its own.

use plimsoll_metrics::TagSet;

use super::TagAsField;

/// The field that has a sample's value.
pub(super) const VALUE: &str = "value";

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    String,
    /// Those that make no number, or no truth value, are strings too.
    Int,
    Float,
    Bool,
}

/// The parts of a series' lines that are the same for all its samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Up to the value.
    pub(super) head: Box<str>,
    /// From behind the value up to the timestamp.
    pub(super) tail: Box<str>,
}

impl Frame {
    pub(super) fn new(measurement: &str, tags: &TagSet, as_fields: &[TagAsField]) -> Frame {
        let field = |tag: &str| {
            as_fields.iter().filter(|field| field.tag != VALUE).find(|field| field.tag == tag)
        };
        let mut head = String::new();
        push_escaped(&mut head, measurement, &[',', ' ']);
        for (key, value) in tags.iter() {
            let is_field = field(key).is_some();
            let (key, value) = (end_cut(key), end_cut(value));
            // The protocol has no empty tag.
            if is_field || key.is_empty() || value.is_empty() {
                continue;
            }
            head.push(',');
            push_escaped(&mut head, key, &[',', ' ', '=']);
            head.push('=');
            push_escaped(&mut head, value, &[',', ' ', '=']);
        }
        head.push(' ');
        let fields = tags.iter().filter_map(|(key, value)| Some((key, value, field(key)?.kind)));
        let mut tail = String::new();
        for (key, value, kind) in fields {
            // In order of their names, as tags are.
            let is_before = key < VALUE;
            let text = if is_before { &mut head } else { &mut tail };
            if !is_before {
                text.push(',');
            }
            push_escaped(text, end_cut(key), &[',', ' ', '=']);
            text.push('=');
            push_field(text, value, kind);
            if is_before {
                text.push(',');
            }
        }
        head.push_str(VALUE);
        head.push('=');
        tail.push(' ');
        Frame { head: head.into(), tail: tail.into() }
    }
}

fn end_cut(text: &str) -> &str {
    text.trim_end_matches('\\')
}

/// Appends `text` with a backslash before each of `special`.
fn push_escaped(line: &mut String, text: &str, special: &[char]) {
    for char in text.chars() {
        match char {
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            _ => {
                if special.contains(&char) {
                    line.push('\\');
                }
                line.push(char);
            }
        }
    }
}

fn push_field(line: &mut String, value: &str, kind: FieldKind) {
    let plain = match kind {
        FieldKind::String => None,
        FieldKind::Int => value.parse().ok().map(|number: i64| format!("{number}i")),
        FieldKind::Float => {
            let number = value.parse().ok().filter(|number: &f64| number.is_finite());
            number.map(|number| format!("{number}"))
        }
        FieldKind::Bool => match value {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Some("true".to_owned()),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Some("false".to_owned()),
            _ => None,
        },
    };
    match plain {
        Some(plain) => line.push_str(&plain),
        None => push_string(line, value),
    }
}

fn push_string(line: &mut String, value: &str) {
    line.push('"');
    for char in value.chars() {
        if matches!(char, '"' | '\\') {
            line.push('\\');
        }
        line.push(char);
    }
    line.push('"');
}

/// Appends a sample's value, which is finite, with all its digits and without an exponent.
pub(super) fn push_value(line: &mut String, value: f64) {
    use std::fmt::Write;
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    let magnitude = value.abs();
    if value == value.trunc() && magnitude < WHOLE && (value != 0.0 || value.is_sign_positive()) {
        line.push_str(itoa::Buffer::new().format(value as i64));
    } else if (1e-4..1e15).contains(&magnitude) {
        // Plain in this range, and faster.
        line.push_str(ryu::Buffer::new().format_finite(value));
    } else {
        // A string takes everything.
        write!(line, "{value}").ok();
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{Field, Parsed, parse},
        *,
    };

    fn line(tags: &[(&str, &str)], as_fields: &[(&str, FieldKind)], value: f64) -> String {
        let as_fields: Vec<TagAsField> =
            as_fields.iter().map(|&(tag, kind)| TagAsField { tag: tag.to_owned(), kind }).collect();
        let frame = Frame::new("my_trend", &TagSet::from_pairs(tags.iter().copied()), &as_fields);
        let mut line = frame.head.into_string();
        push_value(&mut line, value);
        line.push_str(&frame.tail);
        line + "1795281420611044681"
    }

    #[test]
    fn lines_as_k6_writes_them() {
        let tags = [
            ("b", "true"),
            ("emoji", "é\"q\""),
            ("group", ""),
            ("k ey", "v\\al"),
            ("n", "12"),
            ("run tag", "a b,c=d"),
            ("url", "http://h/x%20y?a=\"b\\"),
            ("vu", "007"),
        ];
        let as_fields = [
            ("vu", FieldKind::Int),
            ("n", FieldKind::Int),
            ("b", FieldKind::Bool),
            ("url", FieldKind::String),
        ];
        assert_eq!(
            line(&tags, &[], 1.5),
            "my_trend,b=true,emoji=é\"q\",k\\ ey=v\\al,n=12,run\\ tag=a\\ b\\,c\\=d,\
             url=http://h/x%20y?a\\=\"b,vu=007 value=1.5 1795281420611044681"
        );
        assert_eq!(
            line(&tags, &as_fields, 1.5),
            "my_trend,emoji=é\"q\",k\\ ey=v\\al,run\\ tag=a\\ b\\,c\\=d \
             b=true,n=12i,url=\"http://h/x%20y?a=\\\"b\\\\\",value=1.5,vu=7i 1795281420611044681"
        );
        // What is no number is a string; empty fields are there, empty tags are not.
        let tags = [("f", "inf"), ("g", ""), ("h", ""), ("n", "abc")];
        let as_fields = [("f", FieldKind::Float), ("h", FieldKind::String), ("n", FieldKind::Int)];
        assert_eq!(
            line(&tags, &as_fields, 1.0),
            "my_trend f=\"inf\",h=\"\",n=\"abc\",value=1 1795281420611044681"
        );
    }

    #[test]
    fn values_as_k6_writes_them() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (1_234_567.0, "1234567"),
            (123_456.7, "123456.7"),
            (12_345_678.9, "12345678.9"),
            (0.00001, "0.00001"),
            (1e-9, "0.000000001"),
            (1e20, "100000000000000000000"),
            (1e21, "1000000000000000000000"),
            (-2.25, "-2.25"),
        ] {
            let mut line = String::new();
            push_value(&mut line, value);
            assert_eq!(line, text);
        }
    }

    proptest::proptest! {
        #[test]
        fn lines_read_back_as_they_were(
            tags in proptest::collection::btree_map(".{0,6}", "[ -~\\n\\ré]{0,12}", 0..6),
            fields in proptest::collection::btree_map("[a-y ,=]{1,4}", "[ -~\\n\\ré]{0,12}", 0..3),
            value in proptest::num::f64::NORMAL | proptest::num::f64::ZERO,
        ) {
            let all = tags.iter().chain(&fields).map(|(key, value)| (&**key, &**value));
            let all: Vec<(&str, &str)> = all.collect();
            let as_fields: Vec<_> =
                fields.keys().map(|key| (&**key, FieldKind::String)).collect();
            let Parsed { measurement, tags: read_tags, fields: read_fields, timestamp } =
                parse(&line(&all, &as_fields, value));
            proptest::prop_assert_eq!(measurement, "my_trend");
            proptest::prop_assert_eq!(timestamp, 1_795_281_420_611_044_681);
            let changed = |text: &str| {
                text.trim_end_matches('\\').replace('\n', "\\n").replace('\r', "\\r")
            };
            let expected: Vec<(String, String)> = tags
                .iter()
                .filter(|(key, _)| !fields.contains_key(*key))
                .map(|(key, value)| (changed(key), changed(value)))
                .filter(|(key, value)| !key.is_empty() && !value.is_empty())
                .collect();
            proptest::prop_assert_eq!(read_tags, expected);
            let mut expected: Vec<(String, Field)> = fields
                .iter()
                .map(|(key, value)| (key.clone(), Field::String(value.clone())))
                .collect();
            expected.push((VALUE.to_owned(), Field::Float(value)));
            expected.sort_by(|(one, _), (other, _)| one.cmp(other));
            proptest::prop_assert_eq!(read_fields, expected);
        }
    }
}
