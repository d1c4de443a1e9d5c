//! From a project to its component.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::tools::Tools;
use super::workshop::write_file;
use super::{Error, Language, Project, Workshop, embedded, kinds, wit};
use crate::registry::describe::{self, Description};
use crate::registry::validate;

/// How a project is to be built.
#[derive(Debug)]
pub struct Request {
    /// The project.
    pub project: Project,
    /// Whether tools that are missing are installed.
    pub install: bool,
}

/// A component that was built.
#[derive(Debug)]
pub struct Built {
    /// Where it is.
    pub file: PathBuf,
    /// How large it is, in bytes.
    pub size: usize,
    /// What it exports.
    pub description: Description,
    /// How long it took.
    pub took: Duration,
}

/// Builds the component; `say` is told what takes time. Blocks for as long as the tools take.
///
/// # Errors
///
/// What the author has to mend, or what is missing. The component of the last build stays then.
pub fn build(request: Request, say: &mut dyn FnMut(String)) -> Result<Built, Error> {
    let Request { project, install } = request;
    let began = Instant::now();
    let language = project.build.language;
    let toolchain = language.toolchain();
    let mut tools = Tools::new();
    for tool in toolchain.tools(&project) {
        tools.look_for(&tool, install, say)?;
    }
    let folder = project.folder.join(".windlass");
    unpack(language, &folder)?;
    let (resolve, world) = match toolchain.wit_follows_code() {
        true => wit::contract(&folder.join("wit"))?,
        false => wit::complete(&project, &folder.join("wit"))?,
    };
    let generated = folder.join("gen");
    if generated.exists() {
        std::fs::remove_dir_all(&generated).map_err(Error::file("remove", &generated))?;
    }
    for made in [generated, folder.join("work")] {
        std::fs::create_dir_all(&made).map_err(Error::file("make", &made))?;
    }
    let workshop = Workshop {
        project,
        tools,
        resolve,
        world,
        warnings: Mutex::default(),
    };
    let mut bytes = toolchain.build(&workshop)?;
    validate::validate(&bytes).map_err(|error| Error::Component(error.to_string()))?;
    let described = describe::describe(&bytes);
    let mut description = described.map_err(|error| Error::Component(error.to_string()))?;
    let Workshop {
        project, warnings, ..
    } = workshop;
    for warning in warnings
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
    {
        say(warning);
    }
    if !project.workflows.is_empty() || !project.tasks.is_empty() {
        kinds::write(&project, &description, &mut bytes)?;
        let described = describe::describe(&bytes);
        description = described.map_err(|error| Error::Component(error.to_string()))?;
    }
    // Also when it is as it was: its time says when it was built.
    if let Some(folder) = project.file.parent() {
        std::fs::create_dir_all(folder).map_err(Error::file("make", folder))?;
    }
    std::fs::write(&project.file, &bytes).map_err(Error::file("write", &project.file))?;
    Ok(Built {
        file: project.file,
        size: bytes.len(),
        description,
        took: began.elapsed(),
    })
}

/// What is missing of a language's toolchain, or too old.
///
/// # Errors
///
/// That is what it returns; nothing is installed.
pub fn lacking(language: Language) -> Result<(), Error> {
    let project = Project::new("any", Path::new(""), language);
    let mut tools = Tools::new();
    for tool in language.toolchain().tools(&project) {
        tools.look_for(&tool, false, &mut |_| {})?;
    }
    Ok(())
}

/// Puts the SDK, without its templates and tests, into the project; what another version put there
/// and this one does not goes.
fn unpack(language: Language, folder: &Path) -> Result<(), Error> {
    let list = folder.join("unpacked");
    let before = std::fs::read_to_string(&list).unwrap_or_default();
    let mut gone: BTreeSet<&str> = before.lines().collect();
    let mut unpacked = String::new();
    for file in embedded::sdk(language.folder())? {
        let first = file.path.split('/').next();
        if !matches!(first, Some("templates" | "tests")) {
            write_file(&folder.join("sdk").join(&file.path), &file.bytes)?;
            gone.remove(&*file.path);
            unpacked.push_str(&file.path);
            unpacked.push('\n');
        }
    }
    for path in gone {
        // It may well be gone already.
        let _ = std::fs::remove_file(folder.join("sdk").join(path));
    }
    write_file(&list, unpacked.as_bytes())
}
