//! The catalogues that are in memory, by namespace: read when they are asked for, forgotten when
//! something changed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::Namespace;
use crate::store::Store;

use super::Snapshot;
use crate::control::Error;

/// The catalogues in memory, by namespace.
pub(in crate::control) struct Catalogues {
    store: Arc<dyn Store>,
    /// Never held over an await.
    kept: Mutex<Kept>,
    /// Held while one is read, so that callers who come meanwhile share it.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Kept {
    by_namespace: HashMap<Namespace, Arc<Snapshot>>,
    /// Grows whenever everything is forgotten, so that what was read before is not kept after.
    epoch: u64,
}

impl Catalogues {
    pub(in crate::control) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            kept: Mutex::default(),
            reading: tokio::sync::Mutex::new(()),
        }
    }

    /// Something changed: read anew at the next use.
    pub(in crate::control) fn forget(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.by_namespace.clear();
        kept.epoch += 1;
    }

    /// The catalogue, from memory where it is there.
    pub(in crate::control) async fn current(
        &self,
        namespace: &Namespace,
    ) -> Result<Arc<Snapshot>, Error> {
        match self.kept(namespace).0 {
            Some(snapshot) => Ok(snapshot),
            None => self.newer(namespace, None).await,
        }
    }

    /// A catalogue that was read after `seen`.
    pub(in crate::control) async fn newer(
        &self,
        namespace: &Namespace,
        seen: Option<&Arc<Snapshot>>,
    ) -> Result<Arc<Snapshot>, Error> {
        let _reading = self.reading.lock().await;
        let (kept, epoch) = self.kept(namespace);
        let is_newer = |kept: &Arc<Snapshot>| !seen.is_some_and(|seen| Arc::ptr_eq(seen, kept));
        if let Some(kept) = kept.filter(is_newer) {
            return Ok(kept);
        }
        let catalogue = self.store.catalogue(namespace).await?;
        let snapshot = Arc::new(Snapshot::new(catalogue));
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.epoch == epoch {
            kept.by_namespace
                .insert(namespace.clone(), snapshot.clone());
        }
        Ok(snapshot)
    }

    fn kept(&self, namespace: &Namespace) -> (Option<Arc<Snapshot>>, u64) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        (kept.by_namespace.get(namespace).cloned(), kept.epoch)
    }
}
