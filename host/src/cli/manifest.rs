//! The manifest `windlass.toml` that stands beside a component: what belongs to it on a host.
//!
//! All of it is read and checked before anything is applied, so that a mistake changes nothing; each
//! is told with file, line and key.
//!
//! - `source`: the text, and where a key stands in it
//! - `check`: what must hold between its parts, and with the component
//! - `changes`: what is otherwise on the host, and applying it

mod changes;
mod check;
mod source;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use windlass_client::wire::Grants;

use super::failure::Failure;
use super::output::Output;
use crate::authoring::{self, Build, default_file};
use crate::control::CallOptions;
use crate::model::queue::Settings;
use crate::model::retry::Retries;
use crate::model::schedule::{Missed, Overlap};

pub use changes::Changes;
pub use check::Loaded;

use source::Source;

/// The name of a manifest.
pub const FILE: &str = "windlass.toml";

/// What a manifest says.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Manifest {
    /// The component that is pushed.
    pub component: Option<Component>,
    /// How it is built.
    pub build: Option<Build>,
    /// What holds for calls of its tasks that do not say otherwise.
    pub tasks: BTreeMap<String, Task>,
    /// Queues with all their settings; what is not said has its default.
    pub queues: BTreeMap<String, Settings>,
    /// All that the component may do beyond its sandbox.
    pub grants: Option<Grants>,
    /// Schedules with all that they say.
    pub schedules: BTreeMap<String, Schedule>,
}

/// The component of a manifest.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// Its version; what its WIT package says where it is not said, else 0.1.0.
    pub version: Option<String>,
    /// The file, seen from the manifest; where it is built to, if that is not said.
    pub file: Option<PathBuf>,
    /// To which component an import is bound, as `push --bind` has it.
    #[serde(default)]
    pub bind: Vec<String>,
    /// Functions that are workflows, whatever the component says.
    #[serde(default)]
    pub workflows: Vec<String>,
    /// Functions that are tasks, whatever the component says.
    #[serde(default)]
    pub tasks: Vec<String>,
}

impl Component {
    /// The file, seen from the manifest.
    pub fn file(&self) -> PathBuf {
        let file = self.file.clone();
        file.unwrap_or_else(|| default_file(&self.name))
    }
}

/// What holds for calls of a task that do not say otherwise.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Task {
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

/// A schedule of a manifest.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// When it fires.
    pub cron: String,
    /// In which time zone; UTC where it is not said.
    pub timezone: Option<String>,
    /// The queue; that of the task where it is not said.
    pub queue: Option<String>,
    /// The task.
    pub task: String,
    /// An array by position or a table by name.
    #[serde(default = "no_arguments")]
    pub args: serde_json::Value,
    /// What else is said about its calls.
    #[serde(default)]
    pub options: CallOptions,
    /// What becomes of times at which no host looked.
    #[serde(default)]
    pub missed: Missed,
    /// What becomes of a firing while the invocation before has not ended.
    #[serde(default)]
    pub overlap: Overlap,
    /// Whether it does not fire; as it is where it is not said.
    pub paused: Option<bool>,
}

fn no_arguments() -> serde_json::Value {
    serde_json::Value::Array(Vec::new())
}

/// Whether this path means a manifest: the file itself, or a folder that should hold one.
pub fn is_meant(path: &Path) -> bool {
    path.is_dir() || path.extension().is_some_and(|end| end == "toml")
}

/// Tells the author of a project that its component is older than its sources.
pub fn warn_if_stale(path: &Path, loaded: &Loaded, output: Output) {
    let manifest = &loaded.manifest;
    let (Some(component), Some(_)) = (&manifest.component, &manifest.build) else {
        return;
    };
    let folder = match (path.is_dir(), path.parent()) {
        (true, _) => path,
        (false, Some(parent)) if parent != Path::new("") => parent,
        (false, _) => Path::new("."),
    };
    let file = folder.join(component.file());
    if let Some(source) = authoring::changed_since_build(folder, &file) {
        output.say(format!(
            "{} {} is newer than {}: `windlass build` builds it again",
            output.paint("warning:", "1;33"),
            source.display(),
            component.file().display()
        ));
    }
}

/// Reads the manifest that this path means, with its component, and checks all that can be checked
/// without a host.
///
/// # Errors
///
/// If there is none, or anything about it cannot be.
pub fn load(path: &Path) -> Result<Loaded, Failure> {
    let file = match path.is_dir() {
        true => path.join(FILE),
        false => path.to_owned(),
    };
    let text = std::fs::read_to_string(&file).map_err(|error| {
        Failure::usage(format!("cannot read {}: {error}", file.display())).hint(format!(
            "give a component, or a folder with a {FILE}: `windlass push [DIR|FILE]`"
        ))
    })?;
    let source = Source::new(&file, text);
    let manifest = source.read()?;
    check::check(&source, manifest)
}
