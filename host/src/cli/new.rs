//! `windlass new`: a project from a template.

use std::path::PathBuf;

use serde_json::json;

use super::output::Output;
use crate::authoring::{Language, New as Wanted, scaffold};

const EXAMPLES: &str = "\
Examples:
  windlass new letters --lang python
  windlass new letters --lang ts --workflow";

/// Make a project: a WIT file, a task, a test and a README.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct New {
    /// Its name, in kebab case; the component's, too.
    name: String,

    /// The language.
    #[arg(long, value_enum)]
    lang: Language,

    /// With a workflow besides the task.
    #[arg(long)]
    workflow: bool,

    /// The folder to make; one of its name unless said otherwise.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

impl New {
    /// Makes it, and says what to do next.
    pub fn run(&self, output: Output) -> anyhow::Result<()> {
        let new = Wanted {
            name: self.name.clone(),
            language: self.lang,
            workflow: self.workflow,
            folder: self
                .folder
                .clone()
                .unwrap_or_else(|| self.name.clone().into()),
        };
        let files = scaffold(&new)?;
        let folder = new.folder.display().to_string();
        let paths: Vec<_> = files
            .iter()
            .map(|file| file.display().to_string())
            .collect();
        let made =
            json!({ "name": new.name, "language": new.language, "folder": folder, "files": paths });
        output.one(&made, || paths.join("\n"))?;
        output.say(format!("\nBuild it with `cd {folder} && windlass build`"));
        Ok(())
    }
}
