//! From a value to JSON, through serde: to bytes or to a `serde_json::Value`.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::ser::Formatter;

use super::super::{Type, Value};

/// JSON that would have become longer than the caller allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("longer than the limit of {limit} bytes")]
pub struct TooLong {
    /// The limit that the caller set, in bytes.
    pub limit: usize,
}

/// A value together with its type, as JSON. With `RAW`, bytes are left to [`Base64`], which writes
/// them without making text of them first; to any other serializer they are text.
///
/// # Panics
///
/// Serializing panics if the value does not fit the type.
pub(super) struct Typed<'a, const RAW: bool>(pub &'a Value, pub &'a Type);

/// Appends `value` to `out`, which may grow to `limit` bytes.
pub(in super::super) fn append(
    out: &mut Vec<u8>,
    value: &Value,
    ty: &Type,
    limit: usize,
) -> Result<(), TooLong> {
    // Types and values nest boundedly and floats without JSON are text, so that only the limit
    // can stop serde.
    let mut serializer = serde_json::Serializer::with_formatter(Bounded { out, limit }, Base64);
    Typed::<true>(value, ty)
        .serialize(&mut serializer)
        .map_err(|_| TooLong { limit })
}

/// Bytes of a list that become text at a time: a multiple of three, so that none is padded within.
const BASE64_BYTES: usize = 3 << 13;

/// As serde_json writes it, and bytes as base64. That is the text of large values, and nothing in it
/// has to be escaped.
struct Base64;

impl Formatter for Base64 {
    fn write_byte_array<W>(&mut self, writer: &mut W, bytes: &[u8]) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        let mut text = vec![0; bytes.len().min(BASE64_BYTES).div_ceil(3) * 4];
        writer.write_all(b"\"")?;
        for part in bytes.chunks(BASE64_BYTES) {
            let length = STANDARD.encode_slice(part, &mut text);
            let length = length.expect("there is room for four letters for three bytes");
            writer.write_all(&text[..length])?;
        }
        writer.write_all(b"\"")
    }
}

struct Bounded<'a> {
    out: &'a mut Vec<u8>,
    limit: usize,
}

impl io::Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.out.len() + bytes.len() > self.limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<const RAW: bool> Serialize for Typed<'_, RAW> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.0, self.1) {
            (Value::Bool(value), _) => serializer.serialize_bool(*value),
            (Value::S8(value), _) => serializer.serialize_i8(*value),
            (Value::U8(value), _) => serializer.serialize_u8(*value),
            (Value::S16(value), _) => serializer.serialize_i16(*value),
            (Value::U16(value), _) => serializer.serialize_u16(*value),
            (Value::S32(value), _) => serializer.serialize_i32(*value),
            (Value::U32(value), _) => serializer.serialize_u32(*value),
            (Value::S64(value), _) => serializer.serialize_i64(*value),
            (Value::U64(value), _) => serializer.serialize_u64(*value),
            (Value::F32(value), _) => match value.is_finite() {
                true => serializer.serialize_f32(*value),
                false => serializer.serialize_str(special(f64::from(*value))),
            },
            (Value::F64(value), _) => match value.is_finite() {
                true => serializer.serialize_f64(*value),
                false => serializer.serialize_str(special(*value)),
            },
            (Value::Char(value), _) => serializer.serialize_char(*value),
            (Value::String(value), _) => serializer.serialize_str(value),
            (Value::Bytes(bytes), _) if RAW => serializer.serialize_bytes(bytes),
            (Value::Bytes(bytes), _) => serializer.serialize_str(&STANDARD.encode(bytes)),
            (Value::List(values), Type::List(ty) | Type::FixedList(ty, _)) => {
                serializer.collect_seq(values.iter().map(|value| Typed::<RAW>(value, ty)))
            }
            (Value::Map(pairs), Type::Map(key, value)) => {
                map::<RAW, _>(serializer, pairs, key, value)
            }
            (Value::Record(values), Type::Record(record)) => {
                let fields = record.fields.iter().zip(values);
                serializer.collect_map(
                    fields.map(|(field, value)| (&field.name, Typed::<RAW>(value, &field.ty))),
                )
            }
            (Value::Tuple(values), Type::Tuple(types)) => {
                let elements = values.iter().zip(types);
                serializer.collect_seq(elements.map(|(value, ty)| Typed::<RAW>(value, ty)))
            }
            (Value::Variant(index, payload), Type::Variant(variant)) => {
                let case = &variant.cases[*index as usize];
                match (payload, &case.ty) {
                    (Some(payload), Some(ty)) => {
                        entry::<RAW, _>(serializer, &case.name, payload, ty)
                    }
                    _ => serializer.serialize_str(&case.name),
                }
            }
            (Value::Enum(index), Type::Enum(cases)) => {
                serializer.serialize_str(&cases.cases[*index as usize])
            }
            (Value::Option(None), _) => serializer.serialize_unit(),
            (Value::Option(Some(value)), Type::Option(ty)) => match **ty {
                // `some(none)` must not look like `none`.
                Type::Option(_) => entry::<RAW, _>(serializer, "some", value, ty),
                _ => Typed::<RAW>(value, ty).serialize(serializer),
            },
            (Value::Result(result), Type::Result { ok, err }) => {
                let (name, payload, ty) = match result {
                    Ok(payload) => ("ok", payload, ok),
                    Err(payload) => ("err", payload, err),
                };
                match (payload, ty) {
                    (Some(payload), Some(ty)) => entry::<RAW, _>(serializer, name, payload, ty),
                    _ => serializer.collect_map([(name, ())]),
                }
            }
            (Value::Flags(set), Type::Flags(flags)) => {
                serializer.collect_seq(set.iter().map(|index| &flags.flags[*index as usize]))
            }
            (_, ty) => panic!("not a value of type {ty}"),
        }
    }
}

/// `{"name": payload}`
fn entry<const RAW: bool, S: Serializer>(
    serializer: S,
    name: &str,
    payload: &Value,
    ty: &Type,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map([(name, Typed::<RAW>(payload, ty))])
}

/// An object where the keys are strings, else an array of pairs.
fn map<const RAW: bool, S: Serializer>(
    serializer: S,
    pairs: &[(Value, Value)],
    key_type: &Type,
    value_type: &Type,
) -> Result<S::Ok, S::Error> {
    if *key_type != Type::String {
        let mut seq = serializer.serialize_seq(Some(pairs.len()))?;
        for (key, value) in pairs {
            seq.serialize_element(&(Typed::<RAW>(key, key_type), Typed::<RAW>(value, value_type)))?;
        }
        return seq.end();
    }
    let mut map = serializer.serialize_map(Some(pairs.len()))?;
    for (key, value) in pairs {
        map.serialize_entry(
            &Typed::<RAW>(key, key_type),
            &Typed::<RAW>(value, value_type),
        )?;
    }
    map.end()
}

fn special(value: f64) -> &'static str {
    match value {
        _ if value.is_nan() => "NaN",
        f64::INFINITY => "Infinity",
        _ => "-Infinity",
    }
}
