//! Components made in memory from WIT, whose functions all trap.

use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{ManglingAndAbi, Resolve};

/// A component for the world `w` of this WIT.
pub fn component(wit: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("test.wit", wit).unwrap();
    let world = resolve.select_world(&[package], Some("w")).unwrap();
    let mut module = dummy_module(&resolve, world, ManglingAndAbi::Standard32);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    let mut encoder = ComponentEncoder::default().module(&module).unwrap();
    encoder.encode().unwrap()
}

/// A component whose task `resize` takes sizes of this type.
pub fn provider(sizes: &str) -> Vec<u8> {
    component(&format!(
        "package demo:images@0.1.0;
        interface tasks {{ resize: func(sizes: {sizes}) -> list<u8>; }}
        world w {{ export tasks; }}"
    ))
}

/// A component whose workflow `make` calls that task by type.
pub fn workflow() -> Vec<u8> {
    component(
        "package demo:pages@1.0.0;
        interface pages { make: func(names: list<string>); }
        world w { import demo:images/tasks@0.1.0; export pages; }
        package demo:images@0.1.0 {
            interface tasks { resize: async func(sizes: list<u32>) -> list<u8>; }
        }",
    )
}
