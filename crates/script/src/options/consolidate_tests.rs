//! Layers in, one configuration or k6's message out.

use serde_json::Value;

use super::{Layer, consolidate};
use crate::options::{Options, Source, View};

fn layer(source: Source, json: &str) -> Layer {
    let json: Value = serde_json::from_str(json).expect("test data is JSON");
    let (options, _) = Options::from_json(&json, source).expect("test data is valid");
    Layer { source, options }
}

/// Scenarios (without nulls), then warnings; or the error.
fn outcome(layers: impl IntoIterator<Item = Layer>) -> String {
    match consolidate(layers) {
        Ok(done) => {
            let mut json = done.options.to_json(View::Script);
            let mut text = json["scenarios"].take().to_string();
            for key in [
                "startTime",
                "gracefulStop",
                "env",
                "exec",
                "tags",
                "vus",
                "iterations",
                "maxDuration",
            ] {
                text = text.replace(&format!(",\"{key}\":null"), "");
            }
            for warning in done.warnings {
                text.push_str("\nwarning: ");
                text.push_str(&warning.message);
            }
            text
        }
        Err(error) => format!("error: {}", error.message),
    }
}

fn check(script: &str, expected: &str) {
    assert_eq!(outcome([layer(Source::Script, script)]), expected, "{script}");
}

fn check_problem(script: &str, problem: &str) {
    check(
        script,
        &format!(
            "error: There were problems with the specified script configuration:\n\t- {problem}"
        ),
    );
}

#[test]
fn shortcuts_become_scenarios() {
    check("{}", r#"{"default":{"executor":"per-vu-iterations"}}"#);
    check(r#"{"duration":"5s"}"#, r#"{"default":{"executor":"constant-vus","duration":"5s"}}"#);
    check(
        r#"{"vus":2,"iterations":10,"duration":"5s"}"#,
        r#"{"default":{"executor":"shared-iterations","vus":2,"iterations":10,"maxDuration":"5s"}}"#,
    );
    check(
        r#"{"vus":2,"stages":[{"duration":"5s","target":3}]}"#,
        r#"{"default":{"executor":"ramping-vus","startVUs":2,"stages":[{"duration":"5s","target":3}],"gracefulRampDown":null}}"#,
    );
}

#[test]
fn what_has_no_effect_is_warned_of() {
    let default = r#"{"default":{"executor":"per-vu-iterations"}}"#;
    check(
        r#"{"vus":5}"#,
        &format!(
            "{default}\nwarning: `vus=5` option will be ignored, it only works in conjunction with `iterations`, `duration`, or `stages`"
        ),
    );
    let empty = "was explicitly set to an empty value, running the script with 1 iteration in 1 VU";
    check(r#"{"stages":[]}"#, &format!("{default}\nwarning: `stages` {empty}"));
    check(r#"{"scenarios":{}}"#, &format!("{default}\nwarning: `scenarios` {empty}"));
}

#[test]
fn conflicts() {
    let stages = r#""stages":[{"duration":"5s","target":3}]"#;
    let scenarios = r#""scenarios":{"a":{"executor":"constant-vus","duration":"5s"}}"#;
    let both = |a: &str, b: &str| {
        format!("error: using `{a}` and `{b}` options simultaneously is not allowed")
    };
    check(&format!(r#"{{"duration":"5s",{stages}}}"#), &both("duration", "stages"));
    check(&format!(r#"{{"iterations":5,{stages}}}"#), &both("iterations", "stages"));
    check(&format!(r#"{{"duration":"5s",{scenarios}}}"#), &both("duration", "scenarios"));
    check(&format!("{{{stages},{scenarios}}}"), &both("stages", "scenarios"));
    check(
        r#"{"duration":0}"#,
        "error: `duration` option should be more than 0, for infinite duration use the externally-controlled executor",
    );
}

#[test]
fn a_stronger_shortcut_wipes_weaker_scenarios() {
    let scenarios = r#"{"scenarios":{"a":{"executor":"constant-vus","duration":"1s"}}}"#;
    let over = |source, json| outcome([layer(Source::Script, scenarios), layer(source, json)]);
    assert_eq!(
        over(Source::Flags, r#"{"iterations":3,"vus":1}"#),
        "{\"default\":{\"executor\":\"shared-iterations\",\"vus\":1,\"iterations\":3}}\n\
         warning: \"cli\" level configuration overrode scenarios configuration entirely"
    );
    assert_eq!(
        over(Source::Flags, r#"{"vus":3}"#),
        r#"{"a":{"executor":"constant-vus","duration":"1s"}}"#
    );
}

#[test]
fn mistakes_of_scenarios_are_k6s() {
    check_problem(
        r#"{"vus":5,"iterations":3}"#,
        "scenario default has configuration errors: the number of iterations (3) can't be less than the number of VUs (5)",
    );
    check_problem(
        r#"{"vus":0,"duration":"500ms"}"#,
        "scenario default has configuration errors: the number of VUs must be more than 0, the duration must be at least 1s, but is 500ms",
    );
    check_problem(
        r#"{"scenarios":{"a b":{"executor":"constant-arrival-rate","startTime":"-1s"}}}"#,
        "scenario a b has configuration errors: the scenario name should contain only numbers, latin letters, underscores, and dashes, \
         the startTime can't be negative, the iteration rate isn't specified, the duration is unspecified, \
         the number of preAllocatedVUs isn't specified",
    );
    check_problem(
        r#"{"scenarios":{"a":{"executor":"ramping-vus","startVUs":0,"exec":"","stages":[]}}}"#,
        "scenario a has configuration errors: exec value cannot be empty, \
         either startVUs or one of the stages' target values must be greater than 0, at least one stage has to be specified",
    );
    check_problem(
        r#"{"executionSegment":"0:1/2","executionSegmentSequence":"0,1/3,1","setupTimeout":0}"#,
        "provided segment 0:1/2 can't be found in sequence 0,1/3,1\n\t- setupTimeout must be positive",
    );
}

#[test]
fn defaults_and_tags() {
    let done = consolidate([layer(Source::Script, r#"{"tags":{"a":"b"}}"#)]).expect("valid");
    let json = done.options.to_json(View::Inspect);
    assert_eq!(
        json["summaryTrendStats"].to_string(),
        r#"["avg","min","med","max","p(90)","p(95)"]"#
    );
    assert!(done.config.tag_scenario);
    assert_eq!(done.config.run_tags.get("a"), Some("b"));
}

#[test]
fn a_missing_function_is_named() {
    let done = consolidate([layer(Source::Script, "{}")]).expect("valid");
    let error = done.options.check_exec(|_| false).expect_err("nothing is exported");
    let expected = "There were problems with the specified script configuration:\n\t\
                    - executor default: function 'default' not found in exports";
    assert_eq!(error.message, expected);
    assert_eq!(done.options.check_exec(|name| name == "default"), Ok(()));
}

#[test]
fn tls_options_are_tried_before_the_run() {
    let auth = |key: &str| format!(r#"{{"tlsAuth":[{{"cert":"c","key":"{key}"}}]}}"#);
    let shown = outcome([layer(Source::Script, &auth("k"))]);
    assert!(shown.starts_with("error: "), "{shown}");
    check(r#"{"tlsVersion":"tls1.2"}"#, r#"{"default":{"executor":"per-vu-iterations"}}"#);
}
