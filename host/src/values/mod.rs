//! Values as they travel: what a call takes and gives, and their types.
//!
//! Pure, without input or output. A component's types come from `wit` when it is uploaded and are
//! stored with it; from then on a call is read, checked and made canonical here without any
//! compiled code. Only `engine` turns values into wasmtime's.
//!
//! - `types`, `stored`: what a type is, and how it is stored
//! - `value`: what a value is
//! - `json`: JSON ⇄ value, with the place of every mistake
//! - `call`: the arguments and the outcome of one call
//! - `wave`: WAVE text ⇄ value, for people
//! - `schema`: JSON Schema of a type
//! - `wit`: from a component's WIT to types

mod call;
mod json;
mod mistake;
mod schema;
mod stored;
mod types;
mod value;
mod wave;
pub mod wit;

pub use call::Returned;
pub use json::{TooLong, from_json, to_json, to_tree};
pub use mistake::{Mistake, Mistakes};
pub use types::{
    Case, Enum, Field, Flags, Function, MAX_DEPTH, MAX_MEMBERS, Param, Record, Type, Variant,
};
pub use value::Value;
pub use wave::{Error as WaveError, called_function};

#[cfg(test)]
pub(crate) mod tests;
