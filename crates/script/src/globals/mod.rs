//! Globals beside the modules: console, timers, open, text encoding.
