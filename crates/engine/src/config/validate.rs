//! What a scenario may not be, in k6's words.

use std::time::Duration;

use super::{DURATION_MIN, Executor, Scenario, Stage};
use crate::describe::format_duration;

/// k6's message when the two figures of an arrival-rate executor contradict each other.
const MAX_VUS_LESS: &str = "maxVUs can't be less than preAllocatedVUs";

impl Scenario {
    /// k6's messages, in its order; empty when the scenario can run.
    ///
    /// Values that these types cannot hold (negative or missing ones) are the option reader's to name.
    pub fn validate(&self) -> Vec<String> {
        let mut problems = Problems::default();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        problems.when(self.name.is_empty(), "scenario name can't be empty");
        problems.when(
            !self.name.chars().all(is_plain),
            "the scenario name should contain only numbers, latin letters, underscores, and dashes",
        );
        problems.when(self.exec.is_empty(), "exec value cannot be empty");
        match &self.executor {
            Executor::SharedIterations { vus, iterations, max_duration } => {
                problems.vus(*vus);
                if iterations < vus {
                    problems.add(format!(
                        "the number of iterations ({iterations}) can't be less than the number of VUs ({vus})"
                    ));
                }
                problems.duration("maxDuration", *max_duration);
            }
            Executor::PerVuIterations { vus, iterations, max_duration } => {
                problems.vus(*vus);
                problems.when(*iterations == 0, "the number of iterations must be more than 0");
                problems.duration("maxDuration", *max_duration);
            }
            Executor::ConstantVus { vus, duration } => {
                problems.vus(*vus);
                problems.duration("duration", *duration);
            }
            Executor::RampingVus { start_vus, stages, .. } => {
                problems.stages(stages);
                problems.when(
                    !stages.is_empty() && *start_vus == 0 && stages.iter().all(|s| s.target == 0),
                    "either startVUs or one of the stages' target values must be greater than 0",
                );
            }
            Executor::ConstantArrivalRate {
                rate,
                time_unit,
                duration,
                pre_allocated_vus,
                max_vus,
            } => {
                problems.when(*rate == 0, "the iteration rate must be more than 0");
                problems.when(time_unit.is_zero(), "the timeUnit must be more than 0");
                problems.duration("duration", *duration);
                problems.when(max_vus < pre_allocated_vus, MAX_VUS_LESS);
            }
            Executor::RampingArrivalRate {
                time_unit, stages, pre_allocated_vus, max_vus, ..
            } => {
                problems.when(time_unit.is_zero(), "the timeUnit must be more than 0");
                problems.stages(stages);
                problems.when(max_vus < pre_allocated_vus, MAX_VUS_LESS);
            }
            Executor::ExternallyControlled { vus, max_vus, .. } => {
                if vus > max_vus {
                    problems.add(format!(
                        "the number of active VUs ({vus}) must be less than or equal to the number of maxVUs ({max_vus})"
                    ));
                }
            }
        }
        problems.0
    }
}

#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn add(&mut self, message: String) {
        self.0.push(message);
    }

    fn when(&mut self, wrong: bool, message: &str) {
        if wrong {
            self.add(message.to_owned());
        }
    }

    fn vus(&mut self, vus: u64) {
        self.when(vus == 0, "the number of VUs must be more than 0");
    }

    fn duration(&mut self, name: &str, duration: Duration) {
        if duration < DURATION_MIN {
            let duration = format_duration(duration);
            self.add(format!("the {name} must be at least 1s, but is {duration}"));
        }
    }

    fn stages(&mut self, stages: &[Stage]) {
        self.when(stages.is_empty(), "at least one stage has to be specified");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::scenario;

    fn check(executor: Executor, expected: &[&str]) {
        assert_eq!(scenario("x", executor).validate(), expected);
    }

    /// Messages observed in k6 1.1.0.
    #[test]
    fn mistakes_are_named_in_k6s_words() {
        let s = Duration::from_secs;
        let vus = "the number of VUs must be more than 0";
        check(
            Executor::SharedIterations { vus: 5, iterations: 2, max_duration: s(1) },
            &["the number of iterations (2) can't be less than the number of VUs (5)"],
        );
        check(
            Executor::PerVuIterations { vus: 0, iterations: 0, max_duration: s(0) },
            &[
                vus,
                "the number of iterations must be more than 0",
                "the maxDuration must be at least 1s, but is 0s",
            ],
        );
        check(
            Executor::ConstantVus { vus: 1, duration: Duration::from_millis(500) },
            &["the duration must be at least 1s, but is 500ms"],
        );
        check(
            Executor::RampingVus { start_vus: 0, stages: Vec::new(), graceful_ramp_down: s(0) },
            &["at least one stage has to be specified"],
        );
        check(
            Executor::ConstantArrivalRate {
                rate: 0,
                time_unit: s(1),
                duration: s(1),
                pre_allocated_vus: 5,
                max_vus: 2,
            },
            &[
                "the iteration rate must be more than 0",
                "maxVUs can't be less than preAllocatedVUs",
            ],
        );
        check(
            Executor::ExternallyControlled { vus: 5, max_vus: 2, duration: s(0) },
            &[
                "the number of active VUs (5) must be less than or equal to the number of maxVUs (2)",
            ],
        );
        check(Executor::ConstantVus { vus: 1, duration: s(1) }, &[]);
    }

    #[test]
    fn names_are_plain() {
        let mut scenario =
            scenario("a b", Executor::ConstantVus { vus: 1, duration: Duration::from_secs(1) });
        scenario.exec = String::new();
        let expected = [
            "the scenario name should contain only numbers, latin letters, underscores, and dashes",
            "exec value cannot be empty",
        ];
        assert_eq!(scenario.validate(), expected);
    }
}
