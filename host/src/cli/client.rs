//! `windlass client`: what a program that enqueues needs.

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use windlass_client::Client as Connected;
use windlass_client::wire::{self, Kind};

use super::failure::Failure;
use super::manifest;
use super::output::{self, Output};
use super::{push, read_file, versioned};
use crate::authoring::stubs::{self, Language, Source};
use crate::registry::describe::Task;

/// Help programs that enqueue.
#[derive(Debug, Subcommand)]
pub enum Client {
    /// Write typed stubs of a component's tasks, over the client library of a language.
    #[command(after_help = EXAMPLES)]
    Generate {
        /// The language.
        #[arg(long, value_enum)]
        lang: Lang,
        /// The file; stdout unless said otherwise.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// NAME or NAME@VERSION of a component on the host, a file that ends in .wasm, or the
        /// folder of a project that is built. With a version, the stubs call that very version.
        #[arg(value_name = "COMPONENT")]
        component: String,
    },
}

const EXAMPLES: &str = "\
Examples:
  windlass client generate --lang python images --out images.py
  windlass client generate --lang typescript images@1.2.0 > images.ts
  windlass client generate --lang rust ./images --out src/images.rs";

/// A language that stubs are written in.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Lang {
    /// Over the package windlass_client.
    Python,
    /// Over the package @windlass/client.
    #[value(name = "typescript")]
    TypeScript,
    /// Over the crate windlass-client.
    Rust,
}

impl From<Lang> for Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::Python => Self::Python,
            Lang::TypeScript => Self::TypeScript,
            Lang::Rust => Self::Rust,
        }
    }
}

impl Client {
    /// Does it.
    pub async fn run(
        &self,
        connect: impl FnOnce() -> Result<Connected, windlass_client::Error>,
        output: Output,
    ) -> anyhow::Result<()> {
        let Self::Generate {
            lang,
            out,
            component,
        } = self;
        let source = match local(component)? {
            Some(source) => source,
            None => on_host(&connect()?, component).await?,
        };
        if source.tasks.is_empty() {
            let message = format!("{component} has no tasks that could be called");
            return Err(Failure::other(message).into());
        }
        let text = stubs::generate((*lang).into(), &source);
        let Some(file) = out else {
            return Ok(output::bytes(text.as_bytes())?);
        };
        std::fs::write(file, text)
            .map_err(|error| Failure::usage(format!("cannot write {}: {error}", file.display())))?;
        let tasks = match source.tasks.len() {
            1 => "1 task".to_owned(),
            count => format!("{count} tasks"),
        };
        output.say(format!("{} has stubs of {tasks}", file.display()));
        Ok(())
    }
}

/// The component in a file or a project, where the name is that of one.
fn local(component: &str) -> anyhow::Result<Option<Source>> {
    let path = Path::new(component);
    if component.ends_with(".wasm") {
        let source = Source::read(&push::name_of(path)?, None, &read_file(path)?);
        return Ok(Some(source?));
    }
    // The names of components have no slash in them.
    if !matches!(component, "." | "..") && !component.contains(['/', '\\']) {
        return Ok(None);
    }
    let loaded = manifest::load(path)?;
    let Some(described) = &loaded.manifest.component else {
        let message = format!("the manifest in {component} has no [component]");
        return Err(Failure::usage(message).into());
    };
    let version = described.version.as_deref();
    let source = Source::read(&described.name, version, &loaded.bytes)?;
    let folder = match path.is_dir() {
        true => path,
        false => path.parent().unwrap_or(path),
    };
    let wit = match &loaded.manifest.build {
        Some(build) => folder.join(build.wit.as_deref().unwrap_or(Path::new("wit"))),
        None => folder.join("wit"),
    };
    match wit.is_dir() {
        true => Ok(Some(source.with_wit_of(&wit)?)),
        false => Ok(Some(source)),
    }
}

async fn on_host(client: &Connected, component: &str) -> anyhow::Result<Source> {
    let (name, version) = versioned(component);
    let found = client.component(name, version).await?;
    let wit = client.wit(name, &found.version).await?;
    let tasks = found.tasks.into_iter().map(described);
    Ok(Source {
        component: found.name,
        pinned: version.is_some(),
        version: found.version,
        digest: found.digest,
        tasks: tasks.collect::<anyhow::Result<_>>()?,
        wit,
    })
}

fn described(task: wire::Task) -> anyhow::Result<Task> {
    Ok(Task {
        interface: task.interface,
        name: task.name,
        function: serde_json::from_value(task.signature)?,
        docs: task.docs,
        workflow: task.kind == Kind::Workflow,
    })
}
