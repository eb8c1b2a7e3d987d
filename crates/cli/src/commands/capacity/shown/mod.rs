//! A search as it is shown: in words, as JSON, on its page and in reports.

mod causes;
pub(super) mod following;
pub(super) mod json;
mod live;
pub(super) mod pages;
pub(super) mod report;
pub(super) mod retell;
pub(super) mod sentences;
pub(super) mod story;
pub(super) mod tried;
pub(super) mod words;
