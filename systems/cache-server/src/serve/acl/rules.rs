//! The language of `ACL SETUSER`: applying its rules, and showing a user in it.

use sha2::{Digest, Sha256};

use super::user::{CommandRule, Hash, KeyPattern, Subject, User};
use crate::commands::{self, Categories, Spec};

/// Most rules of one kind that one user may have.
const RULES_MAX: usize = 4_096;

/// A rule that cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("ERR Error in ACL SETUSER modifier '{rule}': {reason}")]
pub(crate) struct RuleError {
    rule: String,
    reason: &'static str,
}

impl RuleError {
    pub(super) fn too_many(rule: &str) -> RuleError {
        RuleError { rule: rule.to_owned(), reason: "There are too many" }
    }
}

impl User {
    /// # Errors
    /// See [`RuleError`]; the user is then as it was.
    pub(super) fn apply(&mut self, rule: &[u8]) -> Result<(), RuleError> {
        let failed = |reason| RuleError { rule: text(rule), reason };
        let lower = rule.to_ascii_lowercase();
        match lower.as_slice() {
            b"on" => self.is_on = true,
            b"off" => self.is_on = false,
            b"nopass" => {
                self.needs_no_password = true;
                self.passwords.clear();
            }
            b"resetpass" => {
                self.needs_no_password = false;
                self.passwords.clear();
            }
            b"allkeys" => self.add_key(b"*", true, true).map_err(failed)?,
            b"resetkeys" => self.keys.clear(),
            b"allchannels" => self.channels = vec![b"*".to_vec()],
            b"resetchannels" => self.channels.clear(),
            b"allcommands" => self.add_command(true, b"@all").map_err(failed)?,
            b"nocommands" => self.add_command(false, b"@all").map_err(failed)?,
            b"sanitize-payload" => self.sanitizes = true,
            b"skip-sanitize-payload" => self.sanitizes = false,
            // There are none to clear.
            b"clearselectors" => {}
            b"reset" => *self = User::powerless(&self.name),
            _ => self.apply_prefixed(rule, &lower).map_err(failed)?,
        }
        Ok(())
    }

    fn apply_prefixed(&mut self, rule: &[u8], lower: &[u8]) -> Result<(), &'static str> {
        match rule {
            [b'>', password @ ..] => self.add_password(Sha256::digest(password).into()),
            [b'<', password @ ..] => self.drop_password(&Sha256::digest(password).into()),
            [b'#', hex @ ..] => self.add_password(hash(hex)?),
            [b'!', hex @ ..] => self.drop_password(&hash(hex)?),
            // Redis's files of users could not hold them.
            [b'~' | b'%' | b'&', ..]
                if rule.iter().any(|byte| byte.is_ascii_whitespace() || *byte == 0) =>
            {
                Err("Syntax error")
            }
            [b'~', pattern @ ..] => self.add_key(pattern, true, true),
            [b'%', ..] => {
                let tilde = rule.iter().position(|byte| *byte == b'~').ok_or("Syntax error")?;
                let (flags, pattern) = (rule.get(1..tilde), rule.get(tilde + 1..));
                let (Some(flags), Some(pattern)) = (flags, pattern) else {
                    return Err("Syntax error");
                };
                let has = |flag: u8| flags.iter().any(|byte| byte.eq_ignore_ascii_case(&flag));
                let is_known = |byte: &u8| matches!(byte.to_ascii_uppercase(), b'R' | b'W');
                if flags.is_empty() || !flags.iter().all(is_known) {
                    return Err("Syntax error");
                }
                self.add_key(pattern, has(b'R'), has(b'W'))
            }
            [b'&', pattern @ ..] => {
                if self.channels.iter().any(|channel| channel == b"*") && pattern != b"*" {
                    return Err(
                        "Adding a pattern after the * pattern (or the 'allchannels' flag) \
                                is not valid and does not have any effect. Try 'resetchannels' to \
                                start with an empty list of channels",
                    );
                }
                limited(&mut self.channels, pattern.to_vec())
            }
            [b'+', _, ..] => self.add_command(true, lower.get(1..).unwrap_or_default()),
            [b'-', _, ..] => self.add_command(false, lower.get(1..).unwrap_or_default()),
            [b'(', ..] => Err("Selectors are not supported"),
            _ => Err("Syntax error"),
        }
    }

    fn add_password(&mut self, hash: Hash) -> Result<(), &'static str> {
        if self.passwords.len() >= RULES_MAX {
            return Err("There are too many");
        }
        self.needs_no_password = false;
        self.passwords.insert(hash);
        Ok(())
    }

    fn drop_password(&mut self, hash: &Hash) -> Result<(), &'static str> {
        let is_known = self.passwords.remove(hash);
        if is_known {
            Ok(())
        } else {
            Err("The password you are trying to remove from the user does not exist")
        }
    }

    fn add_key(&mut self, pattern: &[u8], read: bool, write: bool) -> Result<(), &'static str> {
        if self.has_all_keys() && pattern != b"*" {
            return Err(
                "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid \
                        and does not have any effect. Try 'resetkeys' to start with an empty list \
                        of patterns",
            );
        }
        if pattern == b"*" && read && write {
            self.keys.clear();
        }
        limited(&mut self.keys, KeyPattern { pattern: pattern.to_vec(), read, write })
    }

    fn add_command(&mut self, allows: bool, subject: &[u8]) -> Result<(), &'static str> {
        const UNKNOWN: &str = "Unknown command or category name in ACL";
        let subject = match subject {
            b"@all" => {
                // Nothing that was said before counts any longer; what is not allowed is denied.
                self.commands.clear();
                Subject::All
            }
            [b'@', ..] => {
                let name = std::str::from_utf8(subject).map_err(|_| UNKNOWN)?;
                let known = Categories::NAMES.iter().find(|(known, _)| *known == name);
                Subject::Category(known.ok_or(UNKNOWN)?.0)
            }
            name => {
                let spec = find_by_full_name(name).ok_or(UNKNOWN)?;
                Subject::Command(spec.name.to_owned())
            }
        };
        self.commands.retain(|rule| rule.subject != subject);
        if subject == Subject::All && !allows {
            return Ok(());
        }
        limited(&mut self.commands, CommandRule { allows, subject })
    }

    /// `+@all`, `-@all +get -@dangerous`
    pub(crate) fn commands_text(&self) -> String {
        let is_all = self.commands.first().is_some_and(|rule| rule.subject == Subject::All);
        let mut words = Vec::new();
        if !is_all {
            words.push("-@all".to_owned());
        }
        words.extend(self.commands.iter().map(|rule| {
            let sign = if rule.allows { '+' } else { '-' };
            match &rule.subject {
                Subject::All => format!("{sign}@all"),
                Subject::Category(name) => format!("{sign}{name}"),
                Subject::Command(name) => format!("{sign}{name}"),
            }
        }));
        words.join(" ")
    }

    /// `~*`, `~a* %R~b*`
    pub(crate) fn keys_text(&self) -> String {
        let show = |key: &KeyPattern| {
            let pattern = text(&key.pattern);
            match (key.read, key.write) {
                (true, true) => format!("~{pattern}"),
                (true, false) => format!("%R~{pattern}"),
                _ => format!("%W~{pattern}"),
            }
        };
        self.keys.iter().map(show).collect::<Vec<_>>().join(" ")
    }

    /// `&*`, or nothing
    pub(crate) fn channels_text(&self) -> String {
        let show = |pattern: &Vec<u8>| format!("&{}", text(pattern));
        self.channels.iter().map(show).collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn flags(&self) -> Vec<&'static str> {
        let mut flags = vec![if self.is_on { "on" } else { "off" }];
        if self.needs_no_password {
            flags.push("nopass");
        }
        if !self.sanitizes {
            flags.push("skip-sanitize-payload");
        }
        flags
    }

    /// Hexadecimal SHA-256 of each.
    pub(crate) fn passwords(&self) -> Vec<String> {
        let hex = |hash: &Hash| hash.iter().map(|byte| format!("{byte:02x}")).collect();
        self.passwords.iter().map(hex).collect()
    }

    /// As `ACL LIST` shows it: rules that make the same user.
    pub(crate) fn rules_text(&self) -> String {
        let mut words = vec!["user".to_owned(), self.name.clone()];
        words.extend(self.flags().into_iter().map(str::to_owned));
        words.extend(self.passwords().iter().map(|hash| format!("#{hash}")));
        let channels = self.channels_text();
        let channels =
            if channels == "&*" { channels } else { format!("resetchannels {channels}") };
        for part in [self.keys_text(), channels.trim_end().to_owned(), self.commands_text()] {
            if !part.is_empty() {
                words.push(part);
            }
        }
        words.join(" ")
    }
}

/// `get`, or `config|get`.
pub(super) fn find_by_full_name(name: &[u8]) -> Option<&'static Spec> {
    let mut parts = name.splitn(2, |byte| *byte == b'|');
    let command = commands::find(parts.next()?)?;
    match parts.next() {
        None => Some(command),
        Some(own) => commands::find_subcommand(command, own),
    }
}

fn limited<T: PartialEq>(list: &mut Vec<T>, item: T) -> Result<(), &'static str> {
    if list.contains(&item) {
        return Ok(());
    }
    if list.len() >= RULES_MAX {
        return Err("There are too many");
    }
    list.push(item);
    Ok(())
}

fn hash(hex: &[u8]) -> Result<Hash, &'static str> {
    const WRONG: &str = "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters";
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut hash = [0; 32];
    let (pairs, rest) = hex.as_chunks::<2>();
    if pairs.len() != hash.len() || !rest.is_empty() {
        return Err(WRONG);
    }
    for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
        *byte = digit(*high).zip(digit(*low)).map(|(high, low)| high << 4 | low).ok_or(WRONG)?;
    }
    Ok(hash)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
