//! Which node of a cluster serves which slot.

use plimsoll_runtime::clock::Instant;
use plimsoll_wire::resp::{SLOTS, Value};

use super::target::{Address, Target};

/// Nodes known of a cluster; further ones are not used.
const NODES_LIMIT: usize = 1024;

/// A node's place in [`Topology`]; valid as long as that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct NodeId(u16);

impl NodeId {
    pub(super) fn index(self) -> usize {
        self.0.into()
    }
}

/// The layout as far as known. Of a single server: one node.
#[derive(Debug)]
pub(super) struct Topology {
    /// Never taken out, so that a node keeps its id. The first are those of the configuration.
    nodes: Vec<Address>,
    /// By slot.
    owners: Vec<Option<NodeId>>,
    /// Those that own slots.
    primaries: Vec<NodeId>,
    /// When the layout was last asked for.
    pub(super) refreshed: Option<Instant>,
    /// Something spoke against it since.
    pub(super) is_doubtful: bool,
}

impl Topology {
    pub(super) fn new(targets: &[Target]) -> Topology {
        let nodes: Vec<Address> =
            targets.iter().take(NODES_LIMIT).map(|target| target.address.clone()).collect();
        Topology {
            nodes,
            owners: Vec::new(),
            primaries: Vec::new(),
            refreshed: None,
            is_doubtful: false,
        }
    }

    pub(super) fn address(&self, node: NodeId) -> Option<&Address> {
        self.nodes.get(node.index())
    }

    /// The only server, or the cluster's first node.
    pub(super) const FIRST: NodeId = NodeId(0);

    /// The owner of a slot; without a slot, each owner in turn.
    pub(super) fn node_for(&self, slot: Option<u16>, turn: usize) -> NodeId {
        let found = match slot {
            Some(slot) => self.owners.get(usize::from(slot)).copied().flatten(),
            None => None,
        };
        let any = || self.primaries.get(turn.checked_rem(self.primaries.len())?).copied();
        found.or_else(any).unwrap_or(Topology::FIRST)
    }

    /// Nodes to ask for the layout: those of the configuration, then all others.
    pub(super) fn all(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.nodes.len()).map(|index| NodeId(index as u16))
    }

    /// The node of that address, added when it is new; `None` when there are too many.
    pub(super) fn node(&mut self, host: &str, port: u16) -> Option<NodeId> {
        let is_it = |address: &Address| matches!(address, Address::Tcp { host: h, port: p } if h == host && *p == port);
        let found = self.nodes.iter().position(is_it);
        let index = match found {
            Some(index) => index,
            None if self.nodes.len() >= NODES_LIMIT => return None,
            None => {
                self.nodes.push(Address::Tcp { host: host.to_owned(), port });
                self.nodes.len() - 1
            }
        };
        Some(NodeId(index as u16))
    }

    /// The host that a node names by an empty one: its own.
    pub(super) fn host_of(&self, node: NodeId) -> String {
        match self.address(node) {
            Some(Address::Tcp { host, .. }) => host.clone(),
            _ => String::new(),
        }
    }

    /// One slot has a new owner.
    pub(super) fn moved(&mut self, slot: u16, node: NodeId) {
        if let Some(owner) = self.owners.get_mut(usize::from(slot)) {
            *owner = Some(node);
        }
        self.is_doubtful = true;
    }

    /// Takes over what `CLUSTER SLOTS` answered; `false` when that is no layout, or an empty one.
    pub(super) fn take_slots(&mut self, reply: &Value, asked: NodeId) -> bool {
        let Some(ranges) = reply.as_slice() else { return false };
        let mut owners = vec![None; usize::from(SLOTS)];
        let mut primaries = Vec::new();
        for range in ranges {
            let Some([Value::Integer(first), Value::Integer(last), primary, ..]) = range.as_slice()
            else {
                return false;
            };
            let Some(node) = self.primary(primary, asked) else { continue };
            let places = usize::try_from(*first).ok().zip(usize::try_from(*last).ok());
            let Some(places) = places.and_then(|(first, last)| owners.get_mut(first..=last)) else {
                return false;
            };
            places.fill(Some(node));
            if !primaries.contains(&node) {
                primaries.push(node);
            }
        }
        if primaries.is_empty() {
            return false;
        }
        (self.owners, self.primaries) = (owners, primaries);
        true
    }

    fn primary(&mut self, node: &Value, asked: NodeId) -> Option<NodeId> {
        let [host, Value::Integer(port), ..] = node.as_slice()? else { return None };
        let host = host.as_bytes().and_then(|host| std::str::from_utf8(host).ok());
        let port = u16::try_from(*port).ok()?;
        match host.filter(|host| !host.is_empty() && *host != "?") {
            Some(host) => self.node(host, port),
            None => {
                let own = self.host_of(asked);
                self.node(&own, port)
            }
        }
    }

    #[cfg(test)]
    fn owner(&self, slot: u16) -> String {
        let node = self.owners.get(usize::from(slot)).copied().flatten();
        node.and_then(|node| self.address(node)).map_or("-".into(), ToString::to_string)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: i64, last: i64, host: &str, port: i64) -> Value {
        let host = Value::Bulk(host.into());
        let id = Value::Bulk("id".into());
        let node = Value::Array(vec![host, Value::Integer(port), id, Value::Array(vec![])]);
        Value::Array(vec![Value::Integer(first), Value::Integer(last), node])
    }

    fn topology() -> Topology {
        let target = Target::new(Address::Tcp { host: "seed".into(), port: 1 });
        Topology::new(&[target])
    }

    #[test]
    fn a_layout() {
        let mut topology = topology();
        assert_eq!(topology.node_for(Some(5), 7), Topology::FIRST);
        let reply = Value::Array(vec![range(0, 99, "", 2), range(200, 16383, "other", 3)]);
        assert!(topology.take_slots(&reply, Topology::FIRST));
        assert_eq!(topology.owner(0), "seed:2");
        assert_eq!(topology.owner(99), "seed:2");
        assert_eq!(topology.owner(100), "-");
        assert_eq!(topology.owner(16383), "other:3");
        let turns: Vec<_> = (0..3).map(|turn| topology.node_for(None, turn).index()).collect();
        assert_eq!(turns, [1, 2, 1]);
        let node = topology.node("new", 9).unwrap();
        topology.moved(99, node);
        assert_eq!(topology.owner(99), "new:9");
        assert!(topology.is_doubtful);
    }

    #[test]
    fn what_is_no_layout_changes_nothing() {
        let mut topology = topology();
        for reply in [
            Value::Null,
            Value::Array(vec![]),
            Value::Array(vec![Value::Integer(1)]),
            Value::Array(vec![range(0, 16384, "h", 1)]),
            Value::Array(vec![range(-1, 5, "h", 1)]),
            Value::Array(vec![range(5, 1, "h", 99999)]),
        ] {
            assert!(!topology.take_slots(&reply, Topology::FIRST), "{reply:?}");
            assert_eq!(topology.owner(0), "-");
        }
    }
}
