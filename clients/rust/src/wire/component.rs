//! Components: what `POST /v1/components` and its neighbours take and give.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Retries;

/// The query of `POST /v1/components`; the body is the component's bytes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct Upload {
    /// The component's name.
    pub name: String,
    /// Its version (semver). Where it is absent: the version that its WIT package states, or
    /// `0.1.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// To which component an import is bound: `INTERFACE=COMPONENT[@RULE][:QUEUE]`, as in
    /// `demo:images/tasks=thumbnails@^0.1:thumbs`. Repeated for several. Where it is absent: the only
    /// component that exports the interface, compatible versions, the queue of the component's name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bind: Vec<String>,
    /// A function that is a workflow, whatever the component says. Repeated for several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workflow: Vec<String>,
    /// A function that is a task, whatever the component says. Repeated for several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub task: Vec<String>,
}

impl Upload {
    /// The parameters that may be repeated.
    pub const LISTS: &[&str] = &["bind", "workflow", "task"];

    /// The query as names and values.
    pub fn pairs(&self) -> Vec<(&'static str, &str)> {
        let mut pairs = vec![("name", self.name.as_str())];
        pairs.extend(
            self.version
                .iter()
                .map(|version| ("version", version.as_str())),
        );
        for (name, values) in Self::LISTS
            .iter()
            .zip([&self.bind, &self.workflow, &self.task])
        {
            pairs.extend(values.iter().map(|value| (*name, value.as_str())));
        }
        pairs
    }
}

/// A version of a component.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Component {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The sha-256 of its bytes, in lower-case hexadecimal.
    pub digest: String,
    /// How many bytes it has.
    pub size: u64,
    /// When it was uploaded.
    pub uploaded_at: String,
    /// The functions that can be called.
    pub tasks: Vec<Task>,
    /// The exported functions that cannot.
    #[serde(default)]
    pub skipped: Vec<Skipped>,
    /// What stands behind the interfaces of other components that it imports.
    #[serde(default)]
    pub bindings: Vec<Binding>,
}

/// An import, and the component and queue that stand behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Binding {
    /// The interface as it is imported, with its version.
    pub interface: String,
    /// The component that provides it.
    pub component: String,
    /// Which of its versions, as in `^1.2`: the highest that there is at the call.
    pub version: String,
    /// The queue on which its calls are enqueued.
    pub queue: String,
}

/// What a function is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It runs once, from its beginning to its end.
    #[default]
    Task,
    /// It enqueues others, waits for them, and goes on where it was after a crash.
    Workflow,
}

impl Kind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Workflow => "workflow",
        }
    }
}

/// An exported function that can be called.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Task {
    /// The function's name.
    pub name: String,
    /// The interface that it stands in, such as `demo:images/tasks@0.1.0`; null at world level.
    pub interface: Option<String>,
    /// Whether it is a task or a workflow.
    #[serde(default)]
    pub kind: Kind,
    /// What it takes, in order.
    pub params: Vec<Param>,
    /// The type of what it returns, as WIT; null where it returns nothing.
    pub result: Option<String>,
    /// What its author wrote about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docs: Option<String>,
    /// Parameters and result with every type spelled out, for programs that read arguments or
    /// build forms.
    #[serde(default)]
    pub signature: serde_json::Value,
}

/// A parameter of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Its type, as WIT.
    #[serde(rename = "type")]
    pub ty: String,
}

/// An exported function that cannot be called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Skipped {
    /// The function's name.
    pub name: String,
    /// The interface that it stands in; null at world level.
    #[serde(default)]
    pub interface: Option<String>,
    /// Why it cannot be called.
    pub reason: String,
}

/// What a component may do beyond its sandbox: body and answer of
/// `PUT /v1/components/{name}/grants`. Nothing, by default; a grant holds for every version.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Grants {
    /// The hosts that it may call by HTTP, such as `api.example.com` or `127.0.0.1:8080`.
    pub http: Vec<String>,
    /// The environment variables that it sees.
    pub environment: BTreeMap<String, String>,
    /// The queues on which its workflows may enqueue, beside their own and those of their imports;
    /// `*` for all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<String>,
    /// The tasks of other components that its workflows may call by name: `images/resize`,
    /// `images/*`, `*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<String>,
}

/// What holds for calls of a task that do not say otherwise: body and answer of
/// `PUT /v1/components/{name}/defaults` have one for each task by its name. It holds for every
/// version.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct TaskDefaults {
    /// The queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// Lower goes first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// How long one attempt may take, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// From enqueue to outcome, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
    /// How often, and when, a failed attempt is made again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<Retries>,
}
