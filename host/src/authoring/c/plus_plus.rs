//! `<windlass/world.hpp>`: the component's types and functions as an author of C++ sees them.

use std::fmt::Write as _;

use heck::ToUpperCamelCase;
use wit_bindgen_c::to_c_ident;
use wit_parser::{Function, Type, TypeDefKind, TypeId};

use super::header::docs;
use super::world::{Interface, World};

/// The header.
pub fn header(world: &World) -> String {
    let mut text =
        "// Made by `windlass build` from the WIT: what the component exports, which you \
                    write, and what it\n// imports, which you call.\n#pragma once\n\n\
                    #include <windlass.hpp>\n"
            .to_owned();
    for interface in world.interfaces.iter().filter(|of| !of.of_contract) {
        if interface.types.is_empty() && interface.functions.is_empty() {
            continue;
        }
        let _ = write!(text, "\nnamespace {} {{\n", interface.name);
        for id in &interface.types {
            define(&mut text, world, *id);
        }
        for function in &interface.functions {
            text.push('\n');
            docs(&mut text, "", function.docs.contents.as_deref());
            let name = to_c_ident(&function.name);
            let _ = writeln!(text, "{};", signature(world, &name, function));
        }
        let _ = writeln!(text, "\n}}  // namespace {}", interface.name);
    }
    text
}

/// The name of a function with its namespace.
pub fn path(interface: &Interface, function: &Function) -> String {
    format!("{}::{}", interface.name, to_c_ident(&function.name))
}

/// A function as its author writes it.
pub fn prototype(world: &World, interface: &Interface, function: &Function) -> String {
    signature(world, &path(interface, function), function)
}

fn signature(world: &World, name: &str, function: &Function) -> String {
    let params = function.params.iter().map(|param| {
        let name = to_c_ident(&param.name);
        format!("{} {name}", parameter(world, &param.ty))
    });
    let params: Vec<_> = params.collect();
    let returned = match &function.result {
        Some(ty) => called(world, ty),
        None => "void".to_owned(),
    };
    format!("{returned} {name}({})", params.join(", "))
}

/// How a parameter is passed: what lies in the call's memory is looked at there.
pub fn parameter(world: &World, ty: &Type) -> String {
    if let Some(element) = span_of(world, ty) {
        return format!("std::span<const {}>", called(world, &element));
    }
    match world.plain(ty) {
        Type::String => "std::string_view".to_owned(),
        _ if world.is_value(ty) => called(world, ty),
        _ => format!("const {} &", called(world, ty)),
    }
}

/// The element of a list that is the same in C.
pub fn span_of(world: &World, ty: &Type) -> Option<Type> {
    let Some(TypeDefKind::List(element)) = world.kind(ty) else {
        return None;
    };
    match world.plain(element) {
        Type::Bool | Type::Char | Type::String | Type::Id(_) | Type::ErrorContext => None,
        number => Some(number),
    }
}

/// Whether a type has a name of its own in C++; all others are written as what they are.
pub fn is_own(world: &World, id: TypeId) -> bool {
    matches!(
        world.resolve.types[id].kind,
        TypeDefKind::Record(_)
            | TypeDefKind::Variant(_)
            | TypeDefKind::Enum(_)
            | TypeDefKind::Flags(_)
    )
}

/// A type as C++ writes it, with the namespace of its interface.
pub fn called(world: &World, ty: &Type) -> String {
    let plain = world.plain(ty);
    let Type::Id(id) = plain else {
        return match plain {
            Type::Char => "char32_t".to_owned(),
            Type::String => "std::string".to_owned(),
            other => world.raw(&other),
        };
    };
    let or_void = |ty: &Option<Type>, none: &str| match ty {
        Some(ty) => called(world, ty),
        None => none.to_owned(),
    };
    match &world.resolve.types[id].kind {
        TypeDefKind::List(ty) => format!("std::vector<{}>", called(world, ty)),
        TypeDefKind::Option(ty) => format!("std::optional<{}>", called(world, ty)),
        TypeDefKind::Tuple(tuple) => {
            let parts: Vec<_> = tuple.types.iter().map(|ty| called(world, ty)).collect();
            format!("std::tuple<{}>", parts.join(", "))
        }
        TypeDefKind::Result(result) => format!(
            "windlass::result<{}, {}>",
            or_void(&result.ok, "void"),
            or_void(&result.err, "std::monostate")
        ),
        _ => {
            let is_home = |of: &&Interface| of.types.contains(&id);
            let home = world.interfaces.iter().find(is_home);
            let space = home.map_or("windlass", |of| of.name.as_str());
            let name = world.resolve.types[id].name.as_deref().unwrap_or_default();
            format!("{space}::{}", name.to_upper_camel_case())
        }
    }
}

/// The struct of a case of a variant, seen from its namespace.
pub fn case_name(variant: &str, case: &str) -> String {
    variant.to_upper_camel_case() + &case.to_upper_camel_case()
}

fn define(text: &mut String, world: &World, id: TypeId) {
    let definition = &world.resolve.types[id];
    let Some(name) = &definition.name else {
        return;
    };
    let pascal = name.to_upper_camel_case();
    let equal = |name: &str| format!("  bool operator==(const {name} &) const = default;\n}};\n");
    text.push('\n');
    let about = definition.docs.contents.as_deref();
    match &definition.kind {
        TypeDefKind::Record(record) => {
            docs(text, "", about);
            let _ = writeln!(text, "struct {pascal} {{");
            for field in &record.fields {
                docs(text, "  ", field.docs.contents.as_deref());
                let field_name = to_c_ident(&field.name);
                let _ = writeln!(text, "  {} {field_name}{{}};", called(world, &field.ty));
            }
            text.push_str(&equal(&pascal));
        }
        TypeDefKind::Flags(flags) => {
            docs(text, "", about);
            let _ = writeln!(text, "struct {pascal} {{");
            for flag in &flags.flags {
                docs(text, "  ", flag.docs.contents.as_deref());
                let _ = writeln!(text, "  bool {} = false;", to_c_ident(&flag.name));
            }
            text.push_str(&equal(&pascal));
        }
        TypeDefKind::Enum(of) => {
            docs(text, "", about);
            let cases = of.cases.iter().map(|case| to_c_ident(&case.name));
            let cases: Vec<_> = cases.collect();
            let _ = writeln!(text, "enum class {pascal} {{ {} }};", cases.join(", "));
        }
        TypeDefKind::Variant(variant) => {
            let mut cases = Vec::new();
            for case in &variant.cases {
                let case_name = case_name(name, &case.name);
                docs(text, "", case.docs.contents.as_deref());
                let _ = writeln!(text, "struct {case_name} {{");
                if let Some(ty) = &case.ty {
                    let _ = writeln!(text, "  {} value{{}};", called(world, ty));
                }
                text.push_str(&equal(&case_name));
                cases.push(case_name);
            }
            docs(text, "", about);
            let _ = writeln!(text, "using {pascal} = std::variant<{}>;", cases.join(", "));
        }
        TypeDefKind::Type(other)
            if !matches!(
                world.kind(other),
                Some(TypeDefKind::Resource | TypeDefKind::Handle(_))
            ) =>
        {
            let _ = writeln!(text, "using {pascal} = {};", called(world, other));
        }
        TypeDefKind::List(_)
        | TypeDefKind::Option(_)
        | TypeDefKind::Tuple(_)
        | TypeDefKind::Result(_) => {
            docs(text, "", about);
            let _ = writeln!(text, "using {pascal} = {};", called(world, &Type::Id(id)));
        }
        _ => {}
    }
}
