//! `run` and `attack` with those who look: what is watched, thresholds on it, pages, and a person at the
//! terminal.

use std::{
    net::TcpListener,
    process::{Child, Stdio},
    thread,
    time::Duration,
};

use nix::sys::signal::Signal;
use plimsoll_e2e::{Run, Tool, Web, command, finish, plimsoll, ports::Port, terminal::Terminal};

/// A script with a request every 20 ms for some seconds, and thresholds.
fn script(web: &Web, seconds: u32, thresholds: &str) -> String {
    format!(
        "import http from 'k6/http';
        import {{ sleep }} from 'k6';
        export const options = {{ vus: 1, duration: '{seconds}s', thresholds: {{ {thresholds} }} }};
        export default function () {{ http.get('{}/get'); sleep(0.02); }}",
        web.url
    )
}

fn port(web: &Web) -> &str {
    web.url.rsplit(':').next().unwrap()
}

/// Runs `source` with flags, without a REST API's or anybody's variables.
fn run(source: &str, flags: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("script.js"), source).unwrap();
    let mut command = command(Tool::Plimsoll, folder.path());
    command.arg("run").args(flags).arg("script.js");
    finish(command, folder, None)
}

/// Points of a metric in `samples.json`, as lines.
fn points(run: &Run, metric: &str) -> Vec<serde_json::Value> {
    let lines = run.text("samples.json");
    let lines = lines.lines().map(|line| serde_json::from_str(line).unwrap());
    lines
        .filter(|line: &serde_json::Value| line["type"] == "Point" && line["metric"] == metric)
        .collect()
}

#[test]
fn a_watched_process_is_in_outputs_thresholds_and_the_summary() {
    let web = Web::start();
    let watched = format!("port:{}", port(&web));
    let key = format!("process_memory_bytes{{process:{watched}}}");
    let source = script(&web, 4, &format!("'{key}': ['max>1000', 'max<1000']"));
    let flags = ["--watch", &watched, "--watch-every", "500ms", "--out", "json=samples.json"];
    let run = run(&source, &flags);
    let said = run.said();
    assert_eq!(run.code, Some(99), "{said}");
    assert!(run.stdout.contains("✓ 'max>1000' max="), "{said}");
    assert!(run.stdout.contains("✗ 'max<1000' max="), "{said}");
    let (_, summary) = run.stdout.split_once("█ WATCHED").unwrap_or_else(|| panic!("{said}"));
    assert!(summary.contains(&format!("{watched}...: CPU avg=")), "{said}");
    assert!(summary.contains("generator"), "{said}");
    assert!(run.stdout.contains(&format!("; {watched} CPU ")), "no line while it ran: {said}");
    let points = points(&run, "process_cpu_utilization");
    let of = |name: &str| points.iter().filter(|p| p["data"]["tags"]["process"] == *name).count();
    assert!((4..=10).contains(&of(&watched)), "{said}\n{points:?}");
    assert!(of("generator") >= 4, "{said}");
}

/// Then everything is as k6 has it, and only the record knows of the generator.
#[test]
fn without_watch_nothing_watched_is_written() {
    let web = Web::start();
    let source = script(&web, 3, "")
        + "export function handleSummary(data) { return { 'summary.json': JSON.stringify(data) }; }";
    let run = run(&source, &["--out", "json=samples.json"]);
    assert_eq!(run.code, Some(0), "{}", run.said());
    let written = run.text("samples.json") + &run.text("summary.json") + &run.stdout;
    for word in ["process_", "host_", "generator", "WATCHED", "watched"] {
        assert!(!written.contains(word), "{word}: {written}");
    }
}

#[test]
fn thresholds_on_what_nobody_watches_are_refused() {
    let web = Web::start();
    for (key, hint) in [
        ("host_cpu_utilization{host:app1}", "--watch host"),
        ("process_memory_bytes{process:nginx}", "--watch name:nginx"),
        ("cgroup_memory_bytes", "--watch docker:NAME"),
    ] {
        let run = run(&script(&web, 1, &format!("'{key}': ['max<1']")), &[]);
        assert_eq!(run.code, Some(104), "{key}: {}", run.said());
        assert!(run.stderr.contains(key) && run.stderr.contains(hint), "{key}: {}", run.said());
        let threshold = format!("-threshold={key}: max<1");
        let attack = plimsoll(&["attack", "-duration=1s", &threshold, &web.url]);
        assert_eq!(attack.code, Some(104), "{key}: {}", attack.said());
        assert!(attack.stderr.contains(hint), "{key}: {}", attack.said());
    }
}

/// Scripts may call their metrics as they like, as long as nobody watches one of that name.
#[test]
fn metrics_of_scripts_stay_their_own() {
    let source = "import { Trend } from 'k6/metrics';
        const mine = new Trend('process_memory_bytes');
        export const options = { iterations: 2, thresholds: { process_memory_bytes: ['max<2'] } };
        export default function () { mine.add(1); }";
    let alone = run(source, &["--out", "json=samples.json"]);
    assert_eq!(alone.code, Some(0), "{}", alone.said());
    assert_eq!(points(&alone, "process_memory_bytes").len(), 2, "{}", alone.said());
    let watching = run(source, &["--watch", "host"]);
    assert_eq!(watching.code, Some(104), "{}", watching.said());
    assert!(watching.stderr.contains("called process_memory_bytes"), "{}", watching.said());
}

#[test]
fn an_archive_keeps_thresholds_on_what_is_watched() {
    let folder = tempfile::tempdir().unwrap();
    let source = "export const options = { thresholds: { host_cpu_utilization: ['max<2'] } };
        export default function () {}";
    std::fs::write(folder.path().join("script.js"), source).unwrap();
    let archive = command(Tool::Plimsoll, folder.path()).args(["archive", "script.js"]).output();
    assert!(archive.unwrap().status.success());
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(["run", "--watch", "host", "--watch-every", "100ms", "-d", "2s", "archive.tar"]);
    let run = finish(command, folder, None);
    assert_eq!(run.code, Some(0), "{}", run.said());
}

#[test]
fn thresholds_on_what_was_not_seen_do_not_hold() {
    let web = Web::start();
    let generator = "'process_cpu_utilization{process:generator}': ['max<1000']";
    let thresholds = format!("{generator}, 'host_cpu_utilization{{host:nosuch}}': ['max<2']");
    let run = run(&script(&web, 2, &thresholds), &["--watch", "host"]);
    assert_eq!(run.code, Some(99), "{}", run.said());
    assert!(run.stdout.contains("✓ 'max<1000'"), "{}", run.said());
    assert!(run.stdout.contains("✗ 'max<2' nothing was recorded"), "{}", run.said());
    assert!(
        run.stderr.contains("no sample of host_cpu_utilization{host:nosuch}"),
        "{}",
        run.said()
    );
}

#[test]
fn flags_that_make_no_sense_are_refused_before_the_run() {
    let web = Web::start();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let dashboard = format!("--dashboard={}", taken.local_addr().unwrap());
    let cases: [(&[&str], i32, &str); 9] = [
        (&["--watch", "foo:3"], 104, "--watch foo:3"),
        (&["--watch", "port:99999"], 104, "--watch port:99999"),
        (&["--watch", ""], 104, "--watch"),
        (&["--watch-every", "1ms"], 255, "100ms"),
        (&["--watch", "host", "--watch-token", "a b"], 104, "--watch-token"),
        (&["--report", "missing/out.html"], 255, "--report missing/out.html"),
        (&["--report", "out.pdf"], 255, ".html or .md"),
        (&[&dashboard], 255, "--dashboard"),
        (&["--dashboard=example.com:1"], 255, "IP:PORT"),
    ];
    for (flags, code, message) in cases {
        let run = run(&script(&web, 1, ""), flags);
        assert_eq!(run.code, Some(code), "{flags:?}: {}", run.said());
        assert!(run.stderr.contains(message), "{flags:?}: {}", run.said());
        assert!(!run.stdout.contains("running ("), "{flags:?}: {}", run.said());
    }
}

/// It is told once, with its name, and the run goes on.
#[test]
fn what_is_not_there_or_ends_is_told_once() {
    let source = "import { sleep } from 'k6';
        export const options = { vus: 1, duration: '5s' };
        export default function () { sleep(0.1); }";
    let count = |run: &Run, name: &str| {
        run.stderr.lines().filter(|line| line.contains("level=warn") && line.contains(name)).count()
    };
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = format!("port:{nobody}");
    let web = Web::start();
    let ends = format!("port:{}", port(&web));
    let killer = thread::spawn(move || {
        thread::sleep(Duration::from_millis(2_500));
        web.signal(Signal::SIGKILL);
        thread::sleep(Duration::from_secs(2));
    });
    let run = run(source, &["--watch", &nobody, "--watch", &ends]);
    killer.join().unwrap();
    assert_eq!(run.code, Some(0), "{}", run.said());
    assert_eq!((count(&run, &nobody), count(&run, &ends)), (1, 1), "{}", run.said());
}

#[test]
fn an_agent_is_watched_with_its_token_only() {
    let folder = tempfile::tempdir().unwrap();
    let port = Port::reserve();
    let address = format!("127.0.0.1:{}", port.number);
    let mut agent = command(Tool::Plimsoll, folder.path());
    agent.args(["watch", "--listen", &address, "--name", "app1", "--seconds", "60"]);
    agent.env("PLIMSOLL_TOKEN", "hunter2").stdout(Stdio::null()).stderr(Stdio::null());
    let _agent = Ends(agent.stdin(Stdio::null()).spawn().unwrap());
    let web = Web::start();
    let source = script(&web, 5, "'host_cpu_utilization{host:app1}': ['max<2']");
    let watch = format!("agent:{address}");
    let good = run(&source, &["--watch", &watch, "--watch-token", "hunter2"]);
    assert_eq!(good.code, Some(0), "{}", good.said());
    assert!(good.stdout.contains("host app1"), "{}", good.said());
    let bad = run(&source, &["--watch", &watch, "--watch-token", "hunter3"]);
    assert_eq!(bad.code, Some(99), "{}", bad.said());
    assert!(bad.stderr.contains("it refuses the token"), "{}", bad.said());
    assert!(!bad.stdout.contains("host app1"), "{}", bad.said());
}

/// A child that ends with the value.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn an_attack_is_looked_at_in_all_ways_at_once() {
    let web = Web::start();
    let port = port(&web);
    let folder = tempfile::tempdir().unwrap();
    let mut attack = command(Tool::Plimsoll, folder.path());
    attack.args(["attack", "-rate=50", "-duration=4s", "-output=results.bin"]);
    attack.args([&format!("-watch=port:{port}"), "-watch=host", "-dashboard=0"]);
    attack.args(["-report=out.html", "-report", "out.md", "-out=json=samples.json"]);
    attack.args([&format!("-threshold=process_memory_bytes{{process:port:{port}}}: max<10")]);
    attack.arg(format!("{}/get", web.url));
    let run = finish(attack, folder, None);
    let said = run.said();
    assert_eq!(run.code, Some(99), "{said}");
    assert!(run.stderr.contains("the dashboard is on http://127.0.0.1:"), "{said}");
    assert!(
        run.stdout
            .contains(&format!("✗ process_memory_bytes{{process:port:{port}}}: max<10  max="))
    );
    assert!(run.stdout.contains("Watched:\n  host "), "{said}");
    assert!(run.stderr.contains("plimsoll view"), "{said}");
    assert!(run.text("out.html").contains("</html>"), "{said}");
    assert!(run.text("out.md").contains(&format!("port:{port}")), "{said}");
    assert!(!points(&run, "host_cpu_utilization").is_empty(), "{said}");
    assert!(run.stderr.contains("0 interrupted requests"), "{said}");
}

#[test]
fn an_attack_speaks_of_workers_and_requests() {
    let web = Web::start();
    for rate in ["-rate=0", "-rate=20"] {
        let run = plimsoll(&["attack", rate, "-workers=3", "-duration=2s", &web.url]);
        assert_eq!(run.code, Some(0), "{}", run.said());
        for word in ["VUs", "iterations"] {
            assert!(!run.stderr.contains(word), "{word}: {}", run.said());
        }
        assert!(run.stderr.contains("3 workers"), "{}", run.said());
        assert!(run.stderr.contains(" 0 interrupted requests"), "{}", run.said());
    }
}

/// What starts k6's dashboard starts ours.
#[test]
fn variables_and_output_of_k6s_dashboard() {
    let source = "export default function () {}";
    let check = |run: &Run| {
        assert_eq!(run.code, Some(0), "{}", run.said());
        assert!(run.stdout.contains("\n web dashboard: http://127.0.0.1:"), "{}", run.said());
        assert!(run.text("out.html").contains("</html>"), "{}", run.said());
    };
    check(&run(source, &["--out", "web-dashboard=port=0&export=out.html"]));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("script.js"), source).unwrap();
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(["run", "script.js"]).env("K6_WEB_DASHBOARD", "true");
    command.env("K6_WEB_DASHBOARD_PORT", "0").env("K6_WEB_DASHBOARD_EXPORT", "out.html");
    check(&finish(command, folder, None));
}

/// A run of a minute, on a terminal.
fn on_a_terminal(folder: &tempfile::TempDir, web: &Web, columns: u16) -> Terminal {
    std::fs::write(folder.path().join("script.js"), script(web, 60, "")).unwrap();
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(["run", "--watch", &format!("port:{}", port(web)), "script.js"]);
    Terminal::start(&command, columns, 30)
}

#[test]
fn a_key_ends_a_run_gracefully() {
    let (web, folder) = (Web::start(), tempfile::tempdir().unwrap());
    for columns in [120, 60] {
        let mut terminal = on_a_terminal(&folder, &web, columns);
        terminal.wait_for("generator   CPU ");
        terminal.wait_for("q stops gracefully");
        assert!(!terminal.is_as_usual());
        terminal.press("xq");
        assert_eq!(terminal.end(), Some(105), "{}", terminal.shown());
        assert!(terminal.is_as_usual());
        terminal.wait_for("default ■ [");
        let shown = terminal.shown();
        assert!(shown.contains("ended early, by the key q"), "{shown}");
        assert!(shown.contains(" 0 interrupted iterations"), "{shown}");
        assert!(shown.contains("█ WATCHED"), "{shown}");
    }
}

#[test]
fn a_key_ends_the_wait_after_a_run() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("script.js"), "export default function () {}").unwrap();
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args(["run", "--linger", "--dashboard=0", "script.js"]);
    let mut terminal = Terminal::start(&command, 100, 30);
    terminal.wait_for("--linger waits");
    let shown = terminal.shown();
    let (_, rest) = shown.split_once("web dashboard: http://127.0.0.1:").unwrap();
    let port = rest.split('/').next().unwrap().parse().unwrap();
    let answer = plimsoll_e2e::http::try_get(port, "/api/runs", &[]);
    let (status, text) = answer.unwrap_or_else(|| panic!("no dashboard: {shown}"));
    assert!(status == 200 && text.contains("\"reason\":\"finished\""), "{status} {text}");
    terminal.press("q");
    assert_eq!(terminal.end(), Some(0), "{}", terminal.shown());
    terminal.wait_for("plimsoll view");
}

#[test]
fn a_terminal_is_put_back_whatever_ends_a_run() {
    let (web, folder) = (Web::start(), tempfile::tempdir().unwrap());
    for (keys, code) in [("\x03", 105), ("\x03\x03", 105), ("\x03\x03\x03", 105), ("qq", 105)] {
        let mut terminal = on_a_terminal(&folder, &web, 100);
        terminal.wait_for("q stops gracefully");
        terminal.press(keys);
        assert_eq!(terminal.end(), Some(code), "{keys:?}: {}", terminal.shown());
        assert!(terminal.is_as_usual(), "{keys:?}");
    }
}

#[test]
fn an_endless_attack_that_the_person_ended_has_not_failed() {
    let (web, folder) = (Web::start(), tempfile::tempdir().unwrap());
    for key in ["\x03", "q"] {
        let mut command = command(Tool::Plimsoll, folder.path());
        command.args(["attack", "-rate=20", &format!("{}/get", web.url)]);
        let mut terminal = Terminal::start(&command, 100, 30);
        terminal.wait_for("q stops gracefully");
        terminal.press(key);
        assert_eq!(terminal.end(), Some(0), "{}", terminal.shown());
        let shown = terminal.shown();
        terminal.wait_for("attack ■ [");
        assert!(!shown.contains('✗') && !shown.contains("aborted"), "{shown}");
    }
}

/// Whoever gives a script to standard input sees the run, and has no keys that could take a part of it.
#[test]
fn a_script_from_standard_input_is_not_taken_for_keys() {
    let folder = tempfile::tempdir().unwrap();
    let source = "export const options = { vus: 1, duration: '3s' };
        export default function () { for (const end = Date.now() + 100; Date.now() < end;); }
        // qqqqqqqq";
    std::fs::write(folder.path().join("script.js"), source).unwrap();
    let plimsoll = command(Tool::Plimsoll, folder.path());
    let program = plimsoll.get_program().to_str().unwrap();
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &format!("{program} run --record off - < script.js")]);
    let mut terminal = Terminal::start(shell.current_dir(folder.path()), 100, 30);
    terminal.wait_for("generator   CPU ");
    assert!(terminal.is_as_usual());
    assert_eq!(terminal.end(), Some(0), "{}", terminal.shown());
    assert!(!terminal.shown().contains("q stops"), "{}", terminal.shown());
}
