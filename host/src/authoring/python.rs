//! Python: how it becomes a component.
//!
//! The author's own Python looks at the module first, with the bindings as stubs: what is missing or
//! wrong is told in a second, and which functions are workflows comes of it. Then `componentize-py`
//! runs the entry point in a sandbox and makes a component of what is in memory then.
//!
//! - `spec`: what the world wants, as the SDK reads it
//! - `dependencies`: packages of the author's, pure Python only
//! - `finish`: what is left to do to the component

mod dependencies;
mod finish;
mod spec;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use heck::ToSnakeCase;
use serde::Deserialize;

use super::tools::{Pip, Program};
use super::{Error, Project, Tool, Toolchain, Workshop};

/// The key under which the tool is found again.
const COMPONENTIZE: &str = "componentize-py";

/// What is made beside the author's module; a module of theirs cannot be called so.
const TAKEN: [&str; 4] = ["wit_world", "windlass_guest", "windlass_entry", "poll_loop"];

/// The toolchain of Python.
pub struct Python;

impl Toolchain for Python {
    fn tools(&self, _project: &Project) -> Vec<Tool> {
        vec![
            Tool::Program(Program {
                name: "python3",
                version_flag: "--version",
                least: (3, 10),
                what: "Python is looked at before a component is made of it",
                install: "sudo apt-get install python3-venv",
            }),
            Tool::Pip(Pip {
                name: COMPONENTIZE,
                packages: &["componentize-py==0.25.1"],
                what: "Python is made into a component",
            }),
        ]
    }

    fn build(&self, workshop: &Workshop) -> Result<Vec<u8>, Error> {
        let module = Module::of(workshop)?;
        let dependencies = dependencies::install(workshop)?;
        bindings(workshop)?;
        let spec = spec::write(&workshop.resolve, workshop.world)?;
        let found = look(workshop, &module, &spec, dependencies.as_deref())?;
        let kinds = found.kinds(&workshop.project)?;
        let entry = workshop.generated().join("entry");
        let text = entry_point(&module.name, &found.later, &spec);
        workshop.write(&entry.join("windlass_entry.py"), text)?;
        let component = componentize(workshop, &[entry, workshop.sdk(), module.folder])?;
        Ok(finish::finish(component, &kinds))
    }
}

/// The author's module.
struct Module {
    name: String,
    folder: PathBuf,
}

impl Module {
    fn of(workshop: &Workshop) -> Result<Self, Error> {
        let file = workshop.project.source("app.py");
        let shown = file.strip_prefix(&workshop.project.folder).unwrap_or(&file);
        if !file.is_file() {
            return Err(Error::refused(
                format!("{} is not there", shown.display()),
                "write the tasks into it, or say `source` in the table [build]",
            ));
        }
        // A package is called as its folder.
        let is_package = file.file_name().is_some_and(|name| name == "__init__.py");
        let of_module = if is_package { file.parent() } else { None };
        let path = of_module.unwrap_or(&file);
        let stem = path.file_stem().unwrap_or_default();
        let name = stem.to_string_lossy().into_owned();
        let world = workshop.world_name().to_snake_case();
        if TAKEN.contains(&&*name) || name == world {
            let why = match name == world {
                true => "as the world is",
                false => "as a module that is made for it is",
            };
            return Err(Error::refused(
                format!("{} is called {why}", shown.display()),
                "give it another name, such as app.py, and say it as `source` in the table [build]",
            ));
        }
        let is_word = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !is_word || name.starts_with(|first: char| first.is_ascii_digit()) {
            return Err(Error::refused(
                format!("{} cannot be imported by its name", shown.display()),
                "take letters, digits and _, as for any module of Python",
            ));
        }
        let folder = path.parent().unwrap_or(&workshop.project.folder).to_owned();
        Ok(Self { name, folder })
    }
}

/// What the author's own Python says of the module.
#[derive(Deserialize)]
struct Found {
    mistakes: Vec<String>,
    /// The way out of them.
    hint: Option<String>,
    /// `interface#function`: `task` or `workflow`.
    #[serde(default)]
    kinds: BTreeMap<String, String>,
    /// Where each of them stands.
    #[serde(default)]
    places: BTreeMap<String, String>,
    /// Modules that are imported within functions.
    #[serde(default)]
    later: Vec<String>,
}

impl Found {
    /// What the decorators say, as lines of the component's section of kinds.
    fn kinds(&self, project: &Project) -> Result<Vec<String>, Error> {
        for (said, names) in [("task", &project.tasks), ("workflow", &project.workflows)] {
            for name in names {
                let other = self.kinds.iter().find(|(function, kind)| {
                    *kind != said && (*function == name || function.ends_with(&format!("#{name}")))
                });
                if let Some((function, kind)) = other {
                    let place = &self.places[function];
                    return Err(Error::refused(
                        format!("{place}: {name} is marked @{kind}, and windlass.toml says {said}"),
                        "the decorator is enough: take it out of windlass.toml",
                    ));
                }
            }
        }
        let lines = self.kinds.iter();
        Ok(lines.map(|(name, kind)| format!("{kind} {name}")).collect())
    }
}

/// The tool, as it is to read the WIT.
fn tool(workshop: &Workshop) -> Command {
    let mut command = Command::new(workshop.tools.pip(COMPONENTIZE).join("componentize-py"));
    command.arg("-q").arg("-d").arg(workshop.wit());
    command.args(["-w", workshop.world_name()]);
    for (id, name) in spec::host_modules(&workshop.resolve, workshop.world) {
        command.arg("--import-interface-name");
        command.arg(format!("{id}={name}"));
    }
    command
}

/// The bindings as stubs, for tests, for editors and for looking at the module.
fn bindings(workshop: &Workshop) -> Result<(), Error> {
    let folder = workshop.generated();
    workshop.run(COMPONENTIZE, tool(workshop).arg("bindings").arg(&folder))?;
    let mut folders = vec![folder.join("wit_world")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(Error::file("read", &folder))? {
            let path = entry.map_err(Error::file("read", &folder))?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = String::from_utf8_lossy(&workshop.read(&path)?).into_owned();
                workshop.write(&path, for_older(&text))?;
            }
        }
    }
    Ok(())
}

/// Bindings that Python 3.10 reads as well.
fn for_older(text: &str) -> String {
    let otherwise = if text.contains("-> Self") {
        "Any, Callable\nimport sys\nif sys.version_info >= (3, 11):\n    from typing import Self\n\
         else:\n    Self = Any\n"
    } else {
        "Any, Callable\n"
    };
    text.replacen("Any, Self, Callable\n", otherwise, 1)
}

/// Has the author's own Python look at the module.
fn look(
    workshop: &Workshop,
    module: &Module,
    spec: &str,
    dependencies: Option<&Path>,
) -> Result<Found, Error> {
    let file = workshop.generated().join("spec.json");
    workshop.write(&file, spec)?;
    let sdk = workshop.sdk();
    let generated = workshop.generated();
    let folders = [&*sdk, &*generated, &*module.folder];
    let path = std::env::join_paths(folders.into_iter().chain(dependencies)).map_err(|error| {
        let message = format!("{}: {error}", workshop.project.folder.display());
        Error::refused(message, "move the project to a folder without it")
    })?;
    let mut python = Command::new(workshop.tools.pip(COMPONENTIZE).join("python"));
    python
        .env("PYTHONPATH", path)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .args(["-m", "windlass_guest._build"])
        .arg(&file)
        .arg(&module.name)
        .arg(&workshop.project.folder);
    let said = workshop.run("python", &mut python)?;
    let found: Found = serde_json::from_str(&said).map_err(|error| Error::Failed {
        tool: "python".to_owned(),
        said: format!("{error}: {said}"),
        hint: None,
    })?;
    if found.mistakes.is_empty() {
        return Ok(found);
    }
    let usual = ".windlass/gen/wit_world/exports/ has what the WIT asks for, in Python";
    let hint = found.hint.unwrap_or_else(|| usual.to_owned());
    Err(Error::refused(found.mistakes.join("\n"), hint))
}

/// The module that the component is made of.
fn entry_point(module: &str, later: &[String], spec: &str) -> String {
    // Text as JSON writes it is text as Python writes it.
    let later = serde_json::json!(later);
    let spec = serde_json::json!(spec);
    format!(
        r#""""The entry point of the component, made by `windlass build`."""

import importlib
import json

import windlass_guest.workflow
from windlass_guest import _entry

import {module} as _module

# What functions import when they are called is imported now: a sandbox has no files. That goes for
# encodings, too, which are found by their names.
_usual = "ascii cp1252 idna latin_1 punycode utf_8_sig utf_16 utf_16_be utf_16_le utf_32 unicode_escape"
for _name in [*{later}, *(f"encodings.{{name}}" for name in _usual.split())]:
    try:
        importlib.import_module(_name)
    except Exception:
        pass  # The function may never be called here, and then fails as it would anyway.

globals().update(_entry.protocols(_module, json.loads({spec})))
"#
    )
}

/// Makes the component.
fn componentize(workshop: &Workshop, folders: &[PathBuf]) -> Result<Vec<u8>, Error> {
    let output = workshop.work().join("component.wasm");
    let mut command = tool(workshop);
    // Without it the tool would take the packages of the machine along.
    command.env("VIRTUAL_ENV", dependencies::environment(workshop));
    command.arg("componentize");
    for folder in folders {
        command.arg("-p").arg(folder);
    }
    command.arg("windlass_entry").arg("-o").arg(&output);
    workshop
        .run(COMPONENTIZE, &mut command)
        .map_err(|error| in_words_of_python(error, workshop, folders))?;
    workshop.read(&output)
}

/// What Python said in the sandbox, without what the tool said around it.
fn in_words_of_python(error: Error, workshop: &Workshop, folders: &[PathBuf]) -> Error {
    let Error::Failed { said, .. } = &error else {
        return error;
    };
    let Some((_, python)) = said.split_once("AssertionError: ") else {
        return error;
    };
    let python = python.split("\n\nCaused by:").next().unwrap_or(python);
    let mut message = python.trim().to_owned();
    // The sandbox sees each folder under its number.
    for (number, folder) in folders.iter().enumerate() {
        let seen = folder.strip_prefix(&workshop.project.folder);
        let seen = seen.unwrap_or(folder).join("");
        message = message.replace(&format!("\"/{number}/"), &format!("\"{}", seen.display()));
    }
    Error::refused(
        message,
        "it was imported into the sandbox, where Python has no files, threads or network",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bindings_are_made_to_be_read_by_older_versions_of_python() {
        let head = "from typing import Tuple, Any, Self, Callable\n";

        assert_eq!(for_older(head), "from typing import Tuple, Any, Callable\n");
        let with_self = for_older(&format!("{head}def f() -> Self: ...\n"));
        assert!(
            with_self.contains("sys.version_info >= (3, 11)"),
            "{with_self}"
        );
    }

    #[test]
    fn the_entry_point_holds_the_names_of_modules_as_text() {
        let text = entry_point("app", &["json".to_owned()], r#"[{"name":"a\"b"}]"#);

        assert!(text.contains("import app as _module"), "{text}");
        assert!(text.contains(r#"for _name in [*["json"], *"#), "{text}");
        assert!(text.contains(r#"json.loads("[{\"name\":"#), "{text}");
    }

    #[test]
    fn what_a_decorator_says_cannot_be_said_otherwise_by_the_manifest() {
        let function = "local:letters/tasks@0.1.0#summarize".to_owned();
        let found = Found {
            mistakes: Vec::new(),
            hint: None,
            kinds: BTreeMap::from([(function.clone(), "task".to_owned())]),
            places: BTreeMap::from([(function, "app.py:3".to_owned())]),
            later: Vec::new(),
        };
        let mut project = project();

        let lines = found.kinds(&project).unwrap();
        project.workflows.push("summarize".to_owned());
        let error = found.kinds(&project).unwrap_err().to_string();

        assert_eq!(lines, ["task local:letters/tasks@0.1.0#summarize"]);
        assert_eq!(
            error,
            "app.py:3: summarize is marked @task, and windlass.toml says workflow"
        );
    }

    fn project() -> Project {
        Project {
            folder: PathBuf::new(),
            name: "letters".to_owned(),
            file: PathBuf::new(),
            workflows: Vec::new(),
            tasks: Vec::new(),
            build: toml::from_str("language = \"python\"").unwrap(),
        }
    }
}
