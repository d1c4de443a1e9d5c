//! Calls that repeat an id within one request: sent once, answered each.

use std::collections::HashMap;

use super::*;
use crate::model::Moment;

/// A request's calls without those that repeat an id of the same request.
pub struct Folded {
    /// The calls that are sent, by their index.
    pub first: Vec<usize>,
    /// For each call the place in `first` that it shares, and whether it is a repetition.
    shares: Vec<(usize, bool)>,
    /// A call that repeats an id with another call.
    pub taken: Option<usize>,
}

/// What became of a call that was sent.
#[derive(Clone)]
pub struct Verdict {
    /// The store's number.
    pub key: Key,
    /// When it was stored first.
    pub enqueued_at: Moment,
    /// Whether it stood there already.
    pub existed: bool,
}

impl Folded {
    /// Folds these calls.
    pub fn of(calls: &[&NewCall]) -> Self {
        let mut seen: HashMap<(&Namespace, &InvocationId), usize> = HashMap::new();
        let mut folded = Self {
            first: Vec::with_capacity(calls.len()),
            shares: Vec::with_capacity(calls.len()),
            taken: None,
        };
        for (index, call) in calls.iter().enumerate() {
            let next = folded.first.len();
            let place = match call.chosen {
                true => *seen.entry((&call.namespace, &call.id)).or_insert(next),
                false => next,
            };
            folded.shares.push((place, place != next));
            if place == next {
                folded.first.push(index);
            } else {
                let other = calls[folded.first[place]];
                let same = (&other.queue, &other.task, &other.arguments)
                    == (&call.queue, &call.task, &call.arguments);
                if !same {
                    folded.taken.get_or_insert(index);
                }
            }
        }
        if folded.taken.is_some() {
            // Nothing of this request may be stored.
            folded.first.clear();
        }
        folded
    }

    /// The answers to all calls, from those to the calls that were sent.
    pub fn answer(&self, calls: &[&NewCall], verdicts: &[Verdict]) -> Vec<Enqueued> {
        self.shares
            .iter()
            .zip(calls)
            .map(|((place, repeated), call)| Enqueued {
                key: verdicts[*place].key,
                id: call.id.clone(),
                enqueued_at: verdicts[*place].enqueued_at,
                existed: *repeated || verdicts[*place].existed,
                replaced: false,
            })
            .collect()
    }
}
