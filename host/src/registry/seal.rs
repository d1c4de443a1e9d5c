//! The seal on compiled code that hosts share: a keyed hash, by a key that all hosts of a fleet are
//! given and that the store never sees.
//!
//! Loading compiled code is trusting it: it is machine code, and whoever can write to the database
//! could put anything there. So a host loads from there only what somebody with the key has sealed,
//! for this very component, kind of program and compiler.

use crate::store::CodeId;

/// Bytes of a seal, which stand before the code.
const SEAL_BYTES: usize = blake3::OUT_LEN;

/// What the key of a fleet is used for; another use would have another text.
const PURPOSE: &str = "windlass 2026-11-23 seal of compiled code";

/// The key of a fleet.
#[derive(Clone)]
pub(super) struct Key([u8; blake3::KEY_LEN]);

impl Key {
    /// The key that a secret text makes.
    pub fn of(secret: &str) -> Self {
        Self(blake3::derive_key(PURPOSE, secret.as_bytes()))
    }

    /// The code with its seal.
    pub fn seal(&self, of: &CodeId, code: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(SEAL_BYTES + code.len());
        sealed.extend_from_slice(self.hash(of, code).as_bytes());
        sealed.extend_from_slice(code);
        sealed
    }

    /// The code, if the seal is this key's and for this code.
    pub fn open<'a>(&self, of: &CodeId, sealed: &'a [u8]) -> Option<&'a [u8]> {
        let (seal, code) = sealed.split_first_chunk()?;
        // Hashes are compared in the same time wherever they differ.
        (self.hash(of, code) == blake3::Hash::from_bytes(*seal)).then_some(code)
    }

    fn hash(&self, of: &CodeId, code: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        // With its length before each, so that no two different calls hash the same bytes.
        for part in [of.digest.as_str().as_bytes(), of.code.as_bytes(), code] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hasher.finalize()
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Digest;

    fn id() -> CodeId {
        CodeId {
            digest: Digest::of(b"component"),
            code: "task-v1".to_owned(),
        }
    }

    #[test]
    fn what_was_sealed_is_opened() {
        let sealed = Key::of("secret").seal(&id(), b"code");

        assert_eq!(Key::of("secret").open(&id(), &sealed), Some(&b"code"[..]));
    }

    #[test]
    fn another_key_does_not_open_it() {
        let sealed = Key::of("secret").seal(&id(), b"code");

        assert_eq!(Key::of("Secret").open(&id(), &sealed), None);
    }

    #[test]
    fn a_bit_that_was_turned_anywhere_is_noticed() {
        let sealed = Key::of("secret").seal(&id(), b"code");

        for bit in 0..sealed.len() * 8 {
            let mut tampered = sealed.clone();
            tampered[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Key::of("secret").open(&id(), &tampered), None, "bit {bit}");
        }
        for end in 0..sealed.len() {
            assert_eq!(Key::of("secret").open(&id(), &sealed[..end]), None);
        }
    }

    #[test]
    fn code_of_another_component_or_compiler_is_noticed() {
        let key = Key::of("secret");
        let sealed = key.seal(&id(), b"code");

        let other_component = CodeId {
            digest: Digest::of(b"other"),
            ..id()
        };
        let other_kind = CodeId {
            code: "workflow-v1".to_owned(),
            ..id()
        };

        assert_eq!(key.open(&other_component, &sealed), None);
        assert_eq!(key.open(&other_kind, &sealed), None);
    }
}
