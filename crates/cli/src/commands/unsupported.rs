//! Verbs and flags of k6 that are not here: each says so, none is ignored.

use crate::{
    args::{GlobalFlags, RunArgs},
    exit::{Exit, Failure},
};

/// A verb that clap does not know.
pub(crate) fn verb(words: &[String]) -> Failure {
    let name = words.first().map_or("", String::as_str);
    let hint = match name {
        "cloud" | "login" => {
            "it needs the cloud of k6; `plimsoll run` runs the script on this machine"
        }
        "pause" | "resume" | "scale" | "status" | "stats" => {
            "it needs the REST API of k6; end a run with Ctrl-C, see it with `plimsoll runs`"
        }
        "x" | "deps" => "Go extensions of k6 run in k6 only",
        "features" => "there are no feature flags",
        _ => {
            return Failure::new(
                Exit::Other,
                format!("unknown command \"{name}\" for \"plimsoll\""),
            )
            .with_hint("see plimsoll --help");
        }
    };
    Failure::new(Exit::Other, format!("`{name}` is not supported")).with_hint(hint)
}

/// Flags that k6 has and that would be ignored.
pub(crate) fn global(flags: &GlobalFlags) -> Result<(), Failure> {
    let no_api = "there is no REST API; end a run with Ctrl-C";
    if flags.address.as_deref().is_some_and(|address| !address.is_empty()) {
        return Err(flag("--address", no_api));
    }
    if flags.profiling_enabled {
        return Err(flag("--profiling-enabled", "profile the process with perf"));
    }
    if !flags.secret_source.is_empty() {
        return Err(flag("--secret-source", "pass secrets with -e NAME=VALUE or in files"));
    }
    Ok(())
}

/// The same for `run`.
pub(crate) fn run(args: &RunArgs) -> Result<(), Failure> {
    if args.options.paused {
        return Err(flag("--paused", "there is no REST API to resume with"));
    }
    if args.runtime.traces_output != "none" {
        return Err(flag("--traces-output", "traces are not supported"));
    }
    Ok(())
}

fn flag(name: &str, hint: &str) -> Failure {
    Failure::new(Exit::Other, format!("{name} is not supported")).with_hint(hint)
}
