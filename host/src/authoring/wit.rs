//! The project's WIT, completed with that of Windlass.

use std::path::Path;

use wit_parser::{Resolve, WorldId};

use super::workshop::write_file;
use super::{Error, Project, embedded};

/// The package of Windlass, as it lies in `wit/` and in `deps/`.
const HOST: &str = "windlass-host";

/// Copies the project's WIT to `to`, puts the contract beside it, and reads all of it.
///
/// # Errors
///
/// What does not parse, with file and line; or which world is meant, if there are several.
pub fn complete(project: &Project, to: &Path) -> Result<(Resolve, WorldId), Error> {
    let from = project.wit();
    if !from.is_dir() {
        return Err(Error::refused(
            format!("{} is no folder", from.display()),
            "put the component's interfaces there, or say `wit` in the table [build]",
        ));
    }
    if to.exists() {
        std::fs::remove_dir_all(to).map_err(Error::file("remove", to))?;
    }
    copy(&from, to)?;
    for file in embedded::wit(HOST)? {
        write_file(&to.join("deps").join(HOST).join(&file.path), &file.bytes)?;
    }
    let mut resolve = Resolve::default();
    let seen_from_project = |error: String| {
        let of_author = from.strip_prefix(&project.folder).unwrap_or(&from);
        let named = error.replace(&to.display().to_string(), &of_author.display().to_string());
        Error::Wit(named)
    };
    let (package, _) = resolve
        .push_dir(to)
        .map_err(|error| seen_from_project(format!("{error:?}")))?;
    let world = resolve
        .select_world(&[package], project.build.world.as_deref())
        .map_err(|error| {
            Error::refused(
                format!("{}: {error}", from.display()),
                "say which world the component implements: `world` in the table [build]",
            )
        })?;
    Ok((resolve, world))
}

/// The contract alone, put into `to`: for a project whose WIT follows its code. The world is that of
/// a task, which stands for the one that is not known yet.
///
/// # Errors
///
/// If it cannot be written.
pub fn contract(to: &Path) -> Result<(Resolve, WorldId), Error> {
    let folder = to.join("deps").join(HOST);
    for file in embedded::wit(HOST)? {
        write_file(&folder.join(&file.path), &file.bytes)?;
    }
    let mut resolve = Resolve::default();
    let (package, _) = resolve
        .push_dir(&folder)
        .map_err(|error| Error::Wit(format!("{error:?}")))?;
    let world = resolve
        .select_world(&[package], Some("tasks"))
        .map_err(|error| Error::Wit(format!("{error:?}")))?;
    Ok((resolve, world))
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(to).map_err(Error::file("make", to))?;
    for entry in std::fs::read_dir(from).map_err(Error::file("read", from))? {
        let path = entry.map_err(Error::file("read", from))?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            std::fs::copy(&path, &target).map_err(Error::file("copy", &path))?;
        }
    }
    Ok(())
}
