//! What is wrong with a JSON value, and where.

use std::fmt;

/// Why JSON is not of the type that was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    place: String,
    what: String,
}

impl Mistake {
    /// A mistake at the place where the reader stands.
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            place: String::new(),
            what: what.into(),
        }
    }

    /// The same mistake as seen from around a field.
    pub fn in_field(mut self, name: &str) -> Self {
        self.place = [".", name, &self.place].concat();
        self
    }

    /// The same mistake as seen from around an element.
    pub fn in_element(mut self, index: usize) -> Self {
        self.place = ["[", &index.to_string(), "]", &self.place].concat();
        self
    }

    /// A case that the type does not have.
    pub fn unknown_case(name: &str, known: &[&str]) -> Self {
        Self::new(["expected one of ", &known.join(", "), ", got ", name].concat())
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            f.write_str(&self.place)?;
            f.write_str(": ")?;
        }
        f.write_str(&self.what)
    }
}

impl std::error::Error for Mistake {}
