//! Executors whose iterations start when the schedule says.

use std::time::Duration;

use plimsoll_engine::config::{Executor, Stage};

use crate::fake::{Act, MS, Test, scenario};

fn constant(rate: u64, duration: u32, pre_allocated_vus: u64, max_vus: u64) -> Executor {
    let (time_unit, duration) = (1000 * MS, duration * MS);
    Executor::ConstantArrivalRate { rate, time_unit, duration, pre_allocated_vus, max_vus }
}

#[test]
fn every_arrival_finds_a_free_vu() {
    let ended = Test::new(vec![scenario("x", constant(200, 200, 10, 10))], Act::Sleep(MS)).run();
    assert_eq!(ended.check(), [40, 0, 0]);
    assert_eq!(ended.trend_count("iteration_lateness"), 40);
    assert_eq!(ended.trend_count("iteration_response_time"), 40);
    let parts = ["iteration_lateness", "iteration_duration"].map(|name| ended.trend_sum(name));
    let response_time = ended.trend_sum("iteration_response_time");
    assert!((response_time - parts.iter().sum::<f64>()).abs() < 1e-3, "{response_time} {parts:?}");
}

#[test]
fn what_finds_no_free_vu_is_dropped() {
    let mut scenario = scenario("x", constant(100, 200, 3, 3));
    scenario.graceful_stop = 20 * MS;
    let ended = Test::new(vec![scenario], Act::Wait).run();
    assert_eq!(ended.check(), [0, 3, 17]);
    let notices = ended.log.notices.lock().unwrap().clone();
    assert_eq!(notices, ["Insufficient VUs, reached 3 active VUs and cannot initialize more"]);
}

/// With three workers and an iteration of every other VU that never ends, drops must still mean
/// that no VU at all was free.
#[test]
fn a_worker_without_a_free_vu_hands_over() {
    let mut test = Test::new(vec![scenario("x", constant(200, 200, 6, 6))], Act::Wait);
    test.act =
        Box::new(|_, vu| if vu.in_instance == 6 { Act::Sleep(Duration::ZERO) } else { Act::Wait });
    test.config.workers = 3;
    let ended = test.run();
    let [completed, interrupted, dropped] = ended.check();
    assert_eq!(completed + interrupted + dropped, 40);
    assert_eq!(interrupted, 5);
    assert!(completed > 20, "{completed} {dropped}");
}

#[test]
fn unplanned_vus_are_made_one_after_the_other() {
    let mut scenario = scenario("x", constant(100, 200, 1, 4));
    scenario.graceful_stop = 20 * MS;
    let ended = Test::new(vec![scenario], Act::Wait).run();
    let [completed, interrupted, dropped] = ended.check();
    assert_eq!((completed, interrupted, dropped), (0, 4, 16));
    assert_eq!(*ended.log.made.lock().unwrap(), [1, 2, 3, 4]);
    assert_eq!(ended.figures.vus_initialized, 4);
}

#[test]
fn a_ramp_runs_the_integral_of_its_rate() {
    let stages =
        vec![Stage { duration: 100 * MS, target: 400 }, Stage { duration: 100 * MS, target: 0 }];
    let executor = Executor::RampingArrivalRate {
        start_rate: 0,
        time_unit: 1000 * MS,
        stages,
        pre_allocated_vus: 10,
        max_vus: 10,
    };
    let ended = Test::new(vec![scenario("x", executor)], Act::Sleep(MS)).run();
    assert_eq!(ended.check().iter().sum::<u64>(), 40);
}

/// What was due in the first second, 23.3, and not the rate at its end, 6.7.
#[test]
fn a_ramp_is_asked_for_what_was_due() {
    let executor = Executor::RampingArrivalRate {
        start_rate: 40,
        time_unit: 1000 * MS,
        stages: vec![Stage { duration: 1200 * MS, target: 0 }],
        pre_allocated_vus: 5,
        max_vus: 5,
    };
    let ended = Test::new(vec![scenario("x", executor)], Act::Sleep(MS)).run();
    let asked = ended.gauge_max("iterations_asked");
    assert!((10.0..=23.34).contains(&asked), "{asked}");
}

#[test]
fn all_vus_take_their_turn() {
    let ended =
        Test::new(vec![scenario("x", constant(500, 200, 5, 5))], Act::Sleep(Duration::ZERO)).run();
    assert_eq!(ended.vus(), [1, 2, 3, 4, 5]);
}

/// The schedule asks for more than any machine can start.
#[test]
fn what_cannot_be_started_in_time_is_dropped() {
    let executor = constant(1_000_000_000, 50, 2, 2);
    let ended = Test::new(vec![scenario("x", executor)], Act::Wait).run();
    let [completed, interrupted, dropped] = ended.check();
    assert_eq!((completed, interrupted, dropped), (0, 2, 50_000_000 - 2));
}

/// With a slack the arrivals come in bunches larger than the number of VUs, and each iteration takes
/// nearly as long as the VUs have: none may be dropped for that.
#[test]
fn arrivals_that_share_a_wake_up_wait_for_a_vu() {
    let mut test =
        Test::new(vec![scenario("x", constant(100, 300, 2, 2))], Act::Sleep(Duration::ZERO));
    test.config.arrival_slack = 50 * MS;
    let ended = test.run();
    assert_eq!(ended.check(), [30, 0, 0]);
    assert_eq!(ended.trend_count("iteration_lateness"), 30);
}

#[test]
fn a_stop_ends_a_wait_for_company() {
    let mut test = Test::new(vec![scenario("x", constant(1, 60_000, 1, 1))], Act::Signal);
    test.config.arrival_slack = Duration::from_secs(60);
    assert_eq!(test.run().check(), [0, 1, 0]);
}

#[test]
fn what_no_vu_took_in_its_slack_is_dropped() {
    let mut scenario = scenario("x", constant(1000, 100, 3, 3));
    scenario.graceful_stop = 20 * MS;
    let mut test = Test::new(vec![scenario], Act::Wait);
    test.config.arrival_slack = 10 * MS;
    assert_eq!(test.run().check(), [0, 3, 97]);
}
