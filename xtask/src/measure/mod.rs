//! `cargo xtask measure NAME`: us and the peers on the same work, in turn, several rounds, as ratios.
//!
//! CPU per request (user + system of the process) comes first: it is steady on a noisy machine,
//! where throughput is not.

mod attack;
mod cache;
mod capacity;
mod compare;
mod http;
mod peers;
mod process;
mod script;
mod server;
mod table;
mod watch;

use std::time::Duration;

use anyhow::{Context, Result, bail};

const NAMES: &str = "script, http, attack, watch, capacity, compare, cache";

/// What the command line asks for.
pub(crate) struct Settings {
    rounds: usize,
    duration: Duration,
    only: Option<String>,
}

impl Settings {
    /// Whether `--only`, which may name several separated by commas, leaves a case in.
    fn wants(&self, case: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only.split(',').any(|wanted| wanted == case))
    }
}

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (name, settings) = parse(arguments)?;
    match name.as_str() {
        "script" => script::run(&settings),
        "http" => http::run(&settings),
        "attack" => attack::run(&settings),
        "watch" => watch::run(&settings),
        "capacity" => capacity::run(&settings),
        "compare" => compare::run(&settings),
        "cache" => cache::run(&settings),
        other => bail!("no measurement is called `{other}`: {NAMES}"),
    }
}

fn parse(arguments: &[String]) -> Result<(String, Settings)> {
    let mut name = None;
    let mut settings = Settings { rounds: 3, duration: Duration::from_secs(10), only: None };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} needs a value"));
        match word.as_str() {
            "--rounds" => settings.rounds = value()?.parse().context("--rounds takes a number")?,
            "--seconds" => {
                let seconds = value()?.parse().context("--seconds takes whole seconds")?;
                settings.duration = Duration::from_secs(seconds);
            }
            "--only" => settings.only = Some(value()?.clone()),
            other if !other.starts_with('-') && name.is_none() => name = Some(other.to_owned()),
            other => bail!("unknown argument `{other}`"),
        }
    }
    Ok((name.with_context(|| format!("which measurement? {NAMES}"))?, settings))
}
