//! What two runs must share: numbers that depend on time are masked, all else must be equal.

use serde_json::{Map, Value};

/// Every run of digits, with a fraction and a unit, becomes `#`; padding and bars shrink to one.
/// Amounts of data lose their unit, which depends on how fast it was.
pub fn mask_numbers(text: &str) -> String {
    let mut masked = digits_masked(text);
    for unit in ["# kB", "# MB", "# GB"] {
        masked = masked.replace(unit, "# B");
    }
    masked
}

fn digits_masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    let mut last_digit = false;
    while let Some(c) = characters.next() {
        if c.is_ascii_digit() {
            while characters.peek().is_some_and(|c| c.is_ascii_digit() || *c == '.') {
                characters.next();
            }
            if !last_digit {
                out.push('#');
            }
            while ["ns", "µs", "us", "ms", "s", "m", "h"].iter().any(|unit| {
                let rest: String = characters.clone().take(2).collect();
                unit.len() == 1 && rest.starts_with(unit) || rest == *unit
            }) {
                characters.next();
            }
            last_digit = true;
        } else {
            last_digit = false;
            if (c == ' ' || c == '.') && out.ends_with(c) {
                continue;
            }
            out.push(c);
        }
    }
    out
}

/// Replaces every number by its type, so that two JSON documents can be compared by shape.
pub fn shape(value: &Value) -> Value {
    match value {
        Value::Number(_) => Value::String("number".into()),
        Value::Array(items) => Value::Array(items.iter().map(shape).collect()),
        Value::Object(map) => {
            let mut sorted: Vec<_> = map.iter().collect();
            sorted.sort_by_key(|(key, _)| key.as_str());
            Value::Object(
                sorted.into_iter().map(|(k, v)| (k.clone(), shape(v))).collect::<Map<_, _>>(),
            )
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::mask_numbers;

    #[test]
    fn masks_numbers_and_padding() {
        assert_eq!(mask_numbers("a....: avg=1.5ms  x 12.3/s 3m20.5s"), "a.: avg=# x #/s #");
        assert_eq!(mask_numbers("✓ 30 VUs"), "✓ # VUs");
        assert_eq!(mask_numbers("11 kB  1.2 MB/s"), "# B # B/s");
    }
}
