//! Windlass's values to wasmtime's `Val`s and back: what the values here are compared with.

use wasmtime::component::Val;

use crate::values::{Type, Value};

/// A value that does not fit its type: the component differs from what was described when it was
/// uploaded.
#[derive(Debug, thiserror::Error)]
#[error("a value does not fit the type {expected} that the task was uploaded with")]
pub struct Unfit {
    expected: String,
}

fn unfit<T>(ty: &Type) -> Result<T, Unfit> {
    Err(Unfit {
        expected: ty.to_string(),
    })
}

/// `value` for wasmtime.
pub fn to_wasm(value: Value, ty: &Type) -> Result<Val, Unfit> {
    let boxed = |value: Box<Value>, ty: &Type| to_wasm(*value, ty).map(Box::new);
    Ok(match (value, ty) {
        (Value::Bool(value), Type::Bool) => Val::Bool(value),
        (Value::S8(value), Type::S8) => Val::S8(value),
        (Value::U8(value), Type::U8) => Val::U8(value),
        (Value::S16(value), Type::S16) => Val::S16(value),
        (Value::U16(value), Type::U16) => Val::U16(value),
        (Value::S32(value), Type::S32) => Val::S32(value),
        (Value::U32(value), Type::U32) => Val::U32(value),
        (Value::S64(value), Type::S64) => Val::S64(value),
        (Value::U64(value), Type::U64) => Val::U64(value),
        (Value::F32(value), Type::F32) => Val::Float32(value),
        (Value::F64(value), Type::F64) => Val::Float64(value),
        (Value::Char(value), Type::Char) => Val::Char(value),
        (Value::String(value), Type::String) => Val::String(value),
        (Value::Bytes(bytes), Type::List(_)) => Val::List(bytes.into_iter().map(Val::U8).collect()),
        (Value::List(values), Type::List(ty)) => Val::List(all_to_wasm(values, ty)?),
        (Value::List(values), Type::FixedList(ty, _)) => {
            Val::FixedLengthList(all_to_wasm(values, ty)?)
        }
        (Value::Map(pairs), Type::Map(key, of)) => {
            let pairs = pairs.into_iter();
            let pairs = pairs.map(|(k, v)| Ok((to_wasm(k, key)?, to_wasm(v, of)?)));
            Val::Map(pairs.collect::<Result<_, _>>()?)
        }
        (Value::Record(values), Type::Record(record)) if values.len() == record.fields.len() => {
            let fields = values.into_iter().zip(&record.fields);
            let fields =
                fields.map(|(value, field)| Ok((field.name.clone(), to_wasm(value, &field.ty)?)));
            Val::Record(fields.collect::<Result<_, _>>()?)
        }
        (Value::Tuple(values), Type::Tuple(types)) if values.len() == types.len() => {
            let values = values.into_iter().zip(types);
            Val::Tuple(
                values
                    .map(|(value, ty)| to_wasm(value, ty))
                    .collect::<Result<_, _>>()?,
            )
        }
        (Value::Variant(index, value), Type::Variant(variant)) => {
            match (variant.cases.get(index as usize), value) {
                (Some(case), value) if value.is_some() == case.ty.is_some() => {
                    let value = match (value, &case.ty) {
                        (Some(value), Some(ty)) => Some(boxed(value, ty)?),
                        _ => None,
                    };
                    Val::Variant(case.name.clone(), value)
                }
                _ => return unfit(ty),
            }
        }
        (Value::Enum(index), Type::Enum(cases)) => match cases.cases.get(index as usize) {
            Some(case) => Val::Enum(case.clone()),
            None => return unfit(ty),
        },
        (Value::Option(value), Type::Option(some)) => {
            Val::Option(value.map(|value| boxed(value, some)).transpose()?)
        }
        (Value::Result(result), Type::Result { ok, err }) => {
            let side = |value: Option<Box<Value>>, side: &Option<Box<Type>>| match (value, side) {
                (Some(value), Some(ty)) => boxed(value, ty).map(Some),
                (None, None) => Ok(None),
                _ => unfit(ty),
            };
            Val::Result(match result {
                Ok(value) => Ok(side(value, ok)?),
                Err(value) => Err(side(value, err)?),
            })
        }
        (Value::Flags(set), Type::Flags(flags)) => {
            let names = set
                .iter()
                .map(|index| flags.flags.get(*index as usize).cloned());
            match names.collect() {
                Some(names) => Val::Flags(names),
                None => return unfit(ty),
            }
        }
        _ => return unfit(ty),
    })
}

fn all_to_wasm(values: Vec<Value>, ty: &Type) -> Result<Vec<Val>, Unfit> {
    values.into_iter().map(|value| to_wasm(value, ty)).collect()
}

/// What wasmtime returned.
pub fn from_wasm(value: Val, ty: &Type) -> Result<Value, Unfit> {
    let boxed = |value: Box<Val>, ty: &Type| from_wasm(*value, ty).map(Box::new);
    Ok(match (value, ty) {
        (Val::Bool(value), Type::Bool) => Value::Bool(value),
        (Val::S8(value), Type::S8) => Value::S8(value),
        (Val::U8(value), Type::U8) => Value::U8(value),
        (Val::S16(value), Type::S16) => Value::S16(value),
        (Val::U16(value), Type::U16) => Value::U16(value),
        (Val::S32(value), Type::S32) => Value::S32(value),
        (Val::U32(value), Type::U32) => Value::U32(value),
        (Val::S64(value), Type::S64) => Value::S64(value),
        (Val::U64(value), Type::U64) => Value::U64(value),
        (Val::Float32(value), Type::F32) => Value::F32(value),
        (Val::Float64(value), Type::F64) => Value::F64(value),
        (Val::Char(value), Type::Char) => Value::Char(value),
        (Val::String(value), Type::String) => Value::String(value),
        (Val::List(values), Type::List(_)) if ty.is_bytes() => {
            let bytes = values.into_iter().map(|value| match value {
                Val::U8(byte) => Ok(byte),
                _ => unfit(ty),
            });
            Value::Bytes(bytes.collect::<Result<_, _>>()?)
        }
        (Val::List(values), Type::List(ty))
        | (Val::FixedLengthList(values), Type::FixedList(ty, _)) => {
            let values = values.into_iter().map(|value| from_wasm(value, ty));
            Value::List(values.collect::<Result<_, _>>()?)
        }
        (Val::Map(pairs), Type::Map(key, of)) => {
            let pairs = pairs.into_iter();
            let pairs = pairs.map(|(k, v)| Ok((from_wasm(k, key)?, from_wasm(v, of)?)));
            Value::Map(pairs.collect::<Result<_, _>>()?)
        }
        (Val::Record(fields), Type::Record(record)) if fields.len() == record.fields.len() => {
            let fields = fields.into_iter().zip(&record.fields);
            let fields = fields.map(|((_, value), field)| from_wasm(value, &field.ty));
            Value::Record(fields.collect::<Result<_, _>>()?)
        }
        (Val::Tuple(values), Type::Tuple(types)) if values.len() == types.len() => {
            let values = values.into_iter().zip(types);
            Value::Tuple(
                values
                    .map(|(value, ty)| from_wasm(value, ty))
                    .collect::<Result<_, _>>()?,
            )
        }
        (Val::Variant(name, value), Type::Variant(variant)) => {
            let index = variant.cases.iter().position(|case| case.name == name);
            match (index, value) {
                (Some(index), value) => {
                    let value = match (value, &variant.cases[index].ty) {
                        (Some(value), Some(ty)) => Some(boxed(value, ty)?),
                        (None, None) => None,
                        _ => return unfit(ty),
                    };
                    Value::Variant(index as u32, value)
                }
                (None, _) => return unfit(ty),
            }
        }
        (Val::Enum(name), Type::Enum(cases)) => {
            match cases.cases.iter().position(|case| *case == name) {
                Some(index) => Value::Enum(index as u32),
                None => return unfit(ty),
            }
        }
        (Val::Option(value), Type::Option(some)) => {
            Value::Option(value.map(|value| boxed(value, some)).transpose()?)
        }
        (Val::Result(result), Type::Result { ok, err }) => {
            let side = |value: Option<Box<Val>>, side: &Option<Box<Type>>| match (value, side) {
                (Some(value), Some(ty)) => boxed(value, ty).map(Some),
                (None, None) => Ok(None),
                _ => unfit(ty),
            };
            Value::Result(match result {
                Ok(value) => Ok(side(value, ok)?),
                Err(value) => Err(side(value, err)?),
            })
        }
        (Val::Flags(names), Type::Flags(flags)) => {
            let index = |name: &String| flags.flags.iter().position(|flag| flag == name);
            let set: Option<Vec<u32>> = names
                .iter()
                .map(|name| index(name).map(|index| index as u32))
                .collect();
            match set {
                // Ascending, whatever the order in which wasmtime names them.
                Some(mut set) => {
                    set.sort_unstable();
                    Value::Flags(set)
                }
                None => return unfit(ty),
            }
        }
        _ => return unfit(ty),
    })
}
