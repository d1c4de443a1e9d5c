//! Compiled code on disk: a folder that only this user can write, in it one for each version of the
//! compiler and its settings, in that one file for each component. Tasks and workflows are compiled
//! with other settings, so each kind has its own.
//!
//! Nothing here must survive: what is missing or broken is compiled anew.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::programs::Error;
use crate::engine::{Engine, Kind};
use crate::model::Digest;

/// Nobody but the owner may read, write or enter.
const OWNER_ONLY: u32 = 0o700;

/// The caches of an engine, one for each kind.
pub(super) struct Caches {
    folder: Option<PathBuf>,
    tasks: Option<Cache>,
    /// Opened when the first workflow is loaded: that is when its engine is there.
    workflows: OnceLock<Option<Cache>>,
}

impl Caches {
    /// Opens the caches in `folder`; without a folder nothing is kept.
    ///
    /// # Errors
    ///
    /// If the folder cannot be created or belongs to somebody else.
    pub fn open(folder: Option<PathBuf>, engine: &Engine) -> Result<Self, Error> {
        let tasks = folder.as_ref().map(|folder| {
            open(folder, engine, Kind::Task).map_err(|error| Error::Folder {
                folder: folder.clone(),
                message: error.to_string(),
            })
        });
        Ok(Self {
            tasks: tasks.transpose()?,
            workflows: OnceLock::new(),
            folder,
        })
    }

    /// The cache for programs of this kind, if there is one.
    pub fn of(&self, kind: Kind, engine: &Engine) -> Option<&Cache> {
        match kind {
            Kind::Task => self.tasks.as_ref(),
            Kind::Workflow => {
                let cache = self.workflows.get_or_init(|| self.open_workflows(engine));
                cache.as_ref()
            }
        }
    }

    fn open_workflows(&self, engine: &Engine) -> Option<Cache> {
        let folder = self.folder.as_ref()?;
        let warn = |error: &io::Error| {
            let folder = folder.display();
            tracing::warn!(%folder, %error, "compiled workflows are not kept on disk");
        };
        let opened = open(folder, engine, Kind::Workflow);
        opened.inspect_err(warn).ok()
    }
}

fn open(folder: &Path, engine: &Engine, kind: Kind) -> io::Result<Cache> {
    let name = engine.compatibility(kind).map_err(io::Error::other)?;
    Cache::open(folder, &name)
}

/// The files of one compiler.
#[derive(Debug)]
pub(super) struct Cache {
    folder: PathBuf,
    /// Tells apart the temporary files of this process.
    written: AtomicU64,
}

impl Cache {
    /// Opens the cache in `folder` for compiled code that is compatible with `compatibility`.
    pub fn open(folder: &Path, compatibility: &str) -> io::Result<Self> {
        let ours = folder.join(compatibility);
        for folder in [folder, &ours] {
            DirBuilder::new()
                .recursive(true)
                .mode(OWNER_ONLY)
                .create(folder)?;
            keep_others_out(folder)?;
        }
        Ok(Self {
            folder: ours,
            written: AtomicU64::new(0),
        })
    }

    /// The file of a component, if there is one.
    pub fn find(&self, digest: &Digest) -> Option<PathBuf> {
        let path = self.path(digest);
        path.is_file().then_some(path)
    }

    /// Writes the file of a component, whole or not at all.
    pub fn write(&self, digest: &Digest, compiled: &[u8]) -> io::Result<PathBuf> {
        let path = self.path(digest);
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let draft = self
            .folder
            .join(format!("{digest}.{}.{number}.tmp", std::process::id()));
        let written = write_new(&draft, compiled).and_then(|()| fs::rename(&draft, &path));
        if let Err(error) = written {
            // What is left of it is only in the way.
            fs::remove_file(&draft).ok();
            return Err(error);
        }
        Ok(path)
    }

    /// Forgets the file of a component.
    pub fn remove(&self, digest: &Digest) {
        // If it cannot be removed, it is replaced by the next write.
        fs::remove_file(self.path(digest)).ok();
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(format!("{digest}.cwasm"))
    }
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file: File = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    // Renamed before its bytes are on disk, it could be a broken file after a loss of power.
    file.sync_all()
}

/// These files are executed: whoever can write here can do whatever this process can.
fn keep_others_out(folder: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(folder)?;
    // SAFETY: geteuid has no preconditions and cannot fail.
    let ours = found.is_dir() && found.uid() == unsafe { libc::geteuid() };
    if !ours {
        return Err(io::Error::other(
            "it is not a folder that belongs to the user that runs this host",
        ));
    }
    if found.mode() & 0o077 != 0 {
        fs::set_permissions(folder, fs::Permissions::from_mode(OWNER_ONLY))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_found_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("a/b"), "v1").unwrap();
        let digest = Digest::of(b"component");

        assert!(cache.find(&digest).is_none());
        let path = cache.write(&digest, b"code").unwrap();

        assert_eq!(cache.find(&digest), Some(path.clone()));
        assert_eq!(fs::read(&path).unwrap(), b"code");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn others_are_kept_out_of_a_folder_that_was_open_to_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();

        Cache::open(&path, "v1").unwrap();

        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, OWNER_ONLY);
    }

    #[test]
    fn a_link_to_a_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();

        assert!(Cache::open(&link, "v1").is_err());
    }

    #[test]
    fn another_compiler_does_not_see_the_files() {
        let folder = tempfile::tempdir().unwrap();
        let digest = Digest::of(b"component");
        let old = Cache::open(folder.path(), "v1").unwrap();
        old.write(&digest, b"code").unwrap();

        let new = Cache::open(folder.path(), "v2").unwrap();

        assert!(new.find(&digest).is_none());
    }
}
