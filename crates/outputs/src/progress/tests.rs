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
        elapsed: Duration::from_secs(1),
        longest: Some(Duration::from_secs(630)),
        vus_active: 8,
        vus: 36,
        iterations_completed: 71,
        iterations_interrupted: 0,
        scenarios,
    }
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
        text.push_str(&format!("{width}:\n{}\n", render(&small(), Some(width), false).join("\n")));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn colored_bars() {
    insta::assert_debug_snapshot!(render(&small(), Some(100), true));
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
    let display = Display::terminal(Box::new(shared.clone()), || 60, false);
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
        while let Some(up) = rest.find("\x1b[").filter(|at| rest[*at..].contains("\x1b[J")) {
            self.put(&rest[..up]);
            let (count, below) = rest[up + 2..].split_once("A\x1b[J").unwrap();
            self.clear_up(count.parse().unwrap(), columns);
            rest = below;
        }
        self.put(rest);
    }

    fn put(&mut self, text: &str) {
        let text = text.replace("\x1b[K", "").replace('\r', "");
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
    let display = Display::terminal(Box::new(shared.clone()), move || asked.load(Relaxed), false);
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
    assert!(banner(&Banner { outputs: Vec::new(), ..all }, false).contains("output: -\n"));
}
