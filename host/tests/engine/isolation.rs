//! A guest has nothing but what it was granted, and shares nothing with the one before.

use std::collections::BTreeMap;
use std::sync::Arc;

use windlass::engine::Grants;

use crate::support::{component, engine, number, plain, value};

/// Returns how many elements the list has that a function of the host gives.
fn counts(imports: &str, lower: &str) -> String {
    component(
        imports,
        &format!(
            r#"(core func $list (canon lower {lower} (memory $memory) (realloc (core func $realloc))))
               (core instance $host (export "list" (func $list)))"#
        ),
        "(result u32)",
        r#"(import "libc" "memory" (memory 1))
           (import "host" "list" (func $list (param i32)))
           (func (export "run") (result i32)
             (call $list (i32.const 0))
             (i32.load (i32.const 4)))"#,
    )
}

fn counts_variables() -> String {
    counts(
        r#"(import "wasi:cli/environment@0.2.0" (instance $environment
             (export "get-environment" (func (result (list (tuple string string)))))))"#,
        r#"(func $environment "get-environment")"#,
    )
}

#[tokio::test]
async fn the_environment_is_empty_where_nothing_was_granted() {
    assert!(std::env::vars().next().is_some(), "the host itself has one");

    assert_eq!(value(&engine(), &counts_variables(), number()).await, "0");
}

#[tokio::test]
async fn a_granted_variable_is_there() {
    let mut call = number();
    call.grants = Arc::new(Grants {
        environment: BTreeMap::from([("REGION".to_owned(), "eu".to_owned())]),
        ..Grants::default()
    });

    assert_eq!(value(&engine(), &counts_variables(), call).await, "1");
}

#[tokio::test]
async fn there_are_no_files() {
    let text = counts(
        r#"(import "wasi:filesystem/types@0.2.0" (instance $types
             (export "descriptor" (type $descriptor (sub resource)))))
           (alias export $types "descriptor" (type $descriptor))
           (import "wasi:filesystem/preopens@0.2.0" (instance $preopens
             (alias outer 1 $descriptor (type $outer))
             (export "descriptor" (type $descriptor (eq $outer)))
             (export "get-directories"
               (func (result (list (tuple (own $descriptor) string)))))))"#,
        r#"(func $preopens "get-directories")"#,
    );

    assert_eq!(value(&engine(), &text, number()).await, "0");
}

#[tokio::test]
async fn every_attempt_begins_with_fresh_memory() {
    let engine = engine();
    // Counts in its memory and in a global how often it was called.
    let text = plain(
        "(result u32)",
        r#"(memory 20)
           (global $calls (mut i32) (i32.const 0))
           (func (export "run") (result i32)
             (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
             (i32.store (i32.const 1000000)
               (i32.add (i32.load (i32.const 1000000)) (i32.const 1)))
             (i32.add (global.get $calls) (i32.load (i32.const 1000000))))"#,
    );

    for _ in 0..50 {
        assert_eq!(value(&engine, &text, number()).await, "2");
    }
}
