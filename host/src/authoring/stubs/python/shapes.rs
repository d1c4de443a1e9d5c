//! The types of values in Python: in annotations, and as codecs.

use std::fmt::Write;

use super::super::names::{pascal, snake};
use super::super::{Named, Shape, Stubs};

/// What the codec of a type with a name is called.
pub(super) fn codec_name(named: &Named) -> String {
    format!("_{}_codec", snake(&named.ident))
}

/// The type in an annotation; `scope` stands before the names of built-in types.
pub(super) fn annotation(stubs: &Stubs, shape: &Shape, scope: &str) -> String {
    let of = |shape: &Shape| annotation(stubs, shape, scope);
    let or_none = |shape: &Option<Box<Shape>>| match shape {
        Some(shape) => of(shape),
        None => "None".to_owned(),
    };
    match shape {
        Shape::Bool => format!("{scope}bool"),
        Shape::S8 | Shape::U8 | Shape::S16 | Shape::U16 => format!("{scope}int"),
        Shape::S32 | Shape::U32 | Shape::S64 | Shape::U64 => format!("{scope}int"),
        Shape::F32 | Shape::F64 => format!("{scope}float"),
        Shape::Char | Shape::String => format!("{scope}str"),
        Shape::Bytes => format!("{scope}bytes"),
        Shape::List(element) | Shape::FixedList(element, _) => {
            format!("{scope}list[{}]", of(element))
        }
        Shape::Map(key, value) => format!("{scope}dict[{}, {}]", of(key), of(value)),
        Shape::Tuple(elements) if elements.is_empty() => format!("{scope}tuple[()]"),
        Shape::Tuple(elements) => {
            let elements: Vec<_> = elements.iter().map(of).collect();
            format!("{scope}tuple[{}]", elements.join(", "))
        }
        Shape::Option(some) => match **some {
            Shape::Option(_) => format!("_windlass.Some[{}] | None", of(some)),
            _ => format!("{} | None", of(some)),
        },
        Shape::Result { ok, err } => {
            format!("_windlass.Result[{}, {}]", or_none(ok), or_none(err))
        }
        Shape::Named(index) => pascal(&stubs.types[*index].ident),
    }
}

/// The expression of a type's codec.
pub(super) fn codec(stubs: &Stubs, shape: &Shape) -> String {
    let of = |shape: &Shape| codec(stubs, shape);
    let or_unit = |shape: &Option<Box<Shape>>| match shape {
        Some(shape) => of(shape),
        None => "_codecs.unit".to_owned(),
    };
    let mut out = "_codecs.".to_owned();
    let written = match shape {
        Shape::Bool => write!(out, "boolean"),
        Shape::S8 | Shape::U8 | Shape::S16 | Shape::U16 => write!(out, "integer"),
        Shape::S32 | Shape::U32 | Shape::S64 | Shape::U64 => write!(out, "integer"),
        Shape::F32 | Shape::F64 => write!(out, "number"),
        Shape::Char | Shape::String => write!(out, "text"),
        Shape::Bytes => write!(out, "data"),
        Shape::List(element) | Shape::FixedList(element, _) => {
            write!(out, "listed({})", of(element))
        }
        Shape::Map(key, value) => write!(out, "mapped({}, {})", of(key), of(value)),
        Shape::Tuple(elements) => {
            let elements: Vec<_> = elements.iter().map(of).collect();
            write!(out, "tupled({})", elements.join(", "))
        }
        Shape::Option(some) => match **some {
            Shape::Option(_) => write!(out, "nested_optional({})", of(some)),
            _ => write!(out, "optional({})", of(some)),
        },
        Shape::Result { ok, err } => write!(out, "result({}, {})", or_unit(ok), or_unit(err)),
        Shape::Named(index) => return codec_name(&stubs.types[*index]),
    };
    written.expect("writing to text does not fail");
    out
}
