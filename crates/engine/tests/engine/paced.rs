//! Arrivals by a pace: all that are due are started, on time or late, and told apart.

use std::time::Duration;

use plimsoll_engine::{
    config::{Executor, FOREVER},
    control::StopReason,
    pace::{Pace, Rate, Spacing},
};
use proptest::prelude::*;

use crate::fake::{Act, Ended, MS, Test, scenario};

fn paced(rate: u64, milliseconds: u32, vus: u64, max_vus: u64) -> Executor {
    Executor::Paced {
        pace: Pace::Constant(Rate::per_second(rate)),
        spacing: Spacing::Even,
        duration: Some(milliseconds * MS),
        vus,
        max_vus,
        rotate: false,
    }
}

fn check(executor: Executor, graceful_stop: Duration, act: Act) -> Ended {
    let mut scenario = scenario("x", executor);
    scenario.graceful_stop = graceful_stop;
    Test::new(vec![scenario], act).run()
}

#[test]
fn every_arrival_is_started_and_its_waiting_measured() {
    let ended = check(paced(500, 200, 4, 4), 200 * MS, Act::Sleep(MS));
    assert_eq!(ended.check(), [100, 0, 0]);
    assert_eq!(ended.trend_count("iteration_lateness"), 100);
    assert_eq!(ended.trend_count("iteration_response_time"), 100);
    let parts = ["iteration_lateness", "iteration_duration"].map(|name| ended.trend_sum(name));
    let response_time = ended.trend_sum("iteration_response_time");
    assert!((response_time - parts.iter().sum::<f64>()).abs() < 1e-3, "{response_time} {parts:?}");
    let progress = ended.progress.first().unwrap();
    assert_eq!((progress.iterations_total, progress.progress), (Some(100), 1.0));
}

#[test]
fn vus_are_made_as_they_are_needed() {
    let ended = check(paced(200, 100, 2, 100), 20 * MS, Act::Wait);
    assert_eq!(ended.check(), [0, 20, 0]);
    assert_eq!(ended.vus(), (1..=20).collect::<Vec<_>>());
    let made = check(paced(200, 100, 0, 100), 200 * MS, Act::Sleep(Duration::ZERO));
    assert_eq!(made.check(), [20, 0, 0]);
    assert!(made.log.made.lock().unwrap().len() < 20);
}

/// Two VUs could do a fifth of what is asked: the rest starts late, after the end too.
#[test]
fn what_finds_no_vu_starts_late() {
    let ended = check(paced(1000, 40, 2, 2), 60_000 * MS, Act::Sleep(10 * MS));
    assert_eq!(ended.check(), [40, 0, 0]);
    assert_eq!(ended.vus(), [1, 2]);
    let (lateness, duration) =
        (ended.trend_sum("iteration_lateness"), ended.trend_sum("iteration_duration"));
    assert!(lateness > 5.0 * duration, "{lateness} {duration}");
    let notices = ended.log.notices.lock().unwrap().clone();
    assert_eq!(notices, ["all of 2 workers are busy: what is due starts late"]);
}

#[test]
fn what_has_not_started_when_the_grace_is_over_is_dropped() {
    let ended = check(paced(1000, 40, 3, 3), 20 * MS, Act::Wait);
    assert_eq!(ended.check(), [0, 3, 37]);
    let ended = check(paced(1_000_000_000, 50, 2, 2), Duration::ZERO, Act::Sleep(Duration::ZERO));
    let [completed, interrupted, dropped] = ended.check();
    assert_eq!(completed + interrupted + dropped, 50_000_000);
}

/// Twenty that are due within the slack start together, ten milliseconds after the first of each ten.
#[test]
fn arrivals_may_share_a_wake_up() {
    let mut test =
        Test::new(vec![scenario("x", paced(1000, 20, 1, 1))], Act::Sleep(Duration::ZERO));
    test.config.workers = 1;
    test.config.arrival_slack = 10 * MS;
    let ended = test.run();
    assert_eq!(ended.check(), [20, 0, 0]);
    let least = 80.0;
    let lateness = ended.trend_sum("iteration_lateness");
    assert!(lateness >= least, "{lateness}");
}

/// One VU on one of several workers still gets every arrival.
#[test]
fn a_worker_without_a_vu_has_no_arrivals() {
    let mut scenario = scenario("x", paced(1000, 50, 1, 1));
    scenario.graceful_stop = 60_000 * MS;
    let mut test = Test::new(vec![scenario], Act::Sleep(Duration::ZERO));
    test.config.workers = 4;
    assert_eq!(test.run().check(), [50, 0, 0]);
}

#[test]
fn idle_vus_take_turns_when_asked_to() {
    let run = |rotate| {
        let mut executor = paced(300, 200, 6, 6);
        if let Executor::Paced { rotate: whether, .. } = &mut executor {
            *whether = rotate;
        }
        let mut test = Test::new(vec![scenario("x", executor)], Act::Sleep(Duration::ZERO));
        test.config.workers = 1;
        test.run()
    };
    let ended = run(true);
    assert_eq!(ended.check(), [60, 0, 0]);
    let order: Vec<_> = ended.iterations().iter().map(|entry| entry.vu.in_instance).collect();
    // Two that are due at once may end in the other order.
    let turns = |vu| order.iter().filter(|other| **other == vu).count();
    assert!((1..=6).all(|vu| turns(vu).abs_diff(10) <= 1), "{order:?}");
    assert_eq!(run(false).check(), [60, 0, 0]);
}

#[test]
fn a_pace_without_an_end_goes_on_until_it_is_stopped() {
    for act in [Act::Signal, Act::Exhaust(5 * MS)] {
        let mut executor = paced(500, 0, 1, 20);
        if let Executor::Paced { duration, .. } = &mut executor {
            *duration = None;
        }
        let mut test = Test::new(vec![scenario("x", executor)], Act::Wait);
        test.act = Box::new(
            move |i, _| if i.in_instance == 25 { act } else { Act::Sleep(Duration::ZERO) },
        );
        let ended = test.run();
        let [completed, interrupted, _] = ended.check();
        assert!(completed + interrupted > 25);
        let reason = ended.finished.stopped.clone();
        assert!(matches!(reason, Some(StopReason::Signal | StopReason::Exhausted)), "{reason:?}");
        let progress = ended.progress.first().unwrap();
        assert_eq!((progress.duration, progress.iterations_total), (None, None));
    }
}

/// One VU that never ends its first iteration: of what is asked for in the first second nearly all
/// waits.
#[test]
fn a_condition_on_a_window_ends_the_run() {
    let mut test = Test::new(vec![scenario("x", paced(100, 60_000, 1, 1))], Act::Wait);
    test.abort_when = vec!["max>1h over 1s", "rate<50% over 1s"];
    let ended = test.run();
    let Some(StopReason::Condition(text)) = &ended.finished.stopped else {
        panic!("{:?}", ended.finished.stopped)
    };
    assert!(text.starts_with("rate<50% over 1s: it was "), "{text}");
    let [completed, interrupted, dropped] = ended.check();
    assert_eq!((completed, interrupted), (0, 1));
    assert!((50..6000).contains(&dropped), "{dropped}");
    assert_eq!(ended.stages(), ["setup", "teardown"]);
}

#[test]
fn vus_loop_for_ever_until_they_are_stopped() {
    let executor = Executor::ConstantVus { vus: 2, duration: FOREVER };
    let mut test = Test::new(vec![scenario("x", executor)], Act::Wait);
    test.act = Box::new(|i, _| if i.in_instance == 9 { Act::Exhaust(MS) } else { Act::Sleep(MS) });
    let ended = test.run();
    assert!(ended.check()[0] >= 10);
    assert_eq!(ended.progress.first().unwrap().duration, None);
}

fn any_pace() -> impl Strategy<Value = Pace> {
    let rate = |hits| Rate { hits, per: 30 * MS };
    prop_oneof![
        (1_u64..100).prop_map(move |hits| Pace::Constant(rate(hits))),
        (0_u64..100, 1_u64..100).prop_map(move |(from, to)| Pace::Linear {
            from: rate(from),
            to: rate(to),
            over: 20 * MS
        }),
        (1_u64..100)
            .prop_map(move |to| Pace::Stages(vec![(rate(to), Duration::ZERO), (rate(0), 25 * MS)])),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn nothing_scheduled_is_lost(
        pace in any_pace(),
        rotate in any::<bool>(),
        (vus, more) in (0_u64..5, 1_u64..6),
        workers in 1_usize..4,
        seed in 0_u64..1000,
    ) {
        let duration = Some(30 * MS);
        let striping = plimsoll_engine::segment::Segment::default().striping().clone();
        let spacing = Spacing::Even;
        let schedule = plimsoll_engine::pace::Schedule::new(&pace, spacing, duration, striping);
        let executor =
            Executor::Paced { pace, spacing, duration, vus, max_vus: vus + more, rotate };
        let mut scenario = scenario("x", executor);
        scenario.graceful_stop = 10 * MS;
        let mut test = Test::new(vec![scenario], Act::Wait);
        test.config.workers = workers;
        test.act = Box::new(move |i, vu| match (vu.in_instance * 31 + i.in_instance * 17 + seed) % 9 {
            0 => Act::Wait,
            1..=5 => Act::Sleep(Duration::ZERO),
            n => Act::Sleep(u32::try_from(n).unwrap() * MS),
        });
        let ended = test.run();
        prop_assert_eq!(Some(ended.check().iter().sum::<u64>()), schedule.planned());
        prop_assert!(ended.log.made.lock().unwrap().len() as u64 <= vus + more);
        ended.vus();
    }
}
