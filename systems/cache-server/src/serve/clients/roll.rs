//! Connections by their ids, in the order in which they came.

use std::{collections::BTreeMap, sync::Arc};

use super::Client;

/// Places of one part.
const PART: u64 = 16;

/// Ids are given one after the other, so that of neighbours the id says which place is whose. An idle
/// connection costs some ten bytes here; in a tree of their ids it would be 34.
#[derive(Debug, Default)]
pub(super) struct Roll {
    /// By their first id, as a multiple of [`PART`]. Those of which all have left are gone.
    parts: BTreeMap<u64, Part>,
    count: usize,
}

type Part = Box<[Option<Arc<Client>>; PART as usize]>;

impl Roll {
    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn enter(&mut self, client: Arc<Client>) {
        let (part, place) = place_of(client.id);
        let part = self.parts.entry(part).or_default();
        if part.get_mut(place).is_some_and(|place| place.replace(client).is_none()) {
            self.count += 1;
        }
    }

    /// Takes somebody out, who may have been already.
    pub(super) fn leave(&mut self, id: u64) {
        let (number, place) = place_of(id);
        let Some(part) = self.parts.get_mut(&number) else { return };
        if part.get_mut(place).and_then(Option::take).is_none() {
            return;
        }
        self.count -= 1;
        if part.iter().all(Option::is_none) {
            self.parts.remove(&number);
        }
    }

    pub(super) fn find(&self, id: u64) -> Option<&Arc<Client>> {
        let (part, place) = place_of(id);
        self.parts.get(&part)?.get(place)?.as_ref()
    }

    /// Everybody, in the order of their ids.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Client>> {
        self.parts.values().flat_map(|part| part.iter().flatten())
    }
}

/// The part that an id belongs to, and its place there.
fn place_of(id: u64) -> (u64, usize) {
    (id / PART, (id % PART) as usize)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use proptest::prelude::*;

    use super::*;
    use crate::store::Millis;

    #[derive(Clone, Debug)]
    enum Step {
        Enter,
        Leave(u64),
    }

    /// It does what a map does, and keeps no part that is empty.
    fn check(steps: impl IntoIterator<Item = Step>) {
        let addr = SocketAddr::from(([127, 0, 0, 1], 1));
        let (mut roll, mut map) = (Roll::default(), BTreeMap::new());
        let mut last = 0;
        for step in steps {
            match step {
                Step::Enter => {
                    last += 1;
                    let client = Arc::new(Client::new(last, addr, addr, Millis(0)));
                    roll.enter(Arc::clone(&client));
                    map.insert(last, client);
                }
                Step::Leave(id) => {
                    roll.leave(id);
                    map.remove(&id);
                    assert!(roll.find(id).is_none());
                }
            }
            assert_eq!(roll.count(), map.len());
        }
        assert!(roll.iter().map(|client| &client.id).eq(map.keys()));
        assert!(map.keys().all(|id| roll.find(*id).is_some_and(|client| client.id == *id)));
        assert!(roll.parts.values().all(|part| part.iter().any(Option::is_some)));
    }

    #[test]
    fn a_crowd_comes_and_goes() {
        let enter = || (0..1_000).map(|_| Step::Enter);
        let leave = || (1..=1_000).map(Step::Leave);
        check(enter().chain(leave().rev()));
        check(enter().chain(leave()).chain(enter()));
    }

    proptest! {
        #[test]
        fn it_is_a_map(
            steps in prop::collection::vec(
                prop_oneof![Just(Step::Enter), (0_u64..300).prop_map(Step::Leave)],
                0..600,
            )
        ) {
            check(steps);
        }
    }
}
