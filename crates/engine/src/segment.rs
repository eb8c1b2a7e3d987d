//! Execution segments: which part of the whole test this instance runs.

/// A part `(from, to]` of the test with the sequence it belongs to; the default is the whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Segment {}
