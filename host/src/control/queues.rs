//! Queues: what they allow, and how they stand.

use std::collections::HashSet;
use std::sync::{MutexGuard, PoisonError};

use crate::model::queue::{Partitions, RateLimit, Retention, Settings};
use crate::model::retry::Retries;
use crate::model::{Namespace, QueueName};
use crate::store::{Counts, NewCall, Queue};

use super::prepare::Batch;
use super::{Control, Error};

/// A change of a queue's settings. What is not said stays as it is; a limit of `Some(None)` is
/// taken away. Settings that have parts are set whole.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Change {
    /// At most so many invocations at once over all hosts.
    pub concurrency: Option<Option<u32>>,
    /// At most so many invocations at once on one host.
    pub worker_concurrency: Option<Option<u32>>,
    /// At most so many starts in a period, over all hosts.
    pub rate_limit: Option<Option<RateLimit>>,
    /// Limits of each partition.
    pub partitions: Option<Option<Partitions>>,
    /// Whether starts happen in order; none follows `concurrency`.
    pub ordered: Option<Option<bool>>,
    /// Whether nothing starts.
    pub paused: Option<bool>,
    /// How long one attempt may take, in milliseconds.
    pub timeout_ms: Option<Option<u64>>,
    /// How often a failed attempt is made again.
    pub retries: Option<Option<Retries>>,
    /// For how long what has ended is kept.
    pub retention: Option<Option<Retention>>,
}

impl Change {
    fn of(self, old: Settings) -> Settings {
        Settings {
            concurrency: self.concurrency.unwrap_or(old.concurrency),
            worker_concurrency: self.worker_concurrency.unwrap_or(old.worker_concurrency),
            rate_limit: self.rate_limit.unwrap_or(old.rate_limit),
            partitions: self.partitions.unwrap_or(old.partitions),
            ordered: self.ordered.unwrap_or(old.ordered),
            paused: self.paused.unwrap_or(old.paused),
            timeout_ms: self.timeout_ms.unwrap_or(old.timeout_ms),
            retries: self.retries.unwrap_or(old.retries),
            retention: self.retention.unwrap_or(old.retention),
        }
    }
}

impl Control {
    /// Makes the queue, or changes it. Says whether it is new.
    ///
    /// # Errors
    ///
    /// If a setting cannot be; then nothing changes.
    pub async fn put_queue(
        &self,
        namespace: &Namespace,
        name: &QueueName,
        change: Change,
    ) -> Result<(Queue, Counts, bool), Error> {
        let store = &self.inner.store;
        let _settings = self.inner.settings.lock().await;
        let old = store.queue(namespace, name).await?;
        let (settings, counts, is_new) = match old {
            Some((queue, counts)) => (queue.settings, counts, false),
            None => (Settings::default(), Counts::default(), true),
        };
        let settings = change.of(settings).checked()?;
        let queue = store.put_queue(namespace, name, &settings).await?;
        Ok((queue, counts, is_new))
    }

    /// The queue with its counts.
    ///
    /// # Errors
    ///
    /// If there is none of that name.
    pub async fn queue(
        &self,
        namespace: &Namespace,
        name: &QueueName,
    ) -> Result<(Queue, Counts), Error> {
        let found = self.inner.store.queue(namespace, name).await?;
        found.ok_or_else(|| Error::UnknownQueue(name.clone()))
    }

    /// All queues with their counts, by name.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn queues(&self, namespace: &Namespace) -> Result<Vec<(Queue, Counts)>, Error> {
        Ok(self.inner.store.queues(namespace).await?)
    }

    /// Where only declared queues may be called, refuses calls to others. Queues do not go away, so
    /// those once seen are remembered.
    pub(super) async fn refuse_undeclared(&self, calls: &[NewCall]) -> Result<(), Error> {
        if !self.inner.options.declared_queues_only || self.undeclared(calls).is_none() {
            return Ok(());
        }
        let queues = self.inner.store.served_queues().await?;
        self.inner
            .declared
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(
                queues
                    .into_iter()
                    .map(|queue| (queue.namespace, queue.name)),
            );
        match self.undeclared(calls) {
            Some(queue) => Err(Error::UnknownQueue(queue)),
            None => Ok(()),
        }
    }

    /// Refuses a partition on a queue that has none. Whether it has is looked up when it is not known,
    /// so that a setting that was put a moment ago holds.
    pub(super) async fn refuse_partitions(
        &self,
        batch: &Batch,
        calls: &[NewCall],
    ) -> Result<(), Error> {
        if self.without_partitions(calls).is_none() {
            return Ok(());
        }
        let queues = self.inner.store.served_queues().await?.into_iter();
        let queues = queues.filter(|queue| queue.settings.partitions.is_some());
        *self.partitioned() = queues.map(|queue| (queue.namespace, queue.name)).collect();
        match self.without_partitions(calls) {
            None => Ok(()),
            Some(index) => Err(Error::NoPartitions {
                place: batch.place(index, "partition"),
                queue: calls[index].queue.clone(),
            }),
        }
    }

    /// The first call that names a partition on a queue that is not known to have any.
    fn without_partitions(&self, calls: &[NewCall]) -> Option<usize> {
        let mut named = calls
            .iter()
            .enumerate()
            .filter(|(_, call)| call.controls.partition.is_some())
            .peekable();
        named.peek()?;
        let known = self.partitioned();
        let queue = |call: &NewCall| (call.namespace.clone(), call.queue.clone());
        let found = named.find(|(_, call)| !known.contains(&queue(call)));
        found.map(|(index, _)| index)
    }

    /// Settings changed: look up anew which queues have partitions.
    pub(super) fn forget_partitioned(&self) {
        self.partitioned().clear();
    }

    fn partitioned(&self) -> MutexGuard<'_, HashSet<(Namespace, QueueName)>> {
        let partitioned = self.inner.partitioned.lock();
        partitioned.unwrap_or_else(PoisonError::into_inner)
    }

    fn undeclared(&self, calls: &[NewCall]) -> Option<QueueName> {
        let declared = self.inner.declared.lock();
        let declared = declared.unwrap_or_else(PoisonError::into_inner);
        let is_declared =
            |call: &&NewCall| declared.contains(&(call.namespace.clone(), call.queue.clone()));
        let undeclared = calls.iter().find(|call| !is_declared(call));
        undeclared.map(|call| call.queue.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_change_does_not_say_stays_as_it_is() {
        let old = Settings {
            concurrency: Some(3),
            timeout_ms: Some(1_000),
            ..Settings::default()
        };
        let change = Change {
            paused: Some(true),
            timeout_ms: Some(None),
            ..Change::default()
        };

        let new = change.of(old);

        assert_eq!(new.concurrency, Some(3));
        assert_eq!(new.timeout_ms, None);
        assert!(new.paused);
    }
}
