//! `<windlass/world.h>`: the component's types and functions as an author of C sees them.

use std::fmt::Write as _;

use heck::{ToShoutySnakeCase, ToSnakeCase};
use wit_bindgen_c::to_c_ident;
use wit_parser::{Function, Result_, TypeDefKind};

use super::world::{Interface, World};

/// The header.
pub fn header(world: &World) -> String {
    let mut text = "/* Made by `windlass build` from the WIT: what the component exports, which you \
                    write, and what it\n * imports, which you call. */\n#ifndef WINDLASS_WORLD_H\n\
                    #define WINDLASS_WORLD_H\n\n#include <windlass.h>\n\n#include \"../bindings.h\"\n\n\
                    #ifdef __cplusplus\nextern \"C\" {\n#endif\n"
        .to_owned();
    for interface in world.interfaces.iter().filter(|of| !of.of_contract) {
        names(&mut text, world, interface);
        for function in &interface.functions {
            text.push('\n');
            docs(&mut text, "", function.docs.contents.as_deref());
            let _ = writeln!(text, "{};", prototype(world, interface, function));
        }
    }
    text.push_str("\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
    text
}

/// The author's names of an interface's types and of their cases.
fn names(text: &mut String, world: &World, interface: &Interface) {
    if interface.raw == interface.name {
        return;
    }
    text.push('\n');
    for id in &interface.types {
        let ty = wit_parser::Type::Id(*id);
        let (raw, called) = (world.raw(&ty), world.called(&ty));
        let definition = &world.resolve.types[*id];
        if matches!(definition.kind, TypeDefKind::Resource) || raw == called {
            continue;
        }
        let _ = writeln!(text, "typedef {raw} {called};");
        let cases: Vec<&String> = match &definition.kind {
            TypeDefKind::Enum(of) => of.cases.iter().map(|case| &case.name).collect(),
            TypeDefKind::Variant(of) => of.cases.iter().map(|case| &case.name).collect(),
            TypeDefKind::Flags(of) => of.flags.iter().map(|flag| &flag.name).collect(),
            _ => Vec::new(),
        };
        let shout = |name: &str| name.trim_end_matches("_t").to_shouty_snake_case();
        for case in cases {
            let case = case.to_shouty_snake_case();
            let _ = writeln!(
                text,
                "#define {}_{case} {}_{case}",
                shout(&called),
                shout(&raw)
            );
        }
    }
}

/// A comment, if there is one.
pub fn docs(text: &mut String, indent: &str, docs: Option<&str>) {
    for line in docs.unwrap_or_default().trim().lines() {
        let _ = writeln!(text, "{indent}// {}", line.trim());
    }
}

/// A function as its author writes it.
pub fn prototype(world: &World, interface: &Interface, function: &Function) -> String {
    let mut parts: Vec<String> = Vec::new();
    for param in &function.params {
        let called = world.called(&param.ty);
        let name = to_c_ident(&param.name);
        let constant = !world.is_value(&param.ty);
        parts.push(if constant {
            format!("const {called} *{name}")
        } else {
            format!("{called} {name}")
        });
    }
    let returned = match (as_result(world, function), &function.result) {
        (Some(result), _) => {
            for (ty, name) in [(&result.ok, "ok"), (&result.err, "error")] {
                if let Some(ty) = ty {
                    let name = free_name(function, name);
                    parts.push(format!("{} *{name}", world.called(ty)));
                }
            }
            "bool".to_owned()
        }
        (None, Some(ty)) => world.called(ty),
        (None, None) => "void".to_owned(),
    };
    let parts = match parts.is_empty() {
        true => "void".to_owned(),
        false => parts.join(", "),
    };
    format!("{returned} {}({parts})", interface.function(function))
}

/// A name for a result that no parameter has.
fn free_name(function: &Function, name: &str) -> String {
    let is_taken = |param: &wit_parser::Param| param.name.to_snake_case() == name;
    if function.params.iter().any(is_taken) {
        format!("{name}_of_result")
    } else {
        name.to_owned()
    }
}

/// The result of a function that can fail.
pub fn as_result<'a>(world: &World<'a>, function: &Function) -> Option<&'a Result_> {
    match world.kind(function.result.as_ref()?) {
        Some(TypeDefKind::Result(result)) => Some(result),
        _ => None,
    }
}
