//! Members without order.

use std::ops::Deref;

use super::{
    INTEGER_SET_ENTRIES, PACKED_ENTRIES, PACKED_ENTRY_BYTES, allocated,
    packed::{Entries, Packed},
    table::{Entry, Table},
    together::in_parts,
};

/// Members, each once.
#[derive(Clone, Debug)]
pub struct Set(Form);

#[derive(Clone, Debug)]
enum Form {
    /// Nothing but integers, in order.
    Integers(Vec<i64>),
    Packed(Packed),
    Table(Box<Table<Member>>),
}

#[derive(Clone, Debug)]
struct Member(Box<[u8]>);

impl Entry for Member {
    fn key(&self) -> &[u8] {
        &self.0
    }

    fn heap_bytes(&self) -> usize {
        allocated(self.0.len())
    }
}

/// A member's bytes; those of an integer are written when it is asked for.
#[derive(Clone, Debug)]
pub enum Element<'a> {
    /// As they are kept.
    Bytes(&'a [u8]),
    /// Kept as a number: the first `length` of the digits.
    Integer { digits: [u8; 20], length: u8 },
}

impl From<i64> for Element<'_> {
    fn from(value: i64) -> Self {
        let mut buffer = itoa::Buffer::new();
        let text = buffer.format(value).as_bytes();
        let mut digits = [0; 20];
        digits[..text.len()].copy_from_slice(text);
        Element::Integer { digits, length: text.len() as u8 }
    }
}

impl Deref for Element<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Element::Bytes(bytes) => bytes,
            Element::Integer { digits, length } => &digits[..usize::from(*length)],
        }
    }
}

impl Default for Set {
    fn default() -> Set {
        Set(Form::Integers(Vec::new()))
    }
}

impl Set {
    /// One without members.
    pub fn new() -> Set {
        Set::default()
    }

    /// Members.
    pub fn len(&self) -> usize {
        match &self.0 {
            Form::Integers(integers) => integers.len(),
            Form::Packed(packed) => packed.len(),
            Form::Table(table) => table.len(),
        }
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it is a member.
    pub fn contains(&self, member: &[u8]) -> bool {
        match &self.0 {
            Form::Integers(integers) => {
                integer(member).is_some_and(|value| integers.binary_search(&value).is_ok())
            }
            Form::Packed(packed) => packed.iter().any(|entry| entry == member),
            Form::Table(table) => table.find(member).is_some(),
        }
    }

    /// Whether the member is new.
    pub fn insert(&mut self, member: &[u8]) -> bool {
        if let Form::Integers(integers) = &mut self.0 {
            match integer(member).map(|value| (value, integers.binary_search(&value))) {
                Some((_, Ok(_))) => return false,
                Some((value, Err(at))) if integers.len() < INTEGER_SET_ENTRIES => {
                    if integers.len() == integers.capacity() {
                        integers.reserve_exact(2 + integers.len() / 8);
                    }
                    integers.insert(at, value);
                    return true;
                }
                _ => self.leave_integers(member.len()),
            }
        }
        if let Form::Packed(packed) = &mut self.0 {
            if packed.iter().any(|entry| entry == member) {
                return false;
            }
            if packed.len() < PACKED_ENTRIES && member.len() <= PACKED_ENTRY_BYTES {
                packed.push_back(member);
                return true;
            }
            self.unpack();
        }
        let Form::Table(table) = &mut self.0 else { return false };
        if table.find(member).is_some() {
            return false;
        }
        table.push(Member(member.into()));
        true
    }

    /// Adds members, which of a large set are looked for together; how many are new.
    pub fn insert_all<'m>(&mut self, members: impl Iterator<Item = &'m [u8]>) -> usize {
        self.change_all(members, Set::insert)
    }

    /// Removes members, which of a large set are looked for together; how many were there.
    pub fn remove_all<'m>(&mut self, members: impl Iterator<Item = &'m [u8]>) -> usize {
        self.change_all(members, Set::remove)
    }

    fn change_all<'m>(
        &mut self,
        members: impl Iterator<Item = &'m [u8]>,
        change: impl Fn(&mut Set, &[u8]) -> bool,
    ) -> usize {
        let mut changed = 0;
        in_parts(members, |members| {
            if let Form::Table(table) = &self.0 {
                table.warm(members.iter().copied());
            }
            changed += members.iter().filter(|member| change(self, member)).count();
        });
        changed
    }

    /// Whether the member was there.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match &mut self.0 {
            Form::Integers(integers) => {
                let found = integer(member).and_then(|value| integers.binary_search(&value).ok());
                found.is_some_and(|index| {
                    integers.remove(index);
                    if integers.capacity() > 8 && integers.len() * 2 < integers.capacity() {
                        integers.shrink_to(integers.len() + 4);
                    }
                    true
                })
            }
            Form::Packed(packed) => {
                let mut entries = packed.iter();
                loop {
                    let place = packed.used() - entries.left();
                    match entries.next() {
                        None => return false,
                        Some(entry) if entry == member => {
                            packed.remove(place, 1);
                            return true;
                        }
                        Some(_) => {}
                    }
                }
            }
            Form::Table(table) => {
                table.find(member).is_some_and(|index| table.swap_remove(index).is_some())
            }
        }
    }

    /// Members, each once, in no order that means something.
    pub fn iter(&self) -> impl Iterator<Item = Element<'_>> {
        self.iter_from(0)
    }

    /// As [`Set::iter`], from the member of that index on.
    pub fn iter_from(&self, index: usize) -> impl Iterator<Item = Element<'_>> {
        let (integers, mut packed, table) = match &self.0 {
            Form::Integers(integers) => {
                (integers.get(index..).unwrap_or_default(), Entries::default(), None)
            }
            Form::Packed(packed) => (&[][..], packed.iter(), None),
            Form::Table(table) => (&[][..], Entries::default(), Some(table)),
        };
        packed.skip_front(index);
        let tabled = table.into_iter().flat_map(move |table| table.iter_from(index));
        let tabled = tabled.map(|member| &*member.0);
        let integers = integers.iter().map(|value| Element::from(*value));
        integers.chain(packed.chain(tabled).map(Element::Bytes))
    }

    /// The member of that index in the order of [`Set::iter`]: with an index drawn at random, any
    /// member is as likely as the others.
    pub fn nth(&self, index: usize) -> Option<Element<'_>> {
        match &self.0 {
            Form::Integers(integers) => integers.get(index).copied().map(Element::from),
            Form::Packed(packed) => packed.get(index).map(Element::Bytes),
            Form::Table(table) => table.get(index).map(|member| Element::Bytes(&member.0)),
        }
    }

    /// As [`super::Hash::scan`].
    pub fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(&[u8])) -> u64 {
        if let Form::Table(table) = &self.0 {
            return table.scan(cursor, count, |member| visit(&member.0));
        }
        self.iter().for_each(|element| visit(&element));
        0
    }

    /// As [`super::Object::copy_from`].
    pub fn copy_from(&mut self, source: &Set, budget: usize) -> usize {
        let Form::Table(source) = &source.0 else {
            *self = source.clone();
            return budget;
        };
        if !matches!(self.0, Form::Table(_)) {
            self.0 = Form::Table(Box::new(Table::new()));
        }
        let Form::Table(table) = &mut self.0 else { return budget };
        table.copy_from(source, budget)
    }

    pub(super) fn shed(&mut self, budget: usize) -> usize {
        match &mut self.0 {
            Form::Integers(_) | Form::Packed(_) => budget,
            Form::Table(table) => table.shed(budget),
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        match &self.0 {
            Form::Integers(integers) => allocated(integers.capacity() * size_of::<i64>()),
            Form::Packed(packed) => packed.heap_bytes(),
            Form::Table(table) => size_of::<Table<Member>>() + table.heap_bytes(),
        }
    }

    pub(super) fn encoding(&self) -> &'static str {
        match &self.0 {
            Form::Integers(_) => "intset",
            Form::Packed(_) => "listpack",
            Form::Table(_) => "hashtable",
        }
    }

    /// Goes on without integers, as a new member of `length` bytes demands.
    fn leave_integers(&mut self, length: usize) {
        let members = self.iter();
        self.0 = if self.len() < PACKED_ENTRIES && length <= PACKED_ENTRY_BYTES {
            let mut packed = Packed::default();
            members.for_each(|member| packed.push_back(&member));
            Form::Packed(packed)
        } else {
            let mut table = Box::new(Table::new());
            members.for_each(|member| {
                table.push(Member((&*member).into()));
            });
            Form::Table(table)
        };
    }

    fn unpack(&mut self) {
        let mut table = Box::new(Table::new());
        self.iter().for_each(|member| {
            table.push(Member((&*member).into()));
        });
        self.0 = Form::Table(table);
    }
}

/// The integer that is written like this and in no other way.
fn integer(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 20 {
        return None;
    }
    let value: i64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    (itoa::Buffer::new().format(value).as_bytes() == text).then_some(value)
}
