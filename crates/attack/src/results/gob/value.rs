//! Go's gob encoding: types that a stream defines, and values of them, as the specification in Go's
//! `encoding/gob` has them.

use hashbrown::HashMap;

/// Types that one stream may define.
const TYPES_LIMIT: usize = 1_000;

/// Types within types.
const DEPTH_LIMIT: usize = 16;

/// What is wrong with bytes.
pub(super) type Wrong = &'static str;

/// Ids of types that need no definition.
mod id {
    pub(super) const BOOL: i64 = 1;
    pub(super) const INT: i64 = 2;
    pub(super) const UINT: i64 = 3;
    pub(super) const FLOAT: i64 = 4;
    pub(super) const BYTES: i64 = 5;
    pub(super) const STRING: i64 = 6;
    pub(super) const WIRE_TYPE: i64 = 16;
    pub(super) const ARRAY_TYPE: i64 = 17;
    pub(super) const COMMON_TYPE: i64 = 18;
    pub(super) const SLICE_TYPE: i64 = 19;
    pub(super) const STRUCT_TYPE: i64 = 20;
    pub(super) const FIELD_TYPE: i64 = 21;
    pub(super) const FIELD_TYPES: i64 = 22;
    pub(super) const MAP_TYPE: i64 = 23;
}

/// A type by what its values look like.
#[derive(Clone, Debug)]
enum Type {
    Struct(Vec<(String, i64)>),
    List(i64),
    Map(i64, i64),
    /// Types that encode themselves, such as `time.Time`.
    Opaque,
}

/// A value; fields of a struct that are not there have the zero of their type.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Int(i64),
    Uint(u64),
    Float,
    Bytes(&'a [u8]),
    Struct(Vec<(String, Value<'a>)>),
    List(Vec<Value<'a>>),
    Map(Vec<(Value<'a>, Value<'a>)>),
}

impl<'a> Value<'a> {
    /// A field of a struct.
    pub(super) fn field(&self, name: &str) -> Option<&Value<'a>> {
        let Value::Struct(fields) = self else { return None };
        fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }

    pub(super) fn int(&self, name: &str) -> i64 {
        match self.field(name) {
            Some(Value::Int(value)) => *value,
            _ => 0,
        }
    }

    pub(super) fn uint(&self, name: &str) -> u64 {
        match self.field(name) {
            Some(Value::Uint(value)) => *value,
            _ => 0,
        }
    }

    pub(super) fn bytes(&self, name: &str) -> &'a [u8] {
        match self.field(name) {
            Some(Value::Bytes(bytes)) => bytes,
            _ => b"",
        }
    }
}

/// The types of a stream. Those in which definitions are written are known from the start.
#[derive(Debug)]
pub(super) struct Types(HashMap<i64, Type>);

impl Default for Types {
    fn default() -> Types {
        let fields = |fields: &[(&str, i64)]| {
            Type::Struct(fields.iter().map(|(name, id)| ((*name).to_owned(), *id)).collect())
        };
        let common = ("Common", id::COMMON_TYPE);
        // A type that encodes itself has nothing but its name; there are three kinds of them.
        let own = fields(&[common]);
        let own_id = 0;
        let wire = fields(&[
            ("Array", id::ARRAY_TYPE),
            ("Slice", id::SLICE_TYPE),
            ("Struct", id::STRUCT_TYPE),
            ("Map", id::MAP_TYPE),
            ("Gob", own_id),
            ("Binary", own_id),
            ("Text", own_id),
        ]);
        Types(HashMap::from([
            (own_id, own),
            (id::WIRE_TYPE, wire),
            (id::ARRAY_TYPE, fields(&[common, ("Elem", id::INT), ("Len", id::INT)])),
            (id::COMMON_TYPE, fields(&[("Name", id::STRING), ("Id", id::INT)])),
            (id::SLICE_TYPE, fields(&[common, ("Elem", id::INT)])),
            (id::STRUCT_TYPE, fields(&[common, ("Fields", id::FIELD_TYPES)])),
            (id::FIELD_TYPE, fields(&[("Name", id::STRING), ("Id", id::INT)])),
            (id::FIELD_TYPES, Type::List(id::FIELD_TYPE)),
            (id::MAP_TYPE, fields(&[common, ("Key", id::INT), ("Elem", id::INT)])),
        ]))
    }
}

impl Types {
    /// Reads the definition of type `id`. A stream that was joined to another defines its types again.
    pub(super) fn define(&mut self, id: i64, reader: &mut Reader<'_>) -> Result<(), Wrong> {
        if id <= id::MAP_TYPE || self.0.len() >= TYPES_LIMIT {
            return Err("a type with an id that cannot be");
        }
        let definition = self.value(id::WIRE_TYPE, reader)?;
        let Value::Struct(fields) = &definition else { return Err("a type without definition") };
        let (kind, value) = fields.first().ok_or("a type without definition")?;
        let defined = match kind.as_str() {
            "Struct" => Type::Struct(struct_fields(value)),
            "Array" | "Slice" => Type::List(value.int("Elem")),
            "Map" => Type::Map(value.int("Key"), value.int("Elem")),
            _ => Type::Opaque,
        };
        self.0.insert(id, defined);
        Ok(())
    }

    /// Reads a value of type `id`.
    pub(super) fn value<'a>(&self, id: i64, reader: &mut Reader<'a>) -> Result<Value<'a>, Wrong> {
        self.read(id, reader, DEPTH_LIMIT)
    }

    fn read<'a>(&self, id: i64, from: &mut Reader<'a>, depth: usize) -> Result<Value<'a>, Wrong> {
        let depth = depth.checked_sub(1).ok_or("types within too many types")?;
        let cut = "a value that is cut";
        Ok(match id {
            id::BOOL | id::UINT => Value::Uint(from.uint().ok_or(cut)?),
            id::INT => Value::Int(from.int().ok_or(cut)?),
            id::FLOAT => from.uint().map(|_| Value::Float).ok_or(cut)?,
            id::BYTES | id::STRING => Value::Bytes(from.bytes().ok_or(cut)?),
            _ => match self.0.get(&id).ok_or("a value of an unknown type")? {
                Type::Opaque => Value::Bytes(from.bytes().ok_or(cut)?),
                Type::Struct(fields) => self.read_struct(fields, from, depth)?,
                Type::List(element) => {
                    let count = from.count().ok_or(cut)?;
                    let values = (0..count).map(|_| self.read(*element, from, depth));
                    Value::List(values.collect::<Result<_, _>>()?)
                }
                Type::Map(key, element) => {
                    let count = from.count().ok_or(cut)?;
                    let mut pairs = Vec::new();
                    for _ in 0..count {
                        let key = self.read(*key, from, depth)?;
                        pairs.push((key, self.read(*element, from, depth)?));
                    }
                    Value::Map(pairs)
                }
            },
        })
    }

    /// Fields come with the distance from the one before; distance 0 ends them.
    fn read_struct<'a>(
        &self,
        fields: &[(String, i64)],
        from: &mut Reader<'a>,
        depth: usize,
    ) -> Result<Value<'a>, Wrong> {
        let mut values = Vec::new();
        let mut rest = fields.iter();
        loop {
            let distance = from.uint().ok_or("a value that is cut")?;
            let Some(skipped) = distance.checked_sub(1) else { return Ok(Value::Struct(values)) };
            let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
            let (name, id) = rest.nth(skipped).ok_or("a field that its type does not have")?;
            values.push((name.clone(), self.read(*id, from, depth)?));
        }
    }
}

fn struct_fields(value: &Value<'_>) -> Vec<(String, i64)> {
    let Some(Value::List(fields)) = value.field("Fields") else { return Vec::new() };
    let name = |field: &Value<'_>| String::from_utf8_lossy(field.bytes("Name")).into_owned();
    fields.iter().map(|field| (name(field), field.int("Id"))).collect()
}

/// Takes gob's numbers and texts from the front of some bytes; `None` when they are cut.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    pub(super) fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Below 128 one byte; else the negated number of bytes, then these, the greatest first.
    pub(super) fn uint(&mut self) -> Option<u64> {
        let (&first, rest) = self.rest.split_first()?;
        if first < 0x80 {
            self.rest = rest;
            return Some(u64::from(first));
        }
        let length = usize::from(first.wrapping_neg());
        let (bytes, rest) = rest.split_at_checked(length).filter(|_| length <= 8)?;
        self.rest = rest;
        Some(bytes.iter().fold(0, |value, &byte| value << 8 | u64::from(byte)))
    }

    /// The lowest bit says whether the others are complemented.
    pub(super) fn int(&mut self) -> Option<i64> {
        let value = self.uint()?;
        let magnitude = (value >> 1) as i64;
        Some(if value & 1 == 1 { !magnitude } else { magnitude })
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.uint()?).ok()?;
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }

    /// A number of elements, of which each takes a byte at least.
    fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.uint()?).ok()?;
        (count <= self.rest.len()).then_some(count)
    }
}
