//! [`List`] against a `VecDeque`.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::super::List;

type Model = VecDeque<Vec<u8>>;

#[derive(Clone, Debug)]
enum Step {
    PushFront(Vec<u8>),
    PushBack(Vec<u8>),
    Insert(usize, Vec<u8>),
    Set(usize, Vec<u8>),
    RemoveFront(usize),
    RemoveBack(usize),
    RemoveEqual(Vec<u8>, usize, bool),
}

/// Few that differ, so that equal ones stand together; some as large as blocks.
fn element() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        20 => (0u8..6).prop_map(|number| vec![b'a' + number; usize::from(number) * 9]),
        5 => (100usize..900).prop_map(|length| vec![b'm'; length]),
        1 => (7000usize..20_000).prop_map(|length| vec![b'l'; length]),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let place = any::<prop::sample::Index>().prop_map(|index| index.index(4000));
    prop_oneof![
        9 => element().prop_map(Step::PushFront),
        9 => element().prop_map(Step::PushBack),
        5 => (place.clone(), element()).prop_map(|(place, element)| Step::Insert(place, element)),
        3 => (place, element()).prop_map(|(place, element)| Step::Set(place, element)),
        2 => (0usize..40).prop_map(Step::RemoveFront),
        2 => (0usize..40).prop_map(Step::RemoveBack),
        2 => (element(), 0usize..30, any::<bool>())
            .prop_map(|(element, limit, from_back)| Step::RemoveEqual(element, limit, from_back)),
    ]
}

fn apply(list: &mut List, model: &mut Model, step: &Step) {
    match step {
        Step::PushFront(element) => {
            list.push_front(element);
            model.push_front(element.clone());
        }
        Step::PushBack(element) => {
            list.push_back(element);
            model.push_back(element.clone());
        }
        Step::Insert(place, element) => {
            let place = place % (model.len() + 1);
            list.insert(place, element);
            model.insert(place, element.clone());
        }
        Step::Set(place, element) => {
            let place = place % (model.len() + 1);
            let expected = model.get_mut(place).map(|old| *old = element.clone()).is_some();
            assert_eq!(list.set(place, element), expected);
        }
        Step::RemoveFront(count) => {
            list.remove_front(*count);
            model.drain(..(*count).min(model.len()));
        }
        Step::RemoveBack(count) => {
            list.remove_back(*count);
            model.truncate(model.len().saturating_sub(*count));
        }
        Step::RemoveEqual(element, limit, from_back) => {
            let is_it = |index: &usize| model[*index] == *element;
            let mut found: Vec<usize> = (0..model.len()).filter(is_it).collect();
            if *from_back {
                found.reverse();
            }
            found.truncate(*limit);
            assert_eq!(list.remove_equal(element, *limit, *from_back), found.len());
            found.sort_unstable();
            found.iter().rev().for_each(|index| drop(model.remove(*index)));
        }
    }
}

fn check(list: &List, model: &Model) {
    assert_eq!(list.len(), model.len());
    assert!(list.iter().eq(model.iter().map(|element| &element[..])));
    assert!(list.iter().rev().eq(model.iter().rev().map(|element| &element[..])));
    assert_eq!(list.front(), model.front().map(|element| &element[..]));
    assert_eq!(list.back(), model.back().map(|element| &element[..]));
    for (index, element) in model.iter().enumerate() {
        assert_eq!(list.get(index), Some(&element[..]));
    }
    let (from, to) = (model.len() / 3, model.len());
    assert!(list.range(from..to).eq(model.range(from..to).map(|element| &element[..])));
    let payload: usize = model.iter().map(Vec::len).sum();
    let bytes = list.heap_bytes();
    assert!(bytes >= payload && bytes <= payload * 4 + 9000, "{bytes} bytes hold {payload}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_list_is_a_deque(steps in prop::collection::vec(step(), 1..700)) {
        let (mut list, mut model) = (List::new(), Model::new());
        for step in &steps {
            apply(&mut list, &mut model, step);
        }
        check(&list, &model);
        check(&list.clone(), &model);
        list.remove_back(usize::MAX);
        check(&list, &Model::new());
    }
}

#[test]
fn lists_are_joined_at_either_end() {
    let made = |range: std::ops::Range<u32>| {
        let (mut list, mut model) = (List::new(), Model::new());
        for number in range {
            let element = format!("element {number}").into_bytes();
            list.push_back(&element);
            model.push_back(element);
        }
        (list, model)
    };
    for counts in [[0, 0, 0], [0, 3, 0], [3, 0, 2_000], [2_000, 2_000, 2_000], [1, 5_000, 1]] {
        let [first, middle, last] = counts;
        let (mut list, _) = made(first..first + middle);
        list.append(made(first + middle..first + middle + last).0);
        list.prepend(made(0..first).0);
        let (_, model) = made(0..first + middle + last);
        check(&list, &model);
        list.remove_front(first as usize + 1);
        assert_eq!(list.len(), model.len().saturating_sub(first as usize + 1));
    }
}

#[test]
fn a_queue_stays_as_small_as_what_is_in_it() {
    let mut list = List::new();
    for number in 0..100_000 {
        list.push_front(format!("element {number}").as_bytes());
        if list.len() > 100 {
            list.remove_back(1);
        }
    }
    assert_eq!((list.len(), list.back()), (100, Some(&b"element 99900"[..])));
    assert!(list.heap_bytes() < 24 << 10, "{} bytes", list.heap_bytes());
}

#[test]
fn encodings() {
    let mut list = List::new();
    for _ in 0..70 {
        list.push_back(&[b'x'; 100]);
    }
    assert_eq!(list.encoding(), "listpack");
    for _ in 0..70 {
        list.push_back(&[b'x'; 100]);
    }
    assert_eq!(list.encoding(), "quicklist");
}

#[test]
fn a_large_element_that_is_overwritten_gives_its_room_back() {
    let mut list = List::new();
    list.push_back(&[b'x'; 20_000]);
    list.push_back(b"small");
    assert!(list.set(0, b"small"));
    assert!(list.heap_bytes() < 1000, "{} bytes", list.heap_bytes());
}
