//! The attributes of an author's types, for the types that wit-bindgen generates in their place.
//!
//! wit-bindgen gives every type `Debug` and, where it can, `Clone` and `Copy`; enums also get
//! equality and order, and the error of a function gets `Display` and `Error`. What it gives is
//! left out here, since an implementation cannot be had twice; everything else is handed on.

use std::collections::BTreeSet;

use quote::quote;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, GenericArgument, Ident, Item, Path, PathArguments, Result, ReturnType, Token,
    Type, parse_quote,
};

use crate::model::Shape;

/// The derives that the generated module finds without an import.
const PRELUDE: &[&str] = &["Default", "Eq", "Hash", "Ord", "PartialEq", "PartialOrd"];

/// From the module of a generated type to the author's: interface, package, namespace, `exports`
/// and the module that holds the bindings.
const TO_AUTHOR: usize = 5;

/// What a generated type is to carry.
pub fn on_type(attributes: &[Attribute], shape: &Shape) -> Result<Vec<Attribute>> {
    no_cfg(attributes)?;
    let mut kept = Vec::new();
    for attribute in attributes {
        let path = attribute.path();
        if path.is_ident("doc") {
            continue;
        }
        if matches!(shape, Shape::Alias(_)) {
            let message = "only documentation survives on a type alias: leave this attribute out";
            return Err(Error::new(attribute.span(), message));
        }
        if path.is_ident("repr") {
            let message = "the component model sets the layout of a type: leave `repr` out";
            return Err(Error::new(attribute.span(), message));
        }
        if path.is_ident("derive") {
            kept.extend(derives(attribute, shape)?);
        } else {
            kept.push(attribute.clone());
        }
    }
    Ok(kept)
}

/// What a generated field or case is to carry.
pub fn on_member(attributes: &[Attribute]) -> Result<Vec<Attribute>> {
    no_cfg(attributes)?;
    let is_doc = |attribute: &&Attribute| !attribute.path().is_ident("doc");
    Ok(attributes.iter().filter(is_doc).cloned().collect())
}

/// The WIT is written before the compiler evaluates conditions inside the module.
pub fn no_cfg(attributes: &[Attribute]) -> Result<()> {
    let conditional = |attribute: &&Attribute| {
        attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr")
    };
    match attributes.iter().find(conditional) {
        None => Ok(()),
        Some(attribute) => Err(Error::new(
            attribute.span(),
            "the interface must not depend on conditions: put `cfg` on the whole module, or make \
             this item private",
        )),
    }
}

/// Refuses `Display` and `Error` where wit-bindgen implements them: for the error of a function.
pub fn check_errors(items: &[Item]) -> Result<()> {
    let errors: BTreeSet<String> = items.iter().filter_map(error_of).collect();
    let given = "the error of a task already has `Display` and `Error`, which say what `Debug` \
                 says: leave this out, or return another type";
    for item in items {
        match item {
            Item::Impl(item) => {
                let Some((_, path, _)) = &item.trait_ else {
                    continue;
                };
                let Some(name) = last(path).filter(|name| *name == "Display" || *name == "Error")
                else {
                    continue;
                };
                if type_name(&item.self_ty).is_some_and(|ty| errors.contains(&ty.to_string())) {
                    return Err(Error::new(name.span(), given));
                }
            }
            Item::Struct(item) if errors.contains(&item.ident.to_string()) => {
                no_error_derive(&item.attrs, given)?;
            }
            Item::Enum(item) if errors.contains(&item.ident.to_string()) => {
                no_error_derive(&item.attrs, given)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn no_error_derive(attributes: &[Attribute], message: &str) -> Result<()> {
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("derive"))
    {
        for path in derived(attribute)? {
            if last(&path).is_some_and(|name| name == "Error") {
                return Err(Error::new(path.span(), message));
            }
        }
    }
    Ok(())
}

fn derives(attribute: &Attribute, shape: &Shape) -> Result<Option<Attribute>> {
    let given = |path: &Path| {
        let name = path.get_ident().map(Ident::to_string).unwrap_or_default();
        match name.as_str() {
            "Clone" | "Copy" | "Debug" => true,
            "Eq" | "Ord" | "PartialEq" | "PartialOrd" => matches!(shape, Shape::Enum(_)),
            _ => false,
        }
    };
    let paths: Vec<_> = derived(attribute)?
        .into_iter()
        .filter(|path| !given(path))
        .map(|path| seen_from_the_generated_type(&path))
        .collect();
    Ok((!paths.is_empty()).then(|| parse_quote!(#[derive(#(#paths),*)])))
}

/// A name that the author imported is reached through the author's module.
fn seen_from_the_generated_type(path: &Path) -> proc_macro2::TokenStream {
    match path.get_ident() {
        Some(ident) if PRELUDE.iter().any(|name| ident == name) => quote!(#path),
        Some(ident) => {
            let up = std::iter::repeat_n(quote!(super::), TO_AUTHOR);
            quote!(#(#up)* #ident)
        }
        None => quote!(#path),
    }
}

fn derived(attribute: &Attribute) -> Result<Punctuated<Path, Token![,]>> {
    attribute.parse_args_with(Punctuated::parse_terminated)
}

/// The name of the type that a function fails with.
fn error_of(item: &Item) -> Option<String> {
    let Item::Fn(item) = item else { return None };
    let ReturnType::Type(_, ty) = &item.sig.output else {
        return None;
    };
    let Type::Path(path) = &**ty else { return None };
    let segment = path.path.segments.last()?;
    let PathArguments::AngleBracketed(list) = &segment.arguments else {
        return None;
    };
    match (segment.ident == "Result", list.args.iter().nth(1)?) {
        (true, GenericArgument::Type(error)) => type_name(error).map(Ident::to_string),
        _ => None,
    }
}

fn type_name(ty: &Type) -> Option<&Ident> {
    match ty {
        Type::Path(path) => last(&path.path),
        _ => None,
    }
}

fn last(path: &Path) -> Option<&Ident> {
    path.segments.last().map(|segment| &segment.ident)
}
