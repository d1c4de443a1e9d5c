//! `windlass build`: a project's component.

use std::path::PathBuf;

use serde_json::json;

use super::output::Output;
use super::show;
use crate::authoring::{self, Built, Project, Request};

/// Build a project's component, and say what it exports.
#[derive(Debug, clap::Args)]
pub struct Build {
    /// The project.
    #[arg(default_value = ".", value_name = "DIR")]
    folder: PathBuf,

    /// Install the pinned tools that are missing, into a folder of their own (WINDLASS_TOOLS, else
    /// in the user's cache).
    #[arg(long)]
    install: bool,
}

impl Build {
    /// Builds it, and prints its tasks.
    pub async fn run(&self, output: Output) -> anyhow::Result<()> {
        let request = Request {
            project: Project::open(&self.folder)?,
            install: self.install,
        };
        // Tools are waited for on a thread of their own.
        let building = tokio::task::spawn_blocking(move || {
            authoring::build(request, &mut |said| output.say(said))
        });
        let built = building.await??;
        let json = json!({
            "file": built.file,
            "size": built.size,
            "took_ms": built.took.as_millis() as u64,
            "tasks": built.description.tasks,
            "skipped": built.description.skipped,
        });
        Ok(output.one(&json, || summary(&built))?)
    }
}

fn summary(built: &Built) -> String {
    let Built {
        file,
        size,
        description,
        took,
    } = built;
    let mut lines = vec![format!(
        "{} ({} in {:.1} s)",
        file.display(),
        show::bytes(*size as u64),
        took.as_secs_f64()
    )];
    for task in &description.tasks {
        let kind = if task.workflow { "workflow" } else { "task" };
        lines.push(format!("  {kind:8}  {}: {}", task.name, task.function));
    }
    for skipped in &description.skipped {
        lines.push(format!("  no task   {}: {}", skipped.name, skipped.reason));
    }
    lines.join("\n")
}
