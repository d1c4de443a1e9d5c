//! Values straight into a guest's memory and out of it, in the canonical ABI, with no wasmtime `Val`
//! in between: a `list<u8>` is one copy, however long it is and wherever in a signature it stands.
//!
//! wasmtime lowers and lifts Rust types that it knows at compile time. The two types here stand for
//! *any* list of parameters or results: they look up the component's own types while they run, as
//! wasmtime does for its `Val`s. The traits are public but not documented as stable, so this module
//! is all that may have to change with a new release of wasmtime.
//!
//! - `lower`, `lift`: one value, by its type; no unsafe code
//! - this file: what wasmtime is told about the two types, which is where soundness lies
//!
//! # Why the unsafe implementations are sound
//!
//! `ComponentType` asks that `Lower` be a row of [`ValRaw`]s: it is `[ValRaw; N]`. Nothing else about
//! the type is claimed statically that a function's signature could contradict:
//!
//! - *What compiled code reads was written.* Its trampoline reads as many slots as the signature has
//!   flat parameters. [`Given`] writes zeros to all its slots first, and then refuses unless exactly
//!   as many were written as the component's own type has.
//! - *Slots are read only where there are some.* [`Taken`] reads at most its N, through a slice of N;
//!   wasmtime itself checks that there are N before it makes that slice.
//! - *Memory is reached through slices alone.* Offsets and lengths that a guest gave are checked
//!   against the slice of its memory, as are those of this module's own making; a mistake in either
//!   is an error or at worst a panic, never an access outside.
//! - *Size and alignment in memory are not known statically.* They are stated as 0 and 1. wasmtime
//!   uses them to find the bytes of a type that it is to load; of an empty slice only the place is
//!   used here, and the real size is taken from the component's type and checked.
//!
//! Whether the guest's values make sense (text that is UTF-8, discriminants, characters) is checked
//! in `lift`; what does not is a trap.

mod lift;
mod lower;
#[cfg(test)]
mod tests;

use std::mem::MaybeUninit;

use wasmtime::component::__internal::wasmtime_environ::component::{TypeTuple, TypeTupleIndex};
use wasmtime::component::__internal::{
    CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext, LowerContext,
};
use wasmtime::component::{ComponentNamedList, ComponentType, Func, Lift, Lower};
use wasmtime::{AsContextMut, Result, Store, ValRaw, bail};

use crate::values::{Type, Value};
use lower::Slots;

/// So many parameters travel flat; where there are more, all lie in memory.
pub(super) const FLAT_MAX: usize = 16;

/// Values on their way into a guest, in N slots: the parameters of one of its functions (N = 16), or
/// the results of a function that it imports (N as many as these are flat, at most 1).
pub(super) struct Given<const N: usize>(pub Vec<Value>);

/// Values on their way out of a guest, in N slots: the results of one of its functions, or the
/// parameters of one that it imports.
pub(super) struct Taken<const N: usize>(pub Vec<Value>);

/// Calls a function that a guest exports, and gives its result if it has one.
///
/// # Errors
///
/// If the guest traps, or if what it was given or what it gave does not fit its type.
pub(super) async fn call<T: Send>(
    function: Func,
    store: &mut Store<T>,
    arguments: Vec<Value>,
    result: Option<&Type>,
    is_async: bool,
) -> Result<Option<Value>> {
    /// One instance for each number of slots in which results can come.
    macro_rules! with_slots {
        ($slots:expr, $($n:literal)*) => {
            match $slots {
                $($n => call_with::<T, $n>(function, store, arguments).await?,)*
                _ => call_with::<T, 1>(function, store, arguments).await?,
            }
        };
    }
    // A result that is not flat comes as one pointer. Of an `async func`, up to 16 values are flat.
    let results = match is_async {
        false => call_with::<T, 1>(function, store, arguments).await?,
        true => with_slots!(result.map_or(Some(0), flat_count).unwrap_or(1),
            0 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16),
    };
    Ok(results.into_iter().next())
}

async fn call_with<T: Send, const N: usize>(
    function: Func,
    store: &mut Store<T>,
    arguments: Vec<Value>,
) -> Result<Vec<Value>> {
    let function = function.typed::<Given<FLAT_MAX>, Taken<N>>(store.as_context_mut())?;
    Ok(function.call_async(store, Given(arguments)).await?.0)
}

/// As how many core values a type travels where it is flat; none if there are more than 16.
pub(super) fn flat_count(ty: &Type) -> Option<usize> {
    let largest = |types: &mut dyn Iterator<Item = Option<&Type>>| {
        let mut largest = 0;
        for ty in types {
            largest = largest.max(ty.map_or(Some(0), flat_count)?);
        }
        Some(1 + largest)
    };
    let count = match ty {
        Type::String | Type::List(_) | Type::Map(..) => Some(2),
        Type::FixedList(element, length) => {
            let length = usize::try_from(*length).ok()?;
            flat_count(element)?.checked_mul(length)
        }
        Type::Record(record) => flat_count_of(record.fields.iter().map(|field| &field.ty)),
        Type::Tuple(types) => flat_count_of(types),
        Type::Variant(variant) => largest(&mut variant.cases.iter().map(|case| case.ty.as_ref())),
        Type::Option(some) => largest(&mut [Some(&**some)].into_iter()),
        Type::Result { ok, err } => largest(&mut [ok.as_deref(), err.as_deref()].into_iter()),
        Type::Flags(flags) => Some(flags.flags.len().div_ceil(32)),
        _ => Some(1),
    };
    count.filter(|count| *count <= FLAT_MAX)
}

/// As how many core values several types travel together; none if there are more than 16.
pub(super) fn flat_count_of<'a>(types: impl IntoIterator<Item = &'a Type>) -> Option<usize> {
    let mut count = 0;
    for ty in types {
        count += flat_count(ty)?;
    }
    Some(count).filter(|count| *count <= FLAT_MAX)
}

// SAFETY: `Lower` is a row of `ValRaw`s. That it has as many as compiled code reads is checked in
// `linear_lower_to_flat`, since it is known only then. See the head of this module.
unsafe impl<const N: usize> ComponentType for Given<N> {
    type Lower = [ValRaw; N];

    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::ZERO;

    fn typecheck(ty: &InterfaceType, _: &InstanceType<'_>) -> Result<()> {
        tuple(*ty).map(drop)
    }
}

// SAFETY: it is always handed the tuple of all parameters, or of all results, and takes it for that.
unsafe impl<const N: usize> ComponentNamedList for Given<N> {}

// SAFETY: every slot is initialised before anything else is done; memory is written through slices.
unsafe impl<const N: usize> Lower for Given<N> {
    fn linear_lower_to_flat<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        slots: &mut MaybeUninit<Self::Lower>,
    ) -> Result<()> {
        let slots = slots.write([ValRaw::u64(0); N]);
        let ty = &cx.types[tuple(ty)?];
        let Some(count) = ty.abi.flat_count(FLAT_MAX) else {
            let Some(first) = slots.first_mut() else {
                bail!("values that lie in memory are given where nothing is asked for");
            };
            let at = cx.realloc(0, 0, ty.abi.align32, ty.abi.size32 as usize)?;
            lower::all_to_memory(cx, &self.0, &ty.types, at)?;
            *first = ValRaw::i64(at as i64);
            return Ok(());
        };
        let mut slots = Slots::new(slots);
        lower::all_to_flat(cx, &self.0, &ty.types, &mut slots)?;
        match slots.written() == count {
            true => Ok(()),
            false => bail!(
                "{} values are given where {count} are asked for",
                slots.written()
            ),
        }
    }

    fn linear_lower_to_memory<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        offset: usize,
    ) -> Result<()> {
        let ty = &cx.types[tuple(ty)?];
        lower::all_to_memory(cx, &self.0, &ty.types, offset)
    }
}

// SAFETY: `Lower` is a row of `ValRaw`s, and nothing but these N is ever read as such.
unsafe impl<const N: usize> ComponentType for Taken<N> {
    type Lower = [ValRaw; N];

    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::ZERO;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> Result<()> {
        match types.types[tuple(*ty)?].abi.flat_count(FLAT_MAX) {
            // One slot may hold a pointer, or nothing.
            _ if N == 1 => Ok(()),
            Some(count) if count == N => Ok(()),
            _ => bail!("what is given does not come in {N} core values"),
        }
    }
}

// SAFETY: as for `Given`.
unsafe impl<const N: usize> ComponentNamedList for Taken<N> {}

// SAFETY: slots are read through a slice, each as a number, which any bits are; memory likewise.
unsafe impl<const N: usize> Lift for Taken<N> {
    fn linear_lift_from_flat(
        cx: &mut LiftContext<'_>,
        ty: InterfaceType,
        slots: &Self::Lower,
    ) -> Result<Self> {
        let types = cx.types;
        let ty = &types[tuple(ty)?];
        if ty.abi.flat_count(N).is_some() {
            return lift::all_from_flat(cx, &ty.types, &mut slots.iter()).map(Self);
        }
        match slots.first() {
            Some(pointer) => from_memory(cx, ty, pointer.get_u32() as usize).map(Self),
            None => bail!("nothing is given where values are asked for"),
        }
    }

    fn linear_lift_from_memory(
        cx: &mut LiftContext<'_>,
        ty: InterfaceType,
        bytes: &[u8],
    ) -> Result<Self> {
        // `bytes` is empty, as the stated size is 0, and lies where the values are.
        let at = bytes
            .as_ptr()
            .addr()
            .wrapping_sub(cx.memory().as_ptr().addr());
        let types = cx.types;
        from_memory(cx, &types[tuple(ty)?], at).map(Self)
    }
}

fn from_memory(cx: &mut LiftContext<'_>, ty: &TypeTuple, at: usize) -> Result<Vec<Value>> {
    if !at.is_multiple_of(ty.abi.align32 as usize) {
        bail!("a pointer to values is not aligned");
    }
    let bytes = lift::slice(cx, at, ty.abi.size32 as usize)?;
    lift::all_from_memory(cx, &ty.types, bytes)
}

fn tuple(ty: InterfaceType) -> Result<TypeTupleIndex> {
    match ty {
        InterfaceType::Tuple(index) => Ok(index),
        _ => bail!("parameters and results are a list of values"),
    }
}
