//! From the core module that the Go compiler made to a component.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, WorldId};

use crate::authoring::Error;

/// Makes a component of a module. The SDK may import the contract of Windlass though the author's
/// world does not say so: then the contract's world is embedded besides.
///
/// # Errors
///
/// If what the module imports and exports does not fit the world.
pub fn encode(mut module: Vec<u8>, resolve: &Resolve, world: WorldId) -> Result<Vec<u8>, Error> {
    let imports = imports_of_host(&module).map_err(failed)?;
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8).map_err(failed)?;
    let declared = &resolve.worlds[world].imports;
    let is_declared = |name: &String| {
        let mut names = declared.keys().map(|key| resolve.name_world_key(key));
        names.any(|declared| declared == *name)
    };
    if !imports.iter().all(is_declared)
        && let Some(contract) = contract(resolve)
    {
        embed_component_metadata(&mut module, resolve, contract, StringEncoding::UTF8)
            .map_err(failed)?;
    }
    let encoder = ComponentEncoder::default()
        .module(&module)
        .map_err(failed)?;
    let mut encoder = encoder
        .adapter(
            WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
            WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
        )
        .map_err(failed)?;
    encoder.encode().map_err(failed)
}

/// The world with all that Windlass offers.
pub fn contract(resolve: &Resolve) -> Option<WorldId> {
    let of_host = |(_, package): &(_, &wit_parser::Package)| {
        package.name.namespace == "windlass" && package.name.name == "host"
    };
    let (_, package) = resolve.packages.iter().find(of_host)?;
    package.worlds.get("workflows").copied()
}

/// The interfaces of Windlass that a module imports.
fn imports_of_host(module: &[u8]) -> Result<Vec<String>, anyhow::Error> {
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::ImportSection(section) = payload? {
            for import in section.into_imports() {
                let name = import?.module;
                if name.starts_with("windlass:host/") && !names.iter().any(|n| n == name) {
                    names.push(name.to_owned());
                }
            }
        }
    }
    Ok(names)
}

fn failed(error: anyhow::Error) -> Error {
    Error::Component(format!("{error:#}"))
}
