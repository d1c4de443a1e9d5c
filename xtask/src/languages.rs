//! The components of the tests over all languages: the projects of `tests/languages/` and of
//! `examples/seven`, and one made from each language's workflow template. `windlass build` builds them, as people do.
//!
//! What a project is built from is hashed, so that only what changed is built again.

use std::collections::VecDeque;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result, bail, ensure};

use crate::commands;

/// The languages by the names of their folders, with that of their SDK.
pub const LANGUAGES: [(&str, &str); 7] = [
    ("rust", "rust"),
    ("python", "python"),
    ("javascript", "js"),
    ("typescript", "js"),
    ("go", "go"),
    ("c", "c"),
    ("cpp", "c"),
];

/// The suites, each with a project a language over one WIT: what they are called, and where they lie.
const SUITES: [(&str, &str); 3] = [
    ("conformance", "tests/languages/conformance"),
    ("typed", "tests/languages/typed"),
    ("seven", "examples/seven"),
];

/// The suite of the projects that are made from templates.
pub const WORKFLOW: &str = "workflow";

/// Builds that run at once: each takes a core, and up to 350 MB.
const AT_ONCE: usize = 2;

/// Where the components are: `<suite>/<language>/build/…wasm`.
pub fn folder() -> PathBuf {
    commands::target_dir().join("languages")
}

/// Where `windlass build` finds its tools.
pub fn tools() -> PathBuf {
    commands::target_dir().join("tools")
}

/// Where the projects in Rust are built, so that they build what they depend on once.
pub fn cargo_target() -> PathBuf {
    folder().join("cargo")
}

/// Builds every project with this binary, and installs the tools for it; returns the folder.
pub fn build(binary: &Path) -> Result<PathBuf> {
    let mut projects = VecDeque::new();
    for (language, sdk) in LANGUAGES {
        let of_template = (WORKFLOW, "");
        for (suite, folder) in SUITES.into_iter().chain([of_template]) {
            projects.push_back(Project {
                suite,
                folder,
                language,
                sdk,
            });
        }
    }
    let projects = Mutex::new(projects);
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let next = || locked(&projects).pop_front();
                while let Some(project) = next() {
                    if let Err(error) = project.bring_up_to_date(binary) {
                        locked(&failures).push(format!("{}: {error:#}", project.name()));
                    }
                }
            });
        }
    });
    let failures = locked(&failures);
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(folder())
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A component of the tests.
struct Project {
    suite: &'static str,
    folder: &'static str,
    language: &'static str,
    sdk: &'static str,
}

impl Project {
    fn name(&self) -> String {
        format!("{}/{}", self.suite, self.language)
    }

    /// Where it is built.
    fn place(&self) -> PathBuf {
        folder().join(self.name())
    }

    fn bring_up_to_date(&self, binary: &Path) -> Result<()> {
        let wanted = self.fingerprint()?;
        let stamp = folder().join(format!("{}-{}.stamp", self.suite, self.language));
        if fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) {
            return Ok(());
        }
        let place = self.place();
        if place.exists() {
            fs::remove_dir_all(&place)?;
        }
        if self.suite == WORKFLOW {
            let mut make = Command::new(binary);
            make.args(["new", "letters", "--workflow", "--lang", self.language]);
            run(make.arg("--folder").arg(&place))?;
        } else {
            copy(&self.sources(), &place)?;
            let wit = place.with_file_name("wit");
            copy(&self.sources().with_file_name("wit"), &wit)?;
        }
        let mut build = Command::new(binary);
        build.args(["build", "--install"]).arg(&place);
        build
            .env("WINDLASS_TOOLS", tools())
            .env("CARGO_TARGET_DIR", cargo_target());
        run(&mut build)?;
        fs::write(&stamp, wanted).with_context(|| format!("writing {}", stamp.display()))
    }

    fn sources(&self) -> PathBuf {
        commands::root().join(self.folder).join(self.language)
    }

    /// Of everything that decides what is built: the project, its WIT, the SDK, the code that builds.
    fn fingerprint(&self) -> Result<String> {
        let root = commands::root();
        let mut folders = vec![
            root.join("guest-sdk").join(self.sdk),
            root.join("wit"),
            root.join("host/src/authoring"),
        ];
        if self.suite != WORKFLOW {
            ensure!(
                self.sources().join("windlass.toml").is_file(),
                "{} has no windlass.toml",
                self.sources().display()
            );
            folders.push(self.sources());
            folders.push(self.sources().with_file_name("wit"));
        }
        let mut hasher = DefaultHasher::new();
        for folder in folders {
            hash(&folder, &mut hasher)?;
        }
        Ok(format!("{:016x}", hasher.finish()))
    }
}

/// Runs a command without a word, unless it fails: several run at once.
fn run(command: &mut Command) -> Result<()> {
    commands::show(command);
    let output = command.stdin(Stdio::null()).output();
    let output = output.context("windlass could not be started")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{}\n{}", output.status, said.trim_end());
    }
    Ok(())
}

/// What is in a folder, sorted, but for what is built or hidden.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut entries = read
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    entries.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let made = ["build", "target", "node_modules", "__pycache__", "dist"];
        !name.starts_with('.') && !made.contains(&&*name)
    });
    entries.sort();
    Ok(entries)
}

fn hash(folder: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    for path in entries(folder)? {
        hasher.write(path.as_os_str().as_encoded_bytes());
        match path.is_dir() {
            true => hash(&path, hasher)?,
            false => hasher.write(&fs::read(&path)?),
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for path in entries(from)? {
        let target = to.join(path.file_name().unwrap_or_default());
        match path.is_dir() {
            true => copy(&path, &target)?,
            // Two projects may bring their WIT at once: each file is there whole, or as it was.
            false if fs::read(&target).ok() == Some(fs::read(&path)?) => {}
            false => fs::copy(&path, &target).map(drop)?,
        }
    }
    Ok(())
}
