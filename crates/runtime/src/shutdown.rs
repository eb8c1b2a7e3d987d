//! Ctrl-C and SIGTERM.
