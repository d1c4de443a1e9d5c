//! The types of an imported interface beside those of the exported one.
//!
//! Values go from one component to the other as JSON that is read by the types of each, so both must
//! mean the same: the same shape, with the same names of parameters, fields and cases in the same
//! order. What the types themselves are called does not matter, nor whether a function is `async`.

use super::{Error, Offer, fits};
use crate::registry::describe::{Imported, Task};
use crate::values::{Function, Type};

/// Everything in which the offer is not what is imported.
pub(super) fn interface(import: &Imported, offer: &Offer<'_>) -> Vec<Error> {
    let place = |function: &str| format!("{}#{function}", import.interface);
    let mut errors: Vec<Error> = import
        .unfit
        .iter()
        .map(|unfit| Error::Unfit {
            place: place(&unfit.name),
            reason: unfit.reason.clone(),
        })
        .collect();
    for imported in &import.functions {
        let is_it = |task: &&Task| {
            let interface = task.interface.as_deref();
            task.name == imported.name
                && interface.is_some_and(|exported| fits(&import.interface, exported))
        };
        match offer.tasks.iter().find(is_it) {
            Some(task) => {
                let place = place(&imported.name);
                errors.extend(function(&place, &imported.function, &task.function));
            }
            None => errors.push(Error::NoFunction {
                place: place(&imported.name),
                component: offer.component.to_owned(),
                version: offer.version.to_string(),
            }),
        }
    }
    errors
}

fn function(place: &str, imported: &Function, exported: &Function) -> Vec<Error> {
    let names = |function: &Function| -> Vec<String> {
        let params = function.params.iter();
        params.map(|param| param.name.clone()).collect()
    };
    let (wanted, given) = (names(imported), names(exported));
    if wanted != given {
        return vec![Error::Types {
            place: format!("{place}, parameters"),
            imported: format!("({})", wanted.join(", ")),
            exported: format!("({})", given.join(", ")),
        }];
    }
    let params = imported.params.iter().zip(&exported.params);
    let params = params.filter_map(|(imported, exported)| {
        let place = format!("{place}, parameter {}", imported.name);
        types(&place, Some(&imported.ty), Some(&exported.ty))
    });
    let result = types(
        &format!("{place}, result"),
        imported.result.as_ref(),
        exported.result.as_ref(),
    );
    params.chain(result).collect()
}

/// The first place in which two types differ.
fn types(place: &str, imported: Option<&Type>, exported: Option<&Type>) -> Option<Error> {
    let shown = |ty: Option<&Type>| ty.map_or("nothing".to_owned(), |ty| format!("{ty:#}"));
    let differ = || {
        Some(Error::Types {
            place: place.to_owned(),
            imported: shown(imported),
            exported: shown(exported),
        })
    };
    let (a, b) = match (imported, exported) {
        (None, None) => return None,
        (Some(a), Some(b)) => (a, b),
        _ => return differ(),
    };
    let inner = |name: &str, a: &Type, b: &Type| types(&format!("{place}{name}"), Some(a), Some(b));
    match (a, b) {
        (Type::List(a), Type::List(b)) => inner("[]", a, b),
        (Type::FixedList(a, n), Type::FixedList(b, m)) if n == m => inner("[]", a, b),
        (Type::Option(a), Type::Option(b)) => inner(".some", a, b),
        (Type::Map(ka, va), Type::Map(kb, vb)) => {
            inner(".key", ka, kb).or_else(|| inner(".value", va, vb))
        }
        (Type::Tuple(a), Type::Tuple(b)) if a.len() == b.len() => {
            let mut pairs = a.iter().zip(b).enumerate();
            pairs.find_map(|(index, (a, b))| inner(&format!(".{index}"), a, b))
        }
        (Type::Record(a), Type::Record(b)) => {
            let names = a.fields.iter().map(|field| &field.name);
            if !names.eq(b.fields.iter().map(|field| &field.name)) {
                return differ();
            }
            let mut pairs = a.fields.iter().zip(&b.fields);
            pairs.find_map(|(a, b)| inner(&format!(".{}", a.name), &a.ty, &b.ty))
        }
        (Type::Variant(a), Type::Variant(b)) => {
            let names = a.cases.iter().map(|case| &case.name);
            if !names.eq(b.cases.iter().map(|case| &case.name)) {
                return differ();
            }
            let mut pairs = a.cases.iter().zip(&b.cases);
            pairs.find_map(|(a, b)| {
                types(&format!("{place}.{}", a.name), a.ty.as_ref(), b.ty.as_ref())
            })
        }
        (Type::Enum(a), Type::Enum(b)) if a.cases == b.cases => None,
        (Type::Flags(a), Type::Flags(b)) if a.flags == b.flags => None,
        (Type::Result { ok: a, err: e }, Type::Result { ok: b, err: f }) => {
            types(&format!("{place}.ok"), a.as_deref(), b.as_deref())
                .or_else(|| types(&format!("{place}.err"), e.as_deref(), f.as_deref()))
        }
        // What is left has no parts, or is of two kinds.
        (a, b) if a == b => None,
        _ => differ(),
    }
}
