//! The folder `.windlass/` of a project, in which its component is made, and running tools in it.
//!
//! Nothing in it is the author's: it can be deleted at any time, and is made again by the next build.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};

use wit_parser::{Resolve, WorldId};

use super::tools::Tools;
use super::{Error, Project};

/// Where a component is made.
pub struct Workshop {
    /// What is built.
    pub project: Project,
    /// The tools that were looked for.
    pub tools: Tools,
    /// The project's WIT, with everything that it refers to.
    pub resolve: Resolve,
    /// The world that the component implements.
    pub world: WorldId,
    /// What tools said although they succeeded.
    pub(super) warnings: Mutex<Vec<String>>,
}

impl Workshop {
    /// `.windlass/` itself.
    pub fn folder(&self) -> PathBuf {
        self.project.folder.join(".windlass")
    }

    /// The SDK's files, as they lie below `guest-sdk/<language>/`.
    pub fn sdk(&self) -> PathBuf {
        self.folder().join("sdk")
    }

    /// The project's WIT, complete: `windlass:host` lies in `deps/`.
    pub fn wit(&self) -> PathBuf {
        self.folder().join("wit")
    }

    /// Bindings and entry points: emptied before each build.
    pub fn generated(&self) -> PathBuf {
        self.folder().join("gen")
    }

    /// Intermediate files; kept between builds, so that a build can go on from the last.
    pub fn work(&self) -> PathBuf {
        self.folder().join("work")
    }

    /// The name of the world, without its package.
    pub fn world_name(&self) -> &str {
        &self.resolve.worlds[self.world].name
    }

    /// Runs a tool to its end in the project's folder and returns what it printed on stdout.
    ///
    /// # Errors
    ///
    /// If it cannot be started or fails; with what it printed, paths seen from the project.
    pub fn run(&self, tool: &str, command: &mut Command) -> Result<String, Error> {
        let output = self.output(tool, command)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let [stdout, stderr] = [&output.stdout, &output.stderr];
        let said = [stdout.trim_ascii_end(), b"\n", stderr].concat();
        Err(Error::Failed {
            tool: tool.to_owned(),
            said: self.seen_from_project(&said),
            hint: None,
        })
    }

    /// Runs a tool to its end in the project's folder, however it ends: for a language that has to
    /// look at what the tool said.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn output(&self, tool: &str, command: &mut Command) -> Result<Output, Error> {
        command
            .current_dir(&self.project.folder)
            .stdin(Stdio::null());
        command.output().map_err(|error| Error::Failed {
            tool: tool.to_owned(),
            said: format!("it could not be started: {error}"),
            hint: None,
        })
    }

    /// What a tool printed, with paths as the author has them.
    pub fn seen_from_project(&self, said: &[u8]) -> String {
        let folder = format!("{}/", self.project.folder.display());
        let said = String::from_utf8_lossy(said);
        said.trim().replace(&folder, "")
    }

    /// Tells the author something although the component was built; nothing where it is empty.
    pub fn warn(&self, said: impl Into<String>) {
        let said = said.into();
        if !said.is_empty() {
            let warnings = self.warnings.lock();
            let mut warnings = warnings.unwrap_or_else(PoisonError::into_inner);
            warnings.push(said);
        }
    }

    /// Writes a file below `.windlass/`, with the folders to it; leaves it alone if it is so already.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write(&self, path: &Path, bytes: impl AsRef<[u8]>) -> Result<(), Error> {
        write_file(path, bytes.as_ref())
    }

    /// Reads a file that a tool made.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn read(&self, path: &Path) -> Result<Vec<u8>, Error> {
        std::fs::read(path).map_err(Error::file("read", path))
    }
}

/// Writes a file, with the folders to it, unless it is so already: what did not change keeps its
/// time, by which compilers decide what to build again.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    if std::fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(Error::file("make", folder))?;
    }
    std::fs::write(path, bytes).map_err(Error::file("write", path))
}
