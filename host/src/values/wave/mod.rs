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
#[error("column {column}: {message}")]
pub struct Error {
    /// Where in the text, in characters from 1.
    pub column: usize,
    /// Where in the text, in bytes.
    pub span: Range<usize>,
    /// What is wrong there, as in `expected u32, got -1`.
    pub message: String,
}

impl From<ParserError> for Error {
    fn from(error: ParserError) -> Self {
        let kind = error.kind();
        Self {
            column: 0,
            span: error.span(),
            message: match error.detail() {
                Some(detail) => format!("{kind}: {detail}"),
                None => kind.to_string(),
            },
        }
    }
}

impl Error {
    /// With the column that its span has in `text`.
    fn in_text(mut self, text: &str) -> Self {
        let before = text.get(..self.span.start).unwrap_or(text);
        self.column = before.chars().count() + 1;
        self
    }
}

/// The name of the function that `text` calls, to look up its type before `parse_call`.
///
/// # Errors
///
/// If `text` is no call in WAVE.
pub fn called_function(text: &str) -> Result<String, Error> {
    match UntypedFuncCall::parse(text) {
        Ok(call) => Ok(call.name().to_owned()),
        Err(error) => Err(Error::from(error).in_text(text)),
    }
}

impl Function {
    /// Reads the arguments of a whole call, `resize("cat.png", [64])`. Options at the end may be
    /// left out.
    ///
    /// # Errors
    ///
    /// The first place in `text` that does not fit.
    pub fn parse_call(&self, text: &str) -> Result<Vec<Value>, Error> {
        let call = UntypedFuncCall::parse(text).map_err(Error::from);
        call.and_then(|call| read::arguments(call.params_node(), &self.params, text))
            .map_err(|error| error.in_text(text))
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
        let parsed = UntypedValue::parse(text).map_err(Error::from);
        parsed
            .and_then(|parsed| read::value(parsed.node(), self, text))
            .map_err(|error| error.in_text(text))
    }

    /// Prints one value of this type.
    pub fn print_wave(&self, value: &Value) -> String {
        let mut out = String::new();
        print::value(&mut out, value, self);
        out
    }
}
