//! Random numbers: wasmtime's, but a request that is too large is told as the limit that it is.

use wasmtime::component::{HasData, Linker};
use wasmtime_wasi::WasiView;
use wasmtime_wasi::p2::bindings::random::{insecure, random};
use wasmtime_wasi::random::WasiRandomCtx;

use crate::engine::limits::Reached;
use crate::engine::sandbox::Sandbox;

struct Bounded;

struct View<'a> {
    random: &'a mut WasiRandomCtx,
    max: u64,
}

impl HasData for Bounded {
    type Data<'a> = View<'a>;
}

/// Replaces wasmtime's interfaces in a linker that has them.
pub fn link(linker: &mut Linker<Sandbox>) -> wasmtime::Result<()> {
    fn view(sandbox: &mut Sandbox) -> View<'_> {
        let max = sandbox.random_max_bytes;
        View {
            random: sandbox.ctx().ctx.random(),
            max,
        }
    }
    linker.allow_shadowing(true);
    random::add_to_linker::<_, Bounded>(linker, view)?;
    insecure::add_to_linker::<_, Bounded>(linker, view)?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Whether a guest may ask for so many bytes at once.
pub fn check_length(length: u64, max: u64) -> wasmtime::Result<()> {
    if length > max {
        let message = format!(
            "the task asked for {length} random bytes at once where {max} are allowed: let it \
             ask for fewer at a time, or raise random_max_bytes"
        );
        return Err(Reached::new("random_max_bytes", message).into());
    }
    Ok(())
}

impl random::Host for View<'_> {
    fn get_random_bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        check_length(length, self.max)?;
        random::Host::get_random_bytes(self.random, length)
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        random::Host::get_random_u64(self.random)
    }
}

impl insecure::Host for View<'_> {
    fn get_insecure_random_bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        check_length(length, self.max)?;
        insecure::Host::get_insecure_random_bytes(self.random, length)
    }

    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        insecure::Host::get_insecure_random_u64(self.random)
    }
}
