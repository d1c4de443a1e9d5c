//! What is wrong with a call, and where.

use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};

/// How many mistakes of one call are told; the others are only counted.
const MAX_TOLD: usize = 20;

/// The longest quotation of what was given, in characters.
const MAX_QUOTED: usize = 40;

/// One thing that is wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mistake {
    /// Where, as in `args[1].sizes[3]`.
    pub place: String,
    /// What, as in `expected u32, got -1`.
    pub message: String,
}

impl Display for Mistake {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Everything that is wrong with a call, in the order of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub struct Mistakes {
    /// The first mistakes.
    pub told: Vec<Mistake>,
    /// How many there are beyond those.
    pub more: usize,
}

impl Mistakes {
    pub(super) fn one(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            told: vec![Mistake {
                place: place.into(),
                message: message.into(),
            }],
            more: 0,
        }
    }

    /// Adds a mistake; `message` is made only if there is room to tell it.
    pub(super) fn add(&mut self, place: &Place<'_>, message: impl FnOnce() -> String) {
        if self.told.len() < MAX_TOLD {
            self.told.push(Mistake {
                place: place.to_string(),
                message: message(),
            });
        } else {
            self.more += 1;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.told.is_empty()
    }
}

impl Display for Mistakes {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.told.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            mistake.fmt(f)?;
        }
        match self.more {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

/// Where in a call a value stands. It lives on the stack and becomes text only for a mistake.
pub(super) enum Place<'a> {
    Root(&'a str),
    Name(&'a Place<'a>, &'a str),
    Index(&'a Place<'a>, usize),
}

impl Place<'_> {
    pub(super) fn name<'a>(&'a self, name: &'a str) -> Place<'a> {
        Place::Name(self, name)
    }

    pub(super) fn index(&self, index: usize) -> Place<'_> {
        Place::Index(self, index)
    }
}

impl Display for Place<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(name) => f.write_str(name),
            Self::Name(parent, name) => {
                let plain = !name.is_empty()
                    && name.len() <= MAX_QUOTED
                    && name
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
                match plain {
                    true => write!(f, "{parent}.{name}"),
                    false => write!(f, "{parent}[{}]", quoted(name)),
                }
            }
            Self::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// `text` as it was given, cut short where it is long.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_QUOTED) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// `text` in quotes, cut short where it is long.
pub(super) fn quoted(text: &str) -> String {
    format!("{:?}", shortened(text))
}

/// `names` as a list, cut short where there are many.
pub(super) fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const MAX_LISTED: usize = 12;
    let count = names.len();
    let mut text = names
        .take(MAX_LISTED)
        .map(shortened)
        .collect::<Vec<_>>()
        .join(", ");
    if count > MAX_LISTED {
        text.push_str(&format!(" and {} more", count - MAX_LISTED));
    }
    text
}

/// `count` things, as in `1 element` and `2 elements`.
pub(super) fn counted(count: usize, thing: &str) -> String {
    match count {
        1 => format!("1 {thing}"),
        _ => format!("{count} {thing}s"),
    }
}
