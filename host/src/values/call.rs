//! One call: its arguments as a caller gives them, their canonical form, and its outcome.

use serde_json::value::RawValue;

use super::json::{Reader, TooLong, append, expected};
use super::mistake::{Mistakes, Place, counted};
use super::types::{Function, Param, Type};
use super::value::Value;

/// What the places of arguments begin with.
const ROOT: &str = "args";

impl Function {
    /// Checks the arguments of a call: an array by position or an object by name. Parameters that
    /// are options may be left out, by position at the end only.
    ///
    /// ```
    /// use windlass::values::{Function, Param, Type};
    ///
    /// let resize = Function {
    ///     params: vec![Param { name: "size".into(), ty: Type::U32 }],
    ///     result: None,
    ///     is_async: false,
    /// };
    /// let json = serde_json::value::to_raw_value(&[-1]).unwrap();
    ///
    /// let mistakes = resize.arguments(&json).unwrap_err();
    ///
    /// assert_eq!(mistakes.to_string(), "args[0]: expected u32, got -1");
    /// ```
    ///
    /// # Errors
    ///
    /// Everything that does not fit, with its place, as in `args[1].sizes[3]: expected u32, got -1`.
    pub fn arguments(&self, json: &RawValue) -> Result<Vec<Value>, Mistakes> {
        let mut reader = Reader::new(json);
        let root = Place::Root(ROOT);
        let values = match json.get().trim_start().as_bytes().first() {
            Some(b'[') => self.by_position(&mut reader, &root),
            Some(b'{') => self.by_name(&mut reader, &root),
            _ => {
                let message = format!(
                    "expected an array or an object of {}, got {}",
                    self.wanted(),
                    super::mistake::shortened(json.get())
                );
                return Err(Mistakes::one(ROOT, message));
            }
        };
        match values {
            Some(values) if reader.mistakes.is_empty() => Ok(values),
            _ => Err(reader.mistakes),
        }
    }

    /// As [`arguments`](Self::arguments), from a tree. Text is better where there is a choice:
    /// serde_json rounds long floats on their way into a tree.
    ///
    /// # Errors
    ///
    /// As [`arguments`](Self::arguments).
    pub fn arguments_of_tree(&self, json: &serde_json::Value) -> Result<Vec<Value>, Mistakes> {
        self.decode(json.to_string().as_bytes())
    }

    /// As [`arguments`](Self::arguments), from bytes: what `canonical` made, or what came by SQL.
    ///
    /// # Errors
    ///
    /// As [`arguments`](Self::arguments), or that the bytes are no JSON.
    pub fn decode(&self, json: &[u8]) -> Result<Vec<Value>, Mistakes> {
        let json: &RawValue = serde_json::from_slice(json)
            .map_err(|error| Mistakes::one(ROOT, format!("not JSON: {error}")))?;
        self.arguments(json)
    }

    /// The canonical form of checked arguments: a JSON array by position. Two calls are the same
    /// if these bytes are.
    ///
    /// # Errors
    ///
    /// If it would become longer than `limit` bytes.
    pub fn canonical(&self, arguments: &[Value], limit: usize) -> Result<Vec<u8>, TooLong> {
        let mut out = Vec::with_capacity(128.min(limit));
        out.push(b'[');
        for (index, (value, param)) in arguments.iter().zip(&self.params).enumerate() {
            if index > 0 {
                out.push(b',');
            }
            append(&mut out, value, &param.ty, limit)?;
        }
        out.push(b']');
        match out.len() <= limit {
            true => Ok(out),
            false => Err(TooLong { limit }),
        }
    }

    /// What a call that returned is remembered by: its value as JSON, or what it failed with. Of a
    /// `result<T, E>` that is the T or the E; nothing becomes null.
    ///
    /// # Errors
    ///
    /// If it would become longer than `limit` bytes.
    pub fn returned(&self, value: Option<&Value>, limit: usize) -> Result<Returned, TooLong> {
        let json = |value: Option<&Value>, ty: Option<&Type>| {
            let mut out = Vec::new();
            match (value, ty) {
                (Some(value), Some(ty)) => append(&mut out, value, ty, limit)?,
                _ => out.extend_from_slice(b"null"),
            }
            Ok(out)
        };
        Ok(match (value, &self.result) {
            (Some(Value::Result(Ok(value))), Some(Type::Result { ok, .. })) => {
                Returned::Value(json(value.as_deref(), ok.as_deref())?)
            }
            (Some(Value::Result(Err(value))), Some(Type::Result { err, .. })) => {
                Returned::Err(json(value.as_deref(), err.as_deref())?)
            }
            (value, ty) => Returned::Value(json(value, ty.as_ref())?),
        })
    }

    /// The type of the value that a handle gives: the result, or the T of a `result<T, E>`.
    pub fn value_type(&self) -> Option<&Type> {
        match self.result.as_ref()? {
            Type::Result { ok, .. } => ok.as_deref(),
            ty => Some(ty),
        }
    }

    fn by_position(&self, reader: &mut Reader<'_>, root: &Place<'_>) -> Option<Vec<Value>> {
        reader.enter();
        let mut values = Vec::with_capacity(self.params.len());
        let mut count = 0;
        while reader.more() {
            match self.params.get(count) {
                Some(param) => values.extend(reader.value(&param.ty, &root.index(count))),
                None => reader.skip(),
            }
            count += 1;
        }
        if count > self.params.len() {
            reader
                .mistakes
                .add(root, || format!("expected {}, got {count}", self.wanted()));
        }
        for (index, param) in self.params.iter().enumerate().skip(count) {
            values.extend(missing(reader, param, &root.index(index)));
        }
        (values.len() == self.params.len()).then_some(values)
    }

    fn by_name(&self, reader: &mut Reader<'_>, root: &Place<'_>) -> Option<Vec<Value>> {
        reader.enter();
        let mut slots: Vec<Option<Option<Value>>> = vec![None; self.params.len()];
        while reader.more() {
            let Some(name) = reader.key(root) else {
                continue;
            };
            let place = root.name(&name);
            let Some(index) = self.params.iter().position(|param| param.name == name) else {
                let known = self.params.iter().map(|param| param.name.as_str());
                reader.unknown("parameter", known, &place);
                reader.skip();
                continue;
            };
            if slots[index].is_some() {
                reader.mistakes.add(&place, || "given twice".into());
            }
            slots[index] = Some(reader.value(&self.params[index].ty, &place));
        }
        let mut values = Vec::with_capacity(self.params.len());
        for (slot, param) in slots.into_iter().zip(&self.params) {
            values.extend(slot.unwrap_or_else(|| missing(reader, param, &root.name(&param.name))));
        }
        (values.len() == self.params.len()).then_some(values)
    }

    /// `2 arguments (url: string, sizes: list<u32>)`
    fn wanted(&self) -> String {
        let count = counted(self.params.len(), "argument");
        if self.params.is_empty() {
            return count;
        }
        let params = self
            .params
            .iter()
            .map(|param| format!("{}: {}", param.name, param.ty));
        let params = params.collect::<Vec<_>>();
        format!(
            "{count} ({})",
            super::mistake::listed(params.iter().map(String::as_str))
        )
    }
}

/// What a call that returned is remembered by, as canonical JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Returned {
    /// The function succeeded: its value.
    Value(Vec<u8>),
    /// The function returned `err`: its payload.
    Err(Vec<u8>),
}

fn missing(reader: &mut Reader<'_>, param: &Param, place: &Place<'_>) -> Option<Value> {
    if matches!(param.ty, Type::Option(_)) {
        return Some(Value::Option(None));
    }
    reader.mistakes.add(place, || {
        format!("missing, expected {}: {}", param.name, expected(&param.ty))
    });
    None
}
