//! Rust types to WIT types.
//!
//! A macro sees names, not what they stand for, so types are recognised by the names that people
//! use for them: `Vec`, `Option`, `String` and so on, or a type declared in the same module.
//! Everything else is refused with the nearest thing that does have a WIT equivalent.

use std::collections::{BTreeMap, BTreeSet};

use syn::spanned::Spanned;
use syn::{Error, GenericArgument, PathArguments, PathSegment, Result, Type, TypePath};

/// The types that a module declares.
#[derive(Default)]
pub struct Scope {
    /// The public ones: Rust name to WIT name.
    pub public: BTreeMap<String, String>,
    /// The ones that are not public and so have no WIT name.
    pub private: BTreeSet<String>,
}

impl Scope {
    /// The WIT type of a parameter, field or payload.
    pub fn value(&self, ty: &Type) -> Result<String> {
        if is_unit(ty) {
            return Err(Error::new(
                ty.span(),
                "`()` carries no value: leave it out, or use `bool` or an enum",
            ));
        }
        self.wit(ty)
    }

    /// The WIT type of what a function returns; none for `()`.
    pub fn result(&self, ty: &Type) -> Result<Option<String>> {
        if is_unit(ty) {
            return Ok(None);
        }
        self.wit(ty).map(Some)
    }

    /// The WIT type of a result whose error is text.
    pub fn failing(&self, value: &Type) -> Result<String> {
        let value = self.result(value)?;
        Ok(format!(
            "result<{}, string>",
            value.as_deref().unwrap_or("_")
        ))
    }

    /// Whether the module declares a type of this Rust name.
    pub fn knows(&self, name: &str) -> bool {
        self.public.contains_key(name) || self.private.contains(name)
    }

    fn wit(&self, ty: &Type) -> Result<String> {
        let refuse = |way_out: &str| Err(Error::new(ty.span(), way_out));
        match ty {
            Type::Path(path) => self.path(path),
            Type::Paren(inner) => self.wit(&inner.elem),
            Type::Group(inner) => self.wit(&inner.elem),
            Type::Tuple(tuple) if tuple.elems.len() > 16 => {
                refuse("a WIT tuple has at most 16 values: use a struct with named fields")
            }
            Type::Tuple(tuple) => {
                let parts = tuple.elems.iter().map(|part| self.value(part));
                let parts = parts.collect::<Result<Vec<_>>>()?;
                Ok(format!("tuple<{}>", parts.join(", ")))
            }
            Type::Reference(reference) => refuse(match &*reference.elem {
                Type::Slice(_) => {
                    "a task owns its arguments, references have no WIT type: use `Vec<…>`"
                }
                Type::Path(path) if path.path.is_ident("str") => {
                    "a task owns its arguments, references have no WIT type: use `String`"
                }
                _ => {
                    "a task owns its arguments, references have no WIT type: write the type \
                     without `&`"
                }
            }),
            Type::Array(_) | Type::Slice(_) => refuse(
                "arrays and slices have no WIT type: use `Vec<…>`, or a tuple if it is short",
            ),
            Type::ImplTrait(_) | Type::TraitObject(_) => refuse(
                "a caller cannot send a trait, only data: name a concrete type, or use an enum \
                 with a case for each possibility",
            ),
            Type::BareFn(_) => {
                refuse("a function cannot be sent: use an enum that says what to do")
            }
            Type::Never(_) => refuse("a task returns: leave out `-> !`"),
            Type::Ptr(_) => refuse("a pointer means nothing in another sandbox: use `Vec<u8>`"),
            _ => refuse("this type has no WIT equivalent"),
        }
    }

    fn path(&self, ty: &TypePath) -> Result<String> {
        let segment = self.segment(ty)?;
        let name = crate::names::plain(&segment.ident);
        if let Some(wit) = self.public.get(&name) {
            no_arguments(segment)?;
            return Ok(format!("%{wit}"));
        }
        let arguments = arguments(segment)?;
        let wit = match (name.as_str(), &arguments[..]) {
            ("u8" | "u16" | "u32" | "u64" | "f32" | "f64" | "bool" | "char", []) => name,
            ("i8" | "i16" | "i32" | "i64", []) => name.replacen('i', "s", 1),
            ("String", []) => "string".to_owned(),
            ("Vec", [item]) => format!("list<{}>", self.value(item)?),
            ("Option", [item]) => format!("option<{}>", self.value(item)?),
            ("Result", [ok, err]) => match (self.result(ok)?, self.result(err)?) {
                (None, None) => "result".to_owned(),
                (Some(ok), None) => format!("result<{ok}>"),
                (ok, Some(err)) => format!("result<{}, {err}>", ok.as_deref().unwrap_or("_")),
            },
            _ => return Err(Error::new(ty.span(), self.way_out(&name, arguments.len()))),
        };
        Ok(wit)
    }

    /// The segment that names the type; only paths into the standard library may have more.
    fn segment<'a>(&self, ty: &'a TypePath) -> Result<&'a PathSegment> {
        let segments = &ty.path.segments;
        let first = segments.first().map(|segment| segment.ident.to_string());
        let from_std = matches!(first.as_deref(), Some("std" | "core" | "alloc"));
        match segments.last() {
            Some(last) if ty.qself.is_none() && (segments.len() == 1 || from_std) => Ok(last),
            _ => Err(Error::new(
                ty.span(),
                "only the types of this module can be sent: declare the type here as a public \
                 struct or enum, and convert",
            )),
        }
    }

    fn way_out(&self, name: &str, arguments: usize) -> String {
        match name {
            "usize" | "isize" => format!(
                "`{name}` is of another size on another machine: use `{}`",
                if name == "usize" {
                    "u32` or `u64"
                } else {
                    "i32` or `i64"
                }
            ),
            "u128" | "i128" => format!("WIT has no `{name}`: use two `u64`, or a `String`"),
            "str" => "use `String`".to_owned(),
            "HashMap" | "BTreeMap" | "IndexMap" => {
                "WIT has no maps: use `Vec<(Key, Value)>`".to_owned()
            }
            "HashSet" | "BTreeSet" | "VecDeque" | "LinkedList" | "BinaryHeap" => {
                format!("WIT has no `{name}`: use `Vec<…>`")
            }
            "Box" | "Rc" | "Arc" | "Cow" | "Cell" | "RefCell" | "Mutex" => {
                format!("WIT has no `{name}`: write the type that is inside")
            }
            "Path" | "PathBuf" | "OsString" | "OsStr" | "CString" => {
                format!("WIT has no `{name}`: use `String`")
            }
            "Duration" | "Instant" | "SystemTime" => format!(
                "WIT has no `{name}`: use `u64` and say the unit in the name, as in `delay_ms`"
            ),
            "Result" => format!(
                "`Result` needs both its types here, got {arguments}: write `Result<T, String>` \
                 or `Result<T, YourError>`"
            ),
            "Vec" | "Option" => format!("`{name}` needs the type of what is in it"),
            "Self" => "name the type instead of `Self`".to_owned(),
            _ if self.private.contains(name) => {
                format!("`{name}` is not public, so a caller cannot know it: write `pub` before it")
            }
            _ if arguments > 0 => format!("`{name}<…>` has no WIT equivalent"),
            _ => format!(
                "`{name}` is neither a WIT type nor a public struct, enum or type of this module: \
                 declare it here"
            ),
        }
    }
}

/// Whether a type is `()`.
pub fn is_unit(ty: &Type) -> bool {
    match ty {
        Type::Tuple(tuple) => tuple.elems.is_empty(),
        Type::Paren(inner) => is_unit(&inner.elem),
        Type::Group(inner) => is_unit(&inner.elem),
        _ => false,
    }
}

fn arguments<'a>(segment: &'a PathSegment) -> Result<Vec<&'a Type>> {
    match &segment.arguments {
        PathArguments::None => Ok(Vec::new()),
        PathArguments::AngleBracketed(list) => {
            let only_types = |argument: &'a GenericArgument| match argument {
                GenericArgument::Type(ty) => Ok(ty),
                other => Err(Error::new(other.span(), "this has no WIT equivalent")),
            };
            list.args.iter().map(only_types).collect()
        }
        PathArguments::Parenthesized(list) => Err(Error::new(
            list.span(),
            "a function cannot be sent: use an enum that says what to do",
        )),
    }
}

fn no_arguments(segment: &PathSegment) -> Result<()> {
    match &segment.arguments {
        PathArguments::None => Ok(()),
        arguments => Err(Error::new(
            arguments.span(),
            "WIT has no generic types: declare a type for each case",
        )),
    }
}
