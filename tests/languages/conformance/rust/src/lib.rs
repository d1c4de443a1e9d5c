//! The conformance component in Rust, with plain `wit-bindgen`: what those in other languages are
//! compared with.

mod bindings {
    wit_bindgen::generate!({
        world: "conformance",
        path: "../wit",
    });
}

mod turn;

use bindings::exports::test::conformance::echo::{
    Color, Guest, Line, ManyFlags, Names, Order, Permissions, Record, Shape,
};

struct Component;

/// Functions that return their argument, all of the same form.
macro_rules! echoes {
    ($($name:ident: $ty:ty),* $(,)?) => {
        $(fn $name(v: $ty) -> $ty {
            v
        })*
    };
}

impl Guest for Component {
    echoes! {
        echo_u8: u8,
        echo_u16: u16,
        echo_u32: u32,
        echo_u64: u64,
        echo_s8: i8,
        echo_s16: i16,
        echo_s32: i32,
        echo_s64: i64,
        echo_f32: f32,
        echo_f64: f64,
        echo_bool: bool,
        echo_char: char,
        echo_string: String,
        echo_bytes: Vec<u8>,
        echo_list: Vec<i32>,
        echo_longs: Vec<u64>,
        echo_floats: Vec<f64>,
        echo_names: Names,
        echo_nested_list: Vec<Vec<String>>,
        echo_records: Vec<Line>,
        echo_tuple: (u8, String, bool),
        echo_option: Option<String>,
        echo_nested_option: Option<Option<u8>>,
        echo_record: Order,
        echo_keywords: Record,
        echo_variant: Shape,
        echo_enum: Color,
        echo_flags: Permissions,
        echo_many_flags: ManyFlags,
        return_result: Result<u32, String>,
    }

    fn echo_result(v: Result<u32, String>) -> (Result<u32, String>,) {
        (v,)
    }

    fn return_typed_error(v: Shape) -> Result<String, Shape> {
        match v {
            Shape::Nothing => Ok("nothing".to_owned()),
            shape => Err(shape),
        }
    }

    fn return_bare_result(ok: bool) -> Result<(), ()> {
        ok.then_some(()).ok_or(())
    }

    fn return_only_ok(ok: bool) -> Result<String, ()> {
        ok.then(|| "ok".to_owned()).ok_or(())
    }

    fn return_only_err(ok: bool) -> Result<(), String> {
        ok.then_some(()).ok_or_else(|| "err".to_owned())
    }

    fn join(first_part: String, second_part: String, times: u32) -> String {
        [first_part, second_part].concat().repeat(times as usize)
    }

    fn nothing() {}

    fn turn(v: Order) -> Order {
        turn::turn(v)
    }
}

bindings::export!(Component with_types_in bindings);
