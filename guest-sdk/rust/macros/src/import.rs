//! Another component's interface, imported for a workflow that calls it by type.
//!
//! The interface is read from the author's folder of WIT files; wit-bindgen makes the functions.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, LitBool, LitStr, Result, Token};

/// What stands in `import!({ … })`.
struct Arguments {
    path: LitStr,
    interface: LitStr,
    is_async: bool,
}

/// The bindings, or what is wrong with the arguments.
pub fn import(arguments: TokenStream) -> TokenStream {
    match syn::parse2(arguments) {
        Ok(arguments) => bindings(&arguments),
        Err(error) => error.into_compile_error(),
    }
}

fn bindings(arguments: &Arguments) -> TokenStream {
    let Arguments {
        path,
        interface,
        is_async,
    } = arguments;
    let world: String = interface
        .value()
        .chars()
        .map(|char| {
            if char.is_ascii_alphanumeric() {
                char
            } else {
                '-'
            }
        })
        .collect();
    // A version has words of digits alone, which no name in WIT has.
    let world = world.split('-').filter(|word| {
        word.chars()
            .next()
            .is_some_and(|char| char.is_ascii_alphabetic())
    });
    let world = format!("imports-{}", world.collect::<Vec<_>>().join("-"));
    let text = format!(
        "package windlass:guest-imports;\n\nworld {world} {{\n  import {};\n}}\n",
        interface.value()
    );
    quote! {
        ::windlass_guest::__private::wit_bindgen::generate!({
            inline: #text,
            path: #path,
            world: #world,
            runtime_path: "::windlass_guest::__private::wit_bindgen::rt",
            generate_all,
            generate_unused_types: true,
            async: #is_async,
        });
    }
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let content;
        syn::braced!(content in input);
        let (mut path, mut interface, mut is_async) = (None, None, false);
        while !content.is_empty() {
            let name: Ident = syn::ext::IdentExt::parse_any(&content)?;
            content.parse::<Token![:]>()?;
            match name.to_string().as_str() {
                "path" => path = Some(content.parse()?),
                "interface" => interface = Some(content.parse()?),
                "async" => is_async = content.parse::<LitBool>()?.value,
                _ => {
                    let message = "expected `path`, `interface` or `async`";
                    return Err(Error::new(name.span(), message));
                }
            }
            if !content.is_empty() {
                content.parse::<Token![,]>()?;
            }
        }
        let missing = |what| Error::new(input.span(), what);
        Ok(Self {
            path: path.unwrap_or_else(|| LitStr::new("wit", input.span())),
            interface: interface
                .ok_or_else(|| missing("say which: `interface: \"demo:images/tasks@0.1.0\"`"))?,
            is_async,
        })
    }
}
