//! What is done to all invocations that match a filter: in batches, each of them committed, so that
//! whatever breaks off halfway can be sent again.

use std::collections::HashSet;

use crate::model::{InvocationId, Key, Namespace, State};
use crate::store::{Filter, Invocation};

use super::{Control, Error};

/// How many invocations are looked at together.
const BATCH: u32 = 500;

/// As [`BATCH`], where they come with their arguments, which may be large.
const BATCH_WHOLE: u32 = 100;

/// How many of those that match an answer shows.
const FIRST_MAX: usize = 10;

/// How many of those that were refused an answer names.
const REFUSED_MAX: usize = 10;

/// How often all states are gone through: what moved on to the next state meanwhile is found again.
const ROUNDS_MAX: usize = 3;

/// To which invocations something is to be done.
#[derive(Debug, Clone)]
pub struct Which {
    /// Those that match.
    pub filter: Filter,
    /// Whether they are only counted.
    pub dry_run: bool,
}

/// What was done to all that match.
#[derive(Debug, Default)]
pub struct Bulk {
    /// How many match.
    pub matched: u64,
    /// To how many of them it was done.
    pub done: u64,
    /// Whether more may match than one request looks at.
    pub more: bool,
    /// The first few that match, as they stood before.
    pub first: Vec<Invocation>,
    /// The first few to which it could not be done, and why.
    pub refused: Vec<(InvocationId, String)>,
}

impl Bulk {
    /// It could not be done to one of them.
    pub fn refuse(&mut self, id: InvocationId, reason: String) {
        if self.refused.len() < REFUSED_MAX {
            self.refused.push((id, reason));
        }
    }

    fn found(&mut self, batch: &[Invocation]) {
        self.matched += batch.len() as u64;
        let missing = FIRST_MAX - self.first.len().min(FIRST_MAX);
        self.first.extend(batch.iter().take(missing).cloned());
    }
}

impl Control {
    /// The next batch of those that match and are eligible, the newest first, counted in `bulk`;
    /// `filter` goes on behind it. None when there are no more, or as many were found as one request
    /// looks at.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn next_batch(
        &self,
        namespace: &Namespace,
        filter: &mut Filter,
        eligible: fn(&Invocation) -> bool,
        bulk: &mut Bulk,
    ) -> Result<Option<Vec<Invocation>>, Error> {
        if bulk.matched >= self.inner.options.bulk_max {
            bulk.more = true;
            return Ok(None);
        }
        let batch = match filter.whole {
            true => BATCH_WHOLE,
            false => BATCH,
        };
        let left = self.inner.options.bulk_max - bulk.matched;
        filter.limit = u32::try_from(left).map_or(batch, |left| left.min(batch));
        let mut found = self.inner.store.invocations(namespace, filter).await?;
        let Some(last) = found.last() else {
            return Ok(None);
        };
        filter.before = Some(last.key);
        found.retain(eligible);
        bulk.found(&found);
        Ok(Some(found))
    }

    /// Asks for the end of all that match and have not ended, and of what they enqueued.
    ///
    /// # Errors
    ///
    /// If only what has ended can match, or the store fails.
    pub async fn cancel_all(
        &self,
        namespace: &Namespace,
        which: &Which,
        reason: Option<&str>,
    ) -> Result<Bulk, Error> {
        const LIVE: [State; 4] = [
            State::Scheduled,
            State::Queued,
            State::Running,
            State::Waiting,
        ];
        let reason = super::messages::reason(reason)?;
        let states = match which.filter.state {
            None => &LIVE[..],
            Some(state) => match LIVE.iter().position(|live| *live == state) {
                Some(at) => &LIVE[at..=at],
                None => return Err(ended("filter.state")),
            },
        };
        if which.filter.kind.is_some() {
            return Err(ended("filter.kind"));
        }
        if which.filter.dead {
            return Err(ended("filter.dead"));
        }
        let mut bulk = Bulk::default();
        for _ in 0..ROUNDS_MAX {
            let before = bulk.matched;
            for state in states {
                let filter = Filter {
                    state: Some(*state),
                    ..which.filter.clone()
                };
                let act = (!which.dry_run).then_some(reason);
                self.cancel_in(namespace, filter, act, &mut bulk).await?;
            }
            if which.dry_run || bulk.more || bulk.matched == before {
                break;
            }
        }
        Ok(bulk)
    }

    async fn cancel_in(
        &self,
        namespace: &Namespace,
        mut filter: Filter,
        reason: Option<&str>,
        bulk: &mut Bulk,
    ) -> Result<(), Error> {
        let eligible = |one: &Invocation| !one.cancelling;
        loop {
            let batch = self.next_batch(namespace, &mut filter, eligible, bulk);
            let Some(batch) = batch.await? else {
                return Ok(());
            };
            let Some(reason) = reason.filter(|_| !batch.is_empty()) else {
                continue;
            };
            let keys: Vec<Key> = batch.iter().map(|one| one.key).collect();
            let cancelling = self.inner.store.cancel(&keys, reason).await?;
            // Descendants are among those that end, and do not count.
            let ends: HashSet<_> = cancelling.ended.iter().chain(&cancelling.asked).collect();
            bulk.done += keys.iter().filter(|key| ends.contains(key)).count() as u64;
        }
    }
}

fn ended(place: &str) -> Error {
    Error::value(
        place,
        "it matches only what has ended, where nothing is left to cancel",
    )
}
