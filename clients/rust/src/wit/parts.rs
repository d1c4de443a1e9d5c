//! Options, results, lists, tuples and maps.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Read, Value, Written};

impl<T: Value> Value for Vec<T> {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        T::write_list(self, to)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        T::read_list(from)
    }
}

impl<T: Value> Value for Option<T> {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            None => to.serialize_none(),
            Some(some) => some.write_some(to),
        }
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        T::read_option(from)
    }

    fn write_some<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Inner {
            some: Written(self),
        }
        .serialize(to)
    }

    fn read_option<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        let inner = Option::<Inner<Read<Self>>>::deserialize(from)?;
        Ok(inner.map(|inner| inner.some.0))
    }
}

/// An option within an option.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inner<T> {
    some: T,
}

/// A result as data.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Either<T, E> {
    Ok(T),
    Err(E),
}

impl<T: Value, E: Value> Value for Result<T, E> {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Ok(ok) => Either::<_, Written<'_, E>>::Ok(Written(ok)).serialize(to),
            Err(err) => Either::Err::<Written<'_, T>, _>(Written(err)).serialize(to),
        }
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(match Either::<Read<T>, Read<E>>::deserialize(from)? {
            Either::Ok(ok) => Ok(ok.0),
            Either::Err(err) => Err(err.0),
        })
    }
}

impl<K: Value + Ord, V: Value> Value for BTreeMap<K, V> {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        K::write_map(self, to)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        K::read_map(from)
    }
}

macro_rules! tuples {
    ($(($($name:ident $index:tt),+))*) => {$(
        impl<$($name: Value),+> Value for ($($name,)+) {
            fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                ($(Written(&self.$index),)+).serialize(to)
            }

            fn read<'de, De: Deserializer<'de>>(from: De) -> Result<Self, De::Error> {
                let read = <($(Read<$name>,)+)>::deserialize(from)?;
                Ok(($(read.$index.0,)+))
            }
        }
    )*};
}

// As many as serde has.
tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15)
}
