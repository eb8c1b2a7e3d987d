//! The `thresholds` option: from JSON to expressions, and the check against the metrics that exist.

use std::{collections::BTreeMap, time::Duration};

use plimsoll_metrics::{
    Registry,
    threshold::{Threshold, ThresholdGroup, parse_key},
};
use serde_json::{Value, json};

use super::{
    Options,
    duration::SignedDuration,
    error::{OptionsError, Reason},
    value::{self, Read},
};

/// One expression as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThresholdOptions {
    pub threshold: String,
    pub abort_on_fail: bool,
    pub delay_abort_eval: Option<SignedDuration>,
}

impl ThresholdOptions {
    /// A string unless it aborts, as k6 prints it.
    pub(crate) fn to_json(&self) -> Value {
        if !self.abort_on_fail {
            return json!(self.threshold);
        }
        let delay = self.delay_abort_eval.map(|delay| delay.to_string());
        json!({ "threshold": self.threshold, "abortOnFail": true, "delayAbortEval": delay })
    }
}

pub(crate) type ThresholdMap = BTreeMap<String, Vec<ThresholdOptions>>;

pub(crate) fn thresholds(value: &Value) -> Read<ThresholdMap> {
    let hint = "write { metric: [\"p(95)<200\", { threshold: \"rate<0.01\", abortOnFail: true }] }";
    value::map_of(value, |_, list| value::list(list, threshold)).map_err(|reason| reason.hint(hint))
}

fn threshold(value: &Value) -> Read<ThresholdOptions> {
    if let Some(text) = value.as_str() {
        let threshold = text.to_owned();
        return Ok(ThresholdOptions { threshold, abort_on_fail: false, delay_abort_eval: None });
    }
    let Some(map) = value.as_object() else {
        return Err(Reason::new(format!("expected an expression or an object, found {value}")));
    };
    Ok(ThresholdOptions {
        threshold: value::inner(map, "threshold", value::text)?.unwrap_or_default(),
        abort_on_fail: value::inner(map, "abortOnFail", value::boolean)?.unwrap_or(false),
        delay_abort_eval: value::inner(map, "delayAbortEval", value::duration)?,
    })
}

impl Options {
    /// The thresholds as the engine evaluates them, in order of their keys.
    ///
    /// # Errors
    /// An expression or a key that is malformed, by its name.
    pub fn threshold_groups(&self) -> Result<Vec<ThresholdGroup>, OptionsError> {
        self.thresholds.iter().flatten().map(|(key, list)| group(key, list)).collect()
    }

    /// Tests every threshold against the metrics that exist once the script's init code has run.
    ///
    /// # Errors
    /// A metric that does not exist, or a method that its kind does not have.
    pub fn check_thresholds(
        &self,
        registry: &Registry,
    ) -> Result<Vec<ThresholdGroup>, OptionsError> {
        let groups = self.threshold_groups()?;
        for group in &groups {
            let Some(metric) = registry.find(&group.metric) else {
                let ThresholdGroup { key, metric, .. } = group;
                let message = format!(
                    "invalid threshold defined on {key}; reason: no metric name \"{metric}\" found"
                );
                let hint =
                    Some("a custom metric must be made in the script's init code".to_owned());
                return Err(OptionsError { message, hint });
            };
            for threshold in &group.thresholds {
                threshold.check_kind(metric.kind).map_err(|error| {
                    let ThresholdGroup { key, .. } = group;
                    OptionsError::new(format!(
                        "invalid threshold \"{}\" applied on metric {key}; reason: {}",
                        threshold.source, error.message
                    ))
                })?;
            }
        }
        Ok(groups)
    }
}

fn group(key: &str, list: &[ThresholdOptions]) -> Result<ThresholdGroup, OptionsError> {
    let parse = |options: &ThresholdOptions| {
        let mut threshold = Threshold::parse(&options.threshold).map_err(|error| OptionsError {
            message: error.message,
            hint: Some(format!("the threshold \"{}\" is on metric {key}", options.threshold)),
        })?;
        threshold.abort_on_fail = options.abort_on_fail;
        threshold.delay_abort_eval =
            options.delay_abort_eval.map_or(Duration::ZERO, SignedDuration::to_std);
        Ok(threshold)
    };
    let thresholds = list.iter().map(parse).collect::<Result<_, OptionsError>>()?;
    let (metric, tags) = parse_key(key).map_err(|error| {
        OptionsError::new(format!(
            "unable to validate threshold expressions; reason: {}",
            error.message
        ))
    })?;
    Ok(ThresholdGroup { key: key.to_owned(), metric, tags, thresholds })
}
