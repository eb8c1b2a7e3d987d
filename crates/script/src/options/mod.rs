//! k6 options: the shape in scripts, config files, the environment and flags; consolidation; checks.

/// All options of a run, as one layer (unset = `None`) or consolidated.
#[derive(Clone, Debug, Default)]
pub struct Options {}
