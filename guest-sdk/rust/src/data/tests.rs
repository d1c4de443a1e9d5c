//! Values there and back.

use std::fmt::Debug;

use super::{Data, Json};

fn assert_form<T: Data + PartialEq + Debug>(value: T, json: &str) {
    assert_eq!(value.to_json(), json);
    assert_eq!(T::from_json(json), Ok(value));
}

#[test]
fn every_kind_of_value_has_the_form_of_the_host() {
    assert_form((), "null");
    assert_form(true, "true");
    assert_form(u64::MAX, "18446744073709551615");
    assert_form(i64::MIN, "-9223372036854775808");
    assert_form(1.5_f64, "1.5");
    assert_form(1e300_f64, "1e300");
    assert_form(f32::INFINITY, "\"Infinity\"");
    assert_form(f64::NEG_INFINITY, "\"-Infinity\"");
    assert_form('ä', "\"ä\"");
    assert_form("a\"\\\n\u{1}ö".to_owned(), r#""a\"\\\n\u0001ö""#);
    assert_form(vec![1_u32, 2], "[1,2]");
    assert_form((1_u8, "x".to_owned()), r#"[1,"x"]"#);
    assert_form(None::<u8>, "null");
    assert_form(Some(3_u8), "3");
    assert_form(Some(None::<u8>), r#"{"some":null}"#);
    assert_form(Some(Some(1_u8)), r#"{"some":1}"#);
    assert_form(Ok::<u8, String>(1), r#"{"ok":1}"#);
    assert_form(Err::<(), String>("no".to_owned()), r#"{"err":"no"}"#);
    assert!(f64::from_json(&f64::NAN.to_json()).unwrap().is_nan());
}

#[test]
fn bytes_are_base64() {
    for (bytes, digits) in [
        (&b""[..], "\"\""),
        (b"f", "\"Zg==\""),
        (b"fo", "\"Zm8=\""),
        (b"foo", "\"Zm9v\""),
        (b"\xff\xfe\xfd\xfc", "\"//79/A==\""),
    ] {
        assert_form(bytes.to_vec(), digits);
    }
    assert_eq!(Vec::<u8>::from_json("[1,255]"), Ok(vec![1, 255]));
    assert_eq!(Vec::<u8>::from_json("\"Zg\""), Ok(b"f".to_vec()));
    assert!(Vec::<u8>::from_json("\"Z\"").is_err());
}

#[test]
fn a_call_has_the_parts_of_a_tuple_or_one_value_as_its_arguments() {
    let arguments = |write: &dyn Fn(&mut String)| {
        let mut text = String::new();
        write(&mut text);
        text
    };

    assert_eq!(arguments(&|text| ().write_arguments(text)), "[]");
    assert_eq!(arguments(&|text| 1_u8.write_arguments(text)), "[1]");
    assert_eq!(
        arguments(&|text| (1_u8, true).write_arguments(text)),
        "[1,true]"
    );
    assert_eq!(
        arguments(&|text| ((1_u8, true),).write_arguments(text)),
        "[[1,true]]"
    );
}

#[test]
fn escapes_are_read() {
    assert_eq!(
        String::from_json(r#" "\u00e4\ud83d\ude00\/\b" "#),
        Ok("ä😀/\u{8}".to_owned())
    );
    assert!(String::from_json(r#""\ud83d""#).is_err());
}

#[test]
fn what_is_no_json_is_refused() {
    for text in [
        "",
        "[1",
        "{\"a\" 1}",
        "{1:2}",
        "nul",
        "1 2",
        "\"a",
        "\"\\x\"",
        "[1,]",
    ] {
        assert!(Json::parse(text).is_err(), "{text}");
    }
    assert!(Json::parse(&"[".repeat(100_000)).is_err());
}

#[test]
fn a_mistake_names_its_place() {
    let mistake = Vec::<(u8, String)>::from_json(r#"[[1,"a"],[2,3]]"#).unwrap_err();

    assert_eq!(mistake.to_string(), "[1][1]: expected a string, got 3");
}
