//! The Rust target of the guests.

use anyhow::Result;

use crate::commands;

/// The target for which guests are built.
pub const TARGET: &str = "wasm32-wasip2";

/// Installs the target, or builds it where rustup cannot. Does nothing when it is there.
pub fn install() -> Result<()> {
    commands::run(commands::program("bash").arg("xtask/wasm-target.sh"))
}
