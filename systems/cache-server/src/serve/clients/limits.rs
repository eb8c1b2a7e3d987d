//! Output-buffer classes as Redis has them: a hard limit, and a soft one with how long it may be passed.

use crate::store::Millis;

/// Limits of one class, in bytes; 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClassLimit {
    pub(crate) hard: usize,
    pub(crate) soft: usize,
    /// How long the soft limit may be passed.
    pub(crate) seconds: u64,
}

/// Who a connection is to the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Normal,
    Pubsub,
}

/// Limits of all classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClassLimits {
    pub(crate) normal: ClassLimit,
    /// Configured as in Redis; there are no replicas.
    pub(crate) replica: ClassLimit,
    pub(crate) pubsub: ClassLimit,
}

impl ClassLimit {
    /// Whether `bytes` may not wait any longer. `since` keeps when the soft limit was passed.
    pub(crate) fn is_over(&self, bytes: usize, since: &mut Option<Millis>, now: Millis) -> bool {
        if self.hard != 0 && bytes > self.hard {
            return true;
        }
        if self.soft == 0 || bytes <= self.soft {
            *since = None;
            return false;
        }
        let passed = now.0.saturating_sub(since.get_or_insert(now).0);
        passed >= self.seconds.saturating_mul(1_000)
    }
}

impl ClassLimits {
    /// Redis's defaults.
    pub(crate) const DEFAULT: ClassLimits = ClassLimits {
        normal: ClassLimit { hard: 0, soft: 0, seconds: 0 },
        replica: ClassLimit { hard: 256 << 20, soft: 64 << 20, seconds: 60 },
        pubsub: ClassLimit { hard: 32 << 20, soft: 8 << 20, seconds: 60 },
    };

    /// Reads `normal 0 0 0 pubsub 32mb 8mb 60`; classes that are not named keep what they have in
    /// `self`.
    ///
    /// # Errors
    /// Redis's text, for a class, a size or a count that cannot be.
    pub(crate) fn read(mut self, text: &str) -> Result<ClassLimits, &'static str> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let groups = words.chunks_exact(4);
        if !groups.remainder().is_empty() || words.is_empty() {
            return Err("Wrong number of arguments in buffer limit configuration.");
        }
        for group in groups {
            let [class, hard, soft, seconds] = group else { continue };
            let place = match class.to_ascii_lowercase().as_str() {
                "normal" => &mut self.normal,
                "slave" | "replica" => &mut self.replica,
                "pubsub" => &mut self.pubsub,
                _ => return Err("Invalid client class specified in buffer limit configuration."),
            };
            let invalid =
                "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
            let bytes = |text: &str| memory(text).and_then(|bytes| usize::try_from(bytes).ok());
            *place = ClassLimit {
                hard: bytes(hard).ok_or(invalid)?,
                soft: bytes(soft).ok_or(invalid)?,
                seconds: seconds.parse().map_err(|_| invalid)?,
            };
        }
        Ok(self)
    }

    /// As `CONFIG GET` shows it: Redis's older word for replicas is part of the protocol.
    pub(crate) fn text(&self) -> String {
        let show = |limit: &ClassLimit| format!("{} {} {}", limit.hard, limit.soft, limit.seconds);
        let ClassLimits { normal, replica, pubsub } = self;
        format!("normal {} slave {} pubsub {}", show(normal), show(replica), show(pubsub))
    }

    pub(crate) fn of(&self, class: Class) -> &ClassLimit {
        match class {
            Class::Normal => &self.normal,
            Class::Pubsub => &self.pubsub,
        }
    }
}

/// `100`, `64kb`, `1G`: units with a `b` count in 1024s, those without in 1000s, as in Redis.
pub(crate) fn memory(text: &str) -> Option<u64> {
    let text = text.to_ascii_lowercase();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let factor = match unit {
        "" | "b" => 1,
        "k" => 1_000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("0", Some(0)),
            ("100", Some(100)),
            ("1k", Some(1_000)),
            ("1Kb", Some(1_024)),
            ("2mb", Some(2 << 20)),
            ("1G", Some(1_000_000_000)),
            ("", None),
            ("mb", None),
            ("1tb", None),
            ("-1", None),
            ("99999999999gb", None),
        ] {
            assert_eq!(memory(text), expected, "{text}");
        }
    }

    #[test]
    fn classes_are_read_and_shown() {
        let read = ClassLimits::DEFAULT.read("pubsub 1mb 2kb 3 normal 4 5 6").unwrap();
        let shown = "normal 4 5 6 slave 268435456 67108864 60 pubsub 1048576 2048 3";
        assert_eq!(read.text(), shown);
        assert_eq!(ClassLimits::DEFAULT.read(shown).unwrap(), read);
        for wrong in ["", "normal 1 2", "other 1 2 3", "normal x 2 3", "normal 1 2 y"] {
            assert!(ClassLimits::DEFAULT.read(wrong).is_err(), "{wrong}");
        }
    }
}
