//! Log lines for people on stderr (or a file), in the shape that k6's users know.

use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Debug,
    Info,
    Warning,
    Error,
}

/// Where and how lines go; a clone is a handle to the same sink. Thread-safe, line by line.
#[derive(Clone)]
pub struct Log(#[expect(dead_code, reason = "filled in by its implementation")] Arc<()>);

impl Log {
    /// `fields` are written as `key=value` behind the message, in the order given.
    pub fn write(&self, level: Level, message: &str, fields: &[(&str, &str)]) {
        todo!("{level:?}{message}{fields:?}")
    }

    pub fn debug(&self, message: &str) {
        self.write(Level::Debug, message, &[]);
    }

    pub fn info(&self, message: &str) {
        self.write(Level::Info, message, &[]);
    }

    pub fn warn(&self, message: &str) {
        self.write(Level::Warning, message, &[]);
    }

    pub fn error(&self, message: &str) {
        self.write(Level::Error, message, &[]);
    }
}
