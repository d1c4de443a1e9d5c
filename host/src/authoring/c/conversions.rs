//! What lies between `<windlass/world.hpp>` and the functions of C.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use wit_bindgen_c::to_c_ident;
use wit_parser::{Function, Param, Type, TypeDefKind, TypeId};

use super::header::{as_result, prototype as prototype_in_c};
use super::plus_plus::{called, case_name, is_own, prototype, span_of};
use super::world::{Interface, World};

/// The C++ file.
pub fn conversions(world: &World) -> String {
    let mut text = "// Between <windlass/world.hpp> and <windlass/world.h>.\n#include \
                    <windlass/world.h>\n\n#include <windlass/world.hpp>\n\n\
                    #include <windlass/convert.hpp>\n\nnamespace windlass::convert {\n"
        .to_owned();
    let mut made = BTreeSet::new();
    let interfaces = || world.interfaces.iter().filter(|of| !of.of_contract);
    let all = world.interfaces.iter().flat_map(|of| &of.types);
    for id in all.copied().chain(shared(world)) {
        let name = called(world, &Type::Id(id));
        let is_tuple = matches!(world.resolve.types[id].kind, TypeDefKind::Tuple(_));
        if (is_own(world, id) || is_tuple) && !of_contract(world, id) && made.insert(name.clone()) {
            convert(&mut text, world, id, &name);
        }
    }
    text.push_str("\n}  // namespace windlass::convert\n");
    for interface in interfaces() {
        for function in &interface.functions {
            if interface.imported {
                import(&mut text, world, interface, function);
            } else {
                export(&mut text, world, interface, function);
            }
        }
    }
    text
}

/// Tuples of simple types, which belong to no interface.
fn shared(world: &World) -> impl Iterator<Item = TypeId> {
    let is_tuple =
        |ty: &wit_parser::TypeDef| ty.name.is_none() && matches!(&ty.kind, TypeDefKind::Tuple(_));
    let types = world.resolve.types.iter();
    let tuples = types.filter(move |(_, ty)| is_tuple(ty)).map(|(id, _)| id);
    let known = tuples.filter(|id| world.knows(*id));
    known.collect::<Vec<_>>().into_iter()
}

fn of_contract(world: &World, id: TypeId) -> bool {
    let is_home = |of: &&Interface| of.types.contains(&id);
    let home = world.interfaces.iter().find(is_home);
    home.is_some_and(|of| of.of_contract)
}

fn convert(text: &mut String, world: &World, id: TypeId, name: &str) {
    let definition = &world.resolve.types[id];
    let (mut take, mut give) = (String::new(), String::new());
    let mut both = |c: &str, cpp: &str| {
        let _ = writeln!(
            take,
            "    convert::take(from.{c}, {});",
            cpp.replace("@", "to")
        );
        let _ = writeln!(
            give,
            "    convert::give({}, to.{c});",
            cpp.replace("@", "from")
        );
    };
    match &definition.kind {
        TypeDefKind::Record(record) => {
            for field in &record.fields {
                let field = to_c_ident(&field.name);
                both(&field, &format!("@.{field}"));
            }
        }
        TypeDefKind::Tuple(tuple) => {
            for index in 0..tuple.types.len() {
                both(&format!("f{index}"), &format!("std::get<{index}>(@)"));
            }
        }
        TypeDefKind::Flags(flags) => {
            for (index, flag) in flags.flags.iter().enumerate() {
                let flag = to_c_ident(&flag.name);
                let _ = writeln!(take, "    to.{flag} = (from >> {index} & 1) != 0;");
                let _ = writeln!(
                    give,
                    "    to = static_cast<C>(to | static_cast<C>(from.{flag}) << {index});"
                );
            }
        }
        TypeDefKind::Variant(variant) => {
            let space = name.rsplit_once("::").map_or("", |(space, _)| space);
            let own = definition.name.as_deref().unwrap_or_default();
            take.push_str("    switch (from.tag) {\n");
            give.push_str("    to.tag = static_cast<decltype(to.tag)>(from.index());\n");
            give.push_str("    switch (from.index()) {\n");
            for (index, case) in variant.cases.iter().enumerate() {
                let case_name = format!("{space}::{}", case_name(own, &case.name));
                let _ = writeln!(
                    take,
                    "      case {index}: to.template emplace<{case_name}>();"
                );
                if case.ty.is_some() {
                    let field = to_c_ident(&case.name);
                    let _ = writeln!(
                        take,
                        "        convert::take(from.val.{field}, std::get<{case_name}>(to).value);"
                    );
                    let _ = writeln!(
                        give,
                        "      case {index}: convert::give(std::get<{case_name}>(from).value, \
                         to.val.{field}); break;"
                    );
                }
                take.push_str("        break;\n");
            }
            take.push_str("    }\n");
            give.push_str("      default: break;\n    }\n");
        }
        // Simple in both.
        _ => return,
    }
    let _ = write!(
        text,
        "\ntemplate <>\nstruct Of<{name}> {{\n  template <class C>\n  static void take(const C \
         &from, {name} &to) {{\n{take}  }}\n  template <class C>\n  static void give(const {name} \
         &from, C &to) {{\n{give}  }}\n}};\n"
    );
}

/// The argument of a C++ function, from what C was given.
fn taken(world: &World, param: &Param) -> String {
    let name = to_c_ident(&param.name);
    let ty = called(world, &param.ty);
    if span_of(world, &param.ty).is_some() {
        format!("{{{name}->ptr, {name}->len}}")
    } else if world.plain(&param.ty) == Type::String {
        format!("{{{name}.ptr, {name}.len}}")
    } else if world.is_value(&param.ty) {
        format!("windlass::convert::taken<{ty}>({name})")
    } else {
        format!("windlass::convert::taken<{ty}>(*{name})")
    }
}

fn export(text: &mut String, world: &World, interface: &Interface, function: &Function) {
    let head = prototype_in_c(world, interface, function);
    let arguments: Vec<_> = function.params.iter().map(|of| taken(world, of)).collect();
    let path = super::plus_plus::path(interface, function);
    let call = format!("::{path}({})", arguments.join(", "));
    let mut body = String::new();
    match (as_result(world, function), &function.result) {
        (Some(result), _) => {
            let _ = writeln!(body, "  auto windlass_result = {call};");
            let out = |name: &str| out_name(&head, name);
            body.push_str("  if (!windlass_result) {\n");
            if result.err.is_some() {
                let out = out("error");
                let _ = writeln!(
                    body,
                    "    windlass::convert::give(windlass_result.error(), *{out});"
                );
            }
            body.push_str("    return false;\n  }\n");
            if result.ok.is_some() {
                let out = out("ok");
                let _ = writeln!(body, "  windlass::convert::give(*windlass_result, *{out});");
            }
            body.push_str("  return true;\n");
        }
        (None, Some(ty)) => {
            let raw = world.called(ty);
            let _ = writeln!(
                body,
                "  {raw} windlass_given{{}};\n  windlass::convert::give({call}, windlass_given);\n  \
                 return windlass_given;"
            );
        }
        (None, None) => {
            let _ = writeln!(body, "  {call};");
        }
    }
    let _ = write!(text, "\nextern \"C\" {head} {{\n{body}}}\n");
}

/// The name of a result in a prototype of C.
fn out_name(head: &str, name: &str) -> String {
    let other = format!("{name}_of_result");
    if head.contains(&format!("*{other}")) {
        other
    } else {
        name.to_owned()
    }
}

fn import(text: &mut String, world: &World, interface: &Interface, function: &Function) {
    let mut body = "  windlass::Scope windlass_scope;\n".to_owned();
    let mut arguments = Vec::new();
    for param in &function.params {
        let name = to_c_ident(&param.name);
        let c = world.called(&param.ty);
        if span_of(world, &param.ty).is_some() {
            let _ = writeln!(
                body,
                "  {c} c_{name}{{windlass::convert::loose({name}.data()), {name}.size()}};"
            );
            arguments.push(format!("&c_{name}"));
        } else {
            let _ = writeln!(
                body,
                "  {c} c_{name}{{}};\n  windlass::convert::give({name}, c_{name});"
            );
            let star = if world.is_value(&param.ty) { "" } else { "&" };
            arguments.push(format!("{star}c_{name}"));
        }
    }
    let c = format!("::{}", interface.function(function));
    match (as_result(world, function), &function.result) {
        (Some(result), _) => {
            for (ty, name) in [(&result.ok, "ok"), (&result.err, "error")] {
                if let Some(ty) = ty {
                    let _ = writeln!(body, "  {} windlass_{name}{{}};", world.called(ty));
                    arguments.push(format!("&windlass_{name}"));
                }
            }
            let _ = writeln!(body, "  if (!{c}({})) {{", arguments.join(", "));
            let error = result.err.as_ref().map(|ty| called(world, ty));
            let _ = match error {
                Some(error) => writeln!(
                    body,
                    "    return std::unexpected(windlass::convert::taken<{error}>(windlass_error));"
                ),
                None => writeln!(body, "    return std::unexpected(std::monostate());"),
            };
            body.push_str("  }\n");
            let _ = match &result.ok {
                Some(ok) => writeln!(
                    body,
                    "  return windlass::convert::taken<{}>(windlass_ok);",
                    called(world, ok)
                ),
                None => writeln!(body, "  return {{}};"),
            };
        }
        (None, Some(ty)) => {
            let _ = writeln!(
                body,
                "  return windlass::convert::taken<{}>({c}({}));",
                called(world, ty),
                arguments.join(", ")
            );
        }
        (None, None) => {
            let _ = writeln!(body, "  {c}({});", arguments.join(", "));
        }
    }
    let head = prototype(world, interface, function);
    let _ = write!(text, "\n{head} {{\n{body}}}\n");
}
