//! The run record's frames: per-second merged histograms of all series, as bytes. See docs/run-record.md.
