//! Waiting for one invocation, for any of several, or for all.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tokio::time::Instant;

use crate::model::{InvocationId, Key, Namespace};
use crate::store::Invocation;

use super::{Control, Error};

/// How many of the invocations to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// Until one has ended.
    Any,
    /// Until all have ended.
    All,
}

impl Control {
    /// The invocation, when it has ended or after `wait`, whichever comes first.
    ///
    /// # Errors
    ///
    /// If there is none of that id, or as many wait as may.
    pub async fn wait(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
        wait: Duration,
    ) -> Result<Invocation, Error> {
        self.check_wait(wait)?;
        let deadline = Instant::now() + wait;
        let invocation = self.invocation(namespace, id).await?;
        if invocation.state.is_final() || wait.is_zero() {
            return Ok(invocation);
        }
        let ticket = self.inner.watch.register(vec![invocation.key])?;
        let ended = self.inner.store.ended(&[invocation.key]).await?;
        if ended.is_empty() {
            // Timeout, end and stop of the host alike: what holds now is the answer.
            let _ = tokio::time::timeout_at(deadline, ticket.ended()).await;
        }
        self.invocation(namespace, id).await
    }

    /// Those of the invocations that have ended, in the order of `ids`: when one has, when all
    /// have, or after `wait`.
    ///
    /// # Errors
    ///
    /// If an id is unknown, there are too many, or as many wait as may.
    pub async fn wait_for(
        &self,
        namespace: &Namespace,
        ids: &[InvocationId],
        how: For,
        wait: Duration,
    ) -> Result<Vec<Invocation>, Error> {
        self.check_wait(wait)?;
        let max = self.inner.options.calls_max;
        if ids.len() > max {
            return Err(Error::TooLarge {
                what: "a wait",
                max: format!("{max} ids"),
                size: format!("{} ids", ids.len()),
            });
        }
        let deadline = Instant::now() + wait;
        let found = self.by_id(namespace, ids).await?;
        let mut open: HashSet<Key> = found
            .values()
            .filter(|one| !one.state.is_final())
            .map(|one| one.key)
            .collect();
        let is_enough = |open: &HashSet<Key>| match how {
            For::Any => open.len() < found.len(),
            For::All => open.is_empty(),
        };
        if is_enough(&open) || wait.is_zero() {
            return Ok(in_order(found, ids));
        }
        let keys: Vec<Key> = open.iter().copied().collect();
        let ticket = self.inner.watch.register(keys.clone())?;
        for key in self.inner.store.ended(&keys).await? {
            open.remove(&key);
        }
        while !is_enough(&open) {
            match tokio::time::timeout_at(deadline, ticket.ended()).await {
                Ok(ended) if !ended.is_empty() => {
                    for key in ended {
                        open.remove(&key);
                    }
                }
                _ => break,
            }
        }
        Ok(in_order(self.by_id(namespace, ids).await?, ids))
    }

    /// These invocations by their ids, all of them.
    pub(super) async fn by_id(
        &self,
        namespace: &Namespace,
        ids: &[InvocationId],
    ) -> Result<HashMap<InvocationId, Invocation>, Error> {
        let found = self.inner.store.invocations_by_id(namespace, ids).await?;
        let found: HashMap<_, _> = found.into_iter().map(|one| (one.id.clone(), one)).collect();
        let unknown: Vec<_> = ids
            .iter()
            .filter(|id| !found.contains_key(id))
            .cloned()
            .collect();
        match unknown.is_empty() {
            true => Ok(found),
            false => Err(Error::UnknownInvocation(unknown)),
        }
    }

    pub(super) fn check_wait(&self, wait: Duration) -> Result<(), Error> {
        let max = Duration::from_millis(self.inner.options.wait_max_ms);
        match wait > max {
            true => Err(Error::value(
                "wait",
                format!(
                    "expected at most {}s, got {}s: ask again afterwards",
                    max.as_secs(),
                    wait.as_secs()
                ),
            )),
            false => Ok(()),
        }
    }
}

/// The ended ones in the order in which they were asked for, each once.
fn in_order(mut found: HashMap<InvocationId, Invocation>, ids: &[InvocationId]) -> Vec<Invocation> {
    ids.iter()
        .filter_map(|id| found.remove(id))
        .filter(|one| one.state.is_final())
        .collect()
}
