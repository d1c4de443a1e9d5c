//! Values as JSON: the implementation of `Data` for a type.
//!
//! The module's types get it without being asked, since what a task takes and returns is what a
//! workflow sends and gets. Other types derive it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, Fields, Generics, Ident, Item, ItemEnum, ItemStruct, Result};

use crate::interface::is_public;
use crate::names;

/// For a public type of a module of tasks. Its mistakes are told elsewhere.
pub fn of_item(item: &Item) -> Option<TokenStream> {
    match item {
        Item::Struct(item) if is_public(&item.vis) => record(item).ok(),
        Item::Enum(item) if is_public(&item.vis) => variant(item).ok(),
        _ => None,
    }
}

/// The derive.
pub fn derive(item: TokenStream) -> TokenStream {
    let derived = match syn::parse2(item) {
        Ok(Item::Struct(item)) => record(&item),
        Ok(Item::Enum(item)) => variant(&item),
        Ok(_) => Err(Error::new(
            proc_macro2::Span::call_site(),
            "only a struct or an enum can be sent",
        )),
        Err(error) => Err(error),
    };
    derived.unwrap_or_else(Error::into_compile_error)
}

fn record(item: &ItemStruct) -> Result<TokenStream> {
    no_generics(&item.generics)?;
    let Fields::Named(fields) = &item.fields else {
        let message = "the fields of a record have names: write `struct … { name: Type }`";
        return Err(Error::new(item.ident.span(), message));
    };
    let (mut writes, mut reads) = (Vec::new(), Vec::new());
    for field in &fields.named {
        let ident = field.ident.as_ref().expect("named fields have names");
        let name = names::kebab(ident)?;
        let before = if writes.is_empty() { "{" } else { "," };
        let key = format!("{before}\"{name}\":");
        writes.push(quote! {
            text.push_str(#key);
            ::windlass_guest::Data::write(&self.#ident, text);
        });
        reads.push(quote!(#ident: fields.field(#name)?));
    }
    if writes.is_empty() {
        writes.push(quote!(text.push('{');));
    }
    Ok(implementation(
        &item.ident,
        &quote! {
            #(#writes)*
            text.push('}');
        },
        &quote! {
            #[allow(unused_variables, reason = "a record may have no field")]
            let fields = json.fields()?;
            ::core::result::Result::Ok(Self { #(#reads),* })
        },
    ))
}

fn variant(item: &ItemEnum) -> Result<TokenStream> {
    no_generics(&item.generics)?;
    let (mut known, mut writes, mut reads) = (Vec::new(), Vec::new(), Vec::new());
    for case in &item.variants {
        let ident = &case.ident;
        let name = names::kebab(ident)?;
        match &case.fields {
            Fields::Unit => {
                let text = format!("\"{name}\"");
                writes.push(quote!(Self::#ident => text.push_str(#text)));
                reads.push(quote!((#name, _) => ::core::result::Result::Ok(Self::#ident)));
            }
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                let before = format!("{{\"{name}\":");
                writes.push(quote! {
                    Self::#ident(payload) => {
                        text.push_str(#before);
                        ::windlass_guest::Data::write(payload, text);
                        text.push('}');
                    }
                });
                reads.push(quote! {
                    (#name, payload) => ::windlass_guest::Data::read(payload)
                        .map(Self::#ident)
                        .map_err(|mistake: ::windlass_guest::Mistake| mistake.in_field(#name))
                });
            }
            _ => {
                let message = "a case carries one value: put several into a tuple or a struct";
                return Err(Error::new(ident.span(), message));
            }
        }
        known.push(name);
    }
    Ok(implementation(
        &item.ident,
        &quote!(match self { #(#writes),* }),
        &quote! {
            match json.case()? {
                #(#reads,)*
                (other, _) => ::core::result::Result::Err(
                    ::windlass_guest::Mistake::unknown_case(other, &[#(#known),*]),
                ),
            }
        },
    ))
}

fn implementation(ident: &Ident, write: &TokenStream, read: &TokenStream) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl ::windlass_guest::Data for #ident {
            type Value = Self;

            fn write(&self, text: &mut ::std::string::String) {
                #write
            }

            fn read(
                json: &::windlass_guest::Json,
            ) -> ::core::result::Result<Self, ::windlass_guest::Mistake> {
                #read
            }
        }
    }
}

fn no_generics(generics: &Generics) -> Result<()> {
    if generics.params.is_empty() {
        return Ok(());
    }
    let message = "a type that is sent has no parameters: declare one for each case";
    Err(Error::new_spanned(generics, message))
}
