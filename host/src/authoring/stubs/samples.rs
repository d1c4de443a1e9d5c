//! Components from which the tests of every generator make stubs.

use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{ManglingAndAbi, Resolve};

use super::Source;
use crate::registry::describe::describe;

/// The component of the first task.
pub fn hello() -> Source {
    source("hello", include_bytes!("../../../assets/hello.wasm"), None)
}

/// One with every type.
pub fn conformance() -> Source {
    let wit = include_str!("../../../../tests/languages/conformance/wit/conformance.wit");
    source("conformance", &component(wit, "conformance"), Some(wit))
}

/// One whose names mean something else in some language, or clash.
pub fn awkward() -> Source {
    let wit = "
        package test:awkward@1.0.0;

        /// Ends here: */ and \"\"\" and `*/`.
        ///
        /// A second paragraph.
        interface first {
            /// Holds.
            record handle {
                /// Which one.
                self: u8, %constructor: option<option<string>>,
            }
            variant promise {
                /// Of a class.
                class(handle),
                %type(list<option<bool>>),
                none,
            }
            enum %map { light-blue, %type }
            delete: func(options: handle, request: promise, tasks: %map, %import: bool);
            %constructor: func(in: %map) -> result<promise, handle>;
            run: func(lambda: list<u8>) -> result<_, promise>;
        }
        interface second {
            record handle { other: string }
            run: func(h: handle) -> list<tuple<handle, result>>;
        }
        world w {
            export first;
            export second;
            export await: func() -> option<u64>;
        }";
    let mut source = source("3d.class_map", &component(wit, "w"), Some(wit));
    source.tasks[0].docs = Some("Of the world itself.\n\nEnds here: */".to_owned());
    source
}

/// The source of these bytes, with what its author wrote in this WIT: what the encoder makes keeps
/// no comments.
fn source(name: &str, bytes: &[u8], wit: Option<&str>) -> Source {
    let description = describe(bytes).unwrap();
    Source {
        component: name.to_owned(),
        pinned: false,
        version: "0.1.0".to_owned(),
        digest: "0".repeat(64),
        tasks: description.tasks,
        wit: wit.map_or(description.wit, str::to_owned),
    }
}

/// A component for a world of `wit`, whose functions all trap.
fn component(wit: &str, world: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("test.wit", wit).unwrap();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    let mut module = dummy_module(&resolve, world, ManglingAndAbi::Standard32);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    let mut encoder = ComponentEncoder::default().module(&module).unwrap();
    encoder.encode().unwrap()
}
