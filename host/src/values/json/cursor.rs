//! A cursor over JSON text that is known to be valid.
//!
//! It hands out the text of every scalar as it was written: a float is parsed straight into its
//! own type (by way of f64, an f32 would be rounded twice), and a mistake quotes what was sent.

use std::borrow::Cow;

use serde_json::value::RawValue;

/// What kind of JSON value comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
}

pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// A `RawValue` is one valid JSON value, which is all that the cursor relies on. (It may nest
    /// deeper than its reader would like; nothing here recurses.)
    pub(super) fn new(json: &'a RawValue) -> Self {
        Self {
            text: json.get(),
            at: 0,
        }
    }

    /// The kind of the next value.
    pub(super) fn kind(&mut self) -> Kind {
        match self.peek() {
            b'"' => Kind::String,
            b'[' => Kind::Array,
            b'{' => Kind::Object,
            b't' | b'f' => Kind::Bool,
            b'n' => Kind::Null,
            _ => Kind::Number,
        }
    }

    /// Takes `null`, `true`, `false` or a number, as it was written.
    pub(super) fn scalar(&mut self) -> &'a str {
        self.peek();
        let start = self.at;
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at)
            && !matches!(byte, b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t')
        {
            self.at += 1;
        }
        &self.text[start..self.at]
    }

    /// Takes a string; or its text as it was written, if half a surrogate pair stands in it.
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, &'a str> {
        self.peek();
        let start = self.at;
        let escaped = self.skip_string();
        let token = &self.text[start..self.at];
        match escaped {
            false => Ok(Cow::Borrowed(&token[1..token.len() - 1])),
            true => serde_json::from_str(token)
                .map(Cow::Owned)
                .map_err(|_| token),
        }
    }

    /// Takes any value, as it was written.
    pub(super) fn skip(&mut self) -> &'a str {
        self.peek();
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut depth = 0usize;
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'"' => {
                    self.skip_string();
                }
                b'[' | b'{' => {
                    depth += 1;
                    self.at += 1;
                    continue;
                }
                b']' | b'}' => {
                    depth -= 1;
                    self.at += 1;
                }
                b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' => {
                    self.at += 1;
                    continue;
                }
                _ => {
                    self.scalar();
                }
            }
            if depth == 0 {
                break;
            }
        }
        &self.text[start..self.at]
    }

    /// Goes into an array or an object. `more` then says whether something follows.
    pub(super) fn enter(&mut self) {
        self.peek();
        self.at += 1;
    }

    /// Whether another element or key follows; if not, the array or object is left behind.
    pub(super) fn more(&mut self) -> bool {
        match self.peek() {
            b',' => {
                self.at += 1;
                true
            }
            b']' | b'}' => {
                self.at += 1;
                false
            }
            _ => self.at < self.text.len(),
        }
    }

    /// Takes a key and the colon after it.
    pub(super) fn key(&mut self) -> Result<Cow<'a, str>, &'a str> {
        let key = self.string();
        self.peek();
        self.at += 1;
        key
    }

    /// The first byte that is no white space; 0 at the end.
    fn peek(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(byte) => return *byte,
                None => return 0,
            }
        }
    }

    /// Passes over a string; true if something in it is escaped. A text may have megabytes: looking
    /// for one byte at a time is many times faster than looking at every byte.
    fn skip_string(&mut self) -> bool {
        let mut escaped = false;
        self.at += 1;
        while let Some(length) = self.text[self.at..].find('"') {
            let part = &self.text[self.at..self.at + length];
            self.at += length + 1;
            if !part.contains('\\') {
                break;
            }
            escaped = true;
            // An odd number of them escapes the quotation mark, and no more than that.
            let before = part.len() - part.trim_end_matches('\\').len();
            if before.is_multiple_of(2) {
                break;
            }
        }
        escaped
    }
}
