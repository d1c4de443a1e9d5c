//! A new project from a template.

use std::path::{Path, PathBuf};

use heck::{ToSnakeCase, ToUpperCamelCase};

use super::workshop::write_file;
use super::{Error, Language, embedded};

/// What a new project is to be.
#[derive(Debug)]
pub struct New {
    /// Its name, in kebab case: that of the component, of its WIT package and of its world.
    pub name: String,
    /// Its language.
    pub language: Language,
    /// Whether it holds a workflow besides a task.
    pub workflow: bool,
    /// The folder, which is made.
    pub folder: PathBuf,
}

/// Makes the project, and returns its files.
///
/// # Errors
///
/// If the name cannot be one, the folder has something in it, or a file cannot be written.
pub fn scaffold(new: &New) -> Result<Vec<PathBuf>, Error> {
    check(&new.name)?;
    let is_empty = |folder: &Path| match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(_) => !folder.exists(),
    };
    if !is_empty(&new.folder) {
        return Err(Error::refused(
            format!("{} is there already, and not empty", new.folder.display()),
            "choose another name, or another folder with --folder",
        ));
    }
    let mut written = Vec::new();
    for file in embedded::sdk(&new.language.template(new.workflow))? {
        let path = file.path.replace("_gitignore", ".gitignore");
        let path = new.folder.join(fill(&path, &new.name));
        let bytes = match std::str::from_utf8(&file.bytes) {
            Ok(text) => fill(text, &new.name).into_bytes(),
            Err(_) => file.bytes.into_owned(),
        };
        write_file(&path, &bytes)?;
        written.push(path);
    }
    Ok(written)
}

/// A text of a template with the project's name in it.
fn fill(text: &str, name: &str) -> String {
    text.replace("{{name}}", name)
        .replace("{{snake}}", &name.to_snake_case())
        .replace("{{pascal}}", &name.to_upper_camel_case())
}

/// Words of letters and digits, joined by hyphens, each beginning with a letter: what WIT and all
/// languages take.
fn check(name: &str) -> Result<(), Error> {
    let word_is_fine = |word: &str| {
        let mut bytes = word.bytes();
        bytes.next().is_some_and(|byte| byte.is_ascii_lowercase())
            && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    if name.len() <= 64 && name.split('-').all(word_is_fine) {
        if TAKEN.contains(&name) {
            return Err(Error::refused(
                format!("{name:?} is a word of WIT or of the template"),
                "choose another name, such as my-tasks",
            ));
        }
        return Ok(());
    }
    Err(Error::refused(
        format!("{name:?} cannot be the name of a project"),
        "take words of the letters a to z and digits, joined by hyphens, each beginning with a \
         letter: my-tasks",
    ))
}

/// Names under which something else stands in a template, or that WIT keeps for itself.
const TAKEN: [&str; 32] = [
    "app",
    "as",
    "async",
    "bool",
    "char",
    "component",
    "constructor",
    "enum",
    "export",
    "flags",
    "from",
    "func",
    "future",
    "import",
    "include",
    "interface",
    "list",
    "option",
    "own",
    "package",
    "record",
    "resource",
    "result",
    "static",
    "stream",
    "string",
    "tasks",
    "test",
    "tuple",
    "type",
    "use",
    "workflows",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_language_takes_is_refused_with_one_that_works() {
        for name in [
            "", "Letters", "1st", "my_tasks", "a--b", "-a", "a-1", "ü", "list", "tasks",
        ] {
            let error = check(name).unwrap_err();
            assert!(
                error.hint().unwrap().contains("my-tasks"),
                "{name}: {error}"
            );
        }
        for name in ["letters", "my-tasks", "a1-b2"] {
            check(name).unwrap();
        }
    }

    #[test]
    fn a_template_is_filled_with_the_name_in_each_shape() {
        assert_eq!(
            fill("{{name}} {{snake}} {{pascal}}", "my-tasks"),
            "my-tasks my_tasks MyTasks"
        );
    }

    #[test]
    fn a_folder_with_something_in_it_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("mine"), "x").unwrap();

        let new = New {
            name: "letters".to_owned(),
            language: Language::Python,
            workflow: false,
            folder: folder.path().to_owned(),
        };
        let error = scaffold(&new).unwrap_err().to_string();

        assert!(error.contains("not empty"), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
