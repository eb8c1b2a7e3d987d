//! What came of each hit: the value, and the forms in which it is written and read.

mod hit;

pub use hit::Hit;
