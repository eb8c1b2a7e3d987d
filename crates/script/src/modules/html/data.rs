//! `data-*` attributes: names as JavaScript writes them, values with the types that they look like.

use super::document::Element;

/// A value of [`read`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Data {
    Bool(bool),
    Number(f64),
    /// An object or array, still as text.
    Json(String),
    Text(String),
}

/// The value of `data-<key>`; `key` may be camel case. `None` when missing, empty or `null`.
pub(crate) fn read(element: &Element, key: &str) -> Option<Data> {
    element.attribute(&attribute_name(key)).and_then(convert)
}

/// All values, by their camel-case names.
pub(crate) fn read_all(element: &Element) -> Vec<(String, Data)> {
    let named = element
        .attributes
        .iter()
        .filter_map(|a| Some((a.name.local.strip_prefix("data-")?, &*a.value)));
    named.filter_map(|(name, value)| Some((camel_case(name), convert(value)?))).collect()
}

fn attribute_name(key: &str) -> String {
    let mut name = String::from("data-");
    for c in key.chars() {
        if c.is_ascii_uppercase() {
            name.push('-');
            name.push(c.to_ascii_lowercase());
        } else {
            name.push(c);
        }
    }
    name
}

fn camel_case(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    let mut raise = false;
    for c in name.chars() {
        if c == '-' {
            raise = true;
        } else if std::mem::take(&mut raise) {
            key.push(c.to_ascii_uppercase());
        } else {
            key.push(c);
        }
    }
    key
}

fn convert(value: &str) -> Option<Data> {
    Some(match value {
        "" | "null" => return None,
        "true" => Data::Bool(true),
        "false" => Data::Bool(false),
        _ if value.starts_with(['{', '[']) && is_json(value) => Data::Json(value.to_string()),
        _ => match value.parse::<f64>() {
            // Only what reads the same when written back: `007` and `1.50` are texts.
            Ok(number) if number.is_finite() && number.to_string() == value => Data::Number(number),
            _ => Data::Text(value.to_string()),
        },
    })
}

fn is_json(value: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(value).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expected: Option<Data>) {
        assert_eq!(convert(value), expected, "{value}");
    }

    #[test]
    fn values_get_the_type_they_look_like() {
        check("7", Some(Data::Number(7.0)));
        check("-3.5", Some(Data::Number(-3.5)));
        check("true", Some(Data::Bool(true)));
        check("{\"a\":1}", Some(Data::Json("{\"a\":1}".into())));
        check("{oops", Some(Data::Text("{oops".into())));
        check("null", None);
        check("", None);
    }

    #[test]
    fn numbers_that_read_back_differently_stay_texts() {
        for text in ["1.50", "007", "1e3", "0x1F", "12345678901234567890", "NaN", "inf"] {
            check(text, Some(Data::Text(text.into())));
        }
    }

    #[test]
    fn names_go_both_ways() {
        assert_eq!(attribute_name("userName"), "data-user-name");
        assert_eq!(attribute_name("user-name"), "data-user-name");
        assert_eq!(camel_case("user-name"), "userName");
    }
}
