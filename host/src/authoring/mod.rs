//! Projects of task authors: making one, finding its tools, building its component.
//!
//! A project is a folder with `windlass.toml`, a WIT and a source in one of seven languages. Building
//! one takes no host and no network; what it needs is looked for, and installed when that is asked
//! for. The frame here is the same for every language; what differs is a `Toolchain`.
//!
//! - `language`: the languages, and where their templates lie
//! - `project`: what `windlass.toml` says of building
//! - `embedded`: the SDKs and templates, which the binary carries
//! - `scaffold`: a new project from a template
//! - `workshop`: the folder `.windlass/` in which a component is made, and running tools in it
//! - `tools`: pinned tools, where they are, what is missing
//! - `wit`: the project's WIT with that of Windlass
//! - `kinds`: which functions are workflows, written into the component
//! - `sources`: which files are the author's own
//! - `build`: all of that in order
//! - `rust`, `python`, `javascript`, `go`, `c`: the toolchains
//! - `stubs`: typed stubs over the client libraries, for who calls a component

mod build;
mod c;
mod embedded;
mod error;
mod go;
mod javascript;
mod kinds;
mod language;
mod project;
mod python;
mod rust;
mod scaffold;
mod sources;
pub mod stubs;
mod tools;
mod wit;
mod workshop;

pub use build::{Built, Request, build, lacking};
pub use error::Error;
pub use language::Language;
pub use project::{Build, Engine, Project, default_file};
pub use scaffold::{New, scaffold};
pub use sources::{Sources, changed_since_build};
pub use tools::{Npm, Pip, Program, Tool};
pub use workshop::Workshop;

/// What a language does differently.
trait Toolchain {
    /// The tools that it needs, each looked for before anything is made.
    fn tools(&self, project: &Project) -> Vec<Tool>;

    /// Whether the WIT is derived from the code, so that there is none to be read before.
    fn wit_follows_code(&self) -> bool {
        false
    }

    /// Makes the component; `.windlass/` holds the SDK and the WIT already.
    ///
    /// # Errors
    ///
    /// What the author has to mend, with its place, or the tool that failed.
    fn build(&self, workshop: &Workshop) -> Result<Vec<u8>, Error>;
}
