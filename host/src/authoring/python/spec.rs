//! What the world wants of the author's module, as the SDK reads it: the functions that it exports,
//! under their names in Python, with the shapes of what they return.

use heck::{ToSnakeCase, ToUpperCamelCase};
use serde::Serialize;
use serde_json::{Value, json};
use wit_parser::{
    Function, FunctionKind, Resolve, Type, TypeDef, TypeDefKind, WorldId, WorldItem, WorldKey,
};

use crate::authoring::Error;

/// The modules under which the SDK finds what it imports.
const HOST_MODULES: [(&str, &str); 2] = [
    ("windlass:host/task@", "host_task"),
    ("windlass:host/workflow@", "host_workflow"),
];

/// Words that Python keeps for itself: the bindings append `_`.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

/// A function; `_wanted.py` of the SDK has the same.
#[derive(Debug, PartialEq, Serialize)]
struct Wanted {
    protocol: String,
    interface: String,
    short: String,
    name: String,
    method: String,
    params: Vec<String>,
    is_async: bool,
    result: Value,
    error: Value,
}

/// The functions that the world exports, as JSON.
///
/// # Errors
///
/// If it exports what cannot be a task.
pub fn write(resolve: &Resolve, world: WorldId) -> Result<String, Error> {
    let mut wanted = Vec::new();
    for (key, item) in &resolve.worlds[world].exports {
        match item {
            WorldItem::Interface { id, .. } => {
                let short = match key {
                    WorldKey::Name(name) => name.clone(),
                    WorldKey::Interface(id) => {
                        let name = resolve.interfaces[*id].name.clone();
                        name.expect("an interface without a name has a key that is one")
                    }
                };
                let scope = Scope {
                    protocol: escape(short.to_upper_camel_case()),
                    interface: resolve.id_of(*id).unwrap_or_else(|| short.clone()),
                    short,
                };
                for function in resolve.interfaces[*id].functions.values() {
                    wanted.push(scope.function(resolve, function)?);
                }
            }
            WorldItem::Function(function) => {
                let scope = Scope {
                    protocol: "WitWorld".to_owned(),
                    interface: String::new(),
                    short: String::new(),
                };
                wanted.push(scope.function(resolve, function)?);
            }
            WorldItem::Type { .. } => {}
        }
    }
    Ok(serde_json::to_string(&wanted).expect("it is made of texts"))
}

/// The interfaces of Windlass that the world imports, each with its module.
pub fn host_modules(resolve: &Resolve, world: WorldId) -> Vec<(String, &'static str)> {
    let imports = resolve.worlds[world].imports.keys();
    let ids = imports.filter_map(|key| match key {
        WorldKey::Interface(id) => resolve.id_of(*id),
        WorldKey::Name(_) => None,
    });
    ids.filter_map(|id| {
        let (_, module) = HOST_MODULES.iter().find(|(own, _)| id.starts_with(own))?;
        Some((id, *module))
    })
    .collect()
}

/// Where a function is exported.
struct Scope {
    protocol: String,
    interface: String,
    short: String,
}

impl Scope {
    fn function(&self, resolve: &Resolve, function: &Function) -> Result<Wanted, Error> {
        let is_async = match function.kind {
            FunctionKind::Freestanding => false,
            FunctionKind::AsyncFreestanding => true,
            _ => {
                return Err(Error::refused(
                    format!("{}: {} belongs to a resource", self.short, function.name),
                    "a task takes and returns plain values: export functions only",
                ));
            }
        };
        let (result, error) = outcome(resolve, function.result.as_ref());
        Ok(Wanted {
            protocol: self.protocol.clone(),
            interface: self.interface.clone(),
            short: self.short.clone(),
            name: function.name.clone(),
            method: escape(function.name.to_snake_case()),
            params: {
                let params = function.params.iter();
                params
                    .map(|param| escape(param.name.to_snake_case()))
                    .collect()
            },
            is_async,
            result,
            error,
        })
    }
}

/// The shapes of what a function returns and of its error; null where it has none.
fn outcome(resolve: &Resolve, result: Option<&Type>) -> (Value, Value) {
    let Some(mut ty) = result else {
        return (json!("nothing"), Value::Null);
    };
    while let Type::Id(id) = ty {
        match &resolve.types[*id].kind {
            TypeDefKind::Type(alias) => ty = alias,
            TypeDefKind::Result(result) => {
                return (
                    payload(resolve, result.ok.as_ref()),
                    payload(resolve, result.err.as_ref()),
                );
            }
            _ => break,
        }
    }
    (shape(resolve, ty), Value::Null)
}

/// What `Ok` or `Err` holds.
fn payload(resolve: &Resolve, ty: Option<&Type>) -> Value {
    ty.map_or(json!("nothing"), |ty| shape(resolve, ty))
}

/// A type as `_shapes.py` of the SDK reads it; null for what it does not look at.
fn shape(resolve: &Resolve, ty: &Type) -> Value {
    let simple = match ty {
        Type::Bool => "bool",
        Type::U8 => "u8",
        Type::U16 => "u16",
        Type::U32 => "u32",
        Type::U64 => "u64",
        Type::S8 => "s8",
        Type::S16 => "s16",
        Type::S32 => "s32",
        Type::S64 => "s64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::Char => "char",
        Type::String => "string",
        Type::ErrorContext => return Value::Null,
        Type::Id(id) => return defined(resolve, &resolve.types[*id]),
    };
    json!(simple)
}

fn defined(resolve: &Resolve, def: &TypeDef) -> Value {
    let class = escape(
        def.name
            .as_deref()
            .unwrap_or_default()
            .to_upper_camel_case(),
    );
    match &def.kind {
        TypeDefKind::Type(ty) => shape(resolve, ty),
        // As bytes are, and numbers from -128 to 127 as well.
        TypeDefKind::List(Type::U8 | Type::S8) => json!("bytes"),
        TypeDefKind::List(item) => json!(["list", shape(resolve, item)]),
        TypeDefKind::Option(inner) => json!(["option", shape(resolve, inner)]),
        TypeDefKind::Tuple(tuple) => {
            let parts: Vec<_> = tuple.types.iter().map(|ty| shape(resolve, ty)).collect();
            json!(["tuple", parts])
        }
        TypeDefKind::Result(result) => {
            let of = |ty: Option<&Type>| ty.map(|ty| shape(resolve, ty));
            json!(["result", of(result.ok.as_ref()), of(result.err.as_ref())])
        }
        TypeDefKind::Record(record) => {
            let fields = record.fields.iter().map(|field| {
                json!([
                    escape(field.name.to_snake_case()),
                    shape(resolve, &field.ty)
                ])
            });
            json!(["record", class, fields.collect::<Vec<_>>()])
        }
        TypeDefKind::Variant(variant) => {
            let cases = variant.cases.iter().map(|case| {
                let name = escape(case.name.to_upper_camel_case());
                let ty = case.ty.as_ref().map(|ty| shape(resolve, ty));
                json!([format!("{class}_{name}"), ty])
            });
            json!(["variant", class, cases.collect::<Vec<_>>()])
        }
        TypeDefKind::Enum(_) => json!(["enum", class]),
        TypeDefKind::Flags(_) => json!(["flags", class]),
        _ => Value::Null,
    }
}

/// A name that Python takes.
fn escape(name: String) -> String {
    match KEYWORDS.contains(&&*name) {
        true => name + "_",
        false => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(wit: &str) -> Result<Value, Error> {
        let mut resolve = Resolve::default();
        let package = resolve.push_str("test.wit", wit).unwrap();
        let world = resolve.select_world(&[package], None).unwrap();
        write(&resolve, world).map(|text| serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn a_function_has_the_names_that_the_bindings_give_it() {
        let wit = "package a:b@0.1.0; interface some-tasks { add-up: func(class: u8, b-c: list<u8>) \
                   -> result<option<char>, string>; } world w { export some-tasks; }";

        let wanted = wanted(wit).unwrap();

        let expected = json!([{
            "protocol": "SomeTasks", "interface": "a:b/some-tasks@0.1.0", "short": "some-tasks",
            "name": "add-up", "method": "add_up", "params": ["class_", "b_c"], "is_async": false,
            "result": ["option", "char"], "error": "string",
        }]);
        assert_eq!(wanted, expected);
    }

    #[test]
    fn the_shape_of_a_type_has_all_its_parts() {
        let wit = "package a:b; world w { export f: func() -> shape; export g: func(); \
                   type shape = kind; enum color { red } record point { x: s8, in: color } \
                   variant kind { dot(point), light-blue, many(list<tuple<f32, result<_, u8>>>) } }";

        let wanted = wanted(wit).unwrap();

        let point = json!(["record", "Point", [["x", "s8"], ["in_", ["enum", "Color"]]]]);
        let many = json!(["list", ["tuple", ["f32", ["result", null, "u8"]]]]);
        let cases = json!([
            ["Kind_Dot", point],
            ["Kind_LightBlue", null],
            ["Kind_Many", many]
        ]);
        assert_eq!(wanted[0]["result"], json!(["variant", "Kind", cases]));
        assert_eq!(wanted[0]["error"], Value::Null);
        assert_eq!(wanted[1]["result"], "nothing");
        assert_eq!(wanted[1]["protocol"], "WitWorld");
    }

    #[test]
    fn a_resource_is_refused_by_name() {
        let wit = "package a:b; interface i { resource file { size: func() -> u64; } } \
                   world w { export i; }";

        let error = wanted(wit).unwrap_err().to_string();

        assert!(
            error.contains("[method]file.size belongs to a resource"),
            "{error}"
        );
    }
}
