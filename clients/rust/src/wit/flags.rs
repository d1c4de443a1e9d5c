//! Flags: a field for each here, the names of those that are set in JSON.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserializer, Serializer};

/// Flags, as the macro `wit_flags` describes them.
#[doc(hidden)]
pub trait Flags: Default {
    /// Every flag by its name in the WIT, and whether it is set.
    fn each(&self) -> impl Iterator<Item = (&'static str, bool)>;

    /// The flag of this name, if there is one.
    fn flag(&mut self, name: &str) -> Option<&mut bool>;
}

/// Writes flags.
#[doc(hidden)]
pub fn write_flags<F: Flags, S: Serializer>(flags: &F, to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(flags.each().filter_map(|(name, set)| set.then_some(name)))
}

/// Reads flags.
#[doc(hidden)]
pub fn read_flags<'de, F: Flags, D: Deserializer<'de>>(from: D) -> Result<F, D::Error> {
    from.deserialize_seq(Names(PhantomData))
}

struct Names<F>(PhantomData<F>);

impl<'de, F: Flags> Visitor<'de> for Names<F> {
    type Value = F;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of flags")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<F, A::Error> {
        let mut flags = F::default();
        while let Some(name) = names.next_element::<String>()? {
            match flags.flag(&name) {
                Some(flag) => *flag = true,
                None => return Err(A::Error::custom(format!("there is no flag `{name}`"))),
            }
        }
        Ok(flags)
    }
}

/// Makes a struct with a `bool` for each flag a value of a WIT type.
#[doc(hidden)]
#[macro_export]
macro_rules! wit_flags {
    ($name:ident { $($field:ident: $wit:literal),* $(,)? }) => {
        impl $crate::wit::Flags for $name {
            fn each(&self) -> impl Iterator<Item = (&'static str, bool)> {
                [$(($wit, self.$field)),*].into_iter()
            }

            fn flag(&mut self, name: &str) -> Option<&mut bool> {
                match name {
                    $($wit => Some(&mut self.$field),)*
                    _ => None,
                }
            }
        }

        impl $crate::wit::Value for $name {
            fn write<S: $crate::wit::serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                $crate::wit::write_flags(self, to)
            }

            fn read<'de, D: $crate::wit::serde::Deserializer<'de>>(
                from: D,
            ) -> Result<Self, D::Error> {
                $crate::wit::read_flags(from)
            }
        }
    };
}
