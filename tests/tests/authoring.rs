//! From nothing to a running task in every language, as the page in each new project says.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics says what went wrong"
)]

#[path = "authoring/developing.rs"]
mod developing;
#[path = "authoring/refused.rs"]
mod refused;

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use windlass_tests::languages::{cargo_target, tools};
use windlass_tests::pages::{self, Shell};
use windlass_tests::{HostProcess, Setup};

macro_rules! languages {
    ($($language:ident),*) => { $(
        mod $language {
            #[test]
            fn the_page_of_a_new_task_is_so() {
                super::execute_page(stringify!($language), false);
            }

            #[test]
            fn the_page_of_a_new_workflow_is_so() {
                super::execute_page(stringify!($language), true);
            }
        }
    )* };
}

languages![rust, python, javascript, typescript, go, c, cpp];

/// Makes a project in an empty folder, and does what its page says, beside a host.
fn execute_page(language: &str, workflow: bool) {
    let host = Setup::sqlite().start();
    let name = if workflow { "letters" } else { "my-letters" };
    let project = Project::new(&host, name, language, workflow);
    let page = fs::read_to_string(project.folder().join("README.md")).unwrap();
    assert!(!page.contains("{{"), "the page has a gap: {page}");

    let commands = pages::commands_of(&page);
    for what in ["windlass build", "windlass push", "windlass run ."] {
        let is_there = commands.iter().any(|one| one.line.starts_with(what));
        assert!(is_there, "the page does not show `{what}`");
    }
    let tests = commands.iter().any(|one| one.program() != "windlass");
    assert!(tests, "the page does not show how the project is tested");

    for command in commands {
        project.shell.execute(&command);
    }
}

/// A project that was just made. Those in Rust have names of their own, since they are built into one
/// folder, at once.
struct Project {
    place: TempDir,
    name: String,
    shell: Shell,
}

impl Project {
    fn new(host: &HostProcess, name: &str, language: &str, workflow: bool) -> Self {
        let place = TempDir::new().unwrap();
        let which = if workflow { " --workflow" } else { "" };
        shell(place.path(), host).run(&format!("windlass new {name} --lang {language}{which}"));
        Self {
            shell: shell(&place.path().join(name), host),
            name: name.to_owned(),
            place,
        }
    }

    fn folder(&self) -> PathBuf {
        self.place.path().join(&self.name)
    }

    /// Replaces a text in a file of the project.
    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.folder().join(file);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(
            text.contains(from),
            "{file} does not hold {from:?}:\n{text}"
        );
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    /// The bytes of its component.
    fn component(&self) -> Vec<u8> {
        fs::read(self.folder().join(format!("build/{}.wasm", self.name))).unwrap()
    }
}

fn shell(place: &Path, host: &HostProcess) -> Shell {
    Shell::new(place, host)
        .with("WINDLASS_TOOLS", tools())
        .with("CARGO_TARGET_DIR", cargo_target())
        .with_programs(tools().join("go/bin"))
}

#[test]
fn a_build_of_the_same_source_is_the_same_component() {
    let host = Setup::sqlite().start();
    for language in ["rust", "c"] {
        let project = Project::new(&host, "same-letters", language, true);
        project.shell.run("windlass build");
        let first = project.component();
        project.shell.run("rm -rf .windlass build");

        project.shell.run("windlass build");

        assert!(
            project.component() == first,
            "{language} is built anew every time"
        );
    }
}

#[test]
fn a_component_that_is_missing_or_older_than_its_source_is_told() {
    let host = Setup::sqlite().start();
    let project = Project::new(&host, "old-letters", "rust", false);

    let (code, unbuilt) = project.shell.try_run("windlass push");
    project.shell.run("windlass build");
    let built = project.shell.run("windlass push");
    project.edit("src/lib.rs", "words += 1", "words += 2");
    let stale = project.shell.run("windlass push");

    assert_eq!(code, Some(2), "{}", unbuilt.stderr);
    assert!(
        unbuilt.stderr.contains("hint: `windlass build` makes it"),
        "{}",
        unbuilt.stderr
    );
    assert!(!built.stderr.contains("warning"), "{}", built.stderr);
    let signature = "  old-letters/summarize(letter: string) -> result<";
    for said in [&built, &stale] {
        assert!(said.stdout.contains(signature), "{}", said.stdout);
    }
    let warning = "warning: src/lib.rs is newer than build/old-letters.wasm: `windlass build`";
    assert!(stale.stderr.contains(warning), "{}", stale.stderr);
}

#[test]
fn a_project_is_run_with_what_its_manifest_grants() {
    let host = Setup::sqlite().start();
    let project = Project::new(&host, "granted-letters", "rust", true);
    project.edit("src/lib.rs", "Queue::own()", "Queue::named(\"other\")");
    project.shell.run("windlass build");

    let (_, refused) = project
        .shell
        .try_run("windlass run . add-up '[\"dear Ada\"]'");
    let manifest = project.folder().join("windlass.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text + "\n[grants]\nqueues = [\"other\"]\n").unwrap();
    let granted = project.shell.run("windlass run . add-up '[\"dear Ada\"]'");

    assert!(refused.stderr.contains("other"), "{}", refused.stderr);
    assert!(granted.stdout.contains("\"words\":2"), "{}", granted.stdout);
}
