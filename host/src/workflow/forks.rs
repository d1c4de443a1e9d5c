//! New invocations that begin with a part of another one's journal: forks, and the retries of `again`.

use super::Workflows;
use super::entry::{Entry, Origin};
use super::past::{like, shown};
use super::steps::entries;
use crate::control;
use crate::model::{Controls, Digest, FunctionId, InvocationId, Key, Namespace};
use crate::store::{Fork, Function, Invocation, NewCall};

/// How many steps are looked at together.
const PAGE: u32 = 500;

impl Workflows {
    /// A new invocation that begins with the steps of `id` before the one of this number (all of them
    /// if none is given), of the version with this digest if one is given.
    ///
    /// # Errors
    ///
    /// If there is no such invocation, step or version, or it is no workflow.
    pub async fn fork(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
        step: Option<u32>,
        digest: Option<&Digest>,
    ) -> Result<Invocation, control::Error> {
        let of = self.workflow(namespace, id).await?;
        let entries = entries(&self.inner.store.journal(of.key).await?)?;
        let last = entries.iter().rev().find_map(number).unwrap_or(0);
        if let Some(step) = step
            && (step == 0 || step > last + 1)
        {
            return Err(control::Error::UnknownStep {
                id: id.clone(),
                step,
                steps: last,
            });
        }
        let function = match digest {
            Some(digest) => self.same_function(namespace, &of, digest).await?.id,
            None => of.function,
        };
        self.begin_from(namespace, &of, &entries, step, function, None)
            .await
    }

    /// The task of the same name in the version with this digest.
    async fn same_function(
        &self,
        namespace: &Namespace,
        of: &Invocation,
        digest: &Digest,
    ) -> Result<Function, control::Error> {
        let own = self.function(of).await?;
        let versions = self
            .inner
            .store
            .components(namespace, Some(&own.component))
            .await?;
        let version = versions.iter().find(|version| version.digest == *digest);
        let found = version.and_then(|version| like(version, &own)).cloned();
        found.ok_or_else(|| {
            control::Error::value("version", format!("it has no task {}", shown(&own)))
        })
    }

    /// The first step that failed: a child of it did, or it was refused.
    pub(super) async fn first_failed(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
        entries: &[Entry],
    ) -> Result<Option<u32>, control::Error> {
        let (mut after, last) = (0, entries.iter().rev().find_map(number).unwrap_or(0));
        while after < last {
            for step in self.steps_of(namespace, id, entries, after, PAGE).await? {
                let result = step
                    .result
                    .as_ref()
                    .map(|json| json.get())
                    .unwrap_or_default();
                if result.starts_with("{\"error\":") || result.starts_with("{\"refused\":") {
                    return Ok(Some(step.number));
                }
            }
            after += PAGE;
        }
        Ok(None)
    }

    /// A new invocation that begins with these entries, up to a step; `retry_of` says which one it
    /// does again, if it does.
    pub(super) async fn begin_from(
        &self,
        namespace: &Namespace,
        of: &Invocation,
        entries: &[Entry],
        step: Option<u32>,
        function: FunctionId,
        retry_of: Option<Key>,
    ) -> Result<Invocation, control::Error> {
        let id = InvocationId::generate();
        let last = entries.iter().rev().find_map(number).unwrap_or(0);
        let before = step.unwrap_or(last + 1);
        let first = entries
            .iter()
            .position(|entry| number(entry).is_some_and(|n| n >= before));
        let mut kept = entries[..first.unwrap_or(entries.len())].to_vec();
        if let Some(Entry::Begin { origins, .. }) = kept.first_mut() {
            for origin in &mut *origins {
                origin.before = origin.before.min(before);
            }
            origins.push(Origin {
                id: of.id.to_string(),
                before,
            });
        }
        let arguments = self
            .inner
            .store
            .arguments(of.key)
            .await?
            .unwrap_or_default();
        let body = serde_json::to_vec(&kept).expect("texts and numbers are JSON");
        let fork = Fork {
            call: NewCall {
                namespace: namespace.clone(),
                id: id.clone(),
                chosen: false,
                queue: of.queue.clone(),
                function,
                task: of.task.clone(),
                arguments: arguments.into(),
                priority: of.priority,
                timeout_ms: of.timeout_ms,
                workflow: of.workflow,
                controls: carried(of, retry_of),
            },
            of: of.key,
            count: kept.len() as u32,
            journal: body.into(),
        };
        self.inner.store.fork(fork).await?;
        self.inner.control.invocation(namespace, &id).await
    }
}

/// What a new invocation takes over from the one that it does again or is forked from. Its deadline
/// is as long, counted anew; one that it may have had from its parent is not its own.
pub(super) fn carried(of: &Invocation, retry_of: Option<Key>) -> Controls {
    let deadline = of.deadline_at.filter(|_| of.parent.is_none());
    let deadline_ms = deadline.and_then(|at| u64::try_from((at.0 - of.enqueued_at.0) / 1_000).ok());
    Controls {
        partition: of.partition.clone(),
        retries: of.retries.clone(),
        deadline_ms: deadline_ms.filter(|ms| *ms > 0),
        tags: of.tags.clone(),
        retry_of,
        ..Controls::default()
    }
}

fn number(entry: &Entry) -> Option<u32> {
    match entry {
        Entry::Step { n, .. } => Some(*n),
        _ => None,
    }
}
