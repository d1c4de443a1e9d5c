//! WAVE: the text for WIT values that people type, as in `resize("cat.png", [64, 128])`.
//!
//! `wasm_wave` parses the text; what its nodes mean for a type is read here. Two things go beyond
//! it: maps are lists of pairs, and a `list<u8>` is one value and not one a byte.

mod print;
mod read;

use std::ops::Range;

use wasm_wave::parser::ParserError;
use wasm_wave::untyped::{UntypedFuncCall, UntypedValue};

use super::types::{Function, Type};
use super::value::Value;

/// WAVE text that is none, or that does not fit its type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {}: {message}", span.start + 1)]
pub struct Error {
    /// Where in the text, in bytes.
    pub span: Range<usize>,
    /// What is wrong there, as in `expected u32, got -1`.
    pub message: String,
}

impl From<ParserError> for Error {
    fn from(error: ParserError) -> Self {
        let kind = error.kind();
        Self {
            span: error.span(),
            message: match error.detail() {
                Some(detail) => format!("{kind}: {detail}"),
                None => kind.to_string(),
            },
        }
    }
}

/// The name of the function that `text` calls, to look up its type before `parse_call`.
///
/// # Errors
///
/// If `text` is no call in WAVE.
pub fn called(text: &str) -> Result<String, Error> {
    Ok(UntypedFuncCall::parse(text)?.name().to_owned())
}

impl Function {
    /// Reads the arguments of a whole call, `resize("cat.png", [64])`. Options at the end may be
    /// left out.
    ///
    /// # Errors
    ///
    /// The first place in `text` that does not fit.
    pub fn parse_call(&self, text: &str) -> Result<Vec<Value>, Error> {
        let call = UntypedFuncCall::parse(text)?;
        read::arguments(call.params_node(), &self.params, text)
    }

    /// Prints a call of the function under `name`.
    pub fn print_call(&self, name: &str, arguments: &[Value]) -> String {
        let mut out = format!("{name}(");
        let params = self.params.iter().map(|param| &param.ty);
        print::list(&mut out, arguments.iter().zip(params));
        out.push(')');
        out
    }
}

impl Type {
    /// Reads one value.
    ///
    /// # Errors
    ///
    /// The first place in `text` that does not fit.
    pub fn parse_wave(&self, text: &str) -> Result<Value, Error> {
        let parsed = UntypedValue::parse(text)?;
        read::value(parsed.node(), self, text)
    }

    /// Prints one value of this type.
    pub fn print_wave(&self, value: &Value) -> String {
        let mut out = String::new();
        print::value(&mut out, value, self);
        out
    }
}
