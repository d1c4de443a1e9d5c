//! Where calls come from, and what they take over from there.

use std::collections::HashMap;

use super::queues::Place;
use super::terms::Terms;
use crate::model::{Key, Moment, QueueId};
use crate::store::NewCall;

/// Where calls come from.
pub(super) enum Origin {
    /// From outside, resolved by the catalogue of this revision.
    Caller(i64),
    /// From a workflow.
    Workflow(Family),
    /// From the journal of another invocation.
    Fork(Key),
}

/// A workflow, as its children need it.
pub(super) struct Family {
    pub(super) key: Key,
    /// How many ancestors it has.
    pub(super) depth: u32,
    pub(super) queue: QueueId,
    pub(super) partition: Option<String>,
    pub(super) deadline: Option<Moment>,
    /// Who may lend a slot to what is enqueued here.
    pub(super) lenders: HashMap<QueueId, Key>,
    /// Which of the calls go on when the workflow is cancelled.
    pub(super) detached: Vec<bool>,
}

impl Origin {
    pub(super) fn family(&self) -> Option<&Family> {
        match self {
            Self::Workflow(family) => Some(family),
            Self::Caller(_) | Self::Fork(_) => None,
        }
    }

    pub(super) fn forked_from(&self) -> Option<Key> {
        match self {
            Self::Fork(of) => Some(*of),
            Self::Caller(_) | Self::Workflow(_) => None,
        }
    }

    /// What the controls of a call to this queue come to, if it comes from here.
    pub(super) fn terms(&self, call: &NewCall, place: Place, now: Moment) -> Terms {
        let mut terms = Terms::of(&call.controls, now);
        if let Some(family) = self.family() {
            let same = place.partitioned && place.queue == family.queue;
            let partition = family.partition.as_deref().filter(|_| same);
            terms.inherit(partition, family.deadline);
        }
        terms
    }
}
