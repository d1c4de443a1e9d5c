//! From JSON to the values that are made of named parts: records, maps, tuples, variants, options,
//! results and flags.

use std::collections::HashSet;

use super::super::mistake::{Place, listed, quoted, shortened};
use super::super::types::{Case, Field};
use super::super::{Type, Value};
use super::cursor::Kind;
use super::expect::expected;
use super::read::{Reader, push};
use super::write::Typed;

impl Reader<'_> {
    pub(super) fn record(
        &mut self,
        ty: &Type,
        fields: &[Field],
        place: &Place<'_>,
    ) -> Option<Value> {
        self.enter_object(ty, place)?;
        self.spend(fields.len(), place).or_else(|| self.leave())?;
        // Outside: whether the field was there. Inside: whether it could be read.
        let mut slots: Vec<Option<Option<Value>>> = vec![None; fields.len()];
        let mut next = 0;
        let mut clean = true;
        while self.cursor.more() {
            let Some(key) = self.key(place) else {
                clean = false;
                continue;
            };
            let Some(index) = position(fields, next, &key) else {
                let known = fields.iter().map(|field| field.name.as_str());
                self.unknown("field", known, &place.name(&key));
                self.cursor.skip();
                clean = false;
                continue;
            };
            next = index + 1;
            let place = place.name(&fields[index].name);
            if slots[index].is_some() {
                self.mistakes.add(&place, || "given twice".into());
                clean = false;
            }
            slots[index] = Some(self.value(&fields[index].ty, &place));
        }
        let mut values = Some(Vec::with_capacity(fields.len()));
        for (slot, field) in slots.into_iter().zip(fields) {
            let value = slot.unwrap_or_else(|| self.missing(&field.ty, &place.name(&field.name)));
            push(&mut values, value);
        }
        values.filter(|_| clean).map(Value::Record)
    }

    /// The value of what was left out: null for an option, else a mistake.
    pub(in super::super) fn missing(&mut self, ty: &Type, place: &Place<'_>) -> Option<Value> {
        if let Type::Option(_) = ty {
            return Some(Value::Option(None));
        }
        self.mistakes
            .add(place, || format!("missing, expected {}", expected(ty)));
        None
    }

    /// Leaves an array or an object whose beginning was entered, unread.
    fn leave(&mut self) -> Option<()> {
        while self.cursor.more() {
            // A key is a string, and passing over its value passes over the colon.
            self.cursor.skip();
        }
        None
    }

    pub(super) fn map(
        &mut self,
        ty: &Type,
        key: &Type,
        value: &Type,
        place: &Place<'_>,
    ) -> Option<Value> {
        let mut pairs = Some(Vec::new());
        if *key == Type::String {
            self.enter_object(ty, place)?;
            while self.cursor.more() {
                let pair = self.key(place).and_then(|name| {
                    let value = self.value(value, &place.name(&name))?;
                    Some((Value::String(name.into_owned()), value))
                });
                push(&mut pairs, pair);
            }
        } else {
            self.enter_array(ty, place)?;
            let types = [key.clone(), value.clone()];
            let pair = Type::Tuple(types.into());
            let mut index = 0;
            while self.cursor.more() {
                let read = match self.value(&pair, &place.index(index)) {
                    Some(Value::Tuple(pair)) => <[Value; 2]>::try_from(pair).ok(),
                    _ => None,
                };
                push(&mut pairs, read.map(|[key, value]| (key, value)));
                index += 1;
            }
        }
        let pairs = pairs?;
        match twice(&pairs, key) {
            None => Some(Value::Map(pairs)),
            Some(key) => {
                self.mistakes.add(place, || {
                    format!("the key {} is given twice", shortened(&key))
                });
                None
            }
        }
    }

    pub(super) fn tuple(&mut self, ty: &Type, types: &[Type], place: &Place<'_>) -> Option<Value> {
        self.enter_array(ty, place)?;
        let mut values = Some(Vec::with_capacity(types.len()));
        let mut count = 0;
        while self.cursor.more() {
            match types.get(count) {
                Some(ty) => {
                    let value = self.value(ty, &place.index(count));
                    push(&mut values, value);
                }
                None => {
                    self.cursor.skip();
                }
            }
            count += 1;
        }
        match count == types.len() {
            true => values.map(Value::Tuple),
            false => self.wrong_count(types.len(), count, place),
        }
    }

    pub(super) fn variant(
        &mut self,
        ty: &Type,
        cases: &[Case],
        place: &Place<'_>,
    ) -> Option<Value> {
        if self.cursor.kind() == Kind::String {
            let text = self.text(ty, place)?;
            return match cases.iter().position(|case| case.name == text) {
                None => self.unexpected(ty, place, || quoted(&text)),
                Some(index) => match &cases[index].ty {
                    None => Some(Value::Variant(index as u32, None)),
                    Some(payload) => {
                        let case = &cases[index].name;
                        self.mistakes.add(place, || {
                            let payload = expected(payload);
                            format!("`{case}` carries {payload}: write {{\"{case}\": …}}")
                        });
                        None
                    }
                },
            };
        }
        self.enter_object(ty, place)?;
        self.one_entry(ty, place, |reader, key, place| {
            let Some(index) = cases.iter().position(|case| case.name == key) else {
                let known = cases.iter().map(|case| case.name.as_str());
                reader.unknown("case", known, place);
                reader.cursor.skip();
                return None;
            };
            let Some(payload) = &cases[index].ty else {
                reader.mistakes.add(place, || {
                    format!("`{key}` carries nothing: write \"{key}\"")
                });
                reader.cursor.skip();
                return None;
            };
            let payload = reader.value(payload, place)?;
            Some(Value::Variant(index as u32, Some(Box::new(payload))))
        })
    }

    pub(super) fn option(&mut self, ty: &Type, some: &Type, place: &Place<'_>) -> Option<Value> {
        if self.cursor.kind() == Kind::Null {
            self.cursor.scalar();
            return Some(Value::Option(None));
        }
        let value = match some {
            Type::Option(_) => {
                self.enter_object(ty, place)?;
                self.one_entry(ty, place, |reader, key, place| match key {
                    "some" => reader.value(some, place),
                    _ => {
                        reader.unknown("case", ["some"].into_iter(), place);
                        reader.cursor.skip();
                        None
                    }
                })?
            }
            _ => self.value(some, place)?,
        };
        Some(Value::Option(Some(Box::new(value))))
    }

    pub(super) fn result(
        &mut self,
        ty: &Type,
        ok: Option<&Type>,
        err: Option<&Type>,
        place: &Place<'_>,
    ) -> Option<Value> {
        self.enter_object(ty, place)?;
        self.one_entry(ty, place, |reader, key, place| {
            let payload = match key {
                "ok" => ok,
                "err" => err,
                _ => {
                    reader.unknown("case", ["ok", "err"].into_iter(), place);
                    reader.cursor.skip();
                    return None;
                }
            };
            let payload = match payload {
                Some(ty) => Some(Box::new(reader.value(ty, place)?)),
                None if reader.cursor.kind() == Kind::Null => {
                    reader.cursor.scalar();
                    None
                }
                None => {
                    reader.cursor.skip();
                    reader.mistakes.add(place, || {
                        format!("`{key}` carries nothing: write {{\"{key}\": null}}")
                    });
                    return None;
                }
            };
            Some(Value::Result(match key {
                "ok" => Ok(payload),
                _ => Err(payload),
            }))
        })
    }

    /// Reads the only entry of an object that was entered.
    fn one_entry(
        &mut self,
        ty: &Type,
        place: &Place<'_>,
        read: impl FnOnce(&mut Self, &str, &Place<'_>) -> Option<Value>,
    ) -> Option<Value> {
        if !self.cursor.more() {
            return self.unexpected(ty, place, || "an empty object".into());
        }
        let value = match self.key(place) {
            Some(key) => read(self, &key, &place.name(&key)),
            None => None,
        };
        let mut alone = true;
        while self.cursor.more() {
            alone = false;
            self.cursor.skip();
        }
        match alone {
            true => value,
            false => self.unexpected(ty, place, || "an object with several entries".into()),
        }
    }

    pub(super) fn flags(
        &mut self,
        ty: &Type,
        flags: &[String],
        place: &Place<'_>,
    ) -> Option<Value> {
        self.enter_array(ty, place)?;
        let mut set = Some(Vec::new());
        let mut count = 0;
        while self.cursor.more() {
            let place = place.index(count);
            count += 1;
            let name = self.text(&Type::String, &place);
            let index = name.and_then(|name| {
                let index = flags.iter().position(|flag| *flag == name);
                if index.is_none() {
                    self.mistakes.add(&place, || {
                        let got = quoted(&name);
                        let known = listed(flags.iter().map(String::as_str));
                        format!("expected one of {known}, got {got}")
                    });
                }
                index
            });
            let index = index.filter(|index| {
                let twice = set
                    .as_ref()
                    .is_some_and(|set: &Vec<u32>| set.contains(&(*index as u32)));
                if twice {
                    self.mistakes.add(&place, || {
                        format!("the flag `{}` is given twice", flags[*index])
                    });
                }
                !twice
            });
            push(&mut set, index.map(|index| index as u32));
        }
        let mut set = set?;
        set.sort_unstable();
        Some(Value::Flags(set))
    }
}

/// The index of the field `key`, looked for first where the order of the type would have it.
fn position(fields: &[Field], hint: usize, key: &str) -> Option<usize> {
    match fields.get(hint) {
        Some(field) if field.name == key => Some(hint),
        _ => fields.iter().position(|field| field.name == key),
    }
}

/// A key that two of `pairs` have, as JSON.
fn twice(pairs: &[(Value, Value)], ty: &Type) -> Option<String> {
    let mut seen = HashSet::with_capacity(pairs.len());
    pairs.iter().find_map(|(key, _)| {
        let key = serde_json::to_string(&Typed::<false>(key, ty)).ok()?;
        seen.replace(key)
    })
}
