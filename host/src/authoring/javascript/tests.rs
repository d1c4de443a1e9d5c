//! What is made of a world: the table of its types, and the declarations.

use wit_parser::Resolve;

use super::super::{Engine, Error};
use super::{model, strip, types};

/// A world `w` of this WIT, read.
fn read(wit: &str) -> (Resolve, Result<model::World, Error>) {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("test.wit", wit).unwrap();
    let world = resolve.select_world(&[package], Some("w")).unwrap();
    let read = model::read(&resolve, world);
    (resolve, read)
}

const ORDERS: &str = "\
package test:orders@0.1.0;

interface orders {
  /// What was bought.
  record order {
    order-id: u64,
    note: option<string>,
    shape: shape,
  }
  enum color { red, light-blue }
  variant shape { circle(f64), colored(color), nothing }
  /// Looks one up.
  find-one: func(order-id: u64, class: string) -> result<order, color>;
  all: func() -> tuple<list<u8>, option<option<u8>>, result<u32, string>>;
}

world w {
  export orders;
}
";

#[test]
fn a_type_that_is_used_twice_stands_once_in_the_table() {
    let (_, world) = read(ORDERS);

    let world = world.unwrap();

    let scope = &world.exports[0];
    assert_eq!(
        (scope.id.as_str(), scope.name.as_str()),
        ("test:orders/orders@0.1.0", "orders")
    );
    let found = &scope.functions[0];
    assert_eq!(found.name, "findOne");
    assert_eq!(
        found.described,
        serde_json::json!([
            "find-one",
            "findOne",
            [["orderId", "u64"], ["class", "string"]],
            4
        ])
    );
    let enums = world.types.iter().filter(|ty| ty.get("enum").is_some());
    assert_eq!(enums.count(), 1);
    assert_eq!(world.types[4], serde_json::json!({ "result": [3, 1] }));
}

#[test]
fn declarations_have_the_documentation_and_the_shapes_of_javascript() {
    let (resolve, world) = read(ORDERS);

    let text = types::declarations(&resolve, &world.unwrap(), Engine::QuickJs);

    for line in [
        "declare module \"test:orders/orders@0.1.0\" {",
        "  /** What was bought. */",
        "    orderId: bigint;",
        "    note?: string | undefined;",
        "  export type Color = \"red\" | \"light-blue\";",
        "  export type Shape = { tag: \"circle\"; val: number } | { tag: \"colored\"; val: Color } | \
         { tag: \"nothing\" };",
        "    /** Looks one up. */",
        "    findOne(orderId: bigint, class_: string): Order;",
        "    all(): [Uint8Array, { tag: \"some\"; val: number | undefined } | { tag: \"none\" }, \
         Result<number, string>];",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn an_async_func_is_refused_with_what_to_write_instead() {
    let (_, world) = read("package a:b; interface i { f: async func(); } world w { export i; }");

    let error = world.err().unwrap();

    assert_eq!(error.to_string(), "`f` is an `async func`");
    assert!(error.hint().unwrap().contains("enqueueMany"));
}

#[test]
fn the_export_that_evaluated_the_bundle_is_taken_out_of_the_component() {
    let made = wat::parse_str(
        r#"(component
            (component $inner
                (core module $m (func (export "f")))
                (core instance $i (instantiate $m))
                (func (export "init") (canon lift (core func $i "f")))
                (func (export "other") (canon lift (core func $i "f"))))
            (instance $made (instantiate $inner))
            (alias export $made "init" (func $init))
            (export "init" (func $init))
            (alias export $made "other" (func $other))
            (export "other" (func $other)))"#,
    )
    .unwrap();

    let stripped = strip::without_init(&made).unwrap();

    wasmparser::validate(&stripped).unwrap();
    let exports: Vec<_> = exports(&stripped);
    assert_eq!(exports, ["other"]);
    assert!(strip::without_init(&stripped).is_none());
}

/// The outermost exports.
fn exports(component: &[u8]) -> Vec<String> {
    let mut depth = 0;
    let mut names = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(component) {
        match payload.unwrap() {
            wasmparser::Payload::ModuleSection { .. }
            | wasmparser::Payload::ComponentSection { .. } => depth += 1,
            wasmparser::Payload::End(_) => depth -= 1,
            wasmparser::Payload::ComponentExportSection(section) if depth == 0 => {
                names.extend(
                    section
                        .into_iter()
                        .map(|export| export.unwrap().name.name.to_owned()),
                );
            }
            _ => {}
        }
    }
    names
}
