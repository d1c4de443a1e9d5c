//! Numbers, text, truth and nothing.

use super::json::write_text;
use super::{Data, Json, Mistake, base64, compound};

macro_rules! integers {
    ($($ty:ident),*) => {$(
        impl Data for $ty {
            type Value = Self;

            fn write(&self, text: &mut String) {
                text.push_str(&self.to_string());
            }

            fn read(json: &Json) -> Result<Self, Mistake> {
                let number = match json {
                    // Text: from languages whose numbers are too short for 64 bits.
                    Json::Number(number) | Json::Text(number) => number.parse().ok(),
                    _ => None,
                };
                number.ok_or_else(|| json.instead_of(concat!("a number (", stringify!($ty), ")")))
            }
        }
    )*};
}

integers!(u16, u32, u64, i8, i16, i32, i64);

impl Data for u8 {
    type Value = Self;

    fn write(&self, text: &mut String) {
        text.push_str(&self.to_string());
    }

    fn read(json: &Json) -> Result<Self, Mistake> {
        let number = u16::read(json)
            .ok()
            .and_then(|number| number.try_into().ok());
        number.ok_or_else(|| json.instead_of("a number (u8)"))
    }

    fn write_list(items: &[Self], text: &mut String) {
        text.push('"');
        base64::encode(items, text);
        text.push('"');
    }

    fn read_list(json: &Json) -> Result<Vec<Self>, Mistake> {
        match json {
            Json::Text(digits) => {
                base64::decode(digits).ok_or_else(|| Mistake::new("this is no base64"))
            }
            _ => compound::read_list(json),
        }
    }
}

macro_rules! floats {
    ($($ty:ident),*) => {$(
        impl Data for $ty {
            type Value = Self;

            fn write(&self, text: &mut String) {
                match *self {
                    number if number.is_nan() => text.push_str("\"NaN\""),
                    $ty::INFINITY => text.push_str("\"Infinity\""),
                    $ty::NEG_INFINITY => text.push_str("\"-Infinity\""),
                    // With a fraction or an exponent, as other writers of JSON have it.
                    number => text.push_str(&format!("{number:?}")),
                }
            }

            fn read(json: &Json) -> Result<Self, Mistake> {
                let number = match json {
                    Json::Number(number) => number.parse().ok(),
                    Json::Text(name) => match name.as_str() {
                        "NaN" => Some($ty::NAN),
                        "Infinity" => Some($ty::INFINITY),
                        "-Infinity" => Some($ty::NEG_INFINITY),
                        _ => None,
                    },
                    _ => None,
                };
                number.ok_or_else(|| json.instead_of("a number"))
            }
        }
    )*};
}

floats!(f32, f64);

impl Data for bool {
    type Value = Self;

    fn write(&self, text: &mut String) {
        text.push_str(if *self { "true" } else { "false" });
    }

    fn read(json: &Json) -> Result<Self, Mistake> {
        match json {
            Json::Bool(value) => Ok(*value),
            _ => Err(json.instead_of("a bool")),
        }
    }
}

impl Data for char {
    type Value = Self;

    fn write(&self, text: &mut String) {
        write_text(self.encode_utf8(&mut [0; 4]), text);
    }

    fn read(json: &Json) -> Result<Self, Mistake> {
        if let Json::Text(text) = json
            && let mut chars = text.chars()
            && let (Some(char), None) = (chars.next(), chars.next())
        {
            return Ok(char);
        }
        Err(json.instead_of("one character"))
    }
}

impl Data for String {
    type Value = Self;

    fn write(&self, text: &mut String) {
        write_text(self, text);
    }

    fn read(json: &Json) -> Result<Self, Mistake> {
        match json {
            Json::Text(text) => Ok(text.clone()),
            _ => Err(json.instead_of("a string")),
        }
    }
}

impl Data for () {
    type Value = Self;

    const NULLABLE: bool = true;

    fn write(&self, text: &mut String) {
        text.push_str("null");
    }

    fn read(json: &Json) -> Result<Self, Mistake> {
        match json {
            Json::Null => Ok(()),
            _ => Err(json.instead_of("null")),
        }
    }

    fn write_arguments(&self, text: &mut String) {
        text.push_str("[]");
    }
}

/// JSON that is looked at later.
impl Data for Json {
    type Value = Self;

    const NULLABLE: bool = true;

    fn write(&self, text: &mut String) {
        match self {
            Self::Null => text.push_str("null"),
            Self::Bool(value) => value.write(text),
            Self::Number(number) => text.push_str(number),
            Self::Text(value) => value.write(text),
            Self::List(items) => compound::list(items, text),
            Self::Object(entries) => {
                text.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    if index > 0 {
                        text.push(',');
                    }
                    write_text(key, text);
                    text.push(':');
                    value.write(text);
                }
                text.push('}');
            }
        }
    }

    fn read(json: &Json) -> Result<Self, Mistake> {
        Ok(json.clone())
    }
}
