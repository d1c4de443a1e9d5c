//! What `windlass.toml` says of building.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Error, Language};

/// The name of a project's manifest.
pub const MANIFEST: &str = "windlass.toml";

/// The table `[build]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// The language.
    pub language: Language,
    /// The folder of the WIT; `wit` where it is not said.
    pub wit: Option<PathBuf>,
    /// The world of the WIT; the only one where it is not said.
    pub world: Option<String>,
    /// The file with which the source begins; what is usual in the language where it is not said.
    pub source: Option<PathBuf>,
    /// What executes JavaScript; QuickJS where it is not said.
    #[serde(default)]
    pub engine: Engine,
}

/// What executes JavaScript.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// Small, and ready at once.
    #[default]
    QuickJs,
    /// Firefox's, with web APIs: eight times as large.
    StarlingMonkey,
}

/// A project of a task author.
#[derive(Debug, Clone)]
pub struct Project {
    /// Where it lies; absolute.
    pub folder: PathBuf,
    /// The component's name.
    pub name: String,
    /// Where its component goes; absolute.
    pub file: PathBuf,
    /// Functions that are workflows, whatever they are usually.
    pub workflows: Vec<String>,
    /// Functions that are tasks, whatever they are usually.
    pub tasks: Vec<String>,
    /// How it is built.
    pub build: Build,
}

/// As much of a manifest as building needs. The command line reads the rest, and refuses what
/// nobody knows.
#[derive(Deserialize)]
struct Manifest {
    component: Component,
    build: Option<Build>,
}

#[derive(Deserialize)]
struct Component {
    name: String,
    file: Option<PathBuf>,
    #[serde(default)]
    workflows: Vec<String>,
    #[serde(default)]
    tasks: Vec<String>,
}

impl Project {
    /// The project in this folder.
    ///
    /// # Errors
    ///
    /// If there is none, or its manifest does not say how it is built.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let folder = folder.canonicalize().map_err(Error::file("open", folder))?;
        let path = folder.join(MANIFEST);
        if !path.exists() {
            return Err(Error::refused(
                format!("{} has no {MANIFEST}", folder.display()),
                "`windlass new NAME --lang LANGUAGE` makes a project",
            ));
        }
        let text = std::fs::read_to_string(&path).map_err(Error::file("read", &path))?;
        let manifest: Manifest = toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(0, |span| {
                text[..span.start].bytes().filter(|b| *b == b'\n').count()
            });
            let message = format!("{}:{}: {}", path.display(), line + 1, error.message());
            Error::refused(message, "docs/reference/manifest.md has every key")
        })?;
        let Some(build) = manifest.build else {
            return Err(Error::refused(
                format!("{} does not say how the component is built", path.display()),
                "add a table [build] with language = \"rust\", \"python\", \"javascript\", …",
            ));
        };
        let Component {
            name,
            file,
            workflows,
            tasks,
        } = manifest.component;
        let file = file.unwrap_or_else(|| default_file(&name));
        Ok(Self {
            file: folder.join(file),
            folder,
            name,
            workflows,
            tasks,
            build,
        })
    }

    /// The folder of its WIT.
    pub fn wit(&self) -> PathBuf {
        let wit = self.build.wit.as_deref();
        self.folder.join(wit.unwrap_or(Path::new("wit")))
    }

    /// The file with which its source begins, or the usual one.
    pub fn source(&self, usual: &str) -> PathBuf {
        let source = self.build.source.as_deref();
        self.folder.join(source.unwrap_or(Path::new(usual)))
    }
}

/// Where the component of a project goes that does not say it.
pub fn default_file(name: &str) -> PathBuf {
    Path::new("build").join(format!("{name}.wasm"))
}
