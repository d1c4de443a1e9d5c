//! The Python of the tests: a virtual environment of its own, with what their scripts import, and what
//! tests the client and the SDK in Python.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::{apt, commands};

/// What the scripts import, and what tests the Python of this repository, pinned.
const PACKAGES: [&str; 6] = [
    "psycopg[binary]==3.3.*",
    "pytest==9.2.0",
    "mypy==2.4.1",
    "httpx==0.28.1",
    "fastapi==0.165.0",
    "uvicorn==0.54.0",
];

/// The interpreter, whose environment is made if it is not there.
pub fn interpreter() -> Result<PathBuf> {
    let folder = commands::target_dir().join("python");
    let interpreter = folder.join("bin/python");
    // Says which packages are there: others mean a new environment.
    let stamp = folder.join("packages");
    let wanted = PACKAGES.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) {
        return Ok(interpreter);
    }
    let make = || {
        let mut make = commands::program("python3");
        commands::run(make.args(["-m", "venv", "--clear"]).arg(&folder))
    };
    if make().is_err() {
        if !apt::may_install()? {
            bail!(
                "the tests need Python 3.10 or newer with its module venv (on Debian: sudo apt-get \
                 install python3-venv)"
            );
        }
        apt::apt(&["update"])?;
        apt::apt(&["install", "--no-install-recommends", "python3-venv"])?;
        make()?;
    }
    let mut install = commands::program(&interpreter);
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]);
    commands::run(install.args(PACKAGES))?;
    std::fs::write(&stamp, wanted).with_context(|| format!("writing {}", stamp.display()))?;
    Ok(interpreter)
}
