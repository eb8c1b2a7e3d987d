//! Numbers as text: the forms that k6's users and their scripts know.

pub mod bytes;
pub mod duration;
pub mod number;
pub mod time;
