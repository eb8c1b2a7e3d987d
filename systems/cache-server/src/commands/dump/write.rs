//! From values to the dump format: the plain form of each type.

use crate::{store::ValueRef, values::Object};

/// Appends the type's byte and the value.
pub(super) fn write(out: &mut Vec<u8>, value: ValueRef<'_>) {
    match value {
        ValueRef::Bytes(bytes) => {
            out.push(0);
            write_string(out, bytes);
        }
        ValueRef::Large(bytes) => {
            out.push(0);
            write_string(out, bytes);
        }
        ValueRef::Object(object) => write_object(out, object),
    }
}

fn write_object(out: &mut Vec<u8>, object: &Object) {
    out.push(match object {
        Object::List(_) => 1,
        Object::Set(_) => 2,
        Object::Hash(_) => 4,
        Object::SortedSet(_) => 5,
    });
    write_length(out, object.len());
    match object {
        Object::List(list) => list.iter().for_each(|element| write_string(out, element)),
        Object::Set(set) => set.iter().for_each(|member| write_string(out, &member)),
        Object::Hash(hash) => hash.iter().for_each(|(field, value)| {
            write_string(out, field);
            write_string(out, value);
        }),
        Object::SortedSet(members) => members.iter().for_each(|(member, score)| {
            write_string(out, member);
            out.extend_from_slice(&score.to_le_bytes());
        }),
    }
}

fn write_string(out: &mut Vec<u8>, bytes: &[u8]) {
    write_length(out, bytes.len());
    out.extend_from_slice(bytes);
}

fn write_length(out: &mut Vec<u8>, length: usize) {
    match length {
        0..0x40 => out.push(length as u8),
        0x40..0x4000 => out.extend_from_slice(&(length as u16 | 0x4000).to_be_bytes()),
        _ => match u32::try_from(length) {
            Ok(length) => {
                out.push(0x80);
                out.extend_from_slice(&length.to_be_bytes());
            }
            Err(_) => {
                out.push(0x81);
                out.extend_from_slice(&(length as u64).to_be_bytes());
            }
        },
    }
}
