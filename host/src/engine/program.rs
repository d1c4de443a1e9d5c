//! From a component's bytes to something that can be called.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Linker};

use super::Error;
use super::sandbox::Sandbox;

/// A component that is compiled, linked and ready to be instantiated. Cheap to clone.
#[derive(Clone)]
pub struct Program {
    inner: Arc<Inner>,
}

struct Inner {
    pre: InstancePre<Sandbox>,
    /// By interface (empty for none), then by name.
    exports: HashMap<String, HashMap<String, Export>>,
}

/// An exported function.
#[derive(Clone, Copy)]
pub(super) struct Export {
    pub index: ComponentExportIndex,
    pub params: usize,
    pub results: usize,
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program").finish_non_exhaustive()
    }
}

impl Program {
    pub(super) fn pre(&self) -> &InstancePre<Sandbox> {
        &self.inner.pre
    }

    pub(super) fn export(&self, interface: Option<&str>, function: &str) -> Option<Export> {
        let interface = self.inner.exports.get(interface.unwrap_or_default())?;
        interface.get(function).copied()
    }
}

/// Compiled code of a component that can be linked.
pub(super) fn compile(
    engine: &wasmtime::Engine,
    linker: &Linker<Sandbox>,
    bytes: &[u8],
) -> Result<Vec<u8>, Error> {
    let component = Component::from_binary(engine, bytes).map_err(|error| {
        // This engine reads no `async func` at all. Say so, rather than which feature is missing.
        match first_async_function(bytes) {
            Some(function) => Error::Async(function),
            None => Error::Compile(format!("{error:#}")),
        }
    })?;
    link(linker, &component)?;
    component
        .serialize()
        .map_err(|error| Error::Compile(format!("{error:#}")))
}

/// # Safety
///
/// The bytes must be what [`compile`] returned.
pub(super) unsafe fn load(
    engine: &wasmtime::Engine,
    linker: &Linker<Sandbox>,
    compiled: &[u8],
) -> Result<Program, Error> {
    // SAFETY: promised by the caller.
    let component = unsafe { Component::deserialize(engine, compiled) };
    prepare(engine, linker, component)
}

/// # Safety
///
/// The file must hold what [`compile`] returned and must not change while the program lives.
pub(super) unsafe fn load_file(
    engine: &wasmtime::Engine,
    linker: &Linker<Sandbox>,
    path: &Path,
) -> Result<Program, Error> {
    // SAFETY: promised by the caller.
    let component = unsafe { Component::deserialize_file(engine, path) };
    prepare(engine, linker, component)
}

fn prepare(
    engine: &wasmtime::Engine,
    linker: &Linker<Sandbox>,
    component: wasmtime::Result<Component>,
) -> Result<Program, Error> {
    let component = component.map_err(|error| Error::Load(format!("{error:#}")))?;
    let pre = link(linker, &component)?;
    Ok(Program {
        inner: Arc::new(Inner {
            exports: exports(engine, &component),
            pre,
        }),
    })
}

fn link(linker: &Linker<Sandbox>, component: &Component) -> Result<InstancePre<Sandbox>, Error> {
    linker
        .instantiate_pre(component)
        .map_err(|error| Error::Import(format!("{error:#}")))
}

fn exports(
    engine: &wasmtime::Engine,
    component: &Component,
) -> HashMap<String, HashMap<String, Export>> {
    let mut exports = HashMap::<_, HashMap<_, _>>::new();
    for (name, item) in component.component_type().exports(engine) {
        if let Some(export) = function(component, None, name, &item.ty) {
            let root = exports.entry(String::new()).or_default();
            root.insert(name.to_owned(), export);
        }
        if let ComponentItem::ComponentInstance(instance) = &item.ty {
            let index = component.get_export_index(None, name);
            let functions = instance.exports(engine).filter_map(|(name, item)| {
                Some((
                    name.to_owned(),
                    function(component, index.as_ref(), name, &item.ty)?,
                ))
            });
            exports.insert(name.to_owned(), functions.collect());
        }
    }
    exports
}

fn function(
    component: &Component,
    within: Option<&ComponentExportIndex>,
    name: &str,
    item: &ComponentItem,
) -> Option<Export> {
    match item {
        ComponentItem::ComponentFunc(ty) => Some(Export {
            index: component.get_export_index(within, name)?,
            params: ty.params().len(),
            results: ty.results().len(),
        }),
        _ => None,
    }
}

/// The name of the first `async func` that a component exports or imports.
fn first_async_function(bytes: &[u8]) -> Option<String> {
    let decoded = wit_component::decode(bytes).ok()?;
    let resolve = decoded.resolve();
    let of_interfaces = resolve
        .interfaces
        .iter()
        .flat_map(|(_, interface)| interface.functions.values());
    let of_worlds = resolve.worlds.iter().flat_map(|(_, world)| {
        let items = world.exports.values().chain(world.imports.values());
        items.filter_map(|item| match item {
            wit_parser::WorldItem::Function(function) => Some(function),
            _ => None,
        })
    });
    let mut functions = of_interfaces.chain(of_worlds);
    functions
        .find(|function| function.kind.is_async())
        .map(|function| function.name.clone())
}
