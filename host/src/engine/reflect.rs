//! The types of a component's functions, from its compiled code, as Windlass's own. They are
//! structural: names of types are not kept there.

use wasmtime::component::types::ComponentFunc;
use wasmtime::component::{self, Type as Wasm};

use crate::values::{Case, Enum, Field, Flags, Function, MAX_DEPTH, Param, Record, Type, Variant};

/// The signature of a function, or what of it cannot be said in JSON.
pub(super) fn signature(function: &ComponentFunc) -> Result<Function, &'static str> {
    let params = function.params().map(|(name, ty)| {
        convert(&ty, MAX_DEPTH).map(|ty| Param {
            name: name.to_owned(),
            ty,
        })
    });
    let params = params.collect::<Result<_, _>>()?;
    let result = function.results().next();
    Ok(Function {
        params,
        result: result.map(|ty| convert(&ty, MAX_DEPTH)).transpose()?,
        is_async: function.async_(),
    })
}

fn convert(ty: &component::Type, depth: usize) -> Result<Type, &'static str> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err("a type that is nested too deep");
    };
    let inner = |ty: component::Type| convert(&ty, depth).map(Box::new);
    let optional = |ty: Option<component::Type>| ty.map(inner).transpose();
    let owned = |name: &str| name.to_owned();
    Ok(match ty {
        Wasm::Bool => Type::Bool,
        Wasm::S8 => Type::S8,
        Wasm::U8 => Type::U8,
        Wasm::S16 => Type::S16,
        Wasm::U16 => Type::U16,
        Wasm::S32 => Type::S32,
        Wasm::U32 => Type::U32,
        Wasm::S64 => Type::S64,
        Wasm::U64 => Type::U64,
        Wasm::Float32 => Type::F32,
        Wasm::Float64 => Type::F64,
        Wasm::Char => Type::Char,
        Wasm::String => Type::String,
        Wasm::List(list) => Type::List(inner(list.ty())?),
        Wasm::FixedLengthList(list) => Type::FixedList(inner(list.ty())?, list.len()),
        Wasm::Map(map) => Type::Map(inner(map.key())?, inner(map.value())?),
        Wasm::Record(record) => {
            let fields = record.fields().map(|field| {
                convert(&field.ty, depth).map(|ty| Field {
                    name: owned(field.name),
                    ty,
                })
            });
            Type::Record(Record {
                name: None,
                fields: fields.collect::<Result<_, _>>()?,
            })
        }
        Wasm::Tuple(tuple) => {
            let types = tuple.types().map(|ty| convert(&ty, depth));
            Type::Tuple(types.collect::<Result<_, _>>()?)
        }
        Wasm::Variant(variant) => {
            let cases = variant.cases().map(|case| {
                let ty = case.ty.map(|ty| convert(&ty, depth)).transpose();
                ty.map(|ty| Case {
                    name: owned(case.name),
                    ty,
                })
            });
            Type::Variant(Variant {
                name: None,
                cases: cases.collect::<Result<_, _>>()?,
            })
        }
        Wasm::Enum(cases) => Type::Enum(Enum {
            name: None,
            cases: cases.names().map(owned).collect(),
        }),
        Wasm::Option(option) => Type::Option(inner(option.ty())?),
        Wasm::Result(result) => Type::Result {
            ok: optional(result.ok())?,
            err: optional(result.err())?,
        },
        Wasm::Flags(flags) => Type::Flags(Flags {
            name: None,
            flags: flags.names().map(owned).collect(),
        }),
        Wasm::Own(_) | Wasm::Borrow(_) => return Err("a resource"),
        Wasm::Future(_) => return Err("a future"),
        Wasm::Stream(_) => return Err("a stream"),
        Wasm::ErrorContext => return Err("an error context"),
    })
}

/// Whether values of the one are values of the other. Names of types do not matter; those of fields,
/// cases and flags do.
pub(super) fn same(one: &Function, other: &Function) -> bool {
    one.is_async == other.is_async
        && one.params.len() == other.params.len()
        && same_or_none(one.result.as_ref(), other.result.as_ref())
        && one
            .params
            .iter()
            .zip(&other.params)
            .all(|(one, other)| same_type(&one.ty, &other.ty))
}

fn same_type(one: &Type, other: &Type) -> bool {
    match (one, other) {
        (Type::List(one), Type::List(other)) | (Type::Option(one), Type::Option(other)) => {
            same_type(one, other)
        }
        (Type::FixedList(one, length), Type::FixedList(other, long)) => {
            length == long && same_type(one, other)
        }
        (Type::Map(key, value), Type::Map(other_key, other_value)) => {
            same_type(key, other_key) && same_type(value, other_value)
        }
        (Type::Record(one), Type::Record(other)) => {
            one.fields.len() == other.fields.len()
                && one
                    .fields
                    .iter()
                    .zip(&other.fields)
                    .all(|(one, other)| one.name == other.name && same_type(&one.ty, &other.ty))
        }
        (Type::Tuple(one), Type::Tuple(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| same_type(one, other))
        }
        (Type::Variant(one), Type::Variant(other)) => {
            one.cases.len() == other.cases.len()
                && one.cases.iter().zip(&other.cases).all(|(one, other)| {
                    one.name == other.name && same_or_none(one.ty.as_ref(), other.ty.as_ref())
                })
        }
        (Type::Enum(one), Type::Enum(other)) => one.cases == other.cases,
        (Type::Flags(one), Type::Flags(other)) => one.flags == other.flags,
        (
            Type::Result { ok, err },
            Type::Result {
                ok: other_ok,
                err: other_err,
            },
        ) => {
            same_or_none(ok.as_deref(), other_ok.as_deref())
                && same_or_none(err.as_deref(), other_err.as_deref())
        }
        // Of the rest there is nothing to compare but the kind.
        _ => one == other,
    }
}

fn same_or_none(one: Option<&Type>, other: Option<&Type>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => same_type(one, other),
        (one, other) => one.is_none() && other.is_none(),
    }
}
