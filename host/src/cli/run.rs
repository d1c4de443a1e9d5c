//! `windlass run`: one function, one value, nothing left behind.

use std::path::{Path, PathBuf};

use windlass_client::Client;
use windlass_client::wire::Invocation;

use super::arguments::Arguments;
use super::calls::CallFlags;
use super::component::Granting;
use super::output::Output;
use super::private_host::{PrivateHost, interruptible};
use super::{follow, push};

const QUEUE: &str = "run";

const EXAMPLES: &str = "\
Examples:
  windlass run hello.wasm greet Ada
  windlass run hello.wasm 'add(40, 2)'
  windlass run . summarize 'dear Ada'
  windlass run thumbnails.wasm thumbnails @cat.png '[64, 128]' -o json";

/// Run one function of a component on a private host, and print its value.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Run {
    /// The component; or a project, or the manifest of one, whose grants then hold.
    #[arg(value_name = "FILE|DIR")]
    file: PathBuf,

    /// The function, such as greet or demo:hello/tasks#greet, or a whole call in WAVE.
    function: String,

    #[command(flatten)]
    arguments: Arguments,

    /// Put this component or project on the host before: one that the function calls. May be
    /// repeated.
    #[arg(long, value_name = "FILE|DIR")]
    with: Vec<PathBuf>,

    #[command(flatten)]
    granting: Granting,

    #[command(flatten)]
    flags: CallFlags,

    /// Tell meanwhile on stderr what happens.
    #[arg(long)]
    follow: bool,
}

impl Run {
    /// Starts a host, runs the function, stops the host, and prints the value.
    pub async fn run(&self, output: Output) -> anyhow::Result<()> {
        let invocation = interruptible(async {
            let host = PrivateHost::start("run", None).await?;
            let invocation = self.on(host.client(), output).await;
            host.stop().await?;
            invocation
        });
        follow::finish(&invocation.await?, output)
    }

    async fn on(&self, client: &Client, output: Output) -> anyhow::Result<Invocation> {
        for other in &self.with {
            push::bring(client, other, None, output).await?;
        }
        let name = Some(name_of(&self.file));
        let name = push::bring(client, &self.file, name, output).await?;
        self.granting.apply(client, &name, &[], &[]).await?;
        let call = format!("{name}/{}", self.function);
        let prepared = self.arguments.prepare(client, &call).await?;
        let request = self.flags.request(QUEUE, prepared);
        let invocation = client.enqueue(request).await?;
        if self.follow {
            return follow::follow(client, &invocation.id, output).await;
        }
        let invocation = follow::wait(client, &invocation.id).await?;
        // Nobody can ask for the log once the host is gone.
        for chunk in client.log(&invocation.id).await?.items {
            eprint!("{}", chunk.text);
        }
        Ok(invocation)
    }
}

/// What the component is called for so short a time: as its file, with what no name may hold
/// left out.
fn name_of(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let name: String = stem
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
        .take(64)
        .collect();
    match name.is_empty() {
        true => "component".to_owned(),
        false => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_any_name_can_be_run() {
        assert_eq!(name_of(Path::new("out/my images (2).wasm")), "myimages2");
        assert_eq!(name_of(Path::new("ü.wasm")), "component");
    }
}
