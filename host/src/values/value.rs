//! A value of a `Type`.
//!
//! Names are left to the type: records are positional, cases and flags are indices. A value is
//! therefore only ever read together with its type, and costs no string per field.

/// A value that fits some `Type`.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the variants are those of `Type`")]
pub enum Value {
    Bool(bool),
    S8(i8),
    U8(u8),
    S16(i16),
    U16(u16),
    S32(i32),
    U32(u32),
    S64(i64),
    U64(u64),
    F32(f32),
    F64(f64),
    Char(char),
    String(String),
    /// A `list<u8>`. No other list is stored so, not even a `list<u8, 4>`.
    Bytes(Vec<u8>),
    /// A list, or a list of fixed length.
    List(Vec<Value>),
    /// The pairs in the order given; no key is there twice.
    Map(Vec<(Value, Value)>),
    /// The fields, in the order of their type.
    Record(Vec<Value>),
    Tuple(Vec<Value>),
    /// The index of the case, and what it carries.
    Variant(u32, Option<Box<Value>>),
    /// The index of the case.
    Enum(u32),
    Option(Option<Box<Value>>),
    Result(Result<Option<Box<Value>>, Option<Box<Value>>>),
    /// The indices of the flags that are set, ascending.
    Flags(Vec<u32>),
}

/// NaN equals NaN (WIT has only one), and 0.0 does not equal -0.0.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::S8(a), Self::S8(b)) => a == b,
            (Self::U8(a), Self::U8(b)) => a == b,
            (Self::S16(a), Self::S16(b)) => a == b,
            (Self::U16(a), Self::U16(b)) => a == b,
            (Self::S32(a), Self::S32(b)) => a == b,
            (Self::U32(a), Self::U32(b)) => a == b,
            (Self::S64(a), Self::S64(b)) => a == b,
            (Self::U64(a), Self::U64(b)) => a == b,
            (Self::F32(a), Self::F32(b)) => a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
            (Self::F64(a), Self::F64(b)) => a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
            (Self::Char(a), Self::Char(b)) => a == b,
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b,
            (Self::Record(a), Self::Record(b)) => a == b,
            (Self::Tuple(a), Self::Tuple(b)) => a == b,
            (Self::Variant(a, x), Self::Variant(b, y)) => a == b && x == y,
            (Self::Enum(a), Self::Enum(b)) => a == b,
            (Self::Option(a), Self::Option(b)) => a == b,
            (Self::Result(a), Self::Result(b)) => a == b,
            (Self::Flags(a), Self::Flags(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}
