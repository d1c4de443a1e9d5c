//! Uploading a component: looked at, described, stored, and compiled behind the caller's back.

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
#[derive(Debug, Clone)]
pub struct Upload {
    /// Its name.
    pub name: String,
    /// Its version; what its WIT package says by default, or `0.1.0`.
    pub version: Option<String>,
    /// The component.
    pub bytes: Bytes,
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
    /// If it is too large, no component, in need of what no host provides, or without any task; or
    /// if other bytes stand under the version. Then nothing is stored.
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
        let bytes = upload.bytes.clone();
        let described = tokio::task::spawn_blocking(move || look_at(&bytes))
            .await
            .map_err(|error| Error::Internal(format!("looking at the component failed: {error}")));
        drop(permit);
        let (digest, description) = described??;

        let version = version.unwrap_or_else(|| stated_version(&description));
        let new = NewComponent {
            name: name.clone(),
            version: version.clone(),
            digest: digest.clone(),
            bytes: upload.bytes,
            wit: description.wit,
            tasks: description.tasks.iter().map(function).collect(),
            skipped: serde_json::to_value(&description.skipped)
                .map_err(|error| Error::Internal(error.to_string()))?,
            bindings: serde_json::Value::Array(Vec::new()),
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
        self.inner.signals.uploaded(&digest);
        let component = self.component(namespace, &name, Some(&version)).await?;
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

/// Everything that is found out about uploaded bytes without compiling them.
fn look_at(bytes: &[u8]) -> Result<(Digest, Description), Error> {
    let refuse = |message: String, hint: &str, mistakes| Error::Component {
        message,
        hint: hint.to_owned(),
        mistakes,
    };
    validate::validate(bytes).map_err(|error| refuse(error.to_string(), BUILD, Vec::new()))?;
    let description =
        describe::describe(bytes).map_err(|error| refuse(error.to_string(), BUILD, Vec::new()))?;
    let unknown = imports::unknown_imports(&description.imports);
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
            "build it against WASI 0.2 and windlass:host/task@0.1.0, or compose it with a component that exports the rest (`wac plug`)",
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
        workflow: false,
    }
}

/// The version on which all exported interfaces agree.
fn stated_version(description: &Description) -> Version {
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
        let error = look_at(b"\0asm\x01\0\0\0").unwrap_err();

        let Error::Component { message, hint, .. } = error else {
            panic!("{error}")
        };
        assert!(message.contains("core wasm module"), "{message}");
        assert!(hint.contains("wasm32-wasip2"), "{hint}");
    }

    #[test]
    fn a_component_without_exports_has_no_task() {
        let error = look_at(b"\0asm\x0d\0\x01\0").unwrap_err().to_string();

        assert!(error.contains("no function that can be a task"), "{error}");
    }

    #[test]
    fn a_version_of_two_parts_is_refused() {
        assert!(version("1.2").is_err());
        assert!(version("1.2.0-rc.1").is_ok());
    }
}
