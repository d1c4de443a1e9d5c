//! JSON for WIT values.
//!
//! | WIT | JSON |
//! |---|---|
//! | integers | numbers without fraction; for 64 bits decimal text is accepted |
//! | floats | numbers, or `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | `char` | text of one character |
//! | `list<u8>` | base64 text; an array of numbers is accepted |
//! | `list`, `tuple` | arrays |
//! | `map` | an object where the keys are strings, else an array of pairs |
//! | `record` | an object; an option that is left out is null |
//! | `option` | the value or null; where the value is an option itself, `{"some": …}` or null |
//! | `variant` | `{"case": payload}`, or `"case"` where it carries nothing |
//! | `enum` | text |
//! | `result` | `{"ok": …}` or `{"err": …}`, null where it carries nothing |
//! | `flags` | an array of text |
//!
//! Written JSON is canonical: fields and flags in the order of the type, options as null, floats
//! in the fewest digits that come back as the same number.

mod cursor;
mod expect;
mod parts;
mod read;
mod write;

pub(super) use expect::expected;
pub(super) use read::Reader;
pub use write::TooLong;
pub(super) use write::append;

use serde_json::value::RawValue;

use super::mistake::{Mistakes, Place};
use super::{Type, Value};

/// Reads a value of type `ty`. `root` is what the places of mistakes begin with.
///
/// # Errors
///
/// Everything that does not fit the type, with its place.
pub fn from_json(json: &RawValue, ty: &Type, root: &str) -> Result<Value, Mistakes> {
    let mut reader = Reader::new(json);
    let value = reader.value(ty, &Place::Root(root));
    match value {
        Some(value) if reader.mistakes.is_empty() => Ok(value),
        _ => Err(reader.mistakes),
    }
}

/// Writes a value of type `ty` as canonical JSON.
///
/// # Errors
///
/// If the text would become longer than `limit` bytes.
pub fn to_json(value: &Value, ty: &Type, limit: usize) -> Result<Vec<u8>, TooLong> {
    let mut out = Vec::new();
    append(&mut out, value, ty, limit)?;
    Ok(out)
}

/// The value as a JSON tree, to go on working with. An `f32` becomes the `f64` it equals.
pub fn to_tree(value: &Value, ty: &Type) -> serde_json::Value {
    serde_json::to_value(write::Typed::<false>(value, ty)).expect("every value has a JSON form")
}
