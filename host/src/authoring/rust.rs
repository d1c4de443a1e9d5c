//! Rust: how it becomes a component.
//!
//! Cargo does the work, for `wasm32-wasip2`. The WIT follows the code (`#[windlass_guest::tasks]`),
//! so it is not read before but written after the build, for whoever calls the component by its type.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use wit_component::{DecodedWasm, WitPrinter};
use wit_parser::{PackageId, Resolve, WorldId, WorldItem};

use super::tools::RUST;
use super::workshop::write_file;
use super::{Error, Project, Tool, Toolchain, Workshop};

/// The target of the compiler.
const TARGET: &str = "wasm32-wasip2";

/// The first line of a WIT file that was written here: without it the file is the author's.
const MARK: &str = "// Written by `windlass build` from the Rust code: do not edit.\n";

/// The toolchain of Rust.
pub struct Rust;

impl Toolchain for Rust {
    fn tools(&self, _project: &Project) -> Vec<Tool> {
        vec![Tool::Program(RUST), Tool::RustTarget(TARGET)]
    }

    fn wit_follows_code(&self) -> bool {
        true
    }

    fn build(&self, workshop: &Workshop) -> Result<Vec<u8>, Error> {
        let manifest = workshop.project.folder.join("Cargo.toml");
        if !manifest.is_file() {
            return Err(Error::refused(
                format!("{} is not there", manifest.display()),
                "a Rust project is a crate: `windlass new NAME --lang rust` makes one",
            ));
        }
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--release", "--quiet", "--target", TARGET]);
        // Mistakes as text on stderr, artifacts as JSON on stdout.
        cargo.arg("--message-format=json-render-diagnostics");
        let output = workshop.output("cargo build", &mut cargo)?;
        let said = workshop.seen_from_project(&output.stderr);
        if !output.status.success() {
            return Err(Error::Failed {
                tool: "cargo build".to_owned(),
                hint: hint(&said),
                said,
            });
        }
        workshop.warn(said);
        let artifact = artifact(&String::from_utf8_lossy(&output.stdout), &manifest)?;
        let bytes = workshop.read(&artifact)?;
        write_wit(&workshop.project, &bytes)?;
        Ok(bytes)
    }
}

/// What is to be done about a mistake whose words do not say it.
fn hint(said: &str) -> Option<String> {
    if said.contains("failed to read") && said.contains(".windlass/sdk") {
        return Some("the crate depends on windlass-guest at .windlass/sdk".to_owned());
    }
    None
}

/// As much of a message of cargo's as is needed here.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// The component among what cargo says it has made.
fn artifact(messages: &str, manifest: &Path) -> Result<PathBuf, Error> {
    let messages = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok());
    let of_crate = messages.filter(|message| {
        message.reason == "compiler-artifact" && message.manifest_path == *manifest
    });
    of_crate
        .flat_map(|message| message.filenames)
        .find(|file| file.extension().is_some_and(|end| end == "wasm"))
        .ok_or_else(|| {
            Error::refused(
                format!("{}: cargo made no wasm of this crate", manifest.display()),
                "it has to be a library of its own: crate-type = [\"cdylib\"] in the table [lib]",
            )
        })
}

/// Writes the WIT of what the component exports, unless the project has a WIT of its own.
fn write_wit(project: &Project, bytes: &[u8]) -> Result<(), Error> {
    let folder = project.wit();
    let is_ours =
        |file: &Path| std::fs::read_to_string(file).is_ok_and(|text| text.starts_with(MARK));
    let mut written_before = Vec::new();
    if folder.exists() {
        for entry in std::fs::read_dir(&folder).map_err(Error::file("read", &folder))? {
            let path = entry.map_err(Error::file("read", &folder))?.path();
            if !is_ours(&path) {
                return Ok(());
            }
            written_before.push(path);
        }
    }
    let Ok(DecodedWasm::Component(resolve, world)) = wit_component::decode(bytes) else {
        return Ok(());
    };
    let Some(package) = exported(&resolve, world) else {
        return Ok(());
    };
    let mut printer = WitPrinter::default();
    if printer.print(&resolve, package, &[]).is_err() {
        return Ok(());
    }
    let file = folder.join(format!("{}.wit", project.name));
    for path in written_before.into_iter().filter(|path| *path != file) {
        std::fs::remove_file(&path).map_err(Error::file("remove", &path))?;
    }
    write_file(&file, format!("{MARK}{}", printer.output).as_bytes())
}

/// The package of the exported interfaces, where there is only one: a folder of WIT holds no more.
fn exported(resolve: &Resolve, world: WorldId) -> Option<PackageId> {
    let exports = resolve.worlds[world].exports.values();
    let mut packages = exports.filter_map(|item| match item {
        WorldItem::Interface { id, .. } => resolve.interfaces[*id].package,
        _ => None,
    });
    let first = packages.next()?;
    packages.all(|other| other == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authoring::Language;

    const HELLO: &[u8] = include_bytes!("../../assets/hello.wasm");

    #[test]
    fn the_component_is_found_among_what_cargo_says() {
        let messages = r#"
{"reason":"compiler-artifact","manifest_path":"/other/Cargo.toml","filenames":["/t/other.wasm"]}
{"reason":"compiler-artifact","manifest_path":"/p/Cargo.toml","filenames":["/t/p.d","/t/p.wasm"]}
{"reason":"build-finished","success":true}"#;

        let found = artifact(messages, Path::new("/p/Cargo.toml")).unwrap();
        let missing = artifact(messages, Path::new("/q/Cargo.toml")).unwrap_err();

        assert_eq!(found, Path::new("/t/p.wasm"));
        assert!(missing.hint().unwrap().contains("cdylib"), "{missing}");
    }

    #[test]
    fn the_wit_is_written_unless_the_author_has_one() {
        let folder = tempfile::tempdir().unwrap();
        let project = Project::new("hello", folder.path(), Language::Rust);

        write_wit(&project, HELLO).unwrap();

        let written = std::fs::read_to_string(folder.path().join("wit/hello.wit")).unwrap();
        assert!(written.contains("package demo:hello@0.1.0;"), "{written}");
        assert!(
            written.contains("greet: func(name: string) -> string;"),
            "{written}"
        );
        assert!(!written.contains("wasi"), "{written}");
        let own = folder.path().join("wit/own.wit");
        std::fs::write(&own, "package my:own;").unwrap();
        std::fs::write(folder.path().join("wit/hello.wit"), format!("{MARK}old")).unwrap();

        write_wit(&project, HELLO).unwrap();

        let kept = std::fs::read_to_string(folder.path().join("wit/hello.wit")).unwrap();
        assert_eq!(kept, format!("{MARK}old"));
    }
}
