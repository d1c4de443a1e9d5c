//! Whole calls: how arguments may be given, and how calls and outcomes are remembered.

use super::*;

const LIMIT: usize = 1 << 20;

fn resize() -> Function {
    Function {
        result: Some(ty(
            r#"["result",["list",["record","thumb","size","u32"]],"string"]"#,
        )),
        ..function(&[
            ("url", r#""string""#),
            ("sizes", r#"["list","u32"]"#),
            ("note", r#"["option","string"]"#),
        ])
    }
}

#[track_caller]
fn canonical(json: &str, expected: &str) {
    let function = resize();

    let arguments = function.arguments(raw(json)).unwrap();
    let canonical = function.canonical(&arguments, LIMIT).unwrap();

    assert_eq!(String::from_utf8(canonical).unwrap(), expected);
}

#[track_caller]
fn refused(function: &Function, json: &str, mistakes: &str) {
    let error = function.arguments(raw(json)).expect_err("it does not fit");

    assert_eq!(error.to_string(), mistakes);
}

#[test]
fn the_same_call_has_the_same_bytes_however_it_is_written() {
    let expected = r#"["a",[1,2],null]"#;

    canonical(r#"["a", [1, 2], null]"#, expected);
    canonical(r#" [ "\u0061" , [1,2] ] "#, expected);
    canonical(r#"{"sizes": [1, 2], "url": "a"}"#, expected);
    canonical(r#"{"url": "a", "note": null, "sizes": [1, 2]}"#, expected);
}

#[test]
fn too_many_and_too_few_arguments_say_what_is_expected() {
    refused(
        &resize(),
        r#"["a", [], null, 4]"#,
        "args: expected 3 arguments (url: string, sizes: list<u32>, note: option<string>), got 4",
    );
    refused(
        &resize(),
        r#"["a"]"#,
        "args[1]: missing, expected sizes: list<u32> (an array)",
    );
    refused(
        &resize(),
        r#"{"url": "a", "size": [1]}"#,
        "args.size: unknown parameter, expected one of url, sizes, note; \
         args.sizes: missing, expected sizes: list<u32> (an array)",
    );
    refused(
        &resize(),
        r#"{"url": "a", "url": "b", "sizes": []}"#,
        "args.url: given twice",
    );
    refused(
        &function(&[]),
        "[1, 2]",
        "args: expected 0 arguments, got 2",
    );
    refused(
        &function(&[]),
        r#"{"a": 1}"#,
        "args.a: unknown parameter, there is none",
    );
    refused(
        &resize(),
        "7",
        "args: expected an array or an object of 3 arguments (url: string, sizes: list<u32>, \
         note: option<string>), got 7",
    );
}

#[test]
fn mistakes_deep_in_a_call_have_their_place() {
    let function = function(&[
        ("id", r#""u32""#),
        ("image", r#"["record","image","sizes",["list","u32"]]"#),
    ]);

    refused(
        &function,
        r#"[1, {"sizes": [1, 2, 3, -1]}]"#,
        "args[1].sizes[3]: expected u32, got -1",
    );
    refused(
        &function,
        r#"{"id": 1, "image": {"sizes": [-1]}}"#,
        "args.image.sizes[0]: expected u32, got -1",
    );
}

#[test]
fn bytes_that_are_no_json_are_refused() {
    let error = resize().decode(b"[1,").unwrap_err();

    assert_eq!(
        error.to_string(),
        "args: not JSON: EOF while parsing a value at line 1 column 3"
    );
}

#[test]
fn a_tree_will_do_where_there_is_no_text() {
    let function = resize();

    let arguments = function.arguments_of_tree(&serde_json::json!(["a", [1]]));

    assert_eq!(arguments, function.arguments(raw(r#"["a",[1]]"#)));
}

#[test]
fn canonical_json_is_bounded() {
    let function = resize();
    let arguments = function.arguments(raw(r#"["abcdef", [1, 2]]"#)).unwrap();
    let length = function.canonical(&arguments, LIMIT).unwrap().len();

    assert!(function.canonical(&arguments, length).is_ok());
    for limit in 0..length {
        assert_eq!(
            function.canonical(&arguments, limit),
            Err(TooLong { limit })
        );
    }
}

#[test]
fn floats_keep_every_bit_of_their_own_type() {
    // By way of f64 the first would be rounded twice and come back as its neighbour.
    let function = function(&[("a", r#""f32""#), ("b", r#""f32""#), ("c", r#""f64""#)]);
    let arguments = function.decode(b"[7.038531e-26,-0.0,-0]").unwrap();

    assert_eq!(arguments[0], Value::F32("7.038531e-26".parse().unwrap()));
    assert_eq!(
        function.canonical(&arguments, LIMIT).unwrap(),
        b"[7.038531e-26,-0.0,-0.0]"
    );
}

#[test]
fn long_integers_are_numbers_and_may_be_text() {
    let function = function(&[("a", r#""u64""#), ("b", r#""s64""#)]);

    let arguments = function
        .decode(br#"["18446744073709551615", -9223372036854775808]"#)
        .unwrap();

    assert_eq!(
        function.canonical(&arguments, LIMIT).unwrap(),
        b"[18446744073709551615,-9223372036854775808]"
    );
}

#[test]
fn flags_and_fields_are_put_in_the_order_of_their_type() {
    let function = function(&[(
        "a",
        r#"["record",null,"x","u8","y",["flags",null,"p","q"]]"#,
    )]);

    let arguments = function.decode(br#"[{"y":["q","p"],"x":1}]"#).unwrap();

    assert_eq!(
        function.canonical(&arguments, LIMIT).unwrap(),
        br#"[{"x":1,"y":["p","q"]}]"#
    );
}

#[test]
fn bytes_are_written_as_base64_and_read_as_numbers_too() {
    let function = function(&[("a", r#"["list","u8"]"#), ("b", r#"["list","u8"]"#)]);

    let arguments = function.decode(br#"["AQI", [1, 2]]"#).unwrap();

    assert_eq!(
        arguments,
        [Value::Bytes(vec![1, 2]), Value::Bytes(vec![1, 2])]
    );
    assert_eq!(
        function.canonical(&arguments, LIMIT).unwrap(),
        br#"["AQI=","AQI="]"#
    );
}

#[test]
fn nested_options_can_be_told_apart() {
    let nested = ty(r#"["option",["option","u8"]]"#);
    let json = |value: Value| String::from_utf8(to_json(&value, &nested, LIMIT).unwrap()).unwrap();
    let some = |value| Value::Option(Some(Box::new(value)));

    assert_eq!(json(Value::Option(None)), "null");
    assert_eq!(json(some(Value::Option(None))), r#"{"some":null}"#);
    assert_eq!(json(some(some(Value::U8(1)))), r#"{"some":1}"#);
}

#[test]
fn a_result_is_taken_apart_into_value_and_error() {
    let function = resize();
    let thumb = Value::Record(vec![Value::U32(64)]);
    let ok = Value::Result(Ok(Some(Box::new(Value::List(vec![thumb])))));
    let err = Value::Result(Err(Some(Box::new(Value::String("no such image".into())))));

    let ok = function.returned(Some(&ok), LIMIT);
    let err = function.returned(Some(&err), LIMIT);

    assert_eq!(ok, Ok(Returned::Value(br#"[{"size":64}]"#.to_vec())));
    assert_eq!(err, Ok(Returned::Err(br#""no such image""#.to_vec())));
}

#[test]
fn a_function_that_returns_nothing_leaves_null() {
    let returned = function(&[]).returned(None, LIMIT);

    assert_eq!(returned, Ok(Returned::Value(b"null".to_vec())));
}

#[test]
fn the_deepest_type_can_be_stored_and_its_values_read() {
    let depth = MAX_DEPTH - 1;
    let stored = format!(
        "{}\"u8\"{}",
        "[\"option\",".repeat(depth),
        "]".repeat(depth)
    );
    let deep = ty(&stored);
    let value = (0..depth).fold(Value::U8(7), |value, _| {
        Value::Option(Some(Box::new(value)))
    });
    let function = Function {
        params: vec![Param {
            name: "a".into(),
            ty: deep.clone(),
        }],
        result: None,
        is_async: false,
    };

    let canonical = function
        .canonical(std::slice::from_ref(&value), LIMIT)
        .unwrap();
    let stored: Function =
        serde_json::from_str(&serde_json::to_string(&function).unwrap()).unwrap();
    let tree: serde_json::Value = serde_json::from_slice(&canonical).unwrap();

    assert_eq!(stored.decode(&canonical), Ok(vec![value.clone()]));
    assert_eq!(tree[0], to_tree(&value, &deep));
    assert_eq!(deep.parse_wave(&deep.print_wave(&value)), Ok(value));
}

#[test]
fn a_call_in_wave_may_leave_out_options_at_its_end() {
    let function = resize();

    let arguments = function.parse_call(r#"resize("a", [1])"#).unwrap();

    assert_eq!(
        Ok(&arguments),
        function.arguments(raw(r#"["a",[1]]"#)).as_ref()
    );
    assert_eq!(
        function.print_call("resize", &arguments),
        r#"resize("a", [1], none)"#
    );
}

#[test]
fn a_call_in_wave_with_the_wrong_number_of_arguments_is_refused() {
    let message = |text| resize().parse_call(text).unwrap_err().to_string();

    assert_eq!(
        message(r#"resize("a")"#),
        "column 11: missing, expected sizes: list<u32>"
    );
    assert_eq!(
        message(r#"resize("a", [], none, 4)"#),
        "column 23: expected 3 arguments (url, sizes, note), got 4"
    );
}

#[test]
fn the_schema_describes_the_json() {
    let schema = resize().arguments_schema();

    assert_eq!(
        schema,
        serde_json::json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {
                "url": {"type": "string"},
                "sizes": {
                    "type": "array",
                    "items": {"type": "integer", "minimum": 0, "maximum": 4294967295u32},
                },
                "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            },
            "required": ["url", "sizes"],
            "additionalProperties": false,
        })
    );
    assert_eq!(resize().value_schema()["items"]["title"], "thumb");
}
