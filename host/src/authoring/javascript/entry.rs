//! The modules that are made for a project: the entry point, which wraps what the author exports,
//! one for each interface that is imported by its type, and the world that all of it needs.

use std::path::Path;

use serde_json::{Value, json};
use wit_parser::WorldKey;

use super::super::{Error, Workshop};
use super::model::{Scope, World};

/// The world of the component: the author's, and what the SDK asks of its host.
pub const WORLD: &str = "windlass-entry";

/// As much of it as the SDK uses.
const RANDOM: &str = "\
package wasi:random@0.2.6;

interface random {
  get-random-bytes: func(len: u64) -> list<u8>;
  get-random-u64: func() -> u64;
}
";

/// Writes all of them.
///
/// # Errors
///
/// If a file cannot be written.
pub fn write(workshop: &Workshop, world: &World, source: &Path) -> Result<(), Error> {
    let folder = workshop.generated();
    let types = format!("export const types = {};\n", json!(world.types));
    workshop.write(&folder.join("types.js"), types)?;
    let mut modules = Vec::new();
    let imports = world
        .imports
        .iter()
        .filter(|scope| !scope.functions.is_empty());
    for (at, scope) in imports.enumerate() {
        let file = folder.join(format!("import{at}.js"));
        workshop.write(&file, imported(scope))?;
        let names: Vec<_> = scope.functions.iter().map(|entry| &entry.name).collect();
        modules.push(json!({ "id": scope.id, "file": file, "functions": names }));
    }
    workshop.write(&folder.join("modules.json"), json!(modules).to_string())?;
    workshop.write(&folder.join("entry.js"), exported(world, source))?;
    write_world(workshop)
}

/// The entry point.
fn exported(world: &World, source: &Path) -> String {
    let mut lines = vec![
        "import \"@windlass/guest/prelude\";".to_owned(),
        format!(
            "import * as author from {};",
            text(&source.display().to_string())
        ),
        "import { exported, settled } from \"@windlass/guest/exports\";".to_owned(),
        "import { types } from \"./types.js\";".to_owned(),
    ];
    for (at, scope) in world.exports.iter().enumerate() {
        let functions: Vec<_> = scope
            .functions
            .iter()
            .map(|entry| &entry.described)
            .collect();
        lines.push(format!(
            "const scope{at} = exported(types, author, {}, {});",
            text(&scope.name),
            json!(functions)
        ));
        if scope.interface.is_some() {
            lines.push(format!("export {{ scope{at} as {} }};", scope.name));
            continue;
        }
        for (function, entry) in scope.functions.iter().enumerate() {
            let name = format!("function{function}");
            lines.push(format!("const {name} = scope{at}.{};", entry.name));
            lines.push(format!("export {{ {name} as {} }};", entry.name));
        }
    }
    lines.push("settled();\n".to_owned());
    lines.join("\n")
}

/// The module of an imported interface.
fn imported(scope: &Scope) -> String {
    let mut lines = vec![
        format!("import * as raw from {};", text(&scope.id)),
        "import { imported } from \"@windlass/guest/imports\";".to_owned(),
        "import { types } from \"./types.js\";".to_owned(),
    ];
    for (at, entry) in scope.functions.iter().enumerate() {
        lines.push(format!(
            "const function{at} = imported(types, raw.{}, {});",
            entry.name, entry.described
        ));
        lines.push(format!("export {{ function{at} as {} }};", entry.name));
    }
    lines.join("\n") + "\n"
}

/// The author's world, with what the SDK's prelude imports.
fn write_world(workshop: &Workshop) -> Result<(), Error> {
    let resolve = &workshop.resolve;
    let folder = workshop.wit();
    let there = resolve
        .packages
        .iter()
        .find(|(_, package)| package.name.namespace == "wasi" && package.name.name == "random");
    let random = match there {
        Some((_, package)) => match package.interfaces.get("random") {
            Some(interface) => resolve.name_world_key(&WorldKey::Interface(*interface)),
            None => {
                return Err(Error::refused(
                    format!("{} has no interface `random`", package.name),
                    "complete the package in the WIT's `deps`: the prelude takes its random \
                     numbers from there",
                ));
            }
        },
        None => {
            let file = folder
                .join("deps")
                .join("windlass-random")
                .join("random.wit");
            workshop.write(&file, RANDOM)?;
            "wasi:random/random@0.2.6".to_owned()
        }
    };
    let world = format!(
        "world {WORLD} {{\n  include {};\n  import windlass:host/task@0.1.0;\n  import {random};\n}}\n",
        workshop.world_name()
    );
    workshop.write(&folder.join(format!("{WORLD}.wit")), world)
}

/// A text as JavaScript writes it.
fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}
