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
    error::{OptionsError, Reason, Warning},
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

/// Tags that samples carry only for outputs that see each one: no sub-metric can be made of them.
const UNINDEXED_TAGS: [&str; 2] = ["vu", "iter"];

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

    /// Sub-metrics that stay empty because of the tags they are on.
    pub(super) fn warn_of_unindexed_tags(&self, warnings: &mut Vec<Warning>) {
        for key in self.thresholds.iter().flat_map(BTreeMap::keys) {
            // A malformed key is an error of its own, later.
            let Ok((_, tags)) = parse_key(key) else { continue };
            for tag in UNINDEXED_TAGS.into_iter().filter(|tag| tags.get(tag).is_some()) {
                let mut warning = Warning::new(format!(
                    "The high-cardinality '{tag}' metric tag was made non-indexable in k6 v0.41.0, \
                     so thresholds like '{key}' that are based on it won't work correctly."
                ));
                warning.fields.push(("component", "metrics-engine".to_owned()));
                warnings.push(warning);
            }
        }
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
                let key = &group.key;
                let message = format!(
                    "invalid threshold defined on {key}; reason: no metric name \"{key}\" found"
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

#[cfg(test)]
mod tests {
    use plimsoll_metrics::{Contains, MetricKind, Registry};
    use serde_json::json;

    use crate::options::{Options, Source};

    fn options(key: &str, expression: &str) -> Options {
        let written = json!({ "thresholds": { key: [expression] } });
        Options::from_json(&written, Source::Script).expect("test data is valid").0
    }

    /// The message, or nothing when the threshold may be evaluated.
    fn check(key: &str, expression: &str, expected: &str) {
        let registry = Registry::new(10);
        registry.metric("mine", MetricKind::Counter, Contains::Default).unwrap();
        let result = options(key, expression).check_thresholds(&registry);
        let message = result.err().map(|error| error.message).unwrap_or_default();
        assert_eq!(message, expected, "{key}: {expression}");
    }

    #[test]
    fn thresholds_are_on_metrics_that_exist() {
        check("mine", "count>0", "");
        check("mine{a:b}", "rate<1", "");
        check("mine{a:b}", "rate<1 over 10s", "");
        check(
            "mine",
            "rate<1 over 10",
            "failed parsing threshold expression \"rate<1 over 10\"; reason: expected a unit of time: s or m",
        );
        check(
            "zz",
            "count>0",
            r#"invalid threshold defined on zz; reason: no metric name "zz" found"#,
        );
        check(
            "zz{a: b}",
            "count>0",
            r#"invalid threshold defined on zz{a: b}; reason: no metric name "zz{a: b}" found"#,
        );
        check(
            "mine{a:b}",
            "avg<1",
            "invalid threshold \"avg<1\" applied on metric mine{a:b}; reason: unsupported aggregation \
             method avg on metric of type counter. supported aggregation methods for this metric \
             are: count, rate",
        );
        check(
            "mine",
            "nonsense",
            "failed parsing threshold expression \"nonsense\"; reason: malformed threshold expression",
        );
    }

    fn check_warned(key: &str, tags: &[&str]) {
        let mut warnings = Vec::new();
        options(key, "count>0").warn_of_unindexed_tags(&mut warnings);
        let messages: Vec<String> = warnings.into_iter().map(|warning| warning.message).collect();
        let expected: Vec<String> = tags
            .iter()
            .map(|tag| {
                format!(
                    "The high-cardinality '{tag}' metric tag was made non-indexable in k6 v0.41.0, \
                     so thresholds like '{key}' that are based on it won't work correctly."
                )
            })
            .collect();
        assert_eq!(messages, expected, "{key}");
    }

    #[test]
    fn tags_that_are_not_indexed_are_warned_of() {
        check_warned("mine{vu:1}", &["vu"]);
        check_warned("mine{ iter :1}", &["iter"]);
        check_warned("mine{iter:1,a:b,vu:2}", &["vu", "iter"]);
        check_warned("mine{a:vu}", &[]);
        check_warned("mine{vu:1", &[]);
        check_warned("vu", &[]);
    }
}
