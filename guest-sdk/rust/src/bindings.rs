//! The contract with the host as wit-bindgen reads it, on wasm only.
//!
//! The contract itself is a copy of the repository's `wit/windlass-host`, so that the crate can be
//! built away from it; a test holds the two together. The linker drops each interface from every
//! component that calls nothing of it.

#![allow(
    clippy::all,
    missing_docs,
    unsafe_op_in_unsafe_fn,
    reason = "wit-bindgen wrote it"
)]

wit_bindgen::generate!({
    path: "wit/windlass-host",
    world: "workflows",
    generate_all,
});
