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
use std::time::{Duration, SystemTime};

use super::programs::Error;
use crate::engine::{Engine, Kind};
use crate::model::Digest;

/// Nobody but the owner may read, write or enter.
const OWNER_ONLY: u32 = 0o700;

/// What the names of files that are being written end with.
const DRAFT: &str = "tmp";

/// Nobody writes a file for so long: who began it is gone.
const DRAFT_AGE_MAX: Duration = Duration::from_secs(3600);

/// The caches of an engine, one for each kind.
pub(super) struct Caches {
    folder: Option<PathBuf>,
    max_bytes: u64,
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
    pub fn open(folder: Option<PathBuf>, engine: &Engine, max_bytes: u64) -> Result<Self, Error> {
        let tasks = folder.as_ref().map(|folder| {
            open(folder, engine, Kind::Task, max_bytes).map_err(|error| Error::Folder {
                folder: folder.clone(),
                message: error.to_string(),
            })
        });
        Ok(Self {
            tasks: tasks.transpose()?,
            workflows: OnceLock::new(),
            folder,
            max_bytes,
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
        let opened = open(folder, engine, Kind::Workflow, self.max_bytes);
        opened.inspect_err(warn).ok()
    }
}

fn open(folder: &Path, engine: &Engine, kind: Kind, max_bytes: u64) -> io::Result<Cache> {
    let name = engine.compatibility(kind).map_err(io::Error::other)?;
    Cache::open(folder, &name, max_bytes)
}

/// The files of one compiler.
#[derive(Debug)]
pub(super) struct Cache {
    folder: PathBuf,
    /// What all compilers' files together may take.
    max_bytes: u64,
    /// Tells apart the temporary files of this process.
    written: AtomicU64,
}

/// A file that is written, and not yet sure to be there after a loss of power. Dropped, it is gone.
#[derive(Debug)]
pub(super) struct Draft {
    file: File,
    path: PathBuf,
    target: PathBuf,
    max_bytes: u64,
}

impl Cache {
    /// Opens the cache in `folder` for compiled code that is compatible with `compatibility`.
    pub fn open(folder: &Path, compatibility: &str, max_bytes: u64) -> io::Result<Self> {
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
            max_bytes,
            written: AtomicU64::new(0),
        })
    }

    /// The file of a component, if there is one; this counts as a use.
    pub fn find(&self, digest: &Digest) -> Option<PathBuf> {
        let path = self.path(digest);
        let file = File::open(&path).ok()?;
        // If it cannot be noted, it only goes earlier.
        file.set_modified(SystemTime::now()).ok();
        Some(path)
    }

    /// Writes the file of a component, for use at once; only [`Draft::keep`] makes it last.
    pub fn draft(&self, digest: &Digest, compiled: &[u8]) -> io::Result<Draft> {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let path = self
            .folder
            .join(format!("{digest}.{}.{number}.{DRAFT}", std::process::id()));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        let mut draft = Draft {
            file,
            path,
            target: self.path(digest),
            max_bytes: self.max_bytes,
        };
        draft.file.write_all(compiled)?;
        Ok(draft)
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

impl Draft {
    /// Where it can be read, until it is dropped or kept.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it the file of its component, and makes room for it.
    pub fn keep(self) -> io::Result<PathBuf> {
        // Renamed before its bytes are on disk, it could be a broken file after a loss of power.
        self.file.sync_all()?;
        fs::rename(&self.path, &self.target)?;
        let compiler = self.target.parent();
        if let Some(folder) = compiler.and_then(Path::parent) {
            trim(folder, self.max_bytes, &self.target);
        }
        Ok(self.target.clone())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Kept, it has another name by now.
        fs::remove_file(&self.path).ok();
    }
}

/// Removes files, those not used for longest first, until all together have `max_bytes` at most, and
/// what other processes left half written. Code that is in use stays so: its file only has no name.
fn trim(folder: &Path, max_bytes: u64, newest: &Path) {
    let compilers = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = compilers.flat_map(|compiler| fs::read_dir(compiler.path()).into_iter().flatten());
    let mut kept = Vec::new();
    let mut total = 0;
    for path in files.flatten().map(|file| file.path()) {
        let Ok(found) = fs::symlink_metadata(&path) else {
            continue;
        };
        let used = found.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let is_draft = path.extension().is_some_and(|kind| kind == DRAFT);
        match used.elapsed() {
            Ok(age) if is_draft && age > DRAFT_AGE_MAX => drop(fs::remove_file(&path)),
            _ if is_draft || path == newest => total += found.len(),
            _ => {
                total += found.len();
                kept.push((used, found.len(), path));
            }
        }
    }
    kept.sort();
    for (_, size, path) in kept {
        if total <= max_bytes {
            return;
        }
        if fs::remove_file(&path).is_ok() {
            total -= size;
        }
        // The folder of a compiler that nobody has any more; others are not empty.
        path.parent().map(fs::remove_dir);
    }
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

    const MAX: u64 = 1 << 20;

    #[test]
    fn what_is_written_is_found_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("a/b"), "v1", MAX).unwrap();
        let digest = Digest::of(b"component");

        assert!(cache.find(&digest).is_none());
        let path = cache.draft(&digest, b"code").unwrap().keep().unwrap();

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

        Cache::open(&path, "v1", MAX).unwrap();

        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, OWNER_ONLY);
    }

    #[test]
    fn a_link_to_a_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();

        assert!(Cache::open(&link, "v1", MAX).is_err());
    }

    #[test]
    fn another_compiler_does_not_see_the_files() {
        let folder = tempfile::tempdir().unwrap();
        let digest = Digest::of(b"component");
        let old = Cache::open(folder.path(), "v1", MAX).unwrap();
        old.draft(&digest, b"code").unwrap().keep().unwrap();

        let new = Cache::open(folder.path(), "v2", MAX).unwrap();

        assert!(new.find(&digest).is_none());
    }

    #[test]
    fn a_draft_that_is_not_kept_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path(), "v1", MAX).unwrap();
        let digest = Digest::of(b"component");

        let draft = cache.draft(&digest, b"code").unwrap();
        let read = fs::read(draft.path()).unwrap();
        drop(draft);

        assert_eq!(read, b"code");
        assert!(cache.find(&digest).is_none());
        assert_eq!(fs::read_dir(folder.path().join("v1")).unwrap().count(), 0);
    }

    #[test]
    fn what_was_not_used_for_longest_makes_room_also_of_other_compilers() {
        let folder = tempfile::tempdir().unwrap();
        let old = Cache::open(folder.path(), "v1", 250).unwrap();
        let new = Cache::open(folder.path(), "v2", 250).unwrap();
        let digests = [b"a", b"b", b"c", b"d"].map(|name| Digest::of(name));
        let keep = |cache: &Cache, digest: &Digest, used: u64| {
            let path = cache.draft(digest, &[0; 100]).unwrap().keep().unwrap();
            let used = SystemTime::UNIX_EPOCH + Duration::from_secs(used);
            File::open(path).unwrap().set_modified(used).unwrap();
        };
        keep(&old, &digests[0], 1);
        keep(&new, &digests[1], 2);

        new.find(&digests[1]).unwrap();
        keep(&new, &digests[2], 3);
        keep(&new, &digests[3], 4);

        assert!(new.find(&digests[1]).is_some());
        assert!(new.find(&digests[2]).is_none());
        assert!(new.find(&digests[3]).is_some());
        assert!(!folder.path().join("v1").exists());
    }
}
