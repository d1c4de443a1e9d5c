//! A workflow's past, executed again: replays, and upgrades of what is in flight.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::entry::shown_end;
use super::execution::Report;
use super::{Begin, Difference, Identity, Mode, Replayed, Upgraded, Workflows};
use crate::control::{self, Maker};
use crate::engine::{Call, Ended, Feed, Fence, Grants, Kind, Program};
use crate::model::clock::since_boot;
use crate::model::{
    ComponentName, Digest, FailureKind, InvocationId, Key, Moment, Namespace, Outcome, State,
};
use crate::registry::describe;
use crate::store::{Chunk, Component, Function, Invocation};
use crate::values;

/// How many workflows in flight are looked at together.
const PAGE: u32 = 500;

/// The longest that a replay may take.
const REPLAY_MAX: Duration = Duration::from_secs(600);

/// With what a workflow is executed again.
struct Again {
    program: Program,
    interface: Option<String>,
    name: String,
    signature: Arc<values::Function>,
    digest: Digest,
    version: semver::Version,
    component: ComponentName,
}

impl Workflows {
    /// Executes a workflow against its journal, in private, changing nothing; with the code of this
    /// component if bytes are given.
    ///
    /// # Errors
    ///
    /// If there is no such invocation, it is no workflow, or the component cannot be loaded.
    pub async fn replay(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
        component: Option<Bytes>,
    ) -> Result<Replayed, control::Error> {
        let of = self.workflow(namespace, id).await?;
        let own = self.function(&of).await?;
        let again = match component {
            Some(bytes) => self.foreign(&own, bytes).await?,
            None => self.stored(&own).await?,
        };
        self.replay_with(&of, &own, &again).await
    }

    /// Moves the workflows of a component that are in flight to this version of it, if they replay
    /// exactly. With `dry_run` it only says which would.
    ///
    /// # Errors
    ///
    /// If there is no such version.
    pub async fn upgrade(
        &self,
        namespace: &Namespace,
        component: &str,
        version: Option<&semver::Version>,
        dry_run: bool,
    ) -> Result<Upgraded, control::Error> {
        let name = ComponentName::parse(component)?;
        let to = self
            .inner
            .control
            .component(namespace, &name, version)
            .await?;
        let (mut upgraded, mut after) = (Upgraded::default(), Key(0));
        loop {
            let store = &self.inner.store;
            let page = store
                .in_flight(namespace, &name, &to.digest, after, PAGE)
                .await?;
            let Some(last) = page.last() else {
                return Ok(upgraded);
            };
            after = last.key;
            for one in page {
                let of = self.inner.control.invocation(namespace, &one.id).await?;
                if of.state != State::Waiting && of.state != State::Queued {
                    upgraded.busy.push(one.id);
                    continue;
                }
                let own = self.function(&of).await?;
                let Some(target) = like(&to, &own) else {
                    let difference = Difference {
                        step: 0,
                        recorded: shown(&own),
                        present: format!("{name}@{} has no such task", to.version),
                    };
                    upgraded.differ.push((one.id, difference));
                    continue;
                };
                let again = self.stored(target).await?;
                let replayed = self.replay_with(&of, &own, &again).await?;
                if let Some(difference) = replayed.difference {
                    upgraded.differ.push((one.id, difference));
                } else if dry_run || store.repin(one.key, one.entries, target.id).await? {
                    upgraded.moved.push(one.id);
                } else {
                    upgraded.busy.push(one.id);
                }
            }
        }
    }

    /// A workflow by its id.
    pub(super) async fn workflow(
        &self,
        namespace: &Namespace,
        id: &InvocationId,
    ) -> Result<Invocation, control::Error> {
        let of = self.inner.control.invocation(namespace, id).await?;
        match of.workflow {
            true => Ok(of),
            false => Err(control::Error::NotAWorkflow(id.clone())),
        }
    }

    pub(super) async fn function(&self, of: &Invocation) -> Result<Function, control::Error> {
        let found = self.inner.store.function(of.function).await?;
        found.ok_or_else(|| control::Error::Internal(format!("there is no task {}", of.function)))
    }

    /// The stored code of a task.
    async fn stored(&self, function: &Function) -> Result<Again, control::Error> {
        let (_, programs) = self.runs()?;
        let program = programs.get(&function.digest, Kind::Workflow).await;
        let program = program.map_err(|error| control::Error::Busy(error.to_string()))?;
        Ok(Again {
            program,
            interface: function.interface.clone(),
            name: function.name.clone(),
            signature: Arc::new(signature(function)?),
            digest: function.digest.clone(),
            version: function.version.clone(),
            component: function.component.clone(),
        })
    }

    /// Code that is not stored.
    async fn foreign(&self, own: &Function, bytes: Bytes) -> Result<Again, control::Error> {
        let refuse = |message: String| control::Error::value("component", message);
        let described = describe::describe(&bytes).map_err(|error| refuse(error.to_string()))?;
        let tasks = described.tasks.iter();
        let mut found = tasks.filter(|task| is_same(own, task.interface.as_deref(), &task.name));
        let task = found
            .next()
            .ok_or_else(|| refuse(format!("it does not export {}", shown(own))))?;
        let (_, programs) = self.runs()?;
        let digest = Digest::of(&bytes);
        let program = programs.compile_once(bytes, Kind::Workflow).await;
        Ok(Again {
            program: program.map_err(|error| refuse(error.to_string()))?,
            interface: task.interface.clone(),
            name: task.name.clone(),
            signature: Arc::new(task.function.clone()),
            digest,
            version: own.version.clone(),
            component: own.component.clone(),
        })
    }

    fn runs(&self) -> Result<&(crate::engine::Engine, crate::registry::Programs), control::Error> {
        self.inner.runs.as_ref().ok_or_else(|| {
            control::Error::Busy(
                "this host runs nothing (--no-workers), so it replays nothing: ask another host"
                    .to_owned(),
            )
        })
    }

    /// Executes in private and says where it differs.
    async fn replay_with(
        &self,
        of: &Invocation,
        own: &Function,
        again: &Again,
    ) -> Result<Replayed, control::Error> {
        let recorded = signature(own)?;
        if recorded != *again.signature {
            return Ok(Replayed {
                steps: 0,
                difference: Some(Difference {
                    step: 0,
                    recorded: recorded.to_string(),
                    present: again.signature.to_string(),
                }),
            });
        }
        let (engine, _) = self.runs()?;
        let chunks: Vec<Chunk> = self.inner.store.journal(of.key).await?;
        let arguments = self
            .inner
            .store
            .arguments(of.key)
            .await?
            .unwrap_or_default();
        let report = Arc::new(Mutex::new(Report::default()));
        let begin = Begin {
            identity: Identity {
                key: of.key,
                id: of.id.clone(),
                depth: 0,
                signature: again.signature.clone(),
            },
            maker: Maker {
                namespace: own.namespace.clone(),
                component: again.component.clone(),
                version: again.version.clone(),
                digest: again.digest.clone(),
                queue: of.queue.clone(),
                grants: Arc::new(Grants::default()),
            },
            mode: Mode::Private(report.clone()),
            now: Box::new(Moment::now),
        };
        let execution = self.begin_with(begin, &chunks).await;
        let execution = execution.map_err(|failure| control::Error::Internal(failure.message))?;
        let call = Call {
            identity: crate::engine::Identity {
                id: execution.known_as().to_owned(),
                namespace: own.namespace.to_string(),
                queue: of.queue.to_string(),
                task: of.task.clone(),
                attempt: 1,
            },
            interface: again.interface.clone(),
            function: again.name.clone(),
            signature: again.signature.clone(),
            arguments: arguments.into(),
            timeout: Some(REPLAY_MAX),
            grants: Arc::new(Grants::default()),
            cancel: CancellationToken::new(),
        };
        let fence = Arc::new(Fence::new());
        fence.renew(since_boot() + 2 * REPLAY_MAX);
        let feed = Arc::new(Feed::new(0));
        let ended = engine
            .run_workflow(&again.program, call, feed, fence, Box::new(execution))
            .await;
        let mut report = report.lock().expect("no holder of this lock can panic");
        let difference = report.difference.take();
        let difference = difference.or_else(|| {
            compare_ends(
                of.outcome.as_ref(),
                &ended,
                report.beyond.take(),
                report.steps + 1,
            )
        });
        Ok(Replayed {
            steps: report.steps,
            difference,
        })
    }
}

/// Whether a replay that came to the end of its journal ended as what is recorded.
fn compare_ends(
    recorded: Option<&Outcome>,
    ended: &Ended,
    beyond: Option<String>,
    step: u32,
) -> Option<Difference> {
    let recorded = recorded?;
    if let Outcome::Error(failure) = recorded {
        use FailureKind::{Cancelled, HostLost, Nondeterminism, Timeout};
        if matches!(
            failure.kind,
            Cancelled | HostLost | Nondeterminism | Timeout
        ) {
            // It was ended from outside, wherever it was.
            return None;
        }
    }
    let present = match (ended, beyond) {
        (Ended::Outcome(outcome), _) => match (recorded, outcome) {
            (Outcome::Value(a), Outcome::Value(b)) if a.get() == b.get() => return None,
            (Outcome::Error(a), Outcome::Error(b)) if a.kind == b.kind => {
                let payload = |failure: &crate::model::Failure| {
                    failure.payload.as_ref().map(|json| json.get().to_owned())
                };
                if payload(a) == payload(b) {
                    return None;
                }
                shown_end(outcome)
            }
            _ => shown_end(outcome),
        },
        (_, Some(beyond)) => beyond,
        (_, None) => "waits".to_owned(),
    };
    Some(Difference {
        step,
        recorded: shown_end(recorded),
        present,
    })
}

fn signature(function: &Function) -> Result<values::Function, control::Error> {
    serde_json::from_value(function.signature.clone()).map_err(|error| {
        control::Error::Internal(format!(
            "the type of {} cannot be read: {error}",
            function.name
        ))
    })
}

/// Whether an export is what a task is called, whatever the version of its interface.
fn is_same(own: &Function, interface: Option<&str>, name: &str) -> bool {
    let path = |interface: &str| interface.split('@').next().map(str::to_owned);
    own.name == name && own.interface.as_deref().map(path) == interface.map(path)
}

pub(super) fn like<'a>(version: &'a Component, own: &Function) -> Option<&'a Function> {
    let mut tasks = version.tasks.iter();
    tasks.find(|task| is_same(own, task.interface.as_deref(), &task.name))
}

pub(super) fn shown(function: &Function) -> String {
    match &function.interface {
        Some(interface) => format!("{interface}#{}", function.name),
        None => function.name.clone(),
    }
}
