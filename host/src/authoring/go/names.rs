//! What the things of a WIT are called in Go, and how its types are written there.
//!
//! A type stands twice: in the package that the author imports, as Go is written, and in the
//! bindings, as `wit-bindgen` has it. `glue` brings the ones to the others.

use std::collections::{BTreeMap, HashMap, HashSet};

use heck::{ToLowerCamelCase, ToSnakeCase, ToUpperCamelCase};
use wit_parser::{
    Function, InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner, WorldId, WorldItem,
    WorldKey,
};

use super::source::Source;

/// The module of what is generated.
pub const MODULE: &str = "windlass.dev/gen";
/// The module of the SDK.
pub const SDK: &str = "windlass.dev/guest";

/// What holds types and functions: an interface, or the world itself.
pub type Owner = Option<InterfaceId>;

/// Whose Go is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The author's.
    Author,
    /// That of `wit-bindgen`.
    Bindings,
}

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

    /// A type as it is written in a file, which imports what that takes.
    pub fn write(&self, ty: Type, side: Side, source: &mut Source) -> String {
        let ty = match self.dealias(ty) {
            Type::Id(id) => id,
            plain => return primitive(plain).to_owned(),
        };
        let (author, wit) = (side == Side::Author, "wit");
        let of = |source: &mut Source, name: &str, types: &[Type]| {
            let types: Vec<_> = types
                .iter()
                .map(|ty| self.write(*ty, side, source))
                .collect();
            let package = if author { source.sdk() } else { source.wit() };
            format!("{package}.{name}[{}]", types.join(", "))
        };
        match &self.resolve.types[ty].kind {
            TypeDefKind::List(of) => format!("[]{}", self.write(*of, side, source)),
            TypeDefKind::Option(of) if author => format!("*{}", self.write(*of, side, source)),
            TypeDefKind::Option(some) => of(source, "Option", &[*some]),
            TypeDefKind::Tuple(tuple) => {
                of(source, &format!("Tuple{}", tuple.types.len()), &tuple.types)
            }
            TypeDefKind::Result(result) => {
                let package = if author { source.sdk() } else { source.wit() };
                let mut part = |ty: Option<Type>| match ty {
                    Some(ty) => self.write(ty, side, source),
                    None if author => "struct{}".to_owned(),
                    None => format!("{wit}.Unit"),
                };
                let (ok, err) = (part(result.ok), part(result.err));
                format!("{package}.Result[{ok}, {err}]")
            }
            _ => {
                let package = self.import(self.owner(ty), side, source);
                format!("{package}{}", self.declared(ty))
            }
        }
    }

    /// Imports the package of an owner into a file, and returns what stands before its names there.
    pub fn import(&self, owner: Owner, side: Side, source: &mut Source) -> String {
        if side == Side::Author && source.here == Some(owner) {
            return String::new();
        }
        let bindings = self.bindings(owner);
        match side {
            // In the files that authors read, as they would write it.
            Side::Author if source.here.is_some() => {
                let alias = bindings.replace('_', "");
                source.import(&alias, &format!("{MODULE}/{}", self.path(owner)));
                format!("{alias}.")
            }
            Side::Author => {
                source.import(
                    &format!("t_{bindings}"),
                    &format!("{MODULE}/{}", self.path(owner)),
                );
                format!("t_{bindings}.")
            }
            Side::Bindings => {
                source.import(
                    &format!("b_{bindings}"),
                    &format!("{MODULE}/bindings/{bindings}"),
                );
                format!("b_{bindings}.")
            }
        }
    }

    /// What a function takes, and its results, as the author writes them.
    pub fn signature(&self, function: &Function, source: &mut Source) -> String {
        let params = self.params(function, Side::Author, source);
        let results = self.author_results(function, source);
        let results = match results.len() {
            0 => String::new(),
            1 => format!(" {}", results[0]),
            _ => format!(" ({})", results.join(", ")),
        };
        format!("({params}){results}")
    }

    /// The parameters with their types.
    pub fn params(&self, function: &Function, side: Side, source: &mut Source) -> String {
        let params = function.params.iter().map(|param| {
            let ty = self.write(param.ty, side, source);
            format!("{} {ty}", param_name(&param.name))
        });
        params.collect::<Vec<_>>().join(", ")
    }

    /// A `result` is a value and an `error`, a tuple several values.
    fn author_results(&self, function: &Function, source: &mut Source) -> Vec<String> {
        let write = |ty, source: &mut Source| self.write(ty, Side::Author, source);
        match self.returned(function) {
            Returned::Nothing => Vec::new(),
            Returned::Result(ok, _) => {
                let ok = ok.map(|ty| write(ty, source));
                ok.into_iter().chain(["error".to_owned()]).collect()
            }
            Returned::Tuple(types) => types.iter().map(|ty| write(*ty, source)).collect(),
            Returned::Value(ty) => vec![write(ty, source)],
        }
    }

    /// What a function returns.
    pub fn returned(&self, function: &Function) -> Returned {
        let Some(ty) = function.result else {
            return Returned::Nothing;
        };
        if let Type::Id(id) = self.dealias(ty) {
            match &self.resolve.types[id].kind {
                TypeDefKind::Result(result) => return Returned::Result(result.ok, result.err),
                // By its name it is a tuple for wit-bindgen, too.
                TypeDefKind::Tuple(tuple) if ty == Type::Id(id) => {
                    return Returned::Tuple(tuple.types.clone());
                }
                _ => {}
            }
        }
        Returned::Value(ty)
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

/// What a function returns.
pub enum Returned {
    /// Nothing.
    Nothing,
    /// A `result`.
    Result(Option<Type>, Option<Type>),
    /// A tuple.
    Tuple(Vec<Type>),
    /// Anything else.
    Value(Type),
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

fn primitive(ty: Type) -> &'static str {
    match ty {
        Type::Bool => "bool",
        Type::U8 => "uint8",
        Type::U16 => "uint16",
        Type::U32 => "uint32",
        Type::U64 => "uint64",
        Type::S8 => "int8",
        Type::S16 => "int16",
        Type::S32 => "int32",
        Type::S64 => "int64",
        Type::F32 => "float32",
        Type::F64 => "float64",
        Type::Char => "rune",
        Type::String => "string",
        Type::ErrorContext | Type::Id(_) => unreachable!("refused before, or no primitive"),
    }
}

/// A parameter's name; what means something else in generated code gets an underscore.
pub fn param_name(name: &str) -> String {
    let name = name.to_lower_camel_case();
    if is_taken(&name) || matches!(&*name, "author" | "value" | "err" | "glue" | "wit") {
        return format!("{name}_");
    }
    name
}

/// The name of a package: lower case, in one word.
fn package(name: &str) -> String {
    let name = name.replace('-', "");
    let is_ours = [
        "bindings",
        "check",
        "component",
        "glue",
        "internal",
        "vendor",
        "world",
    ];
    if is_taken(&name) || name == "main" || ours_has(&is_ours, &name) {
        return format!("{name}_");
    }
    name
}

fn ours_has(ours: &[&str], name: &str) -> bool {
    ours.contains(&name)
}

fn digits(version: &str) -> String {
    version.replace(['.', '-', '+'], "_")
}

/// Go's keywords, and the types' names that generated code needs.
fn is_taken(name: &str) -> bool {
    const WORDS: [&str; 48] = [
        "break",
        "case",
        "chan",
        "const",
        "continue",
        "default",
        "defer",
        "else",
        "fallthrough",
        "for",
        "func",
        "go",
        "goto",
        "if",
        "import",
        "interface",
        "map",
        "package",
        "range",
        "return",
        "select",
        "struct",
        "switch",
        "type",
        "var",
        "bool",
        "string",
        "error",
        "rune",
        "any",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "int8",
        "int16",
        "int32",
        "int64",
        "float32",
        "float64",
        "true",
        "false",
        "nil",
        "panic",
        "windlass",
        "errors",
        "len",
        "make",
    ];
    WORDS.contains(&name)
}
