//! What the author of a component wrote about its interfaces, functions and types.
//!
//! It stands in WIT text: in that of a project, or in what is stored with a component whose tools
//! kept it. The text is parsed without being resolved, since other packages are left out of it. One
//! that does not parse has no comments: stubs without them are as good to call.

use std::collections::HashMap;

use wit_parser::{
    Docs, TypeDefKind, TypeOwner, UnresolvedPackage, UnresolvedPackageGroup, WorldItem,
};

/// The comments of a component's WIT.
#[derive(Debug, Default)]
pub(super) struct Comments {
    interfaces: HashMap<String, String>,
    /// By interface, which the world has none of, and name.
    functions: HashMap<(Option<String>, String), String>,
    types: Vec<TypeComments>,
}

/// The comments of one type.
#[derive(Debug, Default)]
pub(super) struct TypeComments {
    name: String,
    /// The interface that defines it.
    pub interface: Option<String>,
    /// About the type.
    pub docs: Option<String>,
    /// About its fields, cases or flags: each by name, in order.
    pub members: Vec<(String, Option<String>)>,
}

impl Comments {
    /// The comments in this text.
    pub fn of(wit: &str) -> Self {
        let mut comments = Self::default();
        if let Ok(group) = UnresolvedPackageGroup::parse("component.wit", wit) {
            for package in std::iter::once(&group.main).chain(&group.nested) {
                comments.collect(package);
            }
        }
        comments
    }

    /// About an interface, by its name with version.
    pub fn interface(&self, name: &str) -> Option<String> {
        self.interfaces.get(name).cloned()
    }

    /// About a function of an interface, or of the world.
    pub fn function(&self, interface: Option<&str>, name: &str) -> Option<String> {
        let key = (interface.map(str::to_owned), name.to_owned());
        self.functions.get(&key).cloned()
    }

    /// About the type of this name and with these members, rather of this interface than another's:
    /// interfaces may have different types of one name.
    pub fn of_type(
        &self,
        name: &str,
        members: &[&str],
        interface: Option<&str>,
    ) -> Option<&TypeComments> {
        let is_it = |one: &&TypeComments| {
            let names = one.members.iter().map(|(name, _)| name.as_str());
            one.name == name && names.eq(members.iter().copied())
        };
        let mut found = self.types.iter().filter(is_it);
        let first = found.next()?;
        let is_at_home = |one: &&TypeComments| one.interface.as_deref() == interface;
        match is_at_home(&first) {
            true => Some(first),
            false => found.find(is_at_home).or(Some(first)),
        }
    }

    fn learn(&mut self, interface: Option<&str>, name: &str, docs: &Docs) {
        if let Some(docs) = text(docs) {
            let key = (interface.map(str::to_owned), name.to_owned());
            self.functions.insert(key, docs);
        }
    }

    fn collect(&mut self, package: &UnresolvedPackage) {
        for (_, interface) in package.interfaces.iter() {
            let Some(name) = &interface.name else {
                continue;
            };
            let id = package.name.interface_id(name);
            for (name, function) in &interface.functions {
                self.learn(Some(&id), name, &function.docs);
            }
            if let Some(docs) = text(&interface.docs) {
                self.interfaces.insert(id, docs);
            }
        }
        for (_, world) in package.worlds.iter() {
            for item in world.exports.values() {
                if let WorldItem::Function(function) = item {
                    self.learn(None, &function.name, &function.docs);
                }
            }
        }
        for (_, ty) in package.types.iter() {
            let Some(name) = &ty.name else { continue };
            let Some(members) = members(&ty.kind) else {
                continue;
            };
            let interface = match ty.owner {
                TypeOwner::Interface(id) => package.interfaces[id].name.as_ref(),
                _ => None,
            };
            self.types.push(TypeComments {
                name: name.clone(),
                interface: interface.map(|name| package.name.interface_id(name)),
                docs: text(&ty.docs),
                members,
            });
        }
    }
}

impl TypeComments {
    /// About the member of this name.
    pub fn member(&self, name: &str) -> Option<String> {
        let mut members = self.members.iter();
        members.find(|(member, _)| member == name)?.1.clone()
    }
}

/// The members of a type with a name of its own; none for an alias, which stands for another.
fn members(kind: &TypeDefKind) -> Option<Vec<(String, Option<String>)>> {
    let member = |name: &String, docs: &Docs| (name.clone(), text(docs));
    Some(match kind {
        TypeDefKind::Record(record) => {
            let fields = record.fields.iter();
            fields.map(|one| member(&one.name, &one.docs)).collect()
        }
        TypeDefKind::Variant(variant) => {
            let cases = variant.cases.iter();
            cases.map(|one| member(&one.name, &one.docs)).collect()
        }
        TypeDefKind::Enum(cases) => {
            let cases = cases.cases.iter();
            cases.map(|one| member(&one.name, &one.docs)).collect()
        }
        TypeDefKind::Flags(flags) => {
            let flags = flags.flags.iter();
            flags.map(|one| member(&one.name, &one.docs)).collect()
        }
        _ => return None,
    })
}

fn text(docs: &Docs) -> Option<String> {
    let text = docs.contents.as_ref()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
