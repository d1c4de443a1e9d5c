//! From a component's WIT to the types that can be queued.
//!
//! A value waits in a database, maybe for days, and then goes into an instance that does not exist
//! yet. What lives in one instance (resources, streams, futures, error contexts) cannot do that.
//!
//! Types in WIT are a graph and here a tree, which may be exponentially larger: the tree is
//! measured while it grows.

use wit_parser::{Handle, Resolve, TypeDef, TypeDefKind};

use super::types::{
    Case, Enum, Field, Flags, Function, MAX_DEPTH, MAX_MEMBERS, Param, Record, Type, Variant,
};

/// How many bytes of names and nodes the signature of one function may take.
const MAX_SIGNATURE: usize = 256 << 10;

/// How many bytes of names and nodes all signatures of a component may take.
const MAX_SIGNATURES: usize = 4 << 20;

/// What a part of a type is counted as, besides its name.
const PART: usize = 16;

/// Why a function cannot be a task.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{place}` {reason}")]
pub struct Error {
    /// Where in the signature, as in `request.body` or `result`.
    pub place: String,
    /// What stands there.
    pub reason: Reason,
}

/// What cannot be queued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum Reason {
    #[error("is the resource `{0}`, which cannot outlive its instance in a queue")]
    Resource(String),
    #[error("is a stream, which cannot outlive its instance in a queue; pass a list")]
    Stream,
    #[error("is a future, which cannot outlive its instance in a queue; pass the value")]
    Future,
    #[error("is an error-context, which cannot outlive its instance in a queue; pass a string")]
    ErrorContext,
    #[error("nests deeper than {MAX_DEPTH} levels")]
    TooDeep,
    #[error("has {0} members, more than {MAX_MEMBERS}")]
    TooManyMembers(usize),
    #[error("makes the signature longer than {MAX_SIGNATURE} bytes")]
    TooLong,
    #[error("makes the component's signatures longer than {MAX_SIGNATURES} bytes together")]
    TooLongTogether,
    #[error("is of a kind that Windlass does not know")]
    Unknown,
}

/// Turns signatures of one component into types, and measures them.
pub struct Signatures<'a> {
    resolve: &'a Resolve,
    left: usize,
    left_together: usize,
}

impl<'a> Signatures<'a> {
    /// For the component that `resolve` was decoded from.
    pub fn new(resolve: &'a Resolve) -> Self {
        Self {
            resolve,
            left: MAX_SIGNATURE,
            left_together: MAX_SIGNATURES,
        }
    }

    /// The signature of a function.
    ///
    /// # Errors
    ///
    /// The first part of it that cannot be queued.
    pub fn function(&mut self, function: &wit_parser::Function) -> Result<Function, Error> {
        self.left = MAX_SIGNATURE;
        let place = |place: &str| {
            let place = place.to_owned();
            move |reason| under(place, reason)
        };
        let mut params = Vec::with_capacity(function.params.len());
        self.members(function.params.len())
            .map_err(|reason| place("params")(At::here(reason)))?;
        for param in &function.params {
            self.count(param.name.len())
                .and_then(|()| self.ty(&param.ty, 0))
                .map(|ty| {
                    params.push(Param {
                        name: param.name.clone(),
                        ty,
                    });
                })
                .map_err(place(&param.name))?;
        }
        let result = match &function.result {
            Some(ty) => Some(self.ty(ty, 0).map_err(place("result"))?),
            None => None,
        };
        Ok(Function {
            params,
            result,
            is_async: function.kind.is_async(),
        })
    }

    fn ty(&mut self, ty: &wit_parser::Type, depth: usize) -> Result<Type, At> {
        use wit_parser::Type as Wit;
        self.count(0)?;
        Ok(match ty {
            Wit::Bool => Type::Bool,
            Wit::U8 => Type::U8,
            Wit::U16 => Type::U16,
            Wit::U32 => Type::U32,
            Wit::U64 => Type::U64,
            Wit::S8 => Type::S8,
            Wit::S16 => Type::S16,
            Wit::S32 => Type::S32,
            Wit::S64 => Type::S64,
            Wit::F32 => Type::F32,
            Wit::F64 => Type::F64,
            Wit::Char => Type::Char,
            Wit::String => Type::String,
            Wit::ErrorContext => return Err(At::here(Reason::ErrorContext)),
            Wit::Id(id) => return self.defined(&self.resolve.types[*id], depth),
        })
    }

    fn defined(&mut self, mut def: &'a TypeDef, depth: usize) -> Result<Type, At> {
        // Aliases are followed in a loop: a long chain of them is no deep type.
        loop {
            match &def.kind {
                TypeDefKind::Type(wit_parser::Type::Id(id)) => def = &self.resolve.types[*id],
                TypeDefKind::Type(ty) => return self.ty(ty, depth),
                _ => break,
            }
        }
        if depth + 1 >= MAX_DEPTH {
            return Err(At::here(Reason::TooDeep));
        }
        let depth = depth + 1;
        let name = def.name.clone();
        self.count(name.as_ref().map_or(0, String::len))?;
        Ok(match &def.kind {
            TypeDefKind::List(element) => {
                let element = self.ty(element, depth);
                Type::List(Box::new(element.map_err(At::under("[]"))?))
            }
            TypeDefKind::FixedLengthList(element, length) => {
                let element = self.ty(element, depth);
                Type::FixedList(Box::new(element.map_err(At::under("[]"))?), *length)
            }
            TypeDefKind::Map(key, value) => {
                let key = self.ty(key, depth).map_err(At::under("[key]"))?;
                let value = self.ty(value, depth).map_err(At::under("[]"))?;
                Type::Map(Box::new(key), Box::new(value))
            }
            TypeDefKind::Option(some) => {
                let some = self.ty(some, depth).map_err(At::under(".some"))?;
                Type::Option(Box::new(some))
            }
            TypeDefKind::Result(result) => Type::Result {
                ok: self.payload(&result.ok, "ok", depth)?.map(Box::new),
                err: self.payload(&result.err, "err", depth)?.map(Box::new),
            },
            TypeDefKind::Tuple(tuple) => {
                self.members(tuple.types.len()).map_err(At::here)?;
                let mut types = Vec::with_capacity(tuple.types.len());
                for (index, ty) in tuple.types.iter().enumerate() {
                    let ty = self.ty(ty, depth);
                    types.push(ty.map_err(At::under(&format!("[{index}]")))?);
                }
                Type::Tuple(types)
            }
            TypeDefKind::Record(record) => {
                self.members(record.fields.len()).map_err(At::here)?;
                let mut fields = Vec::with_capacity(record.fields.len());
                for field in &record.fields {
                    self.count(field.name.len())?;
                    let ty = self.ty(&field.ty, depth);
                    fields.push(Field {
                        name: field.name.clone(),
                        ty: ty.map_err(At::under(&format!(".{}", field.name)))?,
                    });
                }
                Type::Record(Record { name, fields })
            }
            TypeDefKind::Variant(variant) => {
                self.members(variant.cases.len()).map_err(At::here)?;
                let mut cases = Vec::with_capacity(variant.cases.len());
                for case in &variant.cases {
                    self.count(case.name.len())?;
                    cases.push(Case {
                        name: case.name.clone(),
                        ty: self.payload(&case.ty, &case.name, depth)?,
                    });
                }
                Type::Variant(Variant { name, cases })
            }
            TypeDefKind::Enum(cases) => Type::Enum(Enum {
                name,
                cases: self.names(cases.cases.iter().map(|case| &case.name))?,
            }),
            TypeDefKind::Flags(flags) => Type::Flags(Flags {
                name,
                flags: self.names(flags.flags.iter().map(|flag| &flag.name))?,
            }),
            TypeDefKind::Resource => {
                return Err(At::here(Reason::Resource(name.unwrap_or_default())));
            }
            TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id)) => {
                let name = self.resolve.types[*id].name.clone();
                return Err(At::here(Reason::Resource(name.unwrap_or_default())));
            }
            TypeDefKind::Future(_) => return Err(At::here(Reason::Future)),
            TypeDefKind::Stream(_) => return Err(At::here(Reason::Stream)),
            TypeDefKind::Type(_) | TypeDefKind::Unknown => return Err(At::here(Reason::Unknown)),
        })
    }

    fn payload(
        &mut self,
        ty: &Option<wit_parser::Type>,
        name: &str,
        depth: usize,
    ) -> Result<Option<Type>, At> {
        let Some(ty) = ty else { return Ok(None) };
        let ty = self.ty(ty, depth);
        Ok(Some(ty.map_err(At::under(&format!(".{name}")))?))
    }

    fn names<'n>(
        &mut self,
        names: impl ExactSizeIterator<Item = &'n String>,
    ) -> Result<Vec<String>, At> {
        self.members(names.len()).map_err(At::here)?;
        names
            .map(|name| self.count(name.len()).map(|()| name.clone()))
            .collect()
    }

    fn members(&self, count: usize) -> Result<(), Reason> {
        match count > MAX_MEMBERS {
            true => Err(Reason::TooManyMembers(count)),
            false => Ok(()),
        }
    }

    fn count(&mut self, name: usize) -> Result<(), At> {
        let take = |left: usize, reason| match left.checked_sub(PART + name) {
            Some(left) => Ok(left),
            None => Err(At::here(reason)),
        };
        self.left = take(self.left, Reason::TooLong)?;
        self.left_together = take(self.left_together, Reason::TooLongTogether)?;
        Ok(())
    }
}

/// A reason and the way to it, which grows from its end while the call stack unwinds.
struct At {
    place: Vec<String>,
    reason: Reason,
}

impl At {
    fn here(reason: Reason) -> Self {
        Self {
            place: Vec::new(),
            reason,
        }
    }

    fn under(step: &str) -> impl FnOnce(Self) -> Self {
        move |mut at| {
            at.place.push(step.to_owned());
            at
        }
    }
}

fn under(root: String, at: At) -> Error {
    let place = at.place.iter().rev().fold(root, |place, step| place + step);
    Error {
        place,
        reason: at.reason,
    }
}
