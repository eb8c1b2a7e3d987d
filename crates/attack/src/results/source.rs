//! Where hits come from: one after the other, without copies, whatever the format.

use std::{borrow::Cow, fmt, io};

use super::{
    Hit,
    binary::{End, Start},
};

/// Bytes that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    pub what: Cow<'static, str>,
    /// Where they start in the input.
    pub offset: u64,
    pub skipped: u64,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Damage { what, offset, skipped } = self;
        write!(f, "{what}: {skipped} bytes from byte {offset} on are not used")
    }
}

/// What [`Source::advance`] came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// [`Source::hit`] has it.
    Hit,
    Start(Start),
    End(End),
    /// What follows may be good.
    Damage(Damage),
    /// There is nothing more, now and later.
    Over,
}

/// Hits, and what their stream tells beside them.
pub trait Source {
    /// Goes to what comes next. Blocks as long as the input does.
    ///
    /// # Errors
    /// When the input cannot be read.
    fn advance(&mut self) -> io::Result<Step>;

    /// The hit that [`Source::advance`] came to last.
    fn hit(&self) -> Hit<'_>;
}

impl Source for Box<dyn Source + Send> {
    fn advance(&mut self) -> io::Result<Step> {
        (**self).advance()
    }

    fn hit(&self) -> Hit<'_> {
        (**self).hit()
    }
}
