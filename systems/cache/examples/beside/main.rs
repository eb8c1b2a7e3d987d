//! The cache as a library beside moka and quick_cache: memory per item, hit ratios in as many items and
//! in as much memory, and operations per second of CPU time with one and two threads.
//!
//! `cargo run --release -p plimsoll-cache --example beside -- [--only memory|ratio|speed]
//! [--objects N] [--requests N] [--rounds N]`

#![expect(clippy::print_stdout, reason = "an example prints what it found")]

mod caches;
mod memory;
mod ratio;
mod speed;
mod trace;

use std::{env, error::Error};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Objects that are asked for, and how often.
struct Settings {
    objects: u32,
    requests: usize,
    rounds: usize,
}

fn main() -> Outcome {
    let mut settings = Settings { objects: 400_000, requests: 2_000_000, rounds: 3 };
    let mut only: Option<String> = None;
    let mut words = env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
        match word.as_str() {
            "--only" => only = Some(value),
            "--objects" => settings.objects = value.parse()?,
            "--requests" => settings.requests = value.parse()?,
            "--rounds" => settings.rounds = value.parse()?,
            // Asked of this program by itself, as each cache is measured in a process of its own.
            "--resident" => return memory::child(&value),
            other => return Err(format!("unknown argument `{other}`").into()),
        }
    }
    let wants = |part: &str| only.as_deref().is_none_or(|only| only == part);
    println!("keys of {} bytes, values of {}", trace::KEY_BYTES, trace::VALUE_BYTES);
    if wants("memory") || wants("ratio") {
        let overheads = memory::overheads()?;
        if wants("memory") {
            memory::print(&overheads);
        }
        if wants("ratio") {
            ratio::run(&settings, &overheads)?;
        }
    }
    if wants("speed") {
        speed::run(&settings)?;
    }
    Ok(())
}
