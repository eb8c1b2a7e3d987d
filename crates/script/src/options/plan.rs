//! From scenarios as written to scenarios that the engine runs: defaults filled in, mistakes named.

use std::time::Duration;

use plimsoll_engine::config::{Executor, Scenario, Stage};

use super::{
    duration::SignedDuration,
    scenario::{ExecutorKind, ScenarioOptions},
    stages::{self, StageOptions},
};

const DEFAULT_MAX_DURATION: SignedDuration = SignedDuration::from_secs(600);
const DEFAULT_GRACE: SignedDuration = SignedDuration::from_secs(30);
const DEFAULT_TIME_UNIT: SignedDuration = SignedDuration::from_secs(1);
/// k6 refuses shorter ones, most of which are forgotten units.
const SHORTEST: SignedDuration = SignedDuration::from_secs(1);

/// The engine's scenario, or everything that is wrong with it in k6's words.
pub(crate) fn scenario(name: &str, options: &ScenarioOptions) -> Result<Scenario, Vec<String>> {
    let mut problems = base_problems(name, options);
    let executor = executor(options, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let external = options.executor == ExecutorKind::ExternallyControlled;
    let grace = if external { SignedDuration::ZERO } else { DEFAULT_GRACE };
    Ok(Scenario {
        name: name.to_owned(),
        executor,
        start_time: options.start_time.unwrap_or_default().to_std(),
        graceful_stop: options.graceful_stop.unwrap_or(grace).to_std(),
        exec: options.exec.clone().unwrap_or_else(|| "default".to_owned()),
        env: options.env.clone().unwrap_or_default(),
        tags: options.tags.clone().unwrap_or_default(),
    })
}

fn base_problems(name: &str, options: &ScenarioOptions) -> Vec<String> {
    let mut problems = Vec::new();
    let mut test = |wrong: bool, text: &str| {
        if wrong {
            problems.push(text.to_owned());
        }
    };
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    test(name.is_empty(), "scenario name can't be empty");
    test(
        name.is_empty() || !name.bytes().all(plain),
        "the scenario name should contain only numbers, latin letters, underscores, and dashes",
    );
    test(options.exec.as_deref() == Some(""), "exec value cannot be empty");
    test(negative(options.start_time), "the startTime can't be negative");
    test(negative(options.graceful_stop), "the gracefulStop timeout can't be negative");
    problems
}

fn negative(duration: Option<SignedDuration>) -> bool {
    duration.is_some_and(SignedDuration::is_negative)
}

/// Fills in defaults; what it returns counts only when `problems` stayed empty.
fn executor(options: &ScenarioOptions, problems: &mut Vec<String>) -> Executor {
    match options.executor {
        ExecutorKind::SharedIterations | ExecutorKind::PerVuIterations => {
            iterations(options, problems)
        }
        ExecutorKind::ConstantVus => {
            let vus = vus(options, problems);
            Executor::ConstantVus { vus, duration: required_duration(options, problems) }
        }
        ExecutorKind::RampingVus => ramping_vus(options, problems),
        ExecutorKind::ConstantArrivalRate => constant_arrival_rate(options, problems),
        ExecutorKind::RampingArrivalRate => ramping_arrival_rate(options, problems),
        ExecutorKind::ExternallyControlled => externally_controlled(options, problems),
    }
}

fn vus(options: &ScenarioOptions, problems: &mut Vec<String>) -> u64 {
    let vus = options.vus.unwrap_or(1);
    if vus <= 0 {
        problems.push("the number of VUs must be more than 0".to_owned());
    }
    unsigned(vus)
}

/// Zero when negative, which has been reported.
fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

fn iterations(options: &ScenarioOptions, problems: &mut Vec<String>) -> Executor {
    let wanted_vus = options.vus.unwrap_or(1);
    let wanted = options.iterations.unwrap_or(1);
    let (vus, iterations) = (vus(options, problems), unsigned(wanted));
    let shared = options.executor == ExecutorKind::SharedIterations;
    if shared && wanted < wanted_vus {
        problems.push(format!(
            "the number of iterations ({wanted}) can't be less than the number of VUs ({wanted_vus})"
        ));
    }
    if !shared && wanted <= 0 {
        problems.push("the number of iterations must be more than 0".to_owned());
    }
    let max_duration = options.max_duration.unwrap_or(DEFAULT_MAX_DURATION);
    if max_duration < SHORTEST {
        problems
            .push(format!("the maxDuration must be at least {SHORTEST}, but is {max_duration}"));
    }
    let max_duration = max_duration.to_std();
    if shared {
        Executor::SharedIterations { vus, iterations, max_duration }
    } else {
        Executor::PerVuIterations { vus, iterations, max_duration }
    }
}

fn required_duration(options: &ScenarioOptions, problems: &mut Vec<String>) -> Duration {
    match options.duration {
        None => problems.push("the duration is unspecified".to_owned()),
        Some(duration) if duration < SHORTEST => {
            problems.push(format!("the duration must be at least {SHORTEST}, but is {duration}"));
        }
        Some(_) => {}
    }
    options.duration.unwrap_or_default().to_std()
}

fn ramping_vus(options: &ScenarioOptions, problems: &mut Vec<String>) -> Executor {
    let start = options.start_vus.unwrap_or(1);
    let stages = options.stages.as_deref().unwrap_or_default();
    if start < 0 {
        problems.push("the number of start VUs can't be negative".to_owned());
    }
    if start == 0 && stages.iter().all(|stage| stage.target.unwrap_or(0) == 0) {
        let text = "either startVUs or one of the stages' target values must be greater than 0";
        problems.push(text.to_owned());
    }
    problems.extend(stages::problems(stages));
    if negative(options.graceful_ramp_down) {
        problems.push("the gracefulRampDown timeout can't be negative".to_owned());
    }
    Executor::RampingVus {
        start_vus: unsigned(start),
        stages: engine_stages(stages),
        graceful_ramp_down: options.graceful_ramp_down.unwrap_or(DEFAULT_GRACE).to_std(),
    }
}

fn engine_stages(stages: &[StageOptions]) -> Vec<Stage> {
    let stage = |stage: &StageOptions| Stage {
        duration: stage.duration.unwrap_or_default().to_std(),
        target: unsigned(stage.target.unwrap_or(0)),
    };
    stages.iter().map(stage).collect()
}

fn time_unit(options: &ScenarioOptions, problems: &mut Vec<String>) -> Duration {
    let unit = options.time_unit.unwrap_or(DEFAULT_TIME_UNIT);
    if unit <= SignedDuration::ZERO {
        problems.push("the timeUnit must be more than 0".to_owned());
    }
    unit.to_std()
}

/// `(preAllocatedVUs, maxVUs)`
fn allocated(options: &ScenarioOptions, problems: &mut Vec<String>) -> (u64, u64) {
    let planned = options.pre_allocated_vus.unwrap_or(0);
    match options.pre_allocated_vus {
        None => problems.push("the number of preAllocatedVUs isn't specified".to_owned()),
        Some(planned) if planned < 0 => {
            problems.push("the number of preAllocatedVUs can't be negative".to_owned());
        }
        Some(_) => {}
    }
    let most = options.max_vus.unwrap_or(planned);
    if most < planned {
        problems.push("maxVUs can't be less than preAllocatedVUs".to_owned());
    }
    (unsigned(planned), unsigned(most))
}

fn constant_arrival_rate(options: &ScenarioOptions, problems: &mut Vec<String>) -> Executor {
    match options.rate {
        None => problems.push("the iteration rate isn't specified".to_owned()),
        Some(rate) if rate <= 0 => {
            problems.push("the iteration rate must be more than 0".to_owned())
        }
        Some(_) => {}
    }
    let rate = unsigned(options.rate.unwrap_or(0));
    let time_unit = time_unit(options, problems);
    let duration = required_duration(options, problems);
    let (pre_allocated_vus, max_vus) = allocated(options, problems);
    Executor::ConstantArrivalRate { rate, time_unit, duration, pre_allocated_vus, max_vus }
}

fn ramping_arrival_rate(options: &ScenarioOptions, problems: &mut Vec<String>) -> Executor {
    let start = options.start_rate.unwrap_or(0);
    if start < 0 {
        problems.push("the startRate value can't be negative".to_owned());
    }
    let time_unit = time_unit(options, problems);
    let stages = options.stages.as_deref().unwrap_or_default();
    problems.extend(stages::problems(stages));
    let (pre_allocated_vus, max_vus) = allocated(options, problems);
    let (start_rate, stages) = (unsigned(start), engine_stages(stages));
    Executor::RampingArrivalRate { start_rate, time_unit, stages, pre_allocated_vus, max_vus }
}

fn externally_controlled(options: &ScenarioOptions, problems: &mut Vec<String>) -> Executor {
    let vus = options.vus.unwrap_or(1);
    let most = options.max_vus.unwrap_or(vus);
    let mut test = |wrong: bool, text: &str| {
        if wrong {
            problems.push(text.to_owned());
        }
    };
    test(
        options.graceful_stop.is_some(),
        "gracefulStop is not supported by the externally controlled executor",
    );
    test(vus < 0, "the number of VUs can't be negative");
    let crowded = format!(
        "the number of active VUs ({vus}) must be less than or equal to the number of maxVUs ({most})"
    );
    test(vus > most, &crowded);
    test(options.duration.is_none(), "the duration must be specified, for infinite duration use 0");
    test(negative(options.duration), "the duration can't be negative, for infinite duration use 0");
    Executor::ExternallyControlled {
        vus: unsigned(vus),
        max_vus: unsigned(most),
        duration: options.duration.unwrap_or_default().to_std(),
    }
}
