//! WIT values as JSON, in the types that stubs have: what `windlass client generate --lang rust`
//! writes is made of these.
//!
//! Serde alone would write a `NaN` as null, bytes as numbers, and `Some(None)` as `None`. Here every
//! value has the one form that the host reads and writes: bytes are base64 text, an option within an
//! option is `{"some": …}` or null, a result `{"ok": …}` or `{"err": …}`, a float that is no number
//! its name. The types of a component are ordinary types with serde; their fields pass through
//! `#[serde(with = "windlass_client::wit")]`.
//!
//! - `plain`: numbers, texts, bytes
//! - `parts`: options, results, lists, tuples, maps
//! - `flags`: flags, as names

mod flags;
mod parts;
mod plain;

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use crate::error::Error;

pub use flags::{Flags, read_flags, write_flags};
pub use serde;

pub use crate::{wit_flags as flags, wit_values as values};

/// A value of a WIT type.
pub trait Value: Sized {
    /// Writes the value.
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error>;

    /// Reads a value.
    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error>;

    /// Writes a list of such values; of bytes that is text.
    fn write_list<S: Serializer>(items: &[Self], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(items.iter().map(Written))
    }

    /// Reads a list of such values.
    fn read_list<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Self>, D::Error> {
        let items = Vec::<Read<Self>>::deserialize(from)?;
        Ok(items.into_iter().map(|item| item.0).collect())
    }

    /// Writes an option that is such a value; one that is an option itself says so.
    fn write_some<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.write(to)
    }

    /// Reads an option of such a value.
    fn read_option<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        let some = Option::<Read<Self>>::deserialize(from)?;
        Ok(some.map(|some| some.0))
    }

    /// Writes a map with such keys: pairs, where they are no texts.
    fn write_map<V: Value, S: Serializer>(
        map: &BTreeMap<Self, V>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(
            map.iter()
                .map(|(key, value)| (Written(key), Written(value))),
        )
    }

    /// Reads a map with such keys.
    fn read_map<'de, V: Value, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<Self, V>, D::Error>
    where
        Self: Ord,
    {
        let pairs = Vec::<(Read<Self>, Read<V>)>::deserialize(from)?;
        Ok(pairs
            .into_iter()
            .map(|(key, value)| (key.0, value.0))
            .collect())
    }
}

/// A value that serde can write.
#[derive(Debug)]
pub struct Written<'a, T>(pub &'a T);

impl<T: Value> Serialize for Written<'_, T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.write(to)
    }
}

/// A value that serde can read.
#[derive(Debug)]
pub struct Read<T>(pub T);

impl<'de, T: Value> Deserialize<'de> for Read<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        T::read(from).map(Self)
    }
}

/// Writes a field: the half of `#[serde(with = "windlass_client::wit")]`.
pub fn serialize<T: Value, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    value.write(to)
}

/// Reads a field: the other half.
pub fn deserialize<'de, T: Value, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    T::read(from)
}

/// The JSON of an argument.
pub fn argument<T: Value>(value: &T) -> Result<Box<RawValue>, Error> {
    to_raw_value(&Written(value)).map_err(|error| Error::Arguments(error.to_string()))
}

/// Makes types that serde knows values of WIT types.
#[doc(hidden)]
#[macro_export]
macro_rules! wit_values {
    ($($name:ident),* $(,)?) => {$(
        impl $crate::wit::Value for $name {
            fn write<S: $crate::wit::serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                $crate::wit::serde::Serialize::serialize(self, to)
            }

            fn read<'de, D: $crate::wit::serde::Deserializer<'de>>(
                from: D,
            ) -> Result<Self, D::Error> {
                $crate::wit::serde::Deserialize::deserialize(from)
            }
        }
    )*};
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written<T: Value>(value: &T) -> String {
        argument(value).unwrap().get().to_owned()
    }

    fn both_ways<T: Value + PartialEq + std::fmt::Debug>(value: &T, json: &str) {
        assert_eq!(written(value), json);
        assert_eq!(&serde_json::from_str::<Read<T>>(json).unwrap().0, value);
    }

    #[test]
    fn what_serde_alone_would_lose_is_kept() {
        both_ways(&vec![255_u8, 0], "\"/wA=\"");
        both_ways(&vec![vec![1_u8], vec![]], "[\"AQ==\",\"\"]");
        both_ways(&vec![f64::INFINITY, -0.5], "[\"Infinity\",-0.5]");
        both_ways(&Some(None::<u8>), "{\"some\":null}");
        both_ways(&None::<Option<u8>>, "null");
        both_ways(&Some(Some(7_u8)), "{\"some\":7}");
        both_ways(&u64::MAX, "18446744073709551615");
        assert_eq!(written(&f32::NAN), "\"NaN\"");
        assert!(
            serde_json::from_str::<Read<f64>>("\"NaN\"")
                .unwrap()
                .0
                .is_nan()
        );
    }

    #[test]
    fn parts_have_the_form_that_the_host_reads() {
        both_ways(&Ok::<_, String>(3_u32), "{\"ok\":3}");
        both_ways(&Err::<(), _>("no".to_owned()), "{\"err\":\"no\"}");
        both_ways(&(1_u8, 'é', ()), "[1,\"é\",null]");
        both_ways(&BTreeMap::from([("a".to_owned(), 1_i64)]), "{\"a\":1}");
        both_ways(&BTreeMap::from([(5_u64, true)]), "[[5,true]]");
        both_ways(&f64::from(3_u8), "3.0");
        assert_eq!(serde_json::from_str::<Read<f64>>("3").unwrap().0, 3.0);
    }

    #[test]
    fn a_value_of_another_type_is_refused() {
        assert!(serde_json::from_str::<Read<Vec<u8>>>("\"no base64!\"").is_err());
        assert!(serde_json::from_str::<Read<f64>>("\"many\"").is_err());
        assert!(serde_json::from_str::<Read<Result<u8, u8>>>("{\"maybe\":1}").is_err());
        assert!(serde_json::from_str::<Read<Result<u8, u8>>>("{\"ok\":1,\"err\":2}").is_err());
        assert!(serde_json::from_str::<Read<Option<Option<u8>>>>("{\"none\":1}").is_err());
    }
}
