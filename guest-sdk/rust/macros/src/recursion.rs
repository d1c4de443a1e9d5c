//! Types that contain themselves. Rust has them behind a `Vec`; WIT does not have them at all.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Error, Fields, Ident, Item, Result};

use crate::types::Scope;

/// Refuses the first type that can be reached from itself.
pub fn check(items: &[Item], scope: &Scope) -> Result<()> {
    let mut contains = BTreeMap::new();
    let mut idents: Vec<&Ident> = Vec::new();
    for item in items {
        let (ident, tokens) = match item {
            Item::Struct(item) => (&item.ident, types_of(&item.fields)),
            Item::Enum(item) => {
                let cases = item.variants.iter();
                (
                    &item.ident,
                    cases.map(|case| types_of(&case.fields)).collect(),
                )
            }
            Item::Type(item) => (&item.ident, item.ty.to_token_stream()),
            _ => continue,
        };
        let mut mentioned = BTreeSet::new();
        collect(tokens, scope, &mut mentioned);
        contains.insert(ident.to_string(), mentioned);
        idents.push(ident);
    }
    for ident in idents {
        if reaches(&contains, &ident.to_string(), &ident.to_string()) {
            let message = format!(
                "`{ident}` contains itself, which WIT types cannot: send a flat `Vec` whose items \
                 refer to each other by index"
            );
            return Err(Error::new(ident.span(), message));
        }
    }
    Ok(())
}

fn types_of(fields: &Fields) -> TokenStream {
    fields
        .iter()
        .map(|field| field.ty.to_token_stream())
        .collect()
}

fn collect(tokens: TokenStream, scope: &Scope, mentioned: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) if scope.public.contains_key(&ident.to_string()) => {
                mentioned.insert(ident.to_string());
            }
            TokenTree::Group(group) => collect(group.stream(), scope, mentioned),
            _ => {}
        }
    }
}

fn reaches(contains: &BTreeMap<String, BTreeSet<String>>, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(name) = open.pop() {
        for next in contains.get(name).into_iter().flatten() {
            if next == to {
                return true;
            }
            if seen.insert(next) {
                open.push(next);
            }
        }
    }
    false
}
