//! Which samples are told singly, and what is told of the others.

use plimsoll_engine::{config::Executor, hub::SinglesLimit};

use crate::fake::{Act, MS, Test, scenario};

/// Two VUs that are quick for their first second and then slow.
fn run(limit: Option<SinglesLimit>) -> [u64; 4] {
    let executor = Executor::ConstantVus { vus: 2, duration: 2_400 * MS };
    let mut test = Test::new(vec![scenario("x", executor)], Act::Wait);
    test.act = Box::new(|iteration, _| match iteration.in_instance {
        0..600 => Act::Sleep(2 * MS),
        _ => Act::Sleep(40 * MS),
    });
    test.keep_samples = true;
    test.singles_limit = limit;
    let ended = test.run();
    let [completed, ..] = ended.check();
    let log = &ended.log;
    let condensed = *log.condensed.lock().unwrap() as u64;
    let (singles, surplus) = (*log.singles.lock().unwrap(), *log.surplus.lock().unwrap());
    [completed, singles, condensed, surplus]
}

#[test]
fn without_a_limit_all_are_told() {
    let [completed, singles, condensed, surplus] = run(None);
    assert_eq!([singles, condensed, surplus], [completed, 0, 0]);
}

#[test]
fn with_room_all_are_told() {
    let limit = SinglesLimit { per_second: 100_000, wants_surplus: false };
    let [completed, singles, condensed, surplus] = run(Some(limit));
    assert_eq!([singles, condensed, surplus], [completed, 0, 0]);
}

/// Every iteration is either told singly or in a sum, never in both.
#[test]
fn past_the_limit_sums_are_told() {
    for wants_surplus in [false, true] {
        // Each iteration has two samples.
        let limit = SinglesLimit { per_second: 300, wants_surplus };
        let [completed, singles, condensed, surplus] = run(Some(limit));
        assert!(singles > 0 && condensed > singles, "{singles} {condensed}");
        assert_eq!(singles + condensed, completed);
        assert_eq!(surplus, if wants_surplus { condensed } else { 0 });
    }
}
