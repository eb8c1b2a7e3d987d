//! `plimsoll attack` and its results, against the sample service.

mod bad_input;
mod endings;
mod honesty;
mod paces;
mod redis;
mod sending;

use plimsoll_e2e::{Run, Tool, command, finish};
use serde_json::Value;

/// An attack and the results that it wrote.
struct Attack {
    run: Run,
    /// Each hit as `plimsoll encode -to json` shows it, by due time.
    hits: Vec<Value>,
}

impl Attack {
    /// By number instead. That is the order in which they started, which is not the one in which they
    /// were due when one of the threads is late.
    fn sort_in_turn(&mut self) {
        self.hits.sort_by_key(|hit| hit["seq"].as_u64());
    }

    fn code_of(&self, hit: usize) -> i64 {
        self.hits[hit]["code"].as_i64().unwrap()
    }

    fn text_of(&self, hit: usize, key: &str) -> &str {
        self.hits[hit][key].as_str().unwrap()
    }

    /// As `plimsoll report -type json` shows it.
    fn report(&self) -> Value {
        serde_json::from_str(&read(&self.run, &["report", "-type=json", "results.bin"])).unwrap()
    }
}

/// What plimsoll makes of a file in the run's folder.
fn read(run: &Run, arguments: &[&str]) -> String {
    let output = command(Tool::Plimsoll, run.folder.path()).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}\n{}", run.said());
    String::from_utf8(output.stdout).unwrap()
}

/// Attacks with `stdin`, the results in a file; the exit code is the caller's to judge.
fn attack_with(arguments: &[&str], stdin: Option<&str>) -> Attack {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(["attack", "-output=results.bin"]).args(arguments);
    read_back(finish(command, folder, stdin))
}

fn read_back(run: Run) -> Attack {
    let lines = read(&run, &["encode", "-to=json", "results.bin"]);
    let mut hits: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    hits.sort_by_key(due);
    Attack { run, hits }
}

/// Attacks with targets of standard input, to a good end.
fn attack(arguments: &[&str], targets: &str) -> Attack {
    let attack = attack_with(arguments, Some(targets));
    assert_eq!(attack.run.code, Some(0), "{}", attack.run.said());
    attack
}

/// When a hit was due, in nanoseconds within its hour.
fn due(hit: &Value) -> i64 {
    let time = hit["timestamp"].as_str().unwrap();
    let (_, time) = time.split_once('T').unwrap();
    let time = time.split(['Z', '+', '-']).next().unwrap();
    let mut parts = time.split(':').skip(1);
    let minutes: i64 = parts.next().unwrap().parse().unwrap();
    let (seconds, fraction) = parts.next().map(|s| s.split_once('.').unwrap_or((s, ""))).unwrap();
    let fraction: i64 = format!("{fraction:0<9}").parse().unwrap();
    (minutes * 60 + seconds.parse::<i64>().unwrap()) * 1_000_000_000 + fraction
}
