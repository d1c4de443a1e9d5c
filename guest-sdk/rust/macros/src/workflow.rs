//! Which functions are workflows, and how the host is told.
//!
//! A component whose module marks a function with `#[workflow]` carries the custom section
//! `windlass:kinds`: a line for each function of that module, `workflow demo:x/tasks@0.1.0#name` or
//! `task demo:x/tasks@0.1.0#name`. Where no function is marked there is no section, and the host
//! decides by what the component imports.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, GenericArgument, Item, ItemMod, PathArguments, Result, ReturnType, Type,
};

use crate::attribute::Address;
use crate::interface::is_public;
use crate::model::Interface;

/// The name of the SDK's error of a call, which a workflow may have as its own.
pub const FAILURE: &str = "Failure";

/// Whether an attribute is `#[workflow]`.
pub fn is_mark(attribute: &Attribute) -> bool {
    attribute.path().is_ident("workflow")
}

/// Refuses the mark where it would not be seen.
pub fn marks_only_functions(items: &[Item]) -> Result<()> {
    for item in items {
        let (attributes, is_exported): (&[Attribute], _) = match item {
            Item::Fn(item) => (&item.attrs, is_public(&item.vis)),
            Item::Struct(item) => (&item.attrs, false),
            Item::Enum(item) => (&item.attrs, false),
            _ => continue,
        };
        let Some(mark) = attributes.iter().find(|attribute| is_mark(attribute)) else {
            continue;
        };
        let message = match item {
            _ if is_exported && mark.meta.require_path_only().is_ok() => continue,
            _ if is_exported => "a workflow has no options here: write `#[workflow]`",
            Item::Fn(_) => "a workflow is called from outside: write `pub` before it",
            _ => "only a function can be a workflow",
        };
        return Err(Error::new(mark.span(), message));
    }
    Ok(())
}

/// The item without the mark, which no compiler knows.
pub fn without_mark(item: &Item) -> TokenStream {
    match item {
        Item::Fn(function) => {
            let mut function = function.clone();
            function.attrs.retain(|attribute| !is_mark(attribute));
            function.into_token_stream()
        }
        other => other.to_token_stream(),
    }
}

/// A module with its marks taken away, where that is what it is.
pub fn without_marks(module: TokenStream) -> TokenStream {
    let Ok(mut module) = syn::parse2::<ItemMod>(module.clone()) else {
        return module;
    };
    if let Some((_, items)) = &mut module.content {
        for item in items {
            if let Item::Fn(function) = item {
                function.attrs.retain(|attribute| !is_mark(attribute));
            }
        }
    }
    module.into_token_stream()
}

/// Of `Result<T, Failure>` the `T`.
pub fn failing(output: &ReturnType) -> Option<&Type> {
    let ReturnType::Type(_, ty) = output else {
        return None;
    };
    let Type::Path(path) = &**ty else { return None };
    let segment = path.path.segments.last()?;
    let PathArguments::AngleBracketed(list) = &segment.arguments else {
        return None;
    };
    let mut arguments = list.args.iter();
    match (arguments.next()?, arguments.next()?) {
        (GenericArgument::Type(value), GenericArgument::Type(Type::Path(error)))
            if segment.ident == "Result" && error.path.segments.last()?.ident == FAILURE =>
        {
            Some(value)
        }
        _ => None,
    }
}

/// The section that tells the host, where a function is marked.
pub fn kinds(address: &Address, interface: &Interface) -> TokenStream {
    if !interface
        .functions
        .iter()
        .any(|function| function.is_workflow)
    {
        return quote!();
    }
    let text = lines(address, interface);
    let (length, text) = (text.len(), Literal::byte_string(text.as_bytes()));
    quote! {
        #[cfg(target_arch = "wasm32")]
        #[used]
        #[unsafe(link_section = "windlass:kinds")]
        static __WINDLASS_KINDS: [u8; #length] = *#text;
    }
}

fn lines(address: &Address, interface: &Interface) -> String {
    let mut text = String::new();
    for function in &interface.functions {
        let kind = if function.is_workflow {
            "workflow"
        } else {
            "task"
        };
        let line = [
            kind,
            " ",
            &address.interface_name(),
            "#",
            &function.name,
            "\n",
        ];
        text.push_str(&line.concat());
    }
    text
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use crate::expand;

    #[test]
    fn a_workflow_and_a_task_of_a_module_are_told_apart() {
        let module = quote! {
            mod tasks {
                pub fn one_task() {}
                #[workflow]
                pub async fn all(a: Vec<u8>) -> Result<Vec<u8>, Failure> {}
            }
        };

        let expanded = expand::try_tasks(quote!(package = "a:b@1.0.0"), module).unwrap();

        let text = expanded.to_string();
        let lines = r"task a:b/tasks@1.0.0#one-task\nworkflow a:b/tasks@1.0.0#all\n";
        assert!(text.contains(lines), "{text}");
        let wit = r"%all: async func(%a: list<u8>) -> result<list<u8>, string>;";
        assert!(text.contains(wit), "{text}");
        assert!(!text.contains("# [workflow]"), "{text}");
    }

    #[test]
    fn a_module_without_a_workflow_tells_nothing() {
        let module = quote!(
            mod tasks {
                pub fn one_task() {}
            }
        );

        let expanded = expand::try_tasks(quote!(package = "a:b@1.0.0"), module).unwrap();

        assert!(!expanded.to_string().contains("windlass:kinds"));
    }
}
