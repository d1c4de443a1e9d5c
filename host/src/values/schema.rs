//! JSON Schema (2020-12) of what a task takes and gives, for forms, editors and language models.
//!
//! It describes the JSON of `json`. What a schema cannot say (no key twice, one character counted
//! as Unicode does) is left to the check at enqueue.

use serde_json::{Map, Value as Json, json};

use super::types::{Function, Type};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

impl Function {
    /// The schema of the arguments as an object by name.
    pub fn arguments_schema(&self) -> Json {
        let params = self.params.iter().map(|param| (&param.name, &param.ty));
        let mut schema = object(params);
        schema.insert("$schema".into(), DIALECT.into());
        Json::Object(schema)
    }

    /// The schema of the value that a handle gives: of a `result<T, E>` that of the T.
    pub fn value_schema(&self) -> Json {
        let mut schema = match self.value_type() {
            Some(ty) => ty.schema(),
            None => json!({"type": "null"}),
        };
        schema["$schema"] = DIALECT.into();
        schema
    }
}

impl Type {
    /// The schema of the type's JSON.
    pub fn schema(&self) -> Json {
        match self {
            Self::Bool => json!({"type": "boolean"}),
            Self::S8 => integer(i8::MIN.into(), i8::MAX as u64),
            Self::U8 => integer(0, u8::MAX.into()),
            Self::S16 => integer(i16::MIN.into(), i16::MAX as u64),
            Self::U16 => integer(0, u16::MAX.into()),
            Self::S32 => integer(i32::MIN.into(), i32::MAX as u64),
            Self::U32 => integer(0, u32::MAX.into()),
            Self::S64 => long(integer(i64::MIN, i64::MAX as u64), "^-?[0-9]+$"),
            Self::U64 => long(integer(0, u64::MAX), "^[0-9]+$"),
            Self::F32 | Self::F64 => {
                json!({"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]})
            }
            Self::Char => json!({"type": "string", "minLength": 1, "maxLength": 1}),
            Self::String => json!({"type": "string"}),
            Self::List(_) if self.is_bytes() => json!({"anyOf": [
                {"type": "string", "contentEncoding": "base64"},
                {"type": "array", "items": Self::U8.schema()},
            ]}),
            Self::List(element) => json!({"type": "array", "items": element.schema()}),
            Self::FixedList(element, length) => json!({
                "type": "array",
                "items": element.schema(),
                "minItems": length,
                "maxItems": length,
            }),
            Self::Map(key, value) => match **key {
                Self::String => json!({"type": "object", "additionalProperties": value.schema()}),
                _ => json!({"type": "array", "items": tuple([&**key, &**value].into_iter())}),
            },
            Self::Record(record) => {
                let fields = record.fields.iter().map(|field| (&field.name, &field.ty));
                titled(Json::Object(object(fields)), record.name.as_deref())
            }
            Self::Tuple(types) => tuple(types.iter()),
            Self::Variant(variant) => {
                let bare = variant.cases.iter().filter(|case| case.ty.is_none());
                let bare = bare
                    .map(|case| Json::from(case.name.as_str()))
                    .collect::<Vec<_>>();
                let mut cases = match bare.is_empty() {
                    true => Vec::new(),
                    false => vec![json!({ "enum": bare })],
                };
                cases.extend(variant.cases.iter().filter_map(|case| {
                    let payload = case.ty.as_ref()?.schema();
                    Some(entry(&case.name, payload))
                }));
                titled(json!({ "oneOf": cases }), variant.name.as_deref())
            }
            Self::Enum(cases) => titled(json!({"enum": cases.cases}), cases.name.as_deref()),
            Self::Option(some) => match **some {
                Self::Option(_) => {
                    json!({"anyOf": [entry("some", some.schema()), {"type": "null"}]})
                }
                _ => json!({"anyOf": [some.schema(), {"type": "null"}]}),
            },
            Self::Result { ok, err } => {
                let payload = |ty: &Option<Box<Self>>| match ty {
                    Some(ty) => ty.schema(),
                    None => json!({"type": "null"}),
                };
                json!({"oneOf": [entry("ok", payload(ok)), entry("err", payload(err))]})
            }
            Self::Flags(flags) => {
                let items = json!({"enum": flags.flags});
                let schema = json!({"type": "array", "items": items, "uniqueItems": true});
                titled(schema, flags.name.as_deref())
            }
        }
    }
}

fn integer(minimum: i64, maximum: u64) -> Json {
    json!({"type": "integer", "minimum": minimum, "maximum": maximum})
}

fn long(number: Json, pattern: &str) -> Json {
    json!({"anyOf": [number, {"type": "string", "pattern": pattern}]})
}

fn object<'a>(members: impl Iterator<Item = (&'a String, &'a Type)>) -> Map<String, Json> {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, ty) in members {
        properties.insert(name.clone(), ty.schema());
        if !matches!(ty, Type::Option(_)) {
            required.push(Json::from(name.as_str()));
        }
    }
    let mut object = Map::new();
    object.insert("type".into(), "object".into());
    object.insert("properties".into(), properties.into());
    object.insert("required".into(), required.into());
    object.insert("additionalProperties".into(), false.into());
    object
}

fn tuple<'a>(types: impl ExactSizeIterator<Item = &'a Type>) -> Json {
    let length = types.len();
    let items = types.map(Type::schema).collect::<Vec<_>>();
    json!({"type": "array", "prefixItems": items, "minItems": length, "maxItems": length})
}

fn entry(name: &str, payload: Json) -> Json {
    json!({
        "type": "object",
        "properties": {name: payload},
        "required": [name],
        "additionalProperties": false,
    })
}

fn titled(mut schema: Json, name: Option<&str>) -> Json {
    if let Some(name) = name {
        schema["title"] = name.into();
    }
    schema
}
