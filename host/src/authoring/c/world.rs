//! The interfaces of a world, and what their types and functions are called in C.
//!
//! wit-bindgen's names begin with `exports_` or `import_`; an author's are the same without that:
//! `exports_tasks_summary_t` is `tasks_summary_t`. Of interfaces that a component exports the author's
//! name is the interface's own, of those that it imports the package's and the interface's.

use std::collections::{BTreeSet, HashMap};

use heck::ToSnakeCase;
use wit_bindgen_c::{CTypeNameInfo, gen_type_name, to_c_ident};
use wit_parser::{
    Function, FunctionKind, Interface as Definition, LiveTypes, Resolve, Type, TypeDefKind, TypeId,
    WorldId, WorldItem, WorldKey,
};

/// What wit-bindgen is to call the world, so that strings are `windlass_string_t` everywhere.
pub const WORLD: &str = "windlass";
/// The package of the contract, whose functions the SDK offers by hand.
const CONTRACT: &str = "windlass:host/";

/// An interface, or the functions of the world itself.
pub struct Interface<'a> {
    /// As the WIT calls it: `local:letters/tasks@0.1.0`.
    pub full: String,
    /// What begins wit-bindgen's names: `exports_tasks`.
    pub raw: String,
    /// What begins an author's names: `tasks`.
    pub name: String,
    /// Whether it is imported.
    pub imported: bool,
    /// Whether it belongs to the contract.
    pub of_contract: bool,
    /// Its functions that can be called and written as ordinary ones.
    pub functions: Vec<&'a Function>,
    /// Its types, those first of which others are made.
    pub types: Vec<TypeId>,
}

/// The world as C sees it.
pub struct World<'a> {
    /// The WIT.
    pub resolve: &'a Resolve,
    /// What is imported, then what is exported.
    pub interfaces: Vec<Interface<'a>>,
    names: HashMap<TypeId, String>,
}

/// What wit-bindgen is to call the interfaces, by their names in the WIT.
pub fn renamed(resolve: &Resolve, world: WorldId) -> Vec<(String, String)> {
    let world = &resolve.worlds[world];
    let mut taken = BTreeSet::new();
    let mut renamed = Vec::new();
    let imports = world.imports.iter().map(|item| (true, item));
    let exports = world.exports.iter().map(|item| (false, item));
    for (imported, (key, item)) in imports.chain(exports) {
        let WorldItem::Interface { id, .. } = item else {
            continue;
        };
        let full = resolve.name_world_key(key);
        if renamed.iter().any(|(there, _)| *there == full) {
            continue;
        }
        let definition = &resolve.interfaces[*id];
        let candidates = names_of(resolve, key, definition);
        let candidates = if imported {
            &candidates[1..]
        } else {
            &candidates[..]
        };
        let free = candidates.iter().find(|name| taken.insert((*name).clone()));
        let name = free.expect("the last candidate is the full name").clone();
        let of_contract = full.starts_with(CONTRACT);
        let named_here = matches!(key, WorldKey::Name(_));
        renamed.push(match (imported, named_here) {
            (true, _) if of_contract => (full, format!("{WORLD}_{name}")),
            (true, _) => (full, format!("import_{name}")),
            (false, true) => (full, format!("exports_{name}")),
            _ => (full, name),
        });
    }
    renamed
}

/// Names for an interface, the shortest first.
fn names_of(resolve: &Resolve, key: &WorldKey, definition: &Definition) -> Vec<String> {
    let own = match (key, &definition.name) {
        (WorldKey::Name(name), _) | (WorldKey::Interface(_), Some(name)) => name.to_snake_case(),
        (WorldKey::Interface(_), None) => WORLD.to_owned(),
    };
    let full = resolve.name_world_key(key).to_snake_case();
    let Some(package) = definition.package.map(|id| &resolve.packages[id].name) else {
        return vec![own.clone(), format!("{own}_"), full];
    };
    let space = package.namespace.to_snake_case();
    let package = package.name.to_snake_case();
    // `std` and `windlass` are namespaces of others in C++, the rest are words of C.
    let is_free = !["std", WORLD].contains(&own.as_str()) && to_c_ident(&own) == own;
    let first = if is_free {
        own.clone()
    } else {
        format!("{package}_{own}")
    };
    vec![
        first,
        format!("{package}_{own}"),
        format!("{space}_{package}_{own}"),
        full,
    ]
}

impl<'a> World<'a> {
    /// The world of a WIT for which wit-bindgen has made its bindings.
    pub fn new(resolve: &'a Resolve, id: WorldId) -> Self {
        let mut world = Self {
            resolve,
            interfaces: Vec::new(),
            names: HashMap::new(),
        };
        let renamed: HashMap<_, _> = renamed(resolve, id).into_iter().collect();
        let definition = &resolve.worlds[id];
        for (items, imported) in [(&definition.imports, true), (&definition.exports, false)] {
            let mut own = Vec::new();
            for (key, item) in items {
                match item {
                    WorldItem::Interface { id, .. } => {
                        let name = &renamed[&resolve.name_world_key(key)];
                        let raw = match key {
                            WorldKey::Interface(_) if !imported => format!("exports_{name}"),
                            _ => name.clone(),
                        };
                        let full = resolve.name_world_key(key);
                        let functions = resolve.interfaces[*id].functions.values().collect();
                        let mut live = LiveTypes::default();
                        live.add_interface(resolve, *id);
                        world.add(full, raw, imported, functions, live);
                    }
                    WorldItem::Function(function) => own.push(function),
                    WorldItem::Type { id, .. } => {
                        let mut live = LiveTypes::default();
                        live.add_type_id(resolve, *id);
                        world.add(String::new(), WORLD.to_owned(), true, Vec::new(), live);
                    }
                }
            }
            if !own.is_empty() {
                let mut live = LiveTypes::default();
                for function in &own {
                    live.add_func(resolve, function);
                }
                let raw = if imported { WORLD } else { "exports_windlass" };
                world.add(definition.name.clone(), raw.to_owned(), imported, own, live);
            }
        }
        world
    }

    fn add(
        &mut self,
        full: String,
        raw: String,
        imported: bool,
        functions: Vec<&'a Function>,
        live: LiveTypes,
    ) {
        let mut types = Vec::new();
        // Types of the world itself are called after it, whether functions come in or go out.
        let space = raw.strip_prefix("exports_").filter(|rest| *rest == WORLD);
        let space = space.unwrap_or(&raw);
        for id in live.iter() {
            if !self.names.contains_key(&id) {
                let (info, encoded) = gen_type_name(self.resolve, id);
                let shared = matches!(info, CTypeNameInfo::Anonymous { is_prim: true });
                let space = if shared { WORLD } else { space };
                self.names.insert(id, format!("{space}_{encoded}_t"));
                if !shared {
                    types.push(id);
                }
            }
        }
        let plain = |function: &&Function| {
            let parts = function.params.iter().map(|param| &param.ty);
            matches!(function.kind, FunctionKind::Freestanding)
                && parts.chain(&function.result).all(|ty| self.is_data(ty))
        };
        let name = match raw.strip_prefix("exports_") {
            Some(rest) => rest.strip_prefix("import_").unwrap_or(rest),
            None => raw.strip_prefix("import_").unwrap_or(&raw),
        };
        self.interfaces.push(Interface {
            name: name.to_owned(),
            imported,
            of_contract: full.starts_with(CONTRACT),
            functions: functions.into_iter().filter(plain).collect(),
            types,
            full,
            raw,
        });
    }

    /// Whether an interface of this name is imported.
    pub fn imports(&self, full: &str) -> bool {
        let is_it = |interface: &Interface| interface.imported && interface.full == full;
        self.interfaces.iter().any(is_it)
    }

    /// Whether the bindings define a type.
    pub fn knows(&self, id: TypeId) -> bool {
        self.names.contains_key(&id)
    }

    /// What wit-bindgen calls a type.
    pub fn raw(&self, ty: &Type) -> String {
        match ty {
            Type::Bool => "bool",
            Type::U8 => "uint8_t",
            Type::U16 => "uint16_t",
            Type::U32 | Type::Char => "uint32_t",
            Type::U64 => "uint64_t",
            Type::S8 => "int8_t",
            Type::S16 => "int16_t",
            Type::S32 => "int32_t",
            Type::S64 => "int64_t",
            Type::F32 => "float",
            Type::F64 => "double",
            Type::String => "windlass_string_t",
            Type::ErrorContext => "error_context",
            Type::Id(id) => return self.names[id].clone(),
        }
        .to_owned()
    }

    /// What an author calls a type.
    pub fn called(&self, ty: &Type) -> String {
        let raw = self.raw(ty);
        for interface in &self.interfaces {
            if let Some(rest) = raw.strip_prefix(&interface.raw)
                && rest.starts_with('_')
                && matches!(ty, Type::Id(id) if interface.types.contains(id))
            {
                return format!("{}{rest}", interface.name);
            }
        }
        raw
    }

    /// The type behind its other names.
    pub fn plain(&self, ty: &Type) -> Type {
        match ty {
            Type::Id(id) => match &self.resolve.types[*id].kind {
                TypeDefKind::Type(other) => self.plain(other),
                _ => *ty,
            },
            _ => *ty,
        }
    }

    /// What a type is made of; none if it is a simple one.
    pub fn kind(&self, ty: &Type) -> Option<&'a TypeDefKind> {
        match self.plain(ty) {
            Type::Id(id) => Some(&self.resolve.types[id].kind),
            _ => None,
        }
    }

    /// Whether C passes it as a value.
    pub fn is_value(&self, ty: &Type) -> bool {
        matches!(
            self.kind(ty),
            None | Some(TypeDefKind::Enum(_) | TypeDefKind::Flags(_))
        )
    }

    /// Whether it holds nothing that lives elsewhere.
    fn is_data(&self, ty: &Type) -> bool {
        let all = |types: &[&Type]| types.iter().all(|ty| self.is_data(ty));
        match self.kind(ty) {
            None | Some(TypeDefKind::Enum(_) | TypeDefKind::Flags(_)) => true,
            Some(TypeDefKind::Record(record)) => record.fields.iter().all(|f| self.is_data(&f.ty)),
            Some(TypeDefKind::Tuple(tuple)) => tuple.types.iter().all(|ty| self.is_data(ty)),
            Some(TypeDefKind::Variant(variant)) => {
                let mut payloads = variant.cases.iter().filter_map(|case| case.ty.as_ref());
                payloads.all(|ty| self.is_data(ty))
            }
            Some(TypeDefKind::Option(ty) | TypeDefKind::List(ty)) => all(&[ty]),
            Some(TypeDefKind::Result(result)) => {
                all(&result.ok.iter().chain(&result.err).collect::<Vec<_>>())
            }
            Some(_) => false,
        }
    }
}

impl Interface<'_> {
    /// What an author calls a function.
    pub fn function(&self, function: &Function) -> String {
        format!("{}_{}", self.name, function.name.to_snake_case())
    }

    /// What wit-bindgen calls a function.
    pub fn raw_function(&self, function: &Function) -> String {
        format!("{}_{}", self.raw, function.name.to_snake_case())
    }
}
