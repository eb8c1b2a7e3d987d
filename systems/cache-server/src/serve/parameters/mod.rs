//! The server's parameters, as CONFIG GET and SET see them, and as the rest of the server reads them.

mod error;
mod table;
mod value;

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

pub(crate) use error::SetError;
pub(crate) use table::{Change, Kind, PARAMETERS, Parameter, separator};

use self::value::normalize;
use super::{clients::limits::ClassLimits, exclusive, shared};
use crate::glob;

/// What is read often, beside the texts. Written when a parameter changes.
#[derive(Debug, Default)]
pub(crate) struct Hot {
    pub(crate) max_clients: AtomicU64,
    pub(crate) query_bytes_max: AtomicU64,
    pub(crate) bulk_bytes_max: AtomicU64,
    pub(crate) clients_bytes_max: AtomicU64,
    /// In seconds; 0 is none.
    pub(crate) idle_timeout: AtomicU64,
    /// In seconds; 0 is never.
    pub(crate) keep_alive: AtomicU64,
    /// In microseconds, `u64::MAX` for never.
    pub(crate) slowlog_threshold: AtomicU64,
    /// In milliseconds, 0 for never.
    pub(crate) latency_threshold: AtomicU64,
    pub(crate) tracking_keys_max: AtomicU64,
    pub(crate) hotkeys_top: AtomicU64,
    pub(crate) hotkeys_percentage: AtomicU64,
    pub(crate) hotkeys_window_seconds: AtomicU64,
    pub(crate) hotkeys_copied_percentage: AtomicU64,
    /// In microseconds.
    pub(crate) gather: AtomicU64,
}

/// All values.
#[derive(Debug)]
pub(crate) struct Parameters {
    /// As many as there are [`PARAMETERS`], in their order, as CONFIG GET shows them.
    texts: RwLock<Vec<String>>,
    /// In the same order: those that CONFIG SET has changed.
    changed: Box<[AtomicBool]>,
    limits: RwLock<ClassLimits>,
    /// Held by whoever tells the rest of the server of a change.
    pub(crate) applying: Mutex<()>,
    pub(crate) hot: Hot,
}

impl Parameters {
    /// The defaults.
    pub(crate) fn new() -> Parameters {
        let normal = |parameter: &Parameter| {
            normalize(parameter, parameter.default, &ClassLimits::DEFAULT)
                // A test checks that each default is allowed.
                .unwrap_or_else(|_| parameter.default.to_owned())
        };
        let parameters = Parameters {
            texts: RwLock::new(PARAMETERS.iter().map(normal).collect()),
            changed: PARAMETERS.iter().map(|_| AtomicBool::new(false)).collect(),
            limits: RwLock::new(ClassLimits::DEFAULT),
            applying: Mutex::default(),
            hot: Hot::default(),
        };
        parameters.warm();
        parameters
    }

    /// A value as it is; empty for a name that there is not.
    pub(crate) fn text(&self, name: &str) -> String {
        let texts = shared(&self.texts);
        find(name).and_then(|(index, _)| texts.get(index).cloned()).unwrap_or_default()
    }

    /// As [`Parameters::text`], but for what nobody logs.
    pub(crate) fn shown(&self, name: &str) -> String {
        match find(name) {
            Some((_, Parameter { kind: Kind::Secret, .. })) => "(hidden)".to_owned(),
            Some((_, Parameter { kind: Kind::Veiled { veil, .. }, .. })) => veil(&self.text(name)),
            _ => self.text(name),
        }
    }

    /// A number; 0 for what is none.
    pub(crate) fn number(&self, name: &str) -> i64 {
        let text = self.text(name);
        text.parse::<u64>().map_or_else(
            |_| text.parse().unwrap_or(0),
            |number| i64::try_from(number).unwrap_or(i64::MAX),
        )
    }

    pub(crate) fn limits(&self) -> ClassLimits {
        *shared(&self.limits)
    }

    /// Names and values, as CONFIG GET shows them, that match any of the patterns, which ignore case.
    pub(crate) fn matching(&self, patterns: &[&[u8]]) -> Vec<(&'static str, String)> {
        let texts = shared(&self.texts);
        let patterns: Vec<Vec<u8>> =
            patterns.iter().map(|pattern| pattern.to_ascii_lowercase()).collect();
        let is_wanted = |(parameter, _): &(&Parameter, &String)| {
            patterns.iter().any(|pattern| glob::matches(pattern, parameter.name.as_bytes()))
        };
        let shown = |(parameter, text): (&Parameter, &String)| match parameter.kind {
            Kind::Veiled { veil, .. } => (parameter.name, veil(text)),
            _ => (parameter.name, text.clone()),
        };
        PARAMETERS.iter().zip(&*texts).filter(is_wanted).map(shown).collect()
    }

    /// Changes all of them or none; the changed ones' names.
    ///
    /// # Errors
    /// See [`SetError`].
    pub(crate) fn set(&self, pairs: &[(&str, &str)]) -> Result<Vec<&'static str>, SetError> {
        let mut changes: Vec<(usize, &'static str, String)> = Vec::new();
        for (name, value) in pairs {
            let (index, parameter) =
                find(name).ok_or_else(|| SetError::Unknown((*name).to_owned()))?;
            if parameter.change != Change::Always {
                return Err(SetError::Immutable(parameter.name));
            }
            if changes.iter().any(|(other, ..)| *other == index) {
                return Err(SetError::Duplicate(parameter.name));
            }
            let text = normalize(parameter, value, &self.limits())
                .map_err(|reason| SetError::Value { name: parameter.name, reason })?;
            changes.push((index, parameter.name, text));
        }
        for (index, ..) in &changes {
            if let Some(changed) = self.changed.get(*index) {
                changed.store(true, Ordering::Relaxed);
            }
        }
        Ok(self.change(changes))
    }

    /// What CONFIG SET has changed since the start, with what it is now.
    pub(crate) fn changed(&self) -> BTreeMap<&'static str, String> {
        let texts = shared(&self.texts);
        let all = PARAMETERS.iter().zip(&*texts).zip(&self.changed);
        all.filter(|(_, changed)| changed.load(Ordering::Relaxed))
            .map(|((parameter, text), _)| (parameter.name, text.clone()))
            .collect()
    }

    /// At the start: as [`Parameters::set`], also for those that cannot be changed later. The name as the
    /// table has it; none when the value is the only one that there is.
    ///
    /// # Errors
    /// See [`SetError`]; [`SetError::Immutable`] for what nobody can choose.
    pub(crate) fn configure(
        &self,
        name: &str,
        value: &str,
    ) -> Result<Option<&'static str>, SetError> {
        let (index, parameter) = find(name).ok_or_else(|| SetError::Unknown(name.to_owned()))?;
        let text = normalize(parameter, value, &self.limits())
            .map_err(|reason| SetError::Value { name: parameter.name, reason });
        if parameter.change == Change::Never {
            let is_so = text.is_ok_and(|text| text == self.text(parameter.name));
            return if is_so { Ok(None) } else { Err(SetError::Immutable(parameter.name)) };
        }
        self.change(vec![(index, parameter.name, text?)]);
        Ok(Some(parameter.name))
    }

    /// As [`Parameters::configure`], also for what the server finds out by itself.
    ///
    /// # Errors
    /// See [`SetError`].
    pub(crate) fn decide(&self, name: &str, value: &str) -> Result<(), SetError> {
        let (index, parameter) = find(name).ok_or_else(|| SetError::Unknown(name.to_owned()))?;
        let text = normalize(parameter, value, &self.limits())
            .map_err(|reason| SetError::Value { name: parameter.name, reason })?;
        self.change(vec![(index, parameter.name, text)]);
        Ok(())
    }

    fn change(&self, changes: Vec<(usize, &'static str, String)>) -> Vec<&'static str> {
        let mut texts = exclusive(&self.texts);
        let mut names = Vec::new();
        for (index, name, text) in changes {
            if name == "client-output-buffer-limit" {
                let mut limits = exclusive(&self.limits);
                *limits = limits.read(&text).unwrap_or(*limits);
            }
            if let Some(place) = texts.get_mut(index) {
                *place = text;
            }
            names.push(name);
        }
        drop(texts);
        self.warm();
        names
    }

    fn warm(&self) {
        let number = |name| self.number(name).cast_unsigned();
        let hot = &self.hot;
        for (place, value) in [
            (&hot.max_clients, number("maxclients")),
            (&hot.query_bytes_max, number("client-query-buffer-limit")),
            (&hot.bulk_bytes_max, number("proto-max-bulk-len")),
            (&hot.clients_bytes_max, number("maxmemory-clients")),
            (&hot.idle_timeout, number("timeout")),
            (&hot.keep_alive, number("tcp-keepalive")),
            // -1, never, becomes the largest number.
            (&hot.slowlog_threshold, number("slowlog-log-slower-than")),
            (&hot.latency_threshold, number("latency-monitor-threshold")),
            (&hot.tracking_keys_max, number("tracking-table-max-keys")),
            (&hot.hotkeys_top, number("hotkeys-top-k")),
            (&hot.hotkeys_percentage, number("hotkeys-sampling-percentage")),
            (&hot.hotkeys_window_seconds, number("hotkeys-window-seconds")),
            (&hot.hotkeys_copied_percentage, number("hotkeys-copied-percentage")),
            (&hot.gather, number("io-gather-usec")),
        ] {
            place.store(value, Ordering::Relaxed);
        }
    }
}

/// Whether the value of the parameter of that name is shown to nobody but those who ask for it.
pub(crate) fn is_secret(name: &[u8]) -> bool {
    let found = std::str::from_utf8(name).ok().and_then(find);
    found.is_some_and(|(_, parameter)| matches!(parameter.kind, Kind::Secret | Kind::Veiled { .. }))
}

fn find(name: &str) -> Option<(usize, &'static Parameter)> {
    let is_it = |(_, parameter): &(usize, &Parameter)| parameter.name.eq_ignore_ascii_case(name);
    PARAMETERS.iter().enumerate().find(is_it)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_its_defaults_are_allowed() {
        assert!(PARAMETERS.is_sorted_by_key(|parameter| parameter.name));
        for parameter in PARAMETERS {
            let limits = ClassLimits::DEFAULT;
            assert!(normalize(parameter, parameter.default, &limits).is_ok(), "{}", parameter.name);
        }
    }

    #[test]
    fn values_are_shown_as_redis_shows_them() {
        let parameters = Parameters::new();
        for (name, value, shown) in [
            ("maxmemory", "1gb", "1073741824"),
            ("MAXMEMORY-policy", "Allkeys-LRU", "allkeys-lru"),
            ("hz", "20", "20"),
            ("activedefrag", "YES", "yes"),
            ("save", " 60  1 ", "60 1"),
        ] {
            parameters.set(&[(name, value)]).unwrap();
            assert_eq!(parameters.text(name), shown);
        }
        let shown = parameters.matching(&[b"maxmemory*", b"HZ"]);
        let names: Vec<&str> = shown.iter().map(|(name, _)| *name).collect();
        let expected =
            ["hz", "maxmemory", "maxmemory-clients", "maxmemory-policy", "maxmemory-samples"];
        assert_eq!(names, expected);
    }

    #[test]
    fn all_or_nothing() {
        let parameters = Parameters::new();
        for (pairs, error) in [
            ([("hz", "50"), ("nosuch", "1")], "ERR Unknown option"),
            ([("hz", "50"), ("port", "1")], "can't set immutable config"),
            ([("hz", "50"), ("hz", "60")], "duplicate parameter"),
            ([("hz", "50"), ("maxmemory", "x")], "argument must be a memory value"),
            ([("hz", "50"), ("timeout", "-1")], "argument must be between 0 and"),
            ([("hz", "50"), ("maxmemory-policy", "x")], "argument(s) must be one of"),
            ([("hz", "50"), ("save", "60")], "Invalid save parameters"),
            ([("hz", "50"), ("client-output-buffer-limit", "x")], "Wrong number of arguments"),
        ] {
            let found = parameters.set(&pairs).unwrap_err().to_string();
            assert!(found.contains(error), "{found}");
            assert_eq!(parameters.text("hz"), "10");
        }
    }

    #[test]
    fn what_is_hot_follows() {
        let parameters = Parameters::new();
        let threshold = || parameters.hot.slowlog_threshold.load(Ordering::Relaxed);
        assert_eq!(threshold(), 10_000);
        parameters.set(&[("slowlog-log-slower-than", "-1")]).unwrap();
        assert_eq!(threshold(), u64::MAX);
        parameters.set(&[("client-output-buffer-limit", "pubsub 1 2 3")]).unwrap();
        assert_eq!(parameters.limits().pubsub.hard, 1);
        parameters.decide("port", "6379").unwrap();
        assert_eq!(parameters.number("port"), 6379);
    }
}
