//! Scenarios in the words of k6's header.

use plimsoll_runtime::duration::go_string;

use crate::{
    config::{Executor, Scenario},
    executors::{Budget, Sizing, Work, ramping_vus},
    pace::Spacing,
    segment::Segment,
};

/// Without the name: `30 looping VUs for 10s (gracefulStop: 30s)`.
pub(crate) fn describe(scenario: &Scenario, sizing: &Sizing, segment: &Segment) -> String {
    let vus = sizing.planned_vus;
    let max_vus = vus + sizing.unplanned_vus;
    let mut extra = Vec::new();
    let what = match (&scenario.executor, &sizing.work) {
        (Executor::SharedIterations { max_duration, .. }, Work::Closed { budget, .. }) => {
            extra.push(format!("maxDuration: {}", go_string(*max_duration)));
            let iterations = if let Budget::Shared(iterations) = budget { *iterations } else { 0 };
            format!("{iterations} iterations shared among {vus} VUs")
        }
        (Executor::PerVuIterations { iterations, max_duration, .. }, _) => {
            extra.push(format!("maxDuration: {}", go_string(*max_duration)));
            format!("{iterations} iterations for each of {vus} VUs")
        }
        (Executor::ConstantVus { .. }, _) => {
            format!("{vus} looping VUs {}", for_how_long(sizing))
        }
        (Executor::RampingVus { stages, graceful_ramp_down, .. }, _) => {
            extra.push(format!("gracefulRampDown: {}", go_string(*graceful_ramp_down)));
            let duration = go_string(ramping_vus::total(stages));
            format!("Up to {vus} looping VUs for {duration} over {} stages", stages.len())
        }
        (Executor::ConstantArrivalRate { duration, .. }, Work::Open(arrivals)) => {
            extra.push(range("maxVUs", vus, max_vus));
            let rate = arrivals.rate_max() * arrivals.share();
            format!("{rate:.2} iterations/s for {}", go_string(*duration))
        }
        (Executor::RampingArrivalRate { stages, .. }, Work::Open(arrivals)) => {
            extra.push(range("maxVUs", vus, max_vus));
            // k6 prints the plain share here, though it deals by VUs as for a constant rate.
            let rate = arrivals.rate_max() * segment.share();
            let duration = go_string(arrivals.duration());
            format!("Up to {rate:.2} iterations/s for {duration} over {} stages", stages.len())
        }
        (Executor::ExternallyControlled { vus, max_vus, duration }, _) => {
            let duration =
                if duration.is_zero() { "infinite".to_owned() } else { go_string(*duration) };
            return format!(
                "Externally controlled execution with {vus} VUs, {max_vus} max VUs, {duration} duration"
            );
        }
        (Executor::Paced { pace, spacing, .. }, _) => {
            extra.push(range("workers", vus, max_vus));
            let random = if *spacing == Spacing::Even { "" } else { " (Poisson)" };
            format!("{pace}{random} {}", for_how_long(sizing))
        }
        (executor, _) => executor.name().to_owned(),
    };
    if scenario.exec != "default" {
        extra.push(format!("exec: {}", scenario.exec));
    }
    if !scenario.start_time.is_zero() {
        extra.push(format!("startTime: {}", go_string(scenario.start_time)));
    }
    if !scenario.graceful_stop.is_zero() {
        extra.push(format!("gracefulStop: {}", go_string(scenario.graceful_stop)));
    }
    if extra.is_empty() { what } else { format!("{what} ({})", extra.join(", ")) }
}

fn for_how_long(sizing: &Sizing) -> String {
    match sizing.duration {
        Some(duration) => format!("for {}", go_string(duration)),
        None => "until stopped".to_owned(),
    }
}

fn range(of: &str, planned: u64, most: u64) -> String {
    if planned == most { format!("{of}: {most}") } else { format!("{of}: {planned}-{most}") }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        config::{FOREVER, RunConfig, Stage, tests::scenario},
        pace::{Pace, Rate},
        plan::Plan,
    };

    fn check(executor: Executor, change: impl Fn(&mut Scenario), expected: &str) {
        let mut scenario = scenario("x", executor);
        change(&mut scenario);
        let plan = Plan::new(&RunConfig { scenarios: vec![scenario], ..RunConfig::default() });
        let description = plan.scenarios.first().map(|s| s.description.as_str());
        assert_eq!(description, Some(expected));
    }

    fn stages(list: &[(u64, u64)]) -> Vec<Stage> {
        let stage =
            |(s, target): &(u64, u64)| Stage { duration: Duration::from_secs(*s), target: *target };
        list.iter().map(stage).collect()
    }

    /// Lines observed in k6 1.1.0.
    #[test]
    fn every_executor_is_described_as_k6_does() {
        let s = Duration::from_secs;
        check(
            Executor::SharedIterations { vus: 2, iterations: 4, max_duration: s(3) },
            |x| x.graceful_stop = s(1),
            "4 iterations shared among 2 VUs (maxDuration: 3s, gracefulStop: 1s)",
        );
        check(
            Executor::PerVuIterations { vus: 2, iterations: 3, max_duration: s(600) },
            |x| x.start_time = s(1),
            "3 iterations for each of 2 VUs (maxDuration: 10m0s, startTime: 1s, gracefulStop: 30s)",
        );
        check(
            Executor::ConstantVus { vus: 3, duration: s(3) },
            |x| {
                x.exec = "foo".to_owned();
                x.start_time = Duration::from_millis(500);
            },
            "3 looping VUs for 3s (exec: foo, startTime: 500ms, gracefulStop: 30s)",
        );
        let ramp = |graceful_ramp_down| Executor::RampingVus {
            start_vus: 1,
            stages: stages(&[(1, 5), (2, 2)]),
            graceful_ramp_down,
        };
        check(
            ramp(s(1)),
            |_| (),
            "Up to 5 looping VUs for 3s over 2 stages (gracefulRampDown: 1s, gracefulStop: 30s)",
        );
        check(
            ramp(s(30)),
            |x| x.graceful_stop = s(0),
            "Up to 5 looping VUs for 3s over 2 stages (gracefulRampDown: 30s)",
        );
        check(
            ramp(s(0)),
            |_| (),
            "Up to 5 looping VUs for 3s over 2 stages (gracefulRampDown: 0s, gracefulStop: 30s)",
        );
        let constant = |max_vus| Executor::ConstantArrivalRate {
            rate: 10,
            time_unit: s(60),
            duration: s(3),
            pre_allocated_vus: 2,
            max_vus,
        };
        check(constant(5), |_| (), "0.17 iterations/s for 3s (maxVUs: 2-5, gracefulStop: 30s)");
        check(constant(2), |_| (), "0.17 iterations/s for 3s (maxVUs: 2, gracefulStop: 30s)");
        check(
            Executor::RampingArrivalRate {
                start_rate: 10,
                time_unit: s(2),
                stages: stages(&[(1, 5), (2, 25)]),
                pre_allocated_vus: 2,
                max_vus: 5,
            },
            |_| (),
            "Up to 12.50 iterations/s for 3s over 2 stages (maxVUs: 2-5, gracefulStop: 30s)",
        );
        let vus = Executor::ConstantVus { vus: 3, duration: FOREVER };
        check(vus, |_| (), "3 looping VUs until stopped (gracefulStop: 30s)");
        check(
            Executor::ExternallyControlled { vus: 1, max_vus: 4, duration: s(3) },
            |_| (),
            "Externally controlled execution with 1 VUs, 4 max VUs, 3s duration",
        );
    }

    #[test]
    fn paces_are_described() {
        let paced = |spacing, duration, max_vus| Executor::Paced {
            pace: Pace::Constant(Rate::per_second(1000)),
            spacing,
            duration,
            vus: 10,
            max_vus,
            rotate: false,
        };
        let duration = Some(Duration::from_secs(5));
        check(
            paced(Spacing::Even, duration, 100),
            |_| (),
            "1000/s for 5s (workers: 10-100, gracefulStop: 30s)",
        );
        check(
            paced(Spacing::Poisson { seed: 1 }, None, 10),
            |_| (),
            "1000/s (Poisson) until stopped (workers: 10, gracefulStop: 30s)",
        );
    }
}
