//! Which files of a project its author writes: what is watched, and what a component can be older
//! than.

use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use super::Project;

/// Folders in which nothing is written by hand; hidden ones besides.
const MADE: [&str; 6] = [
    "build",
    "target",
    "node_modules",
    "__pycache__",
    "dist",
    "venv",
];

/// The files that a project is built from.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The project's folder and that of its WIT, where it lies outside.
    roots: Vec<PathBuf>,
}

impl Sources {
    /// Those of the project in this folder, also while its manifest cannot be read.
    pub fn of(folder: &Path) -> Self {
        let absolute = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let wit = Project::open(folder).map(|project| project.wit());
        let mut roots = vec![absolute];
        if let Some(wit) = wit.ok().and_then(|wit| wit.canonicalize().ok())
            && !wit.starts_with(&roots[0])
        {
            roots.push(wit);
        }
        Self { roots }
    }

    /// The folders that hold some, or may.
    pub fn folders(&self) -> Vec<PathBuf> {
        let mut folders = self.roots.clone();
        let mut next = 0;
        while next < folders.len() {
            let (inside, _) = list(&folders[next]);
            folders.extend(inside);
            next += 1;
        }
        folders
    }

    /// Whether this file is one.
    pub fn hold(&self, file: &Path) -> bool {
        let inside = self
            .roots
            .iter()
            .find_map(|root| file.strip_prefix(root).ok());
        inside.is_some_and(is_source)
    }

    /// The one that was changed last, if that was after this moment; seen from the project.
    pub fn newer_than(&self, moment: SystemTime) -> Option<PathBuf> {
        let files = self
            .folders()
            .into_iter()
            .flat_map(|folder| list(&folder).1);
        let dated = files.filter_map(|file| Some((file.metadata().ok()?.modified().ok()?, file)));
        let (changed, file) = dated.max()?;
        let seen = file.strip_prefix(&self.roots[0]).unwrap_or(&file);
        (changed > moment).then(|| seen.to_owned())
    }
}

/// A source that was changed after the component was built.
pub fn changed_since_build(folder: &Path, component: &Path) -> Option<PathBuf> {
    let built = component.metadata().and_then(|file| file.modified()).ok()?;
    Sources::of(folder).newer_than(built)
}

/// The folders and the files in one, but for what is not written by hand. Links to folders are not
/// followed, since they may lead in circles.
fn list(folder: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let (mut folders, mut files) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = path.file_name().map(Path::new).unwrap_or(Path::new(""));
        if is_source(name) {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                _ => files.push(path),
            }
        }
    }
    (folders, files)
}

/// Whether a path, seen from the project, is written by hand and part of the component.
fn is_source(path: &Path) -> bool {
    let is_made = |part: Component<'_>| {
        let name = part.as_os_str().to_string_lossy();
        name.starts_with('.') || name.ends_with('~') || MADE.contains(&&*name)
    };
    let ending = path.extension().and_then(|end| end.to_str());
    !path.components().any(is_made) && !matches!(ending, Some("md" | "wasm" | "swp"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_made_fetched_or_told_is_no_source() {
        for path in [
            ".windlass/gen/app.py",
            "build/a.wasm",
            "target/release/a.d",
            "sub/node_modules/x/index.js",
            "README.md",
            ".git",
            "__pycache__/app.pyc",
        ] {
            assert!(!is_source(Path::new(path)), "{path}");
        }
        for path in [
            "app.py",
            "wit/world.wit",
            "src/deep/lib.rs",
            "windlass.toml",
        ] {
            assert!(is_source(Path::new(path)), "{path}");
        }
    }

    #[test]
    fn a_source_that_was_changed_after_the_build_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("src")).unwrap();
        std::fs::create_dir_all(folder.path().join(".windlass")).unwrap();
        let file = folder.path().join("src/lib.rs");
        std::fs::write(&file, "x").unwrap();
        let component = folder.path().join("a.wasm");
        std::fs::write(&component, "x").unwrap();
        let later = SystemTime::now() + Duration::from_secs(60);
        let set = |path: &Path| {
            std::fs::File::open(path)
                .unwrap()
                .set_modified(later)
                .unwrap()
        };
        let hidden = folder.path().join(".windlass/x");
        std::fs::write(&hidden, "x").unwrap();
        set(&hidden);

        let unchanged = Sources::of(folder.path()).newer_than(later);
        set(&file);
        let changed = changed_since_build(folder.path(), &component);

        assert_eq!(unchanged, None);
        assert_eq!(changed, Some(PathBuf::from("src/lib.rs")));
    }
}
