//! Uploading a component: looked at, described, bound to those that it calls, stored, and compiled
//! behind the caller's back.

use bytes::Bytes;
use semver::Version;

use crate::model::{ComponentName, Digest, Namespace};
use crate::registry::describe::{self, Description};
use crate::registry::{imports, name, validate};
use crate::store::{Added, Component, NewComponent, NewFunction};
use crate::values::Mistake;

use super::{Control, Error};

/// The version of a component for which neither the caller nor its WIT says one.
const FIRST_VERSION: Version = Version::new(0, 1, 0);

/// A component to be stored.
#[derive(Debug, Clone, Default)]
pub struct Upload {
    /// Its name.
    pub name: String,
    /// Its version; what its WIT package says by default, or `0.1.0`.
    pub version: Option<String>,
    /// The component.
    pub bytes: Bytes,
    /// Which components its imports are bound to, as in `demo:images/tasks=thumbnails@^0.1:queue`.
    pub bind: Vec<String>,
    /// Functions that are workflows, whatever the component says.
    pub workflows: Vec<String>,
    /// Functions that are tasks, whatever the component says.
    pub tasks: Vec<String>,
}

/// What became of an upload.
#[derive(Debug, Clone)]
pub struct Uploaded {
    /// As it is stored.
    pub component: Component,
    /// Whether the same bytes stood under this version already.
    pub existed: bool,
}

impl Control {
    /// Stores a version of a component. It is compiled afterwards, in the background.
    ///
    /// # Errors
    ///
    /// If it is too large, no component, in need of what no host and no component provides, or
    /// without any task; or if other bytes stand under the version. Then nothing is stored.
    pub async fn upload(&self, namespace: &Namespace, upload: Upload) -> Result<Uploaded, Error> {
        let max = self.inner.options.component_max_bytes;
        if upload.bytes.len() > max {
            return Err(Error::TooLarge {
                what: "a component",
                max: format!("{max} bytes"),
                size: format!("{} bytes", upload.bytes.len()),
            });
        }
        name::check_component_name(&upload.name)
            .map_err(|error| Error::value("name", error.to_string()))?;
        let name = ComponentName::parse(&upload.name)?;
        let version = upload.version.as_deref().map(version).transpose()?;

        let permit = self.inner.uploads.acquire().await;
        let (bytes, kinds) = (upload.bytes.clone(), Kinds::of(&upload));
        let described = tokio::task::spawn_blocking(move || look_at(&bytes, &kinds))
            .await
            .map_err(|error| Error::Internal(format!("looking at the component failed: {error}")));
        drop(permit);
        let (digest, description) = described??;

        let version = version.unwrap_or_else(|| stated_version(&description));
        let bindings = self
            .bind(
                namespace,
                (&name, &version),
                &upload.bind,
                &description.task_imports,
            )
            .await?;
        let new = NewComponent {
            name: name.clone(),
            version: version.clone(),
            digest: digest.clone(),
            bytes: upload.bytes.clone(),
            wit: description.wit.clone(),
            tasks: description.tasks.iter().map(function).collect(),
            skipped: serde_json::to_value(&description.skipped)
                .map_err(|error| Error::Internal(error.to_string()))?,
            bindings: serde_json::to_value(&bindings).expect("bindings are texts"),
        };
        let existed = match self.inner.store.add_component(namespace, &new).await? {
            Added::Created => false,
            Added::Existed => true,
            Added::Conflict(digest) => {
                return Err(Error::VersionExists {
                    name,
                    version,
                    digest,
                });
            }
        };
        self.inner.catalogues.forget();
        let component = self.component(namespace, &name, Some(&version)).await?;
        let workflows = component.tasks.iter().any(|task| task.workflow);
        let tasks = component.tasks.iter().any(|task| !task.workflow);
        self.inner.signals.uploaded(&digest, tasks, workflows);
        if existed && !(upload.workflows.is_empty() && upload.tasks.is_empty()) {
            refuse_other(&component, &description.tasks)?;
        }
        Ok(Uploaded { component, existed })
    }
}

/// Reads a version that a caller wrote.
///
/// # Errors
///
/// If it is none.
pub fn version(text: &str) -> Result<Version, Error> {
    text.parse().map_err(|error| {
        Error::value(
            "version",
            format!("{text:?} is no version ({error}): write all three parts, as in 1.2.0"),
        )
    })
}

/// What the uploader says of functions.
struct Kinds(Vec<(&'static str, String, bool)>);

impl Kinds {
    fn of(upload: &Upload) -> Self {
        let workflows = upload.workflows.iter().map(|name| ("workflow", name, true));
        let tasks = upload.tasks.iter().map(|name| ("task", name, false));
        let said = workflows.chain(tasks);
        Self(
            said.map(|(place, name, kind)| (place, name.clone(), kind))
                .collect(),
        )
    }
}

/// What exists keeps its kinds: that others were asked for is not passed over.
fn refuse_other(stands: &Component, tasks: &[describe::Task]) -> Result<(), Error> {
    let is_same = |task: &describe::Task| {
        stands.tasks.iter().any(|one| {
            (&one.interface, &one.name, one.workflow)
                == (&task.interface, &task.name, task.workflow)
        })
    };
    match tasks.iter().all(is_same) {
        true => Ok(()),
        false => Err(Error::BoundOtherwise {
            stands: format!("{}@{}", stands.name, stands.version),
            what: "kinds of functions",
        }),
    }
}

/// Everything that is found out about uploaded bytes without compiling them.
fn look_at(bytes: &[u8], kinds: &Kinds) -> Result<(Digest, Description), Error> {
    let refuse = |message: String, hint: &str, mistakes| Error::Component {
        message,
        hint: hint.to_owned(),
        mistakes,
    };
    validate::validate(bytes).map_err(|error| refuse(error.to_string(), BUILD, Vec::new()))?;
    let mut description =
        describe::describe(bytes).map_err(|error| refuse(error.to_string(), BUILD, Vec::new()))?;
    for (place, function, workflow) in &kinds.0 {
        let said = description.say(function, *workflow);
        said.map_err(|error| Error::value(*place, error.to_string()))?;
    }
    let mut unknown = imports::unknown_imports(&description.imports);
    unknown.retain(|import| {
        let mut others = description.task_imports.iter();
        !others.any(|other| other.interface == *import)
    });
    if !unknown.is_empty() {
        let mistakes = unknown.iter().map(|import| Mistake {
            place: format!("import {import}"),
            message: "no host provides it".to_owned(),
        });
        return Err(refuse(
            format!(
                "the component imports what no host provides: {}",
                unknown.join(", ")
            ),
            "build it against WASI 0.2 and windlass:host@0.1.0, or compose it with a component that exports the rest (`wac plug`)",
            mistakes.collect(),
        ));
    }
    if description.tasks.is_empty() {
        let skipped = description.skipped.iter().map(|skipped| Mistake {
            place: match &skipped.interface {
                Some(interface) => format!("export {interface}#{}", skipped.name),
                None => format!("export {}", skipped.name),
            },
            message: skipped.reason.clone(),
        });
        return Err(refuse(
            "the component exports no function that can be a task".to_owned(),
            "export a function whose parameters and result are plain values: no resources, streams or futures",
            skipped.collect(),
        ));
    }
    let unrepeatable = imports::nondeterministic(&description.imports);
    if !unrepeatable.is_empty() && description.tasks.iter().all(|task| task.workflow) {
        let mistakes = unrepeatable.iter().map(|import| Mistake {
            place: format!("import {import}"),
            message: "a workflow must be deterministic, and what comes from the network is not"
                .to_owned(),
        });
        return Err(refuse(
            format!(
                "every function of the component is a workflow, and it imports {}: a workflow is replayed, so it may do nothing that could end otherwise the second time",
                unrepeatable.join(", ")
            ),
            "let a task do it, in this component or another, and call that task from the workflow",
            mistakes.collect(),
        ));
    }
    Ok((Digest::of(bytes), description))
}

const BUILD: &str =
    "build a component, for instance with `cargo build --release --target wasm32-wasip2`";

fn function(task: &describe::Task) -> NewFunction {
    NewFunction {
        interface: task.interface.clone(),
        name: task.name.clone(),
        signature: serde_json::to_value(&task.function).expect("a signature is texts and numbers"),
        docs: task.docs.clone(),
        workflow: task.workflow,
    }
}

/// The version on which all exported interfaces agree, or the first.
pub fn stated_version(description: &Description) -> Version {
    let mut stated = description.tasks.iter().map(|task| {
        let (_, version) = task.interface.as_deref()?.split_once('@')?;
        version.parse::<Version>().ok()
    });
    match stated.next().flatten() {
        Some(first) if stated.all(|other| other.as_ref() == Some(&first)) => first,
        _ => FIRST_VERSION,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_module_is_refused_with_the_way_out() {
        let error = look_at(b"\0asm\x01\0\0\0", &Kinds(Vec::new())).unwrap_err();

        let Error::Component { message, hint, .. } = error else {
            panic!("{error}")
        };
        assert!(message.contains("core wasm module"), "{message}");
        assert!(hint.contains("wasm32-wasip2"), "{hint}");
    }

    #[test]
    fn a_component_without_exports_has_no_task() {
        let error = look_at(b"\0asm\x0d\0\x01\0", &Kinds(Vec::new()))
            .unwrap_err()
            .to_string();

        assert!(error.contains("no function that can be a task"), "{error}");
    }

    #[test]
    fn a_version_of_two_parts_is_refused() {
        assert!(version("1.2").is_err());
        assert!(version("1.2.0-rc.1").is_ok());
    }
}
