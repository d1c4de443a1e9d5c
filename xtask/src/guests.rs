//! The components that the tests upload: those of `examples/` and of `tests/guests/`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::{commands, wasm_target};

/// Builds every component; returns the folder that then holds them, `<name>.wasm` each.
pub fn build() -> Result<PathBuf> {
    wasm_target::install()?;
    for workspace in ["examples", "tests/guests"] {
        commands::run(commands::cargo_in(workspace, "build").args([
            "--release",
            "--locked",
            "--target",
            wasm_target::TARGET,
        ]))?;
    }
    let folder = folder();
    eprintln!("the components are in {}", folder.display());
    Ok(folder)
}

/// Builds `hello` and puts it where `windlass demo` embeds it.
pub fn bless_hello() -> Result<()> {
    let built = build()?.join("hello.wasm");
    let asset = commands::root().join("host/assets/hello.wasm");
    fs::copy(&built, &asset)
        .with_context(|| format!("copying {} to {}", built.display(), asset.display()))?;
    eprintln!("blessed {}", asset.display());
    Ok(())
}

/// Where the components are when they have been built.
pub fn folder() -> PathBuf {
    let built = commands::target_dir().join("guests");
    built.join(wasm_target::TARGET).join("release")
}
