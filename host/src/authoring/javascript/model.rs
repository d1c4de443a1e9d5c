//! The functions and types of a world, in the shape in which the SDK's runtime reads them.
//!
//! A type is the name of a primitive, or a number: its place in a table of types, in which what is
//! used twice stands once.

use std::collections::HashMap;

use heck::ToLowerCamelCase;
use serde_json::{Value, json};
use wit_parser::{
    Function, FunctionKind, InterfaceId, Resolve, Type, TypeDefKind, TypeId, WorldId, WorldItem,
    WorldKey,
};

use super::super::Error;

/// A world, read for JavaScript.
pub struct World {
    /// The interfaces whose functions the author may call, but for those of Windlass itself.
    pub imports: Vec<Scope>,
    /// What the author implements.
    pub exports: Vec<Scope>,
    /// The table of types.
    pub types: Vec<Value>,
}

/// An interface, or the functions of the world itself.
pub struct Scope {
    /// `demo:hello/tasks@0.1.0`, or the world's own.
    pub id: String,
    /// The interface; none for the world's own functions.
    pub interface: Option<InterfaceId>,
    /// The name under which JavaScript knows it: `tasks`.
    pub name: String,
    /// Its functions.
    pub functions: Vec<Entry>,
}

/// A function.
pub struct Entry {
    /// As WIT has it.
    pub wit: Function,
    /// As JavaScript has it.
    pub name: String,
    /// For the runtime: `[name, key, parameters, result]`.
    pub described: Value,
}

/// Reads a world.
///
/// # Errors
///
/// If there is something in it that no JavaScript task can implement or call.
pub fn read(resolve: &Resolve, world: WorldId) -> Result<World, Error> {
    let mut table = Table {
        resolve,
        places: HashMap::new(),
        types: Vec::new(),
    };
    let world = &resolve.worlds[world];
    let imports = scopes(&mut table, world.package, &world.name, &world.imports)?;
    if let Some(own) = imports.iter().find(|scope| scope.interface.is_none()) {
        return Err(Error::refused(
            format!(
                "the world imports the function {}",
                own.functions[0].wit.name
            ),
            "put the function into an interface, and import that",
        ));
    }
    let exports = scopes(&mut table, world.package, &world.name, &world.exports)?;
    for (at, scope) in exports.iter().enumerate() {
        if let Some(other) = exports[..at].iter().find(|other| other.name == scope.name) {
            return Err(Error::refused(
                format!(
                    "{} and {} have the same name in JavaScript",
                    other.id, scope.id
                ),
                "give one of the interfaces another name",
            ));
        }
    }
    Ok(World {
        imports,
        exports,
        types: table.types,
    })
}

fn scopes<'a>(
    table: &mut Table,
    package: Option<wit_parser::PackageId>,
    world: &str,
    items: impl IntoIterator<Item = (&'a WorldKey, &'a WorldItem)>,
) -> Result<Vec<Scope>, Error> {
    let mut scopes = Vec::new();
    let mut own = Vec::new();
    for (key, item) in items {
        match item {
            WorldItem::Interface { id, .. } => {
                let full = table.resolve.name_world_key(key);
                if full.starts_with("windlass:host/") || full.starts_with("wasi:") {
                    continue;
                }
                let functions = &table.resolve.interfaces[*id].functions;
                scopes.push(Scope {
                    name: short(&full).to_lower_camel_case(),
                    interface: Some(*id),
                    functions: entries(table, functions.values())?,
                    id: full,
                });
            }
            WorldItem::Function(function) => own.push(function),
            WorldItem::Type { .. } => {}
        }
    }
    if !own.is_empty() {
        let id = match package {
            Some(package) => table.resolve.id_of_name(package, world),
            None => world.to_owned(),
        };
        scopes.push(Scope {
            id,
            interface: None,
            name: world.to_lower_camel_case(),
            functions: entries(table, own)?,
        });
    }
    Ok(scopes)
}

/// `tasks` of `demo:hello/tasks@0.1.0`.
fn short(id: &str) -> &str {
    let name = id.rsplit('/').next().unwrap_or(id);
    name.split('@').next().unwrap_or(name)
}

fn entries<'a>(
    table: &mut Table,
    functions: impl IntoIterator<Item = &'a Function>,
) -> Result<Vec<Entry>, Error> {
    let mut entries = Vec::new();
    for function in functions {
        match function.kind {
            FunctionKind::Freestanding => {}
            FunctionKind::AsyncFreestanding => {
                return Err(Error::refused(
                    format!("`{}` is an `async func`", function.name),
                    "write `func` in the WIT: a call from JavaScript waits for its end; workflows \
                     run many at once by name, with enqueueMany",
                ));
            }
            _ => continue,
        }
        let name = function.name.to_lower_camel_case();
        let params: Vec<_> = function
            .params
            .iter()
            .map(|param| json!([param.name.to_lower_camel_case(), table.add(&param.ty)]))
            .collect();
        let result = function.result.as_ref().map(|ty| table.add(ty));
        entries.push(Entry {
            described: json!([function.name, name, params, result]),
            wit: function.clone(),
            name,
        });
    }
    Ok(entries)
}

struct Table<'a> {
    resolve: &'a Resolve,
    places: HashMap<TypeId, usize>,
    types: Vec<Value>,
}

impl Table<'_> {
    fn add(&mut self, ty: &Type) -> Value {
        let name = match ty {
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
            Type::ErrorContext => "any",
            Type::Id(id) => return self.add_defined(*id),
        };
        json!(name)
    }

    fn add_defined(&mut self, id: TypeId) -> Value {
        if let TypeDefKind::Type(ty) = &self.resolve.types[id].kind {
            return self.add(ty);
        }
        if let Some(place) = self.places.get(&id) {
            return json!(place);
        }
        let described = self.describe(&self.resolve.types[id].kind);
        if described.is_string() {
            return described;
        }
        let place = self.types.len();
        self.types.push(described);
        self.places.insert(id, place);
        json!(place)
    }

    fn describe(&mut self, kind: &TypeDefKind) -> Value {
        match kind {
            TypeDefKind::Record(record) => {
                let fields: Vec<_> = record
                    .fields
                    .iter()
                    .map(|field| json!([field.name.to_lower_camel_case(), self.add(&field.ty)]))
                    .collect();
                json!({ "record": fields })
            }
            TypeDefKind::Variant(variant) => {
                let mut cases = Vec::new();
                for case in &variant.cases {
                    let payload = case.ty.as_ref().map(|ty| self.add(ty));
                    cases.push(json!([case.name, payload]));
                }
                json!({ "variant": cases })
            }
            TypeDefKind::Enum(all) => {
                let names: Vec<_> = all.cases.iter().map(|case| &case.name).collect();
                json!({ "enum": names })
            }
            TypeDefKind::Flags(flags) => {
                let names = flags
                    .flags
                    .iter()
                    .map(|flag| flag.name.to_lower_camel_case());
                json!({ "flags": names.collect::<Vec<_>>() })
            }
            TypeDefKind::Tuple(tuple) => {
                let types: Vec<_> = tuple.types.iter().map(|ty| self.add(ty)).collect();
                json!({ "tuple": types })
            }
            TypeDefKind::Option(inner) => {
                let name = if is_option(self.resolve, inner) {
                    "nested"
                } else {
                    "option"
                };
                json!({ name: self.add(inner) })
            }
            TypeDefKind::Result(result) => {
                let ok = result.ok.as_ref().map(|ty| self.add(ty));
                let err = result.err.as_ref().map(|ty| self.add(ty));
                json!({ "result": [ok, err] })
            }
            TypeDefKind::List(inner) | TypeDefKind::FixedLengthList(inner, _) => {
                json!({ "list": self.add(inner) })
            }
            _ => json!("any"),
        }
    }
}

/// Whether it is an option, whatever it is called.
pub fn is_option(resolve: &Resolve, ty: &Type) -> bool {
    let Type::Id(id) = ty else { return false };
    match &resolve.types[*id].kind {
        TypeDefKind::Option(_) => true,
        TypeDefKind::Type(ty) => is_option(resolve, ty),
        _ => false,
    }
}
