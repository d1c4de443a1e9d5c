// Made by `windlass client generate --lang rust types`: do not edit.
// types 0.1.0, sha-256 0123456789abcdef

use windlass_client::wit::serde::{Deserialize, Serialize};
use windlass_client::{Client, TypedCall, wit};

/// `line`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "windlass_client::wit::serde")]
pub struct Line {
    /// `article`.
    #[serde(rename = "article", with = "windlass_client::wit")]
    pub article: String,
    /// `count`.
    #[serde(rename = "count", with = "windlass_client::wit")]
    pub count: u32,
    /// `price`.
    #[serde(rename = "price", with = "windlass_client::wit")]
    pub price: f64,
}

/// `permissions`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Permissions {
    /// `read`.
    pub read: bool,
    /// `write`.
    pub write: bool,
    /// `execute`.
    pub execute: bool,
}

wit::flags!(Permissions {
    read: "read",
    write: "write",
    execute: "execute",
});

/// `color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(crate = "windlass_client::wit::serde")]
pub enum Color {
    /// `red`.
    #[serde(rename = "red")]
    Red,
    /// `green`.
    #[serde(rename = "green")]
    Green,
    /// `light-blue`.
    #[serde(rename = "light-blue")]
    LightBlue,
}

/// `shape`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "windlass_client::wit::serde")]
pub enum Shape {
    /// `circle`.
    #[serde(rename = "circle", with = "windlass_client::wit")]
    Circle(f64),
    /// `rectangle`.
    #[serde(rename = "rectangle", with = "windlass_client::wit")]
    Rectangle((f64, f64)),
    /// `lines`.
    #[serde(rename = "lines", with = "windlass_client::wit")]
    Lines(Vec<Line>),
    /// `nothing`.
    #[serde(rename = "nothing")]
    Nothing,
}

/// A record with a field of each kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "windlass_client::wit::serde")]
pub struct Order {
    /// `order-id`.
    #[serde(rename = "order-id", with = "windlass_client::wit")]
    pub order_id: u64,
    /// `lines`.
    #[serde(rename = "lines", with = "windlass_client::wit")]
    pub lines: Vec<Line>,
    /// `note`.
    #[serde(rename = "note", default, with = "windlass_client::wit")]
    pub note: Option<String>,
    /// `permissions`.
    #[serde(rename = "permissions", with = "windlass_client::wit")]
    pub permissions: Permissions,
    /// `color`.
    #[serde(rename = "color", with = "windlass_client::wit")]
    pub color: Color,
    /// `shape`.
    #[serde(rename = "shape", with = "windlass_client::wit")]
    pub shape: Shape,
    /// `picture`.
    #[serde(rename = "picture", with = "windlass_client::wit")]
    pub picture: Vec<u8>,
    /// `balance`.
    #[serde(rename = "balance", with = "windlass_client::wit")]
    pub balance: i64,
}

/// Named as a word of WIT.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "windlass_client::wit::serde")]
pub struct Record {
    /// `type`.
    #[serde(rename = "type", with = "windlass_client::wit")]
    pub type_: String,
    /// `list`.
    #[serde(rename = "list", with = "windlass_client::wit")]
    pub list: Vec<String>,
}

/// So many that they do not fit into one byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ManyFlags {
    /// `f0`.
    pub f0: bool,
    /// `f1`.
    pub f1: bool,
    /// `f2`.
    pub f2: bool,
    /// `f3`.
    pub f3: bool,
    /// `f4`.
    pub f4: bool,
    /// `f5`.
    pub f5: bool,
    /// `f6`.
    pub f6: bool,
    /// `f7`.
    pub f7: bool,
    /// `f8`.
    pub f8: bool,
    /// `f9`.
    pub f9: bool,
    /// `f10`.
    pub f10: bool,
    /// `f11`.
    pub f11: bool,
    /// `f12`.
    pub f12: bool,
    /// `f13`.
    pub f13: bool,
    /// `f14`.
    pub f14: bool,
    /// `f15`.
    pub f15: bool,
    /// `f16`.
    pub f16: bool,
}

wit::flags!(ManyFlags {
    f0: "f0",
    f1: "f1",
    f2: "f2",
    f3: "f3",
    f4: "f4",
    f5: "f5",
    f6: "f6",
    f7: "f7",
    f8: "f8",
    f9: "f9",
    f10: "f10",
    f11: "f11",
    f12: "f12",
    f13: "f13",
    f14: "f14",
    f15: "f15",
    f16: "f16",
});

wit::values!(Line, Color, Shape, Order, Record);

/// The tasks of `types`.
///
/// `test:types/again@0.1.0`: A second function `echo-u32`: its name alone does not say which one.
#[derive(Debug, Clone)]
pub struct Types {
    client: Client,
    queue: Option<String>,
}

impl Types {
    /// On this client's host; a call goes to the queue of its task's manifest.
    pub fn new(client: &Client) -> Self {
        Self {
            client: client.clone(),
            queue: None,
        }
    }

    /// The same, whose calls go to this queue.
    pub fn on(client: &Client, queue: impl Into<String>) -> Self {
        Self {
            client: client.clone(),
            queue: Some(queue.into()),
        }
    }

    /// A function of the world itself, in no interface.
    pub fn top_level(&self, v: Option<u32>) -> TypedCall<(u32, String)> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/top-level", args)
    }

    /// `echo-u8`.
    pub fn echo_u8(&self, v: u8) -> TypedCall<u8> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#echo-u8", args)
    }

    /// `echo-u16`.
    pub fn echo_u16(&self, v: u16) -> TypedCall<u16> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#echo-u16", args)
    }

    /// `echo-u32`.
    pub fn echo_echo_u32(&self, v: u32) -> TypedCall<u32> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#echo-u32", args)
    }

    /// `echo-u64`.
    pub fn echo_u64(&self, v: u64) -> TypedCall<u64> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#echo-u64", args)
    }

    /// `echo-s8`.
    pub fn echo_s8(&self, v: i8) -> TypedCall<i8> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#echo-s8", args)
    }

    /// `echo-s16`.
    pub fn echo_s16(&self, v: i16) -> TypedCall<i16> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#echo-s16", args)
    }

    /// `echo-s32`.
    pub fn echo_s32(&self, v: i32) -> TypedCall<i32> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#echo-s32", args)
    }

    /// `echo-s64`.
    pub fn echo_s64(&self, v: i64) -> TypedCall<i64> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#echo-s64", args)
    }

    /// `echo-f32`.
    pub fn echo_f32(&self, v: f32) -> TypedCall<f32> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#echo-f32", args)
    }

    /// `echo-f64`.
    pub fn echo_f64(&self, v: f64) -> TypedCall<f64> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#echo-f64", args)
    }

    /// `echo-bool`.
    pub fn echo_bool(&self, v: bool) -> TypedCall<bool> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#echo-bool", args)
    }

    /// `echo-char`.
    pub fn echo_char(&self, v: char) -> TypedCall<char> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#echo-char", args)
    }

    /// `echo-string`.
    pub fn echo_string(&self, v: impl Into<String>) -> TypedCall<String> {
        let args = [
            wit::argument::<String>(&v.into()),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#echo-string", args)
    }

    /// `echo-bytes`.
    pub fn echo_bytes(&self, v: Vec<u8>) -> TypedCall<Vec<u8>> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#echo-bytes", args)
    }

    /// `echo-list`.
    pub fn echo_list(&self, v: Vec<i32>) -> TypedCall<Vec<i32>> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#echo-list", args)
    }

    /// `echo-names`.
    pub fn echo_names(&self, v: Vec<String>) -> TypedCall<Vec<String>> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#echo-names", args)
    }

    /// `echo-nested-list`.
    pub fn echo_nested_list(&self, v: Vec<Vec<String>>) -> TypedCall<Vec<Vec<String>>> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#echo-nested-list", args)
    }

    /// `echo-tuple`.
    pub fn echo_tuple(&self, v: (u8, String, bool)) -> TypedCall<(u8, String, bool)> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#echo-tuple", args)
    }

    /// `echo-option`.
    pub fn echo_option(&self, v: Option<String>) -> TypedCall<Option<String>> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#echo-option", args)
    }

    /// `echo-nested-option`.
    pub fn echo_nested_option(&self, v: Option<Option<u8>>) -> TypedCall<Option<Option<u8>>> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#echo-nested-option", args)
    }

    /// `echo-record`.
    pub fn echo_record(&self, v: Order) -> TypedCall<Order> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#echo-record", args)
    }

    /// `echo-keywords`.
    pub fn echo_keywords(&self, record: Record) -> TypedCall<Record> {
        let args = [
            wit::argument(&record),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#echo-keywords", args)
    }

    /// `echo-variant`.
    pub fn echo_variant(&self, v: Shape) -> TypedCall<Shape> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#echo-variant", args)
    }

    /// `echo-enum`.
    pub fn echo_enum(&self, v: Color) -> TypedCall<Color> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#echo-enum", args)
    }

    /// `echo-flags`.
    pub fn echo_flags(&self, v: Permissions) -> TypedCall<Permissions> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#echo-flags", args)
    }

    /// `echo-many-flags`.
    pub fn echo_many_flags(&self, v: ManyFlags) -> TypedCall<ManyFlags> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#echo-many-flags", args)
    }

    /// The result lies in a tuple, so that it is data and no failure.
    pub fn echo_result(&self, v: Result<u32, String>) -> TypedCall<(Result<u32, String>,)> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#echo-result", args)
    }

    /// The result is the function's own: an `err` is a failure.
    pub fn return_result(&self, v: Result<u32, String>) -> TypedCall<u32, String> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#return-result", args)
    }

    /// `return-typed-error`.
    pub fn return_typed_error(&self, v: Shape) -> TypedCall<String, Shape> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#return-typed-error", args)
    }

    /// `return-bare-result`.
    pub fn return_bare_result(&self, ok: bool) -> TypedCall<()> {
        let args = [
            wit::argument(&ok),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#return-bare-result", args)
    }

    /// `return-only-ok`.
    pub fn return_only_ok(&self, ok: bool) -> TypedCall<String> {
        let args = [
            wit::argument(&ok),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#return-only-ok", args)
    }

    /// `return-only-err`.
    pub fn return_only_err(&self, ok: bool) -> TypedCall<(), String> {
        let args = [
            wit::argument(&ok),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#return-only-err", args)
    }

    /// Several parameters, to be given by position or by name.
    pub fn join(&self, first_part: impl Into<String>, second_part: impl Into<String>, times: u32) -> TypedCall<String> {
        let args = [
            wit::argument::<String>(&first_part.into()),
            wit::argument::<String>(&second_part.into()),
            wit::argument(&times),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#join", args)
    }

    /// `nothing`.
    pub fn nothing(&self) -> TypedCall<()> {
        let args = Ok(Vec::new());
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/echo#nothing", args)
    }

    /// `echo-u32`.
    pub fn again_echo_u32(&self, v: u32) -> TypedCall<u32> {
        let args = [
            wit::argument(&v),
        ]
        .into_iter()
        .collect();
        TypedCall::new(&self.client, self.queue.as_deref(), "types/test:types/again#echo-u32", args)
    }
}
