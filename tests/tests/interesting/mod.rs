//! Arguments with which languages differ if they differ anywhere: extremes, what is no number, text
//! beyond ASCII, what lies in each other, what is empty, what is long.

use serde_json::{Value, json};

/// Calls of every function of the conformance component.
pub fn calls() -> Vec<(&'static str, Value)> {
    let mut calls = Vec::new();
    let mut each = |function: &'static str, values: Vec<Value>| {
        calls.extend(values.into_iter().map(|value| (function, json!([value]))));
    };
    each(
        "echo-u8",
        vec![json!(0), json!(127), json!(128), json!(255)],
    );
    each("echo-u16", vec![json!(0), json!(32_768), json!(65_535)]);
    each(
        "echo-u32",
        vec![json!(0), json!(1_u32 << 31), json!(u32::MAX)],
    );
    let longs = [
        0,
        1,
        (1 << 53) - 1,
        1 << 53,
        (1 << 53) + 1,
        1 << 63,
        u64::MAX,
    ];
    each("echo-u64", longs.map(|n| json!(n)).to_vec());
    each(
        "echo-s8",
        vec![json!(-128), json!(-1), json!(0), json!(127)],
    );
    each("echo-s16", vec![json!(-32_768), json!(-1), json!(32_767)]);
    each(
        "echo-s32",
        vec![json!(i32::MIN), json!(-1), json!(i32::MAX)],
    );
    let signed = [i64::MIN, -(1 << 53) - 1, -1, 0, (1 << 53) + 1, i64::MAX];
    each("echo-s64", signed.map(|n| json!(n)).to_vec());
    each(
        "echo-f32",
        floats(&[
            f64::from(f32::MAX),
            f64::from(f32::MIN_POSITIVE),
            1e-45,
            0.1,
        ]),
    );
    each(
        "echo-f64",
        floats(&[f64::MAX, f64::MIN_POSITIVE, 5e-324, 0.1, 1e21, 1e-7]),
    );
    each("echo-bool", vec![json!(true), json!(false)]);
    let chars = [
        "a",
        "\0",
        "\n",
        "é",
        "\u{ffff}",
        "\u{e000}",
        "🦀",
        "\u{10ffff}",
    ];
    each("echo-char", chars.map(|c| json!(c)).to_vec());
    each("echo-string", texts());
    each("echo-bytes", bytes());
    each(
        "echo-list",
        vec![
            json!([]),
            json!([i32::MIN, 0, i32::MAX]),
            json!((0..5_000).collect::<Vec<_>>()),
        ],
    );
    each("echo-longs", vec![json!([]), json!(longs)]);
    each(
        "echo-floats",
        vec![json!([]), json!(floats(&[f64::MAX, 0.1]))],
    );
    each("echo-names", vec![json!([]), json!(texts()[..6])]);
    each(
        "echo-nested-list",
        vec![json!([]), json!([[]]), json!([[], ["a", ""], ["é"]])],
    );
    each(
        "echo-records",
        vec![
            json!([]),
            json!([line("a", 0), line("", u32::MAX)]),
            json!(vec![line("é", 7); 500]),
        ],
    );
    each(
        "echo-tuple",
        vec![json!([0, "", false]), json!([255, "é🦀", true])],
    );
    each(
        "echo-option",
        vec![Value::Null, json!(""), json!("none"), json!("null")],
    );
    each(
        "echo-nested-option",
        vec![
            Value::Null,
            json!({"some": null}),
            json!({"some": 0}),
            json!({"some": 255}),
        ],
    );
    each("echo-record", orders());
    each(
        "echo-keywords",
        vec![
            json!({"type": "", "list": [], "class": false, "func": 0}),
            json!({"type": "int", "list": ["if", "for"], "class": true, "func": 255}),
        ],
    );
    each("echo-variant", shapes());
    each(
        "echo-enum",
        vec![json!("red"), json!("green"), json!("light-blue")],
    );
    each(
        "echo-flags",
        vec![
            json!([]),
            json!(["read"]),
            json!(["write", "execute"]),
            json!(["read", "write", "execute"]),
        ],
    );
    let all: Vec<String> = (0..17).map(|n| format!("f{n}")).collect();
    each(
        "echo-many-flags",
        vec![
            json!([]),
            json!(["f0"]),
            json!(["f7", "f8"]),
            json!(["f16"]),
            json!(all),
        ],
    );
    let results = || {
        vec![
            json!({"ok": 0}),
            json!({"ok": u32::MAX}),
            json!({"err": ""}),
            json!({"err": "é\"\\"}),
        ]
    };
    each("echo-result", results().into_iter().collect());
    each("return-result", results());
    each("return-typed-error", shapes());
    for function in ["return-bare-result", "return-only-ok", "return-only-err"] {
        each(function, vec![json!(true), json!(false)]);
    }
    each("turn", orders());
    calls.push(("join", json!(["a", "é", 3])));
    calls.push(("join", json!(["", "", 1_000])));
    calls.push(("join", json!(["x", "y", 0])));
    calls.push(("nothing", json!([])));
    calls
}

/// Floats of every kind, with some of the type's own.
fn floats(own: &[f64]) -> Vec<Value> {
    let of_everybody = [0.0, -0.0, 1.0, -1.5, 0.5, 16_777_216.0, -123_456.0];
    let numbers = of_everybody.iter().chain(own).map(|n| json!(n));
    let no_numbers = ["NaN", "Infinity", "-Infinity"].map(|word| json!(word));
    numbers.chain(no_numbers).collect()
}

fn texts() -> Vec<Value> {
    let texts = [
        "",
        "a",
        "é ü ß",
        "🦀🎉",
        "e\u{301}",
        "\0\u{1}\t\r\n\"\\/",
        "\u{2028}\u{feff}",
        "日本語",
    ];
    let long = "Zoë ".repeat(3_000);
    texts
        .into_iter()
        .chain([&*long])
        .map(|text| json!(text))
        .collect()
}

fn bytes() -> Vec<Value> {
    let long: Vec<u8> = (0..10_240_u32).map(|n| (n * 7 % 256) as u8).collect();
    [
        vec![],
        vec![0],
        vec![255, 0, 128],
        (0..=255).collect(),
        long,
    ]
    .iter()
    .map(|bytes| json!(base64(bytes)))
    .collect()
}

/// As results have bytes.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let part = |index: usize| u32::from(*chunk.get(index).unwrap_or(&0));
        let bits = part(0) << 16 | part(1) << 8 | part(2);
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize % 64];
            text.push(if place <= chunk.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    text
}

fn line(article: &str, count: u32) -> Value {
    json!({"article": article, "count": count, "price": 2.5})
}

fn shapes() -> Vec<Value> {
    vec![
        json!({"circle": 1.5}),
        json!({"circle": "NaN"}),
        json!({"rectangle": [0.1, -2.0]}),
        json!({"lines": []}),
        json!({"lines": [line("a", 1), line("é", 2)]}),
        json!("nothing"),
    ]
}

/// One that is as empty as can be, one with something everywhere, and one for each shape.
fn orders() -> Vec<Value> {
    let empty = json!({
        "order-id": 0, "lines": [], "note": null, "permissions": [], "color": "red",
        "shape": "nothing", "picture": "", "balance": 0, "position": [0.0, 0.0],
        "verdict": {"ok": 0}, "initial": "a", "paid": false,
    });
    let full = json!({
        "order-id": u64::MAX, "lines": [line("nut", u32::MAX), line("bolt 🔩", 1)],
        "note": "é", "permissions": ["read", "execute"], "color": "light-blue",
        "shape": {"rectangle": [1.5, 2.5]}, "picture": base64(&[0, 1, 254, 255]),
        "balance": i64::MIN, "position": [0.1, 0.5], "verdict": {"err": "é🦀"},
        "initial": "🦀", "paid": true,
    });
    let mut orders = vec![empty, full.clone()];
    orders.extend(shapes().into_iter().map(|shape| {
        let mut order = full.clone();
        order["shape"] = shape;
        order["color"] = json!("green");
        order["balance"] = json!(-7);
        order["position"] = json!(["-Infinity", -0.0]);
        order
    }));
    orders
}
