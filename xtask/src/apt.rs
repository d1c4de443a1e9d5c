//! What apt installs, where it may.

use std::path::Path;

use anyhow::Result;

use crate::commands;

/// Whether packages can be installed here: there is an apt, and we are root.
pub fn may_install() -> Result<bool> {
    let has_apt = Path::new("/usr/bin/apt-get").exists();
    let is_root = commands::output(commands::program("id").arg("-u"))? == "0";
    Ok(has_apt && is_root)
}

/// Runs `apt-get`, which asks nothing.
pub fn apt(words: &[&str]) -> Result<()> {
    commands::run(
        commands::program("apt-get")
            .args(["-q", "-y"])
            .args(words)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
}
