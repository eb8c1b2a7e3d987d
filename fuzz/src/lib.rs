//! Fuzz targets, one file per parser; see README.md.

#![cfg(test)]

mod near;

mod agents;
mod archives;
mod cache;
mod cache_files;
mod cookies;
mod durations;
mod exchanges;
mod http1;
mod json_paths;
mod options;
mod pages;
mod records;
mod results;
mod resp;
mod segments;
mod services;
mod settings;
mod targets;
mod thresholds;
mod urls;
