//! Options: as JSON, as variables and as flags, up to the plan that is made of them.

use bolero::{TypeGenerator, ValueGenerator, check, produce};
use plimsoll_engine::plan::Plan;
use plimsoll_script::options::{Layer, Options, Source, View, consolidate};
use serde_json::{Value, json};

use crate::near::{Corpus, pick};

fn seeds() -> Vec<Value> {
    vec![
        json!({ "vus": 3, "duration": "5s", "thresholds": { "http_reqs{a:b}": ["count>0",
            { "threshold": "rate<1", "abortOnFail": true, "delayAbortEval": "10s" }] } }),
        json!({ "stages": [{ "duration": "1m", "target": 5 }, { "duration": 1000, "target": 0 }],
            "setupTimeout": 5, "systemTags": ["url", "vu"], "tags": { "a": "b" } }),
        json!({ "scenarios": {
            "a": { "executor": "constant-arrival-rate", "rate": 5, "timeUnit": "1s", "duration": "1m",
                "preAllocatedVUs": 2, "maxVUs": 4, "startTime": "5s", "gracefulStop": "0s",
                "exec": "f", "env": { "A": "b" }, "tags": { "c": "d" } },
            "b": { "executor": "ramping-vus", "startVUs": 1, "stages": [{ "duration": "1s", "target": 9 }] },
            "c": { "executor": "externally-controlled", "vus": 1, "maxVUs": 2, "duration": "1s" },
            "d": { "executor": "ramping-arrival-rate", "startRate": 1, "preAllocatedVUs": 1,
                "stages": [{ "duration": "9s", "target": 20 }] },
            "e": { "executor": "shared-iterations", "vus": 2, "iterations": 5, "maxDuration": "3s" },
            "f": { "executor": "per-vu-iterations", "vus": 2, "iterations": 5 } },
            "executionSegment": "0:1/2", "executionSegmentSequence": "0,1/2,1" }),
        json!({ "dns": { "ttl": "inf", "select": "random", "policy": "onlyIPv6" },
            "hosts": { "*.a.test:80": "[::1]:8080", "b.test": "127.0.0.1" },
            "blacklistIPs": ["10.0.0.0/8"], "blockHostnames": ["*.a.test"], "batch": 5, "rps": 7,
            "tlsVersion": { "min": "tls1.2", "max": "tls1.3" }, "tlsCipherSuites": ["TLS_AES_128_GCM_SHA256"],
            "summaryTrendStats": ["avg", "p(99.9)", "count"], "summaryTimeUnit": "ms",
            "ext": { "x": {} }, "cloud": 1, "noSetup": true, "paused": false, "unknown": 1 }),
    ]
}

/// What no option expects, and what some expect at their limits.
fn strange() -> Vec<Value> {
    let mut values = vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1e308),
        json!(-0.5),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(""),
        json!("x"),
        json!("9999999h"),
        json!("-1s"),
        json!([]),
        json!([[]]),
        json!({}),
        json!({ "": null }),
        json!("tls1.3"),
        json!("default"),
        json!("p(-1)"),
        json!("1/999983"),
        json!("*"),
        json!(100_001),
        json!("2562047h"),
        json!({ "duration": "1h", "target": 1_000_000 }),
    ];
    values.extend(seeds());
    values
}

/// One value put elsewhere: the one to replace is found by steps from the root.
#[derive(Clone, Debug, TypeGenerator)]
struct Change {
    steps: [u8; 4],
    depth: u8,
    value: u8,
}

impl Change {
    fn apply(&self, root: &mut Value, values: &[Value]) {
        let depth = usize::from(self.depth) % (self.steps.len() + 1);
        let steps = self.steps.get(..depth).unwrap_or_default();
        *inner(root, steps) = pick(values, self.value).cloned().unwrap_or_default();
    }
}

fn inner<'v>(value: &'v mut Value, steps: &[u8]) -> &'v mut Value {
    let count = match value {
        Value::Array(items) => items.len(),
        Value::Object(map) => map.len(),
        _ => 0,
    };
    let Some((step, rest)) = steps.split_first().filter(|_| count > 0) else { return value };
    let index = usize::from(*step) % count;
    match value {
        Value::Array(items) => inner(&mut items[index], rest),
        Value::Object(map) => inner(map.values_mut().nth(index).expect("within its length"), rest),
        other => other,
    }
}

fn values() -> impl ValueGenerator<Output = Value> {
    let (seeds, strange) = (seeds(), strange());
    let changes = produce::<Vec<Change>>().with().len(0..5usize);
    (produce::<u8>(), changes).map_gen(move |(seed, changes): (u8, Vec<Change>)| {
        let mut value = pick(&seeds, seed).cloned().unwrap_or_default();
        for change in changes {
            change.apply(&mut value, &strange);
        }
        value
    })
}

fn check_layer(source: Source, options: Options) {
    if options.threshold_groups().is_err() {
        return;
    }
    let Ok(done) = consolidate([Layer { source, options }]) else { return };
    Plan::new(&done.config);
    let shown = done.options.to_json(View::Script);
    assert!(Options::from_json(&shown, Source::Script).is_ok(), "{shown}");
}

#[test]
fn json() {
    check!().with_generator((values(), produce::<bool>())).for_each(|(value, script)| {
        let source = if *script { Source::Script } else { Source::ConfigFile };
        if let Ok((options, _)) = Options::from_json(value, source) {
            check_layer(source, options);
        }
    });
}

#[test]
fn flags_and_variables() {
    const TEXTS: &[&str] = &[
        "5",
        "10s",
        "10s:5,20s:10",
        "true",
        "0:1/2",
        "0,1/2,1",
        "a=b",
        "a:b,c:d",
        "127.0.0.1",
        "10.0.0.0/8",
        "ttl=5m,select=first,policy=preferIPv4",
        "avg,p(99.9)",
        "url,vu",
        "127.0.0.1-127.0.0.9",
        "full",
        "ms",
    ];
    const WORDS: &[&str] = &[
        ",",
        ":",
        "=",
        "/",
        "-",
        "%",
        "*",
        "p(",
        ")",
        "ttl=",
        "inf",
        "0",
        "-1",
        "9223372036854775808",
        "1e99",
        "false",
        "\u{e9}",
        "\0",
        " ",
        "::",
        "h",
        "s",
    ];
    let flags: Vec<&str> = Options::flags().collect();
    let inputs = (produce::<u8>(), Corpus::of_texts(TEXTS, WORDS).text());
    check!().with_generator(inputs).for_each(|(flag, text)| {
        let flag = pick(&flags, *flag).copied().unwrap_or_default();
        let mut options = Options::default();
        if let Ok(known) = options.set_flag(flag, text) {
            assert!(known, "{flag}");
            check_layer(Source::Flags, options);
        }
        let variable = format!("K6_{}", flag.to_ascii_uppercase().replace('-', "_"));
        let read = |name: &str| (name == variable).then(|| text.clone());
        if let Ok(options) = Options::from_environment(read) {
            check_layer(Source::Environment, options);
        }
    });
}
