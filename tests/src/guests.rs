//! The components that the tests upload: `cargo xtask guests` builds them.

use std::path::PathBuf;

/// The component's bytes: `hello`, `thumbnails`, `collector` …
///
/// # Panics
/// When it has not been built.
pub fn component(name: &str) -> Vec<u8> {
    let path = path(name);
    std::fs::read(&path).unwrap_or_else(|error| {
        panic!(
            "{}: {error} (`cargo xtask guests` builds it)",
            path.display()
        )
    })
}

/// The component's file.
pub fn path(name: &str) -> PathBuf {
    let folder = match std::env::var_os("WINDLASS_TEST_GUESTS") {
        Some(folder) => folder.into(),
        None => xtask::guests::folder(),
    };
    let built = folder.join(format!("{name}.wasm"));
    // What no compiler makes is committed.
    let committed = xtask::commands::root().join(format!("tests/guests/{name}/{name}.wasm"));
    if committed.exists() { committed } else { built }
}
