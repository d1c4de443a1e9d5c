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

impl Build {
    /// A key that means nothing for the language, and why.
    fn mistake(&self) -> Option<(&'static str, String)> {
        let title = self.language.title();
        let is_rust = self.language == Language::Rust;
        if self.engine != Engine::default() && !self.language.is_javascript() {
            return Some(("engine", format!("{title} is not executed by an engine")));
        }
        let of_crate = format!("the WIT of {title} follows its code, which Cargo.toml names");
        match (is_rust, &self.world, &self.source) {
            (true, Some(_), _) => Some(("world", of_crate)),
            (true, _, Some(_)) => Some(("source", of_crate)),
            _ => None,
        }
    }
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
        // Messages have the path as it was given.
        let path = match folder == Path::new(".") {
            true => PathBuf::from(MANIFEST),
            false => folder.join(MANIFEST),
        };
        let folder = folder.canonicalize().map_err(Error::file("open", folder))?;
        if !folder.join(MANIFEST).is_file() {
            return Err(Error::refused(
                format!("{} is not there", path.display()),
                "`windlass new NAME --lang LANGUAGE` makes a project",
            ));
        }
        let text = std::fs::read_to_string(&path).map_err(Error::file("read", &path))?;
        let manifest: Manifest = toml::from_str(&text).map_err(|error| {
            let line = line_of(&text, error.span());
            let message = format!("{}:{line}: {}", path.display(), error.message());
            Error::refused(message, "docs/reference/manifest.md has every key")
        })?;
        let Some(build) = manifest.build else {
            return Err(Error::refused(
                format!("{} does not say how the component is built", path.display()),
                "add a table [build] with language = \"rust\", \"python\", \"javascript\", …",
            ));
        };
        if let Some((key, why)) = build.mistake() {
            return Err(Error::refused(
                format!("{}: build.{key}: {why}", path.display()),
                format!("leave `{key}` out of the table [build]"),
            ));
        }
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

    /// One of which nothing is said but its language.
    pub(super) fn new(name: &str, folder: &Path, language: Language) -> Self {
        Self {
            folder: folder.to_owned(),
            name: name.to_owned(),
            file: folder.join(default_file(name)),
            workflows: Vec::new(),
            tasks: Vec::new(),
            build: Build {
                language,
                wit: None,
                world: None,
                source: None,
                engine: Engine::default(),
            },
        }
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

/// The line in which a mistake of a text begins.
fn line_of(text: &str, span: Option<std::ops::Range<usize>>) -> usize {
    let before = span.map_or("", |span| &text[..span.start.min(text.len())]);
    before.bytes().filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(manifest: &str) -> Result<Project, Error> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(MANIFEST), manifest).unwrap();
        Project::open(folder.path())
    }

    #[test]
    fn a_manifest_says_how_its_component_is_built() {
        let project = opened(
            "[component]\nname = \"letters\"\ntasks = [\"summarize\"]\n\
             [build]\nlanguage = \"ts\"\nengine = \"starlingmonkey\"\nwit = \"../wit\"\n\
             [queues.q]\nconcurrency = 1\n",
        )
        .unwrap();

        assert_eq!(project.build.language, Language::TypeScript);
        assert_eq!(project.build.engine, Engine::StarlingMonkey);
        assert_eq!(project.tasks, ["summarize"]);
        assert!(project.file.ends_with("build/letters.wasm"));
        assert!(project.wit().ends_with("../wit"));
    }

    #[test]
    fn a_mistake_is_told_with_its_place_and_a_way_out() {
        const COMPONENT: &str = "[component]\nname = \"a\"\n";
        for (manifest, said) in [
            ("", "windlass.toml does not say how the component is built"),
            ("[build]\n", "windlass.toml:3: missing field `language`"),
            (
                "[build]\nlanguage = \"cobol\"\n",
                "windlass.toml:4: unknown variant `cobol`, expected one of `rust`, `python`",
            ),
            (
                "[build]\nlanguage = \"rust\"\nlangage = \"rust\"\n",
                "windlass.toml:5: unknown field `langage`, expected one of `language`",
            ),
            (
                "[build]\nlanguage = \"go\"\nengine = \"starlingmonkey\"\n",
                "windlass.toml: build.engine: Go is not executed by an engine",
            ),
            (
                "[build]\nlanguage = \"rust\"\nworld = \"w\"\n",
                "windlass.toml: build.world: the WIT of Rust follows its code",
            ),
        ] {
            let error = opened(&format!("{COMPONENT}{manifest}")).unwrap_err();
            assert!(error.to_string().contains(said), "{manifest}: {error}");
            assert!(error.hint().is_some(), "{manifest}");
        }
    }

    #[test]
    fn a_folder_without_a_manifest_is_told_with_the_command_that_makes_one() {
        let folder = tempfile::tempdir().unwrap();

        let error = Project::open(folder.path()).unwrap_err();

        assert!(
            error.to_string().ends_with("windlass.toml is not there"),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("windlass new"));
    }
}
