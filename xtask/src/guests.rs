//! The components that the tests upload: those of `examples/` and of `tests/guests/`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::{commands, wasm_target};

/// Builds every component; returns the folder that then holds them, `<name>.wasm` each.
pub fn build() -> Result<PathBuf> {
    wasm_target::install()?;
    let target_dir = target_dir();
    for workspace in ["examples", "tests/guests"] {
        commands::run(
            commands::cargo("build")
                .args(["--release", "--target", wasm_target::TARGET])
                .arg("--manifest-path")
                .arg(commands::root().join(workspace).join("Cargo.toml"))
                .arg("--target-dir")
                .arg(&target_dir),
        )?;
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
    target_dir().join(wasm_target::TARGET).join("release")
}

/// Where the guests' workspaces are built: beside the host's, since their profiles differ.
pub fn target_dir() -> PathBuf {
    commands::target_dir().join("guests")
}
