//! A sequence in which any place is found, filled and emptied in logarithmic time: a B+ tree whose
//! nodes know how many items are below them. In a sequence that is sorted, a place is a rank.

use super::allocated;

/// Items of one leaf.
const LEAF: usize = 64;
/// Children of one inner node.
const FANOUT: usize = 32;

#[derive(Clone, Debug)]
pub(super) struct RankTree<T> {
    root: Node<T>,
    len: usize,
    nodes: Nodes,
}

/// How many nodes there are. Each is allocated whole, so this tells the memory.
#[derive(Clone, Copy, Debug)]
struct Nodes {
    leaves: usize,
    inner: usize,
}

#[derive(Clone, Debug)]
enum Node<T> {
    Leaf(Vec<T>),
    Inner(Vec<Child<T>>),
}

#[derive(Clone, Debug)]
struct Child<T> {
    /// Items below.
    len: usize,
    /// The last of them.
    last: T,
    node: Node<T>,
}

impl<T: Copy> RankTree<T> {
    pub(super) fn new() -> RankTree<T> {
        let root = Node::Leaf(Vec::with_capacity(LEAF));
        RankTree { root, len: 0, nodes: Nodes { leaves: 1, inner: 0 } }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.nodes.leaves * LEAF * size_of::<T>()
            + self.nodes.inner * allocated((FANOUT + 1) * size_of::<Child<T>>())
    }

    /// Puts an item before the one at `place`, or at the end.
    pub(super) fn insert(&mut self, place: usize, item: T) {
        let place = place.min(self.len);
        self.len += 1;
        let Some(right) = self.root.insert(place, item, &mut self.nodes) else { return };
        let mut children = Vec::with_capacity(FANOUT + 1);
        self.nodes.inner += 1;
        let left = std::mem::replace(&mut self.root, Node::Inner(Vec::new()));
        children.extend(left.into_child());
        children.extend(right.into_child());
        self.root = Node::Inner(children);
    }

    pub(super) fn remove(&mut self, place: usize) -> Option<T> {
        let removed = self.root.remove(place, &mut self.nodes)?;
        self.len -= 1;
        while let Node::Inner(children) = &mut self.root {
            if children.len() > 1 {
                break;
            }
            self.nodes.inner -= 1;
            self.root = match children.pop() {
                Some(only) => only.node,
                None => {
                    self.nodes.leaves += 1;
                    Node::Leaf(Vec::with_capacity(LEAF))
                }
            };
        }
        Some(removed)
    }

    /// Frees up to `budget` nodes from the right; what is left of the budget. The tree is good for
    /// nothing else from then on.
    pub(super) fn shed(&mut self, budget: usize) -> usize {
        self.root.shed(budget, &mut self.nodes)
    }

    /// Overwrites the item at `place`.
    pub(super) fn set(&mut self, place: usize, item: T) {
        self.root.set(place, item);
    }

    /// The leaf that holds `place`, and where in it.
    pub(super) fn leaf(&self, place: usize) -> Option<(&[T], usize)> {
        let mut place = place;
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(items) => return (place < items.len()).then_some((items, place)),
                Node::Inner(children) => {
                    let index = child_at(children, &mut place, false);
                    node = &children.get(index)?.node;
                }
            }
        }
    }

    /// How many items come before the first for which `is_before` does not hold. It holds for none
    /// after that one.
    pub(super) fn partition_point(&self, mut is_before: impl FnMut(&T) -> bool) -> usize {
        let mut passed = 0;
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(items) => return passed + items.partition_point(is_before),
                Node::Inner(children) => {
                    let index = children.partition_point(|child| is_before(&child.last));
                    passed += children.iter().take(index).map(|child| child.len).sum::<usize>();
                    match children.get(index) {
                        Some(child) => node = &child.node,
                        None => return passed,
                    }
                }
            }
        }
    }
}

impl<T: Copy> Node<T> {
    /// Items or children.
    fn width(&self) -> usize {
        match self {
            Node::Leaf(items) => items.len(),
            Node::Inner(children) => children.len(),
        }
    }

    fn last(&self) -> Option<T> {
        match self {
            Node::Leaf(items) => items.last().copied(),
            Node::Inner(children) => children.last().map(|child| child.last),
        }
    }

    fn into_child(self) -> Option<Child<T>> {
        let len = match &self {
            Node::Leaf(items) => items.len(),
            Node::Inner(children) => children.iter().map(|child| child.len).sum(),
        };
        Some(Child { len, last: self.last()?, node: self })
    }

    /// Returns what had to be cut off at the right.
    fn insert(&mut self, place: usize, item: T, nodes: &mut Nodes) -> Option<Node<T>> {
        match self {
            Node::Leaf(items) if items.len() < LEAF => {
                items.insert(place, item);
                None
            }
            Node::Leaf(items) => {
                nodes.leaves += 1;
                // What only grows at its end keeps full leaves behind.
                let middle = if place == items.len() { place } else { LEAF / 2 };
                let mut right = Vec::with_capacity(LEAF);
                right.extend(items.drain(middle..));
                match place.checked_sub(middle) {
                    Some(place) => right.insert(place, item),
                    None => items.insert(place, item),
                }
                Some(Node::Leaf(right))
            }
            Node::Inner(children) => {
                let mut place = place;
                let index = child_at(children, &mut place, true);
                let child = children.get_mut(index)?;
                let right = child.node.insert(place, item, nodes).and_then(Node::into_child);
                child.len = child.len + 1 - right.as_ref().map_or(0, |right| right.len);
                child.last = child.node.last().unwrap_or(item);
                children.insert(index + 1, right?);
                if children.len() <= FANOUT {
                    return None;
                }
                nodes.inner += 1;
                let middle = if index + 2 == children.len() { FANOUT } else { FANOUT / 2 };
                let mut right = Vec::with_capacity(FANOUT + 1);
                right.extend(children.drain(middle..));
                Some(Node::Inner(right))
            }
        }
    }

    fn remove(&mut self, place: usize, nodes: &mut Nodes) -> Option<T> {
        match self {
            Node::Leaf(items) => (place < items.len()).then(|| items.remove(place)),
            Node::Inner(children) => {
                let mut place = place;
                let index = child_at(children, &mut place, false);
                let child = children.get_mut(index)?;
                let removed = child.node.remove(place, nodes)?;
                child.len -= 1;
                match child.node.last() {
                    Some(last) => {
                        child.last = last;
                        merge_around(children, index, nodes);
                    }
                    None => {
                        nodes.count_out(&children.remove(index).node);
                    }
                }
                Some(removed)
            }
        }
    }

    /// Frees nodes below this one.
    fn shed(&mut self, budget: usize, nodes: &mut Nodes) -> usize {
        let mut left = budget;
        let Node::Inner(children) = self else { return left };
        while left > 0 {
            let Some(last) = children.last_mut() else { break };
            left = last.node.shed(left, nodes);
            if left > 0 {
                nodes.count_out(&last.node);
                children.pop();
                left -= 1;
            }
        }
        left
    }

    fn set(&mut self, place: usize, item: T) {
        match self {
            Node::Leaf(items) => {
                if let Some(old) = items.get_mut(place) {
                    *old = item;
                }
            }
            Node::Inner(children) => {
                let mut place = place;
                let index = child_at(children, &mut place, false);
                if let Some(child) = children.get_mut(index) {
                    child.node.set(place, item);
                    child.last = child.node.last().unwrap_or(item);
                }
            }
        }
    }

    /// Appends what stands in a node of the same level.
    fn append(&mut self, right: Node<T>) {
        match (self, right) {
            (Node::Leaf(items), Node::Leaf(more)) => items.extend(more),
            (Node::Inner(children), Node::Inner(more)) => children.extend(more),
            _ => debug_assert!(false, "all leaves are equally deep"),
        }
    }
}

impl Nodes {
    fn count_out<T>(&mut self, node: &Node<T>) {
        match node {
            Node::Leaf(_) => self.leaves -= 1,
            Node::Inner(_) => self.inner -= 1,
        }
    }
}

/// Which child holds `place`, which becomes the place in that child. Where `may_append`, the end of
/// a child is a place in it.
fn child_at<T>(children: &[Child<T>], place: &mut usize, may_append: bool) -> usize {
    for (index, child) in children.iter().enumerate() {
        if *place < child.len || (may_append && *place == child.len) {
            return index;
        }
        *place -= child.len;
    }
    children.len()
}

/// Joins a child that has become small with a neighbor that has room. Without such a neighbor it
/// stays as it is: the three of them are more than half full on the average.
fn merge_around<T: Copy>(children: &mut Vec<Child<T>>, index: usize, nodes: &mut Nodes) {
    let width = |index: usize| children.get(index).map(|child: &Child<T>| child.node.width());
    let full = match children.get(index).map(|child| &child.node) {
        Some(Node::Leaf(_)) => LEAF,
        _ => FANOUT,
    };
    let Some(own) = width(index).filter(|own| *own < full / 4) else { return };
    let fits = |other: usize| width(other).is_some_and(|width| width + own <= full * 3 / 4);
    let left = if fits(index + 1) {
        index
    } else if index > 0 && fits(index - 1) {
        index - 1
    } else {
        return;
    };
    let right = children.remove(left + 1);
    nodes.count_out(&right.node);
    if let Some(child) = children.get_mut(left) {
        child.len += right.len;
        child.last = right.last;
        child.node.append(right.node);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(tree: &RankTree<u32>, model: &[u32]) {
        assert_eq!(tree.len(), model.len());
        let mut items = Vec::new();
        while let Some((leaf, at)) = tree.leaf(items.len()) {
            items.extend_from_slice(&leaf[at..]);
        }
        assert_eq!(items, model);
        let nodes = count(&tree.root);
        assert_eq!((tree.nodes.leaves, tree.nodes.inner), nodes);
    }

    fn count(node: &Node<u32>) -> (usize, usize) {
        match node {
            Node::Leaf(items) => {
                assert!(items.capacity() <= LEAF);
                (1, 0)
            }
            Node::Inner(children) => children.iter().fold((0, 1), |sum, child| {
                assert_eq!(Some(child.last), child.node.last());
                let below = count(&child.node);
                (sum.0 + below.0, sum.1 + below.1)
            }),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn a_tree_is_a_vector(steps in prop::collection::vec((0u8..10, any::<u32>()), 1..3000), removing in 1u8..9) {
            let (mut tree, mut model) = (RankTree::new(), Vec::new());
            for (index, (kind, number)) in steps.iter().enumerate() {
                let place = *number as usize % (model.len() + 1);
                // Grows in the first half, shrinks in the second.
                let removes = if index < steps.len() / 2 { 1 } else { removing };
                if *kind < removes {
                    let expected = (place < model.len()).then(|| model.remove(place));
                    prop_assert_eq!(tree.remove(place), expected);
                } else {
                    tree.insert(place, *number);
                    model.insert(place, *number);
                }
            }
            check(&tree, &model);
            if let Some(last) = model.last_mut() {
                *last = 7;
                tree.set(model.len() - 1, 7);
            }
            check(&tree, &model);
        }

        #[test]
        fn places_in_order_are_found(mut numbers in prop::collection::vec(0u32..500, 0..2000), bound in 0u32..500) {
            numbers.sort_unstable();
            let mut tree = RankTree::new();
            for number in &numbers {
                tree.insert(tree.partition_point(|item| item <= number), *number);
            }
            check(&tree, &numbers);
            let below = numbers.iter().filter(|number| **number < bound).count();
            prop_assert_eq!(tree.partition_point(|item| *item < bound), below);
            while tree.remove(tree.len() / 2).is_some() {}
            check(&tree, &[]);
        }
    }
}
