//! Finding the programs of Postgres, or having apt install them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::apt::{apt, may_install};

/// Where Debian puts them, a folder a version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// Debian would start a server at once; this says not to.
const CLUSTER_SETTINGS: &str = "/etc/postgresql-common/createcluster.conf";

/// The folder that holds `initdb`, `postgres` and `psql`.
pub fn binaries() -> Result<PathBuf> {
    if let Some(folder) = find() {
        return Ok(folder);
    }
    if !may_install()? {
        bail!(
            "the tests need Postgres 14 or newer, and found no `initdb` in PATH or {DEBIAN}; \
             install it (on Debian: sudo apt-get install postgresql)"
        );
    }
    install()?;
    find().context("apt installed postgresql, yet there is no initdb")
}

/// The newest version that is there.
fn find() -> Option<PathBuf> {
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let newest = versions
        .map(|version| version.path())
        .filter(|folder| is_complete(&folder.join("bin")))
        .max_by_key(|folder| -> Option<u32> { folder.file_name()?.to_str()?.parse().ok() })
        .map(|folder| folder.join("bin"));
    let in_path = || env::split_paths(&env::var_os("PATH")?).find(|folder| is_complete(folder));
    newest.or_else(in_path)
}

fn is_complete(folder: &Path) -> bool {
    ["initdb", "postgres", "psql"]
        .iter()
        .all(|name| folder.join(name).exists())
}

fn install() -> Result<()> {
    apt(&["update"])?;
    apt(&["install", "--no-install-recommends", "postgresql-common"])?;
    let settings = fs::read_to_string(CLUSTER_SETTINGS).unwrap_or_default();
    if !settings
        .lines()
        .any(|line| line.starts_with("create_main_cluster"))
    {
        fs::write(CLUSTER_SETTINGS, settings + "create_main_cluster = false\n")
            .with_context(|| format!("writing {CLUSTER_SETTINGS}"))?;
    }
    apt(&["install", "--no-install-recommends", "postgresql"])
}
