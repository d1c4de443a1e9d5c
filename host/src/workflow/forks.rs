//! New invocations that begin with a part of another one's journal: forks and retries.

use super::Workflows;
use super::entry::{Entry, Origin};
use super::past::{like, shown};
use super::steps::entries;
use crate::control;
use crate::model::{Digest, FunctionId, InvocationId, Namespace, State};
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
        self.begin_from(namespace, &of, &entries, step, function)
            .await
    }

    /// A new invocation of the same call. Of a workflow one that begins before its first failed step.
    ///
    /// # Errors
    ///
    /// If there is no such invocation, or it has not failed or been cancelled.
    pub async fn retry(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
    ) -> Result<Invocation, control::Error> {
        let of = self.inner.control.invocation(namespace, id).await?;
        if !matches!(of.state, State::Failed | State::Cancelled) {
            return Err(control::Error::NotFailed {
                id: id.clone(),
                state: of.state,
            });
        }
        let entries = entries(&self.inner.store.journal(of.key).await?)?;
        let step = self.first_failed(namespace, &of.id, &entries).await?;
        self.begin_from(namespace, &of, &entries, step, of.function)
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
    async fn first_failed(
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

    /// A new invocation that begins with these entries, up to a step.
    async fn begin_from(
        &self,
        namespace: &Namespace,
        of: &Invocation,
        entries: &[Entry],
        step: Option<u32>,
        function: FunctionId,
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
                controls: Default::default(),
            },
            of: of.key,
            count: kept.len() as u32,
            journal: body.into(),
        };
        self.inner.store.fork(fork).await?;
        self.inner.control.invocation(namespace, &id).await
    }
}

fn number(entry: &Entry) -> Option<u32> {
    match entry {
        Entry::Step { n, .. } => Some(*n),
        _ => None,
    }
}
