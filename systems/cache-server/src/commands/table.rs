//! All commands, found by name.

use std::sync::LazyLock;

use super::{
    bits, dump, expiry, fills, hashes, hyperloglog, introspect, keys, lists, node, sets, sort,
    sorted_sets, spec::Spec, strings,
};
use crate::serve::server;

/// One table per family.
const FAMILIES: &[&[Spec]] = &[
    strings::TABLE,
    bits::TABLE,
    hashes::TABLE,
    lists::TABLE,
    sets::TABLE,
    sorted_sets::TABLE,
    hyperloglog::TABLE,
    keys::TABLE,
    expiry::TABLE,
    sort::TABLE,
    dump::TABLE,
    fills::TABLE,
    node::TABLE,
    introspect::TABLE,
    server::access::TABLE,
    server::client::TABLE,
    server::config::TABLE,
    server::connection::TABLE,
    server::debug::TABLE,
    server::hotkeys::TABLE,
    server::info::TABLE,
    server::latency::TABLE,
    server::memory::TABLE,
    server::monitor::TABLE,
    server::pubsub::TABLE,
    server::saving::TABLE,
    server::scripting::TABLE,
    server::slowlog::TABLE,
    server::transactions::TABLE,
];

/// Places of the index, four times as many as there are commands, or more. A power of two.
const PLACES: usize = 1024;

static INDEX: LazyLock<Index> = LazyLock::new(Index::new);

/// All commands, containers but not their subcommands, family by family.
pub fn all() -> impl Iterator<Item = &'static Spec> {
    FAMILIES.iter().copied().flatten()
}

/// The command of that name, in any case.
#[inline]
pub fn find(name: &[u8]) -> Option<&'static Spec> {
    find_numbered(name).map(|(_, spec)| spec)
}

/// The subcommand of that name, in any case.
pub fn find_subcommand(container: &Spec, name: &[u8]) -> Option<&'static Spec> {
    place_of_subcommand(container, name).map(|(_, spec)| spec)
}

pub(super) fn place_of_subcommand(container: &Spec, name: &[u8]) -> Option<(u32, &'static Spec)> {
    (0..).zip(container.subcommands).find(|(_, spec)| {
        let own = spec.name.split_once('|').map_or(spec.name, |(_, own)| own);
        own.as_bytes().eq_ignore_ascii_case(name)
    })
}

/// All commands and subcommands, each at the place of its number.
pub fn numbered() -> impl Iterator<Item = &'static Spec> {
    all().flat_map(|spec| std::iter::once(spec).chain(spec.subcommands))
}

/// The number of a command or, as `container|name`, of a subcommand; in any case.
pub fn number_of(name: &str) -> Option<u32> {
    let (container, own) =
        name.split_once('|').map_or((name, None), |(container, own)| (container, Some(own)));
    let (number, spec) = find_numbered(container.as_bytes())?;
    match own {
        None => Some(number),
        Some(own) => place_of_subcommand(spec, own.as_bytes()).map(|(place, _)| number + 1 + place),
    }
}

/// The command of that name, in any case, with its number; those of its subcommands follow.
#[inline]
pub(super) fn find_numbered(name: &[u8]) -> Option<(u32, &'static Spec)> {
    INDEX.find(name)
}

/// An open table: a command is at the place of its hash, or at the next free one.
struct Index {
    places: Box<[Option<(u32, &'static Spec)>; PLACES]>,
}

impl Index {
    fn new() -> Index {
        let mut places = Box::new([None; PLACES]);
        for (number, spec) in (0..).zip(numbered()) {
            if spec.name.contains('|') {
                continue;
            }
            let start = hash(spec.name.as_bytes());
            let free = (0..PLACES).map(|step| (start + step) % PLACES);
            let place = free.filter_map(|at| Some((at, places.get(at)?.is_none())));
            let place = place.filter(|(_, is_free)| *is_free).map(|(at, _)| at).next();
            if let Some(place) = place.and_then(|at| places.get_mut(at)) {
                *place = Some((number, spec));
            }
        }
        Index { places }
    }

    fn find(&self, name: &[u8]) -> Option<(u32, &'static Spec)> {
        let start = hash(name);
        for step in 0..PLACES {
            let (number, spec) = (*self.places.get((start + step) % PLACES)?)?;
            if spec.name.as_bytes().eq_ignore_ascii_case(name) {
                return Some((number, spec));
            }
        }
        None
    }
}

/// The same for upper and lower case.
#[inline]
fn hash(name: &[u8]) -> usize {
    let sum = name.iter().fold(name.len() as u64, |sum, byte| {
        (sum ^ u64::from(byte | 0x20)).wrapping_mul(0x0100_0000_01b3)
    });
    (sum >> 20) as usize % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_found_in_either_case_and_only_once() {
        let mut names: Vec<&str> = all().map(|spec| spec.name).collect();
        assert!(names.len() * 2 < PLACES);
        for name in &names {
            let upper = name.to_uppercase();
            assert_eq!(find(upper.as_bytes()).map(|spec| spec.name), Some(*name));
            assert_eq!(find(name.as_bytes()).map(|spec| spec.name), Some(*name));
        }
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(find(b"nothing").is_none());
        for (number, spec) in (0..).zip(numbered()).filter(|(_, spec)| !spec.name.contains('|')) {
            assert_eq!(find_numbered(spec.name.as_bytes()).map(|(found, _)| found), Some(number));
        }
        for (number, spec) in (0..).zip(numbered()) {
            assert_eq!(number_of(spec.name), Some(number));
        }
        assert_eq!((number_of("nothing"), number_of("config|nothing")), (None, None));
    }

    #[test]
    fn subcommands_carry_their_containers_name() {
        for container in all() {
            for spec in container.subcommands {
                let own = spec.name.strip_prefix(container.name).and_then(|n| n.strip_prefix('|'));
                let found = own.and_then(|own| find_subcommand(container, own.as_bytes()));
                assert_eq!(found.map(|found| found.name), Some(spec.name));
            }
        }
    }
}
