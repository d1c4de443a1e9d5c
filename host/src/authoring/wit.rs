//! The project's WIT, completed with that of Windlass.

use std::path::Path;

use wit_parser::{PackageId, Resolve, WorldId};

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
    let (package, _) = match resolve.push_dir(to) {
        Ok(package) => package,
        Err(error) => return Err(mistake(project, to, &resolve.render_error(&error))),
    };
    let world = world(project, &resolve, package)?;
    Ok((resolve, world))
}

/// What is wrong with the WIT, with paths as the author has them.
fn mistake(project: &Project, to: &Path, said: &str) -> Error {
    let from = project.wit();
    let of_author = from.strip_prefix(&project.folder).unwrap_or(&from);
    let said = said.replace(&to.display().to_string(), &of_author.display().to_string());
    Error::Wit(said.trim().to_owned())
}

/// The world that is meant.
fn world(project: &Project, resolve: &Resolve, package: PackageId) -> Result<WorldId, Error> {
    let worlds = &resolve.packages[package].worlds;
    let names: Vec<&str> = worlds.keys().map(String::as_str).collect();
    let names = names.join(", ");
    let refused = |message: String| {
        let hint = "say which world the component implements: `world` in the table [build]";
        Err(Error::refused(message, hint))
    };
    match (&project.build.world, worlds.len()) {
        (Some(wanted), _) => match worlds.get(wanted.as_str()) {
            Some(world) => Ok(*world),
            None => refused(format!(
                "the WIT has no world named `{wanted}`, only: {names}"
            )),
        },
        (None, 1) => Ok(worlds[0]),
        (None, 0) => Err(Error::refused(
            "the WIT has no world",
            "add one that exports the interfaces: `world NAME { export tasks; }`",
        )),
        (None, _) => refused(format!("the WIT has several worlds: {names}")),
    }
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
        .map_err(|error| Error::Wit(format!("{error:#}")))?;
    let world = resolve
        .select_world(&[package], Some("tasks"))
        .map_err(|error| Error::Wit(format!("{error:#}")))?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authoring::Language;

    /// What completing this WIT says; with the folder that holds the project.
    fn completed(file: &str, world: Option<&str>) -> Result<String, Error> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("wit")).unwrap();
        std::fs::write(folder.path().join("wit/world.wit"), file).unwrap();
        let mut project = Project::new("letters", folder.path(), Language::Python);
        project.build.world = world.map(str::to_owned);
        let (resolve, world) = complete(&project, &folder.path().join(".windlass/wit"))?;
        Ok(resolve.worlds[world].name.clone())
    }

    const TWO: &str = "package a:b;\nworld one {}\nworld two {}\n";

    #[test]
    fn the_contract_lies_beside_the_authors_wit() {
        let world = completed(
            "package a:b;\nworld w { include windlass:host/tasks@0.1.0; }\n",
            None,
        );

        assert_eq!(world.unwrap(), "w");
        assert_eq!(completed(TWO, Some("two")).unwrap(), "two");
    }

    #[test]
    fn a_wit_that_does_not_parse_is_told_with_the_authors_file_and_line() {
        let file = "package a:b;\ninterface tasks {\n  greet: func(name: strin) -> string;\n}\n";

        let error = completed(file, None).unwrap_err().to_string();

        assert!(error.contains("wit/world.wit:3:21"), "{error}");
        assert!(error.contains("strin"), "{error}");
        assert!(
            !error.contains(".windlass") && !error.contains("/tmp"),
            "{error}"
        );
    }

    #[test]
    fn an_import_that_is_not_there_is_told_with_where_it_belongs() {
        let file = "package a:b;\nworld w { import demo:hello/tasks@0.1.0; }\n";

        let error = completed(file, None).unwrap_err();

        assert!(error.to_string().contains("demo:hello"), "{error}");
        assert!(error.hint().unwrap().contains("wit/deps"), "{error}");
    }

    #[test]
    fn a_world_has_to_be_named_where_there_are_several_and_to_be_there() {
        for (world, said) in [
            (None, "one, two"),
            (Some("three"), "no world named `three`"),
        ] {
            let error = completed(TWO, world).unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
            assert!(error.hint().unwrap().contains("[build]"), "{error}");
        }
        let none = completed("package a:b;\n", None).unwrap_err();
        assert!(none.to_string().contains("no world"), "{none}");
    }

    #[test]
    fn a_project_without_wit_is_told_where_it_belongs() {
        let folder = tempfile::tempdir().unwrap();
        let project = Project::new("letters", folder.path(), Language::Go);

        let error = complete(&project, &folder.path().join(".windlass/wit")).unwrap_err();

        assert!(error.to_string().ends_with("wit is no folder"), "{error}");
        assert!(error.hint().unwrap().contains("[build]"), "{error}");
    }
}
