//! Waiting for a source to change.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;

use crate::authoring::Sources;

/// Editors save in several moves, and several files at once: so long it must be quiet.
const QUIET: Duration = Duration::from_millis(80);

/// Looks at the folders of a project.
pub struct Watcher {
    system: RecommendedWatcher,
    /// Which files matter; nothing before the first look.
    sources: Arc<Mutex<Option<Sources>>>,
    /// One permit, however many files changed.
    changed: Arc<Notify>,
}

impl Watcher {
    /// A watcher of nothing yet.
    pub fn new() -> anyhow::Result<Self> {
        let sources = Arc::new(Mutex::new(None::<Sources>));
        let changed = Arc::new(Notify::new());
        let (of_system, told) = (Arc::clone(&sources), Arc::clone(&changed));
        let system = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let sources = of_system.lock().unwrap_or_else(PoisonError::into_inner);
            let (Ok(event), Some(sources)) = (event, sources.as_ref()) else {
                return;
            };
            let is_a_change = !matches!(event.kind, EventKind::Access(_));
            if is_a_change && event.paths.iter().any(|path| sources.hold(path)) {
                told.notify_one();
            }
        });
        let system = system.context("this system does not tell of changed files")?;
        Ok(Self {
            system,
            sources,
            changed,
        })
    }

    /// Looks at the project's folders, as they are now, from here on.
    pub fn watch(&mut self, folder: &Path) {
        let sources = Sources::of(folder);
        // One by one: what is built or fetched can be tens of thousands of folders.
        for folder in sources.folders() {
            // One that went meanwhile has nothing to tell.
            let _ = self.system.watch(&folder, RecursiveMode::NonRecursive);
        }
        let mut watched = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        *watched = Some(sources);
    }

    /// Returns when something has changed since the last time, and it is quiet again.
    pub async fn changed(&self) {
        self.changed.notified().await;
        while tokio::time::timeout(QUIET, self.changed.notified())
            .await
            .is_ok()
        {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_change_of_a_source_is_noticed_also_in_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("src")).unwrap();
        let mut watcher = Watcher::new().unwrap();
        watcher.watch(folder.path());

        std::fs::write(folder.path().join("src/lib.rs"), "x").unwrap();

        watcher.changed().await;
    }

    #[tokio::test]
    async fn what_is_built_is_no_change() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join(".windlass")).unwrap();
        let mut watcher = Watcher::new().unwrap();
        watcher.watch(folder.path());

        std::fs::write(folder.path().join(".windlass/gen"), "x").unwrap();
        std::fs::create_dir_all(folder.path().join("target")).unwrap();
        // The last one is told; had the others been, they would have come before.
        std::fs::write(folder.path().join("app.py"), "x").unwrap();
        watcher.changed().await;

        let another = tokio::time::timeout(Duration::ZERO, watcher.changed());
        assert!(another.await.is_err());
    }
}
