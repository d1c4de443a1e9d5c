//! What `windlass client generate` writes, for the components of the tests and for awkward names.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::path::Path;

use windlass::authoring::stubs::{Language, Source, generate};
use windlass::registry::describe::describe;
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{ManglingAndAbi, Resolve};

/// Names that are words of languages, or meet those of others: of other interfaces, of the same in
/// another case, of what the stubs use themselves.
const AWKWARD: &str = r#"
package test:awkward@0.1.0;

/// With a "quotation" and a \ in it.
interface first {
  /// Ends with a "mark"
  record item { class: u8, bytes: list<u8>, %list: list<list<u8>>, self: option<option<char>> }
  record awkward { none: option<bool> }
  enum async-awkward { a, b }
  variant choice { item(item), none, class(result<_, u8>) }
  flags none { nothing, %self }
  /// Two lines,
  /// the second with """ in it.
  same: func(queue: item, options: awkward, self: async-awkward, %import: choice) -> none;
  %list: func(call: u32, left-out: option<u8>) -> list<string>;
}

interface second {
  record item { other: tuple<u8, item2>, f-1: u8, f1: u8 }
  record item2 { empty: tuple<option<item3>> }
  variant item3 { item(u8), only }
  same: func(v: item) -> result<item3, result<u8, string>>;
}

world awkward {
  export first;
  export second;
  export same: func() -> result;
}
"#;

/// Names that mean something in TypeScript or in Rust, or to the methods of their stubs.
const WORDS: &str = r#"
package test:words@1.0.0;

/// Ends here: */ and `*/`.
///
/// A second paragraph.
interface first {
  /// Holds.
  record handle {
    /// Which one.
    self: u8,
    %constructor: option<option<string>>,
  }
  variant promise {
    /// Of a class.
    class(handle),
    %type(list<option<bool>>),
    none,
  }
  enum %map { light-blue, self }
  delete: func(options: handle, request: promise, tasks: %map, %import: bool);
  %constructor: func(in: %map) -> result<promise, handle>;
  new: func(lambda: list<u8>) -> result<_, promise>;
}

world words {
  export first;
  export await: func() -> option<u64>;
}
"#;

fn component(push: impl FnOnce(&mut Resolve) -> wit_parser::PackageId, world: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = push(&mut resolve);
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    let mut module = dummy_module(&resolve, world, ManglingAndAbi::Standard32);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    let mut encoder = ComponentEncoder::default().module(&module).unwrap();
    encoder.encode().unwrap()
}

/// The component as it would be uploaded; its digest, which every change of a tool changes, apart.
fn source(name: &str, bytes: &[u8]) -> Source {
    Source {
        digest: "0123456789abcdef".to_owned(),
        ..Source::read(name, None, bytes).unwrap()
    }
}

fn hello() -> Source {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/hello.wasm");
    source("hello", &std::fs::read(path).unwrap())
}

fn conformance() -> Source {
    let wit = "../tests/languages/conformance/wit";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(wit);
    let push = |resolve: &mut Resolve| resolve.push_path(&path).unwrap().0;
    let bytes = component(push, "conformance");
    source("conformance", &bytes).with_wit_of(&path).unwrap()
}

fn awkward() -> Source {
    let push = |resolve: &mut Resolve| resolve.push_str("awkward.wit", AWKWARD).unwrap();
    Source {
        wit: AWKWARD.to_owned(),
        ..source("awkward", &component(push, "awkward"))
    }
}

fn words() -> Source {
    let push = |resolve: &mut Resolve| resolve.push_str("words.wit", WORDS).unwrap();
    let mut words = Source {
        wit: WORDS.to_owned(),
        ..source("3d.words_map", &component(push, "words"))
    };
    words.tasks[0].docs = Some("Of the world itself.\n\nEnds here: */".to_owned());
    words
}

#[test]
fn python_stubs_stay_as_they_are() {
    for source in [hello(), conformance(), awkward()] {
        let stubs = generate(Language::Python, &source);

        insta::assert_snapshot!(format!("python_{}", source.component), stubs);
    }
}

#[test]
fn typescript_stubs_stay_as_they_are() {
    for source in [hello(), conformance(), awkward(), words()] {
        let stubs = generate(Language::TypeScript, &source);

        insta::assert_snapshot!(format!("typescript_{}", source.component), stubs);
    }
}

#[test]
fn rust_stubs_stay_as_they_are() {
    for source in [hello(), conformance(), awkward(), words()] {
        let stubs = generate(Language::Rust, &source);

        insta::assert_snapshot!(format!("rust_{}", source.component), stubs);
    }
}

/// Those that `tests/tests/stubs.rs` compiles and calls.
#[test]
fn the_rust_stubs_of_the_tests_are_what_is_generated() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let wit = root.join("tests/guests/types/wit");
    let push = |resolve: &mut Resolve| resolve.push_path(&wit).unwrap().0;
    let types = source("types", &component(push, "types"));
    let types = types.with_wit_of(&wit).unwrap();
    let file = root.join("tests/tests/stubs/types.rs");

    let stubs = generate(Language::Rust, &types);

    if std::env::var_os("WINDLASS_BLESS").is_some() {
        std::fs::write(&file, &stubs).unwrap();
    }
    assert!(
        std::fs::read_to_string(&file).is_ok_and(|committed| committed == stubs),
        "tests/tests/stubs/types.rs is not what is generated: run this test with WINDLASS_BLESS=1"
    );
}

#[test]
fn a_component_from_a_host_has_the_same_stubs_as_its_file() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/hello.wasm");
    let described = describe(&std::fs::read(path).unwrap()).unwrap();
    let mut kept = hello();

    // What a host keeps and gives away as JSON.
    let text = serde_json::to_string(&described).unwrap();
    let back: windlass::registry::describe::Description = serde_json::from_str(&text).unwrap();
    (kept.tasks, kept.wit) = (back.tasks, back.wit);

    assert_eq!(
        generate(Language::Python, &kept),
        generate(Language::Python, &hello())
    );
}

#[test]
fn pinned_stubs_call_the_version_that_they_were_made_from() {
    let pinned = Source {
        pinned: true,
        ..hello()
    };

    let stubs = generate(Language::Python, &pinned);

    assert!(
        stubs.contains("\"hello@0.1.0/demo:hello/tasks#greet\""),
        "{stubs}"
    );
}
