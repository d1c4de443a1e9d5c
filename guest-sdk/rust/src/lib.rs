//! Write Windlass tasks in Rust: a module of ordinary functions becomes a component.
//!
//! ```
//! #[windlass_guest::tasks(package = "demo:images@0.1.0")]
//! mod images {
//!     /// One picture in one size.
//!     pub struct Thumbnail {
//!         pub width: u32,
//!         pub url: String,
//!     }
//!
//!     /// Makes a thumbnail for each size.
//!     pub fn resize(url: String, sizes: Vec<u32>) -> Result<Vec<Thumbnail>, String> {
//!         if sizes.is_empty() {
//!             return Err("there is no size to make".to_owned());
//!         }
//!         windlass_guest::log::info(&format!("{url} in {} sizes", sizes.len()));
//!         Ok(sizes.into_iter().map(|width| thumbnail(&url, width)).collect())
//!     }
//!
//!     fn thumbnail(url: &str, width: u32) -> Thumbnail {
//!         Thumbnail { width, url: format!("{url}?width={width}") }
//!     }
//! }
//! ```
//!
//! The crate is a `cdylib`; `cargo build --release --target wasm32-wasip2` makes the component.
//!
//! Three things lie here. [`tasks`](macro@tasks) derives the interface in WIT from the Rust source
//! and exports the functions. [`this_invocation`], [`log`] and [`progress`] are what a running task
//! may ask of its host. [`workflow`] is what a workflow may ask besides: to enqueue, to wait, to
//! sleep; and [`import!`] lets it call another component by its type. A component that asks nothing
//! does not import the host's interfaces at all, and runs under any other host of components as
//! well.
//!
//! For what the host allows a component to reach there is a small blocking HTTP client, the crate
//! `windlass-guest-http`.
//!
//! An author who prefers to write the WIT by hand does so with `wit-bindgen` alone: nothing here
//! is needed to be a task.
//!
//! # What becomes of Rust in WIT
//!
//! | Rust | WIT |
//! |---|---|
//! | `pub fn` | a function, that is, a task |
//! | `pub struct` with public, named fields | `record` |
//! | `pub enum` without payloads | `enum` |
//! | `pub enum` with at most one payload a case | `variant` |
//! | `pub type` | `type` |
//! | `u8` … `u64`, `i8` … `i64`, `f32`, `f64`, `bool`, `char` | `u8` … `u64`, `s8` … `s64`, `f32`, `f64`, `bool`, `char` |
//! | `String` | `string` |
//! | `Vec<T>`, `Option<T>`, `(A, B)` | `list<T>`, `option<T>`, `tuple<A, B>` |
//! | `Result<T, E>`, also with `()` | `result<T, E>`, `result<_, E>`, `result` |
//! | `///` | `///` |
//!
//! Names change from `snake_case` and `CamelCase` to `kebab-case`. Private items stay as they
//! are. What has no equivalent (references, generics, maps, `usize` …) is a compile error at
//! the place, which says what to write instead.
//!
//! The public types are generated anew from the description, with their derives and attributes.
//! They have `Debug` always, `Clone` and `Copy` where their contents do; an enum without payloads
//! has equality and order; the error type of a task has `Display` and `Error`.
//!
//! # Tests on your own machine
//!
//! The functions stay callable, so `cargo test` tests them without a sandbox. Away from wasm there
//! is no host to ask: log lines then go to standard error, and [`this_invocation`] answers with
//! a stand-in.

#[cfg(target_arch = "wasm32")]
mod bindings;
mod data;
mod host;
pub mod log;
pub mod workflow;

pub use data::{Data, Json, Mistake};
pub use host::{Invocation, progress, this_invocation};

/// Makes the public functions of a module the tasks of a component.
///
/// - `package = "demo:images@0.1.0"` is the WIT package; left out, it is made from the crate's
///   name and version, `component:the-crate@0.1.0`.
/// - `interface = "tasks"` is the name of the interface; left out, it is the module's name.
///
/// The module must be written where the attribute stands, not in a file of its own. The
/// crate-level documentation says what becomes of each Rust type.
///
/// ```
/// #[windlass_guest::tasks]
/// mod letters {
///     /// What can be wrong with a letter.
///     #[derive(PartialEq)]
///     pub enum Problem {
///         Empty,
///         TooLong(u32),
///     }
///
///     /// Counts the words of a letter.
///     pub fn words(text: String) -> Result<u32, Problem> {
///         match text.split_whitespace().count() as u32 {
///             0 => Err(Problem::Empty),
///             words if words > 1000 => Err(Problem::TooLong(words)),
///             words => Ok(words),
///         }
///     }
/// }
///
/// assert_eq!(letters::words("dear Ada".to_owned()), Ok(2));
/// assert_eq!(letters::words(String::new()), Err(letters::Problem::Empty));
/// ```
///
/// # Workflows
///
/// A public function marked `#[workflow]` is a workflow, all others are tasks. A workflow may be an
/// `async fn`, which waits for many calls of an [imported](import) interface at once; and its error
/// may be the [`Failure`](workflow::Failure) of a call, which is text in WIT.
pub use windlass_guest_macros::tasks;

/// The derive of the trait of the same name, for structs with named fields and for enums whose cases
/// carry at most one value.
pub use windlass_guest_macros::Data;

/// Imports another component's interface, for a workflow that calls it by type: each call becomes an
/// invocation of the component that is bound to the interface, and a durable wait for its end.
///
/// - `path` is the folder with the interface's WIT, from the crate's root; `"wit"` if left out.
/// - `interface` is the interface with its package and version.
/// - `async: true` makes the functions `async`, so that many calls are in flight at once; without
///   it each call waits for its end. A component imports an interface in one of the two ways.
///
/// What is made is a module for each part of the name, and in it the functions and types:
///
/// ```ignore
/// mod imports {
///     windlass_guest::import!({ interface: "demo:thumbnails/tasks@0.1.0", async: true });
/// }
/// use imports::demo::thumbnails::tasks::{resize, Format};
/// ```
pub use windlass_guest_macros::import;

/// What the expansion of [`tasks`] refers to. Not for anybody else.
#[doc(hidden)]
pub mod __private {
    pub use wit_bindgen;
}

/// Compiles what the README shows.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Compiles and runs what the guide shows.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guides/workflows.md")]
struct Guide;
