//! Real processes, watched.

#[test]
fn placeholder() {}
