//! How the invocations ended that a workflow waits for, read from the store in batches.

use std::collections::HashMap;

use super::execution::{Execution, Mode};
use crate::engine::{Halt, HandleNumber};
use crate::model::{InvocationId, Key, Outcome};
use crate::store::EndedWith;

/// How many bytes of outcomes are read ahead, as far as those read before tell.
const AHEAD_BYTES: usize = 2 << 20;

/// How many outcomes are read ahead at most.
const AHEAD_MAX: usize = 1_000;

impl Execution {
    /// How an invocation ended, waiting for it if need be.
    pub(super) async fn wait_for_outcome(
        &mut self,
        handle: HandleNumber,
    ) -> Result<EndedWith, Halt> {
        loop {
            if let Some(ended) = self.outcome_of(handle).await? {
                return Ok(ended);
            }
            self.arrive().await?;
        }
    }

    /// How an invocation ended, if it has.
    pub(super) async fn outcome_of(
        &mut self,
        handle: HandleNumber,
    ) -> Result<Option<EndedWith>, Halt> {
        self.learn_keys(&[handle]).await?;
        let Some(key) = self.key_of(handle) else {
            return Ok(None);
        };
        if let Some(ended) = self.outcomes.get(&key) {
            return Ok(Some(ended.clone()));
        }
        // Whoever asks for one mostly asks for the next then.
        let (bytes, count) = self.read;
        let ahead = match count {
            0 => 32,
            _ => (AHEAD_BYTES / (bytes / count).max(1)).clamp(1, AHEAD_MAX),
        };
        // Of the past it is not known which have ended: those that have are answered.
        let is_past = self.parts.tape.is_replaying() || matches!(self.parts.mode, Mode::Private(_));
        let following = self.handles[handle.0 as usize..].iter();
        let keys: Vec<Key> = following
            .filter_map(|handle| handle.key)
            .filter(|key| is_past || self.waits.has_ended(*key))
            .filter(|key| !self.outcomes.contains_key(key))
            .take(ahead)
            .collect();
        let keys = match keys.is_empty() || keys[0] != key {
            true => vec![key],
            false => keys,
        };
        if self.outcomes.len() > 2 * AHEAD_MAX {
            self.outcomes.clear();
        }
        for ended in self.read_outcomes(&keys).await {
            self.waits.end(ended.key);
            self.outcomes.insert(ended.key, ended);
        }
        Ok(self.outcomes.get(&key).cloned())
    }

    async fn read_outcomes(&mut self, keys: &[Key]) -> Vec<EndedWith> {
        loop {
            match self.parts.store.outcomes(keys).await {
                Ok(ended) => {
                    let bytes = |ended: &EndedWith| match &ended.outcome {
                        Outcome::Value(value) => value.get().len(),
                        Outcome::Error(failure) => failure.message.len(),
                    };
                    self.read.0 += ended.iter().map(bytes).sum::<usize>();
                    self.read.1 += ended.len();
                    return ended;
                }
                Err(error) => self.pause(&error).await,
            }
        }
    }

    /// Learns the store's numbers of invocations that are not children of this one.
    pub(super) async fn learn_keys(&mut self, handles: &[HandleNumber]) -> Result<(), Halt> {
        let is_fresh =
            |handle: &HandleNumber| self.fresh.children.iter().any(|(fresh, _)| fresh == handle);
        let is_unknown =
            |handle: &HandleNumber| self.key_of(*handle).is_none() && !is_fresh(handle);
        if !handles.iter().any(is_unknown) {
            return Ok(());
        }
        // Whoever asks for one mostly asks for the next then.
        let first = handles.iter().map(|handle| handle.0).min().unwrap_or(0);
        let following = (first..self.handles.len() as u32).map(HandleNumber);
        let unknown: HashMap<InvocationId, HandleNumber> = handles
            .iter()
            .copied()
            .chain(following)
            .filter(is_unknown)
            .take(AHEAD_MAX)
            .map(|handle| (self.handles[handle.0 as usize].id.clone(), handle))
            .collect();
        let ids: Vec<InvocationId> = unknown.keys().cloned().collect();
        let namespace = self.parts.children.maker().namespace.clone();
        let found = loop {
            match self.parts.store.invocations_by_id(&namespace, &ids).await {
                Ok(found) => break found,
                Err(error) => self.pause(&error).await,
            }
        };
        for found in found {
            let handle = unknown[&found.id];
            self.handles[handle.0 as usize].key = Some(found.key);
            self.foreign.insert(found.key);
            self.waits.know(handle, found.key);
            self.unwatched.push(found.key);
        }
        Ok(())
    }
}
