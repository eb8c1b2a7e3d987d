//! Lines against those that k6 1.1.0 printed for the same run, and what a terminal is sent.

use super::*;
use crate::testing::Shared;

fn scenario(name: &str, seconds: (f64, f64), executor: ExecutorView) -> ScenarioView {
    let (elapsed, duration) = seconds;
    ScenarioView {
        name: name.to_owned(),
        status: Status::Running,
        progress: elapsed / duration,
        elapsed: Duration::from_secs_f64(elapsed),
        duration: Duration::from_secs_f64(duration),
        executor,
    }
}

/// One of each executor, one second into the run.
fn view() -> ProgressView {
    let per_vu = ScenarioView {
        status: Status::Done,
        progress: 1.0,
        ..scenario(
            "pervu",
            (0.9, 90.0),
            ExecutorView::PerVuIterations { vus: 2, done: 6, iterations: 3 },
        )
    };
    let shared = ScenarioView {
        progress: 0.6,
        ..scenario(
            "shared",
            (1.0, 600.0),
            ExecutorView::SharedIterations { vus: 2, done: 6, iterations: 10 },
        )
    };
    let waiting = ScenarioView {
        status: Status::Waiting(Duration::from_millis(500)),
        progress: 0.0,
        ..scenario(
            "a_very_long_scenario_name_that_is_longer_than_thirty",
            (0.0, 1.0),
            ExecutorView::ConstantVus { vus: 1 },
        )
    };
    let scenarios = vec![
        scenario("car", (1.0, 2.0), ExecutorView::ArrivalRate { active: 5, vus: 10, rate: 20.0 }),
        scenario("cv", (1.0, 2.0), ExecutorView::ConstantVus { vus: 12 }),
        scenario("ext", (1.0, 2.0), ExecutorView::ExternallyControlled { active: 1, most: 4 }),
        ScenarioView {
            status: Status::Stopping,
            ..scenario("intr", (1.0, 1.0), ExecutorView::ConstantVus { vus: 1 })
        },
        per_vu,
        scenario("rar", (1.0, 2.0), ExecutorView::ArrivalRate { active: 3, vus: 3, rate: 5.32 }),
        scenario("rv", (1.0, 2.0), ExecutorView::RampingVus { active: 4, most: 5 }),
        shared,
        waiting,
    ];
    ProgressView {
        stage: Stage::Running,
        elapsed: Duration::from_secs(1),
        longest: Duration::from_secs(630),
        vus_active: 8,
        vus: 36,
        iterations_completed: 71,
        iterations_interrupted: 0,
        scenarios,
    }
}

/// The two scenarios of a short run, in the middle of it.
fn small() -> ProgressView {
    let scenarios = vec![
        scenario("a1", (1.4, 2.0), ExecutorView::ConstantVus { vus: 2 }),
        ScenarioView {
            progress: 0.5,
            ..scenario(
                "bbbb",
                (0.4, 600.0),
                ExecutorView::PerVuIterations { vus: 2, done: 2, iterations: 2 },
            )
        },
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
    let display = Display::terminal(Box::new(shared.clone()), 60, false);
    let mut log = display.log_writer(Box::new(shared.clone()));
    display.draw(&small());
    display.draw(&small());
    std::io::Write::write_all(&mut log, b"a line of the log\n").unwrap();
    display.finish(&ProgressView { stage: Stage::Finished, ..small() });
    display.clear();
    insta::assert_snapshot!(shared.text().replace('\x1b', "^").replace('\r', "<"));
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
    let plan = |name: &str, plan| BannerScenario {
        name: name.to_owned(),
        plan,
        start_time: Duration::ZERO,
        graceful_stop: Duration::from_secs(30),
        exec: "default".to_owned(),
    };
    let seconds = Duration::from_secs;
    let all = Banner {
        program: "plimsoll 0.1.0".to_owned(),
        script: "e.js".to_owned(),
        outputs: vec!["json (x.json)".to_owned(), "csv (x.csv)".to_owned()],
        segment: 1.0,
        vus: 39,
        longest: seconds(630),
        scenarios: vec![
            BannerScenario {
                exec: "x".to_owned(),
                start_time: Duration::from_millis(1500),
                graceful_stop: Duration::ZERO,
                ..plan("late", Plan::ConstantVus { vus: 1, duration: seconds(1) })
            },
            plan(
                "car",
                Plan::ConstantArrivalRate { rate: 20.0, duration: seconds(2), vus: 3, max_vus: 10 },
            ),
            plan("ext", Plan::ExternallyControlled { vus: 1, max_vus: 4, duration: seconds(2) }),
            plan(
                "pervu",
                Plan::PerVuIterations { vus: 2, iterations: 3, max_duration: seconds(90) },
            ),
            plan(
                "rar",
                Plan::RampingArrivalRate {
                    most: 20.0,
                    duration: seconds(2),
                    stages: 2,
                    vus: 3,
                    max_vus: 3,
                },
            ),
            plan(
                "rv",
                Plan::RampingVus {
                    most: 5,
                    duration: seconds(2),
                    stages: 2,
                    graceful_ramp_down: Duration::ZERO,
                },
            ),
            plan(
                "shared",
                Plan::SharedIterations { vus: 2, iterations: 10, max_duration: seconds(600) },
            ),
        ],
    };
    insta::assert_snapshot!(banner(&all, false));
    assert!(banner(&all, true).contains("script: \x1b[36me.js\x1b[0m\n"));
}
