//! From a component's bytes to something that can be called.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Linker};

use super::sandbox::Sandbox;
use super::workflow::Guest;
use super::{Error, reflect};
use crate::values::Function;

/// A component that is compiled, linked and ready to be instantiated. Cheap to clone.
#[derive(Clone)]
pub struct Program {
    inner: Arc<Inner>,
}

struct Inner {
    pre: Pre,
    /// By interface (empty for none), then by name.
    exports: HashMap<String, HashMap<String, Export>>,
}

/// The two kinds of programs differ in what their stores hold.
pub(super) enum Pre {
    Task(InstancePre<Sandbox>),
    Workflow(InstancePre<Guest>),
}

impl From<InstancePre<Sandbox>> for Pre {
    fn from(pre: InstancePre<Sandbox>) -> Self {
        Self::Task(pre)
    }
}

impl From<InstancePre<Guest>> for Pre {
    fn from(pre: InstancePre<Guest>) -> Self {
        Self::Workflow(pre)
    }
}

/// A program of the other kind than the call.
#[derive(Debug, thiserror::Error)]
#[error("the program was compiled as a {0}, and is called as what it is not")]
pub(super) struct WrongKind(&'static str);

/// An exported function.
pub(super) struct Export {
    pub index: ComponentExportIndex,
    /// Its type in the compiled code; none if it has something in it that is no value.
    pub signature: Option<Function>,
}

/// wasmtime as it is set up for one kind of program, and what such programs may import.
pub(super) struct Flavour<T: 'static> {
    pub engine: wasmtime::Engine,
    pub linker: Linker<T>,
    /// Links what depends on the component.
    pub complete: fn(&mut Linker<T>, &Component) -> wasmtime::Result<()>,
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program").finish_non_exhaustive()
    }
}

impl Program {
    pub(super) fn task(&self) -> Result<&InstancePre<Sandbox>, WrongKind> {
        match &self.inner.pre {
            Pre::Task(pre) => Ok(pre),
            Pre::Workflow(_) => Err(WrongKind("workflow")),
        }
    }

    pub(super) fn workflow(&self) -> Result<&InstancePre<Guest>, WrongKind> {
        match &self.inner.pre {
            Pre::Workflow(pre) => Ok(pre),
            Pre::Task(_) => Err(WrongKind("task")),
        }
    }

    pub(super) fn export(&self, interface: Option<&str>, function: &str) -> Option<&Export> {
        let interface = self.inner.exports.get(interface.unwrap_or_default())?;
        interface.get(function)
    }
}

impl<T: 'static> Flavour<T>
where
    Pre: From<InstancePre<T>>,
{
    /// Compiled code of a component that can be linked.
    pub fn compile(&self, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let component = Component::from_binary(&self.engine, bytes)
            .map_err(|error| Error::Compile(format!("{error:#}")))?;
        self.link(&component)?;
        component
            .serialize()
            .map_err(|error| Error::Compile(format!("{error:#}")))
    }

    /// # Safety
    ///
    /// The bytes must be what [`compile`](Self::compile) returned.
    pub unsafe fn load(&self, compiled: &[u8]) -> Result<Program, Error> {
        // SAFETY: promised by the caller.
        self.prepare(unsafe { Component::deserialize(&self.engine, compiled) })
    }

    /// # Safety
    ///
    /// The file must hold what [`compile`](Self::compile) returned and must not change while the
    /// program lives.
    pub unsafe fn load_file(&self, path: &Path) -> Result<Program, Error> {
        // SAFETY: promised by the caller.
        self.prepare(unsafe { Component::deserialize_file(&self.engine, path) })
    }

    fn prepare(&self, component: wasmtime::Result<Component>) -> Result<Program, Error> {
        let component = component.map_err(|error| Error::Load(format!("{error:#}")))?;
        let pre = self.link(&component)?;
        Ok(Program {
            inner: Arc::new(Inner {
                exports: exports(&self.engine, &component),
                pre: pre.into(),
            }),
        })
    }

    fn link(&self, component: &Component) -> Result<InstancePre<T>, Error> {
        let mut linker = self.linker.clone();
        (self.complete)(&mut linker, component)
            .and_then(|()| linker.instantiate_pre(component))
            .map_err(|error| Error::Import(format!("{error:#}")))
    }
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
            signature: reflect::signature(ty).ok(),
        }),
        _ => None,
    }
}

/// Whether a component exports or imports an `async func`.
pub(super) fn is_async(bytes: &[u8]) -> bool {
    let Ok(decoded) = wit_component::decode(bytes) else {
        return false;
    };
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
    functions.any(|function| function.kind.is_async())
}
