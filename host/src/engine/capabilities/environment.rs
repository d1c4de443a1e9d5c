//! Environment variables: those that were granted, none of the host's own.

use wasmtime_wasi::WasiCtxBuilder;

use super::Grants;

/// Gives a sandbox the variables of its grants.
pub fn give(wasi: &mut WasiCtxBuilder, grants: &Grants) {
    for (name, value) in &grants.environment {
        wasi.env(name, value);
    }
}
