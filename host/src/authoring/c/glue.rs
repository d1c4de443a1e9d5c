//! What lies between the author's functions and the bindings: it calls the author's functions,
//! checks what they return, and frees the memory of a call when the host has taken its result.

use std::fmt::Write as _;

use wit_bindgen_c::{is_arg_by_pointer, to_c_ident};
use wit_parser::{Function, Type};

use super::bindings::taken;
use super::checks::Checks;
use super::header::{as_result, prototype};
use super::world::{Interface, World};

/// The C file.
pub fn glue(world: &World, bindings: &str) -> String {
    let ends = taken(bindings);
    let mut checks = Checks::default();
    let mut text = String::new();
    for interface in world.interfaces.iter().filter(|of| !of.of_contract) {
        for function in &interface.functions {
            if interface.imported {
                import(&mut text, &mut checks, world, interface, function);
            } else {
                let end = format!(
                    "__wasm_export_{}_post_return(",
                    interface.raw_function(function)
                );
                let ends_later = ends.iter().any(|(_, head)| head.contains(&end));
                export(
                    &mut text,
                    &mut checks,
                    world,
                    interface,
                    function,
                    ends_later,
                );
            }
        }
    }
    for (name, head) in &ends {
        let _ = write!(
            text,
            "\n__attribute__((__export_name__(\"{name}\")))\n{head} {{\n  (void)arg0;\n  \
             windlass_arena_clear();\n}}\n"
        );
    }
    format!(
        "// Between <windlass/world.h> and the bindings.\n#include <string.h>\n\n\
         #include <windlass/world.h>\n\n#include \"../sdk/src/arena.h\"\n\
         #include \"../sdk/src/check.h\"\n{}{text}",
        checks.text
    )
}

/// A parameter or result of wit-bindgen's function.
fn raw_head(world: &World, interface: &Interface, function: &Function) -> (String, bool) {
    let mut parts = Vec::new();
    for param in &function.params {
        let star = if by_pointer(world, &param.ty) {
            "*"
        } else {
            ""
        };
        parts.push(format!(
            "{} {star}{}",
            world.raw(&param.ty),
            to_c_ident(&param.name)
        ));
    }
    let mut returned = "void".to_owned();
    let mut by_result = false;
    if let Some(ty) = &function.result {
        by_result = by_pointer(world, ty);
        if by_result {
            parts.push(format!("{} *ret", world.raw(ty)));
        } else {
            returned = world.raw(ty);
        }
    }
    let parts = match parts.is_empty() {
        true => "void".to_owned(),
        false => parts.join(", "),
    };
    let name = interface.raw_function(function);
    (format!("{returned} {name}({parts})"), by_result)
}

fn by_pointer(world: &World, ty: &Type) -> bool {
    is_arg_by_pointer(world.resolve, ty)
}

fn export(
    text: &mut String,
    checks: &mut Checks,
    world: &World,
    interface: &Interface,
    function: &Function,
    ends_later: bool,
) {
    let (head, by_result) = raw_head(world, interface, function);
    let mut arguments = Vec::new();
    for param in &function.params {
        let name = to_c_ident(&param.name);
        let loaded = by_pointer(world, &param.ty) && world.is_value(&param.ty);
        arguments.push(if loaded { format!("*{name}") } else { name });
    }
    let author = interface.function(function);
    let told = format!("{}.{}", interface.name, function.name);
    let mut body = String::new();
    if let Some(result) = as_result(world, function) {
        for (ty, name) in [(&result.ok, "windlass_ok"), (&result.err, "windlass_error")] {
            if let Some(ty) = ty {
                let _ = writeln!(body, "  {} {name};", world.raw(ty));
                let _ = writeln!(body, "  memset(&{name}, 0, sizeof {name});");
                arguments.push(format!("&{name}"));
            }
        }
        let call = format!("{author}({})", arguments.join(", "));
        let _ = writeln!(
            body,
            "  memset(ret, 0, sizeof *ret);\n  ret->is_err = !{call};"
        );
        for (ty, name, field, test) in [
            (&result.ok, "windlass_ok", "ok", "!"),
            (&result.err, "windlass_error", "err", ""),
        ] {
            let Some(ty) = ty else { continue };
            let place = format!("(&(windlass_place_t){{NULL, \"{told}: {field}\", 0}})");
            let check = checks.statement(world, ty, &format!("&{name}"), &place);
            let _ = writeln!(
                body,
                "  if ({test}ret->is_err) {{\n    {check}\n    ret->val.{field} = {name};\n  }}"
            );
        }
    } else {
        let call = format!("{author}({})", arguments.join(", "));
        let place = format!("(&(windlass_place_t){{NULL, \"{told}: the result\", 0}})");
        match &function.result {
            None => {
                let _ = writeln!(body, "  {call};");
            }
            Some(ty) if by_result => {
                let check = checks.statement(world, ty, "ret", &place);
                let _ = writeln!(body, "  *ret = {call};\n  {check}");
            }
            Some(ty) => {
                let check = checks.statement(world, ty, "&windlass_ok", &place);
                let raw = world.raw(ty);
                let _ = writeln!(body, "  {raw} windlass_ok = {call};\n  {check}");
            }
        }
    }
    if !ends_later {
        body.push_str("  windlass_arena_clear();\n");
    }
    if function.result.is_some() && !by_result {
        body.push_str("  return windlass_ok;\n");
    }
    let _ = write!(text, "\n{head} {{\n{body}}}\n");
}

fn import(
    text: &mut String,
    checks: &mut Checks,
    world: &World,
    interface: &Interface,
    function: &Function,
) {
    let (_, by_result) = raw_head(world, interface, function);
    let told = format!("{}.{}", interface.name, function.name);
    let mut body = String::new();
    let mut arguments = Vec::new();
    for param in &function.params {
        let name = to_c_ident(&param.name);
        let value = world.is_value(&param.ty);
        let pointer = if value {
            format!("&{name}")
        } else {
            name.clone()
        };
        let place = format!(
            "(&(windlass_place_t){{NULL, \"{told}: {}\", 0}})",
            param.name
        );
        let check = checks.statement(world, &param.ty, &pointer, &place);
        if !check.is_empty() {
            let _ = writeln!(body, "  {check}");
        }
        arguments.push(match (by_pointer(world, &param.ty), value) {
            (true, true) => pointer,
            (true, false) => format!("({} *){name}", world.raw(&param.ty)),
            (false, _) => name,
        });
    }
    let raw = interface.raw_function(function);
    if by_result {
        let ty = function.result.as_ref().expect("it returns something");
        let _ = writeln!(body, "  {} windlass_result;", world.raw(ty));
        arguments.push("&windlass_result".to_owned());
    }
    let call = format!("{raw}({})", arguments.join(", "));
    let prototype = prototype(world, interface, function);
    match (as_result(world, function), &function.result) {
        (Some(result), _) => {
            let _ = writeln!(body, "  {call};");
            // The names of the prototype: what is last in it.
            let name = |part: &str| {
                let taken = prototype.contains(&format!("*{part}_of_result"));
                if taken {
                    format!("{part}_of_result")
                } else {
                    part.to_owned()
                }
            };
            if result.err.is_some() {
                let _ = writeln!(
                    body,
                    "  if (windlass_result.is_err) {{\n    *{} = windlass_result.val.err;\n  }}",
                    name("error")
                );
            }
            if result.ok.is_some() {
                let _ = writeln!(
                    body,
                    "  if (!windlass_result.is_err) {{\n    *{} = windlass_result.val.ok;\n  }}",
                    name("ok")
                );
            }
            body.push_str("  return !windlass_result.is_err;\n");
        }
        (None, Some(_)) if by_result => {
            let _ = writeln!(body, "  {call};\n  return windlass_result;");
        }
        (None, Some(_)) => {
            let _ = writeln!(body, "  return {call};");
        }
        (None, None) => {
            let _ = writeln!(body, "  {call};");
        }
    }
    let _ = write!(text, "\n{prototype} {{\n{body}}}\n");
}
