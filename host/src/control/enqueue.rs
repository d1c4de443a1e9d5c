//! Enqueueing: calls are checked, then stored all or none.

use std::sync::Arc;

use tokio::time::Instant;

use crate::model::{Digest, InvocationId, Namespace};
use crate::store::{self, Enqueued, NewCall};
use crate::telemetry::metrics;

use super::call::Call;
use super::catalogue::Snapshot;
use super::prepare::{Batch, Prepared};
use super::{Control, Error};

/// How often the catalogue may move between resolving the tasks and storing the calls.
const TRIES: usize = 5;

/// From here on, calls are checked off the async threads: checking them takes about a millisecond.
const LARGE_BYTES: usize = 64 * 1024;

/// As [`LARGE_BYTES`], for many small ones.
const LARGE_CALLS: usize = 100;

/// A call that is stored, with what was asked.
#[derive(Debug, Clone)]
pub struct Ack {
    /// What was stored.
    pub call: NewCall,
    /// Where and when, and whether it was there already.
    pub enqueued: Enqueued,
    /// The component to which it is pinned; meant for calls that are new.
    pub digest: Digest,
}

impl Control {
    /// Stores these calls, all or none, in their order. `array` says that they came as an array,
    /// for the places of mistakes and the ids that `key` gives.
    ///
    /// # Errors
    ///
    /// If anything about any of them cannot be; then nothing is stored.
    pub async fn enqueue(
        &self,
        namespace: &Namespace,
        calls: Vec<Call>,
        key: Option<InvocationId>,
        array: bool,
    ) -> Result<Vec<Ack>, Error> {
        let count = calls.len() as u64;
        let batch = Arc::new(Batch {
            namespace: namespace.clone(),
            calls,
            key,
            array,
        });
        let result = self.enqueue_batch(batch).await;
        match &result {
            Ok(acks) => {
                let existed = acks.iter().filter(|ack| ack.enqueued.existed).count() as u64;
                metrics::ENQUEUED.add("stored", count - existed);
                metrics::ENQUEUED.add("existed", existed);
            }
            Err(_) => metrics::ENQUEUED.add("refused", count.max(1)),
        }
        result
    }

    async fn enqueue_batch(&self, batch: Arc<Batch>) -> Result<Vec<Ack>, Error> {
        let max = self.inner.options.calls_max;
        if batch.calls.is_empty() {
            return Ok(Vec::new());
        }
        if batch.calls.len() > max {
            return Err(Error::TooLarge {
                what: "an array of calls",
                max: format!("{max} calls"),
                size: format!("{} calls", batch.calls.len()),
            });
        }
        let catalogues = &self.inner.catalogues;
        let mut snapshot = catalogues.current(&batch.namespace).await?;
        let mut moved = 0;
        let mut is_fresh = false;
        loop {
            let prepared = match self.prepare(&batch, &snapshot).await {
                // Another host may have stored the component, or its manifest, a moment ago.
                Err(Error::UnknownTask { .. } | Error::NoQueue(_)) if !is_fresh => {
                    snapshot = catalogues.newer(&batch.namespace, Some(&snapshot)).await?;
                    is_fresh = true;
                    continue;
                }
                prepared => prepared?,
            };
            self.refuse_undeclared(&prepared.calls).await?;
            self.refuse_partitions(&batch, &prepared.calls).await?;
            let began = Instant::now();
            let calls = prepared.calls.clone();
            match self.inner.store.enqueue(calls, snapshot.revision).await {
                Ok(enqueued) => {
                    metrics::ENQUEUE.observe(began.elapsed());
                    return Ok(acks(prepared, enqueued));
                }
                Err(store::Error::CatalogueMoved) if moved < TRIES => {
                    snapshot = catalogues.newer(&batch.namespace, Some(&snapshot)).await?;
                    moved += 1;
                }
                Err(store::Error::CatalogueMoved) => return Err(uploads_race()),
                Err(store::Error::Duplicate { index, key, id }) => {
                    let place = batch.place(index, "dedup.key");
                    return Err(Error::Duplicate { place, key, id });
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Stores calls of tasks that were resolved before, whatever was uploaded since.
    ///
    /// # Errors
    ///
    /// If the store fails, or another call stands under an id.
    pub async fn enqueue_resolved(
        &self,
        namespace: &Namespace,
        calls: Vec<NewCall>,
    ) -> Result<Vec<Enqueued>, Error> {
        let catalogues = &self.inner.catalogues;
        let mut snapshot = catalogues.current(namespace).await?;
        for _ in 0..TRIES {
            match self
                .inner
                .store
                .enqueue(calls.clone(), snapshot.revision)
                .await
            {
                Err(store::Error::CatalogueMoved) => {
                    snapshot = catalogues.newer(namespace, Some(&snapshot)).await?;
                }
                answer => return Ok(answer?),
            }
        }
        Err(uploads_race())
    }

    pub(super) async fn prepare(
        &self,
        batch: &Arc<Batch>,
        snapshot: &Arc<Snapshot>,
    ) -> Result<Prepared, Error> {
        let bytes: usize = batch
            .calls
            .iter()
            .map(|call| call.arguments.get().len())
            .sum();
        if bytes < LARGE_BYTES && batch.calls.len() < LARGE_CALLS {
            return batch.prepare(snapshot, &self.inner.options);
        }
        let (batch, snapshot, control) = (batch.clone(), snapshot.clone(), self.clone());
        tokio::task::spawn_blocking(move || batch.prepare(&snapshot, &control.inner.options))
            .await
            .map_err(|error| Error::Internal(format!("checking the calls failed: {error}")))?
    }
}

fn uploads_race() -> Error {
    Error::Busy(
        "components are being uploaded faster than this call can be checked: send it again"
            .to_owned(),
    )
}

fn acks(prepared: Prepared, enqueued: Vec<Enqueued>) -> Vec<Ack> {
    let calls = prepared.calls.into_iter().zip(prepared.tasks);
    calls
        .zip(enqueued)
        .map(|((call, task), enqueued)| Ack {
            call,
            enqueued,
            digest: task.digest.clone(),
        })
        .collect()
}
