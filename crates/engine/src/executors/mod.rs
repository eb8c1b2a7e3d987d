//! One file per executor.
