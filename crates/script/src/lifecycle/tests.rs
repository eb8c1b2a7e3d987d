//! A script's life as the engine drives it, without an engine.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    sync::{Arc, Mutex},
    time::Duration,
};

use plimsoll_engine::{
    config::{Executor, Scenario},
    control::{Control, StopReason},
    runner::{Iteration, Outcome, RunErrorKind, Runner, ScenarioContext, ScenarioHandle, Vu, VuId},
    worker::Worker,
};
use plimsoll_metrics::{Recorder, Registry, TagSet};
use plimsoll_runtime::{clock::Instant, log::Log, timer};

use super::{Script, ScriptConfig, ScriptVu};
use crate::{
    globals::console::Console,
    loader::LoaderConfig,
    testing::{SCRIPT_URL, block_on},
};

type Lines = Arc<Mutex<Vec<(plimsoll_runtime::log::Level, String)>>>;

struct Rig {
    script: Script,
    worker: Rc<Worker>,
    scenario: Rc<ScenarioHandle>,
    lines: Lines,
    log: Log,
}

fn load(source: &str) -> Result<(Script, Lines, Log), super::RunError> {
    let overlay = BTreeMap::from([(SCRIPT_URL.to_string(), source.as_bytes().into())]);
    let (lines, log) = (Lines::default(), Log::memory());
    let script = Script::load(ScriptConfig {
        entry: SCRIPT_URL.parse().unwrap(),
        loader: LoaderConfig { overlay, ..LoaderConfig::default() },
        compatibility: Default::default(),
        env: BTreeMap::from([("KEY".to_string(), "value".to_string())]),
        registry: Registry::new(1000),
        console: Console::Memory(lines.clone()),
        log: log.clone(),
    })?;
    Ok((script, lines, log))
}

impl Rig {
    fn new(source: &str) -> Rig {
        let (script, lines, log) = load(source).unwrap();
        lines.lock().unwrap().clear();
        let recorder =
            Rc::new(RefCell::new(Recorder::new(script.test().registry.clone(), false, 0)));
        let worker =
            Rc::new(Worker { index: 0, count: 1, recorder, control: Arc::new(Control::new()) });
        let scenario = Scenario {
            name: "sc".to_string(),
            executor: Executor::ConstantVus { vus: 1, duration: Duration::from_secs(1) },
            start_time: Duration::ZERO,
            graceful_stop: Duration::ZERO,
            exec: "default".to_string(),
            env: BTreeMap::from([("OWN".to_string(), "x".to_string())]),
            tags: BTreeMap::new(),
        };
        let context = ScenarioContext {
            scenario,
            tags: TagSet::from_pairs([("scenario", "sc")]),
            started: Instant::now(),
            iterations: Arc::default(),
            progress: Box::new(|_| 0.5),
        };
        let scenario = Rc::new(ScenarioHandle { context: Arc::new(context) });
        Rig { script, worker, scenario, lines, log }
    }

    async fn vu(&self, number: u64) -> ScriptVu {
        self.script
            .init_vu(VuId { in_instance: number, in_test: number }, &self.worker)
            .await
            .unwrap()
    }

    fn iteration(&self, limit: Duration) -> Iteration {
        let now = Instant::now();
        Iteration {
            scenario: self.scenario.clone(),
            scheduled: now,
            started: now,
            in_instance: 3,
            in_test: 4,
            deadline: Rc::new(Cell::new(now + limit)),
        }
    }

    /// As the engine does: polls again at the deadline.
    async fn iterate(&self, vu: &mut ScriptVu, limit: Duration) -> Outcome {
        let iteration = self.iteration(limit);
        let mut wake = std::pin::pin!(timer::sleep_until(iteration.deadline.get()));
        let mut run = std::pin::pin!(vu.iterate(iteration));
        std::future::poll_fn(|task| {
            let _registered = wake.as_mut().poll(task);
            run.as_mut().poll(task)
        })
        .await
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().iter().map(|(_, line)| line.clone()).collect()
    }
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn setup_data_goes_to_each_vu_and_to_teardown() {
    let rig = Rig::new(
        "export function setup() { console.log('setup', __VU); return { a: [1] }; }
         export default function (data) {
           data.n = (data.n || 0) + 1;
           console.log(__VU, __ITER, JSON.stringify(data), __ENV.KEY, __ENV.OWN);
         }
         export function teardown(data) { console.log('teardown', __VU, JSON.stringify(data)); }",
    );
    block_on(async {
        rig.script.setup(&rig.worker).await.unwrap();
        let (mut one, mut two) = (rig.vu(1).await, rig.vu(2).await);
        for vu in [&mut one, &mut two] {
            assert_eq!(rig.iterate(vu, LONG).await, Outcome::Completed);
        }
        assert_eq!(rig.iterate(&mut one, LONG).await, Outcome::Completed);
        rig.script.teardown(&rig.worker).await.unwrap();
    });
    let expected = [
        "setup 0",
        "1 0 {\"a\":[1],\"n\":1} value x",
        "2 0 {\"a\":[1],\"n\":1} value x",
        "1 1 {\"a\":[1],\"n\":2} value x",
        "teardown 0 {\"a\":[1]}",
    ];
    assert_eq!(rig.lines(), expected);
}

#[test]
fn endless_loops_and_long_sleeps_end_at_the_deadline() {
    for body in [
        "while (true) {}",
        "for (;;) { try { while (true) {} } catch (e) {} finally { continue } }",
        "sleep(1000)",
        "try { sleep(1000) } catch (e) { console.log('caught') } finally { console.log('finally') }",
        "return new Promise(() => { setInterval(() => {}, 1) })",
        "const f = () => Promise.resolve().then(f); f()",
    ] {
        let rig = Rig::new(&format!(
            "import {{ sleep }} from 'k6'; export default function () {{ {body} }}"
        ));
        block_on(async {
            let mut vu = rig.vu(1).await;
            assert_eq!(
                rig.iterate(&mut vu, Duration::from_millis(20)).await,
                Outcome::Interrupted,
                "{body}"
            );
            // The VU is as good as new.
            assert_eq!(
                rig.iterate(&mut vu, Duration::from_millis(20)).await,
                Outcome::Interrupted,
                "{body}"
            );
        });
        assert!(rig.lines().is_empty(), "{body}: {:?}", rig.lines());
    }
}

#[test]
fn a_busy_script_lets_others_run() {
    let rig = Rig::new(
        "export default function () { if (__VU === 1) { while (true) {} } console.log('other'); }",
    );
    block_on(async {
        let (mut busy, mut other) = (rig.vu(1).await, rig.vu(2).await);
        let (first, second) = tokio::join!(
            rig.iterate(&mut busy, Duration::from_millis(100)),
            rig.iterate(&mut other, LONG)
        );
        assert_eq!((first, second), (Outcome::Interrupted, Outcome::Completed));
    });
    assert_eq!(rig.lines(), ["other"]);
}

#[test]
fn a_vu_may_be_dropped_at_any_point() {
    let rig = Rig::new(
        "import { sleep, group } from 'k6';
         export default function () {
           setTimeout(() => {}, 1000); new Promise(() => {});
           try { group('a', () => sleep(1000)); } catch (e) { sleep(1000); } finally { sleep(1000); }
         }",
    );
    block_on(async {
        drop(rig.vu(1).await);
        let mut vu = rig.vu(2).await;
        for _ in 0..2 {
            let iteration = rig.iteration(LONG);
            let polled = futures_poll_once(vu.iterate(iteration)).await;
            assert!(polled.is_none());
        }
        drop(vu);
    });
}

#[test]
fn vus_with_the_same_code_are_independent() {
    let rig = Rig::new(
        "let count = 0;
         const make = (step) => { let held = step; return function* () { while (true) yield held += step; } };
         const one = make(__VU)();
         class Counter { #n = 0; next() { return ++this.#n; } }
         const counter = new Counter();
         function scope(secret) { const twice = secret * 2; return eval('twice + secret'); }
         export default function () {
           console.log(__VU, ++count, one.next().value, counter.next(), scope(__VU));
           if (__ITER === 1) null.x;
         }",
    );
    block_on(async {
        let (mut first, mut second) = (rig.vu(1).await, rig.vu(2).await);
        assert_eq!(rig.iterate(&mut first, LONG).await, Outcome::Completed);
        assert_eq!(rig.iterate(&mut second, LONG).await, Outcome::Completed);
        drop(first);
        assert_eq!(rig.iterate(&mut second, LONG).await, Outcome::Failed);
        drop(second);
        let mut third = rig.vu(3).await;
        assert_eq!(rig.iterate(&mut third, LONG).await, Outcome::Completed);
    });
    assert_eq!(rig.lines(), ["1 1 2 1 3", "2 1 4 1 6", "2 2 6 2 6", "3 1 6 1 9"]);
    let log = rig.log.lines().join("\n");
    assert!(log.contains("at default (file:///test/script.js:9:"), "{log}");
}

#[test]
fn the_environment_has_what_any_module_names() {
    let rig = Rig::new(
        "export const options = { tags: { a: 'b' } };
         export default function () { console.log(__ENV.KEY, __ENV['OWN'], __ENV.MISSING); }",
    );
    let all = Rig::new("export default () => console.log(JSON.stringify(__ENV))");
    block_on(async {
        let mut vu = rig.vu(1).await;
        assert_eq!(rig.iterate(&mut vu, LONG).await, Outcome::Completed);
        let mut vu = all.vu(1).await;
        assert_eq!(all.iterate(&mut vu, LONG).await, Outcome::Completed);
    });
    assert_eq!(rig.lines(), ["value x undefined"]);
    assert_eq!(all.lines(), ["{\"KEY\":\"value\",\"OWN\":\"x\"}"]);
}

/// One poll, then the future is dropped.
async fn futures_poll_once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|task| match future.as_mut().poll(task) {
        std::task::Poll::Ready(output) => std::task::Poll::Ready(Some(output)),
        std::task::Poll::Pending => std::task::Poll::Ready(None),
    })
    .await
}

#[test]
fn exceptions_are_logged_as_k6_logs_them() {
    let rig = Rig::new(
        "export default function () { if (__ITER === 0) { throw new TypeError('bad'); } Promise.reject(new Error('no')); }",
    );
    block_on(async {
        let mut vu = rig.vu(1).await;
        assert_eq!(rig.iterate(&mut vu, LONG).await, Outcome::Failed);
        assert_eq!(rig.iterate(&mut vu, LONG).await, Outcome::Failed);
    });
    let log = rig.log.lines().join("\n");
    assert!(log.contains("TypeError: bad\\n\\tat default (file:///test/script.js:1:"), "{log}");
    assert!(log.contains("executor=constant-vus scenario=sc source=stacktrace"), "{log}");
    assert!(log.contains("Uncaught (in promise) Error: no"), "{log}");
}

#[test]
fn what_goes_wrong_has_its_kind() {
    let kind = |source: &str| load(source).map(drop).unwrap_err().kind;
    assert_eq!(kind("throw new Error('x')"), RunErrorKind::ScriptException);
    assert_eq!(kind("export default function ( {"), RunErrorKind::ScriptException);
    assert_eq!(
        kind("import './missing.js'; export default () => {}"),
        RunErrorKind::ScriptException
    );
    assert_eq!(
        kind("import exec from 'k6/execution'; exec.test.abort('no'); export default () => {}"),
        RunErrorKind::Aborted
    );
    assert_eq!(kind("export const x = 1"), RunErrorKind::Other);
    let rig = Rig::new("export function setup() { throw new Error('s') } export default () => {}");
    let error = block_on(rig.script.setup(&rig.worker)).unwrap_err();
    assert_eq!(error.kind, RunErrorKind::ScriptException);
    assert!(
        error.message.starts_with("Error: s\n\tat setup (file:///test/script.js:1:"),
        "{}",
        error.message
    );
}

#[test]
fn aborts_and_failed_inits_are_told_as_k6_tells_them() {
    let check = |source: &str, message: &str, hint: Option<&str>| {
        let rig = Rig::new(&format!("import exec from 'k6/execution'; {source}"));
        let id = VuId { in_instance: 3, in_test: 3 };
        let failed = block_on(async {
            rig.script.setup(&rig.worker).await?;
            rig.script.init_vu(id, &rig.worker).await.map(drop)
        });
        let error = failed.unwrap_err();
        assert_eq!((&*error.message, error.hint.as_deref()), (message, hint));
    };
    let setup =
        |call: &str| format!("export function setup() {{ {call} }} export default () => {{}}");
    check(&setup("exec.test.abort('no')"), "test aborted: no", None);
    check(&setup("exec.test.abort()"), "test aborted", None);
    check(
        "if (__VU === 3) exec.test.abort(); export default () => {}",
        "test aborted at file:///test/script.js:1:59",
        Some("error while initializing VU #3"),
    );
}

#[test]
fn options_and_exports_are_seen() {
    let (script, ..) = load(
        "export const options = { vus: 2, thresholds: { checks: ['rate>0.9'] } };
         export default function () {} export function other() {} export const data = 1;",
    )
    .unwrap();
    let exports = script.exports();
    assert_eq!(exports.functions, ["default", "other"]);
    assert_eq!(
        exports.options.as_deref(),
        Some("{\"vus\":2,\"thresholds\":{\"checks\":[\"rate>0.9\"]}}")
    );
}

#[test]
fn summaries_are_text_or_bytes() {
    let (script, ..) = load(
        "export default () => {};
         export function handleSummary(data) {
           return { stdout: 'n=' + data.n, 'a/b.bin': new Uint8Array([1, 2]).buffer };
         }",
    )
    .unwrap();
    let files = script.handle_summary("{\"n\":5}".to_string(), &Arc::default()).unwrap().unwrap();
    let expected = [("stdout".to_string(), b"n=5".to_vec()), ("a/b.bin".to_string(), vec![1, 2])];
    assert_eq!(files, expected);
    let (script, ..) =
        load("export default () => {}; export const handleSummary = () => ({ stderr: 5 })")
            .unwrap();
    assert!(
        script
            .handle_summary("{}".to_string(), &Arc::default())
            .unwrap_err()
            .message
            .contains("error handling summary object stderr")
    );
}

/// A busy one and one that waits, both after the run, when only the second Ctrl-C is left to come.
#[test]
fn a_summary_ends_when_everything_must() {
    let abort_after = |body: &str, wait: Duration, expected: &str| {
        let source = format!(
            "import {{ sleep }} from 'k6'; export default () => {{}};
             export function handleSummary() {{ {body}; }}"
        );
        let (script, ..) = load(&source).unwrap();
        let control = Arc::new(Control::new());
        control.stop(StopReason::Signal);
        let second = Arc::clone(&control);
        let signal = std::thread::spawn(move || {
            std::thread::park_timeout(wait);
            second.abort();
        });
        if wait.is_zero() {
            signal.join().unwrap();
        }
        let result = script.handle_summary("{}".to_string(), &control);
        let message = result.map_or_else(|error| error.message, |files| format!("{files:?}"));
        assert_eq!(message, expected, "{body}");
    };
    let interrupted = "handleSummary() was interrupted";
    for body in ["for (;;) {}", "sleep(1000)", "try { for (;;) {} } catch { return {} }"] {
        abort_after(body, Duration::from_millis(50), interrupted);
    }
    // The second has come before.
    abort_after("return {}", Duration::ZERO, "Some([])");
    let timed_out = "handleSummary() execution timed out after 1 seconds";
    abort_after("for (;;) {}", Duration::ZERO, timed_out);
}
