//! Which functions are workflows, written into the component as the manifest says it, so that the
//! file alone tells it to whoever uploads it (`registry::describe` reads it).

use wasm_encoder::{ComponentSection, CustomSection};

use super::{Error, Project};
use crate::registry::describe::Description;

const SECTION: &str = "windlass:kinds";

/// Appends what the manifest says of the component's functions.
///
/// # Errors
///
/// If the manifest names a function that the component does not export.
pub fn write(
    project: &Project,
    description: &Description,
    bytes: &mut Vec<u8>,
) -> Result<(), Error> {
    let said = [("workflow", &project.workflows), ("task", &project.tasks)];
    let mut lines = Vec::new();
    for (kind, functions) in said {
        for name in functions {
            let task = description.find(name).map_err(|error| {
                Error::refused(
                    format!("windlass.toml: component.{kind}s: {error}"),
                    "name functions as the component exports them",
                )
            })?;
            let interface = task.interface.as_deref().unwrap_or_default();
            lines.push(format!("{kind} {interface}#{}", task.name));
        }
    }
    if !lines.is_empty() {
        CustomSection {
            name: SECTION.into(),
            data: lines.join("\n").into_bytes().into(),
        }
        .append_to_component(bytes);
    }
    Ok(())
}
