//! Lists, options, results and tuples.

use super::{Data, Json, Mistake};

/// Appends an array.
pub fn list<T: Data>(items: &[T], text: &mut String) {
    text.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        item.write(text);
    }
    text.push(']');
}

/// Reads an array.
pub fn read_list<T: Data>(json: &Json) -> Result<Vec<T>, Mistake> {
    let Json::List(items) = json else {
        return Err(json.instead_of("an array"));
    };
    let read = |(index, item)| T::read(item).map_err(|mistake| mistake.in_element(index));
    items.iter().enumerate().map(read).collect()
}

impl<T: Data> Data for Vec<T> {
    type Value = Self;

    fn write(&self, text: &mut String) {
        T::write_list(self, text);
    }

    fn read(json: &Json) -> Result<Self, Mistake> {
        T::read_list(json)
    }
}

impl<T: Data> Data for Option<T> {
    type Value = Self;

    const NULLABLE: bool = true;

    fn write(&self, text: &mut String) {
        match self {
            None => text.push_str("null"),
            Some(value) if T::NULLABLE => {
                text.push_str("{\"some\":");
                value.write(text);
                text.push('}');
            }
            Some(value) => value.write(text),
        }
    }

    fn read(json: &Json) -> Result<Self, Mistake> {
        match json {
            Json::Null => Ok(None),
            _ if T::NULLABLE => json.fields()?.field("some").map(Some),
            _ => T::read(json).map(Some),
        }
    }

    fn missing() -> Option<Self> {
        Some(None)
    }
}

impl<T: Data, E: Data> Data for Result<T, E> {
    type Value = T;

    fn write(&self, text: &mut String) {
        match self {
            Ok(value) => {
                text.push_str("{\"ok\":");
                value.write(text);
            }
            Err(error) => {
                text.push_str("{\"err\":");
                error.write(text);
            }
        }
        text.push('}');
    }

    fn read(json: &Json) -> Result<Self, Mistake> {
        match json.case()? {
            ("ok", value) => T::read(value).map(Ok),
            ("err", error) => E::read(error).map(Err),
            (other, _) => Err(Mistake::unknown_case(other, &["ok", "err"])),
        }
    }

    fn into_outcome(self) -> Result<String, String> {
        match self {
            Ok(value) => Ok(value.to_json()),
            Err(error) => Err(error.to_json()),
        }
    }
}

macro_rules! tuples {
    ($($count:literal: $($part:ident $index:tt),*;)*) => {$(
        impl<$($part: Data),*> Data for ($($part,)*) {
            type Value = Self;

            fn write(&self, text: &mut String) {
                let mut before = '[';
                $(
                    text.push(before);
                    self.$index.write(text);
                    before = ',';
                )*
                let _ = before;
                text.push(']');
            }

            fn read(json: &Json) -> Result<Self, Mistake> {
                match json {
                    Json::List(parts) if parts.len() == $count => Ok(($(
                        $part::read(&parts[$index])
                            .map_err(|mistake| mistake.in_element($index))?,
                    )*)),
                    _ => Err(json.instead_of(concat!("an array of length ", $count))),
                }
            }

            fn write_arguments(&self, text: &mut String) {
                self.write(text);
            }
        }
    )*};
}

// As many as WIT knows.
tuples! {
    1: A 0;
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
    5: A 0, B 1, C 2, D 3, E 4;
    6: A 0, B 1, C 2, D 3, E 4, F 5;
    7: A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
    9: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8;
    10: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9;
    11: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10;
    12: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11;
    13: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12;
    14: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13;
    15: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14;
    16: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15;
}
