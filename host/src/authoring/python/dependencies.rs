//! Packages of the author's: `requirements.txt`, else the dependencies of `pyproject.toml`.
//!
//! They are installed beside the component's other intermediate files, by pip, which is told to take
//! nothing but wheels of pure Python: code for a processor does not run in a component.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use super::COMPONENTIZE;
use crate::authoring::{Error, Workshop};

/// The version of Python in a component.
const VERSION: &str = "3.14";

/// As much of `pyproject.toml` as matters.
#[derive(Deserialize)]
struct Pyproject {
    project: Option<Declared>,
}

#[derive(Deserialize)]
struct Declared {
    #[serde(default)]
    dependencies: Vec<String>,
}

/// What a project depends on.
struct Wanted {
    /// The file that says so.
    file: PathBuf,
    /// As pip takes it.
    arguments: Vec<String>,
    /// What changes when that changes.
    text: String,
}

/// The virtual environment that holds them, and nothing else.
pub fn environment(workshop: &Workshop) -> PathBuf {
    workshop.work().join("venv")
}

/// Installs them unless that was done before, and returns their folder, if there are any.
///
/// # Errors
///
/// What is no pure Python, or whatever pip says.
pub fn install(workshop: &Workshop) -> Result<Option<PathBuf>, Error> {
    let environment = environment(workshop);
    let folder = environment.join("lib").join("site-packages");
    let stamp = environment.join("windlass-dependencies");
    let wanted = wanted(&workshop.project.folder)?;
    let text = wanted.as_ref().map_or("", |wanted| &wanted.text);
    let is_done = std::fs::read_to_string(&stamp).is_ok_and(|done| done == text);
    if !is_done {
        if environment.exists() {
            let failed = Error::file("remove", &environment);
            std::fs::remove_dir_all(&environment).map_err(failed)?;
        }
        std::fs::create_dir_all(&folder).map_err(Error::file("make", &folder))?;
        if let Some(wanted) = &wanted {
            pip(workshop, wanted, &folder)?;
        }
        workshop.write(&stamp, text)?;
    }
    Ok(wanted.map(|_| folder))
}

fn wanted(project: &Path) -> Result<Option<Wanted>, Error> {
    let file = project.join("requirements.txt");
    if file.is_file() {
        let text = std::fs::read_to_string(&file).map_err(Error::file("read", &file))?;
        let arguments = vec!["-r".to_owned(), file.display().to_string()];
        return Ok(Some(Wanted {
            file: "requirements.txt".into(),
            arguments,
            text,
        }));
    }
    let file = project.join("pyproject.toml");
    if !file.is_file() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&file).map_err(Error::file("read", &file))?;
    let pyproject: Pyproject = toml::from_str(&text).map_err(|error| {
        Error::refused(format!("pyproject.toml: {error}"), "mend pyproject.toml")
    })?;
    let dependencies = pyproject.project.map(|project| project.dependencies);
    let dependencies = dependencies.unwrap_or_default();
    if dependencies.is_empty() {
        return Ok(None);
    }
    Ok(Some(Wanted {
        file: "pyproject.toml".into(),
        text: dependencies.join("\n"),
        arguments: dependencies,
    }))
}

fn pip(workshop: &Workshop, wanted: &Wanted, folder: &Path) -> Result<(), Error> {
    let mut pip = Command::new(workshop.tools.pip(COMPONENTIZE).join("python"));
    pip.args(["-m", "pip", "install", "--quiet"])
        .args(["--disable-pip-version-check", "--no-compile"])
        .args(["--only-binary", ":all:", "--python-version", VERSION])
        .args([
            "--implementation",
            "py",
            "--abi",
            "none",
            "--platform",
            "any",
        ])
        .arg("--target")
        .arg(folder)
        .args(&wanted.arguments);
    workshop.run("pip", &mut pip).map_err(|error| match error {
        Error::Failed { said, .. } => refuse(&wanted.file, said),
        other => other,
    })?;
    match native(folder)? {
        None => Ok(()),
        Some(file) => Err(not_pure(
            &wanted.file,
            &file
                .strip_prefix(folder)
                .unwrap_or(&file)
                .display()
                .to_string(),
        )),
    }
}

/// What pip said, in words of this project where they are known.
fn refuse(file: &Path, said: String) -> Error {
    let mut lines = said.lines();
    let missing = lines.find_map(|line| {
        let (_, package) = line.split_once("No matching distribution found for ")?;
        Some(package.split_whitespace().next()?.to_owned())
    });
    match missing {
        Some(package) => not_pure(file, &package),
        None => Error::Failed {
            tool: "pip".to_owned(),
            said,
            hint: Some(format!("mend {}", file.display())),
        },
    }
}

fn not_pure(file: &Path, package: &str) -> Error {
    Error::refused(
        format!(
            "{}: {package} is no package of pure Python for {VERSION}: there is no wheel of it that \
             runs anywhere",
            file.display()
        ),
        "a component runs no native code: take a package of pure Python, or call a task that is \
         written in another language",
    )
}

/// A file of native code.
fn native(folder: &Path) -> Result<Option<PathBuf>, Error> {
    for entry in std::fs::read_dir(folder).map_err(Error::file("read", folder))? {
        let path = entry.map_err(Error::file("read", folder))?.path();
        let end = path.extension().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if let Some(file) = native(&path)? {
                return Ok(Some(file));
            }
        } else if ["so", "pyd", "dylib", "dll"].contains(&&*end) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dependencies_of_a_pyproject_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[project]\nname = \"a\"\ndependencies = [\"idna>=3\"]\n";
        std::fs::write(folder.path().join("pyproject.toml"), text).unwrap();

        let found = wanted(folder.path()).unwrap().unwrap();

        assert_eq!(found.arguments, ["idna>=3"]);
    }

    #[test]
    fn a_package_with_native_code_is_named_with_the_file_that_wants_it() {
        let said = "ERROR: Could not find a version that satisfies the requirement numpy\n\
                    ERROR: No matching distribution found for numpy==2.3.0";

        let error = refuse(Path::new("requirements.txt"), said.to_owned());

        assert!(
            error
                .to_string()
                .starts_with("requirements.txt: numpy==2.3.0 is no package of pure"),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("native code"));
    }

    #[test]
    fn a_file_of_native_code_is_found_wherever_it_lies() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("fast")).unwrap();
        std::fs::write(folder.path().join("fast").join("code.so"), "").unwrap();

        let found = native(folder.path()).unwrap().unwrap();

        assert!(found.ends_with("fast/code.so"));
    }
}
