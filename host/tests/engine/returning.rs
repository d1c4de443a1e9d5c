//! Arguments go in and values come out as what they are.

use windlass::model::FailureKind;
use windlass::values::{Case, Field, Flags, Record, Type, Variant};

use crate::support::{call, engine, failure, function, plain, value};

/// A component whose function returns its one argument. The parts of a value that are passed in
/// pieces (`flat`) are written to memory where the caller expects them.
fn echo(types: &str, ty: &str, params: &str, store: &str) -> String {
    let main = format!(
        r#"(import "libc" "memory" (memory 1))
           (func (export "run") (param {params}) (result i32) {store} (i32.const 0))"#
    );
    let text = plain(&format!("(param \"it\" {ty}) (result {ty})"), &main);
    // Types that are part of a function's type have to be exported before it.
    text.replacen(
        "(func (export \"run\") (param \"it\"",
        &format!("{types} (func (export \"run\") (param \"it\""),
        1,
    )
}

const PAIR: &str =
    "(i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1))";

async fn echoed(text: &str, ty: Type, argument: &str) -> String {
    let signature = function(&[("it", ty.clone())], Some(ty));
    value(&engine(), text, call(signature, &format!("[{argument}]"))).await
}

#[tokio::test]
async fn text_comes_back_as_it_was() {
    let text = echo("", "string", "i32 i32", PAIR);

    assert_eq!(
        echoed(&text, Type::String, "\"grüße \\u0000\"").await,
        "\"grüße \\u0000\""
    );
}

#[tokio::test]
async fn bytes_come_back_as_base64() {
    let text = echo("", "(list u8)", "i32 i32", PAIR);

    let bytes = Type::List(Box::new(Type::U8));

    assert_eq!(echoed(&text, bytes, "\"AAEC/w==\"").await, "\"AAEC/w==\"");
}

#[tokio::test]
async fn a_record_of_an_option_and_flags_comes_back() {
    let types = r#"(type $perms' (flags "read" "write" "run"))
        (export $perms "perms" (type $perms'))
        (type $r' (record (field "some-size" (option u16)) (field "perms" $perms)))
        (export $r "r" (type $r'))"#;
    let store = "(i32.store8 (i32.const 0) (local.get 0)) (i32.store16 (i32.const 2) (local.get 1))
        (i32.store8 (i32.const 4) (local.get 2))";
    let text = echo(types, "$r", "i32 i32 i32", store);
    let ty = Type::Record(Record {
        name: Some("r".to_owned()),
        fields: vec![
            Field {
                name: "some-size".to_owned(),
                ty: Type::Option(Box::new(Type::U16)),
            },
            Field {
                name: "perms".to_owned(),
                ty: Type::Flags(Flags {
                    name: Some("perms".to_owned()),
                    flags: ["read", "write", "run"].map(str::to_owned).to_vec(),
                }),
            },
        ],
    });

    let argument = "{\"some-size\":9,\"perms\":[\"read\",\"run\"]}";

    assert_eq!(echoed(&text, ty, argument).await, argument);
}

#[tokio::test]
async fn a_variant_comes_back_with_its_payload() {
    let types = r#"(type $v' (variant (case "none") (case "some" s32)))
        (export $v "v" (type $v'))"#;
    let text = echo(
        types,
        "$v",
        "i32 i32",
        "(i32.store8 (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1))",
    );
    let ty = Type::Variant(Variant {
        name: Some("v".to_owned()),
        cases: vec![
            Case {
                name: "none".to_owned(),
                ty: None,
            },
            Case {
                name: "some".to_owned(),
                ty: Some(Type::S32),
            },
        ],
    });

    assert_eq!(
        echoed(&text, ty.clone(), "{\"some\":-7}").await,
        "{\"some\":-7}"
    );
    assert_eq!(echoed(&text, ty, "\"none\"").await, "\"none\"");
}

fn fallible() -> (String, Type) {
    let text = echo("", "(result u32 (error u32))", "i32 i32", PAIR);
    let number = || Some(Box::new(Type::U32));
    let ty = Type::Result {
        ok: number(),
        err: number(),
    };
    (text, ty)
}

#[tokio::test]
async fn the_value_of_a_result_is_its_ok() {
    let (text, ty) = fallible();

    assert_eq!(echoed(&text, ty, "{\"ok\":5}").await, "5");
}

#[tokio::test]
async fn the_err_of_a_result_is_a_failure_with_its_payload() {
    let (text, ty) = fallible();
    let signature = function(&[("it", ty.clone())], Some(ty));

    let failure = failure(&engine(), &text, call(signature, "[{\"err\":404}]")).await;

    assert_eq!(failure.kind, FailureKind::Guest);
    assert_eq!(failure.payload.unwrap().get(), "404");
    assert!(failure.message.contains("404"));
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_told_with_their_place() {
    let text = echo("", "string", "i32 i32", PAIR);
    let signature = function(&[("it", Type::String)], Some(Type::String));

    let failure = failure(&engine(), &text, call(signature, "[5]")).await;

    assert_eq!(failure.kind, FailureKind::Arguments);
    assert!(failure.message.starts_with("args[0]"), "{failure:?}");
}
