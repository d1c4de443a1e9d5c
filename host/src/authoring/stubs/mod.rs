//! Typed stubs over the client libraries: `windlass client generate`.
//!
//! Owns what a component looks like to a generator of any language ([`Stubs`]), and the choice of
//! the generator. Where a component comes from is the command's business; how calls travel is the
//! client libraries'.
//!
//! A generator is a module with two items, and nothing else reaches it:
//!
//! - `RESERVED: &[&str]`, the names in PascalCase that its output or its client library uses at
//!   the level of types: no type is called so,
//! - `write(&Stubs) -> String`, the whole file.
//!
//! What a generator can rely on:
//!
//! - Every `ident` is kebab-case of letters and digits that begins with a letter, and unique in its
//!   scope also after a change to snake, camel or Pascal case (`names` has these). Types, the cases
//!   of variants (`Case::full`) and the component itself (`Stubs::ident`) are one scope; so are all
//!   tasks of a component, the parameters of a task, the members of a type. A word of the language
//!   is the generator's to escape; a trailing `_` clashes with nothing.
//! - `wit` is the name in the WIT and in the JSON: `{"order-id": 1}`, `"light-blue"`.
//! - `Stubs::types` has a type after those that it uses.
//! - [`Shape`] says what travels as what by DESIGN.md's table: `Bytes` is base64, an `Option` whose
//!   content is an `Option` is `{"some": …}` or null, a `Map` is an object where its keys are
//!   strings and else an array of pairs, integers of 64 bits are numbers and may be sent as text.
//! - Arguments are sent by position; an invocation's value is the task's `ok` (null where there is
//!   none), the payload of a failure of kind `guest` its `err`.
//!
//! - `model`: from a component's description to [`Stubs`]
//! - `names`: cases and clashes
//! - `comments`: what the author wrote about interfaces and types
//! - `python`, `typescript`, `rust`: a generator for each language

mod comments;
mod model;
pub mod names;
mod python;
mod rust;
mod typescript;

use std::path::Path;

use super::Error;
use crate::control::stated_version;
use crate::registry::describe::{self, Task as Described};
use crate::registry::validate;

pub use model::stubs;

/// A language that stubs are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Over the package `windlass_client`.
    Python,
    /// Over the package `@windlass/client`.
    TypeScript,
    /// Over the crate `windlass-client`.
    Rust,
}

impl Language {
    fn reserved(self) -> &'static [&'static str] {
        match self {
            Self::Python => python::RESERVED,
            Self::TypeScript => typescript::RESERVED,
            Self::Rust => rust::RESERVED,
        }
    }
}

/// The component that stubs are made from, wherever it came from.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name on the host.
    pub component: String,
    /// Whether the stubs call this very version, or the highest that there is at the call.
    pub pinned: bool,
    /// Its version.
    pub version: String,
    /// The sha-256 of its bytes, in lower-case hexadecimal.
    pub digest: String,
    /// What can be called.
    pub tasks: Vec<Described>,
    /// Its interfaces as WIT text, for what their author wrote about them; many tools leave that
    /// out of a component.
    pub wit: String,
}

impl Source {
    /// From the bytes of a component that is called so on the host; its version is what its WIT says
    /// unless it is given.
    ///
    /// # Errors
    ///
    /// If they are no component, or none that can be described.
    pub fn read(component: &str, version: Option<&str>, bytes: &[u8]) -> Result<Self, Error> {
        validate::validate(bytes).map_err(|error| Error::Component(error.to_string()))?;
        let description = describe::describe(bytes);
        let description = description.map_err(|error| Error::Component(error.to_string()))?;
        let version = version.map(str::to_owned);
        Ok(Self {
            component: component.to_owned(),
            pinned: false,
            version: version.unwrap_or_else(|| stated_version(&description).to_string()),
            digest: validate::digest(bytes),
            tasks: description.tasks,
            wit: description.wit,
        })
    }

    /// The same, with what its author wrote in the WIT of this folder, which the tools that made the
    /// component may have left out of it.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read.
    pub fn with_wit_of(mut self, folder: &Path) -> Result<Self, Error> {
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(Error::file("read", folder))?
            .into_iter()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|end| end == "wit"))
            .collect();
        files.sort();
        self.wit.clear();
        for file in files {
            let text = std::fs::read_to_string(&file).map_err(Error::file("read", &file))?;
            // The files of a package become one, which says its name once.
            let is_first = self.wit.is_empty();
            for line in text.lines() {
                if is_first || !(line.starts_with("package ") && line.ends_with(';')) {
                    self.wit.push_str(line);
                    self.wit.push('\n');
                }
            }
        }
        Ok(self)
    }
}

/// Writes the stubs of a component: the same text for the same component.
pub fn generate(language: Language, source: &Source) -> String {
    let stubs = stubs(source, language.reserved());
    match language {
        Language::Python => python::write(&stubs),
        Language::TypeScript => typescript::write(&stubs),
        Language::Rust => rust::write(&stubs),
    }
}

/// A component as a generator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stubs {
    /// Its name on the host.
    pub component: String,
    /// What the class of its tasks is called.
    pub ident: String,
    /// The version that the stubs were made from.
    pub version: String,
    /// The digest that the stubs were made from.
    pub digest: String,
    /// Where its tasks stand, in the order of the exports.
    pub interfaces: Vec<Interface>,
    /// The types with names, each after those that it uses.
    pub types: Vec<Named>,
}

/// An interface with its tasks; at most one stands for the functions of the world itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// `demo:images/tasks@0.1.0`; none for the world.
    pub name: Option<String>,
    /// What its author wrote about it.
    pub docs: Option<String>,
    /// Its tasks, in the order of the exports.
    pub tasks: Vec<Task>,
}

/// A task: a method that enqueues it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its name in its interface.
    pub wit: String,
    /// What the method is called: as the task, with the interface's name before it where another
    /// interface has a task of that name.
    pub ident: String,
    /// How it is named to the host: `images/demo:images/tasks#resize`.
    pub called: String,
    /// What its author wrote about it.
    pub docs: Option<String>,
    /// What it takes, in order.
    pub params: Vec<Member>,
    /// What its handle gives: of a `result<T, E>` the T; none where that is nothing.
    pub ok: Option<Shape>,
    /// The payload with which it fails; none where a failure carries none.
    pub err: Option<Shape>,
    /// Whether it returns a `result` at all.
    pub is_fallible: bool,
    /// Whether it is a workflow.
    pub is_workflow: bool,
}

/// A parameter of a task or a field of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name in the WIT.
    pub wit: String,
    /// What it is called.
    pub ident: String,
    /// What its author wrote about it.
    pub docs: Option<String>,
    /// What it holds.
    pub shape: Shape,
}

/// A type with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its name in the WIT; as its `ident` where it has none.
    pub wit: String,
    /// What it is called.
    pub ident: String,
    /// The interface that defines it, where the WIT tells.
    pub interface: Option<String>,
    /// What its author wrote about it.
    pub docs: Option<String>,
    /// What it is.
    pub definition: Definition,
}

/// What a type with a name is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Definition {
    /// Its fields.
    Record(Vec<Member>),
    /// Its cases, of which one holds.
    Variant(Vec<Case>),
    /// Its cases, of which one holds and none carries anything.
    Enum(Vec<Label>),
    /// Its flags, of which any hold.
    Flags(Vec<Label>),
}

/// A case of a variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its name in the WIT.
    pub wit: String,
    /// What it is called within its variant.
    pub ident: String,
    /// What it is called where it is a type of its own: `shape-circle`.
    pub full: String,
    /// What its author wrote about it.
    pub docs: Option<String>,
    /// What it carries, if anything.
    pub shape: Option<Shape>,
}

/// A case of an enum, or a flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Its name in the WIT.
    pub wit: String,
    /// What it is called.
    pub ident: String,
    /// What its author wrote about it.
    pub docs: Option<String>,
}

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the variants are the types of WIT")]
pub enum Shape {
    Bool,
    S8,
    U8,
    S16,
    U16,
    S32,
    U32,
    S64,
    U64,
    F32,
    F64,
    Char,
    String,
    /// `list<u8>`.
    Bytes,
    List(Box<Shape>),
    /// A list of exactly so many elements.
    FixedList(Box<Shape>, u32),
    Map(Box<Shape>, Box<Shape>),
    Tuple(Vec<Shape>),
    Option(Box<Shape>),
    /// As data, within another type.
    Result {
        ok: Option<Box<Shape>>,
        err: Option<Box<Shape>>,
    },
    /// The type with this index in [`Stubs::types`].
    Named(usize),
}
