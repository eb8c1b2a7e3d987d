//! Exit codes, each compared with k6's on the same script.

use plimsoll_e2e::{Run, Tool, run_source};

/// Runs `source` in both tools, asserts one exit code for both, and returns ours.
fn check(source: &str, arguments: &[&str], code: i32) -> Run {
    let k6 = run_source(Tool::K6, source, arguments);
    assert_eq!(k6.code, Some(code), "k6\n{}", k6.said());
    let ours = run_source(Tool::Plimsoll, source, arguments);
    assert_eq!(ours.code, Some(code), "plimsoll\n{}", ours.said());
    ours
}

const EMPTY: &str = "export default function () {}";

#[test]
fn success() {
    check(EMPTY, &[], 0);
}

#[test]
fn failed_threshold() {
    let source = "
        import { Counter } from 'k6/metrics';
        const c = new Counter('mine');
        export const options = { thresholds: { mine: ['count<1'] } };
        export default function () { c.add(1); }";
    let run = check(source, &[], 99);
    assert!(
        run.stderr.contains("thresholds on metrics 'mine' have been crossed"),
        "{}",
        run.stderr
    );
}

#[test]
fn threshold_that_holds() {
    let source = "
        import { Counter } from 'k6/metrics';
        const c = new Counter('mine');
        export const options = { thresholds: { mine: ['count>0'] } };
        export default function () { c.add(1); }";
    check(source, &[], 0);
}

#[test]
fn threshold_with_no_thresholds_flag() {
    let source = "
        export const options = { thresholds: { iterations: ['count<1'] } };
        export default function () {}";
    check(source, &["--no-thresholds"], 0);
}

#[test]
fn exception_in_init() {
    let run = check("throw new Error('boom'); export default function () {}", &[], 107);
    assert!(run.stderr.contains("boom"), "{}", run.stderr);
    assert!(run.stderr.contains("script.js:1:"), "{}", run.stderr);
}

#[test]
fn syntax_error() {
    let run = check("export default function () {\n  let = ;\n}", &[], 107);
    assert!(run.stderr.contains("script.js"), "{}", run.stderr);
}

#[test]
fn exception_in_setup() {
    check(
        "export function setup() { throw new Error('no'); } export default function () {}",
        &[],
        107,
    );
}

#[test]
fn exception_in_teardown() {
    check(
        "export function teardown() { throw new Error('no'); } export default function () {}",
        &[],
        107,
    );
}

#[test]
fn exception_in_an_iteration_is_no_failure() {
    let run = check("export default function () { throw new Error('no'); }", &[], 0);
    assert!(run.stderr.contains("Error: no"), "{}", run.stderr);
}

#[test]
fn thresholds_of_a_script_may_have_windows() {
    let run = |threshold: &str, more: &[&str]| {
        let script = format!(
            "import {{ sleep }} from 'k6';
             export const options = {{ vus: 1, duration: '3s', thresholds: {{
                 iteration_duration: ['avg<60000 over 2s', {threshold}] }} }};
             export default function () {{ sleep(0.1); }}"
        );
        run_source(Tool::Plimsoll, &script, more)
    };
    let kept = run("'max<60000'", &[]);
    assert_eq!(kept.code, Some(0), "{}", kept.said());
    assert!(kept.stdout.contains("✓ 'avg<60000 over 2s' avg=10"), "{}", kept.said());
    let broken = run("'min<1 over 1s'", &[]);
    assert_eq!(broken.code, Some(99), "{}", broken.said());
    assert!(broken.stdout.contains("✗ 'min<1 over 1s' min=10"), "{}", broken.said());
    assert!(broken.stdout.contains("in second 1\n"), "{}", broken.said());
    assert!(broken.stderr.contains("have been crossed"), "{}", broken.said());
    let ended = run("{ threshold: 'min<1 over 1s', abortOnFail: true }", &["-d", "60s"]);
    assert_eq!(ended.code, Some(99), "{}", ended.said());
    assert_eq!(run("'min<1 over 1s'", &["--no-thresholds"]).code, Some(0));
    let wrong = run("'min<1 over'", &[]);
    assert_eq!(wrong.code, Some(104), "{}", wrong.said());
    assert!(wrong.stderr.contains("on metric iteration_duration"), "{}", wrong.said());
}

#[test]
fn a_rate_that_is_not_reached_ends_the_run() {
    let script = r#"
        import { sleep } from "k6";
        export const options = { scenarios: { s: { executor: "constant-arrival-rate", rate: 50,
            duration: "60s", preAllocatedVUs: 1, maxVUs: 1 } } };
        export default function () { sleep(0.5); }"#;
    let run = |script: &str, condition: &str| {
        run_source(Tool::Plimsoll, script, &["--abort-when", condition])
    };
    let ended = run(script, "rate<90% over 2s");
    assert_eq!(ended.code, Some(99), "{}", ended.said());
    assert!(ended.stderr.contains("rate<90% over 2s: it was"), "{}", ended.said());
    let wrong = run(script, "rate<90%");
    assert_eq!(wrong.code, Some(104), "{}", wrong.said());
    let closed = run("export default function () {}", "rate<90% over 2s");
    assert_eq!(closed.code, Some(104), "{}", closed.said());
    assert!(closed.stderr.contains("nothing asks for a rate"), "{}", closed.said());
}

#[test]
fn script_abort() {
    let source = "import exec from 'k6/execution';
        export default function () { exec.test.abort('enough'); }";
    let run = check(source, &[], 108);
    assert!(run.stderr.contains("enough"), "{}", run.stderr);
}

#[test]
fn setup_timeout() {
    let source = "import { sleep } from 'k6';
        export const options = { setupTimeout: '200ms' };
        export function setup() { sleep(5); } export default function () {}";
    check(source, &[], 100);
}

#[test]
fn teardown_timeout() {
    let source = "import { sleep } from 'k6';
        export const options = { teardownTimeout: '200ms' };
        export function teardown() { sleep(5); } export default function () {}";
    check(source, &[], 101);
}

#[test]
fn unknown_executor() {
    let source = "export const options = { scenarios: { a: { executor: 'no-such', vus: 1 } } };
        export default function () {}";
    check(source, &[], 104);
}

#[test]
fn threshold_on_an_unknown_metric() {
    let source = "export const options = { thresholds: { nothing: ['count>0'] } };
        export default function () {}";
    let run = check(source, &[], 104);
    assert!(run.stderr.contains("nothing"), "{}", run.stderr);
}

#[test]
fn malformed_threshold() {
    let source = "export const options = { thresholds: { iterations: ['count>>0'] } };
        export default function () {}";
    let run = check(source, &[], 104);
    assert!(run.stderr.contains("count>>0"), "{}", run.stderr);
}

#[test]
fn missing_exec_function() {
    let source = "export const options = { scenarios: { a: {
          executor: 'shared-iterations', exec: 'nowhere' } } };
        export default function () {}";
    let run = check(source, &[], 104);
    assert!(run.stderr.contains("nowhere"), "{}", run.stderr);
}

#[test]
fn missing_script() {
    for tool in [Tool::K6, Tool::Plimsoll] {
        let run = plimsoll_e2e::run(tool, &["nothere.js"]);
        assert_eq!(run.code, Some(255), "{tool:?}\n{}", run.said());
        assert!(run.stderr.contains("nothere.js"), "{tool:?}\n{}", run.stderr);
    }
}

#[test]
fn unknown_flag() {
    for tool in [Tool::K6, Tool::Plimsoll] {
        let run = plimsoll_e2e::run(tool, &["--no-such-flag", "x.js"]);
        assert_eq!(run.code, Some(255), "{tool:?}\n{}", run.said());
        assert!(run.stderr.contains("--no-such-flag"), "{tool:?}\n{}", run.stderr);
    }
}

#[test]
fn test_fail_is_110() {
    // `exec.test.fail` is newer than the k6 that we compare with.
    let source = "import exec from 'k6/execution';
        export default function () { exec.test.fail('bad data'); }";
    let run = run_source(Tool::Plimsoll, source, &["-i", "2"]);
    assert_eq!(run.code, Some(110), "{}", run.said());
    assert!(run.stderr.contains("bad data"), "{}", run.stderr);
    assert!(run.stdout.contains("iterations"), "the summary is still printed\n{}", run.said());
}
