//! An interface as WIT sees it, with what is needed to lead back to the Rust it was read from.

use syn::{Attribute, Ident, ReturnType, Type};

/// A module as WIT sees it.
pub struct Interface {
    /// The module's own documentation, a line each.
    pub docs: Vec<String>,
    /// Its types in the order of the source.
    pub types: Vec<Typedef>,
    /// Its tasks in the order of the source.
    pub functions: Vec<Function>,
}

/// A public struct, enum or type alias.
pub struct Typedef {
    /// Its name in Rust.
    pub ident: Ident,
    /// Its name in WIT.
    pub name: String,
    /// Its documentation.
    pub docs: Vec<String>,
    /// What it is.
    pub shape: Shape,
    /// The attributes that the generated type is to carry.
    pub attributes: Vec<Attribute>,
}

/// What a type is in WIT.
pub enum Shape {
    /// A struct with named fields.
    Record(Vec<Member>),
    /// An enum whose cases carry nothing.
    Enum(Vec<Member>),
    /// An enum of which a case carries a value.
    Variant(Vec<Member>),
    /// Another name for a type.
    Alias(String),
}

impl Shape {
    /// The fields or cases.
    pub fn members(&self) -> &[Member] {
        match self {
            Self::Record(members) | Self::Enum(members) | Self::Variant(members) => members,
            Self::Alias(_) => &[],
        }
    }
}

/// A field of a record or a case of an enum or variant.
pub struct Member {
    /// Its name in WIT.
    pub name: String,
    /// Its documentation.
    pub docs: Vec<String>,
    /// The type of the field or of what the case carries.
    pub ty: Option<String>,
    /// The attributes that the generated member is to carry.
    pub attributes: Vec<Attribute>,
}

/// A public function.
pub struct Function {
    /// Its name in Rust.
    pub ident: Ident,
    /// Its name in WIT.
    pub name: String,
    /// Its documentation.
    pub docs: Vec<String>,
    /// The parameters' names and types in WIT.
    pub parameters: Vec<(String, String)>,
    /// The parameters' types in Rust.
    pub rust_types: Vec<Type>,
    /// What it returns in WIT.
    pub result: Option<String>,
    /// What it returns in Rust.
    pub output: ReturnType,
    /// Whether it is a workflow and not a task.
    pub is_workflow: bool,
    /// Whether it is an `async fn`, which only a workflow may be.
    pub is_async: bool,
    /// What it returns in place of a result whose error is the failure of a call; that error is
    /// text in WIT.
    pub failing_with_text: Option<Type>,
}
