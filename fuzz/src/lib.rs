//! Fuzz targets, one file per parser; see README.md.

#![cfg(test)]

mod near;

mod archives;
mod cookies;
mod durations;
mod exchanges;
mod http1;
mod options;
mod records;
mod resp;
mod segments;
mod settings;
mod thresholds;
mod urls;
