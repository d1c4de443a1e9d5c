//! The types of what can be queued, and how they print.
//!
//! Own types rather than `wit_parser`'s or wasmtime's: they are stored with a component, so that a
//! call can be checked without its code. Made from WIT in `wit`, stored as `stored` says.

use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};

/// How deep a type may nest. JSON nests as deep as its type, and readers of JSON stop at 128.
pub const MAX_DEPTH: usize = 64;

/// How many fields, cases, flags or elements one type may have. They are looked up one after the
/// other, so this bounds what a hostile type can make a check cost.
pub const MAX_MEMBERS: usize = 1_024;

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the variants are the types of WIT")]
pub enum Type {
    Bool,
    S8,
    U8,
    S16,
    U16,
    S32,
    U32,
    S64,
    U64,
    F32,
    F64,
    Char,
    String,
    List(Box<Type>),
    /// A list of exactly so many elements.
    FixedList(Box<Type>, u32),
    Map(Box<Type>, Box<Type>),
    Record(Record),
    Tuple(Vec<Type>),
    Variant(Variant),
    Enum(Enum),
    Option(Box<Type>),
    Result {
        ok: Option<Box<Type>>,
        err: Option<Box<Type>>,
    },
    Flags(Flags),
}

/// A record: its name where it has one, and its fields in WIT order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    /// The name in its WIT interface.
    pub name: Option<String>,
    /// The fields, in WIT order.
    pub fields: Vec<Field>,
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// As in WIT, in kebab case.
    pub name: String,
    /// What it holds.
    pub ty: Type,
}

/// A variant: its name where it has one, and its cases in WIT order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Variant {
    /// The name in its WIT interface.
    pub name: Option<String>,
    /// The cases, in WIT order.
    pub cases: Vec<Case>,
}

/// A case of a variant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Case {
    /// As in WIT, in kebab case.
    pub name: String,
    /// What it carries, if anything.
    pub ty: Option<Type>,
}

/// An enum: its name where it has one, and its cases in WIT order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Enum {
    /// The name in its WIT interface.
    pub name: Option<String>,
    /// The cases, in WIT order.
    pub cases: Vec<String>,
}

/// Flags: their name where they have one, and each flag in WIT order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Flags {
    /// The name in its WIT interface.
    pub name: Option<String>,
    /// The flags, in WIT order.
    pub flags: Vec<String>,
}

/// The signature of a task.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Function {
    /// The parameters, in order.
    pub params: Vec<Param>,
    /// What it returns, if anything.
    pub result: Option<Type>,
    /// Whether it is an `async func`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_async: bool,
}

/// A parameter of a task.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Param {
    /// As in WIT, in kebab case.
    pub name: String,
    /// What it takes.
    pub ty: Type,
}

impl Type {
    /// The keyword of WIT for a type without parts.
    pub(super) fn keyword(&self) -> Option<&'static str> {
        Some(match self {
            Self::Bool => "bool",
            Self::S8 => "s8",
            Self::U8 => "u8",
            Self::S16 => "s16",
            Self::U16 => "u16",
            Self::S32 => "s32",
            Self::U32 => "u32",
            Self::S64 => "s64",
            Self::U64 => "u64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::Char => "char",
            Self::String => "string",
            _ => return None,
        })
    }

    /// The type without parts that a keyword of WIT names.
    pub(super) fn from_keyword(keyword: &str) -> Option<Self> {
        Some(match keyword {
            "bool" => Self::Bool,
            "s8" => Self::S8,
            "u8" => Self::U8,
            "s16" => Self::S16,
            "u16" => Self::U16,
            "s32" => Self::S32,
            "u32" => Self::U32,
            "s64" => Self::S64,
            "u64" => Self::U64,
            "f32" => Self::F32,
            "f64" => Self::F64,
            "char" => Self::Char,
            "string" => Self::String,
            _ => return None,
        })
    }

    /// Whether this is `list<u8>`, whose values are bytes.
    pub fn is_bytes(&self) -> bool {
        matches!(self, Self::List(element) if **element == Self::U8)
    }

    fn write(&self, f: &mut Formatter<'_>, expanded: bool) -> fmt::Result {
        if let Some(keyword) = self.keyword() {
            return f.write_str(keyword);
        }
        if !expanded && let Some(name) = self.name() {
            return f.write_str(name);
        }
        match self {
            Self::List(element) => {
                f.write_str("list<")?;
                element.write(f, expanded)?;
                f.write_str(">")
            }
            Self::FixedList(element, length) => {
                f.write_str("list<")?;
                element.write(f, expanded)?;
                write!(f, ", {length}>")
            }
            Self::Map(key, value) => {
                f.write_str("map<")?;
                key.write(f, expanded)?;
                f.write_str(", ")?;
                value.write(f, expanded)?;
                f.write_str(">")
            }
            Self::Tuple(elements) => {
                f.write_str("tuple<")?;
                separated(f, elements, |f, element| element.write(f, expanded))?;
                f.write_str(">")
            }
            Self::Option(some) => {
                f.write_str("option<")?;
                some.write(f, expanded)?;
                f.write_str(">")
            }
            Self::Result { ok, err } => match (ok, err) {
                (None, None) => f.write_str("result"),
                (Some(ok), None) => {
                    f.write_str("result<")?;
                    ok.write(f, expanded)?;
                    f.write_str(">")
                }
                (ok, Some(err)) => {
                    f.write_str("result<")?;
                    match ok {
                        Some(ok) => ok.write(f, expanded)?,
                        None => f.write_str("_")?,
                    }
                    f.write_str(", ")?;
                    err.write(f, expanded)?;
                    f.write_str(">")
                }
            },
            Self::Record(record) => {
                open(f, "record", self.name())?;
                separated(f, &record.fields, |f, field| {
                    write!(f, "{}: ", field.name)?;
                    field.ty.write(f, expanded)
                })?;
                f.write_str("}")
            }
            Self::Variant(variant) => {
                open(f, "variant", self.name())?;
                separated(f, &variant.cases, |f, case| {
                    f.write_str(&case.name)?;
                    let Some(ty) = &case.ty else { return Ok(()) };
                    f.write_str("(")?;
                    ty.write(f, expanded)?;
                    f.write_str(")")
                })?;
                f.write_str("}")
            }
            Self::Enum(cases) => {
                open(f, "enum", self.name())?;
                separated(f, &cases.cases, |f, case| f.write_str(case))?;
                f.write_str("}")
            }
            Self::Flags(flags) => {
                open(f, "flags", self.name())?;
                separated(f, &flags.flags, |f, flag| f.write_str(flag))?;
                f.write_str("}")
            }
            _ => unreachable!("types without parts have a keyword"),
        }
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::Record(record) => record.name.as_deref(),
            Self::Variant(variant) => variant.name.as_deref(),
            Self::Enum(cases) => cases.name.as_deref(),
            Self::Flags(flags) => flags.name.as_deref(),
            _ => None,
        }
    }
}

/// As WIT names it (`list<thumb>`); with `{:#}`, names are spelled out
/// (`list<record thumb {size: u32, png: list<u8>}>`).
impl Display for Type {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write(f, f.alternate())
    }
}

/// As WIT writes it, `func(url: string) -> list<thumb>`; with `{:#}`, names are spelled out.
impl Display for Function {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let expanded = f.alternate();
        if self.is_async {
            f.write_str("async ")?;
        }
        f.write_str("func(")?;
        separated(f, &self.params, |f, param| {
            write!(f, "{}: ", param.name)?;
            param.ty.write(f, expanded)
        })?;
        f.write_str(")")?;
        if let Some(result) = &self.result {
            f.write_str(" -> ")?;
            result.write(f, expanded)?;
        }
        Ok(())
    }
}

fn open(f: &mut Formatter<'_>, keyword: &str, name: Option<&str>) -> fmt::Result {
    match name {
        Some(name) => write!(f, "{keyword} {name} {{"),
        None => write!(f, "{keyword} {{"),
    }
}

fn separated<'a, T>(
    f: &mut Formatter<'_>,
    items: &'a [T],
    mut each: impl FnMut(&mut Formatter<'_>, &'a T) -> fmt::Result,
) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        each(f, item)?;
    }
    Ok(())
}
