//! [`Set`] against a `BTreeSet`.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{super::Set, STEPS, check_walk, name};

type Model = BTreeSet<Vec<u8>>;

fn check(set: &Set, model: &Model) {
    assert_eq!(set.len(), model.len());
    assert_eq!(&set.iter().map(|member| member.to_vec()).collect::<Model>(), model);
    for (index, member) in set.iter().enumerate() {
        assert_eq!(set.nth(index).as_deref(), Some(&*member));
        assert!(set.contains(&member));
    }
    assert!(set.nth(set.len()).is_none());
    // An integer of up to 20 digits is kept in 8 bytes.
    let payload: usize = model.iter().map(|member| member.len().min(1)).sum();
    assert!(set.heap_bytes() >= payload);
}

fn integer() -> impl Strategy<Value = Vec<u8>> {
    (-600i64..600).prop_map(|number| number.to_string().into_bytes())
}

fn run(steps: &[(u8, Vec<u8>)]) {
    let (mut set, mut model) = (Set::new(), Model::new());
    for (kind, member) in steps {
        if *kind == 0 {
            assert_eq!(set.remove(member), model.remove(member));
        } else {
            assert_eq!(set.insert(member), model.insert(member.clone()));
        }
    }
    check(&set, &model);
    check(&set.clone(), &model);
    for member in &model {
        assert!(set.remove(member) && !set.contains(member));
    }
    assert!(set.is_empty());
    assert!(set.heap_bytes() < 32 << 10, "{} bytes hold nothing", set.heap_bytes());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_set_of_names(steps in prop::collection::vec((0u8..4, name()), STEPS)) {
        run(&steps);
    }

    #[test]
    fn a_set_of_integers(steps in prop::collection::vec((0u8..4, integer()), STEPS)) {
        run(&steps);
    }

    #[test]
    fn a_walk_passes_nothing_over(
        count in 1usize..900,
        step in 1usize..50,
        gone in prop::collection::vec(any::<u16>(), 0..900),
    ) {
        let member = |number: usize| format!("m{number}").into_bytes();
        let mut set = Set::new();
        (0..count).for_each(|number| { set.insert(&member(number)); });
        let gone: Vec<usize> = gone.iter().map(|number| usize::from(*number) % count).collect();
        let kept: Vec<Vec<u8>> = (0..count).filter(|number| !gone.contains(number)).map(member).collect();
        let mut gone = gone.into_iter();
        check_walk(|cursor, seen| {
            let next = set.scan(cursor, step, |member| seen.push(member.to_vec()));
            gone.by_ref().take(5).for_each(|number| { set.remove(&member(number)); });
            next
        }, &kept);
    }
}

#[test]
fn forms_change_as_redis_changes_them() {
    let mut set = Set::new();
    (0..512).for_each(|number: i32| assert!(set.insert(number.to_string().as_bytes())));
    assert_eq!(set.encoding(), "intset");
    set.insert(b"512");
    assert_eq!(set.encoding(), "hashtable");

    let mut set = Set::new();
    (0..127).for_each(|number: i32| assert!(set.insert(number.to_string().as_bytes())));
    set.insert(b"name");
    assert_eq!((set.encoding(), set.len()), ("listpack", 128));
    set.insert(b"other");
    assert_eq!((set.encoding(), set.len()), ("hashtable", 129));
}

#[test]
fn only_the_plain_form_of_an_integer_is_one() {
    let mut set = Set::new();
    for member in ["1", "01", "+1", "-0", "", "9223372036854775808", "-9223372036854775808"] {
        assert!(set.insert(member.as_bytes()), "{member}");
    }
    assert_eq!((set.len(), set.encoding()), (7, "listpack"));
}

#[test]
fn members_that_are_added_together_are_added_once_each() {
    let names: Vec<Vec<u8>> =
        (0..40_000_u32).map(|number| (number % 30_000).to_string().into_bytes()).collect();
    for take in [0, 1, 15, 16, 17, 600, names.len()] {
        let (mut set, mut one_by_one) = (Set::new(), Set::new());
        let added = set.insert_all(names.iter().take(take).map(Vec::as_slice));
        let expected = names.iter().take(take).filter(|name| one_by_one.insert(name)).count();
        assert_eq!((added, set.len()), (expected, one_by_one.len()));
        assert!(one_by_one.iter().all(|member| set.contains(&member)));
        assert_eq!(set.insert_all(names.iter().take(take).map(Vec::as_slice)), 0);
        for from in [0, 1, 100, 9_000, 29_999, 30_001] {
            let (all, rest) = (set.iter().skip(from), set.iter_from(from));
            assert!(all.map(|one| one.to_vec()).eq(rest.map(|one| one.to_vec())), "{take} {from}");
        }
    }
}
