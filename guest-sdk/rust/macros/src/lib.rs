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
//!   recursion   types that contain themselves, which WIT does not have
//! wit         the interface as WIT text
//! expand      the module as it is handed to the compiler
//! ```
//!
//! What lifts and lowers values is left to wit-bindgen: this crate writes the WIT that it is given.

mod attribute;
mod expand;
mod interface;
mod kept;
mod model;
mod names;
mod recursion;
mod types;
mod wit;

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
