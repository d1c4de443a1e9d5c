//! `windlass push`: upload a component, and say what was found in it; or apply the manifest that
//! stands beside it.

use std::path::{Path, PathBuf};

use windlass_client::Client;
use windlass_client::wire::{Component, Kind, Upload};

use super::component::Granting;
use super::diff;
use super::failure::Failure;
use super::manifest::{self, Changes};
use super::output::{self, Format, Output};
use super::{read_file, show};

/// Upload a component, or apply a manifest.
#[derive(Debug, clap::Args)]
pub struct Push {
    /// The component; or a manifest (windlass.toml) or its folder, which is applied then. What the
    /// flags say of a component, a manifest says itself.
    #[arg(default_value = ".", value_name = "DIR|FILE")]
    file: PathBuf,

    /// Its name, by which its tasks are called; the name of the file unless said otherwise.
    #[arg(long)]
    name: Option<String>,

    /// Its version; what its WIT package says unless said otherwise, else 0.1.0.
    #[arg(long)]
    version: Option<String>,

    /// To which component an import is bound, and with which versions and queue:
    /// demo:images/tasks=thumbnails@^0.1:thumbs. Unless said otherwise the only component that
    /// exports the interface, compatible versions, and the queue of its name. May be repeated.
    #[arg(long, value_name = "INTERFACE=COMPONENT[@RULE][:QUEUE]")]
    bind: Vec<String>,

    /// A function that is a workflow, whatever the component says. May be repeated.
    #[arg(long, value_name = "FUNCTION")]
    workflow: Vec<String>,

    /// A function that is a task, whatever the component says. May be repeated.
    #[arg(long, value_name = "FUNCTION")]
    task: Vec<String>,

    /// Let its workflows enqueue on this queue, or `*` for all. May be repeated.
    #[arg(long, value_name = "QUEUE")]
    grant_queue: Vec<String>,

    /// Let its workflows call this task by name, such as images/resize or images/*. May be repeated.
    #[arg(long, value_name = "TASK")]
    grant_task: Vec<String>,

    #[command(flatten)]
    granting: Granting,
}

impl Push {
    /// Uploads, grants, and prints the tasks.
    pub async fn run(&self, client: &Client, output: Output) -> anyhow::Result<()> {
        if manifest::is_meant(&self.file) {
            return self.apply(client, output).await;
        }
        let upload = Upload {
            name: named(&self.file, self.name.clone())?,
            version: self.version.clone(),
            bind: self.bind.clone(),
            workflow: self.workflow.clone(),
            task: self.task.clone(),
        };
        let component = client.upload(&upload, read_file(&self.file)?).await?;
        self.granting
            .apply(client, &component.name, &self.grant_queue, &self.grant_task)
            .await?;
        output.one(&component, || show::component(&component))?;
        say_how_to_call(&component, output);
        Ok(())
    }

    /// Applies a manifest, and prints what changed and the tasks.
    async fn apply(&self, client: &Client, output: Output) -> anyhow::Result<()> {
        let flags = [
            ("--name", self.name.is_some()),
            ("--version", self.version.is_some()),
            ("--bind", !self.bind.is_empty()),
            ("--workflow", !self.workflow.is_empty()),
            ("--task", !self.task.is_empty()),
            ("--grant-queue", !self.grant_queue.is_empty()),
            ("--grant-task", !self.grant_task.is_empty()),
            ("--allow-http or --env", !self.granting.is_empty()),
        ];
        if let Some((flag, _)) = flags.iter().find(|(_, is_said)| *is_said) {
            let file = self.file.display();
            return Err(Failure::usage(format!("{flag} beside a manifest ({file})"))
                .hint("say it in the manifest, or give the component itself")
                .into());
        }
        let loaded = manifest::load(&self.file)?;
        manifest::warn_if_stale(&self.file, &loaded, output);
        let component = loaded.manifest.component.clone();
        let changes = Changes::of(client, loaded).await?;
        changes.apply(client).await?;
        diff::print(&changes, output)?;
        if let (Some(component), Format::Text) = (component, output.format()) {
            let version = component.version.as_deref();
            let component = client.component(&component.name, version).await?;
            output::line(&show::component(&component))?;
            say_how_to_call(&component, output);
        }
        Ok(())
    }
}

fn say_how_to_call(component: &Component, output: Output) {
    let mut tasks = component.tasks.iter();
    let workflow = tasks.find(|task| task.kind == Kind::Workflow);
    if let Some(task) = workflow.or(component.tasks.first()) {
        output.say(format!(
            "\nEnqueue a call with `windlass enqueue QUEUE {}/{} ARGS…`",
            component.name, task.name
        ));
    }
}

/// Puts on a private host what a path means: a component, or a manifest with what belongs to it but
/// for its schedules, which would fire. Returns the component's name.
pub async fn bring(
    client: &Client,
    path: &Path,
    name: Option<String>,
    output: Output,
) -> anyhow::Result<String> {
    if !manifest::is_meant(path) {
        return Ok(upload(client, path, name, None).await?.name);
    }
    let mut loaded = manifest::load(path)?;
    manifest::warn_if_stale(path, &loaded, output);
    loaded.manifest.schedules.clear();
    let Some(component) = loaded.manifest.component.clone() else {
        let message = format!("{} has no [component]", path.display());
        return Err(Failure::usage(message)
            .hint("give the component itself, or a manifest that names one")
            .into());
    };
    Changes::of(client, loaded).await?.apply(client).await?;
    Ok(component.name)
}

/// Uploads a file under a name, or under its own.
pub async fn upload(
    client: &Client,
    file: &Path,
    name: Option<String>,
    version: Option<String>,
) -> anyhow::Result<Component> {
    let upload = Upload {
        name: named(file, name)?,
        version,
        ..Upload::default()
    };
    Ok(client.upload(&upload, read_file(file)?).await?)
}

fn named(file: &Path, name: Option<String>) -> Result<String, Failure> {
    match name {
        Some(name) => Ok(name),
        None => name_of(file),
    }
}

/// What a component is called that lies in this file.
pub fn name_of(file: &Path) -> Result<String, Failure> {
    file.file_stem()
        .and_then(|stem| stem.to_str())
        .map(str::to_owned)
        .ok_or_else(|| {
            Failure::usage(format!("{} has no name to take", file.display()))
                .hint("give one with --name")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_is_named_after_its_file() {
        assert_eq!(name_of(Path::new("out/images.wasm")).unwrap(), "images");
    }
}
