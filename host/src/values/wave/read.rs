//! From the nodes of WAVE text to values.

use wasm_wave::ast::{Node, NodeType};

use super::super::mistake::{counted, listed, quoted, shortened};
use super::super::types::{Case, Field, Param, Type};
use super::super::value::Value;
use super::Error;

/// The arguments of a call; `params` are what it takes.
pub(super) fn arguments(
    node: Option<&Node>,
    params: &[Param],
    text: &str,
) -> Result<Vec<Value>, Error> {
    let nodes = match node {
        Some(node) => node.as_tuple()?.collect::<Vec<_>>(),
        None => Vec::new(),
    };
    if let Some(node) = nodes.get(params.len()) {
        let names = params.iter().map(|param| param.name.as_str());
        let wanted = match params.is_empty() {
            true => "no argument".to_owned(),
            false => format!("{} ({})", counted(params.len(), "argument"), listed(names)),
        };
        return Err(error(
            node,
            format!("expected {wanted}, got {}", nodes.len()),
        ));
    }
    let mut nodes = nodes.into_iter();
    let values = params.iter().map(|param| match (nodes.next(), &param.ty) {
        (Some(node), ty) => value(node, ty, text),
        (None, Type::Option(_)) => Ok(Value::Option(None)),
        (None, ty) => Err(Error {
            column: 0,
            span: text.len().saturating_sub(1)..text.len(),
            message: format!("missing, expected {}: {ty}", param.name),
        }),
    });
    values.collect()
}

/// The value of type `ty` that `node` writes.
pub(super) fn value(node: &Node, ty: &Type, text: &str) -> Result<Value, Error> {
    let wrong = || unexpected(node, ty, text);
    Ok(match ty {
        Type::Bool => Value::Bool(node.as_bool().map_err(|_| wrong())?),
        Type::S8 => Value::S8(node.as_number(text).map_err(|_| wrong())?),
        Type::U8 => Value::U8(node.as_number(text).map_err(|_| wrong())?),
        Type::S16 => Value::S16(node.as_number(text).map_err(|_| wrong())?),
        Type::U16 => Value::U16(node.as_number(text).map_err(|_| wrong())?),
        Type::S32 => Value::S32(node.as_number(text).map_err(|_| wrong())?),
        Type::U32 => Value::U32(node.as_number(text).map_err(|_| wrong())?),
        Type::S64 => Value::S64(node.as_number(text).map_err(|_| wrong())?),
        Type::U64 => Value::U64(node.as_number(text).map_err(|_| wrong())?),
        Type::F32 => {
            let value: f32 = node.as_number(text).map_err(|_| wrong())?;
            finite(value.is_infinite(), node, ty, text)?;
            Value::F32(value)
        }
        Type::F64 => {
            let value: f64 = node.as_number(text).map_err(|_| wrong())?;
            finite(value.is_infinite(), node, ty, text)?;
            Value::F64(value)
        }
        Type::Char => match node.ty() {
            NodeType::Char => Value::Char(node.as_char(text)?),
            _ => return Err(wrong()),
        },
        Type::String => match node.ty() {
            NodeType::String | NodeType::MultilineString => {
                Value::String(node.as_str(text)?.into_owned())
            }
            _ => return Err(wrong()),
        },
        Type::List(element) if **element == Type::U8 => {
            let bytes = node.as_list().map_err(|_| wrong())?.map(|node| {
                let byte: Result<u8, _> = node.as_number(text);
                byte.map_err(|_| unexpected(node, element, text))
            });
            Value::Bytes(bytes.collect::<Result<_, _>>()?)
        }
        Type::List(element) => {
            let nodes = node.as_list().map_err(|_| wrong())?;
            let values = nodes.map(|node| value(node, element, text));
            Value::List(values.collect::<Result<_, _>>()?)
        }
        Type::FixedList(element, length) => {
            let nodes = node.as_list().map_err(|_| wrong())?;
            same_length(node, *length as usize, nodes.len())?;
            let values = nodes.map(|node| value(node, element, text));
            Value::List(values.collect::<Result<_, _>>()?)
        }
        Type::Map(key, element) => map(node, ty, key, element, text)?,
        Type::Record(record) => self::record(node, ty, &record.fields, text)?,
        Type::Tuple(types) => {
            let nodes = node.as_tuple().map_err(|_| wrong())?;
            same_length(node, types.len(), nodes.len())?;
            let values = nodes.zip(types).map(|(node, ty)| value(node, ty, text));
            Value::Tuple(values.collect::<Result<_, _>>()?)
        }
        Type::Variant(variant) => self::variant(node, ty, &variant.cases, text)?,
        Type::Enum(cases) => {
            let label = node.as_enum(text).map_err(|_| wrong())?;
            let index = cases.cases.iter().position(|case| case == label);
            Value::Enum(index.ok_or_else(|| {
                let known = listed(cases.cases.iter().map(String::as_str));
                error(
                    node,
                    format!("expected one of {known}, got {}", shortened(label)),
                )
            })? as u32)
        }
        Type::Option(some) => Value::Option(match node.ty() {
            NodeType::OptionNone => None,
            NodeType::OptionSome => match node.as_option()? {
                Some(node) => Some(Box::new(value(node, some, text)?)),
                None => return Err(wrong()),
            },
            // `5` is short for `some(5)`, where that cannot mean two things.
            _ if is_plain(some) => Some(Box::new(value(node, some, text)?)),
            _ => return Err(wrong()),
        }),
        Type::Result { ok, err } => self::result(node, ty, ok.as_deref(), err.as_deref(), text)?,
        Type::Flags(flags) => self::flags(node, ty, &flags.flags, text)?,
    })
}

fn map(node: &Node, ty: &Type, key: &Type, element: &Type, text: &str) -> Result<Value, Error> {
    let nodes = node.as_list().map_err(|_| unexpected(node, ty, text))?;
    let mut pairs: Vec<(Value, Value)> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let pair = node.as_tuple().map(Iterator::collect::<Vec<_>>);
        let Ok([left, right]) = pair.as_deref() else {
            return Err(error(node, format!("expected ({key}, {element})")));
        };
        let pair = (value(left, key, text)?, value(right, element, text)?);
        // People type short maps: looking through all of it is quick enough.
        if pairs.iter().any(|(key, _)| *key == pair.0) {
            return Err(error(left, "this key is given twice".into()));
        }
        pairs.push(pair);
    }
    Ok(Value::Map(pairs))
}

fn record(node: &Node, ty: &Type, fields: &[Field], text: &str) -> Result<Value, Error> {
    // The parser refuses a field that is given twice.
    let given = node
        .as_record(text)
        .map_err(|_| unexpected(node, ty, text))?;
    let mut slots = vec![None; fields.len()];
    for (name, node) in given {
        let Some(index) = fields.iter().position(|field| field.name == name) else {
            let known = listed(fields.iter().map(|field| field.name.as_str()));
            let name = shortened(name);
            let message = format!("unknown field {name}, expected one of {known}");
            return Err(error(node, message));
        };
        slots[index] = Some(value(node, &fields[index].ty, text)?);
    }
    let values = slots
        .into_iter()
        .zip(fields)
        .map(|(slot, field)| match (slot, &field.ty) {
            (Some(value), _) => Ok(value),
            (None, Type::Option(_)) => Ok(Value::Option(None)),
            (None, ty) => Err(error(node, format!("missing field {}: {ty}", field.name))),
        });
    Ok(Value::Record(values.collect::<Result<_, _>>()?))
}

fn variant(node: &Node, ty: &Type, cases: &[Case], text: &str) -> Result<Value, Error> {
    let (label, given) = node
        .as_variant(text)
        .map_err(|_| unexpected(node, ty, text))?;
    let Some(index) = cases.iter().position(|case| case.name == label) else {
        let known = listed(cases.iter().map(|case| case.name.as_str()));
        let message = format!("expected one of {known}, got {}", shortened(label));
        return Err(error(node, message));
    };
    let payload = self::payload(node, label, given, cases[index].ty.as_ref(), text)?;
    Ok(Value::Variant(index as u32, payload))
}

fn result(
    node: &Node,
    ty: &Type,
    ok: Option<&Type>,
    err: Option<&Type>,
    text: &str,
) -> Result<Value, Error> {
    Ok(Value::Result(match (node.ty(), ok) {
        (NodeType::ResultOk | NodeType::ResultErr, _) => match node.as_result()? {
            Ok(given) => Ok(payload(node, "ok", given, ok, text)?),
            Err(given) => Err(payload(node, "err", given, err, text)?),
        },
        (_, Some(ok)) if is_plain(ok) => Ok(Some(Box::new(value(node, ok, text)?))),
        _ => return Err(unexpected(node, ty, text)),
    }))
}

fn payload(
    node: &Node,
    case: &str,
    given: Option<&Node>,
    ty: Option<&Type>,
    text: &str,
) -> Result<Option<Box<Value>>, Error> {
    match (given, ty) {
        (Some(node), Some(ty)) => Ok(Some(Box::new(value(node, ty, text)?))),
        (None, None) => Ok(None),
        (None, Some(ty)) => Err(error(
            node,
            format!("`{case}` carries {ty}: write {case}(…)"),
        )),
        (Some(node), None) => Err(error(
            node,
            format!("`{case}` carries nothing: write {case}"),
        )),
    }
}

fn flags(node: &Node, ty: &Type, flags: &[String], text: &str) -> Result<Value, Error> {
    // The parser refuses a flag that is given twice, and gives them in the order of their names.
    let given = node
        .as_flags(text)
        .map_err(|_| unexpected(node, ty, text))?;
    let mut set = Vec::new();
    for label in given {
        let label = label.strip_prefix('%').unwrap_or(label);
        let index = flags.iter().position(|flag| flag == label);
        set.push(index.ok_or_else(|| {
            let known = listed(flags.iter().map(String::as_str));
            error(
                node,
                format!("expected some of {known}, got {}", shortened(label)),
            )
        })? as u32);
    }
    set.sort_unstable();
    Ok(Value::Flags(set))
}

/// Whether a value may stand for `some` or `ok` of itself, by the rules of WAVE.
fn is_plain(ty: &Type) -> bool {
    !matches!(ty, Type::Option(_) | Type::Result { .. })
}

fn same_length(node: &Node, expected: usize, got: usize) -> Result<(), Error> {
    match expected == got {
        true => Ok(()),
        false => {
            let expected = counted(expected, "element");
            Err(error(node, format!("expected {expected}, got {got}")))
        }
    }
}

/// Refuses a number that only became infinite because it is too large.
fn finite(is_infinite: bool, node: &Node, ty: &Type, text: &str) -> Result<(), Error> {
    let written = &text[node.span()];
    match is_infinite && !written.ends_with("inf") {
        true => {
            let written = shortened(written);
            Err(error(
                node,
                format!("expected {ty}, got {written}, which is too large for it"),
            ))
        }
        false => Ok(()),
    }
}

fn unexpected(node: &Node, ty: &Type, text: &str) -> Error {
    let written = &text[node.span()];
    let got = match node.ty() {
        NodeType::String | NodeType::MultilineString => match node.as_str(text) {
            Ok(text) => quoted(&text),
            Err(_) => shortened(written),
        },
        _ => shortened(written),
    };
    let ty = shortened(&ty.to_string());
    error(node, format!("expected {ty}, got {got}"))
}

fn error(node: &Node, message: String) -> Error {
    Error {
        column: 0,
        span: node.span(),
        message,
    }
}
