//! The steps of a workflow as people see them.

use std::collections::HashMap;

use serde_json::value::{RawValue, to_raw_value};

use super::asked::Asked;
use super::entry::{Answered, Entry, Origin};
use super::{Step, Workflows};
use crate::control;
use crate::model::{InvocationId, Namespace, Outcome};
use crate::store::{Chunk, Invocation};

/// How many children of one step are named.
const CHILDREN_SHOWN: usize = 20;

impl Workflows {
    /// The steps of a workflow above `after`, at most `limit`, in order.
    ///
    /// # Errors
    ///
    /// If there is no such invocation.
    pub async fn steps(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
        after: u32,
        limit: u32,
    ) -> Result<Vec<Step>, control::Error> {
        let invocation = self.inner.control.invocation(namespace, id).await?;
        let chunks = self.inner.store.journal(invocation.key).await?;
        self.steps_of(namespace, id, &entries(&chunks)?, after, limit)
            .await
    }

    /// The same of a journal that was read.
    pub(super) async fn steps_of(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
        entries: &[Entry],
        after: u32,
        limit: u32,
    ) -> Result<Vec<Step>, control::Error> {
        let mut steps = read(id, entries, after, limit);
        let children = steps.iter().filter_map(only_child);
        let children: Vec<InvocationId> = children.cloned().collect();
        let found = self.inner.store.invocations_by_id(namespace, &children);
        let found: HashMap<InvocationId, Invocation> = found
            .await?
            .into_iter()
            .map(|found| (found.id.clone(), found))
            .collect();
        for step in &mut steps {
            let child = only_child(step).and_then(|child| found.get(child));
            if let Some((outcome, child)) = child.and_then(|c| Some((c.outcome.as_ref()?, c))) {
                step.result = Some(shown(outcome));
                step.answered_at = child.finished_at;
            }
        }
        Ok(steps)
    }
}

/// The entries of a journal.
///
/// # Errors
///
/// If it does not read.
pub(super) fn entries(chunks: &[Chunk]) -> Result<Vec<Entry>, control::Error> {
    let mut entries = Vec::new();
    for chunk in chunks {
        let part: Vec<Entry> = serde_json::from_slice(&chunk.body).map_err(|error| {
            control::Error::Internal(format!(
                "the journal cannot be read from entry {} on: {error}",
                chunk.first
            ))
        })?;
        entries.extend(part);
    }
    Ok(entries)
}

fn only_child(step: &Step) -> Option<&InvocationId> {
    match step.children.as_slice() {
        [child] if step.kind == "enqueue" || step.kind == "call" => Some(child),
        _ => None,
    }
}

fn read(id: &InvocationId, entries: &[Entry], after: u32, limit: u32) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut origins: &[Origin] = &[];
    let end = after.saturating_add(limit);
    for entry in entries {
        match entry {
            Entry::Begin { origins: these, .. } => origins = these,
            Entry::Step {
                n,
                at,
                asked,
                answer,
            } if *n > after && *n <= end => {
                let of = origins.iter().find(|origin| *n < origin.before);
                let of = of.map(|origin| InvocationId::from_store(origin.id.clone()));
                steps.push(Step {
                    number: *n,
                    kind: asked.kind().to_owned(),
                    request: request(asked),
                    result: answer.as_ref().and_then(result),
                    children: children(of.as_ref().unwrap_or(id), *n, asked),
                    asked_at: *at,
                    answered_at: answer.as_ref().map(|_| *at),
                });
            }
            Entry::Open {
                step: Some(n),
                at,
                answer,
                ..
            } => {
                let step = steps.binary_search_by_key(n, |step| step.number);
                if let Ok(index) = step {
                    steps[index].answered_at = Some(*at);
                    let answer = answer.as_ref().and_then(result);
                    steps[index].result = answer.or(steps[index].result.take());
                }
            }
            _ => {}
        }
    }
    steps
}

fn request(asked: &Asked) -> serde_json::Value {
    let mut json = serde_json::to_value(asked).expect("texts and numbers are JSON");
    if let Some(fields) = json.as_object_mut() {
        fields.remove("kind");
        // What is whole is shown as the JSON that it is.
        for name in ["arguments", "value"] {
            let whole = fields.get(name).and_then(serde_json::Value::as_str);
            if let Some(whole) = whole.and_then(|text| serde_json::from_str(text).ok()) {
                fields.insert(name.to_owned(), whole);
            }
        }
    }
    json
}

fn children(id: &InvocationId, n: u32, asked: &Asked) -> Vec<InvocationId> {
    match asked {
        Asked::Enqueue { call } => match &call.id {
            Some(chosen) => vec![InvocationId::from_store(chosen.clone())],
            None => vec![id.of_child(n, None)],
        },
        Asked::Call { .. } => vec![id.of_child(n, None)],
        Asked::EnqueueMany { count, .. } => (0..(*count).min(CHILDREN_SHOWN))
            .map(|index| id.of_child(n, Some(index)))
            .collect(),
        _ => Vec::new(),
    }
}

fn result(answered: &Answered) -> Option<Box<RawValue>> {
    let json = match answered {
        Answered::Done | Answered::Handles(_) => return None,
        Answered::Refused(code, message) => {
            to_raw_value(&serde_json::json!({"refused": {"code": code, "message": message}}))
        }
        Answered::State(state) => to_raw_value(state),
        Answered::Index(index) => to_raw_value(index),
        Answered::Flag(flag) => to_raw_value(flag),
        Answered::Time(at) | Answered::Until(at) => to_raw_value(at),
        Answered::Text(Some(json)) => RawValue::from_string(json.clone()),
        Answered::Text(None) => to_raw_value(&()),
    };
    json.ok()
}

fn shown(outcome: &Outcome) -> Box<RawValue> {
    match outcome {
        Outcome::Value(value) => value.clone(),
        Outcome::Error(failure) => to_raw_value(&serde_json::json!({ "error": failure }))
            .expect("a failure is texts and JSON"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Moment;

    #[test]
    fn a_step_that_waited_shows_what_it_was_answered() {
        let id = InvocationId::parse("order-1").unwrap();
        let asked = Asked::Receive {
            name: "approval".to_owned(),
            timeout_ms: None,
        };
        let entries = [
            Entry::Step {
                n: 1,
                at: Moment(5),
                asked,
                answer: None,
            },
            Entry::Open {
                gate: 0,
                step: Some(1),
                at: Moment(9),
                answer: Some(Answered::Text(Some("true".to_owned()))),
            },
        ];

        let steps = read(&id, &entries, 0, 100);

        assert_eq!(steps[0].result.as_ref().unwrap().get(), "true");
        assert_eq!(steps[0].answered_at, Some(Moment(9)));
    }
}
