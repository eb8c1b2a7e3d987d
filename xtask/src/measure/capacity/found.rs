//! One search, and what it said.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result};
use serde_json::Value;

use super::quota::Quota;
use crate::measure::server::scratch;

/// What a search said.
pub(super) struct Found {
    pub(super) code: Option<i32>,
    pub(super) result: Value,
}

impl Found {
    pub(super) fn capacity(&self) -> Option<f64> {
        self.result["capacity"]["value"].as_f64()
    }

    pub(super) fn capacity_words(&self) -> String {
        let capacity = &self.result["capacity"];
        let number = |name: &str| {
            capacity[name].as_f64().map_or_else(|| "?".to_owned(), |rate| format!("{rate:.0}"))
        };
        match capacity.is_null() {
            true => "none".to_owned(),
            false => format!("{} ({} to {})", number("value"), number("low"), number("high")),
        }
    }

    /// The resource that is named, and the verdict in words.
    pub(super) fn verdict(&self) -> (Option<&str>, String) {
        let named = &self.result["bottleneck"];
        let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
        match named["resource"].as_str() {
            Some(resource) => {
                let limit = named["limit"]["value"].as_f64();
                let limit = limit.map_or(String::new(), |rate| format!(", limit {rate:.0}/s"));
                let taken = named["demand"].as_str();
                let taken = taken.map_or(String::new(), |taken| format!(", {taken} each"));
                (Some(resource), text(&named["words"]) + &taken + &limit)
            }
            None => (None, text(&self.result["not_identified"]["reason"])),
        }
    }
}

/// Runs a search, if told in a cgroup. Its trials and what it said stay in a folder of that name.
pub(super) fn search(
    binary: &Path,
    name: &str,
    quota: Option<&Quota>,
    arguments: &[&str],
) -> Result<Found> {
    let folder = scratch(&format!("capacity/{}", name.replace([' ', ',', '/'], "-")))?;
    let mut command = match quota {
        None => Command::new(binary),
        Some(quota) => quota.command(binary),
    };
    command.arg("capacity").args(arguments).arg("--json");
    command.arg("--state").arg(folder.join("trials.jsonl"));
    let output = command.stdin(Stdio::null()).output().context("run plimsoll capacity")?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    fs::write(folder.join("said.txt"), &said)?;
    fs::write(folder.join("result.json"), &output.stdout)?;
    let result = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("the search gave no JSON: {said}"))?;
    Ok(Found { code: output.status.code(), result })
}
