//! What a run prints before it starts.

use std::time::Duration;

use crate::format::duration::go_string;

/// What is known before the start.
#[derive(Clone, Debug, PartialEq)]
pub struct Banner {
    /// `plimsoll 0.1.0`
    pub program: String,
    /// As given on the command line.
    pub script: String,
    /// [`crate::Output::describe`] of each; none is printed as `-`.
    pub outputs: Vec<String>,
    /// Share of the whole test, 0.0..=1.0.
    pub segment: f64,
    pub vus: u64,
    /// Of the whole run, graceful stops included.
    pub longest: Duration,
    pub scenarios: Vec<BannerScenario>,
}

/// A scenario as planned.
#[derive(Clone, Debug, PartialEq)]
pub struct BannerScenario {
    pub name: String,
    pub plan: Plan,
    pub start_time: Duration,
    pub graceful_stop: Duration,
    /// The function of the script; `default` is not printed.
    pub exec: String,
}

/// What its executor will do.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    SharedIterations {
        vus: u64,
        iterations: u64,
        max_duration: Duration,
    },
    PerVuIterations {
        vus: u64,
        iterations: u64,
        max_duration: Duration,
    },
    ConstantVus {
        vus: u64,
        duration: Duration,
    },
    RampingVus {
        most: u64,
        duration: Duration,
        stages: usize,
        graceful_ramp_down: Duration,
    },
    /// Rates in iterations per second.
    ConstantArrivalRate {
        rate: f64,
        duration: Duration,
        vus: u64,
        max_vus: u64,
    },
    RampingArrivalRate {
        most: f64,
        duration: Duration,
        stages: usize,
        vus: u64,
        max_vus: u64,
    },
    ExternallyControlled {
        vus: u64,
        max_vus: u64,
        duration: Duration,
    },
}

/// The block before a run, with an empty line around it.
pub fn banner(banner: &Banner, color: bool) -> String {
    let cyan = |text: &str| if color { format!("\x1b[36m{text}\x1b[0m") } else { text.to_owned() };
    let outputs =
        if banner.outputs.is_empty() { "-".to_owned() } else { banner.outputs.join(", ") };
    let count = banner.scenarios.len();
    let plural = if count == 1 { "" } else { "s" };
    let scenarios = format!(
        "({:.2}%) {count} scenario{plural}, {} max VUs, {} max duration (incl. graceful stop):",
        banner.segment * 100.0,
        banner.vus,
        go_string(banner.longest),
    );
    let mut text = format!("\n  {}\n\n", banner.program);
    text.push_str(&format!("     execution: {}\n", cyan("local")));
    text.push_str(&format!("        script: {}\n", cyan(&banner.script)));
    text.push_str(&format!("        output: {}\n\n", cyan(&outputs)));
    text.push_str(&format!("     scenarios: {}\n", cyan(&scenarios)));
    let mut ordered: Vec<&BannerScenario> = banner.scenarios.iter().collect();
    ordered.sort_by_key(|scenario| (scenario.start_time, &scenario.name));
    for scenario in ordered {
        text.push_str(&format!("              * {}: {}\n", scenario.name, describe(scenario)));
    }
    text.push('\n');
    text
}

fn describe(scenario: &BannerScenario) -> String {
    let vus_between = |vus: u64, max: u64| {
        if vus == max { format!("maxVUs: {vus}") } else { format!("maxVUs: {vus}-{max}") }
    };
    let (what, own) = match &scenario.plan {
        Plan::SharedIterations { vus, iterations, max_duration } => (
            format!("{iterations} iterations shared among {vus} VUs"),
            Some(format!("maxDuration: {}", go_string(*max_duration))),
        ),
        Plan::PerVuIterations { vus, iterations, max_duration } => (
            format!("{iterations} iterations for each of {vus} VUs"),
            Some(format!("maxDuration: {}", go_string(*max_duration))),
        ),
        Plan::ConstantVus { vus, duration } => {
            (format!("{vus} looping VUs for {}", go_string(*duration)), None)
        }
        Plan::RampingVus { most, duration, stages, graceful_ramp_down } => (
            format!("Up to {most} looping VUs for {} over {stages} stages", go_string(*duration)),
            Some(format!("gracefulRampDown: {}", go_string(*graceful_ramp_down))),
        ),
        Plan::ConstantArrivalRate { rate, duration, vus, max_vus } => (
            format!("{rate:.2} iterations/s for {}", go_string(*duration)),
            Some(vus_between(*vus, *max_vus)),
        ),
        Plan::RampingArrivalRate { most, duration, stages, vus, max_vus } => (
            format!(
                "Up to {most:.2} iterations/s for {} over {stages} stages",
                go_string(*duration)
            ),
            Some(vus_between(*vus, *max_vus)),
        ),
        Plan::ExternallyControlled { vus, max_vus, duration } => {
            return format!(
                "Externally controlled execution with {vus} VUs, {max_vus} max VUs, {} duration",
                go_string(*duration)
            );
        }
    };
    let mut notes: Vec<String> = own.into_iter().collect();
    if scenario.exec != "default" {
        notes.push(format!("exec: {}", scenario.exec));
    }
    if !scenario.start_time.is_zero() {
        notes.push(format!("startTime: {}", go_string(scenario.start_time)));
    }
    if !scenario.graceful_stop.is_zero() {
        notes.push(format!("gracefulStop: {}", go_string(scenario.graceful_stop)));
    }
    if notes.is_empty() { what } else { format!("{what} ({})", notes.join(", ")) }
}
