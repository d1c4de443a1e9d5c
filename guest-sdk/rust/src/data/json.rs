//! JSON as a tree, and the reader that makes it of text.

use super::{Data, Mistake};

/// Values in values; the host's own limit is far below.
const DEPTH_MAX: u32 = 256;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it is written.
    Number(String),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object, its entries in the order of the text.
    Object(Vec<(String, Json)>),
}

/// The entries of an object that stands for a record.
pub struct Fields<'a>(&'a [(String, Json)]);

impl Fields<'_> {
    /// The field of this name; an option may be left out.
    ///
    /// # Errors
    ///
    /// It is missing, or not of this type.
    pub fn field<T: Data>(&self, name: &str) -> Result<T, Mistake> {
        match self.0.iter().find(|(key, _)| key == name) {
            Some((_, value)) => T::read(value),
            None => T::missing().ok_or_else(|| Mistake::new("missing")),
        }
        .map_err(|mistake| mistake.in_field(name))
    }
}

impl Json {
    /// Reads a text that holds one value.
    ///
    /// # Errors
    ///
    /// The text is not JSON.
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(0)?;
        match reader.peek() {
            None => Ok(value),
            Some(_) => Err(reader.refuse("something follows the value")),
        }
    }

    /// The entries of a record.
    ///
    /// # Errors
    ///
    /// It is not an object.
    pub fn fields(&self) -> Result<Fields<'_>, Mistake> {
        match self {
            Self::Object(entries) => Ok(Fields(entries)),
            _ => Err(self.instead_of("an object")),
        }
    }

    /// The name of a case and its payload, of which there may be none.
    ///
    /// # Errors
    ///
    /// It is neither text nor an object with one entry.
    pub fn case(&self) -> Result<(&str, &Json), Mistake> {
        match self {
            Self::Text(name) => Ok((name, &Self::Null)),
            Self::Object(entries) => match &entries[..] {
                [(name, payload)] => Ok((name, payload)),
                _ => Err(Mistake::new(
                    "expected one case, got an object of another size",
                )),
            },
            _ => Err(self.instead_of("a case")),
        }
    }

    /// What is wrong if this stands where something else should.
    pub fn instead_of(&self, expected: &str) -> Mistake {
        let got = match self {
            Self::Null => "null",
            Self::Bool(_) => "a bool",
            Self::Number(number) => number,
            Self::Text(_) => "a string",
            Self::List(_) => "an array",
            Self::Object(_) => "an object",
        };
        Mistake::new(["expected ", expected, ", got ", got].concat())
    }
}

/// Appends text as a JSON string.
pub fn write_text(value: &str, text: &mut String) {
    text.push('"');
    let mut plain = 0;
    for (at, byte) in value.bytes().enumerate() {
        let short = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..0x20 => "",
            _ => continue,
        };
        text.push_str(&value[plain..at]);
        text.push_str(short);
        if short.is_empty() {
            let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
            text.push_str("\\u00");
            text.push(digit(byte >> 4));
            text.push(digit(byte & 15));
        }
        plain = at + 1;
    }
    text.push_str(&value[plain..]);
    text.push('"');
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: u32) -> Result<Json, Mistake> {
        if depth > DEPTH_MAX {
            return Err(self.refuse("values lie too deep in each other"));
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.string().map(Json::Text),
            Some(b'-' | b'0'..=b'9') => Ok(Json::Number(self.word().to_owned())),
            Some(_) => match self.word() {
                "null" => Ok(Json::Null),
                "true" => Ok(Json::Bool(true)),
                "false" => Ok(Json::Bool(false)),
                _ => Err(self.refuse("this is no value")),
            },
            None => Err(self.refuse("the text ends before its value")),
        }
    }

    fn object(&mut self, depth: u32) -> Result<Json, Mistake> {
        let mut entries = Vec::new();
        self.at += 1;
        if self.take(b'}') {
            return Ok(Json::Object(entries));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.refuse("a key is missing"));
            }
            let key = self.string()?;
            if !self.take(b':') {
                return Err(self.refuse("`:` is missing"));
            }
            entries.push((key, self.value(depth + 1)?));
            if self.take(b'}') {
                return Ok(Json::Object(entries));
            }
            if !self.take(b',') {
                return Err(self.refuse("`,` or `}` is missing"));
            }
        }
    }

    fn list(&mut self, depth: u32) -> Result<Json, Mistake> {
        let mut items = Vec::new();
        self.at += 1;
        if self.take(b']') {
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.take(b']') {
                return Ok(Json::List(items));
            }
            if !self.take(b',') {
                return Err(self.refuse("`,` or `]` is missing"));
            }
        }
    }

    fn string(&mut self) -> Result<String, Mistake> {
        self.at += 1;
        let mut value = String::new();
        loop {
            let rest = &self.text[self.at..];
            let end = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\'));
            let Some(end) = end else {
                return Err(self.refuse("the text ends before its string"));
            };
            value.push_str(&rest[..end]);
            self.at += end + 1;
            if rest.as_bytes()[end] == b'"' {
                return Ok(value);
            }
            value.push(self.escaped()?);
        }
    }

    fn escaped(&mut self) -> Result<char, Mistake> {
        let byte = self.text.as_bytes().get(self.at).copied();
        self.at += 1;
        Ok(match byte {
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'u') => return self.unicode(),
            _ => {
                // What follows may be in the middle of a character.
                self.at -= 1;
                return Err(self.refuse("this cannot be escaped"));
            }
        })
    }

    fn unicode(&mut self) -> Result<char, Mistake> {
        let first = self.hex()?;
        let is_pair = (0xd800..0xdc00).contains(&first) && self.text[self.at..].starts_with("\\u");
        let code = if is_pair {
            self.at += 2;
            let second = self.hex()?.wrapping_sub(0xdc00) & 0x3ff;
            0x10000 + ((first - 0xd800) << 10) + second
        } else {
            first
        };
        char::from_u32(code).ok_or_else(|| self.refuse("half a surrogate pair is no text"))
    }

    fn hex(&mut self) -> Result<u32, Mistake> {
        let digits = self.text.get(self.at..self.at + 4);
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let code = code.ok_or_else(|| self.refuse("four hexadecimal digits are missing"))?;
        self.at += 4;
        Ok(code)
    }

    /// Passes over what a number or a name consists of.
    fn word(&mut self) -> &str {
        let rest = &self.text[self.at..];
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
        let end = rest.bytes().position(|byte| !is_part(byte));
        let word = &rest[..end.unwrap_or(rest.len())];
        self.at += word.len();
        word
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(self.at) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn refuse(&self, what: &str) -> Mistake {
        Mistake::new(["at byte ", &self.at.to_string(), ": ", what].concat())
    }
}
