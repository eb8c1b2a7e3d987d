//! Every way in which a run ends before its schedule, and what is left in the books.

use plimsoll_engine::{
    config::Executor, control::StopReason, progress::Stage, runner::RunErrorKind,
};
use plimsoll_metrics::{
    TagSet,
    threshold::{Threshold, ThresholdGroup},
};

use crate::fake::{Act, Ended, MS, Test, error, scenario};

fn constant(vus: u64, duration: u32, act: Act) -> Test {
    let executor = Executor::ConstantVus { vus, duration: duration * MS };
    Test::new(vec![scenario("x", executor)], act)
}

fn stopped(ended: &Ended) -> Option<&StopReason> {
    ended.finished.stopped.as_ref()
}

#[test]
fn graceful_stop_interrupts_what_waits() {
    let ended = constant(3, 20, Act::Wait).run();
    assert_eq!(ended.check(), [0, 3, 0]);
    assert_eq!(ended.stages(), ["setup", "teardown"]);
    assert_eq!(stopped(&ended), None);
}

#[test]
fn a_future_that_does_not_end_is_dropped() {
    let mut test = constant(2, 20, Act::Hang);
    test.config.workers = 1;
    assert_eq!(test.run().check(), [0, 2, 0]);
}

#[test]
fn a_signal_interrupts_at_once_and_tears_down() {
    let mut test = constant(4, 60_000, Act::Wait);
    test.act = Box::new(|_, vu| if vu.in_instance == 2 { Act::Signal } else { Act::Wait });
    let ended = test.run();
    let [completed, interrupted, _] = ended.check();
    assert_eq!(completed, 0);
    assert!((1..=4).contains(&interrupted));
    assert_eq!(ended.stages(), ["setup", "teardown"]);
    assert_eq!(stopped(&ended), Some(&StopReason::Signal));
}

/// The last of three iterations ends the run and goes on; the others last longer than the graceful stop.
#[test]
fn a_drained_run_lets_iterations_end() {
    let mut test = constant(3, 60_000, Act::Wait);
    test.act = Box::new(|iteration, _| match iteration.in_instance {
        2 => Act::Exhaust(20 * MS),
        _ => Act::Wait,
    });
    let ended = test.run();
    assert_eq!(ended.check(), [1, 2, 0]);
    assert_eq!(ended.stages(), ["setup", "teardown"]);
    assert_eq!(stopped(&ended), Some(&StopReason::Exhausted));
}

#[test]
fn every_worker_is_told_its_end() {
    for act in [Act::Sleep(MS), Act::Signal] {
        let ended = constant(3, 20, act).run();
        let mut finished = ended.log.finished.lock().unwrap().clone();
        finished.sort_unstable();
        assert_eq!(finished, [0, 1]);
    }
}

#[test]
fn an_aborting_iteration_is_interrupted_and_recorded() {
    let ended = constant(1, 60_000, Act::Abort).run();
    assert_eq!(ended.figures.iterations_interrupted, 1);
    assert_eq!(ended.counter("iterations") as u64, 1);
    assert_eq!(ended.stages(), ["setup", "teardown"]);
    assert_eq!(stopped(&ended), Some(&StopReason::ScriptAbort("enough".to_owned())));
}

#[test]
fn what_the_end_of_the_run_leaves_is_not_dropped() {
    let max_duration = 60_000 * MS;
    for executor in [
        Executor::SharedIterations { vus: 2, iterations: 100, max_duration },
        Executor::PerVuIterations { vus: 2, iterations: 100, max_duration },
    ] {
        let figures = Test::new(vec![scenario("x", executor)], Act::Abort).run().figures;
        assert!((1..=2).contains(&figures.iterations_interrupted), "{figures:?}");
        assert_eq!(figures.iterations_dropped, 0);
    }
}

#[test]
fn a_second_signal_ends_without_teardown() {
    let test = constant(2, 60_000, Act::Hang);
    let control = test.control.clone();
    let killer = std::thread::spawn(move || {
        while control.figures().vus_active == 0 {
            std::thread::yield_now();
        }
        control.stop(StopReason::Signal);
        control.abort();
    });
    let ended = test.run();
    killer.join().unwrap();
    assert_eq!(ended.stages(), ["setup"]);
    assert_eq!(stopped(&ended), Some(&StopReason::Signal));
}

#[test]
fn open_scenarios_keep_their_books_when_stopped() {
    let executor = Executor::ConstantArrivalRate {
        rate: 500,
        time_unit: 1000 * MS,
        duration: 60_000 * MS,
        pre_allocated_vus: 4,
        max_vus: 4,
    };
    let mut test = Test::new(vec![scenario("x", executor)], Act::Sleep(3 * MS));
    test.act = Box::new(
        |iteration, _| {
            if iteration.in_instance == 20 { Act::Signal } else { Act::Sleep(3 * MS) }
        },
    );
    let [completed, interrupted, _] = test.run().check();
    assert!(completed + interrupted > 20);
}

#[test]
fn a_threshold_ends_the_run() {
    let mut test = constant(1, 60_000, Act::Sleep(5 * MS));
    let threshold = Threshold { abort_on_fail: true, ..Threshold::parse("count<1").unwrap() };
    test.thresholds = vec![ThresholdGroup {
        key: "iterations".to_owned(),
        metric: "iterations".to_owned(),
        tags: TagSet::default(),
        thresholds: vec![threshold],
    }];
    test.keep_samples = true;
    let ended = test.run();
    let [completed, interrupted, _] = ended.check();
    assert!(completed > 0 && interrupted <= 1);
    assert_eq!(stopped(&ended), Some(&StopReason::Thresholds(vec!["iterations".to_owned()])));
    assert_eq!(ended.stages(), ["setup", "teardown"]);
    // Whole seconds since the start and one at the end; every sample was handed over.
    let intervals = ended.log.intervals.lock().unwrap().clone();
    assert_eq!(intervals.len(), 3);
    assert_eq!(intervals[1].0 - intervals[0].0, 1_000_000_000);
    let gauges = 2 * 2;
    assert_eq!(*ended.log.samples.lock().unwrap(), 2 * completed + gauges);
}

/// Not only when all thresholds are looked at, which is every other second.
#[test]
fn a_broken_window_ends_the_run_at_once() {
    let mut test = constant(1, 60_000, Act::Sleep(5 * MS));
    let threshold =
        Threshold { abort_on_fail: true, ..Threshold::parse("count<1 over 1s").unwrap() };
    test.thresholds = vec![ThresholdGroup {
        key: "iterations".to_owned(),
        metric: "iterations".to_owned(),
        tags: TagSet::default(),
        thresholds: vec![threshold],
    }];
    let ended = test.run();
    assert_eq!(stopped(&ended), Some(&StopReason::Thresholds(vec!["iterations".to_owned()])));
    assert_eq!(ended.log.intervals.lock().unwrap().len(), 2, "one second, and the end");
}

#[test]
fn a_failed_setup_leaves_everything_else_out() {
    let mut test = constant(1, 60_000, Act::Wait);
    test.setup = Err(error(RunErrorKind::ScriptException));
    let ended = test.run();
    assert_eq!(ended.stages(), ["setup"]);
    assert_eq!(ended.check(), [0, 0, 0]);
    assert_eq!(ended.finished.error, Some(error(RunErrorKind::ScriptException)));
}

#[test]
fn a_signal_ends_setup_and_is_no_error_of_it() {
    let mut test = constant(1, 60_000, Act::Wait);
    test.endless_setup = true;
    let control = test.control.clone();
    let stopper = std::thread::spawn(move || {
        while control.test_progress().stage != Stage::Setup {
            std::thread::yield_now();
        }
        control.stop(StopReason::Signal);
    });
    let ended = test.run();
    stopper.join().unwrap();
    assert_eq!(ended.stages(), ["setup"]);
    assert_eq!((stopped(&ended), &ended.finished.error), (Some(&StopReason::Signal), &None));
}

#[test]
fn a_failed_init_leaves_everything_else_out() {
    let mut test = constant(3, 60_000, Act::Wait);
    test.init = Err(error(RunErrorKind::ScriptException));
    let ended = test.run();
    assert_eq!(ended.stages(), [""; 0]);
    assert_eq!(ended.finished.error, Some(error(RunErrorKind::ScriptException)));
}

#[test]
fn setup_and_teardown_can_be_left_out() {
    let mut test = constant(2, 20, Act::Sleep(5 * MS));
    test.config.no_setup = true;
    test.config.no_teardown = true;
    let ended = test.run();
    assert_eq!(ended.stages(), [""; 0]);
    assert!(ended.check()[0] >= 2);
}

#[test]
fn a_paused_run_waits() {
    let mut test = constant(1, 20, Act::Sleep(5 * MS));
    test.config.paused = true;
    let control = test.control.clone();
    let resumer = std::thread::spawn(move || {
        while control.figures().vus_initialized == 0 {
            std::thread::yield_now();
        }
        assert_eq!(control.figures().iterations_completed, 0);
        control.resume();
    });
    assert!(test.run().check()[0] >= 1);
    resumer.join().unwrap();
}

#[test]
fn a_broken_vu_ends_the_run_with_an_error() {
    let ended = constant(2, 60_000, Act::Panic).run();
    assert_eq!(ended.finished.error.map(|e| e.kind), Some(RunErrorKind::Other));
}
