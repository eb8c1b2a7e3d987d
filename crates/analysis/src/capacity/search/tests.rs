//! Searches over whole numbers, without a service.

use super::*;

/// All levels that are tried when `limit` is the highest that is kept, and what is found.
fn levels(limit: f64, start: f64, ceiling: f64) -> (Vec<(Kind, f64)>, Finding) {
    let budget = Duration::from_secs(600);
    let settings = Settings::within(budget, start, ceiling).whole(1.0);
    let mut search = Search::new(settings);
    let mut tried = Vec::new();
    loop {
        let order = match search.next(budget) {
            Step::Run(order) => order,
            Step::Done(finding) => return (tried, finding),
        };
        tried.push((order.kind, order.rate));
        let score = Score { excess: order.rate / (limit + 0.5) - 1.0, error: 0.01 };
        let outcome = match order.rate <= limit {
            true => Outcome::Pass,
            false => Outcome::Fail(crate::capacity::Cause::Objective(0)),
        };
        search.record(order, outcome, score);
    }
}

#[track_caller]
fn check(limit: f64, start: f64, capacity: Option<f64>, failing: Option<f64>) {
    let (tried, finding) = levels(limit, start, 1000.0);
    assert_eq!((finding.capacity, finding.first_failing), (capacity, failing), "{tried:?}");
    assert!(tried.iter().all(|(_, level)| level.fract() == 0.0 && *level >= 1.0), "{tried:?}");
    let mut short: Vec<f64> = tried
        .iter()
        .filter(|(kind, level)| is_short(*kind) && *level <= limit)
        .map(|(_, level)| *level)
        .collect();
    let count = short.len();
    short.sort_unstable_by(f64::total_cmp);
    short.dedup();
    assert_eq!(count, short.len(), "a level was tried again for nothing: {tried:?}");
}

#[test]
fn whole_levels_end_where_neighbours_differ_by_one() {
    check(0.0, 4.0, None, Some(1.0));
    check(1.0, 1.0, Some(1.0), Some(2.0));
    check(1.0, 64.0, Some(1.0), Some(2.0));
    check(7.0, 1.0, Some(7.0), Some(8.0));
    check(7.0, 30.0, Some(7.0), Some(8.0));
    check(20.0, 3.0, Some(20.0), Some(21.0));
    check(1000.0, 100.0, Some(1000.0), None);
}

#[test]
fn whole_levels_of_a_wide_range_end_near_the_precision() {
    let (_, finding) = levels(700.0, 10.0, 1e5);
    let (low, high) = (finding.capacity.unwrap(), finding.first_failing.unwrap());
    assert!(low <= 700.0 && high > 700.0 && high / low < 1.1 && high - low > 1.0);
}

#[test]
fn a_single_user_is_overloaded_by_two() {
    let (tried, _) = levels(1.0, 1.0, 1000.0);
    let of = |wanted| tried.iter().filter(move |(kind, _)| *kind == wanted).map(|(_, at)| *at);
    assert_eq!(
        of(Kind::Hold).collect::<Vec<_>>(),
        [1.0; 2],
        "50 and 80 % are one, and 100 % longer"
    );
    assert_eq!(of(Kind::Overload).collect::<Vec<_>>(), [2.0]);
}
