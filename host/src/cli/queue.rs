//! `windlass queue`: look at queues, and change what they allow.

use std::str::FromStr;
use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use windlass_client::wire::{PageQuery, Queue as WireQueue, QueueChange};
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
    fn in_words(&self) -> QueueChange {
        QueueChange {
            concurrency: self.concurrency.map(|OrNone(limit)| limit),
            ordered: self.ordered.map(|ordered| match ordered {
                Ordered::Yes => Some(true),
                Ordered::No => Some(false),
                Ordered::Auto => None,
            }),
            paused: self.paused,
            timeout_ms: self
                .timeout
                .map(|OrNone(timeout)| timeout.map(|Timeout(timeout)| timeout.as_millis() as u64)),
        }
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
            Self::Set { name, change } => client.queue(name).change(&change.in_words()).await?,
            Self::Pause { name } => pause(client, name, true).await?,
            Self::Resume { name } => pause(client, name, false).await?,
        };
        output.one(&changed, || {
            let rows = [show::queue(&changed)].into_iter();
            super::output::table(&show::QUEUE_HEADER, rows)
        })?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_takes_a_limit_away_and_what_is_not_named_stays() {
        let change = Change {
            concurrency: Some("none".parse().unwrap()),
            timeout: Some("2s".parse().unwrap()),
            ..Change::default()
        };

        assert_eq!(
            change.in_words(),
            QueueChange {
                concurrency: Some(None),
                timeout_ms: Some(Some(2000)),
                ..QueueChange::default()
            }
        );
    }

    #[test]
    fn a_negative_concurrency_is_refused_with_the_way_out() {
        let error = "-1".parse::<OrNone<u32>>().unwrap_err();

        assert!(error.contains("`none` means no limit"), "{error}");
    }
}
