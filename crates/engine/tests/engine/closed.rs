//! Executors whose VUs start their next iteration when the last has ended.

use std::time::Duration;

use plimsoll_engine::{
    config::{Executor, Stage},
    progress::ScenarioState,
};

use crate::fake::{Act, MS, Test, scenario};

#[test]
fn shared_iterations_are_all_run_once() {
    let executor = Executor::SharedIterations { vus: 5, iterations: 40, max_duration: 5000 * MS };
    let ended = Test::new(vec![scenario("x", executor)], Act::Sleep(MS)).run();
    assert_eq!(ended.check(), [40, 0, 0]);
    assert_eq!(ended.stages(), ["setup", "teardown"]);
    assert_eq!(ended.trend_count("iteration_response_time"), 0, "nothing was scheduled");
    assert!(ended.vus().iter().all(|vu| (1..=5).contains(vu)));
    let mut made = ended.log.made.lock().unwrap().clone();
    made.sort_unstable();
    assert_eq!(made, [1, 2, 3, 4, 5]);
}

#[test]
fn what_max_duration_leaves_of_shared_iterations_is_dropped() {
    let executor = Executor::SharedIterations { vus: 2, iterations: 100, max_duration: 50 * MS };
    let ended = Test::new(vec![scenario("x", executor)], Act::Sleep(20 * MS)).run();
    let [completed, interrupted, dropped] = ended.check();
    assert_eq!(completed + interrupted + dropped, 100);
    assert!(dropped > 50, "{dropped}");
}

#[test]
fn every_vu_runs_its_own_iterations() {
    let executor = Executor::PerVuIterations { vus: 3, iterations: 4, max_duration: 5000 * MS };
    let ended = Test::new(vec![scenario("x", executor)], Act::Sleep(MS)).run();
    assert_eq!(ended.check(), [12, 0, 0]);
    let row = ended.progress.first().unwrap();
    assert_eq!((row.state, row.succeeded, row.progress), (ScenarioState::Done, true, 1.0));
    assert_eq!(row.columns.first().unwrap(), "3 VUs");
    assert_eq!(row.columns.last().unwrap(), "12/12 iters, 4 per VU");
    for vu in [1, 2, 3] {
        assert_eq!(ended.iterations().iter().filter(|e| e.vu.in_instance == vu).count(), 4);
    }
}

#[test]
fn a_vu_that_never_ends_its_iteration_drops_the_others() {
    let executor = Executor::PerVuIterations { vus: 2, iterations: 5, max_duration: 20 * MS };
    let mut scenario = scenario("x", executor);
    scenario.graceful_stop = 10 * MS;
    assert_eq!(Test::new(vec![scenario], Act::Wait).run().check(), [0, 2, 8]);
}

#[test]
fn constant_vus_loop_for_their_time() {
    let executor = Executor::ConstantVus { vus: 3, duration: 60 * MS };
    let ended = Test::new(vec![scenario("x", executor)], Act::Sleep(5 * MS)).run();
    let [completed, interrupted, dropped] = ended.check();
    assert!((3..=36).contains(&completed), "{completed}");
    assert_eq!((interrupted, dropped), (0, 0));
    assert_eq!(ended.vus(), [1, 2, 3]);
}

#[test]
fn busy_vus_leave_the_others_their_turn() {
    let executor = Executor::ConstantVus { vus: 4, duration: 60 * MS };
    let mut test = Test::new(vec![scenario("x", executor)], Act::Sleep(Duration::ZERO));
    test.config.workers = 1;
    assert_eq!(test.run().vus(), [1, 2, 3, 4]);
}

#[test]
fn min_iteration_duration_holds_the_next_one_back() {
    let executor = Executor::ConstantVus { vus: 1, duration: 100 * MS };
    let mut test = Test::new(vec![scenario("x", executor)], Act::Sleep(Duration::ZERO));
    test.config.min_iteration_duration = 30 * MS;
    let [completed, ..] = test.run().check();
    assert!((1..=4).contains(&completed), "{completed}");
}

#[test]
fn ramping_vus_use_slots_again() {
    let stage = |ms: u32, target| Stage { duration: ms * MS, target };
    let stages =
        vec![stage(20, 4), stage(20, 4), stage(0, 0), stage(30, 0), stage(0, 4), stage(20, 4)];
    let executor = Executor::RampingVus { start_vus: 0, stages, graceful_ramp_down: 10 * MS };
    let ended = Test::new(vec![scenario("x", executor)], Act::Wait).run();
    // Each slot's first iteration is interrupted on the way down, its second at the end.
    assert_eq!(ended.check(), [0, 8, 0]);
    assert_eq!(ended.vus(), [1, 2, 3, 4]);
}

#[test]
fn scenarios_in_a_row_share_vus() {
    let constant = |name: &str, vus, start| {
        let mut scenario = scenario(name, Executor::ConstantVus { vus, duration: 30 * MS });
        scenario.start_time = start;
        scenario.graceful_stop = 10 * MS;
        scenario
    };
    let scenarios = vec![
        constant("a", 3, Duration::ZERO),
        constant("b", 2, Duration::ZERO),
        constant("c", 4, 50 * MS),
    ];
    let ended = Test::new(scenarios, Act::Sleep(2 * MS)).run();
    assert_eq!(ended.vus(), [1, 2, 3, 4, 5]);
    assert_eq!(ended.log.made.lock().unwrap().len(), 5);
    let of = |name: &str| ended.iterations().iter().filter(|e| e.scenario == name).count();
    assert!(of("a") > 0 && of("b") > 0 && of("c") > 0);
}

#[test]
fn scaled_vus_follow_the_control() {
    let executor = Executor::ExternallyControlled { vus: 1, max_vus: 4, duration: 150 * MS };
    let test = Test::new(vec![scenario("x", executor)], Act::Sleep(2 * MS));
    let control = test.control.clone();
    let scaling = std::thread::spawn(move || {
        while control.figures().iterations_completed == 0 {
            std::thread::yield_now();
        }
        assert_eq!(control.figures().vus_active, 1);
        control.scale(4);
    });
    let ended = test.run();
    scaling.join().unwrap();
    ended.check();
    assert_eq!(ended.vus(), [1, 2, 3, 4]);
}

#[test]
fn an_instance_runs_its_segment() {
    let executor = Executor::SharedIterations { vus: 7, iterations: 20, max_duration: 5000 * MS };
    let mut test = Test::new(vec![scenario("x", executor)], Act::Sleep(MS));
    test.config.segment = plimsoll_engine::segment::Segment::parse("1/2:3/4", "").unwrap();
    let ended = test.run();
    assert_eq!(ended.check(), [6, 0, 0]);
    let mut in_test: Vec<_> = ended.iterations().iter().map(|e| e.in_test).collect();
    in_test.sort_unstable();
    assert_eq!(in_test, [1, 5, 8, 12, 15, 19]);
    assert!(ended.iterations().iter().all(|e| [2, 6].contains(&e.vu.in_test)));
}
