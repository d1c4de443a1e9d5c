//! Imports that are there but may not be used: a component that imports them without calling them
//! runs, one that calls them ends with an outcome that says which it was and who may.

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, ResourceType};

/// A guest called what it may not.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{function} cannot be called here: {why}")]
pub(super) struct Unusable {
    /// The function with its interface.
    pub function: String,
    /// Who may, and the way out.
    pub why: &'static str,
}

/// The type of all resources of such interfaces, which nobody can make.
enum Nothing {}

/// Links those imported interfaces for which `why` gives a reason, functions and resources.
pub(super) fn link<T: Send + 'static>(
    linker: &mut Linker<T>,
    component: &Component,
    why: impl Fn(&str) -> Option<&'static str>,
) -> wasmtime::Result<()> {
    resources(linker, component, |interface| why(interface).is_some())?;
    let engine = linker.engine().clone();
    for (interface, item) in component.component_type().imports(&engine) {
        let (ComponentItem::ComponentInstance(instance), Some(why)) = (item.ty, why(interface))
        else {
            continue;
        };
        for (name, item) in instance.exports(&engine) {
            if let ComponentItem::ComponentFunc(ty) = item.ty {
                function(linker, interface, name, ty.async_(), why)?;
            }
        }
    }
    Ok(())
}

/// Links the resources of some of the imported interfaces, as such that nobody can make.
pub(super) fn resources<T: Send + 'static>(
    linker: &mut Linker<T>,
    component: &Component,
    of: impl Fn(&str) -> bool,
) -> wasmtime::Result<()> {
    let engine = linker.engine().clone();
    // What a later interface takes over from an earlier one must not be defined again.
    let mut known = Vec::new();
    for (interface, item) in component.component_type().imports(&engine) {
        let ComponentItem::ComponentInstance(instance) = item.ty else {
            continue;
        };
        for (name, item) in instance.exports(&engine) {
            let ComponentItem::Resource(ty) = item.ty else {
                continue;
            };
            if known.contains(&ty) {
                continue;
            }
            known.push(ty);
            if of(interface) {
                let nothing = ResourceType::host::<Nothing>();
                let mut instance = linker.instance(interface)?;
                instance.resource(name, nothing, |_, _| Ok(()))?;
            }
        }
    }
    Ok(())
}

/// Links one function.
pub(super) fn function<T: Send + 'static>(
    linker: &mut Linker<T>,
    interface: &str,
    name: &str,
    is_async: bool,
    why: &'static str,
) -> wasmtime::Result<()> {
    let unusable = Unusable {
        function: format!("{interface}#{name}"),
        why,
    };
    let mut instance = linker.instance(interface)?;
    match is_async {
        true => instance.func_new_concurrent(name, move |_, _, _, _| {
            let unusable = unusable.clone();
            Box::pin(async move { Err(unusable.into()) })
        }),
        false => instance.func_new(name, move |_, _, _, _| Err(unusable.clone().into())),
    }
}
