//! How types and signatures are written in Go.
//!
//! A type stands twice: in the package that the author imports, as Go is written, and in the
//! bindings, as `wit-bindgen` has it. `glue` brings the ones to the others.

use wit_parser::{Function, Type, TypeDefKind};

use super::names::{MODULE, Names, Owner};
use super::source::Source;
use super::words::param_name;

/// Whose Go is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The author's.
    Author,
    /// That of `wit-bindgen`.
    Bindings,
}

/// What a function returns.
pub enum Returned {
    /// Nothing.
    Nothing,
    /// A `result`.
    Result(Option<Type>, Option<Type>),
    /// A tuple.
    Tuple(Vec<Type>),
    /// Anything else.
    Value(Type),
}

impl Names<'_> {
    /// A type as it is written in a file, which imports what that takes.
    pub fn write(&self, ty: Type, side: Side, source: &mut Source) -> String {
        let ty = match self.dealias(ty) {
            Type::Id(id) => id,
            plain => return primitive(plain).to_owned(),
        };
        let (author, wit) = (side == Side::Author, "wit");
        let of = |source: &mut Source, name: &str, types: &[Type]| {
            let types: Vec<_> = types
                .iter()
                .map(|ty| self.write(*ty, side, source))
                .collect();
            let package = if author { source.sdk() } else { source.wit() };
            format!("{package}.{name}[{}]", types.join(", "))
        };
        match &self.resolve.types[ty].kind {
            TypeDefKind::List(of) => format!("[]{}", self.write(*of, side, source)),
            TypeDefKind::Option(of) if author => format!("*{}", self.write(*of, side, source)),
            TypeDefKind::Option(some) => of(source, "Option", &[*some]),
            TypeDefKind::Tuple(tuple) => {
                of(source, &format!("Tuple{}", tuple.types.len()), &tuple.types)
            }
            TypeDefKind::Result(result) => {
                let package = if author { source.sdk() } else { source.wit() };
                let mut part = |ty: Option<Type>| match ty {
                    Some(ty) => self.write(ty, side, source),
                    None if author => "struct{}".to_owned(),
                    None => format!("{wit}.Unit"),
                };
                let (ok, err) = (part(result.ok), part(result.err));
                format!("{package}.Result[{ok}, {err}]")
            }
            _ => {
                let package = self.import(self.owner(ty), side, source);
                format!("{package}{}", self.declared(ty))
            }
        }
    }

    /// Imports the package of an owner into a file, and returns what stands before its names there.
    pub fn import(&self, owner: Owner, side: Side, source: &mut Source) -> String {
        if side == Side::Author && source.here == Some(owner) {
            return String::new();
        }
        let bindings = self.bindings(owner);
        match side {
            // In the files that authors read, as they would write it.
            Side::Author if source.here.is_some() => {
                let alias = bindings.replace('_', "");
                source.import(&alias, &format!("{MODULE}/{}", self.path(owner)));
                format!("{alias}.")
            }
            Side::Author => {
                source.import(
                    &format!("t_{bindings}"),
                    &format!("{MODULE}/{}", self.path(owner)),
                );
                format!("t_{bindings}.")
            }
            Side::Bindings => {
                source.import(
                    &format!("b_{bindings}"),
                    &format!("{MODULE}/bindings/{bindings}"),
                );
                format!("b_{bindings}.")
            }
        }
    }

    /// What a function takes, and its results, as the author writes them.
    pub fn signature(&self, function: &Function, source: &mut Source) -> String {
        let params = self.params(function, Side::Author, source);
        let results = self.author_results(function, source);
        let results = match results.len() {
            0 => String::new(),
            1 => format!(" {}", results[0]),
            _ => format!(" ({})", results.join(", ")),
        };
        format!("({params}){results}")
    }

    /// The parameters with their types.
    pub fn params(&self, function: &Function, side: Side, source: &mut Source) -> String {
        let params = function.params.iter().map(|param| {
            let ty = self.write(param.ty, side, source);
            format!("{} {ty}", param_name(&param.name))
        });
        params.collect::<Vec<_>>().join(", ")
    }

    /// A `result` is a value and an `error`, a tuple several values.
    fn author_results(&self, function: &Function, source: &mut Source) -> Vec<String> {
        let write = |ty, source: &mut Source| self.write(ty, Side::Author, source);
        match self.returned(function) {
            Returned::Nothing => Vec::new(),
            Returned::Result(ok, _) => {
                let ok = ok.map(|ty| write(ty, source));
                ok.into_iter().chain(["error".to_owned()]).collect()
            }
            Returned::Tuple(types) => types.iter().map(|ty| write(*ty, source)).collect(),
            Returned::Value(ty) => vec![write(ty, source)],
        }
    }

    /// What a function returns.
    pub fn returned(&self, function: &Function) -> Returned {
        let Some(ty) = function.result else {
            return Returned::Nothing;
        };
        if let Type::Id(id) = self.dealias(ty) {
            match &self.resolve.types[id].kind {
                TypeDefKind::Result(result) => return Returned::Result(result.ok, result.err),
                // By its name it is a tuple for wit-bindgen, too.
                TypeDefKind::Tuple(tuple) if ty == Type::Id(id) => {
                    return Returned::Tuple(tuple.types.clone());
                }
                _ => {}
            }
        }
        Returned::Value(ty)
    }
}

fn primitive(ty: Type) -> &'static str {
    match ty {
        Type::Bool => "bool",
        Type::U8 => "uint8",
        Type::U16 => "uint16",
        Type::U32 => "uint32",
        Type::U64 => "uint64",
        Type::S8 => "int8",
        Type::S16 => "int16",
        Type::S32 => "int32",
        Type::S64 => "int64",
        Type::F32 => "float32",
        Type::F64 => "float64",
        Type::Char => "rune",
        Type::String => "string",
        Type::ErrorContext | Type::Id(_) => unreachable!("refused before, or no primitive"),
    }
}
