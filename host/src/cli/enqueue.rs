//! `windlass enqueue`: one call.

use windlass_client::Client;
use windlass_client::wire::EnqueueRequest;

use super::arguments::Arguments;
use super::calls::CallFlags;
use super::follow;
use super::output::Output;

const EXAMPLES: &str = "\
Examples:
  windlass enqueue mail hello/greet Ada
  windlass enqueue pictures images/resize @cat.png '[64, 128]'
  windlass enqueue pictures 'images/resize(\"cat.png\", [64, 128])' --wait
  windlass enqueue mail hello/greet --args '{\"name\": \"Ada\"}' --id welcome-17
  windlass enqueue mail hello/greet Ada --delay 15m --retries 5 --tag customer:7
  windlass enqueue reports reports/build 2026-01 --dedup 2026-01 --on-conflict replace";

/// Enqueue a call of a task.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Enqueue {
    /// The queue, which is made without limits if it does not exist; `-` is the one that the task's
    /// manifest names.
    queue: String,

    /// The task, such as images/resize or images@1.2.0/resize, or a whole call in WAVE.
    task: String,

    #[command(flatten)]
    arguments: Arguments,

    /// The id of the invocation. The same call under it again is the same invocation.
    #[arg(long)]
    id: Option<String>,

    #[command(flatten)]
    flags: CallFlags,

    /// Wait for the end, and print the value instead of the id.
    #[arg(long)]
    wait: bool,

    /// As --wait, telling meanwhile on stderr what happens.
    #[arg(long)]
    follow: bool,
}

impl Enqueue {
    /// Enqueues, and prints the id or the value.
    pub async fn run(&self, client: &Client, output: Output) -> anyhow::Result<()> {
        let prepared = self.arguments.prepare(client, &self.task).await?;
        let request = EnqueueRequest {
            id: self.id.clone(),
            ..self.flags.request(&self.queue, prepared)
        };
        let request = match self.queue.as_str() {
            "-" => EnqueueRequest {
                queue: None,
                ..request
            },
            _ => request,
        };
        let invocation = client.enqueue(request).await?;
        if self.follow {
            follow::finish_here(
                &follow::follow(client, &invocation.id, output).await?,
                output,
            )
        } else if self.wait {
            output.say(&invocation.id);
            follow::finish_here(&follow::wait(client, &invocation.id).await?, output)
        } else {
            Ok(output.one(&invocation, || invocation.id.clone())?)
        }
    }
}
