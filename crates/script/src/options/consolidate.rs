//! One value from all layers: which wins, how shortcuts become scenarios, what may not stand together.

use std::collections::BTreeMap;

use plimsoll_engine::{config::RunConfig, segment::Segment};
use plimsoll_metrics::TagSet;

use super::{
    ExecutorKind, Options, ScenarioOptions, SignedDuration, SystemTag, SystemTags,
    error::{OptionsError, Source, Warning},
    plan,
};

/// The summary's columns of trends when no layer names them.
const TREND_STATS: &[&str] = &["avg", "min", "med", "max", "p(90)", "p(95)"];

/// Options from one place.
#[derive(Clone, Debug)]
pub struct Layer {
    pub source: Source,
    pub options: Options,
}

/// What the layers come to.
#[derive(Clone, Debug)]
pub struct Consolidated {
    /// With `scenarios` always there and the defaults of the summary's columns and of system tags.
    pub options: Options,
    pub config: RunConfig,
    /// To be logged.
    pub warnings: Vec<Warning>,
}

/// Merges layers, checks the result and makes the engine's plan of it.
///
/// `layers` go from the weakest to the strongest: config file, script, environment, flags.
///
/// # Errors
/// Everything that k6 refuses before a run, in its words; exit code 104.
pub fn consolidate(layers: impl IntoIterator<Item = Layer>) -> Result<Consolidated, OptionsError> {
    let mut warnings = Vec::new();
    let mut options = merged(layers, &mut warnings);
    // k6 forgets stages without a duration here.
    options.stages.iter_mut().for_each(|stages| stages.retain(|stage| stage.duration.is_some()));
    options
        .summary_trend_stats
        .get_or_insert_with(|| TREND_STATS.iter().map(|stat| (*stat).to_owned()).collect());
    options.system_tags.get_or_insert_with(SystemTags::default);
    options.check_tls()?;
    options.scenarios = Some(options.derived_scenarios(&mut warnings)?);
    let config = options.run_config()?;
    options.warn_of_unindexed_tags(&mut warnings);
    Ok(Consolidated { options, config, warnings })
}

/// The layers as one, without defaults and without looking at what they mean: what `inspect` prints.
pub fn merge(layers: impl IntoIterator<Item = Layer>) -> Options {
    merged(layers, &mut Vec::new())
}

fn merged(layers: impl IntoIterator<Item = Layer>, warnings: &mut Vec<Warning>) -> Options {
    let mut options = Options::default();
    for layer in layers {
        let wipes = layer.options.has_schedule();
        if wipes && layer.options.scenarios.is_none() && options.scenarios.is_some() {
            let tier = layer.source.tier();
            warnings.push(Warning::new(format!(
                "\"{tier}\" level configuration overrode scenarios configuration entirely"
            )));
        }
        options.apply(layer.options);
    }
    options
}

macro_rules! take_set {
    ($own:ident, $upper:ident: $($field:ident)*) => {
        $(if $upper.$field.is_some() { $own.$field = $upper.$field; })*
    };
}

impl Options {
    /// Whether a schedule is written here: it replaces whatever a weaker layer says of it.
    fn has_schedule(&self) -> bool {
        self.duration.is_some()
            || self.iterations.is_some()
            || self.stages.is_some()
            || self.scenarios.is_some()
    }

    fn apply(&mut self, upper: Options) {
        if upper.has_schedule() {
            self.duration = None;
            self.iterations = None;
            self.stages = None;
            self.scenarios = None;
        }
        take_set! { self, upper:
            paused vus duration iterations stages scenarios execution_segment execution_segment_sequence
            no_setup setup_timeout no_teardown teardown_timeout handle_summary_timeout rps
            max_redirects user_agent batch batch_per_host http_debug insecure_skip_tls_verify
            tls_cipher_suites tls_version tls_auth throw thresholds blacklist_ips block_hostnames
            hosts no_connection_reuse no_vu_connection_reuse min_iteration_duration cloud ext
            summary_trend_stats summary_time_unit system_tags tags metric_samples_buffer_size
            no_cookies_reset discard_response_bodies console_output local_ips
        }
        self.dns.apply(upper.dns);
    }

    /// `scenarios`, or the one that the shortcuts stand for.
    fn derived_scenarios(
        &self,
        warnings: &mut Vec<Warning>,
    ) -> Result<BTreeMap<String, ScenarioOptions>, OptionsError> {
        self.check_conflicts()?;
        if let Some(scenarios) = self.scenarios.as_ref().filter(|scenarios| !scenarios.is_empty()) {
            return Ok(scenarios.clone());
        }
        let named = |scenario| Ok(BTreeMap::from([("default".to_owned(), scenario)]));
        let stages = self.stages.as_ref().filter(|stages| !stages.is_empty());
        if self.iterations.is_some() {
            return named(ScenarioOptions {
                vus: self.vus,
                iterations: self.iterations,
                max_duration: self.duration,
                ..ScenarioOptions::new(ExecutorKind::SharedIterations)
            });
        }
        if let Some(duration) = self.duration {
            if duration <= SignedDuration::ZERO {
                return Err(OptionsError::new(
                    "`duration` option should be more than 0, for infinite duration use the externally-controlled executor",
                ));
            }
            return named(ScenarioOptions {
                vus: self.vus,
                duration: self.duration,
                ..ScenarioOptions::new(ExecutorKind::ConstantVus)
            });
        }
        if let Some(stages) = stages {
            return named(ScenarioOptions {
                start_vus: self.vus,
                stages: Some(stages.clone()),
                ..ScenarioOptions::new(ExecutorKind::RampingVus)
            });
        }
        self.warn_of_no_schedule(warnings);
        named(ScenarioOptions::new(ExecutorKind::PerVuIterations))
    }

    fn check_conflicts(&self) -> Result<(), OptionsError> {
        let stages = self.stages.as_ref().is_some_and(|stages| !stages.is_empty());
        let scenarios = self.scenarios.is_some();
        let conflict = match (self.iterations.is_some(), self.duration.is_some()) {
            (true, _) if stages => Some(("iterations", "stages")),
            (true, _) if scenarios => Some(("iterations", "scenarios")),
            (_, true) if stages => Some(("duration", "stages")),
            (_, true) if scenarios => Some(("duration", "scenarios")),
            _ if stages && scenarios => Some(("stages", "scenarios")),
            _ => None,
        };
        let Some((one, other)) = conflict else { return Ok(()) };
        let message = format!("using `{one}` and `{other}` options simultaneously is not allowed");
        Err(OptionsError {
            message,
            hint: Some(format!("remove one of them, or move `{one}` into a scenario")),
        })
    }

    fn warn_of_no_schedule(&self, warnings: &mut Vec<Warning>) {
        for (name, empty) in
            [("stages", self.stages.is_some()), ("scenarios", self.scenarios.is_some())]
        {
            if empty {
                warnings.push(Warning::new(format!(
                    "`{name}` was explicitly set to an empty value, running the script with 1 iteration in 1 VU"
                )));
            }
        }
        if let Some(vus) = self.vus.filter(|vus| *vus > 1) {
            warnings.push(Warning::new(format!(
                "`vus={vus}` option will be ignored, it only works in conjunction with `iterations`, `duration`, or `stages`"
            )));
        }
    }

    /// The engine's plan.
    ///
    /// # Errors
    /// k6's list of everything that is wrong with the schedule.
    pub fn run_config(&self) -> Result<RunConfig, OptionsError> {
        let mut problems = Vec::new();
        let part = self.execution_segment.as_deref().unwrap_or_default();
        let sequence = self.execution_segment_sequence.as_deref().unwrap_or_default();
        let segment = Segment::parse(part, sequence).unwrap_or_else(|error| {
            problems.push(error.to_string());
            Segment::default()
        });
        let mut scenarios = Vec::new();
        for (name, options) in self.scenarios.iter().flatten() {
            match plan::scenario(name, options) {
                Ok(scenario) => scenarios.push(scenario),
                Err(wrong) => {
                    problems.push(format!(
                        "scenario {name} has configuration errors: {}",
                        wrong.join(", ")
                    ));
                }
            }
        }
        if self.setup_timeout.is_some_and(|timeout| timeout <= SignedDuration::ZERO) {
            problems.push("setupTimeout must be positive".to_owned());
        }
        if !problems.is_empty() {
            return Err(OptionsError::problems(&problems));
        }
        let tags = self.system_tags.unwrap_or_default();
        Ok(RunConfig {
            scenarios,
            segment,
            run_tags: TagSet::from_pairs(
                self.tags.iter().flatten().map(|(k, v)| (k.as_str(), v.as_str())),
            ),
            min_iteration_duration: self.min_iteration_duration.unwrap_or_default().to_std(),
            arrival_slack: std::time::Duration::ZERO,
            workers: 0,
            no_setup: self.no_setup.unwrap_or(false),
            no_teardown: self.no_teardown.unwrap_or(false),
            paused: self.paused.unwrap_or(false),
            tag_scenario: tags.contains(SystemTag::Scenario),
        })
    }

    /// Tests that every scenario's function is exported.
    ///
    /// # Errors
    /// k6's list of functions that are missing.
    pub fn check_exec(&self, exported: impl Fn(&str) -> bool) -> Result<(), OptionsError> {
        let missing = |(name, scenario): (&String, &ScenarioOptions)| {
            let function = scenario.exec.as_deref().unwrap_or("default");
            (!exported(function))
                .then(|| format!("executor {name}: function '{function}' not found in exports"))
        };
        let problems: Vec<String> = self.scenarios.iter().flatten().filter_map(missing).collect();
        if problems.is_empty() { Ok(()) } else { Err(OptionsError::problems(&problems)) }
    }
}

#[cfg(test)]
#[path = "consolidate_tests.rs"]
mod tests;
