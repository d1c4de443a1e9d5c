//! What the things of a WIT are called in Go: packages, functions, types.

use std::collections::{BTreeMap, HashMap, HashSet};

use heck::{ToSnakeCase, ToUpperCamelCase};
use wit_parser::{
    Function, InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner, WorldId, WorldItem,
    WorldKey,
};

use super::words::{digits, package};
use super::written::Returned;

/// The module of what is generated.
pub const MODULE: &str = "windlass.dev/gen";
/// The module of the SDK.
pub const SDK: &str = "windlass.dev/guest";

/// What holds types and functions: an interface, or the world itself.
pub type Owner = Option<InterfaceId>;

/// The names of one world.
pub struct Names<'a> {
    /// The WIT.
    pub resolve: &'a Resolve,
    /// The world.
    pub world: WorldId,
    /// What it imports, in order; what belongs to Windlass and WASI is left to the SDK.
    pub imports: Vec<Owner>,
    /// What it exports, in order.
    pub exports: Vec<Owner>,
    keys: HashMap<InterfaceId, WorldKey>,
    /// Types that functions return as their errors.
    errors: HashSet<TypeId>,
}

impl<'a> Names<'a> {
    /// Those of this world.
    pub fn new(resolve: &'a Resolve, world: WorldId) -> Self {
        let mut names = Self {
            resolve,
            world,
            imports: Vec::new(),
            exports: Vec::new(),
            keys: HashMap::new(),
            errors: HashSet::new(),
        };
        let items = &resolve.worlds[world];
        for (key, item) in items.imports.iter().chain(&items.exports) {
            if let WorldItem::Interface { id, .. } = item {
                names.keys.insert(*id, key.clone());
            }
        }
        let mut imports = owners(items.imports.iter());
        imports.retain(|owner| !names.is_of_host(*owner));
        names.imports = imports;
        names.exports = owners(items.exports.iter());
        names.errors = names.find_errors();
        names
    }

    /// The functions of an owner, as the world imports or exports them.
    pub fn functions(&self, owner: Owner, exported: bool) -> Vec<&'a Function> {
        let resolve = self.resolve;
        if let Some(id) = owner {
            return resolve.interfaces[id].functions.values().collect();
        }
        let world = &resolve.worlds[self.world];
        let items = if exported {
            &world.exports
        } else {
            &world.imports
        };
        let function = |item: &'a WorldItem| match item {
            WorldItem::Function(function) => Some(function),
            _ => None,
        };
        items.values().filter_map(function).collect()
    }

    /// The types of an owner.
    pub fn types(&self, owner: Owner) -> Vec<(&'a str, TypeId)> {
        let resolve = self.resolve;
        if let Some(id) = owner {
            let types = resolve.interfaces[id].types.iter();
            return types.map(|(name, id)| (name.as_str(), *id)).collect();
        }
        let items = resolve.worlds[self.world].imports.iter();
        let of_world = items.filter_map(|(key, item)| match (key, item) {
            (WorldKey::Name(name), WorldItem::Type { id, .. }) => Some((name.as_str(), *id)),
            _ => None,
        });
        of_world.collect()
    }

    /// As people call it: `demo:hello/tasks`.
    pub fn title(&self, owner: Owner) -> String {
        match owner.and_then(|id| self.keys.get(&id)) {
            Some(key) => self.resolve.name_world_key(key),
            None => format!("world {}", self.resolve.worlds[self.world].name),
        }
    }

    /// The path of the author's package within the module: `tasks`, `demo/hello/tasks`.
    pub fn path(&self, owner: Owner) -> String {
        let key = owner.map(|id| (id, self.keys.get(&id)));
        match key {
            None => "world".to_owned(),
            Some((_, Some(WorldKey::Name(name)))) => package(name),
            Some((id, _)) => {
                let interface = &self.resolve.interfaces[id];
                let name = package(interface.name.as_deref().unwrap_or("interface"));
                if interface.package == self.resolve.worlds[self.world].package {
                    return name;
                }
                let Some(id) = interface.package else {
                    return name;
                };
                let of = &self.resolve.packages[id].name;
                let version = match &of.version {
                    Some(version) if self.has_other_versions(id) => {
                        format!("/v{}", digits(&version.to_string()))
                    }
                    _ => String::new(),
                };
                format!(
                    "{}/{}{version}/{name}",
                    package(&of.namespace),
                    package(&of.name)
                )
            }
        }
    }

    /// The name of the author's package.
    pub fn package(&self, owner: Owner) -> String {
        let path = self.path(owner);
        path.rsplit('/').next().unwrap_or(&path).to_owned()
    }

    /// The name of the package in the bindings; as `wit-bindgen` makes it.
    pub fn bindings(&self, owner: Owner) -> String {
        match owner.map(|id| (id, self.keys.get(&id))) {
            None => "wit_world".to_owned(),
            Some((_, Some(WorldKey::Name(name)))) => name.to_snake_case(),
            Some((id, _)) => {
                let interface = &self.resolve.interfaces[id];
                let name = interface
                    .name
                    .as_deref()
                    .unwrap_or_default()
                    .to_snake_case();
                let Some(id) = interface.package else {
                    return name;
                };
                let of = &self.resolve.packages[id].name;
                let version = match &of.version {
                    Some(version) if self.has_other_versions(id) => {
                        format!("{}_", digits(&version.to_string()))
                    }
                    _ => String::new(),
                };
                let (namespace, package) = (of.namespace.to_snake_case(), of.name.to_snake_case());
                format!("{namespace}_{package}_{version}{name}")
            }
        }
    }

    /// The name of a function of the author's. Where two exported interfaces have a function of one
    /// name, that of the interface stands before it.
    pub fn function(&self, owner: Owner, function: &Function) -> String {
        let name = function.name.to_upper_camel_case();
        let has_it = |other: &&Owner| {
            let functions = self.functions(**other, true);
            functions.iter().any(|other| other.name == function.name)
        };
        if self.exports.iter().filter(has_it).count() > 1 {
            return format!("{}{name}", self.package(owner).to_upper_camel_case());
        }
        name
    }

    /// A type without the names that stand for it.
    pub fn dealias(&self, ty: Type) -> Type {
        match ty {
            Type::Id(id) => match &self.resolve.types[id].kind {
                TypeDefKind::Type(ty) => self.dealias(*ty),
                _ => ty,
            },
            _ => ty,
        }
    }

    /// Where a type that has a name of its own is defined.
    pub fn owner(&self, id: TypeId) -> Owner {
        match self.resolve.types[id].owner {
            TypeOwner::Interface(id) => Some(id),
            TypeOwner::World(_) | TypeOwner::None => None,
        }
    }

    /// Whether a type is declared in Go, and so can have methods.
    pub fn is_declared(&self, id: TypeId) -> bool {
        matches!(
            self.resolve.types[id].kind,
            TypeDefKind::Record(_)
                | TypeDefKind::Variant(_)
                | TypeDefKind::Enum(_)
                | TypeDefKind::Flags(_)
        )
    }

    /// Whether a type implements `error`, since functions return it as their error.
    pub fn is_error(&self, id: TypeId) -> bool {
        self.errors.contains(&id)
    }

    /// The name of a declared type.
    pub fn declared(&self, id: TypeId) -> String {
        let name = self.resolve.types[id].name.as_deref();
        name.unwrap_or_default().to_upper_camel_case()
    }

    fn find_errors(&self) -> HashSet<TypeId> {
        let mut errors = HashSet::new();
        let imported = self.imports.iter().map(|owner| (*owner, false));
        let exported = self.exports.iter().map(|owner| (*owner, true));
        for (owner, exported) in imported.chain(exported) {
            for function in self.functions(owner, exported) {
                if let Returned::Result(_, Some(err)) = self.returned(function)
                    && let Type::Id(id) = self.dealias(err)
                    && self.can_be_error(id)
                {
                    errors.insert(id);
                }
            }
        }
        errors
    }

    /// A record with a field `error` has no room for the method of that name.
    fn can_be_error(&self, id: TypeId) -> bool {
        match &self.resolve.types[id].kind {
            TypeDefKind::Record(record) => !record.fields.iter().any(|field| field.name == "error"),
            TypeDefKind::Variant(_) | TypeDefKind::Enum(_) => true,
            _ => false,
        }
    }

    fn is_of_host(&self, owner: Owner) -> bool {
        let package = owner.and_then(|id| self.resolve.interfaces[id].package);
        package.is_some_and(|package| {
            let name = &self.resolve.packages[package].name;
            name.namespace == "wasi" || (name.namespace == "windlass" && name.name == "host")
        })
    }

    fn has_other_versions(&self, package: wit_parser::PackageId) -> bool {
        let name = &self.resolve.packages[package].name;
        self.resolve.packages.iter().any(|(_, other)| {
            let other = &other.name;
            (&other.namespace, &other.name) == (&name.namespace, &name.name)
                && other.version != name.version
        })
    }
}

fn owners<'a>(items: impl Iterator<Item = (&'a WorldKey, &'a WorldItem)>) -> Vec<Owner> {
    let mut seen = BTreeMap::new();
    for (place, (_, item)) in items.enumerate() {
        let owner = match item {
            WorldItem::Interface { id, .. } => Some(*id),
            WorldItem::Function(_) | WorldItem::Type { .. } => None,
        };
        if !seen.values().any(|other| *other == owner) {
            seen.insert(place, owner);
        }
    }
    seen.into_values().collect()
}
