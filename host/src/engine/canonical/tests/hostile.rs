//! Guests that break the canonical ABI wherever it leaves them the means.

use wasmtime::component::Linker;

use super::super::call;
use super::{LIBC, block_on, engine, instance};
use crate::values::Value;

/// What becomes of a guest that returns a `result` so, from a core function with this body and this
/// core result.
fn returned(result: &str, body: &str) -> Result<Option<Value>, String> {
    let text = format!(
        r#"(component {LIBC}
  (core module $main
    (import "libc" "memory" (memory 1))
    (func (export "run") (result i32) {body}))
  (core instance $main (instantiate $main (with "libc" (instance $libc))))
  (type $c' (enum "a" "b" "c")) (import "c" (type $c (eq $c')))
  (type $v' (variant (case "a") (case "b" u32))) (import "v" (type $v (eq $v')))
  (type $f' (flags "a" "b" "c")) (import "f" (type $f (eq $f')))
  (func (export "run") (result {result})
    (canon lift (core func $main "run") (memory $memory) (realloc $realloc))))"#
    );
    let (mut store, instance) = instance(&Linker::new(&engine(false)), &text);
    let function = instance.get_func(&mut store, "run").unwrap();
    // The type is asked for only by `async func`s.
    block_on(call(function, &mut store, Vec::new(), None, false))
        .map_err(|error| format!("{error:#}"))
}

fn refused(result: &str, body: &str, why: &str) {
    let error = returned(result, body).unwrap_err();
    assert!(error.contains(why), "{result} {body}: {error}");
}

/// A body that returns a pointer to these words.
fn words(words: &[u32]) -> String {
    let mut body = String::new();
    for (index, word) in words.iter().enumerate() {
        let at = 64 + 4 * index;
        body += &format!("(i32.store (i32.const {at}) (i32.const {}))", *word as i32);
    }
    body + "(i32.const 64)"
}

const MEMORY: u32 = 4 << 16;

#[test]
fn a_result_outside_of_memory_is_a_trap() {
    let beyond = format!("(i32.const {MEMORY})");
    let across = format!("(i32.const {})", MEMORY - 4);
    for result in ["string", "(list u8)", "(list u32)", "(tuple u64 u64)"] {
        refused(result, &beyond, "leads out of its memory");
        refused(result, "(i32.const -8)", "leads out of its memory");
    }
    refused("(list u8)", &across, "leads out of its memory");
}

#[test]
fn a_result_that_is_not_aligned_is_a_trap() {
    refused("(list u8)", "(i32.const 66)", "not aligned");
    refused("(tuple u64 u64)", "(i32.const 68)", "not aligned");
    refused("(list u32)", &words(&[66, 1]), "not aligned");
    refused("(list (tuple u64 u8))", &words(&[68, 1]), "not aligned");
}

#[test]
fn a_list_that_leaves_memory_is_a_trap() {
    for (at, count) in [
        (MEMORY, 1),
        (MEMORY - 1, 2),
        (0, MEMORY + 1),
        (0, u32::MAX),
        (u32::MAX, u32::MAX),
        (8, 1 << 31),
    ] {
        refused("(list u8)", &words(&[at, count]), "leads out of its memory");
    }
    for (at, count) in [
        (MEMORY, 1),
        (0, MEMORY / 8 + 1),
        (0, u32::MAX),
        (u32::MAX - 7, 2),
    ] {
        refused(
            "(list u64)",
            &words(&[at, count]),
            "leads out of its memory",
        );
        refused(
            "(list (tuple u64))",
            &words(&[at, count]),
            "leads out of its memory",
        );
    }
    refused("string", &words(&[MEMORY, 1]), "out of bounds");
    refused("string", &words(&[8, u32::MAX]), "out of bounds");
    // The inner list of the second element.
    let inner = words(&[72, 2, 0, 0, MEMORY, 1]);
    refused("(list (list u8))", &inner, "leads out of its memory");
    refused(
        "(option (list u8))",
        &words(&[1, MEMORY, 1]),
        "leads out of its memory",
    );
}

#[test]
fn text_that_is_no_text_is_a_trap() {
    refused("string", &words(&[72, 2, 0xff_fe]), "invalid utf-8");
    // Half a surrogate pair, as UTF-8 would spell it.
    refused("string", &words(&[72, 3, 0xbf_a0_ed]), "invalid utf-8");
    refused("char", "(i32.const 0xd800)", "");
    refused("char", "(i32.const 0x110000)", "");
    refused("(tuple char char)", &words(&[0x61, 0xdfff]), "");
}

#[test]
fn a_case_that_is_not_there_is_a_trap() {
    refused("$c", "(i32.const 3)", "the discriminant 3 is beyond");
    refused("$c", "(i32.const -1)", "is beyond the cases");
    refused(
        "(tuple $c $c)",
        &words(&[0x0301]),
        "the discriminant 3 is beyond",
    );
    refused("$v", &words(&[2, 0]), "the discriminant 2 is beyond");
    refused(
        "(option u32)",
        &words(&[2, 0]),
        "the discriminant 2 is beyond",
    );
    refused(
        "(result u32 (error u32))",
        &words(&[255, 0]),
        "is beyond the cases",
    );
    refused("(result)", "(i32.const 2)", "the discriminant 2 is beyond");
}

#[test]
fn bits_that_mean_nothing_are_not_there() {
    assert_eq!(
        returned("$f", "(i32.const -1)"),
        Ok(Some(Value::Flags(vec![0, 1, 2])))
    );
    assert_eq!(
        returned("(tuple $f bool)", &words(&[0xff_fd])),
        Ok(Some(Value::Tuple(vec![
            Value::Flags(vec![0, 2]),
            Value::Bool(true)
        ])))
    );
    assert_eq!(
        returned("u8", "(i32.const 0x1ff)"),
        Ok(Some(Value::U8(255)))
    );
}

#[test]
fn more_than_one_call_may_hand_over_is_a_trap() {
    // Every element is the same empty text: nothing in the guest, much in the host.
    let strings = "(drop (memory.grow (i32.const 64))) (i32.store (i32.const 64) (i32.const 0))
         (i32.store (i32.const 68) (i32.const 540000)) (i32.const 64)";

    refused(
        "(list string)",
        strings,
        "fuel allocated for hostcalls has been exhausted",
    );
}

/// What becomes of a guest whose allocator answers so when it is given a text or bytes.
fn given(realloc: &str, param: &str, value: Value) -> String {
    let text = format!(
        r#"(component
  (core module $main
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) {realloc})
    (func (export "run") (param i32 i32)))
  (core instance $main (instantiate $main))
  (func (export "run") (param "it" {param})
    (canon lift (core func $main "run") (memory (core memory $main "memory")) (realloc (core func $main "realloc")))))"#
    );
    let (mut store, instance) = instance(&Linker::new(&engine(false)), &text);
    let function = instance.get_func(&mut store, "run").unwrap();
    let ended = block_on(call(function, &mut store, vec![value], None, false));
    format!("{:#}", ended.unwrap_err())
}

#[test]
fn memory_that_an_allocator_makes_up_is_a_trap() {
    let bytes = || Value::Bytes(vec![7; 100]);
    let numbers = || Value::List(vec![Value::U32(7); 100]);
    for (realloc, why) in [
        ("(i32.const 65536)", "beyond end of memory"),
        ("(i32.const 65500)", "beyond end of memory"),
        ("(i32.const -4)", "beyond end of memory"),
        ("(unreachable)", "unreachable"),
    ] {
        assert!(given(realloc, "(list u8)", bytes()).contains(why));
        assert!(given(realloc, "string", Value::String("x".repeat(100))).contains(why));
        assert!(given(realloc, "(list u32)", numbers()).contains(why));
    }
    assert!(given("(i32.const 66)", "(list u32)", numbers()).contains("not aligned"));
}

#[test]
fn a_value_of_another_type_than_the_components_own_is_refused() {
    let unfit = "does not fit the type";

    assert!(given("(i32.const 8)", "(list u32)", Value::Bytes(vec![1])).contains(unfit));
    assert!(given("(i32.const 8)", "(list u8)", Value::String("x".into())).contains(unfit));
    assert!(given("(i32.const 8)", "string", Value::U32(1)).contains(unfit));
    let elements = Value::List(vec![Value::U32(1), Value::U64(2)]);
    assert!(given("(i32.const 8)", "(list u32)", elements).contains(unfit));
    let too_far = Value::Tuple(vec![Value::U32(1)]);
    assert!(given("(i32.const 8)", "(tuple u32 u32)", too_far).contains(unfit));
}
