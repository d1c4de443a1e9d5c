//! `windlass enqueue`: one call.

use std::time::Duration;

use windlass_client::Client;
use windlass_client::wire::EnqueueRequest;

use super::arguments::Arguments;
use super::follow;
use super::output::Output;
use crate::http::duration;

const EXAMPLES: &str = "\
Examples:
  windlass enqueue mail hello/greet Ada
  windlass enqueue pictures images/resize @cat.png '[64, 128]'
  windlass enqueue pictures 'images/resize(\"cat.png\", [64, 128])' --wait
  windlass enqueue mail hello/greet --args '{\"name\": \"Ada\"}' --id welcome-17";

/// Enqueue a call of a task.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Enqueue {
    /// The queue; made without limits if it does not exist.
    queue: String,

    /// The task, such as images/resize or images@1.2.0/resize, or a whole call in WAVE.
    task: String,

    #[command(flatten)]
    arguments: Arguments,

    /// The id of the invocation. The same call under it again is the same invocation.
    #[arg(long)]
    id: Option<String>,

    /// Lower goes first.
    #[arg(long, allow_negative_numbers = true, value_name = "N")]
    priority: Option<i32>,

    /// How long one attempt may take, such as 30s.
    #[arg(long, value_parser = duration, value_name = "DURATION")]
    timeout: Option<Duration>,

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
            queue: self.queue.clone(),
            task: prepared.task,
            args: prepared.args,
            id: self.id.clone(),
            priority: self.priority,
            timeout_ms: self.timeout.map(|timeout| timeout.as_millis() as u64),
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
