//! The attribute of `windlass-guest`: a Rust module becomes a component's interface.
//!
//! The way of a module through this crate:
//!
//! ```text
//! attribute   what stands in #[tasks(…)]: the package and the interface
//! interface   the module's public items, as the WIT interface they describe
//!   model       that interface
//!   names       Rust names to WIT names, where wit-bindgen leads back to the same Rust name
//!   types       Rust types to WIT types
//!   kept        the derives and other attributes of the types, for wit-bindgen to put back
//!   workflow    which functions are workflows, and what the host is told of it
//!   recursion   types that contain themselves, which WIT does not have
//! wit         the interface as WIT text
//! data        values as JSON: for the module's types, and as a derive
//! import      another component's interface, for a workflow that calls it by type
//! expand      the module as it is handed to the compiler
//! ```
//!
//! What lifts and lowers values is left to wit-bindgen: this crate writes the WIT that it is given.

mod attribute;
mod data;
mod expand;
mod import;
mod interface;
mod kept;
mod model;
mod names;
mod recursion;
mod types;
mod wit;
mod workflow;

#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// Makes the public functions of a module the tasks of a component.
///
/// See the documentation of `windlass_guest`, which re-exports it.
#[proc_macro_attribute]
pub fn tasks(attribute: TokenStream, module: TokenStream) -> TokenStream {
    expand::tasks(attribute.into(), module.into()).into()
}

/// Makes a type one that can be sent as JSON.
///
/// See the documentation of `windlass_guest`, which re-exports it.
#[proc_macro_derive(Data)]
pub fn data(item: TokenStream) -> TokenStream {
    data::derive(item.into()).into()
}

/// Imports another component's interface.
///
/// See the documentation of `windlass_guest`, which re-exports it.
#[proc_macro]
pub fn import(arguments: TokenStream) -> TokenStream {
    import::import(arguments.into()).into()
}
