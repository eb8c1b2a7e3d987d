//! Members in the order of their scores, and of their bytes where scores are equal.

use std::{cmp::Ordering, ops::Range};

use super::{
    PACKED_ENTRIES, PACKED_ENTRY_BYTES, allocated,
    packed::{Entries, Packed},
    rank_tree::RankTree,
    table::{Entry, Table},
    together::in_parts,
};

/// Scores are never NaN: whoever adds up scores checks that.
#[derive(Clone, Debug)]
pub struct SortedSet(Form);

#[derive(Clone, Debug)]
enum Form {
    /// Member and score by turns, in order.
    Packed(Packed),
    Tree(Box<Tree>),
}

/// The table finds a member's score, the tree its rank.
#[derive(Clone, Debug)]
struct Tree {
    table: Table<Scored>,
    ranks: RankTree<Ranked>,
}

#[derive(Clone, Debug)]
struct Scored {
    member: Box<[u8]>,
    score: f64,
}

#[derive(Clone, Copy, Debug)]
struct Ranked {
    score: f64,
    /// Index in the table.
    at: u32,
}

impl Entry for Scored {
    fn key(&self) -> &[u8] {
        &self.member
    }

    fn heap_bytes(&self) -> usize {
        allocated(self.member.len())
    }
}

impl Default for SortedSet {
    fn default() -> SortedSet {
        SortedSet(Form::Packed(Packed::default()))
    }
}

impl SortedSet {
    /// One without members.
    pub fn new() -> SortedSet {
        SortedSet::default()
    }

    /// Members.
    pub fn len(&self) -> usize {
        match &self.0 {
            Form::Packed(packed) => packed.len() / 2,
            Form::Tree(tree) => tree.ranks.len(),
        }
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The score of a member.
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        match &self.0 {
            Form::Packed(packed) => find(packed, member).map(|(_, score)| score),
            Form::Tree(tree) => Some(tree.table.get(tree.table.find(member)?)?.score),
        }
    }

    /// Members before this one; `None` when it is not in the set.
    pub fn rank(&self, member: &[u8]) -> Option<usize> {
        let score = self.score(member)?;
        Some(self.count_before(|other, name| before(other, name, score, member)))
    }

    /// How many members come first for which `is_before` holds. It holds for none after those.
    pub fn count_before(&self, is_before: impl Fn(f64, &[u8]) -> bool) -> usize {
        match &self.0 {
            Form::Packed(_) => {
                let members = self.range(0..self.len());
                members.take_while(|(member, score)| is_before(*score, member)).count()
            }
            Form::Tree(tree) => tree.count_before(is_before),
        }
    }

    /// Adds the member or changes its score. Returns the score it had.
    pub fn insert(&mut self, member: &[u8], score: f64) -> Option<f64> {
        debug_assert!(!score.is_nan(), "whoever adds up scores checks that");
        let old = self.score(member);
        if old == Some(score) {
            return old;
        }
        if old.is_some() {
            self.remove(member);
        }
        if let Form::Packed(packed) = &self.0
            && (packed.len() / 2 >= PACKED_ENTRIES || member.len() > PACKED_ENTRY_BYTES)
        {
            self.unpack();
        }
        let place = self.count_before(|other, name| before(other, name, score, member));
        match &mut self.0 {
            Form::Packed(packed) => {
                if let Some(at) = packed.place(2 * place) {
                    packed.insert(at, &score.to_le_bytes());
                    packed.insert(at, member);
                }
            }
            Form::Tree(tree) => {
                let at = tree.table.push(Scored { member: member.into(), score }) as u32;
                tree.ranks.insert(place, Ranked { score, at });
            }
        }
        old
    }

    /// The score that the member had.
    pub fn remove(&mut self, member: &[u8]) -> Option<f64> {
        match &mut self.0 {
            Form::Packed(packed) => {
                let (place, score) = find(packed, member)?;
                packed.remove(place, 2);
                Some(score)
            }
            Form::Tree(tree) => {
                let at = tree.table.find(member)?;
                let score = tree.table.get(at)?.score;
                let rank = tree.count_before(|other, name| before(other, name, score, member));
                tree.remove(rank);
                Some(score)
            }
        }
    }

    /// Removes members, which of a large set are looked for together; how many were there.
    pub fn remove_all<'m>(&mut self, members: impl Iterator<Item = &'m [u8]>) -> usize {
        let mut removed = 0;
        in_parts(members, |members| {
            self.warm(members.iter().copied());
            removed += members.iter().filter(|member| self.remove(member).is_some()).count();
        });
        removed
    }

    /// Looks for up to [`super::TOGETHER`] members of a large set together, so that the changes that follow wait
    /// less for memory.
    pub fn warm<'m>(&self, members: impl ExactSizeIterator<Item = &'m [u8]>) {
        if let Form::Tree(tree) = &self.0 {
            tree.table.warm(members);
        }
    }

    /// Removes the members of those ranks.
    pub fn remove_range(&mut self, ranks: Range<usize>) {
        let ranks = ranks.start.min(self.len())..ranks.end.min(self.len());
        match &mut self.0 {
            Form::Packed(packed) => {
                if let Some(place) = packed.place(2 * ranks.start).filter(|_| !ranks.is_empty()) {
                    packed.remove(place, 2 * ranks.len());
                }
            }
            Form::Tree(tree) => {
                for _ in ranks.clone() {
                    tree.remove(ranks.start);
                }
            }
        }
    }

    /// As [`SortedSet::remove_range`]. Where only few stay, these move out: what they leave behind is handed
    /// out, to be dropped bit by bit.
    pub fn cut_range(&mut self, ranks: Range<usize>) -> Option<SortedSet> {
        let stay = self.len().saturating_sub(ranks.len());
        if matches!(self.0, Form::Packed(_)) || stay > ranks.len() {
            self.remove_range(ranks);
            return None;
        }
        let mut staying = SortedSet::new();
        // What is large once stays a tree, as in Redis.
        staying.unpack();
        for (member, score) in self.range(0..ranks.start).chain(self.range(ranks.end..self.len())) {
            staying.insert(member, score);
        }
        Some(std::mem::replace(self, staying))
    }

    /// Members of those ranks with their scores, from either side.
    pub fn range(&self, ranks: Range<usize>) -> Members<'_> {
        let ranks = ranks.start.min(self.len())..ranks.end.min(self.len());
        Members(match &self.0 {
            Form::Packed(packed) => {
                let mut entries = packed.iter();
                entries.skip_back(packed.len() - 2 * ranks.end.max(ranks.start));
                entries.skip_front(2 * ranks.start);
                Source::Packed(entries)
            }
            Form::Tree(tree) => Source::Tree { tree, ranks, front: &[], back: &[] },
        })
    }

    /// Members with their scores, in order.
    pub fn iter(&self) -> Members<'_> {
        self.range(0..self.len())
    }

    /// As [`super::Hash::scan`].
    pub fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(&[u8], f64)) -> u64 {
        match &self.0 {
            Form::Packed(_) => {
                self.iter().for_each(|(member, score)| visit(member, score));
                0
            }
            Form::Tree(tree) => {
                tree.table.scan(cursor, count, |entry| visit(&entry.member, entry.score))
            }
        }
    }

    /// As [`super::Object::copy_from`].
    pub fn copy_from(&mut self, source: &SortedSet, budget: usize) -> usize {
        let Form::Tree(source) = &source.0 else {
            *self = source.clone();
            return budget;
        };
        if let Form::Packed(_) = self.0 {
            self.0 = Form::Tree(Box::new(Tree { table: Table::new(), ranks: RankTree::new() }));
        }
        let Form::Tree(tree) = &mut self.0 else { return budget };
        let mut left = tree.table.copy_from(&source.table, budget);
        while left > 0
            && let Some((leaf, at)) = source.ranks.leaf(tree.ranks.len())
        {
            for ranked in leaf.iter().skip(at) {
                tree.ranks.insert(tree.ranks.len(), *ranked);
            }
            left = left.saturating_sub(leaf.len());
        }
        left
    }

    pub(super) fn shed(&mut self, budget: usize) -> usize {
        match &mut self.0 {
            Form::Packed(_) => budget,
            Form::Tree(tree) => match tree.ranks.shed(budget) {
                0 => 0,
                left => tree.table.shed(left),
            },
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        match &self.0 {
            Form::Packed(packed) => packed.heap_bytes(),
            Form::Tree(tree) => {
                size_of::<Tree>() + tree.table.heap_bytes() + tree.ranks.heap_bytes()
            }
        }
    }

    pub(super) fn encoding(&self) -> &'static str {
        match &self.0 {
            Form::Packed(_) => "listpack",
            Form::Tree(_) => "skiplist",
        }
    }

    fn unpack(&mut self) {
        let mut tree = Box::new(Tree { table: Table::new(), ranks: RankTree::new() });
        for (member, score) in self.iter() {
            let at = tree.table.push(Scored { member: member.into(), score }) as u32;
            tree.ranks.insert(tree.ranks.len(), Ranked { score, at });
        }
        self.0 = Form::Tree(tree);
    }
}

impl Tree {
    fn count_before(&self, is_before: impl Fn(f64, &[u8]) -> bool) -> usize {
        self.ranks.partition_point(|ranked| is_before(ranked.score, self.member(*ranked)))
    }

    fn member(&self, ranked: Ranked) -> &[u8] {
        self.table.get(ranked.at as usize).map_or(&[], |entry| &entry.member)
    }

    fn remove(&mut self, rank: usize) {
        let last = self.table.len().saturating_sub(1);
        let Some(removed) = self.ranks.remove(rank) else { return };
        // The table fills the gap with its last entry, which the tree must know by its new index.
        if let Some(entry) = self.table.get(last).filter(|_| removed.at as usize != last) {
            let (score, member) = (entry.score, &entry.member);
            let rank = self.count_before(|other, name| before(other, name, score, member));
            self.ranks.set(rank, Ranked { score, at: removed.at });
        }
        self.table.swap_remove(removed.at as usize);
    }
}

/// Members with scores, from either side.
#[derive(Clone, Debug)]
pub struct Members<'a>(Source<'a>);

#[derive(Clone, Debug)]
enum Source<'a> {
    Packed(Entries<'a>),
    Tree {
        tree: &'a Tree,
        /// Still to come.
        ranks: Range<usize>,
        /// The rest of the leaf that is being walked, for either direction.
        front: &'a [Ranked],
        back: &'a [Ranked],
    },
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a [u8], f64);

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Source::Packed(entries) => Some((entries.next()?, score(entries.next()?)?)),
            Source::Tree { tree, ranks, front, .. } => {
                let rank = ranks.next()?;
                if front.is_empty() {
                    let (leaf, at) = tree.ranks.leaf(rank)?;
                    *front = leaf.get(at..)?;
                }
                let (ranked, rest) = front.split_first()?;
                *front = rest;
                Some((tree.member(*ranked), ranked.score))
            }
        }
    }
}

impl DoubleEndedIterator for Members<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Source::Packed(entries) => {
                let score = score(entries.next_back()?)?;
                Some((entries.next_back()?, score))
            }
            Source::Tree { tree, ranks, back, .. } => {
                let rank = ranks.next_back()?;
                if back.is_empty() {
                    let (leaf, at) = tree.ranks.leaf(rank)?;
                    *back = leaf.get(..=at)?;
                }
                let (ranked, rest) = back.split_last()?;
                *back = rest;
                Some((tree.member(*ranked), ranked.score))
            }
        }
    }
}

/// Whether the first member stands before the second.
fn before(score: f64, member: &[u8], other_score: f64, other: &[u8]) -> bool {
    match score.partial_cmp(&other_score) {
        Some(Ordering::Less) => true,
        Some(Ordering::Equal) => member < other,
        _ => false,
    }
}

/// Where the member begins, and its score.
fn find(packed: &Packed, member: &[u8]) -> Option<(usize, f64)> {
    let mut entries = packed.iter();
    loop {
        let place = packed.used() - entries.left();
        let is_it = entries.next()? == member;
        let value = entries.next()?;
        if is_it {
            return Some((place, score(value)?));
        }
    }
}

fn score(bytes: &[u8]) -> Option<f64> {
    Some(f64::from_le_bytes(bytes.try_into().ok()?))
}
