//! What an execution did that the store does not have yet, beside its journal's entries.

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::engine::HandleNumber;
use crate::store::{Child, NewCall, Publication};

/// The longest name of a value or a message, in bytes.
pub const NAME_MAX_BYTES: usize = 128;

/// What is new.
#[derive(Debug, Default)]
pub struct Fresh {
    /// Calls, with their handles.
    pub children: Vec<(HandleNumber, Child)>,
    /// Whose end was asked for.
    pub cancels: Vec<HandleNumber>,
    /// What was told the outside.
    pub published: Vec<Publication>,
    /// Messages that were taken.
    pub taken: Vec<i64>,
}

impl Fresh {
    /// A call was made.
    pub fn add(&mut self, handle: HandleNumber, call: NewCall, detached: bool) {
        self.children.push((handle, Child { call, detached }));
    }

    /// The end of an invocation was asked for.
    pub fn cancel(&mut self, handle: HandleNumber) {
        self.cancels.push(handle);
    }

    /// A value is to be told the outside.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn publish(&mut self, name: String, value: String) -> Result<(), String> {
        check_name(&name)?;
        let json: Result<&RawValue, _> = serde_json::from_str(&value);
        if let Err(error) = json {
            return Err(format!(
                "the value published as `{name}` is no JSON: {error}"
            ));
        }
        let value = Bytes::from(value);
        self.published.retain(|other| other.name != name);
        self.published.push(Publication { name, value });
        Ok(())
    }

    /// Whether there is something that others see, or that must not be done twice.
    pub fn is_empty(&self) -> bool {
        self.children.is_empty()
            && self.cancels.is_empty()
            && self.published.is_empty()
            && self.taken.is_empty()
    }
}

/// Checks the name of a value or a message.
///
/// # Errors
///
/// What is wrong with it.
pub fn check_name(name: &str) -> Result<(), String> {
    match name.len() {
        0 => Err("the name is empty".to_owned()),
        bytes if bytes > NAME_MAX_BYTES => Err(format!(
            "a name may have {NAME_MAX_BYTES} bytes, this one has {bytes}"
        )),
        _ => Ok(()),
    }
}
