//! The calls that a workflow makes, checked as everybody's are: the task is resolved, the arguments
//! fit its types, and the workflow may make the call.
//!
//! From memory and at once, since a workflow is not kept waiting for what it does not wait for. A
//! name that is not found may have been uploaded a moment ago: [`Children::renew`] looks again.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::value::RawValue;

use super::catalogue::{Snapshot, Task, Unresolved};
use super::{Control, Error};
use crate::engine::Grants;
use crate::model::queue::TIMEOUT_MS_MAX;
use crate::model::{ComponentName, Controls, Digest, InvocationId, Namespace, QueueName};
use crate::registry::bindings::Binding;
use crate::store::NewCall;
use crate::values;

/// Who makes the calls.
#[derive(Debug, Clone)]
pub struct Maker {
    /// Whose it is.
    pub namespace: Namespace,
    /// Its component.
    pub component: ComponentName,
    /// The component's version.
    pub version: semver::Version,
    /// Its digest.
    pub digest: Digest,
    /// The queue that it is in.
    pub queue: QueueName,
    /// What its component was granted.
    pub grants: Arc<Grants>,
}

/// A call as a workflow makes it.
#[derive(Debug, Clone)]
pub struct Made<'a> {
    /// Its id, and whether the workflow chose it.
    pub id: (InvocationId, bool),
    /// The queue; the workflow's own if none is named.
    pub queue: Option<&'a str>,
    /// The task; without a component one of the workflow's own, in its very version.
    pub task: &'a str,
    /// The arguments as JSON.
    pub arguments: &'a str,
    /// Lower goes first; what the task's manifest says if it is not said.
    pub priority: Option<i32>,
    /// How long one attempt may take.
    pub timeout_ms: Option<u64>,
    /// When, how often, in which partition …
    pub controls: &'a Controls,
}

/// Why a call was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// A word for programs, as in the problems of the HTTP interface.
    pub code: &'static str,
    /// For people.
    pub message: String,
    /// Whether a look at what was uploaded since may change it.
    pub stale: bool,
}

impl Refusal {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            stale: false,
        }
    }
}

/// What one workflow may call.
pub struct Children {
    control: Control,
    maker: Maker,
    snapshot: Arc<Snapshot>,
    bindings: Vec<Binding>,
}

impl Control {
    /// What this workflow may call.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    pub async fn children(&self, maker: Maker) -> Result<Children, Error> {
        let catalogues = &self.inner.catalogues;
        let mut snapshot = catalogues.current(&maker.namespace).await?;
        if !snapshot.has(&maker.component, &maker.version) {
            // Another host stored it, and nobody told this one: its bindings are not here either.
            snapshot = catalogues.newer(&maker.namespace, Some(&snapshot)).await?;
        }
        let bindings = snapshot.bindings(&maker.component, &maker.version);
        Ok(Children {
            control: self.clone(),
            maker,
            snapshot,
            bindings,
        })
    }
}

impl Children {
    /// Looks again at what was uploaded.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    pub async fn renew(&mut self) -> Result<(), Error> {
        let catalogues = &self.control.inner.catalogues;
        self.snapshot = catalogues
            .newer(&self.maker.namespace, Some(&self.snapshot))
            .await?;
        Ok(())
    }

    /// Checks a call by name.
    ///
    /// # Errors
    ///
    /// Why it cannot be made.
    pub fn call(&self, made: &Made<'_>) -> Result<NewCall, Refusal> {
        let own = !made.task.contains('/');
        let name = match own {
            true => format!(
                "{}@{}/{}",
                self.maker.component, self.maker.version, made.task
            ),
            false => made.task.to_owned(),
        };
        let task = self.resolve(&name)?;
        if task.component != self.maker.component && !self.may_call(&task, &name) {
            let message = format!(
                "this workflow may not call `{name}`: allow it with `windlass component grant {} --task '{}/*'`",
                self.maker.component, task.component
            );
            return Err(Refusal::new("not-granted", message));
        }
        let queue = self.queue(made.queue)?;
        if made.arguments.len() > self.control.inner.options.arguments_max_bytes {
            return Err(self.too_large());
        }
        let arguments: &RawValue = serde_json::from_str(made.arguments).map_err(|error| {
            Refusal::new("arguments", format!("the arguments are no JSON: {error}"))
        })?;
        let values = task
            .function
            .arguments(arguments)
            .map_err(|mistakes| Refusal::new("arguments", mistakes.to_string()))?;
        let max = self.control.inner.options.arguments_max_bytes;
        let arguments = task.function.canonical(&values, max);
        let arguments = Bytes::from(arguments.map_err(|_| self.too_large())?);
        if let Some(ms) = made.timeout_ms
            && (ms == 0 || ms > TIMEOUT_MS_MAX)
        {
            let message = format!("timeout_ms: expected 1 to {TIMEOUT_MS_MAX}, got {ms}");
            return Err(Refusal::new("invalid", message));
        }
        let call = self.new_call(made, &task, name, queue, arguments);
        let controls = call.controls.checked(made.id.1);
        let controls = controls.map_err(|error| Refusal::new("invalid", error.to_string()))?;
        Ok(NewCall { controls, ..call })
    }

    /// Checks a call by type, whose arguments are canonical.
    ///
    /// # Errors
    ///
    /// Why it cannot be made.
    pub fn imported(
        &self,
        id: InvocationId,
        interface: &str,
        function: &str,
        arguments: Bytes,
    ) -> Result<NewCall, Refusal> {
        let bound = self
            .bindings
            .iter()
            .find(|bound| bound.interface == interface);
        let Some(bound) = bound else {
            let message = format!("the import {interface} is bound to no component");
            return Err(Refusal::new("task-unknown", message));
        };
        let found = self.snapshot.provider(bound, function);
        let Some(task) = found else {
            return Err(Refusal {
                stale: true,
                ..Refusal::new(
                    "task-unknown",
                    format!(
                        "no version {} of the component `{}` exports {interface}#{function}",
                        bound.version, bound.component
                    ),
                )
            });
        };
        // The provider may be a newer one than the one that the types were compared with.
        if let Err(mistakes) = task.function.decode(&arguments) {
            return Err(Refusal::new("arguments", mistakes.to_string()));
        }
        let queue = QueueName::parse(&bound.queue)
            .map_err(|error| Refusal::new("invalid", error.to_string()))?;
        let made = Made {
            id: (id, false),
            queue: None,
            task: "",
            arguments: "",
            priority: None,
            timeout_ms: None,
            controls: &Controls::default(),
        };
        let name = format!("{}@{}/{function}", task.component, task.version);
        Ok(self.new_call(&made, &task, name, queue, arguments))
    }

    /// Checks the arguments with which the workflow goes on as new.
    ///
    /// # Errors
    ///
    /// What does not fit.
    pub fn own_arguments(
        &self,
        function: &values::Function,
        arguments: &str,
    ) -> Result<Bytes, Refusal> {
        let max = self.control.inner.options.arguments_max_bytes;
        if arguments.len() > max {
            return Err(self.too_large());
        }
        let values = function
            .decode(arguments.as_bytes())
            .map_err(|mistakes| Refusal::new("arguments", mistakes.to_string()))?;
        let canonical = function.canonical(&values, max);
        canonical.map(Bytes::from).map_err(|_| self.too_large())
    }

    /// Whose calls these are.
    pub fn maker(&self) -> &Maker {
        &self.maker
    }

    fn new_call(
        &self,
        made: &Made<'_>,
        task: &Task,
        name: String,
        queue: QueueName,
        arguments: Bytes,
    ) -> NewCall {
        NewCall {
            namespace: self.maker.namespace.clone(),
            id: made.id.0.clone(),
            chosen: made.id.1,
            queue,
            function: task.id,
            task: name,
            arguments,
            priority: made.priority.or(task.defaults.priority).unwrap_or(0),
            timeout_ms: made.timeout_ms.or(task.defaults.timeout_ms),
            workflow: task.workflow,
            controls: Controls {
                retries: (made.controls.retries.as_ref())
                    .or(task.defaults.retries.as_ref())
                    .cloned(),
                deadline_ms: made.controls.deadline_ms.or(task.defaults.deadline_ms),
                ..made.controls.clone()
            },
        }
    }

    fn resolve(&self, name: &str) -> Result<Arc<Task>, Refusal> {
        self.snapshot.resolve(name).map_err(|why| match why {
            Unresolved::NoName(message) => Refusal::new("invalid", message),
            Unresolved::Unknown(reason) => Refusal {
                stale: true,
                ..Refusal::new(
                    "task-unknown",
                    format!("there is no task {name:?}: {reason}"),
                )
            },
            Unresolved::Ambiguous(candidates) => Refusal::new(
                "task-ambiguous",
                format!("{name:?} could be any of {}", candidates.join(", ")),
            ),
            Unresolved::Broken(message) => Refusal::new("internal", message),
        })
    }

    fn queue(&self, named: Option<&str>) -> Result<QueueName, Refusal> {
        let Some(named) = named else {
            return Ok(self.maker.queue.clone());
        };
        let queue =
            QueueName::parse(named).map_err(|error| Refusal::new("invalid", error.to_string()))?;
        let mut granted = self.maker.grants.queues.iter();
        let may = queue == self.maker.queue
            || self.bindings.iter().any(|bound| bound.queue == named)
            || granted.any(|granted| granted == "*" || granted == named);
        match may {
            true => Ok(queue),
            false => Err(Refusal::new(
                "not-granted",
                format!(
                    "this workflow may not enqueue on `{named}`: allow it with `windlass component grant {} --queue {named}`",
                    self.maker.component
                ),
            )),
        }
    }

    fn may_call(&self, task: &Task, name: &str) -> bool {
        let mut granted = self.maker.grants.tasks.iter();
        let bound = self
            .bindings
            .iter()
            .any(|bound| bound.component == task.component.as_str());
        bound
            || granted.any(|granted| match granted.strip_suffix("/*") {
                Some(component) => component == task.component.as_str(),
                None => granted == "*" || granted == name,
            })
    }

    fn too_large(&self) -> Refusal {
        let max = self.control.inner.options.arguments_max_bytes;
        let message = format!("the arguments of a call may have {max} bytes, these have more");
        Refusal::new("too-large", message)
    }
}
