//! Pinned tools: where they are, what is missing, and installing them when that is asked for.
//!
//! A tool from a package registry is installed by that registry's own client into a folder of its
//! own, named after what is in it, so that versions lie beside each other and nothing of the author's
//! is touched.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Error;

/// What compiles Rust.
pub(super) const RUST: Program = Program {
    name: "cargo",
    version_flag: "--version",
    least: (1, 87),
    what: "Rust is compiled",
    install: "curl -sSf https://sh.rustup.rs | sh",
};

/// The command that installs what a project needs.
const INSTALL: &str = "windlass build --install";

/// What a toolchain needs.
#[derive(Debug, Clone)]
pub enum Tool {
    /// Python packages, in a virtual environment of their own.
    Pip(Pip),
    /// Npm packages, in a folder of their own.
    Npm(Npm),
    /// A program on the PATH.
    Program(Program),
    /// The target of the Rust compiler on the PATH.
    RustTarget(&'static str),
}

/// Python packages.
#[derive(Debug, Clone)]
pub struct Pip {
    /// The folder's name, and the key under which the toolchain finds it again.
    pub name: &'static str,
    /// `package==version`, each pinned.
    pub packages: &'static [&'static str],
    /// What they are for: `Python is made into a component`.
    pub what: &'static str,
}

/// Npm packages.
#[derive(Debug, Clone)]
pub struct Npm {
    /// As in [`Pip`].
    pub name: &'static str,
    /// `package@version`, each pinned.
    pub packages: &'static [&'static str],
    /// Versions of what they depend on that are not what they ask for.
    pub overrides: &'static [(&'static str, &'static str)],
    /// As in [`Pip`].
    pub what: &'static str,
}

/// A program on the PATH.
#[derive(Debug, Clone)]
pub struct Program {
    /// What it is called.
    pub name: &'static str,
    /// Its argument that prints the version.
    pub version_flag: &'static str,
    /// The least version, such as `(3, 10)`.
    pub least: (u32, u32),
    /// What it is for.
    pub what: &'static str,
    /// How people install it.
    pub install: &'static str,
}

/// Where tools are installed.
#[derive(Debug, Clone)]
pub struct Tools {
    folder: PathBuf,
    /// The folders of the tools that were found, by their names.
    found: BTreeMap<&'static str, PathBuf>,
}

impl Tools {
    /// The tools below the folder that `WINDLASS_TOOLS` names, else below the user's cache.
    pub fn new() -> Self {
        let cache = || {
            let of_user = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
            let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_else(|| "/".into()));
            let cache = of_user.unwrap_or_else(|| home().join(".cache"));
            cache.join("windlass").join("tools")
        };
        Self {
            folder: std::env::var_os("WINDLASS_TOOLS").map_or_else(cache, PathBuf::from),
            found: BTreeMap::new(),
        }
    }

    /// Looks for a tool; installs it if that is wanted and it is not there.
    ///
    /// # Errors
    ///
    /// What is missing or too old, and what installs it.
    pub fn look_for(
        &mut self,
        tool: &Tool,
        install: bool,
        say: &mut dyn FnMut(String),
    ) -> Result<(), Error> {
        match tool {
            Tool::Pip(pip) => {
                let wanted = pip.packages.join("\n");
                let folder = self.prepare(pip.name, &wanted, install, pip.what, |folder| {
                    say(format!("installing {}", pip.packages.join(", ")));
                    install_pip(folder, pip)
                })?;
                self.found.insert(pip.name, folder);
            }
            Tool::Npm(npm) => {
                let wanted = npm.packages.join("\n");
                let folder = self.prepare(npm.name, &wanted, install, npm.what, |folder| {
                    say(format!("installing {}", npm.packages.join(", ")));
                    install_npm(folder, npm)
                })?;
                self.found.insert(npm.name, folder);
            }
            Tool::Program(program) => program.look_for()?,
            Tool::RustTarget(target) => look_for_target(target, install, say)?,
        }
        Ok(())
    }

    /// The `bin` folder of Python packages that were found.
    pub fn pip(&self, name: &str) -> PathBuf {
        self.found[name].join("bin")
    }

    /// The folder of npm packages that were found; its `node_modules` holds them.
    pub fn npm(&self, name: &str) -> PathBuf {
        self.found[name].clone()
    }

    /// The folder of what is named so and holds what is wanted, which a stamp in it says.
    fn prepare(
        &self,
        name: &str,
        wanted: &str,
        install: bool,
        what: &str,
        make: impl FnOnce(&Path) -> Result<(), Error>,
    ) -> Result<PathBuf, Error> {
        let folder = self.folder.join(name);
        // Two builds at once install it once. The lock goes with the file.
        let _lock = install.then(|| self.lock(name)).transpose()?;
        let stamp = folder.join("windlass-packages");
        if std::fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) {
            return Ok(folder);
        }
        if !install {
            return Err(Error::Missing {
                tool: wanted.lines().collect::<Vec<_>>().join(" with "),
                what: what.to_owned(),
                install: INSTALL.to_owned(),
            });
        }
        if folder.exists() {
            std::fs::remove_dir_all(&folder).map_err(Error::file("remove", &folder))?;
        }
        std::fs::create_dir_all(&folder).map_err(Error::file("make", &folder))?;
        make(&folder)?;
        std::fs::write(&stamp, wanted).map_err(Error::file("write", &stamp))?;
        Ok(folder)
    }
}

impl Tools {
    fn lock(&self, name: &str) -> Result<std::fs::File, Error> {
        std::fs::create_dir_all(&self.folder).map_err(Error::file("make", &self.folder))?;
        let path = self.folder.join(format!("{name}.lock"));
        let file = std::fs::File::create(&path).map_err(Error::file("write", &path))?;
        file.lock().map_err(Error::file("lock", &path))?;
        Ok(file)
    }
}

impl Program {
    /// The program is on the PATH, in a version that will do.
    fn look_for(&self) -> Result<(), Error> {
        let missing = || Error::Missing {
            tool: self.name.to_owned(),
            what: self.what.to_owned(),
            install: self.install.to_owned(),
        };
        let output = Command::new(self.name)
            .arg(self.version_flag)
            .stdin(Stdio::null())
            .output()
            .map_err(|_| missing())?;
        let said = String::from_utf8_lossy(&output.stdout);
        let (major, minor) = version_in(&said).ok_or_else(missing)?;
        if (major, minor) < self.least {
            return Err(Error::TooOld {
                tool: self.name.to_owned(),
                found: format!("{major}.{minor}"),
                needed: format!("{}.{}", self.least.0, self.least.1),
                install: self.install.to_owned(),
            });
        }
        Ok(())
    }
}

/// The first `MAJOR.MINOR` in what a program says of its version.
fn version_in(said: &str) -> Option<(u32, u32)> {
    let numbers = |word: &str| {
        let word = word.trim_start_matches(|c: char| !c.is_ascii_digit());
        let mut parts = word.split(|c: char| !c.is_ascii_digit());
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    };
    said.split_whitespace().find_map(numbers)
}

fn install_pip(folder: &Path, pip: &Pip) -> Result<(), Error> {
    Program {
        name: "python3",
        version_flag: "--version",
        least: (3, 10),
        what: pip.what,
        install: "sudo apt-get install python3-venv",
    }
    .look_for()?;
    let mut make = Command::new("python3");
    run(
        "python3 -m venv",
        make.args(["-m", "venv", "--clear"]).arg(folder),
    )?;
    let mut install = Command::new(folder.join("bin").join("python"));
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]);
    run("pip", install.args(pip.packages))
}

fn install_npm(folder: &Path, npm: &Npm) -> Result<(), Error> {
    for (name, least) in [("node", (18, 0)), ("npm", (8, 3))] {
        Program {
            name,
            version_flag: "--version",
            least,
            what: npm.what,
            install: "sudo apt-get install nodejs npm",
        }
        .look_for()?;
    }
    let overrides: BTreeMap<_, _> = npm.overrides.iter().copied().collect();
    let package = serde_json::json!({ "private": true, "overrides": overrides });
    let file = folder.join("package.json");
    std::fs::write(&file, package.to_string()).map_err(Error::file("write", &file))?;
    let mut install = Command::new("npm");
    install
        .args(["install", "--no-audit", "--no-fund", "--loglevel=error"])
        .arg("--prefix")
        .arg(folder);
    run("npm", install.args(npm.packages).current_dir(folder))
}

fn look_for_target(target: &str, install: bool, say: &mut dyn FnMut(String)) -> Result<(), Error> {
    let mut ask = Command::new("rustc");
    ask.args(["--print", "target-libdir", "--target", target]);
    let there = ask.output().is_ok_and(|output| {
        let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success() && Path::new(&folder).is_dir()
    });
    if there {
        return Ok(());
    }
    if !install {
        return Err(Error::Missing {
            tool: format!("the Rust target {target}"),
            what: "Rust is compiled to wasm".to_owned(),
            install: INSTALL.to_owned(),
        });
    }
    say(format!("installing the Rust target {target}"));
    run(
        "rustup",
        Command::new("rustup").args(["target", "add", target]),
    )
}

fn run(tool: &str, command: &mut Command) -> Result<(), Error> {
    let failed = |said: String| Error::Failed {
        tool: tool.to_owned(),
        said,
        hint: None,
    };
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(format!("it could not be started: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    Err(failed(
        String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    ))
}

#[cfg(test)]
mod tests;
