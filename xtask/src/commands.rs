//! Running other programs: where, how they are shown, and what their failure is called.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The folder of the repository.
pub fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask
        .parent()
        .expect("xtask/ lies in the repository")
        .to_owned()
}

/// Where the host's workspace is built.
pub fn target_dir() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// The program, to be run in the repository's folder.
pub fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root());
    command
}

/// The cargo that runs this, to be run in the repository's folder.
pub fn cargo(subcommand: &str) -> Command {
    let mut command = program(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.arg(subcommand);
    command
}

/// The workspaces apart from the host's, by their folders.
pub const OTHER_WORKSPACES: [&str; 3] = ["guest-sdk/rust", "examples", "tests/guests"];

/// The same in one of them. What it builds comes beside what the host's workspace does, since the
/// profiles differ.
pub fn cargo_in(workspace: &str, subcommand: &str) -> Command {
    let mut command = cargo(subcommand);
    command
        .arg("--manifest-path")
        .arg(root().join(workspace).join("Cargo.toml"))
        // Told to the builds that its tests start, too.
        .env("CARGO_TARGET_DIR", target_dir().join("guests"));
    command
}

/// Shows the command and runs it to its end; that it fails is an error.
pub fn run(command: &mut Command) -> Result<()> {
    show(command);
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .with_context(|| format!("{name} could not be started"))?;
    if !status.success() {
        bail!("`{}` failed: {status}", line(command));
    }
    Ok(())
}

/// What the command prints, without the white space around it.
pub fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .with_context(|| format!("{name} could not be started"))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!(
            "`{}` failed: {}\n{}",
            line(command),
            output.status,
            complaint.trim_end()
        );
    }
    let text = String::from_utf8(output.stdout).with_context(|| format!("{name} printed bytes"))?;
    Ok(text.trim().to_owned())
}

/// Prints the command as one would type it.
pub fn show(command: &Command) {
    eprintln!("\x1b[2m$ {}\x1b[0m", line(command));
}

fn line(command: &Command) -> String {
    let name = Path::new(command.get_program());
    let name = name.file_name().unwrap_or(name.as_os_str());
    std::iter::once(name)
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}
