//! Statistics of few values: ranks rather than means, exact rather than asymptotic.
//!
//! A run gives one value of each figure, and runs are few. So nothing here takes a distribution for
//! granted, and small numbers are counted out.

mod holm;
mod order;
mod rank_sum;
mod share;
mod shift;
mod student;
mod trend;

pub use holm::holm;
pub use order::{median, quantile};
pub use rank_sum::{EXACT_LIMIT, cliffs_delta, p_value, smallest_p_value};
pub use share::{Share, ratio_error, share};
pub use shift::{Interval, Shift, shift};
pub use student::student;
pub use trend::{Slope, slope, z_of};
