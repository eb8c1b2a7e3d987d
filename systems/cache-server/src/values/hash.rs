//! Fields and their values.

use super::{
    PACKED_ENTRIES, PACKED_ENTRY_BYTES, allocated,
    packed::Packed,
    table::{Entry, Table},
    together::in_parts,
    varint,
};

/// Fields with a value each.
#[derive(Clone, Debug)]
pub struct Hash(Form);

#[derive(Clone, Debug)]
enum Form {
    /// Field and value by turns.
    Packed(Packed),
    Table(Box<Table<Pair>>),
}

/// Field and value in one allocation: the field's length, the field, the value.
#[derive(Clone, Debug)]
struct Pair(Box<[u8]>);

impl Pair {
    fn new(field: &[u8], value: &[u8]) -> Pair {
        let head = varint::size(field.len());
        let mut bytes = Vec::with_capacity(head + field.len() + value.len());
        bytes.resize(head, 0);
        varint::write(&mut bytes, field.len());
        bytes.extend_from_slice(field);
        bytes.extend_from_slice(value);
        Pair(bytes.into_boxed_slice())
    }

    fn parts(&self) -> (&[u8], &[u8]) {
        let (length, head) = varint::read(&self.0).unwrap_or_default();
        self.0[head..].split_at(length)
    }
}

impl Entry for Pair {
    fn key(&self) -> &[u8] {
        self.parts().0
    }

    fn heap_bytes(&self) -> usize {
        allocated(self.0.len())
    }
}

impl Default for Hash {
    fn default() -> Hash {
        Hash(Form::Packed(Packed::default()))
    }
}

impl Hash {
    /// One without fields.
    pub fn new() -> Hash {
        Hash::default()
    }

    /// Fields.
    pub fn len(&self) -> usize {
        match &self.0 {
            Form::Packed(packed) => packed.len() / 2,
            Form::Table(table) => table.len(),
        }
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a field.
    pub fn get(&self, field: &[u8]) -> Option<&[u8]> {
        match &self.0 {
            Form::Packed(packed) => packed.at(find(packed, field)?.1),
            Form::Table(table) => Some(table.get(table.find(field)?)?.parts().1),
        }
    }

    /// Whether there is such a field.
    pub fn contains(&self, field: &[u8]) -> bool {
        self.get(field).is_some()
    }

    /// Whether the field is new.
    pub fn set(&mut self, field: &[u8], value: &[u8]) -> bool {
        if let Form::Packed(packed) = &self.0 {
            let place = find(packed, field);
            let too_long = field.len().max(value.len()) > PACKED_ENTRY_BYTES;
            if too_long || (place.is_none() && self.len() >= PACKED_ENTRIES) {
                self.unpack();
            }
        }
        match &mut self.0 {
            Form::Packed(packed) => match find(packed, field) {
                Some((_, place)) => {
                    packed.replace(place, value);
                    false
                }
                None => {
                    packed.push_back(field);
                    packed.push_back(value);
                    true
                }
            },
            Form::Table(table) => match table.find(field) {
                Some(index) => {
                    table.replace(index, Pair::new(field, value));
                    false
                }
                None => {
                    table.push(Pair::new(field, value));
                    true
                }
            },
        }
    }

    /// Sets fields, which of a large hash are looked for together; how many are new.
    pub fn set_all<'p>(&mut self, pairs: impl Iterator<Item = (&'p [u8], &'p [u8])>) -> usize {
        let mut added = 0;
        in_parts(pairs, |pairs| {
            self.warm(pairs.iter().map(|(field, _)| *field));
            added += pairs.iter().filter(|(field, value)| self.set(field, value)).count();
        });
        added
    }

    /// Removes fields, which of a large hash are looked for together; how many were there.
    pub fn remove_all<'f>(&mut self, fields: impl Iterator<Item = &'f [u8]>) -> usize {
        let mut removed = 0;
        in_parts(fields, |fields| {
            self.warm(fields.iter().copied());
            removed += fields.iter().filter(|field| self.remove(field)).count();
        });
        removed
    }

    fn warm<'f>(&self, fields: impl ExactSizeIterator<Item = &'f [u8]>) {
        if let Form::Table(table) = &self.0 {
            table.warm(fields);
        }
    }

    /// Whether the field was there.
    pub fn remove(&mut self, field: &[u8]) -> bool {
        match &mut self.0 {
            Form::Packed(packed) => match find(packed, field) {
                Some((place, _)) => {
                    packed.remove(place, 2);
                    true
                }
                None => false,
            },
            Form::Table(table) => {
                table.find(field).is_some_and(|index| table.swap_remove(index).is_some())
            }
        }
    }

    /// Fields with their values, each once, in no order that means something.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.iter_from(0)
    }

    /// As [`Hash::iter`], from the pair of that index on.
    pub fn iter_from(&self, index: usize) -> impl Iterator<Item = (&[u8], &[u8])> {
        let (packed, table) = match &self.0 {
            Form::Packed(packed) => (Some(packed), None),
            Form::Table(table) => (None, Some(table)),
        };
        let mut entries = packed.map(Packed::iter).unwrap_or_default();
        entries.skip_front(2 * index);
        let packed = std::iter::from_fn(move || Some((entries.next()?, entries.next()?)));
        let tabled = table.into_iter().flat_map(move |table| table.iter_from(index));
        packed.chain(tabled.map(Pair::parts))
    }

    /// The pair of that index in the order of [`Hash::iter`]: with an index drawn at random, any
    /// pair is as likely as the others.
    pub fn nth(&self, index: usize) -> Option<(&[u8], &[u8])> {
        match &self.0 {
            Form::Packed(packed) => {
                let mut entries = packed.iter();
                entries.skip_front(index.saturating_mul(2));
                Some((entries.next()?, entries.next()?))
            }
            Form::Table(table) => table.get(index).map(Pair::parts),
        }
    }

    /// Visits about `count` pairs from `cursor` on (0: the beginning) and returns the next cursor, 0
    /// at the end. What is there from the beginning to the end of a walk is visited.
    pub fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(&[u8], &[u8])) -> u64 {
        match &self.0 {
            Form::Packed(_) => {
                self.iter().for_each(|(field, value)| visit(field, value));
                0
            }
            Form::Table(table) => table.scan(cursor, count, |pair| {
                let (field, value) = pair.parts();
                visit(field, value);
            }),
        }
    }

    /// As [`super::Object::copy_from`].
    pub(super) fn copy_from(&mut self, source: &Hash, budget: usize) -> usize {
        let Form::Table(source) = &source.0 else {
            *self = source.clone();
            return budget;
        };
        if let Form::Packed(_) = self.0 {
            self.0 = Form::Table(Box::new(Table::new()));
        }
        let Form::Table(table) = &mut self.0 else { return budget };
        table.copy_from(source, budget)
    }

    pub(super) fn shed(&mut self, budget: usize) -> usize {
        match &mut self.0 {
            Form::Packed(_) => budget,
            Form::Table(table) => table.shed(budget),
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        match &self.0 {
            Form::Packed(packed) => packed.heap_bytes(),
            Form::Table(table) => size_of::<Table<Pair>>() + table.heap_bytes(),
        }
    }

    pub(super) fn encoding(&self) -> &'static str {
        match &self.0 {
            Form::Packed(_) => "listpack",
            Form::Table(_) => "hashtable",
        }
    }

    fn unpack(&mut self) {
        let mut table = Box::new(Table::new());
        for (field, value) in self.iter() {
            table.push(Pair::new(field, value));
        }
        self.0 = Form::Table(table);
    }
}

/// Where the field and where its value begins.
fn find(packed: &Packed, field: &[u8]) -> Option<(usize, usize)> {
    let mut entries = packed.iter();
    loop {
        let place = packed.used() - entries.left();
        let found = entries.next()? == field;
        if found {
            return Some((place, packed.used() - entries.left()));
        }
        entries.next()?;
    }
}
