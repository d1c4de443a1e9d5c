//! From values to WAVE text.

use std::fmt::{Display, Write};

use wasm_wave::lex::Keyword;

use super::super::types::Type;
use super::super::value::Value;

/// Appends `value`.
///
/// # Panics
///
/// If it does not fit the type.
pub(super) fn value(out: &mut String, value: &Value, ty: &Type) {
    match (value, ty) {
        (Value::Bool(value), _) => display(out, value),
        (Value::S8(value), _) => display(out, value),
        (Value::U8(value), _) => display(out, value),
        (Value::S16(value), _) => display(out, value),
        (Value::U16(value), _) => display(out, value),
        (Value::S32(value), _) => display(out, value),
        (Value::U32(value), _) => display(out, value),
        (Value::S64(value), _) => display(out, value),
        (Value::U64(value), _) => display(out, value),
        (Value::F32(value), _) if value.is_nan() => out.push_str("nan"),
        (Value::F32(value), _) => display(out, value),
        (Value::F64(value), _) if value.is_nan() => out.push_str("nan"),
        (Value::F64(value), _) => display(out, value),
        (Value::Char(value), _) => {
            out.push('\'');
            char(out, *value);
            out.push('\'');
        }
        (Value::String(value), _) => {
            out.push('"');
            value.chars().for_each(|value| char(out, value));
            out.push('"');
        }
        (Value::Bytes(bytes), _) => {
            out.push('[');
            separated(out, bytes.iter(), display);
            out.push(']');
        }
        (Value::List(values), Type::List(ty) | Type::FixedList(ty, _)) => {
            out.push('[');
            list(out, values.iter().map(|value| (value, &**ty)));
            out.push(']');
        }
        (Value::Map(pairs), Type::Map(key_type, value_type)) => {
            out.push('[');
            separated(out, pairs.iter(), |out, (key, value)| {
                out.push('(');
                list(
                    out,
                    [(key, &**key_type), (value, &**value_type)].into_iter(),
                );
                out.push(')');
            });
            out.push(']');
        }
        (Value::Tuple(values), Type::Tuple(types)) => {
            out.push('(');
            list(out, values.iter().zip(types));
            out.push(')');
        }
        (Value::Record(values), Type::Record(record)) => {
            let fields = record.fields.iter().zip(values);
            let mut given = fields
                .filter(|(_, value)| **value != Value::Option(None))
                .peekable();
            if given.peek().is_none() {
                // `{}` would be flags.
                return out.push_str("{:}");
            }
            out.push('{');
            separated(out, given, |out, (field, value)| {
                out.push_str(&field.name);
                out.push_str(": ");
                self::value(out, value, &field.ty);
            });
            out.push('}');
        }
        (Value::Variant(index, payload), Type::Variant(variant)) => {
            let case = &variant.cases[*index as usize];
            label(out, &case.name);
            self::payload(out, payload.as_deref(), case.ty.as_ref());
        }
        (Value::Enum(index), Type::Enum(cases)) => label(out, &cases.cases[*index as usize]),
        (Value::Option(None), _) => out.push_str("none"),
        (Value::Option(payload), Type::Option(ty)) => {
            out.push_str("some");
            self::payload(out, payload.as_deref(), Some(ty));
        }
        (Value::Result(result), Type::Result { ok, err }) => {
            let (name, payload, ty) = match result {
                Ok(payload) => ("ok", payload, ok),
                Err(payload) => ("err", payload, err),
            };
            out.push_str(name);
            self::payload(out, payload.as_deref(), ty.as_deref());
        }
        (Value::Flags(set), Type::Flags(flags)) => {
            out.push('{');
            separated(out, set.iter(), |out, index| {
                out.push_str(&flags.flags[*index as usize]);
            });
            out.push('}');
        }
        (_, ty) => panic!("not a value of type {ty}"),
    }
}

/// Appends values with commas between them.
pub(super) fn list<'a>(out: &mut String, values: impl Iterator<Item = (&'a Value, &'a Type)>) {
    separated(out, values, |out, (value, ty)| self::value(out, value, ty));
}

fn payload(out: &mut String, payload: Option<&Value>, ty: Option<&Type>) {
    if let (Some(payload), Some(ty)) = (payload, ty) {
        out.push('(');
        value(out, payload, ty);
        out.push(')');
    }
}

/// A label where it could be taken for a keyword is marked as a label.
fn label(out: &mut String, label: &str) {
    if Keyword::decode(label).is_some() {
        out.push('%');
    }
    out.push_str(label);
}

fn char(out: &mut String, char: char) {
    match char {
        '\\' | '"' | '\'' | '\t' | '\r' | '\n' => display(out, &char.escape_default()),
        _ if char.is_control() => display(out, &char.escape_unicode()),
        _ => display(out, &char.escape_debug()),
    }
}

fn display(out: &mut String, value: &impl Display) {
    write!(out, "{value}").expect("a string takes any text");
}

fn separated<T>(
    out: &mut String,
    items: impl Iterator<Item = T>,
    mut each: impl FnMut(&mut String, T),
) {
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        each(out, item);
    }
}
