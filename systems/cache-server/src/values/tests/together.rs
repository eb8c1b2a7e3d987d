//! Many members at a time come to what they come to one by one, in collections of any size.

use super::super::{Hash, Set, SortedSet};

fn check(members: usize) {
    let name = |number: usize| format!("member {number}").into_bytes();
    let there: Vec<Vec<u8>> = (0..members).map(name).collect();
    // Every third is not there, and some are named twice.
    let named: Vec<Vec<u8>> = (members / 3..members + members / 6).chain(0..20).map(name).collect();
    let (there, named) = (|| there.iter().map(Vec::as_slice), || named.iter().map(Vec::as_slice));

    let (mut one, mut many) = (Set::new(), Set::new());
    assert_eq!(many.insert_all(there()), there().filter(|member| one.insert(member)).count());
    assert_eq!(many.insert_all(named()), named().filter(|member| one.insert(member)).count());
    assert_eq!(many.remove_all(named()), named().filter(|member| one.remove(member)).count());
    assert!(one.iter().map(|member| member.to_vec()).eq(many.iter().map(|member| member.to_vec())));

    let (mut one, mut many) = (Hash::new(), Hash::new());
    let pairs = |value: &'static [u8]| there().map(move |field| (field, value));
    for value in [&b"first"[..], b"second"] {
        let added = pairs(value).filter(|(field, value)| one.set(field, value)).count();
        assert_eq!(many.set_all(pairs(value)), added);
    }
    assert_eq!(many.remove_all(named()), named().filter(|field| one.remove(field)).count());
    assert!(one.iter().eq(many.iter()));

    let (mut one, mut many) = (SortedSet::new(), SortedSet::new());
    for (score, member) in (0u32..).zip(there()) {
        one.insert(member, f64::from(score % 100));
        many.insert(member, f64::from(score % 100));
    }
    let removed = named().filter(|member| one.remove(member).is_some()).count();
    assert_eq!(many.remove_all(named()), removed);
    assert!(one.iter().eq(many.iter()));
}

#[test]
fn many_at_a_time_are_as_one_by_one() {
    for members in [0, 1, 100, 200, 20_000] {
        check(members);
    }
}
