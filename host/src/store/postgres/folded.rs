//! Calls that repeat an id within one request: sent once, answered each.

use std::collections::HashMap;

use super::controls::Stored;
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
    /// The id of the invocation that stands there.
    pub id: InvocationId,
    /// When it was stored first.
    pub enqueued_at: Moment,
    /// Whether it stood there already.
    pub existed: bool,
    /// Whether it took the place of another call.
    pub replaced: bool,
    /// When it is due, if it is scheduled.
    pub due: Option<Moment>,
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
    pub fn answer(&self, verdicts: &[Verdict]) -> Vec<Stored> {
        self.shares
            .iter()
            .map(|(place, repeated)| {
                let verdict = &verdicts[*place];
                let call = Enqueued {
                    key: verdict.key,
                    id: verdict.id.clone(),
                    enqueued_at: verdict.enqueued_at,
                    existed: *repeated || verdict.existed,
                    replaced: verdict.replaced && !repeated,
                };
                Stored {
                    call,
                    due: verdict.due,
                }
            })
            .collect()
    }
}
