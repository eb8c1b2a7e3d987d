//! Replies as owned values.

use super::{
    Limits, ReplyError,
    encode::{self, Protocol},
    token::{Aggregate, Token, token},
};

/// Room for elements that is made before they come.
const RESERVE_LIMIT: usize = 1024;

/// A whole reply. Attributes are dropped: they only say something about it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Simple(Vec<u8>),
    Error(Vec<u8>),
    Integer(i64),
    Bulk(Vec<u8>),
    Boolean(bool),
    Double(f64),
    /// Its digits, as sent.
    BigNumber(Vec<u8>),
    Verbatim {
        format: [u8; 3],
        text: Vec<u8>,
    },
    Array(Vec<Value>),
    /// In the order sent.
    Map(Vec<(Value, Value)>),
    Set(Vec<Value>),
    Push(Vec<Value>),
}

impl Value {
    /// The bytes of a string of any kind, or of an error.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Value::Simple(text)
            | Value::Error(text)
            | Value::Bulk(text)
            | Value::BigNumber(text)
            | Value::Verbatim { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The elements of an array, a set or a push message.
    pub fn as_slice(&self) -> Option<&[Value]> {
        match self {
            Value::Array(values) | Value::Set(values) | Value::Push(values) => Some(values),
            _ => None,
        }
    }

    /// Appends it as it goes over the wire. RESP2 has no maps, booleans, doubles and so on: they
    /// become what Redis makes of them there.
    pub fn write(&self, out: &mut Vec<u8>, protocol: Protocol) {
        match self {
            Value::Null => encode::write_null(out, protocol),
            Value::Simple(text) => encode::write_simple(out, text),
            Value::Error(text) => encode::write_whole_error(out, text, protocol),
            Value::Integer(value) => encode::write_integer(out, *value),
            Value::Bulk(bytes) => encode::write_bulk(out, bytes),
            Value::Boolean(value) => encode::write_boolean(out, *value, protocol),
            Value::Double(value) => encode::write_double(out, *value, protocol),
            Value::BigNumber(digits) => encode::write_big_number(out, digits, protocol),
            Value::Verbatim { format, text } => {
                encode::write_verbatim(out, *format, text, protocol);
            }
            Value::Array(values) => write_all(out, Aggregate::Array, values, protocol),
            Value::Set(values) => write_all(out, Aggregate::Set, values, protocol),
            Value::Push(values) => write_all(out, Aggregate::Push, values, protocol),
            Value::Map(pairs) => {
                encode::write_aggregate(out, Aggregate::Map, pairs.len(), protocol);
                for (key, value) in pairs {
                    key.write(out, protocol);
                    value.write(out, protocol);
                }
            }
        }
    }
}

fn write_all(out: &mut Vec<u8>, aggregate: Aggregate, values: &[Value], protocol: Protocol) {
    encode::write_aggregate(out, aggregate, values.len(), protocol);
    for value in values {
        value.write(out, protocol);
    }
}

/// Builds values, one reply after the other. Takes each element once, when it is whole.
#[derive(Debug, Default)]
pub struct ValueDecoder {
    limits: Limits,
    /// Aggregates that are not whole yet, the outermost first.
    open: Vec<Open>,
    announced: usize,
}

#[derive(Debug)]
struct Open {
    aggregate: Aggregate,
    left: usize,
    values: Vec<Value>,
}

impl Open {
    fn close(self) -> Value {
        match self.aggregate {
            Aggregate::Set => Value::Set(self.values),
            Aggregate::Push => Value::Push(self.values),
            Aggregate::Map => {
                let mut pairs = Vec::with_capacity(self.values.len() / 2);
                let mut values = self.values.into_iter();
                while let (Some(key), Some(value)) = (values.next(), values.next()) {
                    pairs.push((key, value));
                }
                Value::Map(pairs)
            }
            Aggregate::Array | Aggregate::Attribute => Value::Array(self.values),
        }
    }
}

impl ValueDecoder {
    pub fn new(limits: Limits) -> ValueDecoder {
        ValueDecoder { limits, ..ValueDecoder::default() }
    }

    /// Takes bytes from the front of `input`, which begins with what the last call left. Returns
    /// how many it took, and the reply when it is whole; the rest then belongs to the next one.
    ///
    /// # Errors
    /// When the bytes are no RESP, or over a limit.
    pub fn decode(&mut self, input: &[u8]) -> Result<(usize, Option<Value>), ReplyError> {
        let mut at = 0;
        loop {
            let rest = input.get(at..).unwrap_or_default();
            let Some((token, length)) = token(rest, &self.limits)? else { return Ok((at, None)) };
            at += length;
            let value = match token {
                Token::Aggregate(aggregate, count) => match self.enter(aggregate, count)? {
                    Some(empty) => empty,
                    None => continue,
                },
                scalar => owned(scalar),
            };
            if let Some(value) = self.put(value) {
                self.announced = 0;
                return Ok((at, Some(value)));
            }
        }
    }

    /// The value itself when it has no elements to wait for.
    fn enter(&mut self, aggregate: Aggregate, count: usize) -> Result<Option<Value>, ReplyError> {
        self.announced = self.announced.saturating_add(count);
        if self.announced > self.limits.elements {
            return Err(ReplyError::TooManyElements);
        }
        if self.open.len() >= self.limits.depth {
            return Err(ReplyError::TooDeep);
        }
        let values = Vec::with_capacity(count.min(RESERVE_LIMIT));
        let open = Open { aggregate, left: count, values };
        if count == 0 {
            // An empty attribute says nothing of what follows.
            return Ok((aggregate != Aggregate::Attribute).then(|| open.close()));
        }
        self.open.push(open);
        Ok(None)
    }

    /// Puts a value into the innermost aggregate, and that into its own when it is whole by that;
    /// the reply when nothing is left open.
    fn put(&mut self, mut value: Value) -> Option<Value> {
        loop {
            let Some(mut open) = self.open.pop() else { return Some(value) };
            open.values.push(value);
            open.left -= 1;
            if open.left > 0 {
                self.open.push(open);
                return None;
            }
            if open.aggregate == Aggregate::Attribute {
                return None;
            }
            value = open.close();
        }
    }
}

fn owned(token: Token<'_>) -> Value {
    match token {
        Token::Null | Token::Aggregate(..) => Value::Null,
        Token::Simple(text) => Value::Simple(text.to_vec()),
        Token::Error(text) => Value::Error(text.to_vec()),
        Token::Integer(value) => Value::Integer(value),
        Token::Bulk(bytes) => Value::Bulk(bytes.to_vec()),
        Token::Boolean(value) => Value::Boolean(value),
        Token::Double(value) => Value::Double(value),
        Token::BigNumber(digits) => Value::BigNumber(digits.to_vec()),
        Token::Verbatim { format, text } => Value::Verbatim { format, text: text.to_vec() },
    }
}
