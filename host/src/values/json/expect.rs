//! What a type asks for, in the words of a mistake.

use super::super::Type;
use super::super::mistake::{listed, shortened};

/// What JSON for `ty` must be: the type, and how it is written where its name does not tell.
pub(in super::super) fn expected(ty: &Type) -> String {
    let name = shortened(&ty.to_string());
    match ty {
        _ if ty.keyword().is_some() => match ty {
            Type::Char => "char (one character as text)".into(),
            _ => name,
        },
        _ if ty.is_bytes() => format!("{name} (base64 text or an array of numbers)"),
        Type::List(_) => format!("{name} (an array)"),
        Type::FixedList(_, length) => format!("{name} (an array of {length})"),
        Type::Map(key, _) => match **key {
            Type::String => format!("{name} (an object)"),
            _ => format!("{name} (an array of pairs)"),
        },
        Type::Tuple(types) => format!("{name} (an array of {})", types.len()),
        Type::Record(record) => {
            let fields = listed(record.fields.iter().map(|field| field.name.as_str()));
            named(record.name.as_deref(), "record", "an object with", &fields)
        }
        Type::Variant(variant) => {
            let cases = listed(variant.cases.iter().map(|case| case.name.as_str()));
            named(variant.name.as_deref(), "variant", "one of", &cases)
        }
        Type::Enum(cases) => {
            let listed = listed(cases.cases.iter().map(String::as_str));
            named(cases.name.as_deref(), "enum", "one of", &listed)
        }
        Type::Flags(flags) => {
            let listed = listed(flags.flags.iter().map(String::as_str));
            named(flags.name.as_deref(), "flags", "an array of", &listed)
        }
        Type::Option(some) => match **some {
            Type::Option(_) => format!("{name} (null or {{\"some\": …}})"),
            _ => format!("{} or null", expected(some)),
        },
        Type::Result { .. } => format!("{name} ({{\"ok\": …}} or {{\"err\": …}})"),
        _ => name,
    }
}

fn named(name: Option<&str>, keyword: &str, how: &str, members: &str) -> String {
    let name = name.unwrap_or(keyword);
    format!("{} ({how} {members})", shortened(name))
}
