//! What a component exports: its tasks with their types and names, and why the rest are none; and
//! which tasks of other components it calls by type.
//!
//! Stored with the component at upload, so that a call needs no compiled code to be checked.
//! Whether its code is sound is found out when the engine compiles it.
//!
//! - `kinds`: which functions are workflows
//! - `imported`: the interfaces of other components that it calls

mod imported;
mod kinds;

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::{Deserialize, Serialize};
use wit_component::{DecodedWasm, WitPrinter};
use wit_parser::{FunctionKind, Resolve, TypeDefKind, World, WorldId, WorldItem};

use crate::values;
use crate::values::wit::Signatures;

pub use imported::{Imported, ImportedFunction};

/// How many functions a component may export.
const MAX_FUNCTIONS: usize = 1_000;

/// The longest name of an interface or a function, in bytes. It is repeated in every task, message
/// and page.
const MAX_NAME: usize = 256;

/// How many imports a component may have.
const MAX_IMPORTS: usize = 1_000;

/// The longest reason that is kept, in characters. It may quote names of the component.
const MAX_REASON: usize = 512;

/// The longest comment of a task that is kept, in characters.
const MAX_DOCS: usize = 4_096;

/// The longest WIT text of a component, in bytes.
const MAX_WIT: usize = 4 << 20;

/// Why a component cannot be described.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is cut off or damaged; the text has the offset.
    #[error("the component is damaged or cut off: {0}; build and upload it again")]
    Invalid(String),
    /// Interfaces without code.
    #[error(
        "this is a WIT package, which has interfaces but no code; build a component that \
         exports them"
    )]
    WitPackage,
    /// Valid, but of a shape that has no WIT.
    #[error("the component's exports cannot be written as WIT: {0}")]
    NoWit(String),
    /// It exports more functions than can be listed.
    #[error("the component exports {0} functions, at most {MAX_FUNCTIONS} are allowed; split it")]
    TooManyFunctions(usize),
    /// It imports more than can be listed.
    #[error("the component has {0} imports, at most {MAX_IMPORTS} are allowed; split it")]
    TooManyImports(usize),
    /// Its WIT text is too long to be kept.
    #[error("the component's WIT is {0} bytes long, at most {MAX_WIT} are allowed; split it")]
    WitTooLong(usize),
    /// It says of its functions what is not understood.
    #[error(
        "the component's section `windlass:kinds` has the line {0:?}, which is not understood: it \
         was built for a newer Windlass, or by hand"
    )]
    Kind(String),
}

/// What a component exports and needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The functions that can be enqueued, in the order of the exports.
    pub tasks: Vec<Task>,
    /// The other functions, and why they are no tasks.
    pub skipped: Vec<Skipped>,
    /// The interfaces and functions that the component needs something from, with their versions.
    pub imports: Vec<String>,
    /// Those of them that are interfaces of other components, whose functions it calls.
    #[serde(default)]
    pub task_imports: Vec<Imported>,
    /// The component's world as WIT text.
    pub wit: String,
}

/// A function that can be enqueued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// The interface with its version, `demo:images/tasks@0.1.0`; none for a function of the world.
    pub interface: Option<String>,
    /// The name within its interface.
    pub name: String,
    /// What it takes and gives.
    pub function: values::Function,
    /// Its comment in the WIT, if the component kept it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docs: Option<String>,
    /// Whether it is a workflow: a task that enqueues others and survives a crash.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub workflow: bool,
}

/// An exported function that is no task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// As in [`Task`].
    pub interface: Option<String>,
    /// The name within its interface.
    pub name: String,
    /// Why it is no task.
    pub reason: String,
}

/// Describes the component in `bytes`, which `validate` has looked at.
///
/// Takes as long as parsing takes: for tens of megabytes call it off the async threads.
///
/// # Errors
///
/// If it is damaged, or of a shape that cannot be described. To have no task is no error here.
pub fn describe(bytes: &[u8]) -> Result<Description, Error> {
    // The decoder is written for the output of build tools; some shapes that are valid and that
    // no tool makes run into its assertions. Nothing is shared with it, so it may unwind.
    let decoded = catch_unwind(AssertUnwindSafe(|| wit_component::decode(bytes)))
        .map_err(|_| Error::NoWit("their shape is unknown to the decoder".into()))?;
    let decoded = decoded.map_err(|error| Error::Invalid(reason(&error)))?;
    let DecodedWasm::Component(resolve, world) = &decoded else {
        return Err(Error::WitPackage);
    };
    let mut description = Description {
        imports: imports(resolve, &resolve.worlds[*world])?,
        task_imports: imported::imported(resolve, &resolve.worlds[*world])?,
        wit: wit(&decoded)?,
        ..Description::default()
    };
    exports(resolve, *world, &mut description)?;
    kinds::decide(bytes, &mut description)?;
    Ok(description)
}

fn exports(resolve: &Resolve, world: WorldId, description: &mut Description) -> Result<(), Error> {
    let exports = &resolve.worlds[world].exports;
    let count = exports.values().map(|item| match item {
        WorldItem::Function(_) => 1,
        WorldItem::Interface { id, .. } => resolve.interfaces[*id].functions.len(),
        WorldItem::Type { .. } => 0,
    });
    let count = count.sum();
    if count > MAX_FUNCTIONS {
        return Err(Error::TooManyFunctions(count));
    }
    let mut signatures = Signatures::new(resolve);
    for (key, item) in exports {
        match item {
            WorldItem::Function(function) => {
                export(None, function, &mut signatures, description);
            }
            WorldItem::Interface { id, .. } => {
                let interface = resolve.name_world_key(key);
                for function in resolve.interfaces[*id].functions.values() {
                    export(Some(&interface), function, &mut signatures, description);
                }
            }
            WorldItem::Type { .. } => {}
        }
    }
    Ok(())
}

fn export(
    interface: Option<&str>,
    function: &wit_parser::Function,
    signatures: &mut Signatures<'_>,
    description: &mut Description,
) {
    let skipped = |reason: String| Skipped {
        interface: interface.map(|name| cut(name, MAX_NAME)),
        name: cut(&function.name, MAX_NAME),
        reason: cut(&reason, MAX_REASON),
    };
    let is_free = matches!(
        function.kind,
        FunctionKind::Freestanding | FunctionKind::AsyncFreestanding
    );
    if interface.is_some_and(|name| name.len() > MAX_NAME) || function.name.len() > MAX_NAME {
        let reason = format!("its name is longer than {MAX_NAME} bytes");
        return description.skipped.push(skipped(reason));
    }
    if interface.is_some_and(|name| name.starts_with("wasi:")) {
        let reason = "it belongs to WASI, which is for hosts to call";
        return description.skipped.push(skipped(reason.into()));
    }
    if !is_free {
        let reason = "it belongs to a resource, which cannot outlive its instance in a queue";
        return description.skipped.push(skipped(reason.into()));
    }
    match signatures.function(function) {
        Ok(signature) => description.tasks.push(Task {
            interface: interface.map(str::to_owned),
            name: function.name.clone(),
            function: signature,
            docs: docs(function),
            workflow: false,
        }),
        Err(error) => description.skipped.push(skipped(error.to_string())),
    }
}

fn docs(function: &wit_parser::Function) -> Option<String> {
    let docs = function.docs.contents.as_ref()?.trim();
    Some(cut(docs, MAX_DOCS))
}

/// What must be there for the component to run. An interface that only names types needs nobody
/// to provide it.
fn imports(resolve: &Resolve, world: &World) -> Result<Vec<String>, Error> {
    if world.imports.len() > MAX_IMPORTS {
        return Err(Error::TooManyImports(world.imports.len()));
    }
    let is_needed = |item: &WorldItem| match item {
        WorldItem::Function(_) => true,
        WorldItem::Type { id, .. } => is_resource(resolve, *id),
        WorldItem::Interface { id, .. } => {
            let interface = &resolve.interfaces[*id];
            let mut types = interface.types.values();
            !interface.functions.is_empty() || types.any(|id| is_resource(resolve, *id))
        }
    };
    let needed = world.imports.iter().filter(|(_, item)| is_needed(item));
    Ok(needed
        .map(|(key, _)| cut(&resolve.name_world_key(key), MAX_NAME))
        .collect())
}

fn is_resource(resolve: &Resolve, id: wit_parser::TypeId) -> bool {
    matches!(resolve.types[id].kind, TypeDefKind::Resource)
}

fn wit(decoded: &DecodedWasm) -> Result<String, Error> {
    let mut printer = WitPrinter::default();
    // The world only names its interfaces: what they hold stands in their packages. WASI's are
    // left out, since everybody has them.
    let resolve = decoded.resolve();
    let packages = resolve.packages.iter();
    let nested: Vec<_> = packages
        .filter(|(id, package)| *id != decoded.package() && package.name.namespace != "wasi")
        .map(|(id, _)| id)
        .collect();
    printer
        .print(resolve, decoded.package(), &nested)
        .map_err(|error| Error::NoWit(reason(&error)))?;
    let wit = printer.output.to_string();
    match wit.len() > MAX_WIT {
        true => Err(Error::WitTooLong(wit.len())),
        false => Ok(wit),
    }
}

/// An error of the decoder with all its causes.
fn reason(error: &anyhow::Error) -> String {
    cut(&format!("{error:#}"), MAX_REASON)
}

fn cut(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

#[cfg(test)]
pub(super) mod tests;
