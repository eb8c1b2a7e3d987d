//! `plimsoll serve cache` beside redis-server and memcached: each with one thread on one core, what loads them
//! on the other.
//!
//! Rows can be chosen with `--only`; each starts servers of its own, so that no row meets what another left.

mod bench;
mod churn;
mod client;
mod closed;
mod fills;
mod hits;
mod idle;
mod library;
mod memory;
mod requests;
mod speed;
mod stalls;

use std::time::Instant;

use anyhow::{Result, bail, ensure};

use self::bench::Bench;
use super::Settings;

/// A row's name, other names under which parts of it can be asked for, and what measures it.
struct Row {
    name: &'static str,
    parts: &'static [&'static str],
    run: fn(&Bench<'_>) -> Result<()>,
}

const ROWS: &[Row] = &[
    Row { name: "benchmark", parts: speed::PARTS, run: speed::benchmark },
    Row { name: "attack", parts: &[], run: speed::attack },
    Row { name: "closed", parts: &[], run: closed::run },
    Row { name: "memory", parts: &[], run: memory::run },
    Row { name: "churn", parts: &[], run: churn::run },
    Row { name: "hits", parts: &[], run: hits::run },
    Row { name: "idle", parts: &[], run: idle::run },
    Row { name: "fills", parts: &[], run: fills::run },
    Row { name: "stalls", parts: &[], run: stalls::run },
    Row { name: "library", parts: &[], run: library::run },
];

impl Row {
    fn is_wanted(&self, settings: &Settings) -> bool {
        settings.wants(self.name) || self.parts.iter().any(|part| settings.wants(part))
    }
}

/// All rows that are wanted. One that cannot be measured does not keep the others from it.
#[expect(clippy::disallowed_methods, reason = "xtask measures without the runtime crate")]
pub(super) fn run(settings: &Settings) -> Result<()> {
    check_names(settings)?;
    let bench = Bench::new(settings)?;
    let began = Instant::now();
    let mut failed = Vec::new();
    println!("servers with one thread on core 0, what loads them on core 1");
    println!("{} rounds of about {} s, medians", settings.rounds, settings.duration.as_secs());
    for row in ROWS.iter().filter(|row| row.is_wanted(settings)) {
        println!("\n== {}", row.name);
        let row_began = Instant::now();
        if let Err(error) = (row.run)(&bench) {
            println!("  not measured: {error:#}");
            failed.push(row.name);
        }
        println!("  ({:.0} s)", row_began.elapsed().as_secs_f64());
    }
    println!("\n{:.1} minutes", began.elapsed().as_secs_f64() / 60.0);
    ensure!(failed.is_empty(), "not measured: {}", failed.join(", "));
    Ok(())
}

fn check_names(settings: &Settings) -> Result<()> {
    for name in settings.only.iter().flat_map(|only| only.split(',')) {
        if !ROWS.iter().any(|row| row.name == name || row.parts.contains(&name)) {
            let known: Vec<&str> = ROWS
                .iter()
                .flat_map(|row| [row.name].into_iter().chain(row.parts.iter().copied()))
                .collect();
            bail!("no row is called `{name}`: {}", known.join(", "));
        }
    }
    Ok(())
}
