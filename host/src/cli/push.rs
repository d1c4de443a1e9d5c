//! `windlass push`: upload a component, and say what was found in it.

use std::path::{Path, PathBuf};

use windlass_client::Client;
use windlass_client::wire::{Component, Upload};

use super::component::Granting;
use super::failure::Failure;
use super::output::Output;
use super::{read_file, show};

/// Upload a component.
#[derive(Debug, clap::Args)]
pub struct Push {
    /// The component.
    file: PathBuf,

    /// Its name, by which its tasks are called; the name of the file unless said otherwise.
    #[arg(long)]
    name: Option<String>,

    /// Its version; what its WIT package says unless said otherwise, else 0.1.0.
    #[arg(long)]
    version: Option<String>,

    #[command(flatten)]
    granting: Granting,
}

impl Push {
    /// Uploads, grants, and prints the tasks.
    pub async fn run(&self, client: &Client, output: Output) -> anyhow::Result<()> {
        let component = upload(client, &self.file, self.name.clone(), self.version.clone()).await?;
        self.granting.apply(client, &component.name).await?;
        output.one(&component, || show::component(&component))?;
        if let Some(task) = component.tasks.first() {
            output.say(format!(
                "\nEnqueue a call with `windlass enqueue QUEUE {}/{} ARGS…`",
                component.name, task.name
            ));
        }
        Ok(())
    }
}

/// Uploads a file under a name, or under its own.
pub async fn upload(
    client: &Client,
    file: &Path,
    name: Option<String>,
    version: Option<String>,
) -> anyhow::Result<Component> {
    let bytes = read_file(file)?;
    let name = match name {
        Some(name) => name,
        None => name_of(file)?,
    };
    Ok(client.upload(&Upload { name, version }, bytes).await?)
}

fn name_of(file: &Path) -> Result<String, Failure> {
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
