//! Texts of many rows in one parameter.
//!
//! A batch goes to SQLite as one array of JSON that `json_each` unfolds. Arguments, values and logs
//! do not go into that array, where they would be quoted and unquoted and a U+0000 would end them:
//! they lie one after the other in a blob, and the array says where each begins and how long it is.

/// Texts, one after the other.
#[derive(Default)]
pub(super) struct Packed {
    bytes: Vec<u8>,
}

impl Packed {
    /// Adds one; where it begins, as `substr` counts, and how long it is in bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) -> (usize, usize) {
        let start = self.bytes.len() + 1;
        self.bytes.extend_from_slice(bytes);
        (start, bytes.len())
    }

    /// All of them.
    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        if self.bytes.is_empty() {
            // An empty blob may be bound as null, of which no part is a text.
            self.bytes.push(0);
        }
        self.bytes
    }
}

/// An array for `json_each`.
pub(super) fn rows(rows: &impl serde::Serialize) -> String {
    serde_json::to_string(rows).expect("numbers and texts are JSON")
}
