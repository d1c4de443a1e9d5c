//! Compiling with Zig, which keeps what it compiled, and telling what it says in the author's words.

use std::path::{Path, PathBuf};
use std::process::Command;

use wasmparser::{Parser, Payload};

use super::ZIG;
use super::header::prototype;
use super::plus_plus::prototype as prototype_in_cpp;
use super::world::World;
use crate::authoring::{Error, Workshop};

/// Where the author's code is.
const SOURCE: &str = "src";
/// Without `-g1` there are no names of functions either, which a backtrace shows.
const FOR_WASM: [&str; 5] = [
    "-target",
    "wasm32-wasi",
    "-mexec-model=reactor",
    "-Os",
    "-g1",
];
/// Zig has libc++ for wasm without exceptions.
const PLUS_PLUS: [&str; 2] = ["-std=c++23", "-fno-exceptions"];
const LOOKS: [&str; 2] = ["-Wall", "-Wextra"];

/// Compiles the author's files, the SDK's and what was generated into a core module.
pub fn compile(workshop: &Workshop, world: &World, plus_plus: bool) -> Result<Vec<u8>, Error> {
    let zig = find(workshop)?;
    wrap(workshop, &zig)?;
    let source = workshop.project.source(SOURCE);
    let authors = sources(&source, &["c"])?;
    let authors_cpp = sources(&source, &["cpp", "cc", "cxx"])?;
    if authors.is_empty() && authors_cpp.is_empty() {
        return Err(Error::refused(
            format!(
                "{} has no file in {}",
                source.display(),
                if plus_plus { "C++" } else { "C" }
            ),
            "put the source there, or say `source` in the table [build]",
        ));
    }
    if !plus_plus && let Some(file) = authors_cpp.first() {
        return Err(Error::refused(
            format!("{} is C++", seen(workshop, file).display()),
            "say language = \"cpp\" in the table [build]",
        ));
    }
    let generated = workshop.generated();
    let mut objects = vec![generated.join("world.o")];
    if plus_plus {
        let glue = generated.join("glue.cpp");
        for (index, file) in authors_cpp.iter().chain([&glue]).enumerate() {
            let object = workshop.work().join(format!("{index}.o"));
            let mut command = zig_command(&zig, "c++", workshop, world);
            command.args(PLUS_PLUS).args(LOOKS).arg("-c");
            command.arg(seen(workshop, file)).arg("-o").arg(&object);
            run(workshop, world, plus_plus, &mut command)?;
            objects.push(object);
        }
    }
    let core = workshop.work().join("core.wasm");
    let which = if plus_plus { "c++" } else { "cc" };
    let mut link = zig_command(&zig, which, workshop, world);
    link.args(LOOKS).arg("-o").arg(&core);
    for file in authors
        .iter()
        .chain(&sources(&workshop.sdk().join("src"), &["c"])?)
    {
        link.arg(seen(workshop, file));
    }
    for file in ["bindings.c", "glue.c"] {
        link.arg(seen(workshop, &generated.join(file)));
    }
    link.args(objects);
    run(workshop, world, plus_plus, &mut link)?;
    let bytes = workshop.read(&core)?;
    without_debug(&bytes).map_err(|error| Error::Component(error.to_string()))
}

/// The module without what is for debuggers only, which is twenty times as long as the rest.
fn without_debug(bytes: &[u8]) -> Result<Vec<u8>, wasmparser::BinaryReaderError> {
    let mut module = wasm_encoder::Module::new();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        let is_debug =
            matches!(&payload, Payload::CustomSection(of) if of.name().starts_with(".debug"));
        if let Some((id, range)) = payload.as_section()
            && !is_debug
        {
            let data = &bytes[range];
            module.section(&wasm_encoder::RawSection { id, data });
        }
    }
    Ok(module.finish())
}

/// The compiler itself, below the packages of the tool's Python.
fn find(workshop: &Workshop) -> Result<PathBuf, Error> {
    let library = workshop.tools.pip(ZIG).join("..").join("lib");
    let versions = std::fs::read_dir(&library).map_err(Error::file("read", &library))?;
    let mut zigs = versions.flatten().map(|version| {
        let packages = version.path().join("site-packages");
        packages.join("ziglang").join("zig")
    });
    zigs.find(|zig| zig.exists()).ok_or_else(|| {
        Error::refused(
            format!("{} holds no compiler", library.display()),
            "delete the folder and say `windlass build --install`",
        )
    })
}

/// Puts `cc` and `c++` into `.windlass/`: for tests on machines that have no other compiler.
fn wrap(workshop: &Workshop, zig: &Path) -> Result<(), Error> {
    for name in ["cc", "c++"] {
        let path = workshop.folder().join(name);
        let zig = zig.display();
        workshop.write(&path, format!("#!/bin/sh\nexec '{zig}' {name} \"$@\"\n"))?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let all = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(&path, all).map_err(Error::file("allow", &path))?;
        }
    }
    Ok(())
}

fn zig_command(zig: &Path, which: &str, workshop: &Workshop, world: &World) -> Command {
    let mut command = Command::new(zig);
    command.arg(which).args(FOR_WASM);
    command.arg("-isystem").arg(workshop.generated());
    command.arg("-isystem").arg(workshop.sdk().join("include"));
    for (interface, macro_name) in [("task", "WINDLASS_TASK"), ("workflow", "WINDLASS_WORKFLOW")] {
        if world.imports(&format!("windlass:host/{interface}@0.1.0")) {
            command.arg(format!("-D{macro_name}"));
        }
    }
    command
}

/// The files of a folder and of those in it, in order.
fn sources(folder: &Path, endings: &[&str]) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::file("read", folder))? {
        let path = entry.map_err(Error::file("read", folder))?.path();
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            found.extend(sources(&path, endings)?);
        } else if endings.contains(&ending.as_ref()) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// A path from the project's folder, as the author knows it.
fn seen(workshop: &Workshop, path: &Path) -> PathBuf {
    let folder = &workshop.project.folder;
    path.strip_prefix(folder).unwrap_or(path).to_owned()
}

/// Runs the compiler. Warnings about the author's code are shown.
fn run(
    workshop: &Workshop,
    world: &World,
    plus_plus: bool,
    command: &mut Command,
) -> Result<(), Error> {
    let command = command.current_dir(&workshop.project.folder);
    let output = command.output().map_err(|error| Error::Failed {
        tool: "zig".to_owned(),
        said: format!("it could not be started: {error}"),
        hint: None,
    })?;
    let said = workshop.seen_from_project(&output.stderr);
    if let Some(error) = missing(workshop, world, plus_plus, &said) {
        return Err(error);
    }
    if !output.status.success() {
        return Err(Error::Failed {
            tool: if plus_plus { "C++" } else { "C" }.to_owned(),
            hint: hint(&said),
            said,
        });
    }
    workshop.warn(said);
    Ok(())
}

/// What the linker does not find, or finds otherwise than it is called.
fn missing(workshop: &Workshop, world: &World, plus_plus: bool, said: &str) -> Option<Error> {
    let after = |line: &str, text: &str| line.split_once(text).map(|(_, symbol)| symbol.to_owned());
    for line in said.lines() {
        let absent = after(line, "undefined symbol: ");
        let other = after(line, "function signature mismatch: ");
        let Some(symbol) = absent.as_ref().or(other.as_ref()) else {
            continue;
        };
        for interface in world.interfaces.iter().filter(|of| !of.imported) {
            for function in &interface.functions {
                let in_c = interface.function(function);
                let in_cpp = super::plus_plus::path(interface, function);
                let name = symbol.split('(').next().unwrap_or_default();
                if name != in_c && name != in_cpp {
                    continue;
                }
                let place = workshop.resolve.render_location(function.span);
                let place = place.replace(&workshop.wit().display().to_string(), "wit");
                let what = format!("exports {}.{}", interface.name, function.name);
                let write = if plus_plus {
                    prototype_in_cpp(world, interface, function)
                } else {
                    prototype(world, interface, function)
                };
                return Some(if absent.is_some() {
                    let message = format!("{place}: the WIT {what}, which no source defines");
                    Error::refused(message, format!("write `{write}`"))
                } else {
                    let message =
                        format!("{place}: the WIT {what}, which a source defines otherwise");
                    Error::refused(
                        message,
                        format!("include <windlass/world.h>; write `{write}`"),
                    )
                });
            }
        }
        if let Some(symbol) = other {
            return Some(Error::refused(
                format!("{symbol} is called otherwise than it is defined"),
                "declare it in one header that both files include",
            ));
        }
        if absent.is_some() && symbol.starts_with("windlass_") {
            return Some(Error::refused(
                format!("{symbol}() is not there for a component of this world"),
                "workflows need `include windlass:host/workflows@0.1.0;` in the world of the WIT",
            ));
        }
    }
    None
}

/// The way out of what is often met.
fn hint(said: &str) -> Option<String> {
    let knows = |text: &str| said.contains(text);
    if knows("exceptions disabled") {
        return Some(
            "components are built without exceptions: return `windlass::error(…)`".to_owned(),
        );
    }
    if knows("'windlass/world.h") || knows("undefined symbol") {
        return Some("only files below `src` are compiled, and what the SDK brings".to_owned());
    }
    None
}
