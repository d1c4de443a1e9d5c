//! What an `async func` returns comes in as many core values as it has, up to 16.

use wasmtime::component::Linker;

use super::super::call;
use super::{LIBC, block_on, engine, instance};
use crate::values::{Type, Value};

/// What a guest gives back, that returns these core values later than by returning.
fn returned(ty: &Type, flat: &str, values: &str) -> wasmtime::Result<Option<Value>> {
    let text = format!(
        r#"(component {LIBC}
  (core func $give (canon task.return (result {wat}) (memory $memory)))
  (core module $main
    (import "libc" "memory" (memory 1))
    (import "host" "give" (func $give (param {flat})))
    (data (i32.const 64) "\07\00\00\00\00\00\00\00\08")
    (func (export "run") (result i32) (call $give {values}) (i32.const 0))
    (func (export "callback") (param i32 i32 i32) (result i32) unreachable))
  (core instance $host (export "give" (func $give)))
  (core instance $main (instantiate $main (with "libc" (instance $libc)) (with "host" (instance $host))))
  (func (export "run") async (result {wat})
    (canon lift (core func $main "run") async (callback (core func $main "callback"))
      (memory $memory) (realloc $realloc))))"#,
        wat = wat(ty),
    );
    let (mut store, instance) = instance(&Linker::new(&engine(true)), &text);
    let function = instance.get_func(&mut store, "run").unwrap();
    block_on(call(function, &mut store, Vec::new(), Some(ty), true))
}

fn wat(ty: &Type) -> String {
    match ty {
        Type::Tuple(types) => {
            let types = types.iter().map(wat).collect::<Vec<_>>();
            format!("(tuple {})", types.join(" "))
        }
        Type::List(element) => format!("(list {})", wat(element)),
        ty => ty.to_string(),
    }
}

fn consts(count: u32) -> String {
    (0..count).map(|n| format!("(i32.const {n})")).collect()
}

#[test]
fn one_core_value_is_a_result() {
    let value = returned(&Type::U32, "i32", "(i32.const 7)");

    assert_eq!(value.unwrap(), Some(Value::U32(7)));
}

#[test]
fn two_are_a_list() {
    let ty = Type::List(Box::new(Type::U8));

    let value = returned(&ty, "i32 i32", "(i32.const 64) (i32.const 9)");

    let bytes = vec![7, 0, 0, 0, 0, 0, 0, 0, 8];
    assert_eq!(value.unwrap(), Some(Value::Bytes(bytes)));
    assert!(returned(&ty, "i32 i32", "(i32.const 64) (i32.const -1)").is_err());
}

#[test]
fn sixteen_are_all_that_are_flat() {
    let ty = Type::Tuple(vec![Type::U32; 16]);

    let value = returned(&ty, &"i32 ".repeat(16), &consts(16));

    let numbers = (0..16).map(Value::U32).collect();
    assert_eq!(value.unwrap(), Some(Value::Tuple(numbers)));
}

#[test]
fn beyond_that_they_lie_in_memory() {
    let ty = Type::Tuple(vec![Type::U8; 17]);

    let value = returned(&ty, "i32", "(i32.const 64)").unwrap();

    let Some(Value::Tuple(numbers)) = value else {
        panic!("{value:?}");
    };
    assert_eq!(numbers.len(), 17);
    assert_eq!((&numbers[0], &numbers[8]), (&Value::U8(7), &Value::U8(8)));
    assert!(returned(&ty, "i32", "(i32.const -1)").is_err());
}
