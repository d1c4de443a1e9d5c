//! From JSON to a value, as its type demands, collecting every mistake.
//!
//! A reader that meets a mistake notes it, passes over what it was reading and gives `None`, so
//! that what follows is still checked.

use std::borrow::Cow;
use std::str::FromStr;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::value::RawValue;

use super::super::mistake::{Mistakes, Place, counted, listed, quoted, shortened};
use super::super::{Type, Value};
use super::cursor::{Cursor, Kind};
use super::expect::expected;

/// How many values one call may hold. Every value costs a byte of JSON at least, except the
/// options that a record leaves out: those could make gigabytes of a small text.
const MAX_VALUES: usize = 4 << 20;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(in super::super) struct Reader<'a> {
    pub(super) cursor: Cursor<'a>,
    pub(in super::super) mistakes: Mistakes,
    values_left: usize,
    too_many: bool,
}

impl<'a> Reader<'a> {
    pub(in super::super) fn new(json: &'a RawValue) -> Self {
        Self {
            cursor: Cursor::new(json),
            mistakes: Mistakes::default(),
            values_left: MAX_VALUES,
            too_many: false,
        }
    }

    /// Reads the next value, or notes why it is none of type `ty`.
    pub(in super::super) fn value(&mut self, ty: &Type, place: &Place<'_>) -> Option<Value> {
        if self.spend(1, place).is_none() {
            self.cursor.skip();
            return None;
        }
        match ty {
            Type::Bool => match self.cursor.kind() {
                Kind::Bool => Some(Value::Bool(self.cursor.scalar() == "true")),
                _ => self.wrong(ty, place),
            },
            Type::S8 => self.integer(ty, place).map(Value::S8),
            Type::U8 => self.integer(ty, place).map(Value::U8),
            Type::S16 => self.integer(ty, place).map(Value::S16),
            Type::U16 => self.integer(ty, place).map(Value::U16),
            Type::S32 => self.integer(ty, place).map(Value::S32),
            Type::U32 => self.integer(ty, place).map(Value::U32),
            Type::S64 => self.long_integer(ty, place).map(Value::S64),
            Type::U64 => self.long_integer(ty, place).map(Value::U64),
            Type::F32 => {
                let value = self.float(ty, place, f32::is_finite, f32::NAN, f32::INFINITY);
                value.map(Value::F32)
            }
            Type::F64 => {
                let value = self.float(ty, place, f64::is_finite, f64::NAN, f64::INFINITY);
                value.map(Value::F64)
            }
            Type::Char => self.char(place),
            Type::String => match self.text(ty, place)? {
                Cow::Borrowed(text) => Some(Value::String(text.to_owned())),
                Cow::Owned(text) => Some(Value::String(text)),
            },
            Type::List(element) if **element == Type::U8 => self.bytes(ty, place),
            Type::List(element) => self.list(ty, element, None, place),
            Type::FixedList(element, length) => self.list(ty, element, Some(*length), place),
            Type::Map(key, value) => self.map(ty, key, value, place),
            Type::Record(record) => self.record(ty, &record.fields, place),
            Type::Tuple(types) => self.tuple(ty, types, place),
            Type::Variant(variant) => self.variant(ty, &variant.cases, place),
            Type::Enum(cases) => {
                let text = self.text(ty, place)?;
                match cases.cases.iter().position(|case| *case == text) {
                    Some(index) => Some(Value::Enum(index as u32)),
                    None => self.unexpected(ty, place, || quoted(&text)),
                }
            }
            Type::Option(some) => self.option(ty, some, place),
            Type::Result { ok, err } => self.result(ty, ok.as_deref(), err.as_deref(), place),
            Type::Flags(flags) => self.flags(ty, &flags.flags, place),
        }
    }

    /// Goes into the array or object that comes next.
    pub(in super::super) fn enter(&mut self) {
        self.cursor.enter();
    }

    /// Whether another element or key follows.
    pub(in super::super) fn more(&mut self) -> bool {
        self.cursor.more()
    }

    /// Passes over a value.
    pub(in super::super) fn skip(&mut self) {
        self.cursor.skip();
    }

    /// Takes `count` values from what one call may hold.
    pub(in super::super) fn spend(&mut self, count: usize, place: &Place<'_>) -> Option<()> {
        if let Some(left) = self.values_left.checked_sub(count) {
            self.values_left = left;
            return Some(());
        }
        if !self.too_many {
            self.too_many = true;
            self.mistakes.add(place, || {
                format!("the call holds more than {MAX_VALUES} values, make several calls of it")
            });
        }
        // What is left would not be enough for anything that follows either.
        self.values_left = 0;
        None
    }

    /// Passes over a value that is not of type `ty`, and says so.
    fn wrong<T>(&mut self, ty: &Type, place: &Place<'_>) -> Option<T> {
        let kind = self.cursor.kind();
        let text = self.cursor.skip();
        self.unexpected(ty, place, || match kind {
            Kind::Array => "an array".to_owned(),
            Kind::Object => "an object".to_owned(),
            _ => shortened(text),
        })
    }

    pub(super) fn unexpected<T>(
        &mut self,
        ty: &Type,
        place: &Place<'_>,
        got: impl FnOnce() -> String,
    ) -> Option<T> {
        self.mistakes.add(place, || {
            format!("expected {}, got {}", expected(ty), got())
        });
        None
    }

    /// Takes a string, where `ty` is written as one.
    pub(super) fn text(&mut self, ty: &Type, place: &Place<'_>) -> Option<Cow<'a, str>> {
        if self.cursor.kind() != Kind::String {
            return self.wrong(ty, place);
        }
        match self.cursor.string() {
            Ok(text) => Some(text),
            Err(_) => {
                self.mistakes.add(place, || half_a_surrogate_pair().into());
                None
            }
        }
    }

    /// Goes into an array, where `ty` is written as one.
    pub(super) fn enter_array(&mut self, ty: &Type, place: &Place<'_>) -> Option<()> {
        match self.cursor.kind() {
            Kind::Array => {
                self.cursor.enter();
                Some(())
            }
            _ => self.wrong(ty, place),
        }
    }

    /// Goes into an object, where `ty` is written as one.
    pub(super) fn enter_object(&mut self, ty: &Type, place: &Place<'_>) -> Option<()> {
        match self.cursor.kind() {
            Kind::Object => {
                self.cursor.enter();
                Some(())
            }
            _ => self.wrong(ty, place),
        }
    }

    /// Takes a key; one that is no Unicode text is a mistake, and its value is passed over.
    pub(in super::super) fn key(&mut self, place: &Place<'_>) -> Option<Cow<'a, str>> {
        match self.cursor.key() {
            Ok(key) => Some(key),
            Err(_) => {
                self.mistakes.add(place, || half_a_surrogate_pair().into());
                self.cursor.skip();
                None
            }
        }
    }

    fn integer<T: FromStr>(&mut self, ty: &Type, place: &Place<'_>) -> Option<T> {
        if self.cursor.kind() != Kind::Number {
            return self.wrong(ty, place);
        }
        let text = self.cursor.scalar();
        if let Ok(value) = text.parse() {
            return Some(value);
        }
        self.mistakes.add(place, || {
            let got = shortened(text);
            match text.contains(['.', 'e', 'E']) {
                true => {
                    format!("expected {ty}, got {got} (write it without fraction and exponent)")
                }
                false => format!("expected {ty}, got {got}"),
            }
        });
        None
    }

    /// An integer that some languages cannot write as a JSON number: decimal text will do.
    fn long_integer<T: FromStr>(&mut self, ty: &Type, place: &Place<'_>) -> Option<T> {
        if self.cursor.kind() != Kind::String {
            return self.integer(ty, place);
        }
        let text = self.text(ty, place)?;
        match text.parse() {
            Ok(value) if !text.starts_with('+') => Some(value),
            _ => self.unexpected(ty, place, || quoted(&text)),
        }
    }

    fn float<T: FromStr + Copy + std::ops::Neg<Output = T>>(
        &mut self,
        ty: &Type,
        place: &Place<'_>,
        is_finite: impl FnOnce(T) -> bool,
        nan: T,
        infinity: T,
    ) -> Option<T> {
        if self.cursor.kind() == Kind::String {
            let text = self.text(ty, place)?;
            return match &*text {
                "NaN" => Some(nan),
                "Infinity" => Some(infinity),
                "-Infinity" => Some(-infinity),
                _ => self.unexpected(ty, place, || quoted(&text)),
            };
        }
        if self.cursor.kind() != Kind::Number {
            return self.wrong(ty, place);
        }
        let text = self.cursor.scalar();
        match text.parse() {
            Ok(value) if is_finite(value) => Some(value),
            _ => self.unexpected(ty, place, || {
                format!("{}, which is too large for it", shortened(text))
            }),
        }
    }

    fn char(&mut self, place: &Place<'_>) -> Option<Value> {
        let text = self.text(&Type::Char, place)?;
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(char), None) => Some(Value::Char(char)),
            _ => self.unexpected(&Type::Char, place, || quoted(&text)),
        }
    }

    fn bytes(&mut self, ty: &Type, place: &Place<'_>) -> Option<Value> {
        if self.cursor.kind() != Kind::String {
            self.enter_array(ty, place)?;
            let mut bytes = Some(Vec::new());
            let mut index = 0;
            while self.cursor.more() {
                let byte = self.integer(&Type::U8, &place.index(index));
                push(&mut bytes, byte);
                index += 1;
            }
            return bytes.map(Value::Bytes);
        }
        let text = self.text(ty, place)?;
        match BASE64.decode(text.as_bytes()) {
            Ok(bytes) => Some(Value::Bytes(bytes)),
            Err(error) => {
                let reason = match error {
                    base64::DecodeError::InvalidByte(at, byte) => match byte {
                        b'-' | b'_' => format!(
                            "`{}` at byte {at} is of the alphabet for URLs, use `+` and `/`",
                            char::from(byte)
                        ),
                        _ => format!("it has no `{}` (at byte {at})", byte.escape_ascii()),
                    },
                    _ => "its end is cut off".to_owned(),
                };
                self.unexpected(ty, place, || {
                    format!("{}, which is no base64: {reason}", quoted(&text))
                })
            }
        }
    }

    fn list(
        &mut self,
        ty: &Type,
        element: &Type,
        length: Option<u32>,
        place: &Place<'_>,
    ) -> Option<Value> {
        self.enter_array(ty, place)?;
        let mut values = Some(Vec::new());
        let mut count = 0;
        while self.cursor.more() {
            let value = self.value(element, &place.index(count));
            push(&mut values, value);
            count += 1;
        }
        if let Some(length) = length.map(|length| length as usize)
            && length != count
        {
            return self.wrong_count(length, count, place);
        }
        values.map(Value::List)
    }

    pub(super) fn wrong_count<T>(
        &mut self,
        expected: usize,
        got: usize,
        place: &Place<'_>,
    ) -> Option<T> {
        self.mistakes.add(place, || {
            format!("expected {}, got {got}", counted(expected, "element"))
        });
        None
    }

    pub(in super::super) fn unknown<'k>(
        &mut self,
        what: &str,
        known: impl ExactSizeIterator<Item = &'k str>,
        place: &Place<'_>,
    ) {
        self.mistakes.add(place, || match known.len() {
            0 => format!("unknown {what}, there is none"),
            _ => format!("unknown {what}, expected one of {}", listed(known)),
        });
    }
}

/// Adds to what is read so far, or forgets it when a part is missing.
pub(super) fn push<T>(all: &mut Option<Vec<T>>, one: Option<T>) {
    match (all.as_mut(), one) {
        (Some(all), Some(one)) => all.push(one),
        _ => *all = None,
    }
}

fn half_a_surrogate_pair() -> &'static str {
    "expected Unicode text, got half a surrogate pair"
}
