//! A virtual user: its coroutine, its JavaScript runtime, its event loop and its state.

pub mod state;
pub mod suspend;

pub use state::{Phase, VuState};
