//! Lines against those that k6 1.1.0 printed for the same run, and what a terminal is sent.

use std::sync::Arc;

use super::*;
use crate::testing::Shared;

fn scenario(name: &str, status: Status, progress: f64, columns: &[&str]) -> ScenarioView {
    let columns = columns.iter().map(|&column| column.to_owned()).collect();
    ScenarioView { name: name.to_owned(), status, progress, columns }
}

/// One of each executor, one second into the run.
fn view() -> ProgressView {
    use Status::{Done, Running, Stopping, Waiting};
    let long_name = "a_very_long_scenario_name_that_is_longer_than_thirty";
    let scenarios = vec![
        scenario("car", Running, 0.5, &["05/10 VUs", "1.0s/2s", "20.00 iters/s"]),
        scenario("cv", Running, 0.5, &["12 VUs", "1.0s/2s"]),
        scenario("intr", Stopping, 1.0, &["1 VUs", "1s"]),
        scenario("pervu", Done, 1.0, &["2 VUs", "0m00.9s/1m30s", "6/6 iters, 3 per VU"]),
        scenario("rar", Running, 0.5, &["3/3 VUs", "1.0s/2s", "05.32 iters/s"]),
        scenario("rv", Running, 0.5, &["4/5 VUs", "1.0s/2.0s"]),
        scenario("shared", Running, 0.6, &["2 VUs", "00m01.0s/10m0s", "06/10 shared iters"]),
        scenario(long_name, Waiting, 0.0, &["waiting", "0.5s"]),
    ];
    ProgressView {
        stage: Stage::Running,
        terms: Terms::SCRIPT,
        live: Arc::new([]),
        watched: String::new(),
        hint: "",
        elapsed: Duration::from_secs(1),
        longest: Some(Duration::from_secs(630)),
        vus_active: 8,
        vus: 36,
        iterations_completed: 71,
        iterations_interrupted: 0,
        scenarios,
    }
}

fn wide(columns: usize) -> Size {
    Size { columns, ..Size::DEFAULT }
}

/// The two scenarios of a short run, in the middle of it.
fn small() -> ProgressView {
    let third = ["2 VUs", "00m00.4s/10m0s", "2/4 iters, 2 per VU"];
    let scenarios = vec![
        scenario("a1", Status::Running, 0.7, &["2 VUs", "1.4s/2s"]),
        scenario("bbbb", Status::Running, 0.5, &third),
    ];
    ProgressView {
        scenarios,
        vus: 4,
        vus_active: 4,
        elapsed: Duration::from_millis(1400),
        ..view()
    }
}

#[test]
fn plain_lines() {
    let lines: Vec<String> =
        render(&view(), None, false).into_iter().map(|line| line.replace(' ', "·")).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn names_take_four_characters() {
    let scenarios = vec![scenario("j", Status::Running, 0.5, &["02/11 VUs", "1.0s/2s", " "])];
    let lines = render(&ProgressView { scenarios, ..view() }, None, false);
    assert_eq!(lines.get(1).map(String::as_str), Some("j      [  50% ] 02/11 VUs  1.0s/2s   "));
}

#[test]
fn bars_are_as_wide_as_fits() {
    let mut text = String::new();
    for width in [200, 91, 90, 62, 60, 59, 40] {
        text.push_str(&format!(
            "{width}:\n{}\n",
            render(&small(), Some(wide(width)), false).join("\n")
        ));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn colored_bars() {
    insta::assert_debug_snapshot!(render(&small(), Some(wide(100)), true));
}

#[test]
fn every_stage_has_its_headline() {
    let line = |stage| render(&ProgressView { stage, ..small() }, None, false).remove(0);
    assert_eq!(line(Stage::Init { done: 7, planned: 100 }), "init (007/100 VUs initialized)");
    assert!(line(Stage::Setup).starts_with("setup (00m01.4s), 4/4 VUs, "));
    assert!(line(Stage::Teardown).starts_with("teardown (00m01.4s)"));
    assert!(line(Stage::Paused).starts_with("paused (00m01.4s)"));
}

#[test]
fn a_terminal_is_drawn_over() {
    let shared = Shared::default();
    let display = Display::terminal(Box::new(shared.clone()), || wide(60), false);
    let mut log = display.log_writer(Box::new(shared.clone()));
    display.draw(&small());
    display.draw(&small());
    for part in ["a line ", "of the log", "\n"] {
        std::io::Write::write_all(&mut log, part.as_bytes()).unwrap();
    }
    display.finish(&ProgressView { stage: Stage::Finished, ..small() });
    display.clear();
    insta::assert_snapshot!(shared.text().replace('\x1b', "^").replace('\r', "<"));
}

/// As terminals do that wrap their text anew when they are resized: whole lines above the cursor,
/// which stands in an empty one.
#[derive(Default)]
struct Screen {
    lines: Vec<String>,
}

impl Screen {
    fn show(&mut self, text: &str, columns: usize) {
        let mut rest = text;
        while let Some((above, below)) = rest.split_once("\r\x1b[") {
            self.put(above);
            let (count, below) = below.split_once('A').unwrap();
            // What is there is written over, and the rest is cleared.
            assert!(below.contains("\x1b[J"));
            self.clear_up(count.parse().unwrap(), columns);
            rest = below;
        }
        self.put(rest);
    }

    fn put(&mut self, text: &str) {
        let text = text.replace("\x1b[K", "").replace("\x1b[1B\x1b[J\x1b[1A", "");
        let text = text.replace("\x1b[J", "");
        self.lines.extend(text.lines().map(str::to_owned));
    }

    /// The cursor goes up so many rows, and all from there on is cleared.
    fn clear_up(&mut self, rows: usize, columns: usize) {
        let mut left = rows;
        while left > 0 {
            let line = self.lines.pop().expect("more is cleared than was drawn");
            let height = line.chars().count().saturating_sub(1) / columns + 1;
            assert!(height <= left, "a row of {line:?} stays");
            left -= height;
        }
    }
}

/// Whenever the terminal changes its width, nothing of older bars stays and no other line goes.
#[test]
fn a_terminal_may_be_resized() {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    let columns = Arc::new(AtomicUsize::new(100));
    let shared = Shared::default();
    let asked = Arc::clone(&columns);
    let display =
        Display::terminal(Box::new(shared.clone()), move || wide(asked.load(Relaxed)), false);
    let mut log = display.log_writer(Box::new(shared.clone()));
    let mut screen = Screen::default();
    let mut shown = 0;
    let mut update = |columns| {
        let text = shared.text();
        screen.show(&text[shown..], columns);
        shown = text.len();
        screen.lines.clone()
    };
    let widths = [100, 60, 31, 7, 1, 200, 44, 45, 120];
    for (at, width) in widths.into_iter().enumerate() {
        columns.store(width, Relaxed);
        match at % 2 {
            0 => display.draw(&small()),
            _ => std::io::Write::write_all(&mut log, b"a line\n").unwrap(),
        }
        let lines = update(width);
        assert_eq!(lines.iter().filter(|line| line.starts_with("running")).count(), 1);
    }
    columns.store(9, Relaxed);
    display.clear();
    assert_eq!(update(9), ["a line"; 4]);
}

#[test]
fn a_pipe_gets_lines_once_a_second() {
    let shared = Shared::default();
    let display = Display::lines(Box::new(shared.clone()));
    for millis in [100, 900, 1_050, 1_500, 2_010, 2_020, 3_000] {
        display.draw(&ProgressView { elapsed: Duration::from_millis(millis), ..small() });
    }
    let times: Vec<String> = shared
        .text()
        .lines()
        .filter_map(|line| Some(line.strip_prefix("running (")?.split_once(')')?.0.to_owned()))
        .collect();
    assert_eq!(times, ["00m01.1s", "00m02.0s", "00m03.0s"]);
}

#[test]
fn quiet_shows_nothing_and_a_closed_pipe_is_no_panic() {
    Display::quiet().draw(&small());
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let display = Display::lines(Box::new(writer));
    display.draw(&small());
    display.finish(&small());
}

#[test]
fn before_the_start() {
    let scenario = |name: &str, plan: &str| (name.to_owned(), plan.to_owned());
    let all = Banner {
        program: "plimsoll 0.1.0".to_owned(),
        script: "e.js".to_owned(),
        dashboard: None,
        outputs: vec!["json (x.json)".to_owned(), "csv (x.csv)".to_owned()],
        headline: "(100.00%) 2 scenarios, 3 max VUs, 40s max duration (incl. graceful stop)"
            .to_owned(),
        scenarios: vec![
            scenario("cv", "2 looping VUs for 2s (gracefulStop: 30s)"),
            scenario("late", "1 looping VUs for 1s (exec: x, startTime: 1.5s)"),
        ],
    };
    insta::assert_snapshot!(banner(&all, false));
    assert!(banner(&all, true).contains("script: \x1b[36me.js\x1b[0m\n"));
    let dashboard = Some("http://127.0.0.1:5665".to_owned());
    let text = banner(&Banner { outputs: Vec::new(), dashboard, ..all }, false);
    assert!(text.contains(" web dashboard: http://127.0.0.1:5665\n        output: -\n"), "{text}");
}

/// An attack's words, figures below the bars, and what may be done.
fn with_figures() -> ProgressView {
    let row = |label: &str, first: &str, second: &str, alarm: bool| {
        let trend = |values: &[f64]| Some(Trend { values: values.to_vec(), full: 4.0 });
        let first =
            Cell { text: first.to_owned(), trend: trend(&[0.0, 1.0, 2.0, 3.0, 4.0]), alarm };
        let has_trend = second.starts_with(['p', 'm']);
        let trend = if has_trend { trend(&[4.0, 4.0, 1.0]) } else { None };
        let second = Cell { text: second.to_owned(), trend, alarm: false };
        Row { label: label.to_owned(), cells: [first, second] }
    };
    let live = [
        row("requests", "12,345/s", "12,500/s asked, 3 dropped", false),
        row("latency", "p50 1.2ms", "p99 8.41ms", false),
        row("errors", "0.30 %", "12 of 4,321 failed", true),
        row("port:8080", "CPU 0.83 cores", "memory 123 MB", false),
        row("generator", "CPU 0.21 cores", "memory 87 MB", false),
    ];
    ProgressView {
        terms: Terms::ATTACK,
        live: Arc::new(live),
        watched: "watched: port:8080 CPU 0.83 cores".to_owned(),
        hint: "q stops gracefully",
        ..small()
    }
}

#[test]
fn figures_below_the_bars_take_the_room_there_is() {
    let mut text = String::new();
    for (columns, rows) in [(120, 24), (60, 24), (44, 24), (30, 24), (80, 9), (80, 7), (80, 4)] {
        let lines = render(&with_figures(), Some(Size { columns, rows }), false);
        assert!(lines.len() + 2 <= rows, "{lines:?}");
        text.push_str(&format!("{columns}x{rows}:\n{}\n", lines.join("\n")));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn of_many_bars_those_that_run_are_shown() {
    let status = |at: usize| if at < 20 { Status::Done } else { Status::Running };
    let bar = |at: usize| scenario(&format!("s{at}"), status(at), 0.5, &["1 VUs"]);
    let view = ProgressView { scenarios: (0..25).map(bar).collect(), ..with_figures() };
    let lines = render(&view, Some(Size { columns: 80, rows: 20 }), false);
    assert!(lines.len() <= 18, "{lines:?}");
    assert!(lines[1].starts_with("s20 ") && lines[6].starts_with("s0 "), "{lines:?}");
    assert!(lines.contains(&"... and 15 more scenarios".to_owned()), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("generator")), "{lines:?}");

    let shared = Shared::default();
    let size = || Size { columns: 80, rows: 20 };
    let display = Display::terminal(Box::new(shared.clone()), size, false);
    display.finish(&view);
    assert!(shared.text().contains("\ns24 ") && shared.text().contains("\ns19 "));
}

#[test]
fn colored_figures() {
    insta::assert_debug_snapshot!(render(&with_figures(), Some(wide(80)), true));
}

#[test]
fn a_pipe_gets_what_is_watched_in_one_line() {
    let lines = render(&with_figures(), None, false);
    assert_eq!(lines.last().map(String::as_str), Some("watched: port:8080 CPU 0.83 cores"));
    assert_eq!(lines.len(), 4);
}

#[test]
fn an_attack_has_words_of_its_own() {
    let line = |view: &ProgressView| render(view, None, false).remove(0);
    assert_eq!(
        line(&with_figures()),
        "running (00m01.4s), 4/4 workers, 71 complete and 0 interrupted requests"
    );
    let init = Stage::Init { done: 1, planned: 2 };
    let view = ProgressView { stage: init, ..with_figures() };
    assert_eq!(line(&view), "init (1/2 workers initialized)");
}

#[test]
fn what_the_person_ended_is_no_failure() {
    let scenarios = vec![scenario("attack", Status::Ended, 0.0, &["3/3 workers", "7s"])];
    let view = ProgressView { scenarios, ..with_figures() };
    assert!(render(&view, None, false)[1].starts_with("attack ■ ["));
}
