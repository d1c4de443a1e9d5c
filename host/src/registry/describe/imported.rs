//! The interfaces of other components that a component calls by type.

use serde::{Deserialize, Serialize};
use wit_parser::{FunctionKind, Interface, Resolve, World, WorldItem};

use super::{Error, MAX_FUNCTIONS, MAX_IMPORTS, MAX_NAME, MAX_REASON, Skipped, cut};
use crate::values;
use crate::values::wit::Signatures;

/// An interface that a component imports and another one exports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// The interface as it is imported, with its version: `demo:images/tasks@0.1.0`.
    pub interface: String,
    /// Its functions.
    pub functions: Vec<ImportedFunction>,
    /// What of it cannot be called through a queue, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unfit: Vec<Skipped>,
}

/// A function of an imported interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedFunction {
    /// Its name.
    pub name: String,
    /// What it takes and gives.
    pub function: values::Function,
}

/// Whether an import is for another component to provide: an interface with a package that is not
/// the host's. A bare name could not be bound to anything.
fn is_anothers(name: &str) -> bool {
    let package = name.split_once('/').map_or("", |(package, _)| package);
    matches!(package.split_once(':'), Some((namespace, _)) if !["wasi", "windlass"].contains(&namespace))
}

/// The interfaces of other components that this world calls.
pub(super) fn imported(resolve: &Resolve, world: &World) -> Result<Vec<Imported>, Error> {
    let mut found = Vec::new();
    let mut signatures = Signatures::new(resolve);
    let mut count = 0;
    for (key, item) in &world.imports {
        let WorldItem::Interface { id, .. } = item else {
            continue;
        };
        let name = resolve.name_world_key(key);
        let interface = &resolve.interfaces[*id];
        if !is_anothers(&name) || name.len() > MAX_NAME || interface.functions.is_empty() {
            continue;
        }
        count += interface.functions.len();
        if count > MAX_FUNCTIONS {
            return Err(Error::TooManyImports(count.max(MAX_IMPORTS)));
        }
        found.push(one(name, interface, &mut signatures));
    }
    Ok(found)
}

fn one(name: String, interface: &Interface, signatures: &mut Signatures<'_>) -> Imported {
    let mut imported = Imported {
        interface: name,
        functions: Vec::new(),
        unfit: Vec::new(),
    };
    for function in interface.functions.values() {
        let is_free = matches!(
            function.kind,
            FunctionKind::Freestanding | FunctionKind::AsyncFreestanding
        );
        let reason = match is_free {
            false => "it belongs to a resource, which cannot be passed through a queue".to_owned(),
            true => match signatures.function(function) {
                Ok(signature) => {
                    imported.functions.push(ImportedFunction {
                        name: function.name.clone(),
                        function: signature,
                    });
                    continue;
                }
                Err(error) => error.to_string(),
            },
        };
        imported.unfit.push(Skipped {
            interface: Some(imported.interface.clone()),
            name: cut(&function.name, MAX_NAME),
            reason: cut(&reason, MAX_REASON),
        });
    }
    imported
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_host_provides_is_nobody_elses() {
        assert!(is_anothers("demo:images/tasks@0.1.0"));
        assert!(!is_anothers("wasi:io/streams@0.2.6"));
        assert!(!is_anothers("windlass:host/workflow@0.1.0"));
        assert!(!is_anothers("tasks"));
    }
}
