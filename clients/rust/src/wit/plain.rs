//! Numbers, texts and bytes.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Read, Value, Written};

macro_rules! plain {
    ($($name:ty),*) => {$(
        impl Value for $name {
            fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                self.serialize(to)
            }

            fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                Self::deserialize(from)
            }
        }
    )*};
}

plain!((), bool, i8, i16, u16, i32, u32, i64, u64, char);

impl Value for u8 {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.serialize(to)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::deserialize(from)
    }

    fn write_list<S: Serializer>(items: &[Self], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(items))
    }

    fn read_list<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Self>, D::Error> {
        let text = String::deserialize(from)?;
        STANDARD.decode(text).map_err(D::Error::custom)
    }
}

impl Value for String {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.serialize(to)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::deserialize(from)
    }

    fn write_map<V: Value, S: Serializer>(
        map: &BTreeMap<Self, V>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_map(map.iter().map(|(key, value)| (key, Written(value))))
    }

    fn read_map<'de, V: Value, D: Deserializer<'de>>(
        from: D,
    ) -> Result<BTreeMap<Self, V>, D::Error> {
        let map = BTreeMap::<Self, Read<V>>::deserialize(from)?;
        Ok(map.into_iter().map(|(key, value)| (key, value.0)).collect())
    }
}

impl Value for f32 {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.is_finite() {
            true => to.serialize_f32(*self),
            false => to.serialize_str(special(f64::from(*self))),
        }
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        // The text was that of an f32, and the nearest f64 leads back to it.
        f64::read(from).map(|value| value as Self)
    }
}

impl Value for f64 {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.is_finite() {
            true => to.serialize_f64(*self),
            false => to.serialize_str(special(*self)),
        }
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Float)
    }
}

/// The name of a float that is no number.
fn special(value: f64) -> &'static str {
    match value {
        f64::INFINITY => "Infinity",
        f64::NEG_INFINITY => "-Infinity",
        _ => "NaN",
    }
}

struct Float;

impl Visitor<'_> for Float {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, \"NaN\", \"Infinity\" or \"-Infinity\"")
    }

    fn visit_f64<E>(self, value: f64) -> Result<f64, E> {
        Ok(value)
    }

    fn visit_i64<E>(self, value: i64) -> Result<f64, E> {
        Ok(value as f64)
    }

    fn visit_u64<E>(self, value: u64) -> Result<f64, E> {
        Ok(value as f64)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<f64, E> {
        match text {
            "NaN" => Ok(f64::NAN),
            "Infinity" => Ok(f64::INFINITY),
            "-Infinity" => Ok(f64::NEG_INFINITY),
            _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }
}
