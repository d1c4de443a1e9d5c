//! One value into a guest: as core values, or into its memory. The value was checked against the
//! type under which the component was uploaded; that the component's own type asks for the same is
//! checked here once more, as it is what decides about layouts.

use wasmtime::component::__internal::wasmtime_environ::component::VariantInfo;
use wasmtime::component::__internal::{InterfaceType, LowerContext};
use wasmtime::component::Lower;
use wasmtime::{Result, ValRaw, bail, error::Context, format_err};

use crate::values::Value;

/// Core values, written one after the other.
pub(super) struct Slots<'a> {
    slots: &'a mut [ValRaw],
    written: usize,
}

impl<'a> Slots<'a> {
    pub fn new(slots: &'a mut [ValRaw]) -> Self {
        Self { slots, written: 0 }
    }

    /// How many were written.
    pub fn written(&self) -> usize {
        self.written
    }

    fn put(&mut self, value: ValRaw) -> Result<()> {
        let slot = self.slots.get_mut(self.written);
        *slot.context("more values are given than are asked for")? = value;
        self.written += 1;
        Ok(())
    }
}

pub(super) fn all_to_flat<T>(
    cx: &mut LowerContext<'_, T>,
    values: &[Value],
    types: &[InterfaceType],
    slots: &mut Slots<'_>,
) -> Result<()> {
    same_count(values.len(), types.len())?;
    for (value, ty) in values.iter().zip(types) {
        to_flat(cx, value, *ty, slots)?;
    }
    Ok(())
}

pub(super) fn all_to_memory<T>(
    cx: &mut LowerContext<'_, T>,
    values: &[Value],
    types: &[InterfaceType],
    mut offset: usize,
) -> Result<()> {
    same_count(values.len(), types.len())?;
    for (value, ty) in values.iter().zip(types) {
        let at = cx.types.canonical_abi(ty).next_field32_size(&mut offset);
        to_memory(cx, value, *ty, at)?;
    }
    Ok(())
}

fn to_flat<T>(
    cx: &mut LowerContext<'_, T>,
    value: &Value,
    ty: InterfaceType,
    slots: &mut Slots<'_>,
) -> Result<()> {
    use InterfaceType as Wasm;
    let types = cx.types;
    match (ty, value) {
        (Wasm::Bool, Value::Bool(value)) => slots.put(ValRaw::u32((*value).into())),
        (Wasm::S8, Value::S8(value)) => slots.put(ValRaw::i32((*value).into())),
        (Wasm::U8, Value::U8(value)) => slots.put(ValRaw::u32((*value).into())),
        (Wasm::S16, Value::S16(value)) => slots.put(ValRaw::i32((*value).into())),
        (Wasm::U16, Value::U16(value)) => slots.put(ValRaw::u32((*value).into())),
        (Wasm::S32, Value::S32(value)) => slots.put(ValRaw::i32(*value)),
        (Wasm::U32, Value::U32(value)) => slots.put(ValRaw::u32(*value)),
        (Wasm::S64, Value::S64(value)) => slots.put(ValRaw::i64(*value)),
        (Wasm::U64, Value::U64(value)) => slots.put(ValRaw::u64(*value)),
        (Wasm::Float32, Value::F32(value)) => slots.put(ValRaw::f32(value.to_bits())),
        (Wasm::Float64, Value::F64(value)) => slots.put(ValRaw::f64(value.to_bits())),
        (Wasm::Char, Value::Char(value)) => slots.put(ValRaw::u32((*value).into())),
        (Wasm::String, Value::String(_))
        | (Wasm::List(_), Value::Bytes(_) | Value::List(_))
        | (Wasm::Map(_), Value::Map(_)) => {
            let (at, count) = beside(cx, value, ty)?;
            slots.put(ValRaw::i64(at as i64))?;
            slots.put(ValRaw::i64(count as i64))
        }
        (Wasm::FixedLengthList(list), Value::List(values)) => {
            let list = &types[list];
            same_count(values.len(), list.size as usize)?;
            for value in values {
                to_flat(cx, value, list.element, slots)?;
            }
            Ok(())
        }
        (Wasm::Record(record), Value::Record(values)) => {
            let fields = &types[record].fields;
            same_count(values.len(), fields.len())?;
            for (value, field) in values.iter().zip(fields) {
                to_flat(cx, value, field.ty, slots)?;
            }
            Ok(())
        }
        (Wasm::Tuple(tuple), Value::Tuple(values)) => {
            all_to_flat(cx, values, &types[tuple].types, slots)
        }
        (Wasm::Flags(flags), Value::Flags(set)) => {
            for word in words(set, types[flags].names.len())? {
                slots.put(ValRaw::u32(word))?;
            }
            Ok(())
        }
        _ => {
            let case = Case::of(cx, value, ty)?;
            let abi = types.canonical_abi(&ty);
            let count = abi
                .flat_count(usize::MAX)
                .context("a variant is not flat")?;
            let end = slots.written + count;
            slots.put(ValRaw::u32(case.index))?;
            if let Some((value, ty)) = case.payload {
                to_flat(cx, value, ty, slots)?;
            }
            // Other cases may take more room than this one.
            while slots.written < end {
                slots.put(ValRaw::u64(0))?;
            }
            Ok(())
        }
    }
}

fn to_memory<T>(
    cx: &mut LowerContext<'_, T>,
    value: &Value,
    ty: InterfaceType,
    offset: usize,
) -> Result<()> {
    use InterfaceType as Wasm;
    let types = cx.types;
    match (ty, value) {
        (Wasm::Bool, Value::Bool(value)) => *cx.get(offset) = [u8::from(*value)],
        (Wasm::S8, Value::S8(value)) => *cx.get(offset) = value.to_le_bytes(),
        (Wasm::U8, Value::U8(value)) => *cx.get(offset) = [*value],
        (Wasm::S16, Value::S16(value)) => *cx.get(offset) = value.to_le_bytes(),
        (Wasm::U16, Value::U16(value)) => *cx.get(offset) = value.to_le_bytes(),
        (Wasm::S32, Value::S32(value)) => *cx.get(offset) = value.to_le_bytes(),
        (Wasm::U32, Value::U32(value)) => *cx.get(offset) = value.to_le_bytes(),
        (Wasm::S64, Value::S64(value)) => *cx.get(offset) = value.to_le_bytes(),
        (Wasm::U64, Value::U64(value)) => *cx.get(offset) = value.to_le_bytes(),
        (Wasm::Float32, Value::F32(value)) => *cx.get(offset) = value.to_bits().to_le_bytes(),
        (Wasm::Float64, Value::F64(value)) => *cx.get(offset) = value.to_bits().to_le_bytes(),
        (Wasm::Char, Value::Char(value)) => *cx.get(offset) = u32::from(*value).to_le_bytes(),
        (Wasm::String, Value::String(text)) => {
            // wasmtime knows the encodings of text.
            text.as_str().linear_lower_to_memory(cx, ty, offset)?;
        }
        (Wasm::List(_), Value::Bytes(_) | Value::List(_)) | (Wasm::Map(_), Value::Map(_)) => {
            let (at, count) = beside(cx, value, ty)?;
            *cx.get(offset) = u32::try_from(at)?.to_le_bytes();
            *cx.get(offset + 4) = u32::try_from(count)?.to_le_bytes();
        }
        (Wasm::FixedLengthList(list), Value::List(values)) => {
            let list = &types[list];
            same_count(values.len(), list.size as usize)?;
            elements(cx, values, list.element, offset)?;
        }
        (Wasm::Record(record), Value::Record(values)) => {
            let fields = &types[record].fields;
            same_count(values.len(), fields.len())?;
            let mut offset = offset;
            for (value, field) in values.iter().zip(fields) {
                let abi = types.canonical_abi(&field.ty);
                to_memory(cx, value, field.ty, abi.next_field32_size(&mut offset))?;
            }
        }
        (Wasm::Tuple(tuple), Value::Tuple(values)) => {
            all_to_memory(cx, values, &types[tuple].types, offset)?;
        }
        (Wasm::Flags(flags), Value::Flags(set)) => {
            let count = types[flags].names.len();
            let words = words(set, count)?;
            match (count, words.first()) {
                (..=8, Some(word)) => *cx.get(offset) = [*word as u8],
                (..=16, Some(word)) => *cx.get(offset) = (*word as u16).to_le_bytes(),
                _ => {
                    for (index, word) in words.iter().enumerate() {
                        *cx.get(offset + 4 * index) = word.to_le_bytes();
                    }
                }
            }
        }
        _ => {
            let case = Case::of(cx, value, ty)?;
            match usize::from(case.info.size) {
                1 => *cx.get(offset) = [case.index as u8],
                2 => *cx.get(offset) = (case.index as u16).to_le_bytes(),
                _ => *cx.get(offset) = case.index.to_le_bytes(),
            }
            if let Some((value, ty)) = case.payload {
                to_memory(cx, value, ty, offset + case.info.payload_offset32 as usize)?;
            }
        }
    }
    Ok(())
}

/// Puts what is of no fixed size into memory that the guest provides, and tells where it lies and
/// how many elements it has.
fn beside<T>(
    cx: &mut LowerContext<'_, T>,
    value: &Value,
    ty: InterfaceType,
) -> Result<(usize, usize)> {
    use InterfaceType as Wasm;
    let types = cx.types;
    match (ty, value) {
        (Wasm::String, Value::String(text)) => {
            let mut slots = std::mem::MaybeUninit::new([ValRaw::u64(0); 2]);
            text.as_str().linear_lower_to_flat(cx, ty, &mut slots)?;
            // SAFETY: both were initialised at the start.
            let [at, count] = unsafe { slots.assume_init() };
            Ok((at.get_u64() as usize, count.get_u64() as usize))
        }
        (Wasm::List(list), Value::Bytes(bytes)) if types[list].element == Wasm::U8 => {
            let at = cx.realloc(0, 0, 1, bytes.len())?;
            room(cx, at, bytes.len())?.copy_from_slice(bytes);
            Ok((at, bytes.len()))
        }
        (Wasm::List(list), Value::List(values)) => {
            let element = types[list].element;
            let abi = types.canonical_abi(&element);
            let size = values.len().checked_mul(abi.size32 as usize);
            let at = cx.realloc(0, 0, abi.align32, size.context("a list is too long")?)?;
            elements(cx, values, element, at)?;
            Ok((at, values.len()))
        }
        (Wasm::Map(map), Value::Map(pairs)) => {
            let map = &types[map];
            let entry = map.entry_abi.size32 as usize;
            let size = pairs
                .len()
                .checked_mul(entry)
                .context("a map is too long")?;
            let at = cx.realloc(0, 0, map.entry_abi.align32, size)?;
            for (index, (key, value)) in pairs.iter().enumerate() {
                let at = at + index * entry;
                to_memory(cx, key, map.key, at)?;
                to_memory(cx, value, map.value, at + map.value_offset32 as usize)?;
            }
            Ok((at, pairs.len()))
        }
        _ => bail!(unfit()),
    }
}

/// Writes the elements of a list; numbers all at once.
fn elements<T>(
    cx: &mut LowerContext<'_, T>,
    values: &[Value],
    ty: InterfaceType,
    offset: usize,
) -> Result<()> {
    macro_rules! numbers {
        ($variant:ident, $size:literal) => {{
            let room = room(cx, offset, values.len() * $size)?;
            for (room, value) in room.chunks_exact_mut($size).zip(values) {
                let Value::$variant(value) = value else {
                    bail!(unfit());
                };
                room.copy_from_slice(&value.to_le_bytes());
            }
        }};
    }
    match ty {
        InterfaceType::U8 => numbers!(U8, 1),
        InterfaceType::S8 => numbers!(S8, 1),
        InterfaceType::U16 => numbers!(U16, 2),
        InterfaceType::S16 => numbers!(S16, 2),
        InterfaceType::U32 => numbers!(U32, 4),
        InterfaceType::S32 => numbers!(S32, 4),
        InterfaceType::U64 => numbers!(U64, 8),
        InterfaceType::S64 => numbers!(S64, 8),
        InterfaceType::Float32 => numbers!(F32, 4),
        InterfaceType::Float64 => numbers!(F64, 8),
        _ => {
            let size = cx.types.canonical_abi(&ty).size32 as usize;
            for (index, value) in values.iter().enumerate() {
                to_memory(cx, value, ty, offset + index * size)?;
            }
        }
    }
    Ok(())
}

fn room<'a, T>(cx: &'a mut LowerContext<'_, T>, at: usize, size: usize) -> Result<&'a mut [u8]> {
    let rest = cx.as_slice_mut().get_mut(at..);
    let room = rest.and_then(|rest| rest.get_mut(..size));
    room.context("memory that the guest provided is beyond its end")
}

/// The case that a value is of, whatever its type calls its cases.
struct Case<'a> {
    index: u32,
    payload: Option<(&'a Value, InterfaceType)>,
    info: &'a VariantInfo,
}

impl<'a> Case<'a> {
    fn of<T>(cx: &LowerContext<'a, T>, value: &'a Value, ty: InterfaceType) -> Result<Self> {
        let types = cx.types;
        let (index, value, ty, info) = match (ty, value) {
            (InterfaceType::Variant(variant), Value::Variant(index, value)) => {
                let variant = &types[variant];
                let case = variant.cases.get_index(*index as usize);
                let (_, ty) = case.ok_or_else(unfit)?;
                (*index, value.as_deref(), *ty, &variant.info)
            }
            (InterfaceType::Enum(cases), Value::Enum(index)) => {
                let cases = &types[cases];
                if *index as usize >= cases.names.len() {
                    bail!(unfit());
                }
                (*index, None, None, &cases.info)
            }
            (InterfaceType::Option(option), Value::Option(value)) => {
                let option = &types[option];
                let ty = value.is_some().then_some(option.ty);
                (value.is_some().into(), value.as_deref(), ty, &option.info)
            }
            (InterfaceType::Result(result), Value::Result(value)) => {
                let result = &types[result];
                match value {
                    Ok(value) => (0, value.as_deref(), result.ok, &result.info),
                    Err(value) => (1, value.as_deref(), result.err, &result.info),
                }
            }
            _ => bail!(unfit()),
        };
        let payload = match (value, ty) {
            (Some(value), Some(ty)) => Some((value, ty)),
            (None, None) => None,
            _ => bail!(unfit()),
        };
        Ok(Self {
            index,
            payload,
            info,
        })
    }
}

/// The bits of flags, 32 a word.
fn words(set: &[u32], count: usize) -> Result<Vec<u32>> {
    let mut words = vec![0; count.div_ceil(32)];
    for index in set {
        if *index as usize >= count {
            bail!(unfit());
        }
        words[*index as usize / 32] |= 1 << (index % 32);
    }
    Ok(words)
}

fn same_count(given: usize, asked: usize) -> Result<()> {
    match given == asked {
        true => Ok(()),
        false => bail!(unfit()),
    }
}

#[cold]
fn unfit() -> wasmtime::Error {
    format_err!("a value does not fit the type that the component has for it")
}
