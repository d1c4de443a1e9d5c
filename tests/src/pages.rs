//! Pages that people read, executed: what stands after `$ ` in their console blocks.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{HostProcess, binary};

/// A command of a page.
#[derive(Debug, PartialEq, Eq)]
pub struct Typed {
    /// What is typed.
    pub line: String,
    /// The lines that the page shows under it.
    pub printed: Vec<String>,
}

impl Typed {
    /// The program's name.
    pub fn program(&self) -> &str {
        self.line.split(' ').next().unwrap_or_default()
    }
}

/// What is typed after `$ ` in the console blocks of a page, in order.
pub fn commands_of(page: &str) -> Vec<Typed> {
    let mut commands: Vec<Typed> = Vec::new();
    for block in page.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default();
        for line in block.lines() {
            match (line.strip_prefix("$ "), commands.last_mut()) {
                (Some(command), _) => commands.push(Typed {
                    line: command.to_owned(),
                    printed: Vec::new(),
                }),
                (None, Some(command)) => command.printed.push(line.trim().to_owned()),
                (None, None) => {}
            }
        }
    }
    commands
}

/// A shell beside a host, with `windlass` on its path.
pub struct Shell {
    place: PathBuf,
    server: String,
    environment: Vec<(&'static str, OsString)>,
    /// Where programs are that are on no path.
    programs: Vec<PathBuf>,
}

/// What a command printed.
pub struct Said {
    /// On stdout.
    pub stdout: String,
    /// On stderr.
    pub stderr: String,
}

impl Shell {
    /// A shell in this folder.
    pub fn new(place: &Path, host: &HostProcess) -> Self {
        Self {
            place: place.to_owned(),
            server: host.url().to_owned(),
            environment: Vec::new(),
            programs: Vec::new(),
        }
    }

    /// The same with the programs of this folder, where the path has none of their names.
    pub fn with_programs(mut self, folder: PathBuf) -> Self {
        self.programs.push(folder);
        self
    }

    /// The same with a variable set.
    pub fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// Executes a command of a page, and sees that it prints what the page shows. A task may fail,
    /// since pages show that too, but nothing else may.
    ///
    /// # Panics
    /// When it does neither.
    pub fn execute(&self, command: &Typed) {
        let said = self.run(&command.line);
        let all = format!("{}\n{}", said.stdout, said.stderr);
        for line in &command.printed {
            assert!(
                all.contains(line),
                "`{}` printed\n{all}\ninstead of\n{line}",
                command.line
            );
        }
    }

    /// Runs a line.
    ///
    /// # Panics
    /// When it fails other than by a task that failed.
    pub fn run(&self, line: &str) -> Said {
        const TASK_FAILED: i32 = 4;
        let (code, said) = self.try_run(line);
        assert!(
            matches!(code, Some(0 | TASK_FAILED)),
            "`{line}`: {code:?}: {}\n{}",
            said.stdout,
            said.stderr
        );
        said
    }

    /// Runs a line, however it ends.
    ///
    /// # Panics
    /// When there is no shell.
    pub fn try_run(&self, line: &str) -> (Option<i32>, Said) {
        let binary = binary();
        let folder = binary.parent().expect("a binary lies in a folder");
        let path = std::env::var_os("PATH").expect("there is a path");
        let folders = std::iter::once(folder.to_owned())
            .chain(std::env::split_paths(&path))
            .chain(self.programs.iter().cloned());
        let path = std::env::join_paths(folders).expect("these were paths");
        let output = Command::new("bash")
            .args(["-c", line])
            .current_dir(&self.place)
            .env("PATH", path)
            .env("WINDLASS_SERVER", &self.server)
            .env("NO_COLOR", "1")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .output()
            .expect("bash can be started");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let said = Said {
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        (output.status.code(), said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_what_is_typed_with_what_is_printed_under_it() {
        let page = "```console\n$ a b\n  one\ntwo\n$ c\n```\ntext\n```sh\n$ not this\n```\n";

        let commands = commands_of(page);

        let printed = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        let typed = |line: &str, lines: &[&str]| Typed {
            line: line.to_owned(),
            printed: printed(lines),
        };
        assert_eq!(commands, [typed("a b", &["one", "two"]), typed("c", &[])]);
        assert_eq!(commands[0].program(), "a");
    }
}
