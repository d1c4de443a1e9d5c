//! What every mistake says, and where.

use super::*;

const SHAPE: &str = r#"["variant","shape","circle","f32","none",null,"text","string"]"#;
const IMAGE: &str =
    r#"["record","image","url","string","sizes",["list","u32"],"alt",["option","string"]]"#;

/// Checks that `json` is refused as a value of the stored type, with these mistakes.
#[track_caller]
fn refused(stored: &str, json: &str, mistakes: &str) {
    let error = from_json(raw(json), &ty(stored), "args[0]").expect_err("it does not fit");

    assert_eq!(error.to_string(), mistakes);
}

#[test]
fn integers_have_their_ranges_and_no_fractions() {
    refused(r#""u32""#, "-1", "args[0]: expected u32, got -1");
    refused(r#""u8""#, "256", "args[0]: expected u8, got 256");
    refused(r#""s8""#, "-129", "args[0]: expected s8, got -129");
    refused(
        r#""u64""#,
        "18446744073709551616",
        "args[0]: expected u64, got 18446744073709551616",
    );
    refused(
        r#""u32""#,
        "1.0",
        "args[0]: expected u32, got 1.0 (write it without fraction and exponent)",
    );
    refused(
        r#""s64""#,
        "1e3",
        "args[0]: expected s64, got 1e3 (write it without fraction and exponent)",
    );
    refused(r#""u32""#, r#""7""#, r#"args[0]: expected u32, got "7""#);
    refused(r#""u64""#, r#""+7""#, r#"args[0]: expected u64, got "+7""#);
    refused(
        r#""u64""#,
        r#""seven""#,
        r#"args[0]: expected u64, got "seven""#,
    );
}

#[test]
fn floats_are_numbers_that_their_type_can_hold() {
    refused(
        r#""f32""#,
        "1e39",
        "args[0]: expected f32, got 1e39, which is too large for it",
    );
    refused(
        r#""f64""#,
        "-1e400",
        "args[0]: expected f64, got -1e400, which is too large for it",
    );
    refused(
        r#""f64""#,
        r#""nan""#,
        r#"args[0]: expected f64, got "nan""#,
    );
    refused(r#""f64""#, "null", "args[0]: expected f64, got null");
}

#[test]
fn texts_and_truths_are_not_coerced() {
    refused(r#""bool""#, "1", "args[0]: expected bool, got 1");
    refused(r#""string""#, "true", "args[0]: expected string, got true");
    refused(
        r#""string""#,
        "[1]",
        "args[0]: expected string, got an array",
    );
    refused(
        r#""string""#,
        "{}",
        "args[0]: expected string, got an object",
    );
    refused(
        r#""char""#,
        r#""ab""#,
        r#"args[0]: expected char (one character as text), got "ab""#,
    );
    refused(
        r#""string""#,
        r#""\ud800""#,
        "args[0]: expected Unicode text, got half a surrogate pair",
    );
}

#[test]
fn what_was_given_is_quoted_in_short() {
    let long = format!("\"{}\"", "x".repeat(1000));

    refused(
        r#""u32""#,
        &long,
        &format!("args[0]: expected u32, got \"{}…", "x".repeat(39)),
    );
}

#[test]
fn bytes_are_base64_of_the_ordinary_alphabet() {
    let bytes = r#"["list","u8"]"#;

    refused(
        bytes,
        r#""a-b_""#,
        "args[0]: expected list<u8> (base64 text or an array of numbers), got \"a-b_\", which is \
         no base64: `-` at byte 1 is of the alphabet for URLs, use `+` and `/`",
    );
    refused(
        bytes,
        r#""a?b=""#,
        "args[0]: expected list<u8> (base64 text or an array of numbers), got \"a?b=\", which is \
         no base64: it has no `?` (at byte 1)",
    );
    refused(
        bytes,
        r#""a""#,
        "args[0]: expected list<u8> (base64 text or an array of numbers), got \"a\", which is no \
         base64: its end is cut off",
    );
    refused(bytes, "[1, 256]", "args[0][1]: expected u8, got 256");
}

#[test]
fn every_mistake_is_told_with_its_place() {
    refused(
        IMAGE,
        r#"{"sizes": [1, -1, 2, "x"], "alt": 3, "color": "red"}"#,
        "args[0].sizes[1]: expected u32, got -1; \
         args[0].sizes[3]: expected u32, got \"x\"; \
         args[0].alt: expected string, got 3; \
         args[0].color: unknown field, expected one of url, sizes, alt; \
         args[0].url: missing, expected string",
    );
    refused(
        IMAGE,
        r#"{"url": "a", "url": "b", "sizes": []}"#,
        "args[0].url: given twice",
    );
    refused(
        IMAGE,
        "3",
        "args[0]: expected image (an object with url, sizes, alt), got 3",
    );
}

#[test]
fn many_mistakes_are_counted() {
    let numbers = format!("[{}]", vec!["-1"; 50].join(","));

    let error = from_json(raw(&numbers), &ty(r#"["list","u32"]"#), "args[0]").unwrap_err();

    assert_eq!(error.told.len(), 20);
    assert_eq!(error.more, 30);
    assert!(
        error
            .to_string()
            .ends_with("args[0][19]: expected u32, got -1; and 30 more")
    );
}

#[test]
fn variants_have_their_cases_and_payloads() {
    refused(
        SHAPE,
        r#""square""#,
        r#"args[0]: expected shape (one of circle, none, text), got "square""#,
    );
    refused(
        SHAPE,
        r#"{"square": 1}"#,
        "args[0].square: unknown case, expected one of circle, none, text",
    );
    refused(
        SHAPE,
        r#""circle""#,
        r#"args[0]: `circle` carries f32: write {"circle": …}"#,
    );
    refused(
        SHAPE,
        r#"{"none": null}"#,
        r#"args[0].none: `none` carries nothing: write "none""#,
    );
    refused(
        SHAPE,
        r#"{"circle": "wide"}"#,
        r#"args[0].circle: expected f32, got "wide""#,
    );
    refused(
        SHAPE,
        "{}",
        "args[0]: expected shape (one of circle, none, text), got an empty object",
    );
    refused(
        SHAPE,
        r#"{"circle": 1, "text": "a"}"#,
        "args[0]: expected shape (one of circle, none, text), got an object with several entries",
    );
}

#[test]
fn enums_and_flags_have_their_names() {
    refused(
        r#"["enum","level","low","high"]"#,
        r#""middle""#,
        r#"args[0]: expected level (one of low, high), got "middle""#,
    );
    let perms = r#"["flags","perms","read","write"]"#;
    refused(
        perms,
        r#"["read","run"]"#,
        r#"args[0][1]: expected one of read, write, got "run""#,
    );
    refused(
        perms,
        r#"["read","read"]"#,
        "args[0][1]: the flag `read` is given twice",
    );
    refused(
        perms,
        r#""read""#,
        r#"args[0]: expected perms (an array of read, write), got "read""#,
    );
}

#[test]
fn results_and_nested_options_are_written_out() {
    let result = r#"["result","u32",null]"#;
    refused(
        result,
        "1",
        r#"args[0]: expected result<u32> ({"ok": …} or {"err": …}), got 1"#,
    );
    refused(
        result,
        r#"{"error": 1}"#,
        "args[0].error: unknown case, expected one of ok, err",
    );
    refused(
        result,
        r#"{"err": 1}"#,
        r#"args[0].err: `err` carries nothing: write {"err": null}"#,
    );
    let nested = r#"["option",["option","u32"]]"#;
    refused(
        nested,
        "1",
        r#"args[0]: expected option<option<u32>> (null or {"some": …}), got 1"#,
    );
    refused(
        nested,
        r#"{"some": -1}"#,
        "args[0].some: expected u32, got -1",
    );
}

#[test]
fn tuples_and_fixed_lists_have_their_length() {
    refused(
        r#"["tuple","u8","string"]"#,
        "[1]",
        "args[0]: expected 2 elements, got 1",
    );
    refused(
        r#"["tuple","u8"]"#,
        "[1, 2, 3]",
        "args[0]: expected 1 element, got 3",
    );
    refused(
        r#"["fixed-list","u8",2]"#,
        "[1]",
        "args[0]: expected 2 elements, got 1",
    );
}

#[test]
fn a_key_of_a_map_is_given_once() {
    refused(
        r#"["map","string","u8"]"#,
        r#"{"a": 1, "a": 2}"#,
        r#"args[0]: the key "a" is given twice"#,
    );
    refused(
        r#"["map","u32","u8"]"#,
        "[[1, 1], [1, 2]]",
        "args[0]: the key 1 is given twice",
    );
}

#[test]
fn a_small_text_cannot_make_a_giant_value() {
    let fields = (0..1000).map(|n| format!("\"f{n}\",[\"option\",\"u8\"]"));
    let stored = format!("[\"record\",null,{}]", fields.collect::<Vec<_>>().join(","));
    let stored = format!("[\"list\",{stored}]");
    let json = format!("[{}]", vec!["{}"; 100_000].join(","));

    let error = from_json(raw(&json), &ty(&stored), "args[0]").unwrap_err();

    assert_eq!(
        error.to_string(),
        "args[0][4190]: the call holds more than 4194304 values, make several calls of it"
    );
}

#[test]
fn json_that_nests_deeply_is_passed_over() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let json = serde_json::value::RawValue::from_string(deep).unwrap();

    let error = from_json(&json, &Type::U8, "args[0]").unwrap_err();

    assert_eq!(error.to_string(), "args[0]: expected u8, got an array");
}

#[test]
fn wave_says_the_column() {
    let message = |stored: &str, text: &str| {
        let error = ty(stored).parse_wave(text).expect_err("it does not fit");
        error.to_string()
    };

    assert_eq!(
        message(IMAGE, r#"{url: "a", sizes: [1, -1]}"#),
        "column 23: expected u32, got -1"
    );
    assert_eq!(
        message(IMAGE, r#"{url: "äöü", sizes: [-1]}"#),
        "column 22: expected u32, got -1"
    );
    assert_eq!(
        message(IMAGE, r#"{url: "a"}"#),
        "column 1: missing field sizes: list<u32>"
    );
    assert_eq!(
        message(IMAGE, r#"{url: "a", size: 1}"#),
        "column 18: unknown field size, expected one of url, sizes, alt"
    );
    assert_eq!(
        message(SHAPE, "square(1)"),
        "column 1: expected one of circle, none, text, got square"
    );
    assert_eq!(
        message(SHAPE, "circle"),
        "column 1: `circle` carries f32: write circle(…)"
    );
    assert_eq!(
        message(r#""f32""#, "1e39"),
        "column 1: expected f32, got 1e39, which is too large for it"
    );
    assert_eq!(
        message(r#""u32""#, "[1"),
        "column 3: unexpected end of input"
    );
}
