//! CONFIG REWRITE: the text of the configuration file with what has been changed, and otherwise as it was.

use std::collections::BTreeMap;

use super::file;
use crate::serve::parameters::separator;

/// Stands above what is added.
const HEADING: &str = "# Added by CONFIG REWRITE";

/// `old` with the `changed` parameters in place of their lines, or behind the others. `users`: lines in place
/// of those of users; none leaves these as they are.
pub(crate) fn rewrite(
    old: &str,
    changed: &BTreeMap<&'static str, String>,
    users: Option<&[String]>,
) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut left = changed.clone();
    let mut users_left = users;
    for line in old.lines() {
        // A line that is not understood could not be there when the server began.
        let words = file::words(line).unwrap_or_default();
        let name = words.first().map(|name| name.to_ascii_lowercase()).unwrap_or_default();
        if name == "user" && users.is_some() {
            lines.extend(users_left.take().unwrap_or_default().iter().cloned());
        } else if let Some(value) = left.remove(name.as_str()) {
            lines.push(assignment(&name, &value));
        } else if !changed.contains_key(name.as_str()) {
            lines.push(line.to_owned());
        }
    }
    let added = left.iter().map(|(name, value)| assignment(name, value));
    let added: Vec<String> = added.chain(users_left.unwrap_or_default().iter().cloned()).collect();
    if !added.is_empty() && !lines.iter().any(|line| line == HEADING) {
        lines.push(HEADING.to_owned());
    }
    lines.extend(added);
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn assignment(name: &str, value: &str) -> String {
    match separator(name).filter(|_| !value.is_empty()) {
        Some('\n') => {
            let lines: Vec<String> =
                value.lines().map(|line| format!("{name} {}", quoted(line))).collect();
            lines.join("\n")
        }
        Some(_) => {
            let words: Vec<String> = value.split_whitespace().map(quoted).collect();
            format!("{name} {}", words.join(" "))
        }
        None => format!("{name} {}", quoted(value)),
    }
}

/// A word as a line of the file takes it: in quotes when it would be read as something else.
pub(crate) fn quoted(word: &str) -> String {
    let is_special =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '\\');
    if !word.is_empty() && !word.contains(is_special) {
        return word.to_owned();
    }
    let mut text = "\"".to_owned();
    for character in word.chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            other if other.is_ascii_control() => {
                text.push_str(&format!("\\x{:02x}", u32::from(other)));
            }
            other => text.push(other),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;

    fn check(old: &str, changed: &[(&'static str, &str)], users: Option<&[&str]>, expected: &str) {
        let changed = changed.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let users: Option<Vec<String>> =
            users.map(|users| users.iter().map(|user| (*user).to_owned()).collect());
        let new = rewrite(old, &changed, users.as_deref());
        assert_eq!(new, expected, "{old:?}");
        // Doing it again changes nothing.
        assert_eq!(rewrite(&new, &changed, users.as_deref()), expected);
    }

    #[test]
    fn lines_stay_where_they_are() {
        let old = "# mine\nmaxmemory 100mb\n\ntimeout 5\nMAXMEMORY 200mb\n";
        check(old, &[], None, old);
        check(
            old,
            &[("maxmemory", "1073741824"), ("hz", "20"), ("requirepass", "a b")],
            None,
            "# mine\nmaxmemory 1073741824\n\ntimeout 5\n# Added by CONFIG REWRITE\nhz 20\n\
             requirepass \"a b\"\n",
        );
        check("", &[("requirepass", "")], None, "# Added by CONFIG REWRITE\nrequirepass \"\"\n");
    }

    #[test]
    fn values_of_a_line_each_have_one() {
        check(
            "origin-header http://h A: b\norigin-header http://h C: d\nport 1\n",
            &[("origin-header", "http://h A: e f\nhttps://h C: g"), ("save", "60 1 9 9")],
            None,
            "origin-header \"http://h A: e f\"\norigin-header \"https://h C: g\"\nport 1\n\
             # Added by CONFIG REWRITE\nsave 60 1 9 9\n",
        );
    }

    #[test]
    fn users_are_replaced_together() {
        let old = "user a on\nport 1\nuser b off\n";
        check(old, &[], None, old);
        check(old, &[], Some(&["user a off", "user c on"]), "user a off\nuser c on\nport 1\n");
        check(old, &[], Some(&[]), "port 1\n");
        check(
            "port 1",
            &[],
            Some(&["user c on"]),
            "port 1\n# Added by CONFIG REWRITE\nuser c on\n",
        );
    }

    proptest! {
        #[test]
        fn what_did_not_change_stays(old in any::<String>()) {
            let expected: String = old.lines().map(|line| format!("{line}\n")).collect();
            assert_eq!(rewrite(&old, &BTreeMap::new(), None), expected);
        }

        #[test]
        fn what_is_quoted_is_read_as_it_was(word in any::<String>()) {
            let line = format!("name {}", quoted(&word));
            // Lines end where `str::lines` ends them.
            assert_eq!(line.lines().count(), 1);
            assert_eq!(file::words(&line).unwrap(), ["name", &word]);
        }
    }
}
