//! JavaScript and TypeScript: how they become components.
//!
//! The author's source, the SDK and an entry point made of the WIT are bundled into one module,
//! which an engine (QuickJS, or StarlingMonkey if the project says so) evaluates and snapshots.
//!
//! - `model`: the functions and types of the world, as the SDK's runtime reads them
//! - `entry`: the modules that are made: the entry point, what is imported by its type, the world
//! - `types`: the declarations that TypeScript and editors read
//! - `bundle`: esbuild and tsc
//! - `engine`: from the bundle to the component
//! - `strip`: what the engine's own tool leaves in it
//! - `mistakes`: what an author did wrong, with its place

mod bundle;
mod engine;
mod entry;
mod mistakes;
mod model;
mod strip;
#[cfg(test)]
mod tests;
mod types;

use super::{Engine, Error, Npm, Project, Tool, Toolchain, Workshop};

/// What bundles; and what brings `URL` where an engine has none.
const BUNDLER: Npm = Npm {
    name: "javascript",
    packages: &["esbuild@0.28.2", "core-js-pure@3.51.0"],
    overrides: &[],
    what: "JavaScript is bundled",
};

const CHECKER: Npm = Npm {
    name: "typescript",
    packages: &["typescript@7.0.2"],
    overrides: &[],
    what: "TypeScript is checked",
};

const QUICKJS: Npm = Npm {
    name: "quickjs",
    packages: &["componentize-qjs@0.4.5"],
    overrides: &[],
    what: "JavaScript is made into a component",
};

/// The shim that jco asks for by a range reads no WIT in its newest version.
const STARLINGMONKEY: Npm = Npm {
    name: "starlingmonkey",
    packages: &[
        "@bytecodealliance/componentize-js@0.23.0",
        "@bytecodealliance/jco@1.35.0",
    ],
    overrides: &[("@bytecodealliance/preview2-shim", "0.26.0")],
    what: "JavaScript is made into a component with StarlingMonkey",
};

/// The toolchain of JavaScript and TypeScript.
pub struct JavaScript {
    /// Whether it is TypeScript.
    pub typed: bool,
}

impl JavaScript {
    /// The file with which a source begins that `windlass.toml` does not name.
    fn usual_source(&self) -> &'static str {
        if self.typed { "tasks.ts" } else { "tasks.js" }
    }
}

impl Toolchain for JavaScript {
    fn tools(&self, project: &Project) -> Vec<Tool> {
        let engine = match project.build.engine {
            Engine::QuickJs => QUICKJS,
            Engine::StarlingMonkey => STARLINGMONKEY,
        };
        let mut tools = vec![Tool::Npm(BUNDLER), Tool::Npm(engine)];
        if self.typed {
            tools.push(Tool::Npm(CHECKER));
        }
        tools
    }

    fn build(&self, workshop: &Workshop) -> Result<Vec<u8>, Error> {
        let source = workshop.project.source(self.usual_source());
        if !source.is_file() {
            return Err(Error::refused(
                format!("{} is not there", source.display()),
                "name the file with which the source begins: `source` in the table [build]",
            ));
        }
        let engine = workshop.project.build.engine;
        let world = model::read(&workshop.resolve, workshop.world)?;
        entry::write(workshop, &world, &source)?;
        types::write(workshop, &world, engine)?;
        if self.typed {
            bundle::check(workshop, &source, engine)?;
        }
        let bundled = bundle::bundle(workshop, &source, engine)?;
        match engine {
            Engine::QuickJs => engine::quickjs(workshop, &source, &bundled),
            Engine::StarlingMonkey => engine::starlingmonkey(workshop, &source, &bundled),
        }
    }
}
