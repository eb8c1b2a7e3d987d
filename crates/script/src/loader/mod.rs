//! Finds, reads, translates and compiles modules, once for all VUs.
