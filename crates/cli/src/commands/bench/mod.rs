//! `plimsoll bench`: variants run in turn, several times each, and compared.
//!
//! Each run is a process of its own, so that none inherits the memory, the connections or the luck of
//! the one before.

mod variant;

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use plimsoll_outputs::record::{EXTENSION, Runs};
use plimsoll_runtime::{clock::Instant, shutdown};
use plimsoll_script::options::parse_go_duration;

use super::compare;
use crate::{
    Session,
    args::{BenchArgs, CompareArgs},
    exit::{Exit, Failure},
};
use variant::Variant;

/// Lines of a failed run's output that are shown.
const TAIL_LINES: usize = 20;

const INTERRUPTED: &str = "interrupted: nothing was compared";

/// Between two looks at a pause's end and at signals.
const TICK: Duration = Duration::from_millis(50);

pub(crate) fn bench(args: &BenchArgs, session: &Session) -> Result<Exit, Failure> {
    let variants = variant::all(&args.variants, &args.command)?;
    let pause = parse_go_duration(&args.pause).ok().filter(|pause| !pause.is_negative());
    let pause = pause.ok_or_else(|| {
        Failure::new(Exit::Other, format!("--pause {}: not a time like 1s", args.pause))
    })?;
    let comparison = CompareArgs {
        groups: Vec::new(),
        fail_if: args.fail_if.clone(),
        margin: args.margin.clone(),
        format: args.format,
        // What differs between the variants is what is asked about.
        anyway: true,
    };
    compare::check_flags(&comparison)?;
    let folder = folder(args.folder.as_deref())?;
    let folders = variants
        .iter()
        .map(|variant| prepare(&folder.join(&variant.name)))
        .collect::<Result<Vec<_>, _>>()?;
    // Ctrl-C reaches the run too, which ends gracefully; then there is no next one.
    let signals = shutdown::listen()
        .map_err(|error| Failure::new(Exit::Other, format!("cannot listen for Ctrl-C: {error}")))?;
    signals
        .spawn(|_, _| {})
        .map_err(|error| Failure::new(Exit::Other, format!("cannot listen for Ctrl-C: {error}")))?;
    let total = args.runs as usize * variants.len();
    let mut done = 0;
    for round in 0..args.runs {
        for at in turn(round, variants.len()) {
            let (Some(variant), Some(folder)) = (variants.get(at), folders.get(at)) else {
                continue;
            };
            wait(pause.to_std())?;
            before(args.before.as_deref())?;
            done += 1;
            let began = Instant::now();
            run(variant, folder, round + 1)?;
            let seconds = began.elapsed().as_secs_f64();
            session.log.info(&format!("{done}/{total} {}: {seconds:.1} s", variant.name));
        }
    }
    let groups = variants.iter().zip(&folders);
    let groups = groups.map(|(variant, folder)| format!("{}={}", variant.name, folder.display()));
    let exit = compare::run(&CompareArgs { groups: groups.collect(), ..comparison }, session)?;
    session.log.info(&format!("the run records are in {}", folder.display()));
    Ok(exit)
}

/// The order of a round: there and back, so that a drift of the machine falls on all alike.
fn turn(round: u32, variants: usize) -> Vec<usize> {
    let forth = 0..variants;
    if round.is_multiple_of(2) { forth.collect() } else { forth.rev().collect() }
}

/// A new folder, or the one that is asked for.
fn folder(asked: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(asked) = asked {
        return Ok(asked.to_owned());
    }
    let runs = Runs::of_user(|name| std::env::var_os(name)).ok_or_else(|| {
        Failure::new(Exit::Other, "no place for run records is known")
            .with_hint("give --folder, or set HOME or XDG_STATE_HOME")
    })?;
    let state = runs.directory().parent().unwrap_or(runs.directory());
    Ok(state.join("bench").join(format!("{}", Instant::now().unix_nanos() / 1_000_000)))
}

/// Makes a variant's folder. One with records in it is refused: they would be counted.
fn prepare(folder: &Path) -> Result<PathBuf, Failure> {
    let failed =
        |error: std::io::Error| Failure::new(Exit::Other, format!("{}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    for entry in folder.read_dir().map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == EXTENSION) {
            let message = format!("{}: there are run records in it", folder.display());
            return Err(Failure::new(Exit::Other, message).with_hint("name another --folder"));
        }
    }
    Ok(folder.to_owned())
}

fn wait(pause: Duration) -> Result<(), Failure> {
    let until = Instant::now() + pause;
    loop {
        if shutdown::requests() > 0 {
            return Err(Failure::new(Exit::Interrupted, INTERRUPTED));
        }
        let left = until.since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::park_timeout(left.min(TICK));
    }
}

fn before(command: Option<&str>) -> Result<(), Failure> {
    let Some(command) = command else { return Ok(()) };
    let failed = |why: String| Failure::new(Exit::Other, format!("--before {command}: {why}"));
    let mut shell = Command::new("sh");
    let status = shell.args(["-c", command]).stdin(Stdio::null()).stdout(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(format!("it ended with {status}"))),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// One run, in a process of its own, with its record and its output in `folder`.
fn run(variant: &Variant, folder: &Path, number: u32) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(Exit::Other, format!("start {}: {error}", variant.name))
    };
    let log = folder.join(format!("{number:03}.log"));
    let output = File::create(&log).map_err(failed)?;
    let mut command = Command::new(std::env::current_exe().map_err(failed)?);
    command.args(&variant.words).arg("--record");
    command.arg(folder.join(format!("{number:03}.{EXTENSION}")));
    command.stdin(Stdio::null()).stdout(output.try_clone().map_err(failed)?).stderr(output);
    let status = command.status().map_err(failed)?;
    // A threshold that is crossed is an outcome like any other.
    let crossed = i32::from(Exit::ThresholdsFailed.code());
    if status.success() || status.code() == Some(crossed) {
        return Ok(());
    }
    if shutdown::requests() > 0 {
        return Err(Failure::new(Exit::Interrupted, INTERRUPTED));
    }
    let text = std::fs::read_to_string(&log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let tail = lines.get(lines.len().saturating_sub(TAIL_LINES)..).unwrap_or_default().join("\n");
    let message = format!("run {number} of {} ended with {status}", variant.name);
    Err(Failure::new(Exit::Other, message).with_hint(format!("{}: {tail}", log.display())))
}

#[cfg(test)]
mod tests {
    use super::turn;

    #[test]
    fn there_and_back() {
        assert_eq!([turn(0, 3), turn(1, 3), turn(2, 3)], [[0, 1, 2], [2, 1, 0], [0, 1, 2]]);
    }
}
