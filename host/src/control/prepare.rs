//! Calls, checked before anything is stored: the task is resolved, the arguments fit its types, and
//! every name is one. Pure once the catalogue is there, so that many calls can be checked off the
//! async threads.

use std::sync::Arc;

use bytes::Bytes;

use crate::model::queue::TIMEOUT_MS_MAX;
use crate::model::{InvocationId, Moment, Namespace, QueueName};
use crate::store::NewCall;
use crate::values::Mistake;

use super::call::Call;
use super::catalogue::{Snapshot, Task, Unresolved};
use super::{Error, Options};

/// How many mistakes one answer tells; the others are counted.
const TOLD_MAX: usize = 100;

/// What stands where the id of an invocation does in addresses, so that no invocation is called so.
const ADDRESSES: [&str; 5] = ["wait", "export", "cancel", "retry", "resume"];

/// Calls that may be stored, each with its task.
pub(super) struct Prepared {
    pub(super) calls: Vec<NewCall>,
    pub(super) tasks: Vec<Arc<Task>>,
}

/// A batch of calls, as one request brought it.
pub(super) struct Batch {
    pub(super) namespace: Namespace,
    pub(super) calls: Vec<Call>,
    /// The `Idempotency-Key`.
    pub(super) key: Option<InvocationId>,
    /// Whether it came as an array: then places begin with the call's index.
    pub(super) array: bool,
}

impl Batch {
    /// Checks every call.
    pub(super) fn prepare(
        &self,
        snapshot: &Snapshot,
        options: &Options,
    ) -> Result<Prepared, Error> {
        let mut prepared = Prepared {
            calls: Vec::with_capacity(self.calls.len()),
            tasks: Vec::with_capacity(self.calls.len()),
        };
        let (mut told, mut more) = (Vec::new(), 0);
        let now = Moment::now();
        for (index, call) in self.calls.iter().enumerate() {
            let task = self.task(snapshot, index, call)?;
            let arguments = self.arguments(&task, index, call, options, &mut told, &mut more)?;
            let queue = self.queue(index, call, &task)?;
            let (id, chosen) = self.id(index, call)?;
            let controls = call.options.controls(&task.defaults, chosen, now);
            let controls = controls
                .map_err(|wrong| Error::value(self.place(index, wrong.field), wrong.message))?;
            let priority = call.options.priority.or(task.defaults.priority);
            prepared.calls.push(NewCall {
                namespace: self.namespace.clone(),
                id,
                chosen,
                queue,
                function: task.id,
                task: call.task.clone(),
                arguments,
                priority: priority.unwrap_or(0),
                timeout_ms: self.timeout(index, call)?.or(task.defaults.timeout_ms),
                workflow: task.workflow,
                controls,
            });
            prepared.tasks.push(task);
        }
        match told.is_empty() {
            true => Ok(prepared),
            false => Err(Error::Arguments { told, more }),
        }
    }

    fn task(&self, snapshot: &Snapshot, index: usize, call: &Call) -> Result<Arc<Task>, Error> {
        let place = match self.array {
            true => self.place(index, "task"),
            false => String::new(),
        };
        let task = call.task.clone();
        snapshot.resolve(&call.task).map_err(|why| match why {
            Unresolved::NoName(message) => Error::value(self.place(index, "task"), message),
            Unresolved::Unknown(reason) => Error::UnknownTask {
                task,
                reason,
                place,
            },
            Unresolved::Ambiguous(candidates) => Error::AmbiguousTask {
                task,
                candidates,
                place,
            },
            Unresolved::Broken(message) => Error::Internal(message),
        })
    }

    /// The arguments in canonical form; empty where they do not fit, which is told then.
    fn arguments(
        &self,
        task: &Task,
        index: usize,
        call: &Call,
        options: &Options,
        told: &mut Vec<Mistake>,
        more: &mut usize,
    ) -> Result<Bytes, Error> {
        let max = options.arguments_max_bytes;
        let too_large = |size: String| Error::TooLarge {
            what: "the arguments of a call",
            max: format!("{max} bytes"),
            size: match self.array {
                true => format!("{size} (at [{index}].args)"),
                false => size,
            },
        };
        let length = call.arguments.get().len();
        if length > max {
            return Err(too_large(format!("{length} bytes")));
        }
        match task.function.arguments(&call.arguments) {
            Ok(values) => {
                let canonical = task.function.canonical(&values, max);
                let canonical = canonical.map_err(|_| too_large("more".to_owned()))?;
                Ok(Bytes::from(canonical))
            }
            Err(mistakes) => {
                *more += mistakes.more;
                for mistake in mistakes.told {
                    if told.len() >= TOLD_MAX {
                        *more += 1;
                        continue;
                    }
                    told.push(Mistake {
                        place: match self.array {
                            true => format!("[{index}].{}", mistake.place),
                            false => mistake.place,
                        },
                        message: mistake.message,
                    });
                }
                Ok(Bytes::new())
            }
        }
    }

    /// The call's id, and whether the caller chose it.
    fn id(&self, index: usize, call: &Call) -> Result<(InvocationId, bool), Error> {
        let chosen = call.id.as_deref().map(InvocationId::parse).transpose();
        let chosen =
            chosen.map_err(|error| Error::value(self.place(index, "id"), error.to_string()))?;
        if let Some(id) = chosen
            .as_ref()
            .or(self.key.as_ref().filter(|_| !self.array))
            && ADDRESSES.contains(&id.as_str())
        {
            let why =
                format!("`{id}` is an address of its own under /v1/invocations: choose another");
            return Err(Error::value(self.place(index, "id"), why));
        }
        match (chosen, &self.key) {
            (None, None) => Ok((InvocationId::generate(), false)),
            (Some(id), None) => Ok((id, true)),
            (None, Some(key)) if self.array => Ok((key.of_element(index), true)),
            (None, Some(key)) => Ok((key.clone(), true)),
            (Some(id), Some(key)) if !self.array && id == *key => Ok((id, true)),
            (Some(id), Some(key)) => Err(Error::value(
                self.place(index, "id"),
                format!(
                    "the call has the id `{id}` and the request the idempotency key `{key}`: give one of them"
                ),
            )),
        }
    }

    fn timeout(&self, index: usize, call: &Call) -> Result<Option<u64>, Error> {
        match call.options.timeout_ms {
            Some(ms) if ms == 0 || ms > TIMEOUT_MS_MAX => Err(Error::value(
                self.place(index, "timeout_ms"),
                format!("expected 1 to {TIMEOUT_MS_MAX}, got {ms}"),
            )),
            timeout => Ok(timeout),
        }
    }

    fn queue(&self, index: usize, call: &Call, task: &Task) -> Result<QueueName, Error> {
        let place = || self.place(index, "queue");
        let Some(named) = call.queue.as_ref().or(task.defaults.queue.as_ref()) else {
            return Err(Error::NoQueue(place()));
        };
        QueueName::parse(named).map_err(|error| Error::value(place(), error.to_string()))
    }

    /// Where a field of a call stands in the request.
    pub(super) fn place(&self, index: usize, field: &str) -> String {
        match self.array {
            true => format!("[{index}].{field}"),
            false => field.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::value::RawValue;

    use super::*;
    use crate::control::call::CallOptions;
    use crate::model::{ComponentName, Digest, FunctionId};
    use crate::store::{Catalogue, Function};

    fn snapshot() -> Snapshot {
        let function: crate::values::Function = serde_json::from_value(serde_json::json!({
            "params": [{"name": "n", "ty": "u32"}], "result": null
        }))
        .unwrap();
        Snapshot::new(Catalogue {
            revision: 1,
            functions: vec![Function {
                id: FunctionId(1),
                namespace: Namespace::default_namespace(),
                component: ComponentName::parse("a").unwrap(),
                version: semver::Version::new(0, 1, 0),
                digest: Digest::of(b""),
                interface: None,
                name: "b".to_owned(),
                signature: serde_json::to_value(function).unwrap(),
                docs: None,
                workflow: false,
            }],
            grants: HashMap::new(),
            bindings: HashMap::new(),
            defaults: HashMap::new(),
        })
    }

    fn batch(arguments: &[&str], key: Option<&str>) -> Batch {
        let call = |arguments: &&str| Call {
            queue: Some("q".to_owned()),
            task: "a/b".to_owned(),
            arguments: RawValue::from_string((*arguments).to_owned()).unwrap(),
            id: None,
            options: CallOptions::default(),
        };
        Batch {
            namespace: Namespace::default_namespace(),
            calls: arguments.iter().map(call).collect(),
            key: key.map(|key| InvocationId::parse(key).unwrap()),
            array: true,
        }
    }

    #[test]
    fn every_mistake_of_every_call_is_told_with_its_place() {
        let error = batch(&["[1]", "[-1]", "{\"m\":1}"], None)
            .prepare(&snapshot(), &Options::default())
            .err()
            .unwrap();

        let Error::Arguments { told, more } = error else {
            panic!("{error}")
        };
        let places: Vec<_> = told.iter().map(|mistake| mistake.place.as_str()).collect();
        assert_eq!(places, ["[1].args[0]", "[2].args.m", "[2].args.n"]);
        assert_eq!(more, 0);
    }

    #[test]
    fn one_key_gives_every_call_of_an_array_its_own_id() {
        let prepared = batch(&["[1]", "{\"n\": 2}"], Some("order-7"))
            .prepare(&snapshot(), &Options::default())
            .unwrap();

        let ids: Vec<_> = prepared.calls.iter().map(|call| call.id.as_str()).collect();
        assert_eq!(ids, ["order-7~0", "order-7~1"]);
        assert_eq!(&prepared.calls[1].arguments[..], b"[2]");
        assert!(prepared.calls.iter().all(|call| call.chosen));
    }

    #[test]
    fn an_id_beside_an_idempotency_key_is_refused() {
        let mut batch = batch(&["[1]"], Some("order-7"));
        batch.calls[0].id = Some("order-8".to_owned());

        let error = batch.prepare(&snapshot(), &Options::default()).err();

        assert!(error.unwrap().to_string().starts_with("[0].id: "));
    }

    #[test]
    fn an_id_that_is_an_address_is_refused() {
        let mut batch = batch(&["[1]"], None);
        batch.calls[0].id = Some("export".to_owned());

        let error = batch.prepare(&snapshot(), &Options::default()).err();

        assert!(error.unwrap().to_string().starts_with("[0].id: "));
    }

    #[test]
    fn arguments_over_the_limit_are_refused() {
        let options = Options {
            arguments_max_bytes: 4,
            ..Options::default()
        };

        let error = batch(&["[10000]"], None).prepare(&snapshot(), &options);

        assert!(matches!(error.err(), Some(Error::TooLarge { .. })));
    }
}
