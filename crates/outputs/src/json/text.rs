//! JSON text with Go's escapes.

use plimsoll_metrics::TagSet;

/// Appends `value` quoted. `<`, `>` and `&` are escaped too, as Go does for text inside of HTML.
pub(super) fn push_string(text: &mut String, value: &str) {
    text.push('"');
    let mut plain_from = 0;
    for (at, char) in value.char_indices() {
        let short = match char {
            '"' => Some("\\\""),
            '\\' => Some("\\\\"),
            '\n' => Some("\\n"),
            '\r' => Some("\\r"),
            '\t' => Some("\\t"),
            _ => None,
        };
        let is_plain = char >= ' ' && !matches!(char, '<' | '>' | '&' | '\u{2028}' | '\u{2029}');
        if short.is_none() && is_plain {
            continue;
        }
        text.push_str(value.get(plain_from..at).unwrap_or_default());
        match short {
            Some(escape) => text.push_str(escape),
            None => text.push_str(&format!("\\u{:04x}", u32::from(char))),
        }
        plain_from = at + char.len_utf8();
    }
    text.push_str(value.get(plain_from..).unwrap_or_default());
    text.push('"');
}

/// Appends tags as an object.
pub(super) fn push_tags(text: &mut String, tags: &TagSet) {
    text.push('{');
    for (at, (key, value)) in tags.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        push_string(text, key);
        text.push(':');
        push_string(text, value);
    }
    text.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn strings_read_back_as_they_were(value in ".*") {
            let mut text = String::new();
            push_string(&mut text, &value);
            proptest::prop_assert!(!text.contains(['<', '>', '&', '\n']));
            proptest::prop_assert_eq!(serde_json::from_str::<String>(&text).unwrap(), value);
        }
    }

    #[test]
    fn escapes() {
        let mut text = String::new();
        push_string(&mut text, "x\"y<é>&\u{1}\u{2028}");
        assert_eq!(text, "\"x\\\"y\\u003cé\\u003e\\u0026\\u0001\\u2028\"");
    }
}
