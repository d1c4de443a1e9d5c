//! Names and numbers by which things are known.
//!
//! Texts that people choose are checked once, here, and are newtypes from then on. Numbers are the
//! store's own and never leave the host.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Moment;

/// The longest name or id that a caller may choose, in characters.
pub const NAME_LENGTH_MAX: usize = 128;

/// A name that is not one: what it was to name, the text, and the rule it breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {text:?} {rule}")]
pub struct InvalidName {
    /// What the text was to name, such as `queue name`.
    pub what: &'static str,
    /// The text as given, shortened where it is long.
    pub text: String,
    /// The rule that it breaks, with the way out.
    pub rule: String,
}

fn check(what: &'static str, text: &str) -> Result<(), InvalidName> {
    let fail = |rule: String| {
        Err(InvalidName {
            what,
            text: text.chars().take(40).collect(),
            rule,
        })
    };
    if text.is_empty() {
        return fail(format!("is empty: give 1 to {NAME_LENGTH_MAX} characters"));
    }
    if text.chars().count() > NAME_LENGTH_MAX {
        return fail(format!(
            "has {} characters: at most {NAME_LENGTH_MAX} are allowed",
            text.chars().count()
        ));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-');
    match text.chars().find(|c| !allowed(*c)) {
        Some(bad) => fail(format!(
            "contains {bad:?}: use letters, digits, `.`, `_`, `:` and `-`"
        )),
        None => Ok(()),
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Checks a text that a person or a program chose.
            pub fn parse(text: &str) -> Result<Self, InvalidName> {
                check($what, text)?;
                Ok(Self(text.to_owned()))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = String::deserialize(from)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

name!(
    /// The name of a queue, unique within its namespace.
    QueueName,
    "queue name"
);
name!(
    /// The name of a component, unique within its namespace.
    ComponentName,
    "component name"
);
name!(
    /// The name of a schedule, unique within its namespace.
    ScheduleName,
    "schedule name"
);
name!(
    /// Whose everything is.
    Namespace,
    "namespace"
);
name!(
    /// The id of an invocation, unique within its namespace: a UUIDv7, or what the caller chose.
    InvocationId,
    "invocation id"
);

impl Namespace {
    /// The namespace where none is said.
    pub fn default_namespace() -> Self {
        Self("default".to_owned())
    }
}

impl InvocationId {
    /// A new id of our own. Ids made later on one host sort later.
    pub fn generate() -> Self {
        Self(Uuid::now_v7().to_string())
    }

    /// The id of the `index`th call of an array that came under one idempotency key.
    ///
    /// Callers cannot write `~`, so nobody else sits on such an id.
    pub fn of_element(&self, index: usize) -> Self {
        Self(format!("{}~{index}", self.0))
    }

    /// The id of what a workflow enqueued at its step of this number; of a batch with the index in
    /// it. The `s` keeps it apart from the elements of an array whose idempotency key is the parent's
    /// id. Beyond the longest id that there is, a hash of the parent's takes its place.
    pub fn of_child(&self, step: u32, index: Option<usize>) -> Self {
        let child = match index {
            Some(index) => format!("s{step}.{index}"),
            None => format!("s{step}"),
        };
        let id = format!("{}~{child}", self.0);
        match id.len() > NAME_LENGTH_MAX {
            true => Self(format!("{}~{child}", Digest::of(self.0.as_bytes()))),
            false => Self(id),
        }
    }

    /// The id of what a schedule enqueues for this moment: the same whoever fires it. As with
    /// children, a hash of the name takes its place where the id would be too long.
    pub fn of_firing(schedule: &ScheduleName, due: Moment) -> Self {
        let id = format!("schedule~{schedule}~{due}");
        match id.len() > NAME_LENGTH_MAX {
            true => Self(format!(
                "schedule~{}~{due}",
                Digest::of(schedule.as_str().as_bytes())
            )),
            false => Self(id),
        }
    }

    /// An id as the store keeps it, which may hold the `~` of ids that we made.
    pub fn from_store(text: String) -> Self {
        Self(text)
    }
}

/// The sha-256 of a component's bytes, in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        let hash = sha2::Sha256::digest(bytes);
        Self(hash.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// A digest as the store keeps it.
    pub fn from_store(text: String) -> Self {
        Self(text)
    }

    /// The 64 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// The store's number of an invocation.
    Key
);
number!(
    /// The store's number of a queue.
    QueueId
);
number!(
    /// The store's number of a task: one function of one version of a component.
    FunctionId
);
number!(
    /// The store's number of one incarnation of a host. A host that was declared dead gets another.
    HostNumber
);
number!(
    /// Grows with every claim and every resume of an invocation; a write that carries an older one
    /// comes from an attempt that is no longer the invocation's.
    Fence
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_name_with_a_slash_is_refused_with_the_way_out() {
        let error = QueueName::parse("a/b").unwrap_err();

        assert_eq!(
            error.to_string(),
            "queue name \"a/b\" contains '/': use letters, digits, `.`, `_`, `:` and `-`"
        );
    }

    #[test]
    fn names_have_one_to_128_characters() {
        assert!(QueueName::parse("").is_err());
        assert!(QueueName::parse(&"q".repeat(NAME_LENGTH_MAX)).is_ok());
        assert!(QueueName::parse(&"q".repeat(NAME_LENGTH_MAX + 1)).is_err());
    }

    #[test]
    fn a_caller_cannot_choose_the_id_of_an_array_element() {
        let element = InvocationId::parse("order-1").unwrap().of_element(3);

        assert_eq!(element.as_str(), "order-1~3");
        assert!(InvocationId::parse(element.as_str()).is_err());
    }

    #[test]
    fn each_firing_has_an_id_of_its_own_that_no_caller_can_choose() {
        let due = Moment(1_700_000_000_000_000);
        let name = |text: &str| ScheduleName::parse(text).unwrap();
        let firing = InvocationId::of_firing(&name("nightly"), due);

        assert_eq!(
            firing.as_str(),
            "schedule~nightly~2023-11-14T22:13:20.000000Z"
        );
        assert!(InvocationId::parse(firing.as_str()).is_err());
        let long = |end: char| {
            let name = name(&format!("{}{end}", "n".repeat(NAME_LENGTH_MAX - 1)));
            InvocationId::of_firing(&name, due)
        };
        assert!(long('a').as_str().len() <= NAME_LENGTH_MAX);
        assert_ne!(long('a'), long('b'));
    }

    #[test]
    fn a_child_of_a_child_has_an_id_of_its_own_however_deep_it_is() {
        let mut id = InvocationId::parse("order-1").unwrap();
        assert_eq!(id.of_child(3, None).as_str(), "order-1~s3");
        assert_eq!(id.of_child(3, Some(17)).as_str(), "order-1~s3.17");

        let mut seen = std::collections::HashSet::new();
        for _ in 0..200 {
            id = id.of_child(1_000, Some(5));
            assert!(id.as_str().len() <= NAME_LENGTH_MAX);
            assert!(seen.insert(id.clone()), "{id} twice");
        }
    }
}
