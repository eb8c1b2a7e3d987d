//! [`SortedSet`] against a map that is sorted when it is looked at.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{super::SortedSet, STEPS, check_walk, name};

type Model = BTreeMap<Vec<u8>, f64>;

fn sorted(model: &Model) -> Vec<(Vec<u8>, f64)> {
    let mut pairs: Vec<_> = model.iter().map(|(member, score)| (member.clone(), *score)).collect();
    // Members are in order already, and the sort keeps that.
    pairs.sort_by(|a, b| a.1.partial_cmp(&b.1).unwrap());
    pairs
}

fn check(set: &SortedSet, model: &Model) {
    let pairs = sorted(model);
    assert_eq!(set.len(), pairs.len());
    let owned = |(member, score): (&[u8], f64)| (member.to_vec(), score);
    assert_eq!(set.iter().map(owned).collect::<Vec<_>>(), pairs);
    let backwards: Vec<_> = pairs.iter().rev().cloned().collect();
    assert_eq!(set.iter().rev().map(owned).collect::<Vec<_>>(), backwards);
    let (from, to) = (pairs.len() / 3, pairs.len() / 2);
    assert_eq!(
        set.range(from..to).rev().map(owned).collect::<Vec<_>>(),
        backwards[pairs.len() - to..pairs.len() - from]
    );
    for (rank, (member, score)) in pairs.iter().enumerate() {
        assert_eq!((set.rank(member), set.score(member)), (Some(rank), Some(*score)));
    }
    for bound in [-3.0, 0.0, 2.5] {
        let expected = pairs.iter().filter(|(_, score)| *score <= bound).count();
        assert_eq!(set.count_before(|score, _| score <= bound), expected);
    }
    let payload: usize = model.keys().map(|member| member.len() + 8).sum();
    assert!(set.heap_bytes() >= payload);
}

fn score() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => (-8i8..8).prop_map(|number| f64::from(number) / 2.0),
        1 => prop::num::f64::NORMAL,
        1 => prop::sample::select(vec![f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_sorted_set_is_a_sorted_map(
        steps in prop::collection::vec((0u8..5, name(), score()), STEPS),
        cut in any::<(u16, u16)>(),
    ) {
        let (mut set, mut model) = (SortedSet::new(), Model::new());
        for (kind, member, score) in &steps {
            if *kind == 0 {
                prop_assert_eq!(set.remove(member), model.remove(member));
                prop_assert_eq!(set.rank(member), None);
            } else {
                prop_assert_eq!(set.insert(member, *score), model.insert(member.clone(), *score));
            }
        }
        check(&set, &model);
        check(&set.clone(), &model);
        let from = usize::from(cut.0) % (model.len() + 1);
        let to = from + usize::from(cut.1) % (model.len() + 1 - from);
        for (member, _) in &sorted(&model)[from..to] {
            model.remove(member);
        }
        let mut other = set.clone();
        set.remove_range(from..to);
        check(&set, &model);
        let (len, encoding) = (other.len(), other.encoding());
        let left = other.cut_range(from..to);
        check(&other, &model);
        prop_assert_eq!(other.encoding(), encoding);
        prop_assert!(left.is_none_or(|left| left.len() == len && 2 * (to - from) >= len));
        set.remove_range(0..usize::MAX);
        prop_assert!(set.is_empty());
        prop_assert!(set.heap_bytes() < 64 << 10, "{} bytes hold nothing", set.heap_bytes());
    }

    #[test]
    fn a_walk_passes_nothing_over(
        count in 1usize..600,
        step in 1usize..50,
        gone in prop::collection::vec(any::<u16>(), 0..600),
    ) {
        let member = |number: usize| format!("m{number}").into_bytes();
        let mut set = SortedSet::new();
        (0..count).for_each(|number| { set.insert(&member(number), number as f64); });
        let gone: Vec<usize> = gone.iter().map(|number| usize::from(*number) % count).collect();
        let kept: Vec<Vec<u8>> = (0..count).filter(|number| !gone.contains(number)).map(member).collect();
        let mut gone = gone.into_iter();
        check_walk(|cursor, seen| {
            let next = set.scan(cursor, step, |member, _| seen.push(member.to_vec()));
            gone.by_ref().take(5).for_each(|number| { set.remove(&member(number)); });
            next
        }, &kept);
    }
}

#[test]
fn equal_zeros_are_one_score() {
    let mut set = SortedSet::new();
    set.insert(b"b", 0.0);
    set.insert(b"a", -0.0);
    set.insert(b"c", -0.0);
    assert!(set.iter().map(|(member, _)| member).eq([b"a", b"b", b"c"]));
}
