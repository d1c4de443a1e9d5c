//! Invocations as handles show them, lists of them, what they wrote, and who runs them.

use serde::Deserialize;

use crate::model::{FailureKind, HostNumber, InvocationId, Key, Moment, Namespace};
use crate::store::{Filter, Host, Invocation, LogChunk};

use super::{Control, Error};

/// The most items of one page.
const PAGE_MAX: u32 = 1_000;

/// The most items of one page that come with their arguments or outcomes, which are large.
pub const PAGE_WHOLE_MAX: u32 = 100;

/// The items of a page where the caller does not say.
const PAGE_DEFAULT: u32 = 100;

/// How far an invocation is, as it says itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Progress {
    /// So much is done.
    pub done: u64,
    /// Of so much in all.
    pub total: u64,
    /// What it is doing.
    #[serde(default)]
    pub note: String,
}

/// One try at running an invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its number, from 1.
    pub number: u32,
    /// The host that ran it.
    pub host: Option<HostNumber>,
    /// When it started.
    pub started_at: Option<Moment>,
    /// When it was over; none while it runs.
    pub ended_at: Option<Moment>,
    /// Why it ended without an outcome; none for one that runs or brought the outcome.
    pub lost: Option<String>,
    /// Of which kind its failure was, where it failed and was tried again.
    pub kind: Option<FailureKind>,
}

impl Control {
    /// One invocation.
    ///
    /// # Errors
    ///
    /// If there is none of that id.
    pub async fn invocation(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
    ) -> Result<Invocation, Error> {
        let found = self.inner.store.invocation(namespace, id).await?;
        found.ok_or_else(|| Error::UnknownInvocation(vec![id.clone()]))
    }

    /// Several at once, in no order; unknown ids are left out.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn invocations_by_id(
        &self,
        namespace: &Namespace,
        ids: &[InvocationId],
    ) -> Result<Vec<Invocation>, Error> {
        Ok(self.inner.store.invocations_by_id(namespace, ids).await?)
    }

    /// A page of invocations, newest first, and the key after which the next page begins. A limit
    /// of 0 means the usual.
    ///
    /// # Errors
    ///
    /// If the page would be too long.
    pub async fn list(
        &self,
        namespace: &Namespace,
        mut filter: Filter,
    ) -> Result<(Vec<Invocation>, Option<Key>), Error> {
        let most = match filter.whole {
            true => PAGE_WHOLE_MAX,
            false => PAGE_MAX,
        };
        if filter.limit > most {
            let why = format!("expected at most {most}, got {}", filter.limit);
            return Err(Error::value("limit", why));
        }
        if filter.limit == 0 {
            filter.limit = PAGE_DEFAULT;
        }
        let limit = filter.limit as usize;
        // One more than asked for tells whether there is another page.
        filter.limit += 1;
        let mut items = self.inner.store.invocations(namespace, &filter).await?;
        let is_more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| is_more).map(|last| last.key);
        Ok((items, next))
    }

    /// What an invocation wrote, all attempts, oldest first.
    ///
    /// # Errors
    ///
    /// If there is none of that id.
    pub async fn log(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
    ) -> Result<Vec<LogChunk>, Error> {
        let invocation = self.invocation(namespace, id).await?;
        self.log_of(invocation.key).await
    }

    /// As [`log`](Self::log), by key.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn log_of(&self, key: Key) -> Result<Vec<LogChunk>, Error> {
        Ok(self.inner.store.log(key).await?)
    }

    /// Every try at running an invocation, oldest first.
    ///
    /// # Errors
    ///
    /// If there is none of that id.
    pub async fn attempts(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
    ) -> Result<Vec<Attempt>, Error> {
        let invocation = self.invocation(namespace, id).await?;
        let lost = self.inner.store.lost_attempts(invocation.key).await?;
        let mut attempts: Vec<Attempt> = lost
            .into_iter()
            .map(|lost| Attempt {
                number: lost.attempt,
                host: Some(lost.host),
                started_at: lost.started_at,
                ended_at: Some(lost.ended_at),
                lost: Some(lost.reason),
                kind: lost.kind,
            })
            .collect();
        let is_lost = |number| attempts.iter().any(|attempt| attempt.number == number);
        if invocation.attempt > 0 && !is_lost(invocation.attempt) {
            attempts.push(Attempt {
                number: invocation.attempt,
                host: invocation.host,
                started_at: invocation.started_at,
                ended_at: invocation.finished_at,
                lost: None,
                kind: None,
            });
        }
        attempts.sort_by_key(|attempt| attempt.number);
        Ok(attempts)
    }

    /// The hosts that are registered and not dead.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn hosts(&self) -> Result<Vec<Host>, Error> {
        Ok(self.inner.store.hosts().await?)
    }
}
