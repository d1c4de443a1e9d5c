//! What is left to do to a component that `componentize-py` made.
//!
//! It exports the function `init` with which the tool filled it while it was made: a task that nobody
//! wrote. That export is replaced by nothing; and what the decorators say is added.

use std::ops::Range;

use wasm_encoder::{ComponentSection, CustomSection};
use wasmparser::BinaryReader;

/// The magic number and the version.
const HEADER: usize = 8;
/// The section of exports.
const EXPORTS: u8 = 11;
/// One export: the instance that holds `init`.
const LEFT_OVER: &[u8] = b"\x01\0\x07exports\x05";

/// The section of instances with one of them, which is made of nothing.
const EMPTY_INSTANCE: [u8; 5] = [0x05, 0x03, 0x01, 0x01, 0x00];

/// The component without what the tool left in it, and with what `kinds` says of its functions.
pub fn finish(component: Vec<u8>, kinds: &[String]) -> Vec<u8> {
    let mut component = match left_over(&component) {
        Some(section) => {
            // An export takes a number among the instances. What takes its place takes it, too, so
            // that all numbers behind it stay as they are.
            let mut without = component[..section.start].to_vec();
            without.extend(EMPTY_INSTANCE);
            without.extend(&component[section.end..]);
            without
        }
        None => component,
    };
    if !kinds.is_empty() {
        let section = CustomSection {
            name: "windlass:kinds".into(),
            data: kinds.join("\n").into_bytes().into(),
        };
        section.append_to_component(&mut component);
    }
    component
}

/// Where the section lies that exports it and nothing else, with its head.
fn left_over(component: &[u8]) -> Option<Range<usize>> {
    let mut reader = BinaryReader::new(component, 0);
    reader.read_bytes(HEADER).ok()?;
    while !reader.eof() {
        let start = reader.original_position();
        let id = reader.read_u8().ok()?;
        let size = reader.read_var_u32().ok()?;
        let body = reader.read_bytes(size as usize).ok()?;
        if id == EXPORTS && body.starts_with(LEFT_OVER) {
            return Some(start..reader.original_position());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const NESTED: [u8; 10] = *b"\x04\x08\0asm\x0d\0\x01\0";

    fn component(sections: &[&[u8]]) -> Vec<u8> {
        let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
        bytes.extend(sections.concat());
        bytes
    }

    #[test]
    fn the_left_over_export_leaves_an_instance_of_its_number() {
        let left_over = b"\x0b\x0d\x01\0\x07exports\x05\0\0";
        let instance = [0x05, 0x04, 0x01, 0x00, 0x00, 0x00];
        let before = component(&[&NESTED, &instance, left_over]);

        let after = finish(before, &[]);

        assert_eq!(after, component(&[&NESTED, &instance, &EMPTY_INSTANCE]));
        wasmparser::validate(&after).unwrap();
    }

    #[test]
    fn a_component_without_it_only_gets_its_kinds() {
        let before = component(&[&NESTED]);

        let after = finish(before.clone(), &["task demo:x/tasks#y".to_owned()]);

        assert_eq!(after[..before.len()], before);
        assert!(after.ends_with(b"windlass:kindstask demo:x/tasks#y"));
    }
}
