//! A first look at uploaded bytes, before anything parses them: are they a component at all, and
//! if not, what are they, and what to do about it. Also their digest.
//!
//! Size limits are the caller's. Whether a component is sound is found out by `describe` (its
//! types) and by the engine (its code).

use sha2::{Digest, Sha256};

const MAGIC: &[u8] = b"\0asm";

/// The version field of a core module and of a component.
const CORE: [u8; 4] = [0x01, 0, 0, 0];
const COMPONENT: [u8; 4] = [0x0d, 0, 0x01, 0];

/// Why bytes are no component.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There are none.
    #[error("the upload is empty; send the bytes of a wasm component")]
    Empty,
    /// They do not begin as wasm does.
    #[error("this is {looks_like}, not a wasm component{hint}")]
    NotWasm {
        /// What they look like.
        looks_like: &'static str,
        /// What to do about it, beginning with a semicolon; may be empty.
        hint: &'static str,
    },
    /// They end within the header.
    #[error(
        "the component ends after {0} bytes, within its header; it was cut off, upload it again"
    )]
    Truncated(usize),
    /// A module without a typed interface.
    #[error(
        "this is a core wasm module, not a component; build it for wasm32-wasip2, or turn it into \
         a component with `wasm-tools component new`"
    )]
    CoreModule,
    /// Wasm of a version that is neither a core module nor a component.
    #[error(
        "this is wasm of the unknown version {0:#010x}; build it with current tools \
         (component version 0x0001000d)"
    )]
    UnknownVersion(u32),
}

/// Checks that `bytes` begin as a component does.
///
/// # Errors
///
/// What they are instead.
pub fn validate(bytes: &[u8]) -> Result<(), Error> {
    if bytes.is_empty() {
        return Err(Error::Empty);
    }
    if !bytes.starts_with(MAGIC) {
        if MAGIC.starts_with(bytes) {
            return Err(Error::Truncated(bytes.len()));
        }
        let (looks_like, hint) = looks_like(bytes);
        return Err(Error::NotWasm { looks_like, hint });
    }
    match bytes.get(4..8).and_then(|version| version.try_into().ok()) {
        None => Err(Error::Truncated(bytes.len())),
        Some(COMPONENT) => Ok(()),
        Some(CORE) => Err(Error::CoreModule),
        Some(version) => Err(Error::UnknownVersion(u32::from_le_bytes(version))),
    }
}

/// The sha-256 of `bytes` in lower-case hex: what a component is pinned by.
pub fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write;

    let hash = Sha256::digest(bytes);
    hash.iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("a string takes any text");
            hex
        })
}

/// A guess, for the message only: what bytes are, and what to do about it.
fn looks_like(bytes: &[u8]) -> (&'static str, &'static str) {
    const BUILD: &str = "; build it to wasm first";
    const UNPACK: &str = "; unpack it and send the .wasm in it";

    match bytes {
        [0x1f, 0x8b, ..] => return ("a gzip archive", UNPACK),
        [b'P', b'K', 3 | 5, ..] => return ("a zip archive", UNPACK),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => return ("a zstd archive", UNPACK),
        [0x7f, b'E', b'L', b'F', ..] => {
            return ("a native program (ELF)", "; build it for wasm32-wasip2");
        }
        [b'M', b'Z', ..] => return ("a native program (PE)", "; build it for wasm32-wasip2"),
        [0xcf, 0xfa, 0xed, 0xfe, ..] | [0xca, 0xfe, 0xba, 0xbe, ..] => {
            return ("a native program (Mach-O)", "; build it for wasm32-wasip2");
        }
        [b'#', b'!', ..] => return ("a script", BUILD),
        _ => {}
    }
    // Enough for a guess; a text may be cut within a character here.
    let start = &bytes[..bytes.len().min(4096)];
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&start[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return ("binary data of an unknown kind", ""),
    };
    if text.contains('\0') {
        return ("binary data of an unknown kind", "");
    }
    let words = text.trim_start_matches('\u{feff}').trim_start();
    let has = |needles: &[&str]| needles.iter().any(|needle| text.contains(needle));
    if words.starts_with("(component") || words.starts_with("(module") || words.starts_with(";;") {
        return (
            "WebAssembly text (wat)",
            "; turn it into bytes with `wasm-tools parse`",
        );
    }
    if words.starts_with('<') {
        return (
            "HTML or XML",
            "; was it downloaded from a page instead of a file?",
        );
    }
    if words.starts_with("package ") && has(&["interface ", "world "]) {
        return (
            "WIT text",
            "; that is an interface, build a component that exports it",
        );
    }
    if has(&[
        "import ",
        "export ",
        "function ",
        "const ",
        "def ",
        "fn ",
        "func ",
    ]) {
        return ("source text", BUILD);
    }
    ("text", BUILD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(bytes: &[u8], message: &str) {
        let error = validate(bytes).expect_err("these bytes are no component");

        assert_eq!(error.to_string(), message);
    }

    #[test]
    fn the_header_of_a_component_is_accepted() {
        assert_eq!(validate(b"\0asm\x0d\0\x01\0"), Ok(()));
    }

    #[test]
    fn a_core_module_is_told_from_a_component() {
        refused(
            b"\0asm\x01\0\0\0",
            "this is a core wasm module, not a component; build it for wasm32-wasip2, or turn it \
             into a component with `wasm-tools component new`",
        );
    }

    #[test]
    fn a_header_that_is_cut_off_is_called_so() {
        for end in 1..8 {
            let header = &b"\0asm\x0d\0\x01\0"[..end];

            assert_eq!(validate(header), Err(Error::Truncated(end)));
        }
    }

    #[test]
    fn an_empty_upload_and_an_unknown_version_are_refused() {
        refused(
            b"",
            "the upload is empty; send the bytes of a wasm component",
        );
        refused(
            b"\0asm\x0c\0\x01\0",
            "this is wasm of the unknown version 0x0001000c; build it with current tools \
             (component version 0x0001000d)",
        );
    }

    #[test]
    fn what_is_no_wasm_is_told_by_its_kind() {
        refused(
            b"\x1f\x8b\x08\x00",
            "this is a gzip archive, not a wasm component; unpack it and send the .wasm in it",
        );
        refused(
            b"\x7fELF\x02",
            "this is a native program (ELF), not a wasm component; build it for wasm32-wasip2",
        );
        refused(
            b"  (component)",
            "this is WebAssembly text (wat), not a wasm component; turn it into bytes with \
             `wasm-tools parse`",
        );
        refused(
            b"export function hello() {}",
            "this is source text, not a wasm component; build it to wasm first",
        );
        refused(
            b"package a:b;\ninterface c {}",
            "this is WIT text, not a wasm component; that is an interface, build a component that \
             exports it",
        );
        refused(
            b"\xff\xfe\x00\x01",
            "this is binary data of an unknown kind, not a wasm component",
        );
        refused(
            b"hello",
            "this is text, not a wasm component; build it to wasm first",
        );
    }

    #[test]
    fn the_digest_is_sha_256_in_hex() {
        let digest = digest(b"abc");

        assert_eq!(
            digest,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
