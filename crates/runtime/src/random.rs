//! Seeded randomness.
