//! Components, their tasks, and the catalogue of both.

use std::collections::HashMap;

use bytes::Bytes;

use crate::model::{ComponentName, Digest, FunctionId, Moment, Namespace};

/// A version of a component, as uploaded.
#[derive(Debug, Clone)]
pub struct NewComponent {
    /// Its name.
    pub name: ComponentName,
    /// Its version.
    pub version: semver::Version,
    /// The digest of its bytes.
    pub digest: Digest,
    /// The component.
    pub bytes: Bytes,
    /// Its interfaces as WIT text.
    pub wit: String,
    /// The functions that can be called.
    pub tasks: Vec<NewFunction>,
    /// The functions that cannot, with reasons, as JSON for whoever asks.
    pub skipped: serde_json::Value,
    /// Which components and queues its imports are bound to, as `registry::bindings::Binding`s in
    /// JSON; an empty array where it imports no tasks.
    pub bindings: serde_json::Value,
}

/// A function that a component exports.
#[derive(Debug, Clone)]
pub struct NewFunction {
    /// The interface, such as `demo:images/tasks@0.1.0`; none at world level.
    pub interface: Option<String>,
    /// The function's name in it.
    pub name: String,
    /// Its parameters and result, as `values::Function` in JSON.
    pub signature: serde_json::Value,
    /// What its author wrote about it.
    pub docs: Option<String>,
    /// Whether it is a workflow; else a task.
    pub workflow: bool,
}

/// What became of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// The version is new.
    Created,
    /// The same bytes stand under this version already.
    Existed,
    /// Other bytes stand under this version.
    Conflict(Digest),
}

/// A version of a component.
#[derive(Debug, Clone)]
pub struct Component {
    /// Its name.
    pub name: ComponentName,
    /// Its version.
    pub version: semver::Version,
    /// The digest of its bytes.
    pub digest: Digest,
    /// How many bytes it has.
    pub size: u64,
    /// When it was uploaded.
    pub uploaded_at: Moment,
    /// Its interfaces as WIT text; empty in lists of more than one component.
    pub wit: String,
    /// Its tasks.
    pub tasks: Vec<Function>,
    /// What it exports besides, as JSON.
    pub skipped: serde_json::Value,
    /// As in [`NewComponent`].
    pub bindings: serde_json::Value,
}

/// A task: one function of one version of a component.
#[derive(Debug, Clone)]
pub struct Function {
    /// The store's number.
    pub id: FunctionId,
    /// Whose it is.
    pub namespace: Namespace,
    /// The component.
    pub component: ComponentName,
    /// Its version.
    pub version: semver::Version,
    /// Its digest.
    pub digest: Digest,
    /// The interface; none at world level.
    pub interface: Option<String>,
    /// The function's name in it.
    pub name: String,
    /// Parameters and result, as `values::Function` in JSON.
    pub signature: serde_json::Value,
    /// What its author wrote about it.
    pub docs: Option<String>,
    /// Whether it is a workflow; else a task.
    pub workflow: bool,
}

/// Everything that can be called, at one revision.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// Grows with every upload and every change of grants, over all namespaces.
    pub revision: i64,
    /// The tasks, in no order.
    pub functions: Vec<Function>,
    /// What each component may do beyond its sandbox, as JSON; absent means nothing.
    pub grants: HashMap<ComponentName, serde_json::Value>,
    /// What the manifest of each component says about its tasks, as JSON; absent means nothing.
    pub defaults: HashMap<ComponentName, serde_json::Value>,
    /// The bindings of the versions of components that have any.
    pub bindings: HashMap<(ComponentName, semver::Version), serde_json::Value>,
}
