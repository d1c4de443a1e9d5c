//! The command line as people use it, with the examples' own components.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics says what went wrong"
)]

use std::process::{Command, Output};

use serde_json::Value;
use windlass_tests::{Setup, binary, guests};

fn windlass(server: &str, words: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command
        .args(words)
        .env("WINDLASS_SERVER", server)
        .env("NO_COLOR", "1");
    command.current_dir(xtask::commands::root());
    command.output().unwrap()
}

fn stdout_of(output: &Output) -> String {
    let (said, complained) = (&output.stdout, String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}: {complained}", output.status);
    String::from_utf8(said.clone()).unwrap()
}

#[test]
fn run_makes_real_thumbnails_of_real_pictures() {
    let component = guests::path("thumbnails");
    let component = component.to_str().unwrap();
    for (picture, longer_side) in [("balloon.png", 64), ("landscape.jpg", 96)] {
        let picture = format!("@examples/thumbnails/pictures/{picture}");
        let sizes = format!("[{longer_side}]");
        let words = [
            "run", component, "resize", &picture, &sizes, "null", "-o", "json",
        ];

        let printed = stdout_of(&windlass("http://127.0.0.1:1", &words));

        let value: Value = serde_json::from_str(&printed).unwrap();
        let thumbnail = find_thumbnail(&value).unwrap_or_else(|| panic!("{printed}"));
        let image = from_base64(thumbnail["image"].as_str().unwrap());
        let told = (thumbnail["width"].as_u64(), thumbnail["height"].as_u64());
        let (width, height) = size_of_picture(&image).expect("a PNG or a JPEG");
        assert_eq!(told, (Some(width), Some(height)));
        assert_eq!(width.max(height), longer_side);
    }
}

#[test]
fn a_component_is_pushed_and_called_and_its_result_fetched() {
    let host = Setup::sqlite().start();
    let hello = guests::path("hello");

    let pushed = stdout_of(&windlass(host.url(), &["push", hello.to_str().unwrap()]));
    let words = [
        "enqueue",
        "mail",
        "hello/greet",
        "Ada",
        "--id",
        "welcome-17",
    ];
    stdout_of(&windlass(host.url(), &words));
    let result = stdout_of(&windlass(host.url(), &["result", "welcome-17", "--wait"]));

    assert!(pushed.contains("greet"), "{pushed}");
    assert!(result.contains("Hello, Ada!"), "{result}");
}

#[test]
fn the_exit_code_tells_who_is_to_blame() {
    let host = Setup::sqlite().start();
    let hello = guests::path("hello");
    stdout_of(&windlass(host.url(), &["push", hello.to_str().unwrap()]));
    let code = |server: &str, words: &[&str]| windlass(server, words).status.code();

    let usage = code(host.url(), &["enqueue"]);
    let unreachable = code("http://127.0.0.1:1", &["result", "x"]);
    let failed = code(
        host.url(),
        &["enqueue", "q", "hello/fail", "no wind", "--wait"],
    );
    let refused = code(host.url(), &["result", "nobody"]);

    let codes = [usage, unreachable, failed, refused];
    assert_eq!(codes, [Some(2), Some(3), Some(4), Some(5)]);
}

/// The first object with an image in it, however the value is wrapped.
fn find_thumbnail(value: &Value) -> Option<&Value> {
    match value {
        Value::Object(fields) if fields.contains_key("image") => Some(value),
        Value::Object(fields) => fields.values().find_map(find_thumbnail),
        Value::Array(items) => items.iter().find_map(find_thumbnail),
        _ => None,
    }
}

fn from_base64(text: &str) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        let value = LETTERS.iter().position(|known| *known == letter).unwrap();
        bits = bits << 6 | u32::try_from(value).unwrap();
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).unwrap());
        }
    }
    bytes
}

/// Width and height as the header of a PNG or a JPEG has them.
fn size_of_picture(image: &[u8]) -> Option<(u64, u64)> {
    let number = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    };
    if image.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some((number(image.get(16..20)?), number(image.get(20..24)?)));
    }
    let mut rest = image.strip_prefix(b"\xff\xd8")?;
    while let [0xff, marker, high, low, ..] = *rest {
        // Frame headers, but for the three among them that mean something else.
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            return Some((number(rest.get(7..9)?), number(rest.get(5..7)?)));
        }
        rest = rest.get(2 + usize::from(high) * 256 + usize::from(low)..)?;
    }
    None
}
