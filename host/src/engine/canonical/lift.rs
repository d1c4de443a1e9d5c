//! One value out of a guest: from core values, or from its memory. Nothing that a guest says is
//! believed: offsets, lengths, discriminants and text are checked, and what a value takes of the
//! host's memory is paid for before it is made.

use wasmtime::component::__internal::wasmtime_environ::component::VariantInfo;
use wasmtime::component::__internal::{InterfaceType, LiftContext};
use wasmtime::component::Lift;
use wasmtime::{Result, ValRaw, bail, error::Context};

use crate::values::Value;

/// Core values, read one after the other.
type Slots<'a> = std::slice::Iter<'a, ValRaw>;

/// What the payload of a case may be, by the index of the case.
type Payloads<'a> = dyn Fn(usize) -> Option<Option<InterfaceType>> + 'a;

pub(super) fn all_from_flat(
    cx: &mut LiftContext<'_>,
    types: &[InterfaceType],
    slots: &mut Slots<'_>,
) -> Result<Vec<Value>> {
    pay(cx, types.len())?;
    types.iter().map(|ty| from_flat(cx, *ty, slots)).collect()
}

pub(super) fn all_from_memory(
    cx: &mut LiftContext<'_>,
    types: &[InterfaceType],
    bytes: &[u8],
) -> Result<Vec<Value>> {
    pay(cx, types.len())?;
    let mut offset = 0;
    let values = types.iter().map(|ty| {
        let abi = cx.types.canonical_abi(ty);
        let at = abi.next_field32_size(&mut offset);
        let part = part(bytes, at, abi.size32 as usize)?;
        from_memory(cx, *ty, part)
    });
    values.collect()
}

/// So many bytes of the guest's memory.
pub(super) fn slice<'a>(cx: &LiftContext<'a>, at: usize, size: usize) -> Result<&'a [u8]> {
    let rest = cx.memory().get(at..);
    let bytes = rest.and_then(|rest| rest.get(..size));
    bytes.context("a pointer of the guest leads out of its memory")
}

fn from_flat(cx: &mut LiftContext<'_>, ty: InterfaceType, slots: &mut Slots<'_>) -> Result<Value> {
    use InterfaceType as Wasm;
    let types = cx.types;
    Ok(match ty {
        Wasm::Bool => Value::Bool(next(slots)?.get_i32() != 0),
        Wasm::S8 => Value::S8(next(slots)?.get_i32() as i8),
        Wasm::U8 => Value::U8(next(slots)?.get_u32() as u8),
        Wasm::S16 => Value::S16(next(slots)?.get_i32() as i16),
        Wasm::U16 => Value::U16(next(slots)?.get_u32() as u16),
        Wasm::S32 => Value::S32(next(slots)?.get_i32()),
        Wasm::U32 => Value::U32(next(slots)?.get_u32()),
        Wasm::S64 => Value::S64(next(slots)?.get_i64()),
        Wasm::U64 => Value::U64(next(slots)?.get_u64()),
        Wasm::Float32 => Value::F32(f32::from_bits(next(slots)?.get_f32())),
        Wasm::Float64 => Value::F64(f64::from_bits(next(slots)?.get_f64())),
        Wasm::Char => Value::Char(next(slots)?.get_u32().try_into()?),
        Wasm::String => {
            // wasmtime knows the encodings of text.
            let pair = [*next(slots)?, *next(slots)?];
            Value::String(String::linear_lift_from_flat(cx, ty, &pair)?)
        }
        Wasm::List(_) | Wasm::Map(_) => {
            let at = next(slots)?.get_u32() as usize;
            let count = next(slots)?.get_u32() as usize;
            beside(cx, ty, at, count)?
        }
        Wasm::FixedLengthList(list) => {
            let list = &types[list];
            pay(cx, list.size as usize)?;
            let values = (0..list.size).map(|_| from_flat(cx, list.element, slots));
            Value::List(values.collect::<Result<_>>()?)
        }
        Wasm::Record(record) => {
            let fields = &types[record].fields;
            pay(cx, fields.len())?;
            let values = fields.iter().map(|field| from_flat(cx, field.ty, slots));
            Value::Record(values.collect::<Result<_>>()?)
        }
        Wasm::Tuple(tuple) => Value::Tuple(all_from_flat(cx, &types[tuple].types, slots)?),
        Wasm::Flags(flags) => {
            let count = types[flags].names.len();
            let words = (0..count.div_ceil(32)).map(|_| Ok(next(slots)?.get_u32()));
            let words = words.collect::<Result<Vec<_>>>()?;
            flags_of(cx, &words, count)?
        }
        _ => {
            let abi = types.canonical_abi(&ty);
            let count = abi
                .flat_count(usize::MAX)
                .context("a variant is not flat")?;
            let after = slots.len().checked_sub(count);
            let after = after.context("fewer values are given than are asked for")?;
            let index = next(slots)?.get_u32();
            let value = case(cx, ty, index, |cx, ty| from_flat(cx, ty, slots))?;
            // Other cases may take more room than this one.
            while slots.len() > after {
                slots.next();
            }
            value
        }
    })
}

fn from_memory(cx: &mut LiftContext<'_>, ty: InterfaceType, bytes: &[u8]) -> Result<Value> {
    use InterfaceType as Wasm;
    let types = cx.types;
    Ok(match ty {
        Wasm::Bool => Value::Bool(u8::from_le_bytes(number(bytes)?) != 0),
        Wasm::S8 => Value::S8(i8::from_le_bytes(number(bytes)?)),
        Wasm::U8 => Value::U8(u8::from_le_bytes(number(bytes)?)),
        Wasm::S16 => Value::S16(i16::from_le_bytes(number(bytes)?)),
        Wasm::U16 => Value::U16(u16::from_le_bytes(number(bytes)?)),
        Wasm::S32 => Value::S32(i32::from_le_bytes(number(bytes)?)),
        Wasm::U32 => Value::U32(u32::from_le_bytes(number(bytes)?)),
        Wasm::S64 => Value::S64(i64::from_le_bytes(number(bytes)?)),
        Wasm::U64 => Value::U64(u64::from_le_bytes(number(bytes)?)),
        Wasm::Float32 => Value::F32(f32::from_le_bytes(number(bytes)?)),
        Wasm::Float64 => Value::F64(f64::from_le_bytes(number(bytes)?)),
        Wasm::Char => Value::Char(u32::from_le_bytes(number(bytes)?).try_into()?),
        Wasm::String => Value::String(String::linear_lift_from_memory(cx, ty, bytes)?),
        Wasm::List(_) | Wasm::Map(_) => {
            let at = u32::from_le_bytes(number(bytes)?) as usize;
            let count = u32::from_le_bytes(number(part(bytes, 4, 4)?)?) as usize;
            beside(cx, ty, at, count)?
        }
        Wasm::FixedLengthList(list) => {
            let list = &types[list];
            pay(cx, list.size as usize)?;
            Value::List(elements(cx, list.element, bytes, list.size as usize)?)
        }
        Wasm::Record(record) => {
            let fields = &types[record].fields;
            pay(cx, fields.len())?;
            let mut offset = 0;
            let values = fields.iter().map(|field| {
                let abi = types.canonical_abi(&field.ty);
                let at = abi.next_field32_size(&mut offset);
                from_memory(cx, field.ty, part(bytes, at, abi.size32 as usize)?)
            });
            Value::Record(values.collect::<Result<_>>()?)
        }
        Wasm::Tuple(tuple) => Value::Tuple(all_from_memory(cx, &types[tuple].types, bytes)?),
        Wasm::Flags(flags) => {
            let count = types[flags].names.len();
            let words = match count {
                ..=8 => bytes
                    .first()
                    .map(|byte| u32::from(*byte))
                    .into_iter()
                    .collect(),
                9..=16 => vec![u32::from(u16::from_le_bytes(number(bytes)?))],
                _ => {
                    let words = bytes
                        .chunks_exact(4)
                        .map(|word| Ok(u32::from_le_bytes(number(word)?)));
                    words.collect::<Result<Vec<_>>>()?
                }
            };
            flags_of(cx, &words, count)?
        }
        Wasm::Variant(variant) => in_memory(cx, ty, &types[variant].info, bytes)?,
        Wasm::Enum(cases) => in_memory(cx, ty, &types[cases].info, bytes)?,
        Wasm::Option(option) => in_memory(cx, ty, &types[option].info, bytes)?,
        Wasm::Result(result) => in_memory(cx, ty, &types[result].info, bytes)?,
        _ => bail!("a value is of a kind that cannot be taken from a guest"),
    })
}

/// A value with cases that lies in memory.
fn in_memory(
    cx: &mut LiftContext<'_>,
    ty: InterfaceType,
    info: &VariantInfo,
    bytes: &[u8],
) -> Result<Value> {
    let index = match usize::from(info.size) {
        1 => u8::from_le_bytes(number(bytes)?).into(),
        2 => u16::from_le_bytes(number(bytes)?).into(),
        _ => u32::from_le_bytes(number(bytes)?),
    };
    case(cx, ty, index, |cx, ty| {
        let size = cx.types.canonical_abi(&ty).size32 as usize;
        from_memory(cx, ty, part(bytes, info.payload_offset32 as usize, size)?)
    })
}

/// The value of the case with this index, if there is one.
fn case(
    cx: &mut LiftContext<'_>,
    ty: InterfaceType,
    index: u32,
    payload: impl FnOnce(&mut LiftContext<'_>, InterfaceType) -> Result<Value>,
) -> Result<Value> {
    use InterfaceType as Wasm;
    let types = cx.types;
    let of: &Payloads<'_> = match ty {
        Wasm::Variant(variant) => &move |index| {
            let (_, ty) = types[variant].cases.get_index(index)?;
            Some(*ty)
        },
        Wasm::Enum(cases) => &move |index| (index < types[cases].names.len()).then_some(None),
        Wasm::Option(option) => &move |index| [None, Some(types[option].ty)].get(index).copied(),
        Wasm::Result(result) => {
            &move |index| [types[result].ok, types[result].err].get(index).copied()
        }
        _ => bail!("a value is of a kind that cannot be taken from a guest"),
    };
    let Some(of) = of(index as usize) else {
        bail!("the discriminant {index} is beyond the cases of its type");
    };
    let value = match of {
        Some(ty) => {
            pay(cx, 1)?;
            Some(Box::new(payload(cx, ty)?))
        }
        None => None,
    };
    Ok(match (ty, index) {
        (Wasm::Variant(_), _) => Value::Variant(index, value),
        (Wasm::Enum(_), _) => Value::Enum(index),
        (Wasm::Option(_), _) => Value::Option(value),
        (_, 0) => Value::Result(Ok(value)),
        _ => Value::Result(Err(value)),
    })
}

/// What is of no fixed size, and lies where the guest says.
fn beside(cx: &mut LiftContext<'_>, ty: InterfaceType, at: usize, count: usize) -> Result<Value> {
    let types = cx.types;
    match ty {
        InterfaceType::List(list) if types[list].element == InterfaceType::U8 => {
            let bytes = slice(cx, at, count)?;
            cx.consume_fuel(count)?;
            Ok(Value::Bytes(bytes.to_vec()))
        }
        InterfaceType::List(list) => {
            let element = types[list].element;
            let abi = types.canonical_abi(&element);
            let bytes = table(cx, at, count, abi.size32, abi.align32)?;
            pay(cx, count)?;
            Ok(Value::List(elements(cx, element, bytes, count)?))
        }
        InterfaceType::Map(map) => {
            let map = &types[map];
            let entry = map.entry_abi.size32;
            let bytes = table(cx, at, count, entry, map.entry_abi.align32)?;
            cx.consume_fuel_array(count, size_of::<(Value, Value)>())?;
            let size = |ty| types.canonical_abi(ty).size32 as usize;
            let (key, value) = (size(&map.key), size(&map.value));
            let pairs = (0..count).map(|index| {
                let entry = part(bytes, index * entry as usize, entry as usize)?;
                Ok((
                    from_memory(cx, map.key, part(entry, 0, key)?)?,
                    from_memory(
                        cx,
                        map.value,
                        part(entry, map.value_offset32 as usize, value)?,
                    )?,
                ))
            });
            Ok(Value::Map(pairs.collect::<Result<_>>()?))
        }
        _ => bail!("a value is of a kind that cannot be taken from a guest"),
    }
}

/// So many elements of the guest's memory.
fn table<'a>(
    cx: &LiftContext<'a>,
    at: usize,
    count: usize,
    size: u32,
    align: u32,
) -> Result<&'a [u8]> {
    if !at.is_multiple_of(align as usize) {
        bail!("a pointer to a list is not aligned");
    }
    let size = count.checked_mul(size as usize);
    slice(cx, at, size.context("a list is longer than any memory")?)
}

/// The elements of a list; numbers without a look at their type for each.
fn elements(
    cx: &mut LiftContext<'_>,
    ty: InterfaceType,
    bytes: &[u8],
    count: usize,
) -> Result<Vec<Value>> {
    macro_rules! numbers {
        ($variant:ident, $number:ty) => {{
            let numbers = bytes.chunks_exact(size_of::<$number>());
            let numbers =
                numbers.map(|it| Ok(Value::$variant(<$number>::from_le_bytes(number(it)?))));
            numbers.collect()
        }};
    }
    match ty {
        InterfaceType::U8 => numbers!(U8, u8),
        InterfaceType::S8 => numbers!(S8, i8),
        InterfaceType::U16 => numbers!(U16, u16),
        InterfaceType::S16 => numbers!(S16, i16),
        InterfaceType::U32 => numbers!(U32, u32),
        InterfaceType::S32 => numbers!(S32, i32),
        InterfaceType::U64 => numbers!(U64, u64),
        InterfaceType::S64 => numbers!(S64, i64),
        InterfaceType::Float32 => numbers!(F32, f32),
        InterfaceType::Float64 => numbers!(F64, f64),
        _ => {
            let size = cx.types.canonical_abi(&ty).size32 as usize;
            let values =
                (0..count).map(|index| from_memory(cx, ty, part(bytes, index * size, size)?));
            values.collect()
        }
    }
}

fn flags_of(cx: &mut LiftContext<'_>, words: &[u32], count: usize) -> Result<Value> {
    let is_set = |index: &u32| {
        let word = words.get(*index as usize / 32);
        word.is_some_and(|word| word >> (index % 32) & 1 == 1)
    };
    // Bits beyond the last flag mean nothing.
    let set = (0..count as u32).filter(is_set).collect::<Vec<_>>();
    cx.consume_fuel_array(set.len(), size_of::<u32>())?;
    Ok(Value::Flags(set))
}

/// Pays for values before they are made, so that a guest cannot make the host take more memory than
/// one call may.
fn pay(cx: &mut LiftContext<'_>, values: usize) -> Result<()> {
    cx.consume_fuel_array(values, size_of::<Value>())
}

fn next<'a>(slots: &mut Slots<'a>) -> Result<&'a ValRaw> {
    slots
        .next()
        .context("fewer values are given than are asked for")
}

fn part(bytes: &[u8], at: usize, size: usize) -> Result<&[u8]> {
    let part = bytes.get(at..).and_then(|rest| rest.get(..size));
    part.context("a value is larger than the room that its type has")
}

fn number<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    let number = bytes.first_chunk();
    number
        .copied()
        .context("a value is larger than the room that its type has")
}
