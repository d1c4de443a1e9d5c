//! What must hold for every type and value (`properties`), and what every mistake says
//! (`mistakes`).

mod calls;
mod mistakes;
pub(crate) mod properties;

use serde_json::value::RawValue;

use super::*;

/// A type from its stored form.
fn ty(stored: &str) -> Type {
    serde_json::from_str(stored).unwrap()
}

/// A function with these parameters, by their stored types.
fn function(params: &[(&str, &str)]) -> Function {
    let params = params.iter().map(|(name, stored)| Param {
        name: (*name).to_owned(),
        ty: ty(stored),
    });
    Function {
        params: params.collect(),
        result: None,
        is_async: false,
    }
}

fn raw(json: &str) -> &RawValue {
    serde_json::from_str(json).unwrap()
}
