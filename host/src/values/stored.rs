//! How a `Type` is stored with its component.
//!
//! Types without parts are their keyword, all others an array that starts with its keyword:
//! `["record", "thumb", "size", "u32", "png", ["list", "u8"]]`. A type nests in JSON exactly as
//! deep as in WIT, so `MAX_DEPTH` stays below the 128 levels that readers of JSON allow.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeSeq, Serializer};

use super::types::{Case, Enum, Field, Flags, Record, Type, Variant};

impl Serialize for Type {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(keyword) = self.keyword() {
            return serializer.serialize_str(keyword);
        }
        let mut seq = serializer.serialize_seq(None)?;
        match self {
            Self::List(element) => {
                seq.serialize_element("list")?;
                seq.serialize_element(element)?;
            }
            Self::FixedList(element, length) => {
                seq.serialize_element("fixed-list")?;
                seq.serialize_element(element)?;
                seq.serialize_element(length)?;
            }
            Self::Map(key, value) => {
                seq.serialize_element("map")?;
                seq.serialize_element(key)?;
                seq.serialize_element(value)?;
            }
            Self::Tuple(elements) => {
                seq.serialize_element("tuple")?;
                for element in elements {
                    seq.serialize_element(element)?;
                }
            }
            Self::Option(some) => {
                seq.serialize_element("option")?;
                seq.serialize_element(some)?;
            }
            Self::Result { ok, err } => {
                seq.serialize_element("result")?;
                seq.serialize_element(ok)?;
                seq.serialize_element(err)?;
            }
            Self::Record(record) => {
                seq.serialize_element("record")?;
                seq.serialize_element(&record.name)?;
                for field in &record.fields {
                    seq.serialize_element(&field.name)?;
                    seq.serialize_element(&field.ty)?;
                }
            }
            Self::Variant(variant) => {
                seq.serialize_element("variant")?;
                seq.serialize_element(&variant.name)?;
                for case in &variant.cases {
                    seq.serialize_element(&case.name)?;
                    seq.serialize_element(&case.ty)?;
                }
            }
            Self::Enum(cases) => {
                seq.serialize_element("enum")?;
                seq.serialize_element(&cases.name)?;
                for case in &cases.cases {
                    seq.serialize_element(case)?;
                }
            }
            Self::Flags(flags) => {
                seq.serialize_element("flags")?;
                seq.serialize_element(&flags.name)?;
                for flag in &flags.flags {
                    seq.serialize_element(flag)?;
                }
            }
            _ => unreachable!("types without parts have a keyword"),
        }
        seq.end()
    }
}

impl<'de> Deserialize<'de> for Type {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TypeVisitor)
    }
}

struct TypeVisitor;

impl<'de> Visitor<'de> for TypeVisitor {
    type Value = Type;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a stored type")
    }

    fn visit_str<E: Error>(self, keyword: &str) -> Result<Type, E> {
        Type::from_keyword(keyword)
            .ok_or_else(|| E::custom(format!("no type is named `{keyword}`")))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Type, A::Error> {
        let keyword: String = part(&mut seq)?;
        let ty = match keyword.as_str() {
            "list" => Type::List(part(&mut seq)?),
            "fixed-list" => Type::FixedList(part(&mut seq)?, part(&mut seq)?),
            "map" => Type::Map(part(&mut seq)?, part(&mut seq)?),
            "tuple" => Type::Tuple(rest(&mut seq)?),
            "option" => Type::Option(part(&mut seq)?),
            "result" => Type::Result {
                ok: part(&mut seq)?,
                err: part(&mut seq)?,
            },
            "record" => {
                let name = part(&mut seq)?;
                let mut fields = Vec::new();
                while let Some(name) = seq.next_element()? {
                    let ty = part(&mut seq)?;
                    fields.push(Field { name, ty });
                }
                Type::Record(Record { name, fields })
            }
            "variant" => {
                let name = part(&mut seq)?;
                let mut cases = Vec::new();
                while let Some(name) = seq.next_element()? {
                    let ty = part(&mut seq)?;
                    cases.push(Case { name, ty });
                }
                Type::Variant(Variant { name, cases })
            }
            "enum" => Type::Enum(Enum {
                name: part(&mut seq)?,
                cases: rest(&mut seq)?,
            }),
            "flags" => Type::Flags(Flags {
                name: part(&mut seq)?,
                flags: rest(&mut seq)?,
            }),
            _ => return Err(A::Error::custom(format!("no type is named `{keyword}`"))),
        };
        Ok(ty)
    }
}

fn part<'de, A: SeqAccess<'de>, T: Deserialize<'de>>(seq: &mut A) -> Result<T, A::Error> {
    seq.next_element()?
        .ok_or_else(|| A::Error::custom("a stored type ends too early"))
}

fn rest<'de, A: SeqAccess<'de>, T: Deserialize<'de>>(seq: &mut A) -> Result<Vec<T>, A::Error> {
    let mut items = Vec::new();
    while let Some(item) = seq.next_element()? {
        items.push(item);
    }
    Ok(items)
}
