//! C and C++: how it becomes a component.
//!
//! wit-bindgen makes the bindings, in process. Above them lies what we write from the same WIT: the
//! header that authors include, in which every function is short and no memory has to be freed, and
//! the glue between both, which checks what goes out. C++ lies above that header. Zig, which is one
//! Python package, compiles everything, and wit-component makes the component of it.
//!
//! - `world`: the interfaces of the world and what their types and functions are called
//! - `bindings`: wit-bindgen and what is changed in what it writes
//! - `header`, `glue`: `<windlass/world.h>` and what lies between it and the bindings
//! - `checks`: what a task returns is looked at before the host does
//! - `plus_plus`, `conversions`: `<windlass/world.hpp>` and what lies between it and C
//! - `zig`: compiling, and telling what the compiler says

mod bindings;
mod checks;
mod conversions;
mod glue;
mod header;
mod plus_plus;
mod world;
mod zig;

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_component::ComponentEncoder;

use self::world::World;
use super::{Error, Pip, Project, Tool, Toolchain, Workshop};

/// The key of the compiler among the tools.
const ZIG: &str = "ziglang";

/// The toolchain of C and C++.
pub struct C {
    /// Whether it is C++.
    pub plus_plus: bool,
}

impl Toolchain for C {
    fn tools(&self, _project: &Project) -> Vec<Tool> {
        vec![Tool::Pip(Pip {
            name: ZIG,
            packages: &["ziglang==0.17.1"],
            what: "C and C++ are compiled",
        })]
    }

    fn build(&self, workshop: &Workshop) -> Result<Vec<u8>, Error> {
        let (resolve, bindings) = bindings::generate(workshop)?;
        let world = World::new(&resolve, workshop.world);
        let generated = workshop.generated();
        workshop.write(
            &generated.join("windlass").join("world.h"),
            header::header(&world),
        )?;
        workshop.write(&generated.join("glue.c"), glue::glue(&world, &bindings))?;
        if self.plus_plus {
            let header = generated.join("windlass").join("world.hpp");
            workshop.write(&header, plus_plus::header(&world))?;
            workshop.write(
                &generated.join("glue.cpp"),
                conversions::conversions(&world),
            )?;
        }
        let core = zig::compile(workshop, &world, self.plus_plus)?;
        component(&core).map_err(|error| Error::Component(format!("{error:#}")))
    }
}

fn component(core: &[u8]) -> anyhow::Result<Vec<u8>> {
    ComponentEncoder::default()
        .module(core)?
        .adapter(
            WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
            WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
        )?
        .validate(true)
        .encode()
}
