//! `windlass queue`: look at queues, and change what they allow.

use clap::Subcommand;
use windlass_client::wire::{PageQuery, Queue as WireQueue, QueueChange};
use windlass_client::{Client, Error as ClientError};

use super::output::Output;
use super::settings::Change;
use super::show;

/// Look at queues, and change what they allow.
#[derive(Debug, Subcommand)]
pub enum Queue {
    /// List the queues.
    List,
    /// Show a queue.
    Show {
        /// The queue.
        name: String,
    },
    /// Make a queue, or change some of its settings; the others stay.
    Set {
        /// The queue.
        name: String,
        #[command(flatten)]
        change: Box<Change>,
    },
    /// Start nothing more from a queue.
    Pause {
        /// The queue.
        name: String,
    },
    /// Start again from a queue that is paused.
    Resume {
        /// The queue.
        name: String,
    },
}

impl Queue {
    /// Does it.
    pub async fn run(&self, client: &Client, output: Output) -> anyhow::Result<()> {
        let changed = match self {
            Self::List => {
                let queues = all(client).await?;
                if queues.is_empty() {
                    output.say("No queues yet: the first call that is enqueued makes one.");
                }
                output.many(&queues, &show::QUEUE_HEADER, show::queue)?;
                return Ok(());
            }
            Self::Show { name } => client.queue(name).get().await?,
            Self::Set { name, change } => change.apply(&client.queue(name)).await?,
            Self::Pause { name } => pause(client, name, true).await?,
            Self::Resume { name } => pause(client, name, false).await?,
        };
        output.one(&changed, || show::queue_in_full(&changed))?;
        Ok(())
    }
}

/// Pauses a queue or resumes it. A name that is misspelled must not make a queue, so it is looked
/// up first.
async fn pause(client: &Client, name: &str, paused: bool) -> Result<WireQueue, ClientError> {
    let queue = client.queue(name);
    queue.get().await?;
    let change = QueueChange {
        paused: Some(paused),
        ..QueueChange::default()
    };
    queue.change(&change).await
}

async fn all(client: &Client) -> Result<Vec<WireQueue>, ClientError> {
    let mut items = Vec::new();
    let mut query = PageQuery::default();
    loop {
        let page = client.queues(&query).await?;
        items.extend(page.items);
        query.page = page.next;
        if query.page.is_none() {
            return Ok(items);
        }
    }
}
