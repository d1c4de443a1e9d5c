//! Random numbers that are the same in every replay, on every machine: blocks of SHA-256 over the
//! seed and a count.

use sha2::{Digest as _, Sha256};
use wasmtime::component::{HasSelf, Linker};
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};

use super::guest::Guest;
use crate::engine::capabilities::random::check_length;

/// Tells these blocks apart from whatever else is made of the seed.
const PURPOSE: &[u8] = b"windlass workflow random";

/// One workflow's random numbers: a single stream for all that ask, so it must be asked in the same
/// order, as everything must.
pub(in crate::engine) struct Numbers {
    seed: [u8; 32],
    count: u64,
    block: [u8; 32],
    used: usize,
}

impl Numbers {
    pub fn new(seed: [u8; 32]) -> Self {
        Self {
            seed,
            count: 0,
            block: [0; 32],
            used: 32,
        }
    }

    /// A stream of its own for a piece of work that a replay skips: it takes nothing out of this one.
    pub fn of_piece(&self, piece: u32) -> Self {
        let mut hash = Sha256::new();
        hash.update(PURPOSE);
        hash.update(self.seed);
        hash.update(b"piece");
        hash.update(piece.to_le_bytes());
        Self::new(hash.finalize().into())
    }

    pub fn fill(&mut self, mut bytes: &mut [u8]) {
        while !bytes.is_empty() {
            if self.used == self.block.len() {
                self.advance();
            }
            let length = bytes.len().min(self.block.len() - self.used);
            let (now, later) = bytes.split_at_mut(length);
            now.copy_from_slice(&self.block[self.used..self.used + length]);
            self.used += length;
            bytes = later;
        }
    }

    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.fill(&mut bytes);
        bytes
    }

    fn number(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn advance(&mut self) {
        let mut hash = Sha256::new();
        hash.update(PURPOSE);
        hash.update(self.seed);
        hash.update(self.count.to_le_bytes());
        self.block = hash.finalize().into();
        self.count += 1;
        self.used = 0;
    }
}

/// Replaces wasmtime's interfaces in a linker that allows it.
pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    random::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    insecure::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)?;
    insecure_seed::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)
}

impl random::Host for Guest {
    fn get_random_bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        check_length(length, self.random_max_bytes)?;
        Ok(self.numbers.bytes(length as usize))
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        Ok(self.numbers.number())
    }
}

impl insecure::Host for Guest {
    fn get_insecure_random_bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        random::Host::get_random_bytes(self, length)
    }

    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        Ok(self.numbers.number())
    }
}

impl insecure_seed::Host for Guest {
    fn insecure_seed(&mut self) -> wasmtime::Result<(u64, u64)> {
        // Always the same: what it seeds, such as the order in a hash map, must not depend on
        // whether it is first asked for within a piece of work that a replay skips.
        let mut numbers = Numbers::new(self.keeper.seed()).of_piece(0);
        Ok((numbers.number(), numbers.number()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_same_however_it_is_cut() {
        let (mut one, mut other) = (Numbers::new([7; 32]), Numbers::new([7; 32]));

        let whole = one.bytes(100);
        let pieces = [other.bytes(1), other.bytes(33), other.bytes(66)].concat();

        assert_eq!(whole, pieces);
        assert_ne!(whole, Numbers::new([8; 32]).bytes(100));
    }
}
