//! The module as it is handed to the compiler.
//!
//! The author's public types give way to the ones that wit-bindgen generates from the same
//! description; everything else stays as it was written. The exported functions are an
//! implementation of the generated trait that calls the author's.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Error, Ident, Item, ItemMod, Result};

use crate::attribute::Address;
use crate::interface;
use crate::model::{Function, Interface, Typedef};
use crate::{data, names, wit, workflow};

/// The module, or the mistakes in it together with the module as it was written, so that the
/// compiler does not also complain about everything that uses it.
pub fn tasks(attribute: TokenStream, module: TokenStream) -> TokenStream {
    match try_tasks(attribute, module.clone()) {
        Ok(expanded) => expanded,
        Err(error) => {
            let error = error.into_compile_error();
            let module = workflow::without_marks(module);
            quote!(#error #module)
        }
    }
}

/// The module, or the mistakes in it.
pub fn try_tasks(attribute: TokenStream, module: TokenStream) -> Result<TokenStream> {
    let module: ItemMod = syn::parse2(module).map_err(|error| {
        let message =
            "this attribute goes on a module with a body: `#[tasks] mod name { pub fn … }`";
        Error::new(error.span(), message)
    })?;
    let Some((_, items)) = &module.content else {
        let semicolon = module.semi.unwrap_or_default();
        let message = "the macro must see the functions: write the module here, `mod name { … }`, \
                       not in a file of its own";
        return Err(Error::new(semicolon.span, message));
    };
    let address = Address::parse(attribute, &module.ident)?;
    let interface = interface::read(&module.ident, &module.attrs, items)?;
    Ok(expand(&module, items, &address, &interface))
}

fn expand(
    module: &ItemMod,
    items: &[Item],
    address: &Address,
    interface: &Interface,
) -> TokenStream {
    let (attributes, visibility, name) = (&module.attrs, &module.vis, &module.ident);
    let bindings = bindings(address, interface);
    let path = path(address);
    let types = interface.types.iter().map(reexport);
    let functions = interface.functions.iter().map(call);
    let data = items.iter().filter_map(data::of_item);
    let kinds = workflow::kinds(address, interface);
    let kept = items
        .iter()
        .filter(|item| !interface::is_generated(item))
        .map(workflow::without_mark);
    quote! {
        #(#attributes)*
        #visibility mod #name {
            #bindings
            #[allow(unused_imports, reason = "not every type is named in its own module")]
            pub use __windlass::#path::{#(#types),*};
            #(#kept)*
            #(#data)*
            #kinds
            impl __windlass::#path::Guest for __windlass::Tasks {
                #(#functions)*
            }
        }
    }
}

fn bindings(address: &Address, interface: &Interface) -> TokenStream {
    let text = wit::text(address, interface);
    let world = wit::world(address);
    let prefix = address.interface_name();
    let (mut on_types, mut on_members) = (Vec::new(), Vec::new());
    for typedef in &interface.types {
        let name = format!("{prefix}/{}", typedef.name);
        for member in typedef.shape.members() {
            if !member.attributes.is_empty() {
                let (name, attributes) = (format!("{name}.{}", member.name), &member.attributes);
                on_members.push(quote!(#name: [#(#attributes)*]));
            }
        }
        if !typedef.attributes.is_empty() {
            let attributes = &typedef.attributes;
            on_types.push(quote!(#name: [#(#attributes)*]));
        }
    }
    // `path: []` keeps wit-bindgen from reading a folder `wit` that the author may have for
    // another purpose.
    quote! {
        #[doc(hidden)]
        #[allow(
            clippy::all, clippy::pedantic, missing_docs, unsafe_op_in_unsafe_fn,
            reason = "wit-bindgen wrote it"
        )]
        mod __windlass {
            ::windlass_guest::__private::wit_bindgen::generate!({
                inline: #text,
                path: [],
                world: #world,
                runtime_path: "::windlass_guest::__private::wit_bindgen::rt",
                generate_unused_types: true,
                additional_type_attributes: { #(#on_types),* },
                additional_member_attributes: { #(#on_members),* },
            });
            pub struct Tasks;
            export!(Tasks with_types_in self);
        }
    }
}

/// Where wit-bindgen puts the interface.
fn path(address: &Address) -> TokenStream {
    let segments = [&address.namespace, &address.package, &address.interface];
    let segments = segments.map(|name| format_ident!("{}", names::rust_ident(name)));
    quote!(exports #(::#segments)*)
}

fn reexport(typedef: &Typedef) -> TokenStream {
    let ident = &typedef.ident;
    let generated = names::rust_type(&typedef.name);
    if *ident == generated {
        return quote!(#ident);
    }
    let generated = Ident::new(&generated, ident.span());
    quote!(#generated as #ident)
}

/// The parameters get names of our own, since one of the author's may be called as the function is.
fn call(function: &Function) -> TokenStream {
    let (ident, types) = (&function.ident, &function.rust_types);
    let exported = format_ident!("{}", names::rust_ident(&function.name));
    let arguments: Vec<_> = (0..types.len())
        .map(|index| format_ident!("argument_{index}"))
        .collect();
    let (asyncness, wait) = match function.is_async {
        true => (quote!(async), quote!(.await)),
        false => (quote!(), quote!()),
    };
    let (output, fail) = match (&function.failing_with_text, &function.output) {
        (Some(value), _) => (
            quote!(-> ::core::result::Result<#value, ::std::string::String>),
            quote!(.map_err(::std::string::String::from)),
        ),
        (None, output) => (quote!(#output), quote!()),
    };
    quote! {
        #asyncness fn #exported(#(#arguments: #types),*) #output {
            #ident(#(#arguments),*) #wait #fail
        }
    }
}
