//! Scripts' options in, k6's JSON out.

use serde_json::{Value, json};

use super::{View, go_pretty};
use crate::options::{Options, Source};

fn read(value: &Value) -> Result<Options, String> {
    Options::from_json(value, Source::Script).map(|(options, _)| options).map_err(|e| e.message)
}

/// What comes out is what went in, in k6's spelling.
fn check(given: Value, printed: Value) {
    let options = read(&given).expect("valid options");
    let mut json = options.to_json(View::Inspect);
    let map = json.as_object_mut().expect("an object");
    map.retain(|key, value| given.get(key).is_some() || !(value.is_null() || key == "dns"));
    assert_eq!(json, printed);
}

fn check_error(given: Value, message: &str) {
    assert_eq!(read(&given).map(|_| ()), Err(message.to_owned()), "{given}");
}

#[test]
fn the_whole_of_it() {
    let full = json!({
        "paused": false, "vus": 5, "duration": "1m30s",
        "executionSegment": "0:1/2", "executionSegmentSequence": "0,1/2,1",
        "noSetup": true, "setupTimeout": "1m0s", "noTeardown": true, "teardownTimeout": "5s",
        "rps": 100, "dns": { "ttl": "1m", "select": "first", "policy": "any" }, "maxRedirects": 3,
        "userAgent": "x", "batch": 3, "batchPerHost": 2, "httpDebug": "full",
        "insecureSkipTLSVerify": true, "tlsCipherSuites": ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],
        "tlsVersion": { "min": "tls1.2", "max": "tls1.3" }, "tlsAuth": [], "throw": true,
        "thresholds": { "http_req_duration": [
            "p(95)<100",
            { "threshold": "avg<50", "abortOnFail": true, "delayAbortEval": "10s" }
        ] },
        "blacklistIPs": ["10.0.0.0/8"], "blockHostnames": ["*.foo.com", "a.b"],
        "hosts": { "a.com": "1.2.3.4", "b.com:80": "1.2.3.4:8080" },
        "noConnectionReuse": true, "noVUConnectionReuse": true, "minIterationDuration": "1.5s",
        "cloud": { "name": "x" }, "ext": { "loadimpact": { "x": 1 } },
        "summaryTrendStats": ["avg", "p(99.99)"], "summaryTimeUnit": "ms",
        "systemTags": ["status", "url"], "tags": { "a": "b" }, "metricSamplesBufferSize": 10,
        "noCookiesReset": true, "discardResponseBodies": true
    });
    check(full.clone(), full.clone());
    let keys = |value: &Value| value.as_object().map(|m| m.keys().cloned().collect::<Vec<_>>());
    let printed = read(&full).expect("valid").to_json(View::Inspect);
    let expected = "paused vus duration iterations stages scenarios executionSegment \
        executionSegmentSequence noSetup setupTimeout noTeardown teardownTimeout rps dns \
        maxRedirects userAgent batch batchPerHost httpDebug insecureSkipTLSVerify tlsCipherSuites \
        tlsVersion tlsAuth throw thresholds blacklistIPs blockHostnames hosts noConnectionReuse \
        noVUConnectionReuse minIterationDuration cloud ext summaryTrendStats summaryTimeUnit \
        systemTags tags metricSamplesBufferSize noCookiesReset discardResponseBodies";
    assert_eq!(keys(&printed).unwrap_or_default().join(" "), expected);
}

#[test]
fn spellings() {
    check(json!({ "vus": "5" }), json!({ "vus": 5 }));
    check(json!({ "duration": 5000 }), json!({ "duration": "5s" }));
    check(
        json!({ "tlsVersion": "tls1.2" }),
        json!({ "tlsVersion": { "min": "tls1.2", "max": "tls1.2" } }),
    );
    check(json!({ "executionSegment": "50%" }), json!({ "executionSegment": "0:1/2" }));
    check(json!({ "blacklistIPs": ["1.2.3.77/24"] }), json!({ "blacklistIPs": ["1.2.3.0/24"] }));
    check(json!({ "systemTags": ["foo"] }), json!({ "systemTags": null }));
    check(
        json!({ "thresholds": { "x": [{ "threshold": "a<1", "delayAbortEval": 5 }] } }),
        json!({ "thresholds": { "x": ["a<1"] } }),
    );
}

#[test]
fn mistakes_name_their_place() {
    check_error(json!({ "vus": 1.5 }), "option `vus`: expected a whole number, found 1.5");
    check_error(
        json!({ "throw": "true" }),
        "option `throw`: expected true or false, found \"true\"",
    );
    check_error(json!({ "duration": "abc" }), "option `duration`: time: invalid duration \"abc\"");
    check_error(
        json!({ "stages": [{ "duration": "1s", "target": 1 }, { "duration": "1s", "target": "x" }] }),
        "option `stages[1].target`: expected a whole number, found \"x\"",
    );
    check_error(json!({ "tags": { "n": 5 } }), "option `tags.n`: expected a string, found 5");
    check_error(
        json!({ "scenarios": { "a": { "executor": "foo" } } }),
        "option `scenarios.a`: unknown executor type 'foo' (known: shared-iterations, per-vu-iterations, \
         constant-vus, ramping-vus, constant-arrival-rate, ramping-arrival-rate, externally-controlled)",
    );
    check_error(
        json!({ "scenarios": { "a": {} } }),
        "option `scenarios.a`: scenario 'a' doesn't have a specified executor type",
    );
    check_error(
        json!({ "scenarios": { "a": { "executor": "constant-vus", "foo": 1 } } }),
        "option `scenarios.a`: unknown field \"foo\"; constant-vus has vus, duration, and every executor \
         executor, startTime, gracefulStop, env, exec, tags, options",
    );
    check_error(json!([]), "the exported `options` must be an object, found []");
}

#[test]
fn unknown_keys_are_warned_of() {
    let given = json!({ "linger": true, "vus": 1 });
    let (options, warnings) = Options::from_json(&given, Source::Script).expect("valid");
    assert_eq!(options.vus, Some(1));
    let fields: Vec<_> = warnings.iter().flat_map(|w| w.fields.clone()).collect();
    assert_eq!(fields, [("error", "json: unknown field \"linger\"".to_owned())]);
}

#[test]
fn html_is_escaped_as_in_go() {
    assert_eq!(go_pretty(&json!({ "a": "p<1&" })), "{\n  \"a\": \"p\\u003c1\\u0026\"\n}");
}
