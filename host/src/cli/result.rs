//! `windlass result`: what became of an invocation.

use std::time::Duration;

use windlass_client::Client;

use super::follow;
use super::output::Output;

/// Print the result of an invocation.
#[derive(Debug, clap::Args)]
pub struct Result {
    /// The invocation.
    id: String,

    /// Wait for its end.
    #[arg(long)]
    wait: bool,

    /// As --wait, telling meanwhile on stderr what happens.
    #[arg(long)]
    follow: bool,
}

impl Result {
    /// Prints the value, or makes the error this command's.
    pub async fn run(&self, client: &Client, output: Output) -> anyhow::Result<()> {
        let invocation = if self.follow {
            follow::follow(client, &self.id, output).await?
        } else if self.wait {
            follow::wait(client, &self.id).await?
        } else {
            client.invocation(&self.id, Duration::ZERO).await?
        };
        follow::finish_here(&invocation, output)
    }
}
