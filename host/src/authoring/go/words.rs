//! Names of the WIT that Go keeps for itself, or that generated code needs.

use heck::ToLowerCamelCase;

/// A parameter's name; what means something else in generated code gets an underscore.
pub fn param_name(name: &str) -> String {
    let name = name.to_lower_camel_case();
    if is_taken(&name) || matches!(&*name, "author" | "component" | "value" | "err" | "wit") {
        return format!("{name}_");
    }
    name
}

/// The name of a package: lower case, in one word.
pub fn package(name: &str) -> String {
    let name = name.replace('-', "");
    let is_ours = [
        "bindings",
        "main",
        "check",
        "component",
        "glue",
        "internal",
        "vendor",
        "world",
    ];
    if is_taken(&name) || is_ours.contains(&&*name) {
        return format!("{name}_");
    }
    name
}

/// A version as a part of a name.
pub fn digits(version: &str) -> String {
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
