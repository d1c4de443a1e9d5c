//! `windlass queue`: look at queues, and change what they allow.

use std::str::FromStr;
use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use windlass_client::wire::{PageQuery, Queue as WireQueue, QueueSettings};
use windlass_client::{Client, Error as ClientError};

use super::output::Output;
use super::show;
use crate::http::duration;

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
        change: Change,
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

/// What to change of a queue.
#[derive(Debug, Default, clap::Args)]
pub struct Change {
    /// At most so many at once over all hosts, or `none`.
    #[arg(long, value_name = "N|none")]
    concurrency: Option<OrNone<u32>>,

    /// Whether starts happen strictly in order; `auto` follows --concurrency: yes where it is 1.
    #[arg(long, value_enum, num_args = 0..=1, default_missing_value = "yes")]
    ordered: Option<Ordered>,

    /// Whether nothing starts.
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    paused: Option<bool>,

    /// How long one attempt may take where the call does not say, such as 30s, or `none`.
    #[arg(long, value_name = "DURATION|none")]
    timeout: Option<OrNone<Timeout>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Ordered {
    Yes,
    No,
    Auto,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Timeout(Duration);

impl FromStr for Timeout {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        duration(text).map(Self)
    }
}

/// Something, or the word `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct OrNone<T>(Option<T>);

impl<T: FromStr<Err: std::fmt::Display>> FromStr for OrNone<T> {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self(None)),
            text => match text.parse() {
                Ok(value) => Ok(Self(Some(value))),
                Err(error) => Err(format!("{error} (`none` means no limit)")),
            },
        }
    }
}

impl Change {
    fn applied_to(&self, mut settings: QueueSettings) -> QueueSettings {
        if let Some(OrNone(concurrency)) = self.concurrency {
            settings.concurrency = concurrency;
        }
        if let Some(ordered) = self.ordered {
            settings.ordered = match ordered {
                Ordered::Yes => Some(true),
                Ordered::No => Some(false),
                Ordered::Auto => None,
            };
        }
        if let Some(paused) = self.paused {
            settings.paused = paused;
        }
        if let Some(OrNone(timeout)) = self.timeout {
            settings.timeout_ms = timeout.map(|Timeout(timeout)| timeout.as_millis() as u64);
        }
        settings
    }
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
            Self::Set { name, change } => self::change(client, name, change, true).await?,
            Self::Pause { name } => self::change(client, name, &paused(true), false).await?,
            Self::Resume { name } => self::change(client, name, &paused(false), false).await?,
        };
        output.one(&changed, || {
            let rows = [show::queue(&changed)].into_iter();
            super::output::table(&show::QUEUE_HEADER, rows)
        })?;
        Ok(())
    }
}

fn paused(paused: bool) -> Change {
    Change {
        paused: Some(paused),
        ..Change::default()
    }
}

/// Changes some settings of a queue. Settings are put as a whole, so the present ones are read
/// first: of two people who change a queue in the same moment, the later one wins.
async fn change(
    client: &Client,
    name: &str,
    change: &Change,
    may_be_new: bool,
) -> Result<WireQueue, ClientError> {
    let queue = client.queue(name);
    let settings = match queue.get().await {
        Ok(queue) => queue.settings,
        Err(ClientError::Problem(problem)) if may_be_new && problem.status == 404 => {
            QueueSettings::default()
        }
        Err(error) => return Err(error),
    };
    queue.put(&change.applied_to(settings)).await
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_stays_as_it_was() {
        let before = QueueSettings {
            concurrency: Some(3),
            ordered: Some(true),
            paused: true,
            timeout_ms: Some(500),
        };
        let change = Change {
            concurrency: Some(OrNone(None)),
            timeout: Some("2s".parse().unwrap()),
            ..Change::default()
        };

        let after = change.applied_to(before.clone());

        assert_eq!(
            after,
            QueueSettings {
                concurrency: None,
                timeout_ms: Some(2000),
                ..before
            }
        );
    }

    #[test]
    fn a_negative_concurrency_is_refused_with_the_way_out() {
        let error = "-1".parse::<OrNone<u32>>().unwrap_err();

        assert!(error.contains("`none` means no limit"), "{error}");
    }
}
