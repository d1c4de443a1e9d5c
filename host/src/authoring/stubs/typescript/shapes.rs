//! The type and the codec of every shape, in TypeScript.

use super::super::names::{camel, pascal};
use super::super::{Named, Shape};
use super::Writer;

impl Writer<'_> {
    /// The type and the codec of what a task gives.
    pub(super) fn outcome(&self, ok: Option<&Shape>) -> (String, String) {
        match ok {
            None => ("void".to_owned(), "codec.nothing".to_owned()),
            Some(shape) => (self.ty(shape), self.codec(shape)),
        }
    }

    pub(super) fn ty(&self, shape: &Shape) -> String {
        let side = |side: &Option<Box<Shape>>| self.outcome(side.as_deref()).0;
        match shape {
            Shape::Bool => "boolean".to_owned(),
            Shape::S64 | Shape::U64 => "bigint".to_owned(),
            Shape::Char | Shape::String => "string".to_owned(),
            Shape::Bytes => "Uint8Array".to_owned(),
            Shape::List(element) | Shape::FixedList(element, _) => match is_plain_option(element) {
                true => format!("({})[]", self.ty(element)),
                false => format!("{}[]", self.ty(element)),
            },
            Shape::Map(key, value) => format!("Map<{}, {}>", self.ty(key), self.ty(value)),
            Shape::Tuple(elements) => {
                let elements: Vec<_> = elements.iter().map(|element| self.ty(element)).collect();
                format!("[{}]", elements.join(", "))
            }
            Shape::Option(some) => match **some {
                Shape::Option(_) => format!("codec.Option<{}>", self.ty(some)),
                _ => format!("{} | undefined", self.ty(some)),
            },
            Shape::Result { ok, err } => format!("codec.Result<{}, {}>", side(ok), side(err)),
            Shape::Named(index) => pascal(&self.stubs.types[*index].ident),
            _ => "number".to_owned(),
        }
    }

    pub(super) fn codec(&self, shape: &Shape) -> String {
        let call = match shape {
            Shape::Named(index) => return constant(&self.stubs.types[*index]),
            Shape::Bool => "bool".to_owned(),
            Shape::S8 => "s8".to_owned(),
            Shape::U8 => "u8".to_owned(),
            Shape::S16 => "s16".to_owned(),
            Shape::U16 => "u16".to_owned(),
            Shape::S32 => "s32".to_owned(),
            Shape::U32 => "u32".to_owned(),
            Shape::S64 => "s64".to_owned(),
            Shape::U64 => "u64".to_owned(),
            Shape::F32 => "f32".to_owned(),
            Shape::F64 => "f64".to_owned(),
            Shape::Char => "char".to_owned(),
            Shape::String => "string".to_owned(),
            Shape::Bytes => "bytes".to_owned(),
            Shape::List(element) => format!("list({})", self.codec(element)),
            Shape::FixedList(element, length) => format!("list({}, {length})", self.codec(element)),
            Shape::Map(key, value) => match **key {
                Shape::String => format!("stringMap({})", self.codec(value)),
                _ => format!("map({}, {})", self.codec(key), self.codec(value)),
            },
            Shape::Tuple(elements) => {
                let codecs: Vec<_> = elements.iter().map(|element| self.codec(element)).collect();
                format!("tuple<{}>({})", self.ty(shape), codecs.join(", "))
            }
            Shape::Option(some) => match **some {
                Shape::Option(_) => format!("nestedOption({})", self.codec(some)),
                _ => format!("option({})", self.codec(some)),
            },
            Shape::Result { ok, err } => {
                let codec = |side: &Option<Box<Shape>>| self.outcome(side.as_deref()).1;
                format!("result({}, {})", codec(ok), codec(err))
            }
        };
        format!("codec.{call}")
    }
}

/// What the codec of a type is called.
pub(super) fn constant(named: &Named) -> String {
    format!("{}Codec", camel(&named.ident))
}

/// Whether it is an option whose absence is `undefined`.
pub(super) fn is_plain_option(shape: &Shape) -> bool {
    matches!(shape, Shape::Option(some) if !matches!(**some, Shape::Option(_)))
}
