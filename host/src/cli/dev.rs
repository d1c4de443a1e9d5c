//! `windlass dev`: a project that is built whenever it changes, on a private host.
//!
//! Each build is pushed under a version of its own, so that calls in flight keep theirs and new ones
//! go to the newest. What cannot be built is told, and the last build stays.
//!
//! - `changed`: waiting for a source to change
//! - `told`: what invocations log, and how they end

mod changed;
mod told;

use std::collections::BTreeMap;
use std::path::PathBuf;

use semver::{Prerelease, Version};
use tokio::signal::unix::{SignalKind, signal};
use windlass_client::{Client, Error as ClientError};

use super::manifest::{self, Changes};
use super::output::{self, Output};
use super::private_host::PrivateHost;
use super::{build, failure, push, show};
use crate::authoring::{self, Built, Project, Request};
use crate::registry::describe::Description;
use changed::Watcher;

/// Build a project whenever it changes, and run it on a private host. Ctrl-c ends both.
#[derive(Debug, clap::Args)]
pub struct Dev {
    /// The project.
    #[arg(default_value = ".", value_name = "DIR")]
    folder: PathBuf,

    /// Put this component or project on the host before: one that the project calls. May be repeated.
    #[arg(long, value_name = "FILE|DIR")]
    with: Vec<PathBuf>,

    /// Install the pinned tools that are missing, as `windlass build --install` does.
    #[arg(long)]
    install: bool,
}

/// What was pushed last.
#[derive(Default)]
struct Pushed {
    version: Option<Version>,
    /// The bytes of the component, and the manifest's text.
    what: (Vec<u8>, String),
    /// The functions, by name.
    functions: BTreeMap<String, String>,
}

impl Dev {
    /// Builds, pushes and tells until somebody interrupts, which is how it is meant to end.
    pub async fn run(&self, output: Output) -> anyhow::Result<()> {
        // What is no project is told before a host is started.
        Project::open(&self.folder)?;
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            result = self.develop(output) => result,
            _ = tokio::signal::ctrl_c() => Ok(()),
            _ = terminate.recv() => Ok(()),
        }
    }

    async fn develop(&self, output: Output) -> anyhow::Result<()> {
        let host = PrivateHost::start("dev", None).await?;
        let client = host.client();
        output::line(&format!(
            "a private host is at {}: ctrl-c ends it, with all that it holds",
            client.server()
        ))?;
        for other in &self.with {
            push::bring(client, other, None, output).await?;
        }
        tokio::select! {
            result = self.build_on_changes(client, output) => result,
            result = told::tell(client) => result,
        }
    }

    async fn build_on_changes(&self, client: &Client, output: Output) -> anyhow::Result<()> {
        let mut watcher = Watcher::new()?;
        let mut pushed = Pushed::default();
        loop {
            // Before the build: what changes meanwhile is built again.
            watcher.watch(&self.folder);
            match self.build_and_push(client, &mut pushed, output).await {
                Ok(()) => {}
                Err(error) if host_is_gone(&error) => return Err(error),
                Err(error) => {
                    failure::report(&error, output);
                    output.say("waiting for the next change");
                }
            }
            watcher.changed().await;
        }
    }

    async fn build_and_push(
        &self,
        client: &Client,
        pushed: &mut Pushed,
        output: Output,
    ) -> anyhow::Result<()> {
        let request = Request {
            project: Project::open(&self.folder)?,
            install: self.install,
        };
        // Tools are waited for on a thread of their own.
        let building = tokio::task::spawn_blocking(move || {
            authoring::build(request, &mut |said| output.say(said))
        });
        let built = building.await??;
        let mut loaded = manifest::load(&self.folder)?;
        let text = std::fs::read_to_string(self.folder.join(manifest::FILE))?;
        let what = (loaded.bytes.clone(), text);
        if what == pushed.what {
            return Ok(());
        }
        // They would fire, and what they call may not be here.
        loaded.manifest.schedules.clear();
        let Some(component) = &mut loaded.manifest.component else {
            return Ok(());
        };
        let wanted = component.version.as_deref();
        let wanted = wanted.and_then(|version| Version::parse(version).ok());
        let next = pushed.version.as_ref().map(after);
        component.version = next.max(wanted).map(|version| version.to_string());
        let (name, version) = (component.name.clone(), component.version.clone());
        Changes::of(client, loaded).await?.apply(client).await?;
        let component = client.component(&name, version.as_deref()).await?;

        let functions = by_name(&built.description);
        let is_first = pushed.version.is_none();
        output::line(&headline(&name, &component.version, &built))?;
        match is_first {
            true => output::line(&build::functions(&built.description).join("\n"))?,
            false => differences(&pushed.functions, &functions)
                .iter()
                .try_for_each(|line| output::line(line))?,
        }
        if let (true, Some(task)) = (is_first, component.tasks.first()) {
            output::line(&format!(
                "call it: windlass enqueue dev {name}/{} ARGS… --wait --server {}",
                task.name,
                client.server()
            ))?;
        }
        *pushed = Pushed {
            version: Version::parse(&component.version).ok(),
            what,
            functions,
        };
        Ok(())
    }
}

fn host_is_gone(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<ClientError>();
    error.is_some_and(ClientError::is_unreachable)
}

/// The least version after this one.
fn after(version: &Version) -> Version {
    let mut next = version.clone();
    next.patch += 1;
    next.pre = Prerelease::EMPTY;
    next
}

fn headline(name: &str, version: &str, built: &Built) -> String {
    let (size, took) = (show::bytes(built.size as u64), built.took.as_secs_f64());
    format!("{name}@{version}: built in {took:.1} s, {size}")
}

fn by_name(description: &Description) -> BTreeMap<String, String> {
    let tasks = description.tasks.iter().map(|task| {
        let interface = task.interface.as_deref().unwrap_or_default();
        let kind = if task.workflow { "workflow " } else { "" };
        let line = format!("{kind}{}: {}", task.name, task.function);
        (format!("{interface}#{}", task.name), line)
    });
    tasks.collect()
}

/// What is otherwise about the functions, a line each.
fn differences(before: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Vec<String> {
    let gone = before.iter().filter(|(name, _)| !now.contains_key(*name));
    let gone = gone.map(|(_, line)| format!("  - {line}"));
    let new = now
        .iter()
        .filter_map(|(name, line)| match before.get(name) {
            None => Some(format!("  + {line}")),
            Some(was) if was != line => Some(format!("  ~ {line}")),
            Some(_) => None,
        });
    gone.chain(new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_build_has_a_version_above_the_last() {
        for (version, next) in [("0.1.0", "0.1.1"), ("1.2.3-rc.1", "1.2.4")] {
            let next = Version::parse(next).unwrap();
            assert_eq!(after(&Version::parse(version).unwrap()), next);
        }
    }

    #[test]
    fn what_changed_about_the_functions_is_told() {
        let of = |lines: &[(&str, &str)]| {
            let lines = lines.iter();
            lines
                .map(|(name, line)| ((*name).to_owned(), (*line).to_owned()))
                .collect()
        };
        let before = of(&[("a", "a: func()"), ("b", "b: func()"), ("c", "c: func()")]);
        let now = of(&[
            ("a", "a: func()"),
            ("b", "b: func(n: u32)"),
            ("d", "d: func()"),
        ]);

        let told = differences(&before, &now);

        assert_eq!(
            told,
            ["  - c: func()", "  ~ b: func(n: u32)", "  + d: func()"]
        );
    }
}
