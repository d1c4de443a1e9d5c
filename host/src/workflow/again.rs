//! Doing again what failed or was cancelled: one invocation, or all that match a filter.
//!
//! A task is enqueued once more; a workflow is forked before its first failed step. The new
//! invocation says which one it does again, and the old one stays as it is.

use super::Workflows;
use super::forks::carried;
use super::steps::entries;
use crate::control::{Bulk, Error, Which};
use crate::model::{FailureKind, InvocationId, Key, Namespace, State};
use crate::store::{Filter, Invocation, NewCall};

impl Workflows {
    /// A new invocation of a call that failed. Of a workflow one that begins before its first failed
    /// step.
    ///
    /// # Errors
    ///
    /// If there is no such invocation, or it has not failed.
    pub async fn retry(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
    ) -> Result<Invocation, Error> {
        let of = self.inner.control.invocation(namespace, id).await?;
        let (id, state) = (id.clone(), of.state);
        match state {
            State::Failed => self.again(namespace, of).await,
            _ => Err(Error::NotFailed { id, state }),
        }
    }

    /// A new invocation of a call that was cancelled. Of a workflow one that begins before its first
    /// failed step.
    ///
    /// # Errors
    ///
    /// If there is no such invocation, or it was not cancelled.
    pub async fn resume(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
    ) -> Result<Invocation, Error> {
        let of = self.inner.control.invocation(namespace, id).await?;
        let (id, state) = (id.clone(), of.state);
        match state {
            State::Cancelled => self.again(namespace, of).await,
            _ => Err(Error::NotCancelled { id, state }),
        }
    }

    /// Retries all that match and are dead letters: failed, and not done again since. So sending the
    /// same twice does nothing twice.
    ///
    /// # Errors
    ///
    /// If what has not failed is asked for, or the store fails.
    pub async fn retry_all(&self, namespace: &Namespace, which: &Which) -> Result<Bulk, Error> {
        match which.filter.state {
            None | Some(State::Failed) => {}
            Some(state) => {
                let why = format!("only what failed is retried, and this is {state}");
                return Err(Error::value("filter.state", why));
            }
        }
        let filter = Filter {
            state: Some(State::Failed),
            dead: true,
            ..which.filter.clone()
        };
        self.all_again(namespace, filter, which.dry_run, |_| true)
            .await
    }

    /// Resumes all that match, were cancelled, and were not done again since.
    ///
    /// # Errors
    ///
    /// If what was not cancelled is asked for, or the store fails.
    pub async fn resume_all(&self, namespace: &Namespace, which: &Which) -> Result<Bulk, Error> {
        let wrong = |place: &str, what: &str| {
            let why = format!("only what was cancelled is resumed, and this is {what}");
            Err(Error::value(place, why))
        };
        match which.filter.state {
            None | Some(State::Cancelled) => {}
            Some(state) => return wrong("filter.state", state.as_str()),
        }
        match which.filter.kind {
            None | Some(FailureKind::Cancelled) => {}
            Some(kind) => return wrong("filter.kind", kind.as_str()),
        }
        if which.filter.dead {
            return wrong("filter.dead", State::Failed.as_str());
        }
        let filter = Filter {
            state: Some(State::Cancelled),
            ..which.filter.clone()
        };
        let untouched = |one: &Invocation| one.retried_as.is_none();
        self.all_again(namespace, filter, which.dry_run, untouched)
            .await
    }

    async fn all_again(
        &self,
        namespace: &Namespace,
        filter: Filter,
        dry_run: bool,
        eligible: fn(&Invocation) -> bool,
    ) -> Result<Bulk, Error> {
        let control = &self.inner.control;
        let mut filter = Filter {
            whole: !dry_run,
            ..filter
        };
        let mut bulk = Bulk::default();
        loop {
            let batch = control.next_batch(namespace, &mut filter, eligible, &mut bulk);
            let Some(batch) = batch.await? else {
                return Ok(bulk);
            };
            if dry_run {
                continue;
            }
            let (workflows, tasks): (Vec<_>, Vec<_>) =
                batch.into_iter().partition(|one| one.workflow);
            if !tasks.is_empty() {
                // They came newest first, and go back in the order of their first enqueue.
                let calls = tasks.into_iter().rev().map(|of| call(namespace, of));
                let enqueued = control.enqueue_resolved(namespace, calls.collect());
                bulk.done += enqueued.await?.len() as u64;
            }
            for of in workflows.into_iter().rev() {
                let id = of.id.clone();
                match self.again(namespace, of).await {
                    Ok(_) => bulk.done += 1,
                    Err(Error::Store(error)) => return Err(error.into()),
                    Err(error) => bulk.refuse(id, error.to_string()),
                }
            }
        }
    }

    async fn again(&self, namespace: &Namespace, of: Invocation) -> Result<Invocation, Error> {
        if of.workflow {
            let entries = entries(&self.inner.store.journal(of.key).await?)?;
            let step = self.first_failed(namespace, &of.id, &entries).await?;
            let (function, again) = (of.function, Some(of.key));
            return self
                .begin_from(namespace, &of, &entries, step, function, again)
                .await;
        }
        let call = call(namespace, of);
        let id = call.id.clone();
        self.inner
            .control
            .enqueue_resolved(namespace, vec![call])
            .await?;
        self.inner.control.invocation(namespace, &id).await
    }
}

/// The call of a task once more.
fn call(namespace: &Namespace, of: Invocation) -> NewCall {
    let again: Option<Key> = Some(of.key);
    NewCall {
        namespace: namespace.clone(),
        id: InvocationId::generate(),
        chosen: false,
        controls: carried(&of, again),
        queue: of.queue,
        function: of.function,
        task: of.task,
        arguments: of.arguments.unwrap_or_default(),
        priority: of.priority,
        timeout_ms: of.timeout_ms,
        workflow: false,
    }
}
