//! The configuration file: a name and its value on each line, in the form of Redis's own. `#` begins a
//! comment line, quotes keep blanks.

use std::{fs::File, io::Read, path::Path};

use plimsoll_wire::resp::split_words;

use super::{Faults, Given, SettingError};

/// Most bytes of a file of parameters, users, certificates or keys.
const BYTES_MAX: u64 = 16 << 20;

/// A user that a file tells of: what ACL SETUSER takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UserLine {
    /// File and line.
    pub(crate) place: String,
    pub(crate) name: String,
    pub(crate) rules: Vec<String>,
}

/// What stands in the file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ConfigFile {
    pub(super) values: Vec<Given>,
    pub(super) users: Vec<UserLine>,
}

impl ConfigFile {
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn read(path: &Path, faults: &mut Faults) -> Result<ConfigFile, SettingError> {
        let shown = path.display().to_string();
        let text = read(path).map_err(|error| SettingError::new(&*shown, error))?;
        Ok(ConfigFile::parse(&shown, &text, faults))
    }

    /// Lines that cannot be understood are faults.
    fn parse(path: &str, text: &str, faults: &mut Faults) -> ConfigFile {
        let mut file = ConfigFile::default();
        for (number, line) in (1..).zip(text.lines()) {
            let taken = file.take(format!("{path}:{number}"), line);
            faults.sift(taken);
        }
        file
    }

    fn take(&mut self, place: String, line: &str) -> Result<(), SettingError> {
        let mut words =
            words(line).map_err(|reason| SettingError::new(&*place, reason))?.into_iter();
        let Some(name) = words.next() else { return Ok(()) };
        let name = name.to_ascii_lowercase();
        let rest: Vec<String> = words.collect();
        match name.as_str() {
            "user" => self.users.push(user(place, rest)?),
            "include" => return Err(SettingError::new(place, "include is not supported")),
            _ if rest.is_empty() => {
                return Err(SettingError::new(place, format!("{name} has no value")));
            }
            _ => self.values.push(Given {
                place: format!("{place}: {name}"),
                name,
                value: rest.join(" "),
            }),
        }
        Ok(())
    }
}

/// The words of a line; none of a blank one or a comment.
///
/// # Errors
/// When a quote does not end.
pub(super) fn words(line: &str) -> Result<Vec<String>, plimsoll_wire::resp::UnbalancedQuotes> {
    if line.trim_start().starts_with('#') {
        return Ok(Vec::new());
    }
    let (mut text, mut places) = (Vec::new(), Vec::new());
    split_words(line.as_bytes(), &mut text, &mut places)?;
    let word = |place| String::from_utf8_lossy(text.get(place).unwrap_or_default()).into_owned();
    Ok(places.into_iter().map(word).collect())
}

/// Users of a file that has nothing else.
///
/// # Errors
/// When the file cannot be read, or has anything else.
pub(crate) fn user_lines(path: &Path) -> Result<Vec<UserLine>, SettingError> {
    let shown = path.display().to_string();
    let text = read(path).map_err(|error| SettingError::new(&*shown, error))?;
    let mut users = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let place = format!("{shown}:{number}");
        let mut words =
            words(line).map_err(|reason| SettingError::new(&*place, reason))?.into_iter();
        match words.next().as_deref() {
            None => {}
            Some("user") => users.push(user(place, words.collect())?),
            Some(_) => return Err(SettingError::new(place, "a line begins with 'user'")),
        }
    }
    Ok(users)
}

fn user(place: String, words: Vec<String>) -> Result<UserLine, SettingError> {
    let mut words = words.into_iter();
    match words.next() {
        Some(name) => Ok(UserLine { place, name, rules: words.collect() }),
        None => Err(SettingError::new(place, "the user has no name")),
    }
}

/// The text of a file that is not too long.
///
/// # Errors
/// Also for one that is, or that is no UTF-8.
pub(crate) fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > BYTES_MAX {
        return Err(std::io::Error::other(format!("it has more than {BYTES_MAX} bytes")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;

    fn parse(text: &str) -> Result<ConfigFile, SettingError> {
        let mut faults = Faults::default();
        let file = ConfigFile::parse("f", text, &mut faults);
        faults.into_result().map(|()| file)
    }

    fn check(text: &str, values: &[(&str, &str, &str)]) {
        let file = parse(text).unwrap();
        let found: Vec<_> = file
            .values
            .iter()
            .map(|given| (given.place.as_str(), given.name.as_str(), given.value.as_str()))
            .collect();
        assert_eq!(found, values, "{text:?}");
    }

    fn check_error(text: &str, expected: &str) {
        assert_eq!(parse(text).unwrap_err().to_string(), expected, "{text:?}");
    }

    #[test]
    fn lines_of_names_and_values() {
        check("", &[]);
        check("# maxmemory 1\n\n  \t\n", &[]);
        check(
            "MaxMemory 1gb\r\n  requirepass \"a \\\"b\\x21\" \nsave ''\nclient-output-buffer-limit normal 0 0  0",
            &[
                ("f:1: maxmemory", "maxmemory", "1gb"),
                ("f:2: requirepass", "requirepass", "a \"b!"),
                ("f:3: save", "save", ""),
                ("f:4: client-output-buffer-limit", "client-output-buffer-limit", "normal 0 0 0"),
            ],
        );
    }

    #[test]
    fn users() {
        let file = parse("user alice on >pw ~a*\nuser bob").unwrap();
        let found: Vec<_> =
            file.users.iter().map(|user| (user.name.as_str(), user.rules.len())).collect();
        assert_eq!(found, [("alice", 3), ("bob", 0)]);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            let lines = text.lines().count();
            let found = parse(&text);
            let count = found.map_or(0, |file| file.values.len() + file.users.len());
            assert!(count <= lines);
        }
    }

    #[test]
    fn what_cannot_be_understood_is_told_with_its_line() {
        check_error("port 1\nrequirepass \"a", "f:2: unbalanced quotes");
        check_error("\n\nport", "f:3: port has no value");
        check_error("include other.conf", "f:1: include is not supported");
        check_error("user", "f:1: the user has no name");
        check_error("port\nhz 1\nuser", "f:1: port has no value; f:3: the user has no name");
    }
}
