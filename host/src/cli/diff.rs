//! `windlass diff`: what `windlass push` would change.

use std::path::PathBuf;
use std::process::ExitCode;

use windlass_client::Client;

use super::manifest::{self, Changes};
use super::output::{Format, Output};

/// Show what `windlass push` of a manifest would change; the exit code is 1 if it is anything.
#[derive(Debug, clap::Args)]
pub struct Diff {
    /// The manifest, or its folder.
    #[arg(default_value = ".", value_name = "DIR|FILE")]
    path: PathBuf,
}

impl Diff {
    /// Compares, and prints what is otherwise.
    pub async fn run(&self, client: &Client, output: Output) -> anyhow::Result<ExitCode> {
        let changes = Changes::of(client, manifest::load(&self.path)?).await?;
        print(&changes, output)?;
        Ok(ExitCode::from(u8::from(!changes.list.is_empty())))
    }
}

/// Prints changes, a line each.
pub fn print(changes: &Changes, output: Output) -> anyhow::Result<()> {
    if output.format() != Format::Text {
        output.many(&changes.list, &[], |_| Vec::new())?;
        return Ok(());
    }
    for change in &changes.list {
        super::output::line(&change.line())?;
    }
    if changes.list.is_empty() {
        output.say("everything is as the manifest says");
    }
    Ok(())
}
