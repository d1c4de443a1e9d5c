//! From the description of a component to what a generator needs.
//!
//! Types are a tree in a description, where a type that is used twice stands twice. Here each is
//! defined once: types of one name and the same structure are one, types of one name and another
//! structure get their interface's name, or a number, so that both can stand in one file.

use std::collections::HashMap;

use super::comments::{Comments, TypeComments};
use super::names::Scope;
use super::{Case, Definition, Interface, Label, Member, Named, Shape, Source, Stubs, Task};
use crate::registry::describe::Task as Described;
use crate::values::Type;

/// What a generator needs of a component. `reserved` are names in Pascal case that no type may have.
pub fn stubs(source: &Source, reserved: &[&str]) -> Stubs {
    let mut scope = Scope::without(reserved);
    let ident = scope.take(&[&source.component, &format!("{}-tasks", source.component)]);
    // The classes that a language may have beside it.
    scope.take(&[&format!("async-{ident}")]);
    scope.take(&[&format!("{ident}-calls")]);
    let mut builder = Builder {
        comments: Comments::of(&source.wit),
        scope,
        types: Vec::new(),
        known: HashMap::new(),
    };
    let mut interfaces: Vec<Interface> = Vec::new();
    let mut methods = Scope::default();
    for described in &source.tasks {
        let task = builder.task(source, described, &mut methods);
        match interfaces
            .iter_mut()
            .find(|one| one.name == described.interface)
        {
            Some(interface) => interface.tasks.push(task),
            None => interfaces.push(Interface {
                docs: described
                    .interface
                    .as_ref()
                    .and_then(|name| builder.comments.interface(name)),
                name: described.interface.clone(),
                tasks: vec![task],
            }),
        }
    }
    Stubs {
        component: source.component.clone(),
        ident,
        version: source.version.clone(),
        digest: source.digest.clone(),
        interfaces,
        types: builder.types,
    }
}

struct Builder {
    comments: Comments,
    scope: Scope,
    types: Vec<Named>,
    known: HashMap<Type, usize>,
}

/// Where a type was met, for those that have no name or clash.
#[derive(Clone, Copy)]
struct Place<'a> {
    interface: Option<&'a str>,
    /// What a type without a name is called here.
    name: &'a str,
}

impl Builder {
    fn task(&mut self, source: &Source, described: &Described, methods: &mut Scope) -> Task {
        let interface = described.interface.as_deref();
        let same = |one: &&Described| one.name == described.name;
        let prefixed = format!("{}-{}", short(interface), described.name);
        let ident = match source.tasks.iter().filter(same).count() {
            1 => methods.take(&[&described.name, &prefixed]),
            _ => methods.take(&[&prefixed]),
        };
        let mut scope = Scope::default();
        let function = &described.function;
        let mut params = Vec::new();
        for param in &function.params {
            let name = format!("{ident}-{}", param.name);
            let place = Place {
                interface,
                name: &name,
            };
            params.push(Member {
                wit: param.name.clone(),
                ident: scope.take(&[&param.name]),
                docs: None,
                shape: self.shape(&param.ty, place),
            });
        }
        let result = format!("{ident}-result");
        let mut part = |ty: &Option<Box<Type>>| {
            let place = Place {
                interface,
                name: &result,
            };
            ty.as_deref().map(|ty| self.shape(ty, place))
        };
        let (ok, err, is_fallible) = match &function.result {
            Some(Type::Result { ok, err }) => (part(ok), part(err), true),
            Some(ty) => (part(&Some(Box::new(ty.clone()))), None, false),
            None => (None, None, false),
        };
        Task {
            wit: described.name.clone(),
            ident,
            called: called(source, described),
            docs: match &described.docs {
                Some(docs) => Some(docs.clone()),
                None => self.comments.function(interface, &described.name),
            },
            params,
            ok,
            err,
            is_fallible,
            is_workflow: described.workflow,
        }
    }

    fn shape(&mut self, ty: &Type, place: Place<'_>) -> Shape {
        let mut boxed = |ty: &Type| Box::new(self.shape(ty, place));
        match ty {
            Type::Bool => Shape::Bool,
            Type::S8 => Shape::S8,
            Type::U8 => Shape::U8,
            Type::S16 => Shape::S16,
            Type::U16 => Shape::U16,
            Type::S32 => Shape::S32,
            Type::U32 => Shape::U32,
            Type::S64 => Shape::S64,
            Type::U64 => Shape::U64,
            Type::F32 => Shape::F32,
            Type::F64 => Shape::F64,
            Type::Char => Shape::Char,
            Type::String => Shape::String,
            Type::List(_) if ty.is_bytes() => Shape::Bytes,
            Type::List(element) => Shape::List(boxed(element)),
            Type::FixedList(element, length) => Shape::FixedList(boxed(element), *length),
            Type::Map(key, value) => Shape::Map(boxed(key), boxed(value)),
            Type::Tuple(elements) => {
                let elements = elements.iter().map(|ty| self.shape(ty, place));
                Shape::Tuple(elements.collect())
            }
            Type::Option(some) => Shape::Option(boxed(some)),
            Type::Result { ok, err } => Shape::Result {
                ok: ok.as_deref().map(&mut boxed),
                err: err.as_deref().map(&mut boxed),
            },
            Type::Record(_) | Type::Variant(_) | Type::Enum(_) | Type::Flags(_) => {
                Shape::Named(self.named(ty, place))
            }
        }
    }

    /// The index of a type with members, which is added if it is new.
    fn named(&mut self, ty: &Type, place: Place<'_>) -> usize {
        if let Some(index) = self.known.get(ty) {
            return *index;
        }
        let (name, members) = name_and_members(ty);
        let wit = name.unwrap_or(place.name).to_owned();
        let comments = self.comments.of_type(&wit, &members, place.interface);
        let home = comments.and_then(|comments| comments.interface.clone());
        let docs = comments.and_then(|comments| comments.docs.clone());
        let written = Written::of(&members, comments);
        let home = home.or_else(|| place.interface.map(str::to_owned));
        // What it uses comes first.
        let shapes: Vec<Option<Shape>> = payloads(ty)
            .into_iter()
            .map(|ty| ty.map(|ty| self.shape(ty, place)))
            .collect();
        let prefixed = format!("{}-{wit}", short(home.as_deref()));
        let ident = self.scope.take(&[&wit, &prefixed]);
        let definition = self.definition(ty, &ident, shapes, written);
        self.types.push(Named {
            wit,
            ident,
            interface: home,
            docs,
            definition,
        });
        let index = self.types.len() - 1;
        self.known.insert(ty.clone(), index);
        index
    }

    fn definition(
        &mut self,
        ty: &Type,
        ident: &str,
        shapes: Vec<Option<Shape>>,
        written: Written,
    ) -> Definition {
        let mut scope = Scope::default();
        let members = written.0.into_iter().map(|(wit, docs)| {
            let ident = scope.take(&[&wit]);
            Label { wit, ident, docs }
        });
        match ty {
            Type::Variant(_) => Definition::Variant(
                members
                    .zip(shapes)
                    .map(|(label, shape)| Case {
                        full: self.scope.take(&[&format!("{ident}-{}", label.ident)]),
                        wit: label.wit,
                        ident: label.ident,
                        docs: label.docs,
                        shape,
                    })
                    .collect(),
            ),
            Type::Enum(_) => Definition::Enum(members.collect()),
            Type::Flags(_) => Definition::Flags(members.collect()),
            _ => Definition::Record(
                members
                    .zip(shapes)
                    .filter_map(|(label, shape)| {
                        Some(Member {
                            wit: label.wit,
                            ident: label.ident,
                            docs: label.docs,
                            shape: shape?,
                        })
                    })
                    .collect(),
            ),
        }
    }
}

/// The members of a type, with what was written about each.
struct Written(Vec<(String, Option<String>)>);

impl Written {
    fn of(members: &[&str], comments: Option<&TypeComments>) -> Self {
        let docs = |name: &str| comments.and_then(|comments| comments.member(name));
        let members = members.iter();
        Self(
            members
                .map(|name| ((*name).to_owned(), docs(name)))
                .collect(),
        )
    }
}

fn name_and_members(ty: &Type) -> (Option<&str>, Vec<&str>) {
    match ty {
        Type::Record(record) => {
            let fields = record.fields.iter();
            let names = fields.map(|field| field.name.as_str()).collect();
            (record.name.as_deref(), names)
        }
        Type::Variant(variant) => {
            let cases = variant.cases.iter();
            let names = cases.map(|case| case.name.as_str()).collect();
            (variant.name.as_deref(), names)
        }
        Type::Enum(cases) => {
            let names = cases.cases.iter().map(String::as_str).collect();
            (cases.name.as_deref(), names)
        }
        Type::Flags(flags) => {
            let names = flags.flags.iter().map(String::as_str).collect();
            (flags.name.as_deref(), names)
        }
        _ => (None, Vec::new()),
    }
}

/// What the members carry, in order.
fn payloads(ty: &Type) -> Vec<Option<&Type>> {
    match ty {
        Type::Record(record) => record.fields.iter().map(|field| Some(&field.ty)).collect(),
        Type::Variant(variant) => variant.cases.iter().map(|case| case.ty.as_ref()).collect(),
        _ => Vec::new(),
    }
}

/// `tasks` of `demo:images/tasks@0.1.0`; `world` of the functions that stand in no interface.
fn short(interface: Option<&str>) -> &str {
    let Some(interface) = interface else {
        return "world";
    };
    let path = interface
        .split_once('@')
        .map_or(interface, |(path, _)| path);
    path.rsplit_once('/').map_or(path, |(_, short)| short)
}

/// How the host is told which task: without the interface's version where that is enough, so that
/// stubs outlive a compatible change.
fn called(source: &Source, task: &Described) -> String {
    let path = |task: &Described| {
        let interface = task.interface.as_deref()?;
        let path = interface
            .split_once('@')
            .map_or(interface, |(path, _)| path);
        Some(format!("{path}#{}", task.name))
    };
    let full = task.full_name();
    let function = match path(task) {
        Some(short)
            if source
                .tasks
                .iter()
                .filter(|one| path(one).as_ref() == Some(&short))
                .count()
                == 1 =>
        {
            short
        }
        _ => full,
    };
    match source.pinned {
        true => format!("{}@{}/{function}", source.component, source.version),
        false => format!("{}/{function}", source.component),
    }
}
