//! `windlass build`: a project's component.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::output::Output;
use super::show;
use crate::authoring::{self, Built, Project, Request};
use crate::registry::describe::Description;

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
        Ok(output.one(&json, || summary(&built, &self.folder))?)
    }
}

/// The component with what it exports; its path as the project's was given.
fn summary(built: &Built, folder: &Path) -> String {
    let Built {
        file,
        size,
        description,
        took,
    } = built;
    let inside = folder.canonicalize().ok();
    let inside = inside.and_then(|folder| Some(file.strip_prefix(folder).ok()?.to_owned()));
    let file = match (inside, folder == Path::new(".")) {
        (Some(inside), true) => inside,
        (Some(inside), false) => folder.join(inside),
        (None, _) => file.clone(),
    };
    let mut lines = vec![format!(
        "{} ({} in {:.1} s)",
        file.display(),
        show::bytes(*size as u64),
        took.as_secs_f64()
    )];
    lines.extend(functions(description));
    lines.join("\n")
}

/// The functions that a component exports, a line each.
pub fn functions(description: &Description) -> Vec<String> {
    let tasks = description.tasks.iter().map(|task| {
        let kind = if task.workflow { "workflow" } else { "task" };
        format!("  {kind:8}  {}: {}", task.name, task.function)
    });
    let skipped = description.skipped.iter();
    let skipped = skipped.map(|one| format!("  no task   {}: {}", one.name, one.reason));
    tasks.chain(skipped).collect()
}
