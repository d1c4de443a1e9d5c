//! An interface as WIT text.
//!
//! Every name is written with `%`, which lets a name be one of WIT's own words.

use std::fmt::Write;

use crate::attribute::Address;
use crate::model::{Function, Interface, Member, Shape, Typedef};

/// The name of the world that exports the interface. It carries the interface's name, so that two
/// modules of one component do not describe the same world twice.
pub fn world(address: &Address) -> String {
    format!("exports-{}", address.interface)
}

/// The package with its one interface and the world that exports it.
pub fn text(address: &Address, interface: &Interface) -> String {
    let mut text = format!("package {};\n\n", address.package_name());
    docs(&mut text, "", &interface.docs);
    line(
        &mut text,
        format_args!("interface %{} {{", address.interface),
    );
    for typedef in &interface.types {
        self::typedef(&mut text, typedef);
    }
    for function in &interface.functions {
        self::function(&mut text, function);
    }
    line(&mut text, format_args!("}}\n"));
    line(&mut text, format_args!("world {} {{", world(address)));
    line(&mut text, format_args!("  export %{};", address.interface));
    line(&mut text, format_args!("}}"));
    text
}

fn typedef(text: &mut String, typedef: &Typedef) {
    docs(text, "  ", &typedef.docs);
    let name = &typedef.name;
    match &typedef.shape {
        Shape::Alias(target) => line(text, format_args!("  type %{name} = {target};")),
        Shape::Record(fields) => body(text, "record", name, fields, |text, field| {
            let ty = field.ty.as_deref().unwrap_or("_");
            line(text, format_args!("    %{}: {ty},", field.name));
        }),
        Shape::Enum(cases) => body(text, "enum", name, cases, |text, case| {
            line(text, format_args!("    %{},", case.name));
        }),
        Shape::Variant(cases) => body(text, "variant", name, cases, |text, case| match &case.ty {
            Some(ty) => line(text, format_args!("    %{}({ty}),", case.name)),
            None => line(text, format_args!("    %{},", case.name)),
        }),
    }
}

fn body(
    text: &mut String,
    keyword: &str,
    name: &str,
    members: &[Member],
    member_line: impl Fn(&mut String, &Member),
) {
    line(text, format_args!("  {keyword} %{name} {{"));
    for member in members {
        docs(text, "    ", &member.docs);
        member_line(text, member);
    }
    line(text, format_args!("  }}"));
}

fn function(text: &mut String, function: &Function) {
    docs(text, "  ", &function.docs);
    let parameters: Vec<_> = function
        .parameters
        .iter()
        .map(|(name, ty)| format!("%{name}: {ty}"))
        .collect();
    let result = match &function.result {
        Some(ty) => format!(" -> {ty}"),
        None => String::new(),
    };
    let (name, parameters) = (&function.name, parameters.join(", "));
    let is_async = if function.is_async { "async " } else { "" };
    line(
        text,
        format_args!("  %{name}: {is_async}func({parameters}){result};"),
    );
}

fn docs(text: &mut String, indent: &str, lines: &[String]) {
    for doc in lines {
        line(text, format_args!("{indent}///{doc}"));
    }
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    writeln!(text, "{arguments}").expect("writing to a string cannot fail");
}
